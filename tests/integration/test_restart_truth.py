"""What is claimed of restarts against what is so, in every case that the platform notes tell apart.

Platform notes 2.2, each row under both readings of IBM's pages.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cloud import EmulatedCloud, served
from tests.integration.restarts import fleet_served, verdicts
from vpcmetactl.emulator.fleet import HTTP, OFF, Fleet
from vpcmetactl.emulator.vpc.resources import MetadataService, RestartRule
from vpcmetactl.emulator.world import World

Deed = Mapping[str, Any] | str
Verdicts = dict[str, dict[str, Any]]

ON, OFF_AGAIN, HTTPS, HOPS = (
    {"enabled": True},
    {"enabled": False},
    {"protocol": "https"},
    {"response_hop_limit": 2},
)
RULES: tuple[RestartRule, ...] = ("faq", "none")


@dataclass(frozen=True)
class Case:
    """How a server was created and what was done to it, with the verdict that is expected."""

    name: str
    created: MetadataService
    deeds: tuple[Deed, ...]
    verdict: str
    reason: str


METAL = "no_rule_for_bare_metal"
CASES = (
    Case("never-enabled", OFF, (), "not_needed", "service_disabled"),
    Case("created-enabled", HTTP, (), "unknown", "enabled_at_first_sight"),
    Case("first-enable", OFF, (ON,), "needed", "enabled_while_running"),
    Case("first-enable-rebooted", OFF, (ON, "reboot"), "needed", "enabled_while_running"),
    Case("first-enable-hardened", OFF, (ON, HTTPS, HOPS), "needed", "enabled_while_running"),
    Case("restarted", OFF, (ON, "stop", "start"), "not_needed", "stopped_since"),
    Case("stopped-only", OFF, (ON, "stop"), "not_needed", "applies_at_next_start"),
    Case("restarted-too-early", OFF, ("stop", "start", ON), "needed", "enabled_while_running"),
    Case("disabled", HTTP, (OFF_AGAIN,), "not_needed", "service_disabled"),
    Case("disabled-again", OFF, (ON, OFF_AGAIN), "not_needed", "service_disabled"),
    Case("enabled-while-stopped", OFF, ("stop", ON), "not_needed", "applies_at_next_start"),
    Case("started-with-it", OFF, ("stop", ON, "start"), "not_needed", "stopped_since"),
    Case("protocol", HTTP, (HTTPS,), "unknown", "enabled_at_first_sight"),
    Case("hop-limit", HTTP, (HOPS,), "unknown", "enabled_at_first_sight"),
    Case("metal-enabled", OFF, (ON,), "not_needed", METAL),
    Case("metal-protocol", HTTP, (HTTPS,), "not_needed", METAL),
    Case("metal-disabled", HTTP, (OFF_AGAIN,), "not_needed", METAL),
)
# IBM's old rule was "once only": what came up with the service never needs it again.
AGAIN = (ON, "stop", "start", OFF_AGAIN, ON)
BY_NAME = {case.name: case for case in CASES}


def populate(world: World) -> None:
    """Add a server for each case."""
    fleet = Fleet(world)
    vpc = fleet.vpc("us-south", "prod")
    fleet.instance(vpc, "enabled-again", OFF)
    for case in CASES:
        add = fleet.bare_metal_server if case.reason == METAL else fleet.instance
        add(vpc, case.name, case.created)


@dataclass(frozen=True)
class Watched:
    """The cases after everything was done to them, with a look at the fleet after each deed."""

    verdicts: Verdicts
    without_rule: Verdicts
    truth: Mapping[str, bool]


@pytest.fixture(scope="module", params=RULES)
def watched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    state = tmp_path_factory.mktemp("state") / "state.sqlite"
    histories = {**{case.name: case.deeds for case in CASES}, "enabled-again": AGAIN}
    with fleet_served(state, populate, rule=request.param, pace=0) as cloud:
        found = verdicts(cloud)
        for number in range(max(map(len, histories.values()))):
            for name, deeds in histories.items():
                if number < len(deeds):
                    _do(cloud, name, deeds[number])
            found = verdicts(cloud)
        yield Watched(found, verdicts(cloud, "--restart-rule", "none"), _truth(cloud))


@pytest.mark.parametrize("name", BY_NAME)
def test_the_verdict_on_a_server_that_was_watched(watched: Watched, name: str) -> None:
    found = watched.verdicts[name]

    assert (found["verdict"], found["reason"]) == (BY_NAME[name].verdict, BY_NAME[name].reason)


def test_enabling_again_is_never_claimed_to_need_one(watched: Watched) -> None:
    assert watched.verdicts["enabled-again"]["verdict"] == "not_needed"


def test_what_is_claimed_is_so_where_the_faq_is_right(watched: Watched) -> None:
    _check(watched.verdicts, watched.truth)


def test_with_the_rule_off_nothing_needs_one(watched: Watched) -> None:
    assert {one["verdict"] for one in watched.without_rule.values()} == {"not_needed"}
    assert {one["reason"] for one in watched.without_rule.values()} == {"rule_off"}


def test_needed_is_never_more_than_presumed(watched: Watched) -> None:
    """IBM's own pages contradict each other, and the API does not tell."""
    needed = [one for one in watched.verdicts.values() if one["verdict"] == "needed"]

    assert {one["confidence"] for one in needed} == {"presumed"}
    assert all(one["since"] and one["evidence"] for one in needed)


@pytest.mark.parametrize("tells_values", [False, True])
def test_events_alone_claim_nothing_that_is_not_so(tmp_path: Path, *, tells_values: bool) -> None:
    export = tmp_path / "activity.jsonl"
    with served(tmp_path / "state.sqlite", "restarts") as cloud:
        cloud.emulator.world.vpc.activity.tells_values = tells_values
        cloud.emulator.reset()
        before = verdicts(cloud)
        export.write_bytes(cloud.emulator.world.vpc.activity.lines())
        first = cloud.run("restarts", "import-events", str(export), "-o", "json")
        after = verdicts(cloud)
        second = cloud.run("restarts", "import-events", str(export), "-o", "json")
        again = verdicts(cloud)
        truth = _truth(cloud)

    _check(before, truth)
    _check(after, truth)
    assert again == after
    assert [ran.envelope.items[0]["kept"] > 0 for ran in (first, second)] == [True, False]
    if tells_values:
        settled = {name for name, one in after.items() if one["reason"] == "stopped_since"}
        assert settled == {"enabled-then-restarted", "enabled-again"}


def test_events_of_what_was_watched_change_no_claim_for_the_worse(tmp_path: Path) -> None:
    """They are of minutes ago, by another clock: their order among our sights is not certain."""
    export = tmp_path / "activity.jsonl"
    histories = {**{case.name: case.deeds for case in CASES}, "enabled-again": AGAIN}
    with fleet_served(tmp_path / "state.sqlite", populate, pace=0) as cloud:
        for name, deeds in histories.items():
            for deed in deeds:
                _do(cloud, name, deed)
        verdicts(cloud)
        export.write_bytes(cloud.emulator.world.vpc.activity.lines())
        assert cloud.run("restarts", "import-events", str(export)).exit_code == 0

        _check(verdicts(cloud), _truth(cloud))


def _check(found: Verdicts, truth: Mapping[str, bool]) -> None:
    """What is needed is so by the FAQ's reading, and so is what is not; certain or presumed."""
    needed = {name for name, one in found.items() if one["verdict"] == "needed"}
    not_needed = {name for name, one in found.items() if one["verdict"] == "not_needed"}
    # Of what is stopped or switched off the truth counts from the next start on.
    assert {name for name in needed if not truth[name]} == set()
    assert {name for name in not_needed if truth[name]} == set()


def _do(cloud: EmulatedCloud, name: str, deed: Deed) -> None:
    world, server = cloud.emulator.world, cloud.server(name)
    if isinstance(deed, str):
        world.act(server, deed)
    else:
        world.change_metadata_service(server, **deed)


def _truth(cloud: EmulatedCloud) -> Mapping[str, bool]:
    """Return who needs a restart if the FAQ is right, whichever reading holds here."""
    world = cloud.emulator.world
    before, world.restart_rule = world.restart_rule, "faq"
    try:
        return {str(one.name): world.needs_restart(one) for one in world.servers()}
    finally:
        world.restart_rule = before
