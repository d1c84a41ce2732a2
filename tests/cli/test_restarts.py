"""``restarts list``, ``ack`` and ``import-events``: which servers need one, and why."""

from pathlib import Path

import pytest

from tests.cli.restart_desk import DB, a_desk
from tests.files.activity_samples import an_event, lines
from tests.support.builders import an_instance
from vpcmetactl.domain.errors import StateError, UnavailableError
from vpcmetactl.domain.evidence import EventKind, Source
from vpcmetactl.domain.servers import Region

# Listing.


def test_those_that_need_one_or_may_are_listed() -> None:
    desk = a_desk()

    ran = desk.show("restarts", "list")

    assert ran.exit_code == 0
    assert {item["name"]: item["restart"]["verdict"] for item in ran.answer["items"]} == {
        "db-1": "needed",
        "web-1": "needed",
        "old-1": "unknown",
    }
    counts = {name: ran.answer["summary"][name] for name in ("total", "needed", "unknown")}
    assert counts == {"total": 3, "needed": 2, "unknown": 1}


@pytest.mark.parametrize(
    ("verdicts", "names"),
    [
        ("needed", ["db-1", "web-1"]),
        ("unknown", ["old-1"]),
        ("not_needed", ["idle-1"]),
        ("needed, not_needed", ["db-1", "idle-1", "web-1"]),
    ],
)
def test_verdicts_choose_what_is_listed(verdicts: str, names: list[str]) -> None:
    assert a_desk().names("restarts", "list", "--verdict", verdicts, "--sort", "name") == names


@pytest.mark.parametrize("command", ["list", "run"])
@pytest.mark.parametrize("verdicts", ["need", "needed;unknown", "", "NEEDED"])
def test_a_verdict_that_there_is_not_is_a_usage_error(command: str, verdicts: str) -> None:
    desk = a_desk()

    ran = desk.show("restarts", command, "--verdict", verdicts)

    assert ran.exit_code == ran.answer["exit_code"] == 2
    assert f"--verdict {verdicts}" in ran.stderr
    assert "needed, not_needed, unknown" in ran.stderr
    assert ran.answer["kind"] == ("restarts" if command == "list" else "outcomes")
    assert [error["code"] for error in ran.answer["errors"]] == ["invalid_input"]
    assert desk.cloud.calls == []


def test_the_exit_code_tells_whether_anything_is_listed() -> None:
    assert a_desk().do("restarts", "list", "--exit-code").exit_code == 3
    assert a_desk().do("restarts", "list", "--exit-code", "idle-1").exit_code == 0
    assert a_desk().do("restarts", "list").exit_code == 0


def test_a_region_that_cannot_be_read_is_4_and_named() -> None:
    desk = a_desk()
    desk.cloud.put(an_instance("eu-1", region="eu-de"))
    desk.cloud.regions = [*desk.cloud.regions, Region("eu-de")]
    desk.cloud.fail("list_page", UnavailableError("503"), region="eu-de", times=2)

    ran = desk.show("restarts", "list")

    assert ran.exit_code == ran.answer["exit_code"] == 4
    assert ran.answer["status"] == "incomplete"
    assert {part["region"] for part in ran.answer["scope"]["incomplete"]} == {"eu-de"}
    assert len(ran.answer["items"]) == 3


# The rule.


def test_without_a_rule_no_restart_is_needed() -> None:
    assert a_desk().names("restarts", "list", "--restart-rule", "none") == []


def test_the_rule_may_come_from_the_environment_and_the_option_beats_it() -> None:
    desk = a_desk(environ={"VPCMETACTL_RESTART_RULE": "none"})

    assert desk.names("restarts", "list") == []
    assert len(desk.names("restarts", "list", "--restart-rule", "faq")) == 3


def test_a_rule_that_there_is_not_is_a_usage_error() -> None:
    desk = a_desk(environ={"VPCMETACTL_RESTART_RULE": "maybe"})

    ran = desk.do("restarts", "list")

    assert ran.exit_code == 2
    assert "VPCMETACTL_RESTART_RULE" in ran.stderr


def test_by_the_rule_none_nothing_is_restarted() -> None:
    desk = a_desk()

    ran = desk.show("restarts", "run", "--all", "--yes", "--restart-rule", "none")

    assert ran.exit_code == 0
    assert {item["reason"] for item in ran.answer["items"]} == {"not_needed"}
    assert desk.sent() == []


# Acknowledging.


def test_what_is_acknowledged_is_believed_and_written_down_with_its_note() -> None:
    desk = a_desk()

    ran = desk.show("restarts", "ack", "db-1", "--note", "restarted in change 4711")

    [item] = ran.answer["items"]
    assert ran.exit_code == 0
    assert (item["restart"]["verdict"], item["restart"]["reason"]) == ("not_needed", "acknowledged")
    [event] = desk.journal.events
    assert (event.server_id, event.kind, event.source, event.note) == (
        DB.id,
        EventKind.ACKNOWLEDGED,
        Source.OPERATOR,
        "restarted in change 4711",
    )
    assert desk.names("restarts", "list", "--verdict", "needed") == ["web-1"]
    assert desk.sent() == []


@pytest.mark.parametrize(
    ("at", "verdict"), [("2026-11-21T11:30Z", "not_needed"), ("2026-11-21T09:00+01:00", "needed")]
)
def test_a_restart_at_a_time_settles_what_was_enabled_before(at: str, verdict: str) -> None:
    desk = a_desk()
    # Seen enabled an hour ago for the first time.
    desk.clock.advance(-3600)
    desk.do("servers", "list")
    desk.clock.advance(3600)

    ran = desk.show("restarts", "ack", "db-1", "--at", at)

    assert ran.exit_code == 0
    assert [item["restart"]["verdict"] for item in ran.answer["items"]] == [verdict]
    assert [event.kind for event in desk.journal.events] == [EventKind.RESTARTED]


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-21T11:30", "does not say in which time zone"),
        ("2026-11-21", "does not say in which time zone"),
        ("2026-11-21T12:06Z", "lies in the future"),
        ("yesterday", "is no time"),
        ("", "is no time"),
    ],
)
def test_a_time_that_cannot_be_meant_is_a_usage_error(at: str, words: str) -> None:
    desk = a_desk()

    ran = desk.show("restarts", "ack", "db-1", "--at", at)

    assert ran.exit_code == ran.answer["exit_code"] == 2
    assert f"--at {at}: {words}" in ran.stderr
    assert desk.cloud.calls == []
    assert desk.journal.events == []


def test_a_clock_that_is_a_little_slow_is_no_mistake() -> None:
    assert a_desk().do("restarts", "ack", "db-1", "--at", "2026-11-21T12:04Z").exit_code == 0


def test_acknowledging_wants_servers() -> None:
    desk = a_desk()

    assert desk.do("restarts", "ack").exit_code == 2
    assert desk.do("restarts", "ack", "nobody").exit_code == 1
    assert desk.journal.events == []
    assert desk.do("restarts", "ack", "--all").exit_code == 0
    assert len(desk.journal.events) == 4


def test_what_cannot_be_written_down_is_not_acknowledged() -> None:
    desk = a_desk()
    desk.journal.fail("add_events", StateError("no room"))

    ran = desk.show("restarts", "ack", "db-1")

    assert ran.exit_code == ran.answer["exit_code"] == 1
    assert ran.answer["items"] == []
    assert [error["code"] for error in ran.answer["errors"]] == [StateError.code]


# Importing.


def test_events_are_taken_in_and_change_verdicts(tmp_path: Path) -> None:
    desk = a_desk()
    desk.do("servers", "list")
    file = tmp_path / "activity.jsonl"
    stop = an_event(eventTime="2026-11-21T12:30:00.00+0000")
    start = an_event("is.instance.instance.start", eventTime="2026-11-21T12:40:00.00+0000")
    file.write_bytes(lines(stop, start, an_event("is.unheard.of")))
    desk.clock.advance(3600)

    ran = desk.show("restarts", "import-events", file)

    assert ran.exit_code == 0
    assert [(item["kept"], item["ignored"]) for item in ran.answer["items"]] == [(2, 1)]
    again = desk.show("restarts", "import-events", file)
    assert [(item["kept"], item["known"]) for item in again.answer["items"]] == [(0, 2)]
    assert desk.names("restarts", "list", "--verdict", "needed") == ["db-1"]


def test_lines_that_cannot_be_read_are_named_and_the_rest_is_taken(tmp_path: Path) -> None:
    desk = a_desk()
    file = tmp_path / "activity.jsonl"
    file.write_bytes(lines(an_event()) + b"{broken\n")

    ran = desk.show("restarts", "import-events", file)

    assert ran.exit_code == 0
    assert f"{file}: line 2: " in ran.stderr
    assert [(item["kept"], item["unreadable"]) for item in ran.answer["items"]] == [(1, 1)]


def test_a_file_that_is_not_there_is_2(tmp_path: Path) -> None:
    ran = a_desk().show("restarts", "import-events", tmp_path / "none")

    assert ran.exit_code == ran.answer["exit_code"] == 2
    assert ran.answer["kind"] == "import"
    assert str(tmp_path / "none") in ran.stderr
