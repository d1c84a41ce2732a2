"""Finding, settling and making restarts, as an operator does it."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.integration.cloud import EmulatedCloud
from tests.integration.restarts import (
    PACE,
    RUN,
    actions,
    asked_actions,
    enable_watched,
    fleet_served,
    results,
    statuses,
)

NEEDED = ("servers", "list", "--where", "restart.verdict=='needed'", "-o", "ids")


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[EmulatedCloud]:
    with fleet_served(tmp_path / "state.sqlite") as emulated:
        yield emulated


def test_the_whole_session(cloud: EmulatedCloud, tmp_path: Path) -> None:
    plan = str(tmp_path / "restarts.json")
    enabled = cloud.run("metadata", "enable", "--all", "--yes")
    listed = cloud.run("restarts", "list")
    needed = cloud.run(*NEEDED)
    acknowledged = cloud.run("restarts", "ack", "db-3", "--note", "restarted in change 4711")
    saved = cloud.run(
        "restarts", "run", "--all", "--one-per", "vpc.id", "--plan-out", plan, "-o", "json"
    )
    cloud.emulator.clear_requests()
    applied = cloud.run("plan", "apply", plan, "--yes", "-o", "json")
    after = cloud.run("restarts", "list", "--exit-code")

    assert (enabled.exit_code, listed.exit_code) == (0, 0)
    assert listed.stdout.count("enabled while running") == 5
    assert sorted(needed.stdout.split()) == sorted(
        server.id for server in cloud.emulator.world.servers()
    )
    assert (acknowledged.exit_code, "acknowledged" in acknowledged.stdout) == (0, True)
    assert saved.exit_code == 0
    names = ["db-1", "db-2", "web-1", "web-2"]
    assert results(applied) == dict.fromkeys(names, "applied") | {"db-3": "skipped"}
    assert actions(cloud) == {(name, what): 1 for name in names for what in ("stop", "start")}
    assert set(statuses(cloud).values()) == {"running"}
    assert (after.exit_code, "No restart" in after.stdout or "0 servers" in after.stdout) == (
        0,
        True,
    ), after.stdout


def test_a_restart_that_an_operator_tells_of_counts_from_its_time(cloud: EmulatedCloud) -> None:
    enable_watched(cloud)

    late = cloud.run("restarts", "ack", "db-1", "--at", "2020-01-01T00:00Z", "-o", "json")
    good = cloud.run("restarts", "ack", "db-2", "--note", "change 4711", "-o", "json")

    (item,) = late.envelope.items
    assert item["restart"]["verdict"] == "needed"  # that was long before it was enabled
    (item,) = good.envelope.items
    assert (item["restart"]["verdict"], item["restart"]["reason"]) == ("not_needed", "acknowledged")
    assert "change 4711" in str(item["restart"]["evidence"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--at", "yesterday"), "--at yesterday: is no time"),
        (("--at", "2026-11-21T14:30"), "does not say in which time zone"),
        (("--at", "2126-11-21T14:30Z"), "lies in the future"),
    ],
)
def test_a_time_that_is_none_changes_nothing(
    cloud: EmulatedCloud, words: tuple[str, ...], message: str
) -> None:
    ran = cloud.run("restarts", "ack", "--all", *words)

    assert (ran.exit_code, message in ran.stderr, cloud.asked) == (2, True, [])


@pytest.mark.parametrize("command", ["ack", "run"])
def test_nothing_chosen_is_not_everything(cloud: EmulatedCloud, command: str) -> None:
    ran = cloud.run("restarts", command, *(["--yes"] * (command == "run")))

    assert (ran.exit_code, cloud.asked) == (2, [])
    assert f"restarts {command}: no server is chosen" in ran.stderr


def test_only_what_is_needed_is_restarted_unless_it_is_asked_for(cloud: EmulatedCloud) -> None:
    for server in cloud.emulator.world.servers():
        cloud.emulator.world.change_metadata_service(server, enabled=True)

    plain = cloud.run(*RUN, "-o", "json")
    refused = cloud.run(*RUN, "--verdict", "not_needed")
    widened = cloud.run(*RUN, "--verdict", "needed,unknown", "-o", "json")

    assert set(results(plain).values()) == {"skipped"}
    assert refused.exit_code == 2
    assert set(results(widened).values()) == {"applied"}
    assert set(statuses(cloud).values()) == {"running"}


def test_one_value_is_never_down_twice_at_a_time(cloud: EmulatedCloud) -> None:
    enable_watched(cloud)

    ran = cloud.run(*RUN, "--one-per", "vpc.id", "--max-workers", "5", "--canary", "0")

    assert ran.exit_code == 0
    down: set[str] = set()
    most = Counter[str]()
    for name, what, _ in asked_actions(cloud):
        (down.add if what == "stop" else down.discard)(name)
        now = Counter(one.partition("-")[0] for one in down)
        most |= now
    assert most == {"db": 1, "web": 1}


def test_what_was_restarted_between_plan_and_apply_is_skipped(
    cloud: EmulatedCloud, tmp_path: Path
) -> None:
    plan = _saved(cloud, tmp_path, "db-1", "db-2")
    world = cloud.emulator.world
    world.vpc.pace = 0
    for action in ("stop", "start"):
        world.act(cloud.server("db-1"), action)
        assert cloud.run("servers", "list").exit_code == 0
    world.vpc.pace = PACE

    ran = cloud.run("plan", "apply", plan, "--yes", "-o", "json")

    assert ran.exit_code == 0
    found = {item["server"]["name"]: item for item in ran.envelope.items}
    assert found["db-1"]["reason"] == "already_restarted"
    assert ("db-1", "stop") not in actions(cloud)
    assert found["db-2"]["result"] == "applied"


def test_what_was_switched_off_between_plan_and_apply_is_left_alone(
    cloud: EmulatedCloud, tmp_path: Path
) -> None:
    plan = _saved(cloud, tmp_path, "db-1")
    cloud.emulator.world.change_metadata_service(cloud.server("db-1"), enabled=False)

    ran = cloud.run("plan", "apply", plan, "--yes", "-o", "json")

    (item,) = ran.envelope.items
    assert (ran.exit_code, item["reason"]) == (0, "not_needed")
    assert actions(cloud) == {}


def test_what_was_stopped_between_plan_and_apply_is_not_started(
    cloud: EmulatedCloud, tmp_path: Path
) -> None:
    plan = _saved(cloud, tmp_path, "db-1", "db-2")
    cloud.emulator.world.vpc.pace = 0
    cloud.emulator.world.act(cloud.server("db-1"), "stop")
    cloud.emulator.world.vpc.pace = PACE

    ran = cloud.run("plan", "apply", plan, "--yes", "-o", "json")

    assert (ran.exit_code, results(ran)) == (5, {"db-1": "refused", "db-2": "applied"})
    assert statuses(cloud)["db-1"] == "stopped"
    assert ("db-1", "start") not in actions(cloud)


def test_what_was_deleted_between_plan_and_apply_is_named(
    cloud: EmulatedCloud, tmp_path: Path
) -> None:
    plan = _saved(cloud, tmp_path, "db-1")
    cloud.emulator.world.delete(cloud.server("db-1"))

    ran = cloud.run("plan", "apply", plan, "--yes", "-o", "json")

    assert (ran.exit_code, results(ran)) == (5, {"db-1": "refused"})


def test_the_plan_and_the_outcome_name_the_servers(cloud: EmulatedCloud) -> None:
    enable_watched(cloud)

    dry = cloud.run("restarts", "run", "db-1", "--dry-run")
    ran = cloud.run("restarts", "run", "db-1", "--yes")

    assert re.search(r"db-1 +us-south +stop and start", dry.stdout), dry.stdout
    assert re.search(r"db-1 +us-south", ran.stdout), ran.stdout
    assert "rollback" not in ran.stdout


def test_a_run_of_restarts_is_shown_and_cannot_be_taken_back(cloud: EmulatedCloud) -> None:
    enable_watched(cloud)
    assert cloud.run("restarts", "run", "db-1", "--yes").exit_code == 0
    (run_id,) = cloud.run("runs", "list", "-o", "ids").stdout.split()

    shown = cloud.run("runs", "show", run_id, "-o", "json")
    back = cloud.run("runs", "rollback", run_id, "--yes")

    (run,) = shown.envelope.items
    assert run["items"][0]["attempts"][0]["step"] == "running"
    assert back.exit_code == 5
    assert "Traceback" not in back.stderr
    assert actions(cloud) == {("db-1", "stop"): 1, ("db-1", "start"): 1}


def _saved(cloud: EmulatedCloud, folder: Path, *names: str) -> str:
    """Plan the restart of these servers, which need it."""
    enable_watched(cloud)
    path = folder / "restarts.json"
    assert cloud.run("restarts", "run", *names, "--plan-out", str(path)).exit_code == 0
    assert len(msgspec.json.decode(path.read_bytes())["items"]) == len(names)
    cloud.emulator.clear_requests()
    return str(path)
