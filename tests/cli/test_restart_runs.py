"""``restarts run``: stopping and starting, by a plan or at once, and what goes wrong."""

import json
from pathlib import Path

import pytest

from tests.cli.restart_desk import DB, WEB, a_desk
from tests.support.builders import ON, a_bare_metal_server, an_instance
from tests.support.desk import Desk
from tests.support.fake_cloud import Call
from vpcmetactl.domain.evidence import EventKind, ServerEvent, Source
from vpcmetactl.domain.servers import Disk, Reference

# Running.


def test_servers_that_need_it_are_stopped_and_started_one_by_one() -> None:
    desk = a_desk()

    ran = desk.show("restarts", "run", "--all", "--yes")

    results = {item["server"]["name"]: item["result"] for item in ran.answer["items"]}
    assert ran.exit_code == 0
    assert results == {
        "db-1": "applied",
        "web-1": "applied",
        "old-1": "skipped",
        "idle-1": "skipped",
    }
    assert desk.sent() == ["stop_server", "start_server"] * 2
    assert desk.names("restarts", "list", "--verdict", "needed") == []


def test_unknown_ones_are_restarted_on_demand_and_fine_ones_never() -> None:
    desk = a_desk()

    ran = desk.show("restarts", "run", "--all", "--yes", "--verdict", "unknown")

    applied = [item for item in ran.answer["items"] if item["result"] == "applied"]
    assert [item["server"]["name"] for item in applied] == ["old-1"]
    refused = desk.do("restarts", "run", "--all", "--yes", "--verdict", "needed,not_needed")
    assert refused.exit_code == 2
    assert "never restarted" in refused.stderr


def test_a_dry_run_shows_the_plan_and_a_plan_is_saved_with_one_worker(tmp_path: Path) -> None:
    desk, file = a_desk(), tmp_path / "restarts.json"

    dry = desk.show("restarts", "run", "--all", "--dry-run", "--exit-code")
    saved = desk.do("restarts", "run", "--all", "--one-per", "vpc.id", "--plan-out", file)

    assert (dry.exit_code, dry.answer["kind"]) == (3, "plan")
    assert saved.exit_code == 0
    assert desk.sent() == []
    written = json.loads(file.read_text())
    assert (written["action"], written["options"]["max_workers"]) == ("restart", 1)
    changes = [item for item in written["items"] if "one_per" in item]
    assert {item["one_per"] for item in changes} == {WEB.vpc and WEB.vpc.id}
    assert desk.do("plan", "apply", file, "--yes").exit_code == 0
    assert desk.sent() == ["stop_server", "start_server"] * 2


def test_a_plan_of_restarts_has_no_inverse(tmp_path: Path) -> None:
    desk, file, undo = a_desk(), tmp_path / "restarts.json", tmp_path / "undo.json"
    desk.do("restarts", "run", "--all", "--plan-out", file)

    ran = desk.show("plan", "invert", file, "--plan-out", undo)

    assert ran.exit_code == ran.answer["exit_code"] == 5
    assert "a restart cannot be taken back" in ran.stderr
    assert not undo.exists()


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("vpc[", "--one-per 'vpc['"),
        ("vpc.idd", "--one-per 'vpc.idd'"),
        ("nosuch(vpc.id)", "--one-per 'nosuch(vpc.id)'"),
    ],
)
def test_an_expression_that_cannot_be_right_is_a_usage_error(expression: str, words: str) -> None:
    desk = a_desk()

    ran = desk.do("restarts", "run", "--all", "--yes", "--one-per", expression)

    assert ran.exit_code == 2
    assert words in ran.stderr
    assert desk.cloud.calls == []


@pytest.mark.parametrize(
    ("fields", "reason", "allowed"),
    [
        ({"disks": (Disk("disk-1", "scratch", 600),)}, "instance_storage", True),
        ({"instance_group": Reference("group-1", name="workers")}, "instance_group_member", False),
    ],
)
def test_a_stop_that_would_do_harm_is_refused(
    fields: dict[str, object], reason: str, *, allowed: bool
) -> None:
    server = an_instance("scratch-1", metadata_service=ON, **fields)  # type: ignore[arg-type]
    desk = Desk(enabled=[server])

    ran = desk.show("restarts", "run", "--all", "--yes")

    assert ran.exit_code == 5
    assert [item["reason"] for item in ran.answer["items"]] == [reason]
    assert desk.sent() == []
    widened = desk.do("restarts", "run", "--all", "--yes", "--allow-instance-storage-loss")
    assert widened.exit_code == (0 if allowed else 5)
    assert bool(desk.sent()) is allowed


def test_stopped_servers_are_not_started() -> None:
    desk = Desk(enabled=[an_instance("off-1", metadata_service=ON, status="stopped")])

    ran = desk.show("restarts", "run", "--all", "--yes", "--verdict", "needed,unknown")

    assert ran.exit_code == 0
    assert [item["result"] for item in ran.answer["items"]] == ["skipped"]
    assert desk.sent() == []


def test_bare_metal_needs_no_restart() -> None:
    desk = Desk(enabled=[a_bare_metal_server(metadata_service=ON)])

    ran = desk.show("restarts", "run", "--all", "--yes", "--verdict", "needed,unknown")

    assert [item["reason"] for item in ran.answer["items"]] == ["not_needed"]
    assert desk.sent() == []


def test_consent_is_asked_for_in_words_that_say_what_is_done() -> None:
    desk = a_desk()

    declined = desk.do("restarts", "run", "--all", answers="n\n")
    assert declined.exit_code == 5
    assert "Stop and start 2 servers? [y/N]" in declined.stderr
    assert desk.sent() == []
    assert desk.do("restarts", "run", "--all", answers="y\n").exit_code == 0
    assert len(desk.sent()) == 4


def test_without_a_choice_or_consent_nothing_is_asked_of_the_cloud() -> None:
    desk = a_desk()

    assert desk.do("restarts", "run", "--yes").exit_code == 2
    assert desk.do("restarts", "run", "--all").exit_code == 2
    assert desk.cloud.calls == []


# What goes wrong.


def test_a_start_that_fails_is_told_with_the_platforms_reason_and_ends_the_run() -> None:
    desk = a_desk()
    desk.cloud.power.failing_starts[DB.id] = ["cannot_start_capacity"]

    ran = desk.show("restarts", "run", "--all", "--yes", "--max-failures", "5")

    results = {item["server"]["name"]: item["result"] for item in ran.answer["items"]}
    assert ran.exit_code == 6
    assert (results["db-1"], results["web-1"]) == ("failed", "not_attempted")
    assert "cannot_start_capacity" in ran.stdout


def test_every_later_command_names_a_server_that_was_left_stopped_until_it_runs() -> None:
    desk = a_desk()
    desk.cloud.power.failing_starts[DB.id] = ["cannot_start_capacity"]
    desk.do("restarts", "run", "--all", "--yes")
    run_id = desk.journal.list_runs()[0].id

    for command in ("servers list", "runs list", "audit run", "profiles list", "links list"):
        ran = desk.do(*command.split())
        assert "db-1 (us-south)" in ran.stderr, command
        assert f"vpcmetactl runs resume {run_id}" in ran.stderr, command
        assert "db-1 (us-south)" not in ran.stdout, command

    resumed = desk.show("runs", "resume", run_id)

    assert resumed.exit_code == 0
    assert desk.cloud.peek(DB.id).status == "running"
    assert {item["server"]["name"] for item in resumed.answer["items"]} == {"db-1", "web-1"}
    assert desk.sent() == ["stop_server", "start_server", "start_server", *_ONE_RESTART]
    assert "db-1" not in desk.do("runs", "list").stderr


_ONE_RESTART = ("stop_server", "start_server")


def test_a_run_of_restarts_cannot_be_rolled_back() -> None:
    desk = a_desk()
    desk.do("restarts", "run", "--all", "--yes")

    ran = desk.show("runs", "rollback", desk.journal.list_runs()[0].id, "--yes")

    assert ran.exit_code == ran.answer["exit_code"] == 5
    assert "a restart cannot be taken back" in ran.stderr
    assert len(desk.sent()) == 4


def test_a_server_that_was_restarted_meanwhile_is_left_alone() -> None:
    desk = a_desk()

    acknowledged = ServerEvent(
        DB.id, desk.clock.now(), EventKind.ACKNOWLEDGED, Source.OPERATOR, "IBMid-2", None
    )

    def acknowledge(call: Call) -> None:
        if call.operation == "get_server":
            desk.journal.add_events([acknowledged])

    desk.cloud.before(acknowledge)
    ran = desk.show("restarts", "run", "db-1", "--yes")

    assert [item["reason"] for item in ran.answer["items"]] == ["already_restarted"]
    assert desk.sent() == []
