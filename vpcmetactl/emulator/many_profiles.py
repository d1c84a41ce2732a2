"""The scenario `trusted`: as many trusted profiles and servers as a measurement needs.

`trusted:PROFILES+SERVERS` is so many instances in us-south, spread over ten VPCs and ten resource
groups, and so many profiles. Each profile has one rule of two conditions, which one instance in a
hundred satisfies, and four links: two of instances that satisfy it, two of others. With whole
hundreds of servers, 400 at least, that makes PROFILES x (SERVERS / 100 + 2) pairs of a profile and
a server that can become it: `trusted:2000+10000` makes 204,000.
"""

import re
from dataclasses import dataclass

import msgspec

from vpcmetactl.emulator.fleet import HTTP, HTTPS, Fleet
from vpcmetactl.emulator.iam.trusted import Condition
from vpcmetactl.emulator.world import World

_SPREAD = 10
_CELLS = _SPREAD * _SPREAD
_PATTERN = re.compile(r"(\d{1,4})\+(\d{1,6})", re.ASCII)
_MOST_PROFILES = 2_000


@dataclass(frozen=True, slots=True)
class TrustSize:
    """How many there are."""

    profiles: int
    servers: int


def parse_trusted(text: str) -> TrustSize:
    """Read what follows `trusted:`; ValueError with a sentence that says what is expected."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"scenario trusted:{text} is not of the form trusted:PROFILES+SERVERS")
    size = TrustSize(int(match[1]), int(match[2]))
    if size.profiles > _MOST_PROFILES:
        raise ValueError(f"scenario trusted:{text} asks for more than {_MOST_PROFILES} profiles")
    if size.profiles and not size.servers:
        raise ValueError(f"scenario trusted:{text} asks for profiles without servers to link")
    return size


def populate_trusted(world: World, size: TrustSize) -> None:
    """Add the servers and profiles of a size. Server n and profile n are of cell n modulo 100."""
    fleet = Fleet(world)
    vpcs = [fleet.vpc("us-south", f"vpc-{number}") for number in range(_SPREAD)]
    groups = [fleet.resource_group(f"team-{number}") for number in range(_SPREAD)]
    servers = [
        fleet.prepared_instance(
            vpcs[number % _SPREAD],
            f"node-{number:06d}",
            (HTTPS, HTTPS, HTTP)[number % 3],
            zone=number % 3 + 1,
            resource_group=groups[number // _SPREAD % _SPREAD],
        )
        for number in range(size.servers)
    ]
    world.regions["us-south"].instances.add(*servers)
    for number in range(size.profiles):
        profile = world.trust.add_profile(
            f"profile-{number:04d}", created_at=fleet.minutes_ago(60 * 24 * 90)
        )
        group = groups[number // _SPREAD % _SPREAD].name
        # Half of the profiles name their resource group by itself, half in a list.
        listed = number // _CELLS % 2 == 1
        value = msgspec.json.encode([group] if listed else group).decode()
        vpc_id = msgspec.json.encode(vpcs[number % _SPREAD].id).decode()
        world.trust.add_rule(
            profile,
            Condition("vpc_id", "EQUALS", vpc_id),
            Condition("resource_group_name", "IN" if listed else "EQUALS", value),
            created_at=profile.created_at,
        )
        first = number % _CELLS + 2 * _CELLS * (number // _CELLS)
        wanted = (first, first + _CELLS, first + 1, first + _CELLS + 1)
        # Few servers may make two of the four the same.
        for linked in dict.fromkeys(position % size.servers for position in wanted):
            fleet.link(profile, servers[linked])
