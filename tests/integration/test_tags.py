"""Choosing servers by user tag over HTTP: what the search finds, hides, delays and refuses."""

from datetime import timedelta

import pytest

from tests.integration.cloud import EmulatedCloud
from vpcmetactl.domain.errors import ExitCode

LAB = ["cache-1", "gpu-train-1", "mainframe-1", "scratch"]
CHANGE = ("metadata", "set", "--protocol", "https", "--yes", "-o", "json")


def test_only_what_bears_the_tag_is_changed(cloud: EmulatedCloud) -> None:
    ran = cloud.run(*CHANGE, "--tag", "Team:Data")

    assert ran.exit_code == ExitCode.OK
    results = {item["server"]["name"]: item["result"] for item in ran.envelope.items}
    assert results == {
        "db-1": "already_so",
        "db-2": "already_so",
        "db-3": "applied",
        "db-eu-1": "already_so",
    }
    # The first page and the empty one after it.
    assert cloud.asked.count("search") == 2
    assert cloud.asked.count("update_instance") == 1


@pytest.mark.parametrize("fault", ["403", "400", "html", "redirect"])
def test_nothing_is_changed_where_the_search_is_refused(cloud: EmulatedCloud, fault: str) -> None:
    cloud.fail(f"search:{fault}")

    ran = cloud.run(*CHANGE, "--tag", "env:prod", "--timeout", "1")

    assert ran.exit_code == ExitCode.ERROR
    assert "cannot find the servers tagged env:prod: " in ran.stderr
    assert "update_instance" not in cloud.asked
    assert "list_instances" not in cloud.asked


def test_a_missing_right_is_named(cloud: EmulatedCloud) -> None:
    cloud.fail("search:403")

    ran = cloud.run("servers", "list", "--tag", "env:prod")

    assert "is.instance.instance.read" in ran.stderr
    assert "is.bare-metal-server.bare-metal-server.read" in ran.stderr


@pytest.mark.parametrize(
    "fault", ["503:1", "429-retry-after=0:1", "expired:1", "truncate:1", "503:@2"]
)
def test_what_passes_is_survived(cloud: EmulatedCloud, fault: str) -> None:
    cloud.fail(f"search:{fault}")

    ran = cloud.run("servers", "list", "--tag", "env:lab", "-o", "json")

    assert (ran.exit_code, sorted(ran.envelope.names)) == (ExitCode.OK, LAB)


def test_a_server_that_is_gone_and_still_known_is_left_out_and_told(cloud: EmulatedCloud) -> None:
    world = cloud.emulator.world
    world.search.lag = timedelta(hours=1)
    gone = cloud.server("scratch")
    world.delete(gone)

    ran = cloud.run("servers", "list", "--tag", "env:lab", "-o", "json")

    assert (ran.exit_code, sorted(ran.envelope.names)) == (ExitCode.OK, LAB[:3])
    assert f"are in no listing: {gone.id} in us-south; left out" in ran.stderr


def test_a_server_that_may_be_found_and_not_listed_is_told(cloud: EmulatedCloud) -> None:
    hidden = cloud.server("cache-1")
    cloud.emulator.world.regions["us-south"].instances.hide(hidden.id)

    ran = cloud.run("servers", "list", "--tag", "env:lab", "-o", "json")

    assert sorted(ran.envelope.names) == LAB[1:]
    assert f"are in no listing: {hidden.id} in us-south" in ran.stderr


def test_a_tag_comes_to_the_search_a_while_later(cloud: EmulatedCloud) -> None:
    world = cloud.emulator.world
    world.search.lag = timedelta(hours=1)
    world.tag(cloud.server("queue-1"), "colour:blue")

    ran = cloud.run("servers", "list", "--tag", "colour:blue", "-o", "json")

    assert (ran.exit_code, ran.envelope.names) == (ExitCode.OK, [])
    assert "Global Search knows no server tagged colour:blue" in ran.stderr
    world.search.lag = timedelta()
    world.tag(cloud.server("queue-1"), "colour:blue")
    ran = cloud.run("servers", "list", "--tag", "colour:blue", "-o", "json")
    assert ran.envelope.names == ["queue-1"]


def test_a_region_that_cannot_be_read_leaves_a_change_by_tag_undone(cloud: EmulatedCloud) -> None:
    cloud.fail("list_instances@us-south:403")

    ran = cloud.run(*CHANGE, "--tag", "env:prod")

    assert ran.exit_code == ExitCode.REFUSED
    assert "us-south could not be read" in ran.stderr
    assert "are in no listing" not in ran.stderr
    assert "update_instance" not in cloud.asked


def test_members_of_a_group_are_asked_for_by_its_id_and_found_by_its_name(
    cloud: EmulatedCloud,
) -> None:
    workers = [f"worker-{number}" for number in range(1, 5)]
    named = cloud.run("servers", "list", "--instance-group", "workers", "-o", "json")
    group = named.envelope.items[0]["instance_group"]["id"]
    cloud.emulator.clear_requests()

    ran = cloud.run("servers", "list", "-r", "us-south", "--instance-group", group, "-o", "json")

    assert sorted(named.envelope.names) == sorted(ran.envelope.names) == workers
    assert cloud.asked == ["create_token", "list_instances"]
    listing = cloud.emulator.requests[-1]
    assert f"instance_group_membership.instance_group.id={group}" in listing.query
