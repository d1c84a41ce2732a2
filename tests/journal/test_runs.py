"""Every change is written down before it is made; a server has one change open at a time."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal.scenes import OTHER_REALM, REALM, a_plan, rows
from tests.support.builders import OFF, ON, an_instance
from tests.support.clock import ManualClock
from vpcmetactl.domain.errors import PermissionDeniedError, RefusedError, UnavailableError
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import (
    Action,
    AlreadyDone,
    Applied,
    Failed,
    MetadataServicePatch,
    NotAttempted,
    Outcome,
    Refused,
    Unknown,
)
from vpcmetactl.domain.restarts import Reason, RestartAssessment, Verdict
from vpcmetactl.journal.state import SqliteJournal, open_journal

PLAN = a_plan("web-1", "web-2")
WEB_1, WEB_2 = PLAN.changes
UNASSESSED = RestartAssessment(Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT)
NOON = "2026-11-21T12:00:00.000000Z"
HALF_A_MINUTE_LATER = "2026-11-21T12:00:30.000000Z"
CHANGES = (
    "SELECT server_id, intent_at, outcome_at, outcome, found,"
    " error_code, error_message, error_trace FROM changes ORDER BY id"
)


@pytest.fixture
def other(state: Path, clock: ManualClock) -> Iterator[SqliteJournal]:
    """The journal of another process on the same file."""
    with open_journal(state, REALM, clock) as opened:
        yield opened


def test_a_run_id_sorts_by_time_and_can_be_typed(journal: SqliteJournal) -> None:
    assert re.fullmatch(r"20261121T120000Z-[0-9a-f]{4}", journal.begin_run(PLAN))


def test_no_two_runs_share_an_id(journal: SqliteJournal) -> None:
    """They would, by the birthday of 400 among 65,536, about every second time."""
    ids = [journal.begin_run(PLAN) for _ in range(400)]

    assert len(set(ids)) == 400


def test_a_run_is_written_down_with_who_when_and_what(state: Path, clock: ManualClock) -> None:
    with open_journal(state, REALM, clock, actor="iam-ServiceId-1") as journal:
        run_id = journal.begin_run(PLAN)
        clock.advance(30)
        journal.finish_run(run_id)

    assert rows(
        state, "SELECT id, realm, started_at, finished_at, actor, action, patch FROM runs"
    ) == [
        (run_id, 1, NOON, HALF_A_MINUTE_LATER, "iam-ServiceId-1", "enable", '{"enabled": true}'),
    ]


def test_a_run_holds_its_plan_without_what_was_already_so(
    journal: SqliteJournal, state: Path
) -> None:
    servers = [
        an_instance("a-done", metadata_service=ON),
        an_instance("b-to-do"),
        an_instance("c-going", status="deleting"),
    ]
    patch = MetadataServicePatch(enabled=True)

    journal.begin_run(plan_metadata(Action.ENABLE, patch, servers, named=True))

    items = rows(state, "SELECT position, server_id, server, change, skip FROM plan_items")
    off = {"enabled": False, "protocol": "http", "response_hop_limit": 1}
    note = "keeps protocol http; --protocol https is what IBM advises"
    assert [
        tuple(json.loads(it) if isinstance(it, str) and it[0] == "{" else it for it in item)
        for item in items
    ] == [
        (
            1,
            servers[1].id,
            {
                "kind": "instance",
                "id": servers[1].id,
                "crn": servers[1].crn,
                "name": "b-to-do",
                "account_id": servers[1].account_id,
                "region": "us-south",
            },
            {
                "kind": "metadata",
                "before": off,
                "after": off | {"enabled": True},
                "patch": {"enabled": True},
                "notes": [{"code": "protocol_stays_http", "message": note, "hcl": None}],
            },
            None,
        ),
        (
            2,
            servers[2].id,
            {
                "kind": "instance",
                "id": servers[2].id,
                "crn": servers[2].crn,
                "name": "c-going",
                "account_id": servers[2].account_id,
                "region": "us-south",
            },
            None,
            {"reason": "deleting", "message": "is being deleted", "refused": True},
        ),
    ]


def test_an_intent_is_there_before_its_outcome(
    journal: SqliteJournal, state: Path, clock: ManualClock
) -> None:
    run_id = journal.begin_run(PLAN)
    journal.intend(run_id, WEB_1)
    web_1 = WEB_1.server.id
    intended = rows(state, CHANGES)

    clock.advance(30)
    journal.settle(run_id, Applied(WEB_1, ON, UNASSESSED))

    found = '{"enabled": true, "protocol": "http", "response_hop_limit": 1}'
    assert intended == [(web_1, NOON, None, None, None, None, None, None)]
    assert rows(state, CHANGES) == [
        (web_1, NOON, HALF_A_MINUTE_LATER, "applied", found, None, None, None)
    ]


FORBIDDEN = PermissionDeniedError("not allowed", trace="trace-1")
LOST = UnavailableError("no answer", maybe_done=True)
OFF_JSON = '{"enabled": false, "protocol": "http", "response_hop_limit": 1}'


@pytest.mark.parametrize(
    ("outcome", "columns"),
    [
        (AlreadyDone(WEB_1), ("already_done", None, None, None, None)),
        (Refused(WEB_1, "has drifted", OFF), ("refused", OFF_JSON, "refused", "has drifted", None)),
        (Refused(WEB_1, "is gone"), ("refused", None, "refused", "is gone", None)),
        (Failed(WEB_1, FORBIDDEN), ("failed", None, "forbidden", "not allowed", "trace-1")),
        (Unknown(WEB_1, LOST), ("unknown", None, "unavailable", "no answer", None)),
    ],
)
def test_an_outcome_without_an_intent_stands_by_itself(
    journal: SqliteJournal, state: Path, outcome: Outcome, columns: tuple[str | None, ...]
) -> None:
    journal.settle(journal.begin_run(PLAN), outcome)

    assert rows(state, CHANGES) == [(WEB_1.server.id, None, NOON, *columns)]


def test_what_was_not_attempted_leaves_no_row(journal: SqliteJournal, state: Path) -> None:
    run_id = journal.begin_run(PLAN)
    journal.intend(run_id, WEB_1)

    journal.settle(run_id, NotAttempted(WEB_1))
    journal.settle(run_id, NotAttempted(WEB_2))

    web_1 = WEB_1.server.id
    assert rows(state, CHANGES) == [(web_1, NOON, NOON, "not_attempted", None, None, None, None)]


def test_intending_twice_in_one_run_is_intending_once(journal: SqliteJournal, state: Path) -> None:
    run_id = journal.begin_run(PLAN)

    journal.intend(run_id, WEB_1)
    journal.intend(run_id, WEB_1)

    assert len(rows(state, CHANGES)) == 1


def test_a_server_that_another_run_is_changing_is_refused(
    journal: SqliteJournal, other: SqliteJournal
) -> None:
    first = journal.begin_run(PLAN)
    journal.intend(first, WEB_1)
    second = other.begin_run(PLAN)

    with pytest.raises(RefusedError) as caught:
        other.intend(second, WEB_1)

    assert str(caught.value) == f"instance web-1 is just being changed by run {first}"
    assert caught.value.hint == "run again when that run has ended"


def test_a_refused_intent_keeps_no_other_from_being_written(
    journal: SqliteJournal, other: SqliteJournal, state: Path
) -> None:
    first, second = journal.begin_run(PLAN), other.begin_run(PLAN)
    journal.intend(first, WEB_1)
    with pytest.raises(RefusedError):
        other.intend(second, WEB_1)
    other.intend(second, WEB_2)

    assert rows(state, "SELECT run, server_id FROM changes ORDER BY id") == [
        (first, WEB_1.server.id),
        (second, WEB_2.server.id),
    ]


def test_a_settled_server_may_be_changed_again(
    journal: SqliteJournal, other: SqliteJournal, state: Path
) -> None:
    first, second = journal.begin_run(PLAN), other.begin_run(PLAN)
    journal.intend(first, WEB_1)
    journal.settle(first, Unknown(WEB_1, LOST))

    other.intend(second, WEB_1)

    assert rows(state, "SELECT run, outcome FROM changes ORDER BY id") == [
        (first, "unknown"),
        (second, None),
    ]


@pytest.mark.parametrize("ending", ["finish_run", "close"])
def test_the_open_change_of_a_run_that_ended_stands_in_nobodys_way(
    journal: SqliteJournal, other: SqliteJournal, state: Path, ending: str
) -> None:
    first = journal.begin_run(PLAN)
    journal.intend(first, WEB_1)
    if ending == "finish_run":
        journal.finish_run(first)
    else:
        journal.close()

    second = other.begin_run(PLAN)
    other.intend(second, WEB_1)

    message = f"the run ended without saying what became of it; run {second} went on"
    assert rows(state, "SELECT run, outcome, error_code, error_message FROM changes") == [
        (first, "unknown", "abandoned", message),
        (second, None, None, None),
    ]


def test_realms_change_their_servers_side_by_side(
    journal: SqliteJournal, state: Path, clock: ManualClock
) -> None:
    with open_journal(state, OTHER_REALM, clock) as other_realm:
        journal.intend(journal.begin_run(PLAN), WEB_1)
        other_realm.intend(other_realm.begin_run(PLAN), WEB_1)

    assert rows(state, "SELECT realm, server_id FROM changes ORDER BY id") == [
        (1, WEB_1.server.id),
        (2, WEB_1.server.id),
    ]


def test_a_run_leaves_no_file_behind(journal: SqliteJournal, state: Path) -> None:
    during = journal.begin_run(PLAN)
    names_during = sorted(path.name for path in state.parent.iterdir())
    journal.finish_run(during)

    assert f"state.sqlite-run-{during}" in names_during
    assert sorted(path.name for path in state.parent.iterdir()) == [
        "state.sqlite",
        "state.sqlite-lock",
        "state.sqlite-shm",
        "state.sqlite-wal",
    ]
