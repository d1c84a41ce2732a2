"""Restarts that must not be made, and those that go wrong on their way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cloud import EmulatedCloud, Ran, wait_until
from tests.integration.restarts import (
    PACE,
    RUN,
    actions,
    enable_watched,
    fleet_served,
    populate_delicate,
    results,
    status,
    statuses,
    trouble,
    verdicts,
)
from vpcmetactl.emulator.fleet import Fleet
from vpcmetactl.emulator.vpc.resources import Instance

CAPACITY = "There is not enough capacity in the zone to start the server."


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[EmulatedCloud]:
    with fleet_served(tmp_path / "state.sqlite") as emulated:
        enable_watched(emulated)
        yield emulated


@pytest.fixture
def delicate(tmp_path: Path) -> Iterator[EmulatedCloud]:
    with fleet_served(tmp_path / "state.sqlite", populate_delicate) as emulated:
        enable_watched(emulated)
        yield emulated


# What is refused.


def reasons(ran: Ran) -> dict[str, str]:
    return {
        item["server"]["name"]: str(item["reason"] or item["result"]) for item in ran.envelope.items
    }


def test_what_a_stop_would_harm_is_refused_and_the_rest_is_restarted(
    delicate: EmulatedCloud,
) -> None:
    ran = delicate.run(*RUN, "-o", "json")

    assert ran.exit_code == 5
    found = reasons(ran)
    assert found["member"] == "instance_group_member"
    assert found["scratch"] == "instance_storage"
    assert set(actions(delicate)) == {("spot", "stop"), ("spot", "start")}
    assert status(delicate, "sleeper") == "stopped"


def test_each_refusal_says_what_to_do(delicate: EmulatedCloud) -> None:
    ran = delicate.run("restarts", "run", "--all", "--dry-run")

    told = " ".join(ran.stdout.split())
    assert ran.exit_code == 5
    assert "--allow-instance-storage-loss" in told
    assert "give the group a new template, then replace its members" in told
    assert "may find no capacity to start again (spot instance)" in told


def test_instance_storage_is_erased_only_where_that_is_said(delicate: EmulatedCloud) -> None:
    ran = delicate.run("restarts", "run", "scratch", "--yes", "--allow-instance-storage-loss")

    assert (ran.exit_code, status(delicate, "scratch")) == (0, "running")
    assert delicate.emulator.world.needs_restart(delicate.server("scratch")) is False


@pytest.mark.parametrize("allowed", [False, True])
def test_members_of_a_group_are_never_stopped(delicate: EmulatedCloud, *, allowed: bool) -> None:
    more = ["--allow-instance-storage-loss"] if allowed else []

    ran = delicate.run("restarts", "run", "member", "--yes", *more)

    assert (ran.exit_code, actions(delicate)) == (5, {})


def test_a_server_that_became_a_member_after_planning_is_refused(
    cloud: EmulatedCloud, tmp_path: Path
) -> None:
    plan = str(tmp_path / "plan.json")
    assert cloud.run("restarts", "run", "db-1", "--plan-out", plan).exit_code == 0
    server, region = cloud.server("db-1"), cloud.emulator.world.regions["us-south"]
    fleet = Fleet(cloud.emulator.world)
    (vpc,) = (one for one in region.vpcs if one.name == "prod")
    assert isinstance(server, Instance)
    server.instance_group = fleet.instance_group(vpc, "g", fleet.instance_template(vpc, "t"))
    server.revision += 1

    ran = cloud.run("plan", "apply", plan, "--yes", "-o", "json")

    assert (ran.exit_code, results(ran), actions(cloud)) == (5, {"db-1": "refused"}, {})


# Starts that fail.


def test_a_start_without_capacity_ends_the_run_and_is_told(cloud: EmulatedCloud) -> None:
    trouble(cloud, "db-1:cannot_start_capacity")

    ran = cloud.run(*RUN, "-o", "json")

    assert ran.exit_code == 6
    assert results(ran) == {
        "db-1": "failed",
        **dict.fromkeys(("db-2", "db-3", "web-1", "web-2"), "not_attempted"),
    }
    (error,) = [item["error"] for item in ran.envelope.items if item["result"] == "failed"]
    assert "cannot_start_capacity" in error["message"]
    assert CAPACITY in error["message"]
    assert "runs resume" in error["hint"]
    assert statuses(cloud) == {
        **dict.fromkeys(("db-2", "db-3", "web-1", "web-2"), "running"),
        "db-1": "stopped",
    }


@pytest.mark.parametrize(
    "words",
    [("servers", "list"), ("restarts", "list"), ("metadata", "disable", "web-1", "--dry-run")],
)
def test_any_later_command_names_what_was_left_stopped(
    cloud: EmulatedCloud, words: tuple[str, ...]
) -> None:
    run_id = _left_stopped(cloud)

    ran = cloud.run(*words)

    assert ran.exit_code == 0
    assert "db-1 (us-south) is perhaps still stopped" in ran.stderr
    assert f"vpcmetactl runs resume {run_id}" in ran.stderr


def test_resuming_starts_it_once_there_is_capacity_and_then_goes_on(cloud: EmulatedCloud) -> None:
    run_id = _left_stopped(cloud)
    still = cloud.run("runs", "resume", run_id, "--wait", "3", "-o", "json")
    trouble(cloud)

    ran = cloud.run("runs", "resume", run_id, "-o", "json")
    later = cloud.run("servers", "list")

    assert (still.exit_code, results(still)["db-1"]) == (6, "failed")
    assert (ran.exit_code, set(results(ran).values())) == (0, {"applied"})
    assert set(statuses(cloud).values()) == {"running"}
    assert actions(cloud, 201)["db-1", "stop"] == 1
    assert "stopped" not in later.stderr
    assert {one["verdict"] for one in verdicts(cloud).values()} == {"not_needed"}


def test_what_somebody_else_started_is_no_longer_told_once_it_was_seen(
    cloud: EmulatedCloud,
) -> None:
    _left_stopped(cloud)
    trouble(cloud)
    cloud.emulator.world.vpc.pace = 0
    cloud.emulator.world.act(cloud.server("db-1"), "start")

    seen = cloud.run("servers", "list")
    later = cloud.run("restarts", "list")

    assert "perhaps still stopped" in seen.stderr
    assert "perhaps still stopped" not in later.stderr


def test_what_was_deleted_meanwhile_is_no_longer_told_once_resuming_found_out(
    cloud: EmulatedCloud,
) -> None:
    run_id = _left_stopped(cloud)
    cloud.emulator.world.delete(cloud.server("db-1"))

    ran = cloud.run("runs", "resume", run_id, "-o", "json")
    later = cloud.run("servers", "list")

    assert (ran.exit_code, results(ran)["db-1"]) == (5, "refused")
    assert results(ran)["db-2"] == "applied"
    assert "perhaps still stopped" not in later.stderr


def test_a_server_that_fails_when_it_starts_ends_the_run(cloud: EmulatedCloud) -> None:
    trouble(cloud, "db-1:start-fails")

    ran = cloud.run(*RUN, "-o", "json")

    assert (ran.exit_code, results(ran)["db-1"]) == (6, "failed")
    assert list(results(ran).values()).count("not_attempted") == 4
    (error,) = [item["error"] for item in ran.envelope.items if item["result"] == "failed"]
    assert "failed" in error["message"]


def test_a_server_is_waited_for_until_it_is_well(cloud: EmulatedCloud) -> None:
    trouble(cloud, "db-1:degraded=30")

    ran = cloud.run("restarts", "run", "db-1", "--yes")

    health = cloud.server("db-1").power.step(cloud.emulator.world.now()).health
    assert (ran.exit_code, health) == (0, "ok")


@pytest.mark.parametrize("fault", ["400", "403", "409"])
def test_a_stop_that_is_refused_stops_nothing_and_nothing_is_told_later(
    cloud: EmulatedCloud, fault: str
) -> None:
    cloud.fail(f"create_instance_action:{fault}")

    ran = cloud.run("restarts", "run", "db-1", "--yes", "-o", "json")
    later = cloud.run("servers", "list")

    assert (ran.exit_code, results(ran)) == (6, {"db-1": "failed"})
    assert status(cloud, "db-1") == "running"
    assert "perhaps still stopped" not in later.stderr


def test_a_stop_that_was_perhaps_heard_is_told_until_the_server_was_seen(
    cloud: EmulatedCloud,
) -> None:
    cloud.fail("create_instance_action:503")

    ran = cloud.run("restarts", "run", "db-1", "--yes", "--wait", "1", "-o", "json")
    later = [cloud.run("servers", "list").stderr for _ in range(2)]

    assert (ran.exit_code, results(ran)) == (6, {"db-1": "unknown"})
    assert ["perhaps still stopped" in told for told in later] == [True, False]


@pytest.mark.parametrize(
    "fault", ["503:@2", "409:@2", "lost:@1", "lost:@2", "reset:@2", "truncate:@1", "429:@2"]
)
def test_a_server_that_was_stopped_is_started_whatever_the_api_does(
    cloud: EmulatedCloud, fault: str
) -> None:
    cloud.fail(f"create_instance_action:{fault}")

    ran = cloud.run("restarts", "run", "db-1", "--yes", "-o", "json")

    assert (ran.exit_code, results(ran)) == (0, {"db-1": "applied"}), ran.stdout
    assert status(cloud, "db-1") == "running"
    assert actions(cloud, 201)["db-1", "stop"] == 1


def test_a_server_that_cannot_be_read_while_it_is_down_is_started_all_the_same(
    cloud: EmulatedCloud,
) -> None:
    cloud.fail("get_instance:503:3")

    ran = cloud.run("restarts", "run", "db-1", "--yes", "-o", "json")

    assert status(cloud, "db-1") == "running"
    assert ran.exit_code in (0, 6)


# Bare metal.


def test_a_soft_stop_that_never_ends_is_told_and_a_hard_one_is_offered(
    delicate: EmulatedCloud,
) -> None:
    """No verdict asks for the restart of bare metal, so there is none to be made."""
    trouble(delicate, "metal:soft-stop=never")

    ran = delicate.run("restarts", "run", "metal", "--yes", "--verdict", "needed,unknown")

    assert (ran.exit_code, actions(delicate)) == (0, {})
    assert status(delicate, "metal") == "running"


def test_a_stop_that_takes_too_long_is_told_and_resuming_starts_the_server(
    cloud: EmulatedCloud,
) -> None:
    cloud.emulator.world.vpc.pace = 1
    trouble(cloud, "db-1:stop=3")

    ran = cloud.run("restarts", "run", "db-1", "--yes", "--wait", "1", "-o", "json")

    (item,) = ran.envelope.items
    assert (ran.exit_code, item["result"]) == (6, "failed")
    assert "did not stop within 1 second" in item["error"]["message"]
    (run_id,) = cloud.run("runs", "list", "-o", "ids").stdout.split()
    cloud.emulator.world.vpc.pace = PACE
    wait_until(lambda: status(cloud, "db-1") == "stopped")

    warned = cloud.run("servers", "list")
    resumed = cloud.run("runs", "resume", run_id)

    assert "db-1 (us-south) is perhaps still stopped" in warned.stderr
    assert (resumed.exit_code, status(cloud, "db-1")) == (0, "running")


def _left_stopped(cloud: EmulatedCloud) -> str:
    """Let a run leave db-1 stopped for lack of capacity; return the run."""
    trouble(cloud, "db-1:cannot_start_capacity")
    assert cloud.run(*RUN).exit_code == 6
    assert status(cloud, "db-1") == "stopped"
    (run_id,) = cloud.run("runs", "list", "-o", "ids").stdout.split()
    return run_id
