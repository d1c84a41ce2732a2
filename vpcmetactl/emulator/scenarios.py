"""The worlds an emulator can begin with, by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vpcmetactl.emulator.clock import Clock
from vpcmetactl.emulator.demo import populate_demo, populate_tour
from vpcmetactl.emulator.fleet import Fleet
from vpcmetactl.emulator.large import parse_large, populate_large
from vpcmetactl.emulator.loading import load_recorded
from vpcmetactl.emulator.many_profiles import parse_trusted, populate_trusted
from vpcmetactl.emulator.mixed_fleet import populate_mixed_fleet
from vpcmetactl.emulator.restarts import populate_restarts
from vpcmetactl.emulator.trusted_fleet import populate_trusted_fleet
from vpcmetactl.emulator.vpc.resources import RestartRule
from vpcmetactl.emulator.vpc.state import RESTART_RULES
from vpcmetactl.emulator.world import World

__all__ = ["SCENARIOS", "build_world", "load_recorded"]

SCENARIOS: Mapping[str, str] = MappingProxyType(
    {
        "empty": "13 regions, one VPC, no servers",
        "demo": "42 servers in 4 regions, one of each kind of trouble",
        "tour": "demo, and a trusted profile that trusts nobody yet",
        "mixed-fleet": "205 servers in 7 regions, several VPCs and resource groups",
        "trusted-fleet": "19 servers in 2 regions, and 20 trusted profiles with every way in",
        "restarts": "24 servers in us-south, each with another history of changes and stops",
        "large:N": "N instances in us-south; large:2000+12x40,vpcs=10 and the like",
        "trusted:P+S": "P trusted profiles with links and rules, S instances in us-south",
    }
)
"""Each scenario as a user types it, with what it gives."""

_RULE = ",restart-rule="


def _populate_empty(world: World) -> None:
    Fleet(world).vpc("us-south", "default-vpc")


_POPULATIONS: dict[str, Callable[[World], None]] = {
    "empty": _populate_empty,
    "demo": populate_demo,
    "tour": populate_tour,
    "mixed-fleet": populate_mixed_fleet,
    "trusted-fleet": populate_trusted_fleet,
    "restarts": populate_restarts,
}


def build_world(
    scenario: str,
    *,
    seed: int = 0,
    clock: Clock | None = None,
    restart_rule: RestartRule | None = None,
) -> World:
    """Build the world of a scenario; ValueError that names the scenarios if there is none.

    The same scenario, seed and time give the same world. Without a clock it runs on the machine's.
    Any scenario may end in `,restart-rule=none` or `,restart-rule=faq`; `restart_rule` beats that,
    and "faq" holds if neither says anything.
    """
    name, suffix, written = scenario.rpartition(_RULE)
    rule = _rule(written, scenario) if suffix else "faq"
    world = World(seed=seed, clock=clock, scenario=scenario, restart_rule=restart_rule or rule)
    world.populate(_population(name if suffix else scenario))
    return world


def _rule(text: str, scenario: str) -> RestartRule:
    for rule in RESTART_RULES:
        if rule == text:
            return rule
    rules = ", ".join(RESTART_RULES)
    raise ValueError(f"scenario {scenario} has no restart-rule there is; there are {rules}")


def _population(scenario: str) -> Callable[[World], None]:
    name, colon, options = scenario.partition(":")
    if name == "large" and colon:
        size = parse_large(options)
        return lambda world: populate_large(world, size)
    if name == "trusted" and colon:
        trust_size = parse_trusted(options)
        return lambda world: populate_trusted(world, trust_size)
    if scenario not in _POPULATIONS:
        raise ValueError(f"there is no scenario {scenario!r}; there are {', '.join(SCENARIOS)}")
    return _POPULATIONS[scenario]
