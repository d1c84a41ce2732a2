"""What an older version, a newer one, a file that rots or a careless hand left of runs."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.journal.run_logs import PLAN, WEB_1, WEB_2, a_record, applied
from tests.journal.scenes import NOON, REALM, rows
from tests.support.clock import ManualClock
from vpcmetactl.domain.errors import InvalidInputError, StateError
from vpcmetactl.domain.plans import (
    Action,
    FieldChange,
    MetadataChange,
    MetadataServicePatch,
    Note,
    NoteCode,
    Skip,
    SkipReason,
)
from vpcmetactl.domain.runs import Attempt, AttemptOutcome, RunItem, RunRecord, RunState
from vpcmetactl.domain.servers import MetadataService, Protocol, ServerIdentity, ServerKind
from vpcmetactl.journal.schema import APPLICATION_ID, MIGRATIONS
from vpcmetactl.journal.state import SqliteJournal, open_journal

# Never altered: files that hold exactly this are out there.
VERSION_2 = """
INSERT INTO realms VALUES (1, 'iam.cloud.ibm.com', 'https://{region}.iaas.cloud.ibm.com', 'account-1');
INSERT INTO runs VALUES ('20251121T120000Z-0a1b', 1, '2025-11-21T12:00:00.000000Z', NULL, 'IBMid-1',
    'set', '{"protocol": "https"}', '0.1.0');
INSERT INTO plan_items VALUES ('20251121T120000Z-0a1b', 0, 'i-1',
    '{"kind": "instance", "id": "i-1", "crn": "crn:1", "name": "web", "account_id": "account-1", "region": "us-south"}',
    '{"before": {"enabled": true, "protocol": "http", "response_hop_limit": 1}, "after": {"enabled": true, "protocol": "https", "response_hop_limit": 1}, "patch": {"protocol": "https"}, "notes": [{"code": "https_needs_host_name", "message": "as noted"}]}',
    NULL);
INSERT INTO plan_items VALUES ('20251121T120000Z-0a1b', 2, 'b-1',
    '{"kind": "bare_metal_server", "id": "b-1", "crn": null, "name": null, "account_id": null, "region": "eu-de"}',
    NULL, '{"reason": "deleting", "message": "is being deleted", "refused": true}');
INSERT INTO changes VALUES (1, '20251121T120000Z-0a1b', 1, 'i-1', '2025-11-21T12:00:01.000000Z',
    '2025-11-21T12:00:02.000005Z', 'unknown', NULL, 'unavailable', 'no answer', 'trace-1');
INSERT INTO changes VALUES (2, '20251121T120000Z-0a1b', 1, 'i-1', '2025-11-21T12:00:03.000000Z',
    NULL, NULL, NULL, NULL, NULL, NULL);
"""  # noqa: E501 - as the program wrote it


def make_version_2(state: Path) -> None:
    state.parent.mkdir()
    with closing(sqlite3.connect(state)) as connection:
        for statements in MIGRATIONS[:2]:
            for statement in statements:
                connection.execute(statement)
        connection.executescript(VERSION_2)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 2")
        connection.commit()


def second(number: int, microsecond: int = 0) -> datetime:
    return datetime(2025, 11, 21, 12, 0, number, microsecond, UTC)


OLD_RUN = RunRecord(
    id="20251121T120000Z-0a1b",
    account_id="account-1",
    vpc_endpoint="https://{region}.iaas.cloud.ibm.com",
    iam_host="iam.cloud.ibm.com",
    state=RunState.INTERRUPTED,
    started_at=second(0),
    finished_at=None,
    actor="IBMid-1",
    action=Action.SET,
    patch=MetadataServicePatch(protocol=Protocol.HTTPS),
    tool_version="0.1.0",
    items=(
        RunItem(
            MetadataChange(
                server=ServerIdentity(
                    ServerKind.INSTANCE, "i-1", "crn:1", "web", "account-1", "us-south"
                ),
                before=MetadataService(enabled=True, protocol="http", response_hop_limit=1),
                after=MetadataService(enabled=True, protocol="https", response_hop_limit=1),
                patch=MetadataServicePatch(protocol=Protocol.HTTPS),
                fields=(FieldChange("protocol", "http", "https"),),
                notes=(Note(NoteCode.HTTPS_NEEDS_HOST_NAME, "as noted"),),
            ),
            (
                Attempt(
                    outcome=AttemptOutcome.UNKNOWN,
                    intent_at=second(1),
                    outcome_at=second(2, 5),
                    error_code="unavailable",
                    error_message="no answer",
                    error_trace="trace-1",
                ),
                Attempt(outcome=AttemptOutcome.OPEN, intent_at=second(3)),
            ),
        ),
        RunItem(
            Skip(
                ServerIdentity(ServerKind.BARE_METAL_SERVER, "b-1", None, None, None, "eu-de"),
                SkipReason.DELETING,
                "is being deleted",
                refused=True,
            )
        ),
    ),
)


def test_a_file_of_version_2_is_brought_up_with_its_runs(state: Path, clock: ManualClock) -> None:
    make_version_2(state)

    with open_journal(state, REALM, clock) as journal:
        assert list(journal.list_runs()) == [OLD_RUN]

        successor = journal.begin_run(PLAN, OLD_RUN.id)
        assert journal.get_run(successor).rollback_of == OLD_RUN.id
    assert rows(state, "PRAGMA user_version") == [(len(MIGRATIONS),)]


def test_a_run_of_version_2_can_be_resumed(state: Path, clock: ManualClock) -> None:
    make_version_2(state)
    (change,) = OLD_RUN.changes

    with open_journal(state, REALM, clock) as journal:
        journal.resume_run(OLD_RUN.id)
        journal.intend(OLD_RUN.id, change)
        journal.settle(OLD_RUN.id, applied(change))
        journal.finish_run(OLD_RUN.id)

        assert [it.outcome for it in journal.get_run(OLD_RUN.id).items[0].attempts] == [
            AttemptOutcome.UNKNOWN,
            AttemptOutcome.APPLIED,
        ]


@pytest.fixture
def kept(state: Path, clock: ManualClock) -> str:
    """A finished run of one change, and one that is open, in a file that nobody has open."""
    with open_journal(state, REALM, clock) as journal:
        run_id = journal.begin_run(PLAN)
        journal.intend(run_id, WEB_1)
        journal.settle(run_id, applied(WEB_1))
        journal.intend(run_id, WEB_2)
        journal.finish_run(run_id)
    return run_id


def alter(state: Path, statement: str) -> None:
    with closing(sqlite3.connect(state)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE runs SET action = 'explode'", ""),
        ("""UPDATE runs SET patch = '{"protocol": "gopher"}'""", ""),
        ("UPDATE plan_items SET change = replace(change, 'protocol_stays', 'so_be')", ", item 0"),
        ("UPDATE plan_items SET change = replace(change, 'metadata', 'teleport')", ", item 0"),
        ("UPDATE plan_items SET server = replace(server, 'instance', 'toaster')", ", item 0"),
        ("UPDATE changes SET step = 'sleeping' WHERE id = 1", f", server {WEB_1.server.id}"),
        ("UPDATE changes SET reason = 'new' WHERE id = 1", f", server {WEB_1.server.id}"),
        (
            """UPDATE plan_items SET change = NULL,
            skip = '{"reason": "new", "message": "", "refused": true}'""",
            ", item 0",
        ),
        (
            "UPDATE changes SET outcome = 'evaporated' WHERE outcome IS NOT NULL",
            f", server {WEB_1.server.id}",
        ),
    ],
)
def test_a_code_of_a_newer_version_is_named_and_the_file_left_as_it_is(
    state: Path, clock: ManualClock, kept: str, statement: str, place: str
) -> None:
    alter(state, statement)

    with open_journal(state, REALM, clock) as journal:
        for ask in (journal.list_runs, lambda: journal.get_run(kept)):
            with pytest.raises(StateError) as caught:
                ask()

            assert str(caught.value).startswith(f"run {kept}{place}: '")
            assert str(caught.value).endswith("' is none of its codes that are known here")
            assert caught.value.hint == "use the vpcmetactl that wrote it, or a newer one"
        journal.begin_run(PLAN)
    assert [path.name for path in state.parent.glob("*damaged*")] == []


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE runs SET started_at = 'yesterday'", ""),
        ("UPDATE runs SET started_at = '2026-11-21'", ""),
        ("UPDATE runs SET patch = 'nothing'", ""),
        ("UPDATE runs SET patch = 7", ""),
        ("UPDATE plan_items SET change = '{}'", ", item 0"),
        ("UPDATE plan_items SET change = NULL", ", item 0"),
        ("UPDATE plan_items SET server = '[]'", ", item 0"),
        ("UPDATE plan_items SET server = x'ff'", ", item 0"),
        ("UPDATE changes SET intent_at = 'soon'", f", server {WEB_1.server.id}"),
        ("UPDATE changes SET found = '{}' WHERE id = 1", f", server {WEB_1.server.id}"),
        ("UPDATE changes SET server_id = 'x' WHERE id = 1", ": it changed server x, which its"),
        (
            "UPDATE changes SET subject = 'x' WHERE id = 1",
            f": it changed server {WEB_1.server.id}, which its",
        ),
    ],
)
def test_a_row_that_makes_no_sense_names_its_run_and_place(
    state: Path, clock: ManualClock, kept: str, statement: str, place: str
) -> None:
    alter(state, statement)

    with open_journal(state, REALM, clock) as journal, pytest.raises(StateError) as caught:
        journal.list_runs()

    aside = state.with_name("state.sqlite.damaged-20261121T120000Z")
    assert str(caught.value).startswith(f"the state file {state} is damaged (run {kept}{place}")
    assert str(caught.value).endswith(f"; it is kept as {aside}")


@pytest.mark.parametrize("run_id", ["../elsewhere", "a/b", "", "x" * 300])
def test_an_id_that_is_none_leads_nowhere(
    state: Path, clock: ManualClock, kept: str, run_id: str
) -> None:
    del kept
    alter(state, "PRAGMA foreign_keys = OFF")
    alter(state, f"UPDATE runs SET id = '{run_id}', finished_at = NULL")  # noqa: S608 - a test

    with open_journal(state, REALM, clock) as journal, pytest.raises(StateError) as caught:
        journal.begin_run(PLAN)

    assert f"({run_id!r} is no id of a run)" in str(caught.value)


@pytest.fixture
def importable() -> RunRecord:
    done = Attempt(outcome=AttemptOutcome.ALREADY_DONE, outcome_at=NOON)
    items = (RunItem(WEB_1, (done,)), RunItem(WEB_2))
    return a_record("from-elsewhere", state=RunState.INTERRUPTED, items=items)


@pytest.mark.parametrize("run_id", ["../elsewhere", "", "-o", "x" * 65, "a b", "\udcff"])
def test_a_run_without_a_proper_id_is_not_imported(
    journal: SqliteJournal, importable: RunRecord, run_id: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        journal.import_run(replace(importable, id=run_id))

    assert str(caught.value) == f"{run_id!r} is no id of a run"


NO_TIME = Attempt(outcome=AttemptOutcome.APPLIED)
OPEN = Attempt(outcome=AttemptOutcome.OPEN, intent_at=NOON)


@pytest.mark.parametrize(
    "items",
    [
        (RunItem(WEB_1, (NO_TIME,)),),
        (RunItem(WEB_1, (replace(OPEN, intent_at=None),)),),
        (RunItem(WEB_1, (OPEN, OPEN)),),
        (RunItem(WEB_1, (replace(OPEN, outcome_at=NOON),)),),
        (RunItem(WEB_1, (replace(NO_TIME, outcome_at=NOON, error_message="\udcff"),)),),
        (RunItem(WEB_1), RunItem(WEB_1, (OPEN,))),
        (RunItem(replace(WEB_1, fields=())),),
        (RunItem(Skip(WEB_1.server, SkipReason.DELETING, "going"), (OPEN,)),),
    ],
)
def test_a_run_that_contradicts_itself_is_not_imported(
    journal: SqliteJournal, state: Path, importable: RunRecord, items: tuple[RunItem, ...]
) -> None:
    with pytest.raises(InvalidInputError, match=r"^run from-elsewhere contradicts itself: "):
        journal.import_run(replace(importable, items=items))

    assert rows(state, "SELECT id FROM runs UNION ALL SELECT run FROM plan_items") == []
    journal.import_run(importable)
    assert list(journal.list_runs()) == [importable]
