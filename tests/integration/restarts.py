"""Fleets whose servers were enabled while they ran, and what tests ask of their restarts."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.integration.cloud import EmulatedCloud, Ran
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.fleet import OFF, Fleet
from vpcmetactl.emulator.server import EmulatorServer
from vpcmetactl.emulator.vpc.resources import RestartRule
from vpcmetactl.emulator.vpc.troubles import parse_trouble
from vpcmetactl.emulator.world import World

_ACTIONS = {"create_instance_action", "stop_bare_metal_server", "start_bare_metal_server"}
# A stop takes a twelfth of a second then, a start less.
PACE = 0.01
RUN = ("restarts", "run", "--all", "--yes")


def populate(world: World) -> None:
    """Add three servers in one VPC and two in another, all of them created without the service."""
    fleet = Fleet(world)
    prod, lab = fleet.vpc("us-south", "prod"), fleet.vpc("us-south", "lab")
    for number in range(1, 4):
        fleet.instance(prod, f"db-{number}", OFF)
    for number in range(1, 3):
        fleet.instance(lab, f"web-{number}", OFF)


def populate_delicate(world: World) -> None:
    """Add servers that are not to be restarted, or not just so."""
    fleet = Fleet(world)
    vpc = fleet.vpc("us-south", "prod")
    group = fleet.instance_group(vpc, "workers", fleet.instance_template(vpc, "worker"))
    fleet.instance(vpc, "member", OFF, instance_group=group)
    fleet.instance(vpc, "scratch", OFF, profile="bx2d-4x16")
    fleet.instance(vpc, "sleeper", OFF, status="stopped")
    fleet.instance(vpc, "spot", OFF, availability_class="spot")
    fleet.bare_metal_server(vpc, "metal", OFF)


@contextmanager
def fleet_served(
    state: Path,
    population: Callable[[World], None] = populate,
    *,
    rule: RestartRule = "faq",
    pace: float = PACE,
) -> Iterator[EmulatedCloud]:
    """Serve a fleet whose stops and starts are quick."""
    world = World(restart_rule=rule)
    world.vpc.pace = pace
    world.populate(population)
    emulator = Emulator(world)
    with EmulatorServer(emulator) as server:
        yield EmulatedCloud(emulator, server.url, state)


def enable_watched(cloud: EmulatedCloud) -> None:
    """Let the servers be seen without the service, and then with it; forget what was asked."""
    assert cloud.run("servers", "list").exit_code == 0
    for server in cloud.emulator.world.servers():
        cloud.emulator.world.change_metadata_service(server, enabled=True)
    assert cloud.run("servers", "list").exit_code == 0
    cloud.emulator.clear_requests()


def trouble(cloud: EmulatedCloud, *texts: str) -> None:
    """Put these troubles in force, and no others."""
    cloud.emulator.world.vpc.troubles.set([parse_trouble(text) for text in texts])


def status(cloud: EmulatedCloud, name: str) -> str:
    """Return the status of the one server of this name."""
    return cloud.server(name).power.status(cloud.emulator.world.now())


def statuses(cloud: EmulatedCloud) -> dict[str, str]:
    """Return the status of every server, by its name."""
    world = cloud.emulator.world
    return {str(one.name): one.power.status(world.now()) for one in world.servers()}


def actions(cloud: EmulatedCloud, *codes: int) -> Counter[tuple[str, str]]:
    """Count the stops and starts that were asked for, or answered so, by name and action."""
    return Counter(
        (name, what) for name, what, code in asked_actions(cloud) if not codes or code in codes
    )


def asked_actions(cloud: EmulatedCloud) -> Iterator[tuple[str, str, int]]:
    """Yield the stops and starts that were asked for in order: whose, which, and the answer.

    What is no JSON was cut off by a kill, and asked for nothing.
    """
    names = {one.id: str(one.name) for one in cloud.emulator.world.servers()}
    for request in cloud.emulator.requests:
        if request.operation in _ACTIONS:
            *_, server_id, last = request.path.split("/")
            try:
                what = msgspec.json.decode(request.body)["type"] if last == "actions" else last
            except msgspec.DecodeError:
                continue
            yield names.get(server_id, server_id), what, request.status


def verdicts(cloud: EmulatedCloud, *words: str) -> dict[str, dict[str, Any]]:
    """Return the verdict of every server, by its name."""
    every = "needed,unknown,not_needed"
    ran = cloud.run("restarts", "list", "--verdict", every, "-o", "json", *words)
    assert ran.exit_code == 0, ran.stderr
    return {item["name"]: item["restart"] for item in ran.envelope.items}


def results(ran: Ran) -> dict[str, str]:
    """Return what became of each server, by its name."""
    return {item["server"]["name"]: item["result"] for item in ran.envelope.items}
