"""Who needs a stop and start, by either reading, whatever was done in whatever order."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.caller import Caller
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.fleet import HTTP, OFF, Fleet
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.truth import truth_of
from vpcmetactl.emulator.vpc.errors import VpcRefusal
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance
from vpcmetactl.emulator.vpc.troubles import parse_trouble
from vpcmetactl.emulator.world import World

NEEDED = {
    "enabled-later",
    "enabled-then-hardened",
    "enabled-then-rebooted",
    "restarted-then-enabled",
    "restarted-disabled",
    "scratch-disk",
    "member-1",
    "member-2",
    "spot",
    "gpu",
    "dedicated",
}
DEEDS = ("enable", "disable", "stop", "start", "reboot", "failing start", "wait a little", "wait")


def needing(world: World) -> set[str]:
    return {server.name for server in world.servers() if world.needs_restart(server)}


def single(world: World, name: str) -> Instance:
    (server,) = world.find_servers(name)
    assert isinstance(server, Instance)
    return server


def test_each_history_of_the_scenario_has_its_truth() -> None:
    assert needing(build_world("restarts", clock=ManualClock())) == NEEDED


@pytest.mark.parametrize(
    "scenario",
    ["restarts,restart-rule=none", "demo,restart-rule=none", "large:4,restart-rule=none"],
)
def test_nothing_ever_needs_a_restart_by_the_release_note(scenario: str) -> None:
    world = build_world(scenario, clock=ManualClock())
    for server in world.servers():
        world.change_metadata_service(server, enabled=True)
    assert world.restart_rule == "none"
    assert needing(world) == set()


def test_an_argument_beats_the_scenario_and_the_faq_is_the_default() -> None:
    assert build_world("demo,restart-rule=none", restart_rule="faq").restart_rule == "faq"
    assert build_world("demo", restart_rule="none").restart_rule == "none"
    assert build_world("demo").restart_rule == build_world("demo,restart-rule=faq").restart_rule
    assert len(list(build_world("large:4,vpcs=2,restart-rule=faq").servers())) == 4
    with pytest.raises(ValueError, match="restart-rule there is; there are faq, none"):
        build_world("demo,restart-rule=never")


def test_what_is_enabled_while_it_starts_still_needs_another_start() -> None:
    clock = ManualClock()
    world = build_world("demo", clock=clock)
    server = single(world, "web-5")
    world.act(server, "start")
    world.change_metadata_service(server, enabled=True)
    assert not world.needs_restart(server)
    clock.advance(timedelta(minutes=1))
    assert world.needs_restart(server)


def test_a_start_that_lacked_capacity_activates_nothing() -> None:
    clock = ManualClock()
    world = build_world("restarts", clock=clock)
    world.vpc.troubles.set([parse_trouble("enabled-while-stopped:cannot_start_capacity:1")])
    server = single(world, "enabled-while-stopped")
    for activated in (False, True):
        world.act(server, "start")
        clock.advance(timedelta(minutes=1))
        assert truth_of(world, server).activated is activated


def test_bare_metal_and_recorded_servers_have_no_truth() -> None:
    world = build_world("restarts", clock=ManualClock())
    metal = [server for server in world.servers() if isinstance(server, BareMetalServer)]
    assert [truth_of(world, server).needs_restart for server in metal] == [None, None]


def test_stops_erase_instance_storage_and_reboots_do_not() -> None:
    clock = ManualClock()
    world = build_world("restarts", clock=clock)
    server, other = single(world, "scratch-disk"), single(world, "enabled-later")
    counts = []
    for action in ("reboot", "stop", "start", "stop"):
        for instance in (server, other):
            world.act(instance, action)
        counts.append(truth_of(world, server).erasures)
        clock.advance(timedelta(minutes=1))
        counts.append(truth_of(world, server).erasures)
    assert counts == [0, 0, 0, 1, 1, 1, 1, 2]
    assert truth_of(world, other).erasures is None


class Model:
    """The truth, kept by hand: what is on, up, and has been activated; a start in the making."""

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self.activated = enabled
        self.status = "running"
        self.remaining = 0.0
        self.then: tuple[str, bool] = ("running", False)

    def do(self, deed: str) -> None:
        match deed, self.status:
            case ("enable" | "disable", _):
                self.enabled = deed == "enable"
            case ("stop", "running"):
                self._begin("stopping", 8, "stopped", activates=False)
            case ("reboot", "running"):
                self._begin("restarting", 10, "running", activates=False)
            case ("start", "stopped"):
                self._begin("starting", 6, "running", activates=self.enabled)
            case ("failing start", "stopped"):
                self._begin("starting", 6, "stopped", activates=False)
            case ("wait a little", _):
                self._wait(3)
            case ("wait", _):
                self._wait(60)
            case _:
                pass

    def _begin(self, status: str, seconds: float, end: str, *, activates: bool) -> None:
        self.status, self.remaining, self.then = status, seconds, (end, activates)

    def _wait(self, seconds: float) -> None:
        if self.status in {"running", "stopped"}:
            return
        self.remaining -= seconds
        if self.remaining <= 0:
            self.status, activates = self.then
            self.activated |= activates

    @property
    def needs_restart(self) -> bool:
        up = self.status in {"running", "restarting"}
        return self.enabled and up and not self.activated


def really_do(world: World, clock: ManualClock, server: Instance, deed: str) -> None:
    match deed:
        case "enable" | "disable":
            world.change_metadata_service(server, enabled=deed == "enable")
        case "wait a little" | "wait":
            clock.advance(timedelta(seconds=3 if deed == "wait a little" else 60))
        case _:
            failing = [parse_trouble("*:cannot_start")] if deed == "failing start" else []
            world.vpc.troubles.set(failing)
            world.act(server, "start" if failing else deed)


@given(st.booleans(), st.lists(st.sampled_from(DEEDS), max_size=25))
def test_the_truth_is_what_a_model_kept_by_hand_has(created_on: bool, deeds: list[str]) -> None:  # noqa: FBT001
    clock = ManualClock()
    world = World(clock=clock)
    fleet = Fleet(world)
    server = fleet.instance(fleet.vpc("us-south", "vpc"), "one", HTTP if created_on else OFF)
    model = Model(enabled=created_on)
    for deed in deeds:
        before = model.status
        model.do(deed)
        try:
            really_do(world, clock, server, deed)
        except VpcRefusal:
            assert model.status == before
        truth = truth_of(world, server)
        found: tuple[Any, ...] = (truth.status, truth.enabled, truth.activated, truth.needs_restart)
        assert found == (model.status, model.enabled, model.activated, model.needs_restart)


def test_a_stopped_member_is_replaced_and_let_go() -> None:
    clock = ManualClock()
    caller = Caller(Emulator(build_world("restarts", clock=clock)))
    path = caller.path_of("member-1")
    before = {instance["id"] for instance in caller.find("/instances", limit=100)["instances"]}
    (group,) = caller.find("/instance_groups")["instance_groups"]
    of_group = {"instance_group_membership.instance_group.id": group["id"]}
    caller.post(f"{path}/actions", {"type": "stop"})
    assert "instance_group_membership" in caller.find(path)
    clock.advance(timedelta(seconds=9))
    assert "instance_group_membership" not in caller.find(path)
    assert caller.find(path)["status"] == "stopped"
    members = caller.find("/instances", **of_group)["instances"]
    assert caller.find(f"/instance_groups/{group['id']}")["membership_count"] == len(members) == 2
    (new,) = [member for member in members if member["id"] not in before]
    assert new["name"].startswith("members-")
    assert new["metadata_service"]["enabled"] is False
    assert (new["status"], new["created_at"]) == ("pending", "2026-11-21T12:00:08Z")
    clock.advance(timedelta(minutes=1))
    assert caller.find(f"/instances/{new['id']}")["status"] == "running"


def test_a_member_that_is_taken_away_while_it_stops_is_not_replaced() -> None:
    clock = ManualClock()
    world = build_world("restarts", clock=clock)
    member = single(world, "member-2")
    world.act(member, "stop")
    world.delete(member, after=2)
    clock.advance(timedelta(minutes=1))
    names = [server.name for server in world.servers() if server.name.startswith("member")]
    assert names == ["member-1"]
