import time
from collections import Counter

import pytest

from tests.emulator.caller import Caller
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.large import Size, parse_large
from vpcmetactl.emulator.scenarios import SCENARIOS, build_world
from vpcmetactl.emulator.vpc.catalog import REGIONS
from vpcmetactl.emulator.vpc.resources import Instance
from vpcmetactl.emulator.world import World

BUILT = ["empty", "demo", "tour", "mixed-fleet", "trusted-fleet", "large:40+2x3", "trusted:3+20"]


def instances(world: World) -> list[Instance]:
    return [server for server in world.servers() if isinstance(server, Instance)]


def sizes(world: World) -> dict[str, tuple[int, int]]:
    counts = {
        name: (len(region.instances), len(region.bare_metal_servers))
        for name, region in world.regions.items()
    }
    return {name: count for name, count in counts.items() if any(count)}


def test_the_scenarios_are_told_by_name() -> None:
    assert list(SCENARIOS) == [
        "empty",
        "demo",
        "tour",
        "mixed-fleet",
        "trusted-fleet",
        "restarts",
        "large:N",
        "trusted:P+S",
    ]


@pytest.mark.parametrize("name", ["", "demmo", "large", "trusted", "demo:3"])
def test_an_unknown_scenario_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match="there are empty, demo, tour, mixed-fleet") as caught:
        build_world(name)
    assert repr(name) in str(caught.value)


def test_empty_has_regions_and_a_vpc_and_no_servers() -> None:
    world = build_world("empty", clock=ManualClock())
    assert sizes(world) == {}
    assert list(world.regions) == list(REGIONS)
    assert [vpc.name for vpc in world.regions["us-south"].vpcs] == ["default-vpc"]


def test_demo_is_42_servers_in_four_regions() -> None:
    world = build_world("demo", clock=ManualClock())
    assert sizes(world) == {
        "us-south": (16, 2),
        "eu-de": (9, 1),
        "jp-tok": (7, 1),
        "au-syd": (6, 0),
    }
    assert SCENARIOS["demo"].startswith("42 servers in 4 regions")


def test_demo_has_one_of_each_kind_of_trouble() -> None:
    found = instances(build_world("demo", clock=ManualClock()))
    now = ManualClock().now()
    assert {server.power.status(now) for server in found} == {
        "running",
        "stopped",
        "failed",
        "deleting",
    }
    assert {server.profile.architecture for server in found} == {"amd64", "s390x"}
    assert {server.metadata_service.protocol for server in found} == {"http", "https"}
    assert {server.metadata_service.response_hop_limit for server in found} == {1, 2, 3, 64}
    assert any(server.allowed_use for server in found)
    assert any(server.instance_group for server in found)
    assert any(server.profile.disks for server in found)
    assert max(len(server.name) for server in found) == 63


def test_mixed_fleet_is_what_its_summary_says() -> None:
    world = build_world("mixed-fleet", clock=ManualClock())
    assert len(list(world.servers())) == 205
    assert len(sizes(world)) == 7
    assert SCENARIOS["mixed-fleet"].startswith("205 servers in 7 regions")
    groups = {server.resource_group.name for server in instances(world)}
    assert groups == {"production", "staging", "data", "finance", "apac", "latam"}


@pytest.mark.parametrize("scenario", ["demo", "mixed-fleet"])
def test_web_1_is_there_once_running_and_off(scenario: str) -> None:
    world = build_world(scenario, clock=ManualClock())
    (server,) = world.find_servers("web-1")
    assert isinstance(server, Instance)
    assert server.zone.region == "us-south"
    assert server.profile.architecture == "amd64"
    assert server.power.status(world.now()) == "running"
    assert (server.metadata_service.enabled, server.allowed_use) == (False, None)
    assert server.instance_group is None


def test_one_name_of_mixed_fleet_is_there_twice() -> None:
    counts = Counter(s.name for s in build_world("mixed-fleet", clock=ManualClock()).servers())
    assert {name: count for name, count in counts.items() if count > 1} == {"bastion": 2}


@pytest.mark.parametrize("scenario", BUILT)
def test_names_and_ids_are_unique_and_legal(scenario: str) -> None:
    world = build_world(scenario, clock=ManualClock())
    ids = [server.id for server in world.servers()]
    assert len(set(ids)) == len(ids)
    for region in world.regions.values():
        for collection in (region.instances, region.bare_metal_servers):
            names = [server.name for server in collection]
            assert len(set(names)) == len(names)
            assert all(0 < len(name) <= 63 for name in names)


@pytest.mark.parametrize("scenario", BUILT)
def test_the_seed_decides_every_identifier(scenario: str) -> None:
    def ids(seed: int) -> list[str]:
        return [s.id for s in build_world(scenario, seed=seed, clock=ManualClock()).servers()]

    assert ids(1) == ids(1)
    assert not set(ids(1)) & set(ids(2))


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", Size(0)),
        ("10000", Size(10000, 10)),
        ("2000+12x40", Size(2000, 10, 12, 40)),
        ("50,vpcs=3", Size(50, 3)),
        ("9+1x2,vpcs=1", Size(9, 1, 1, 2)),
    ],
)
def test_a_large_scenario_is_read_as_it_is_written(text: str, size: Size) -> None:
    assert parse_large(text) == size


@pytest.mark.parametrize("text", ["", "many", "10+13x1", "10,vpcs=0", "10,regions=2", "1e5"])
def test_a_large_scenario_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^scenario large:"):
        build_world(f"large:{text}")


def test_a_large_scenario_spreads_evenly() -> None:
    world = build_world("large:40+2x3,vpcs=4", clock=ManualClock())
    assert sizes(world) == {"us-south": (40, 0), "us-east": (3, 0), "br-sao": (3, 0)}
    spread = Counter(server.vpc.name for server in instances(world)[:40])
    assert set(spread.values()) == {10}


def test_a_hundred_thousand_instances_are_there_within_seconds() -> None:
    began = time.process_time()
    caller = Caller(Emulator(build_world("large:100000", clock=ManualClock())))
    assert caller.find("/instances", limit=1)["total_count"] == 100_000
    assert time.process_time() - began < 15
