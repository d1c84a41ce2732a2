"""The scenario `large`: as many instances as a measurement needs.

`large:N[+RxM][,vpcs=K]` is N instances in us-south, spread evenly over K VPCs (10 unless given),
and M in each of R further regions, in one VPC each: `large:2000+12x40` is one region of 2,000 and
twelve of 40. Bodies are made when they are asked for.
"""

import re
from dataclasses import dataclass

from vpcmetactl.emulator.fleet import HTTP, HTTPS, OFF, Fleet, hops
from vpcmetactl.emulator.vpc.catalog import REGIONS
from vpcmetactl.emulator.vpc.resources import Vpc
from vpcmetactl.emulator.world import World

_SERVICES = (HTTPS, OFF, HTTP, HTTPS, hops(HTTPS, 2), OFF, HTTPS)
_PATTERN = re.compile(r"(\d{1,6})(?:\+(\d{1,2})x(\d{1,6}))?(?:,vpcs=(\d{1,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Size:
    """How many instances go where."""

    instances: int
    vpcs: int = 10
    other_regions: int = 0
    instances_elsewhere: int = 0


def parse_large(text: str) -> Size:
    """Read what follows `large:`; ValueError with a sentence that says what is expected."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"scenario large:{text} is not of the form large:N[+RxM][,vpcs=K]")
    instances, others, elsewhere, vpcs = (int(group or 0) for group in match.groups())
    if others >= len(REGIONS):
        raise ValueError(f"scenario large:{text} asks for more than {len(REGIONS)} regions")
    if match[4] is not None and not vpcs:
        raise ValueError(f"scenario large:{text} asks for no VPC at all")
    return Size(instances, vpcs or 10, others, elsewhere)


def populate_large(world: World, size: Size) -> None:
    """Add the instances and VPCs of a size."""
    fleet = Fleet(world)
    vpcs = [fleet.vpc("us-south", f"vpc-{number}") for number in range(size.vpcs)]
    _add(fleet, vpcs, size.instances)
    for region in REGIONS[1 : 1 + size.other_regions]:
        _add(fleet, [fleet.vpc(region, "vpc-0")], size.instances_elsewhere)


def _add(fleet: Fleet, vpcs: list[Vpc], count: int) -> None:
    region = vpcs[0].region
    fleet.world.regions[region].instances.add(
        *(
            fleet.prepared_instance(
                vpcs[number % len(vpcs)],
                f"node-{number:06d}",
                _SERVICES[number % len(_SERVICES)],
                zone=number % 3 + 1,
            )
            for number in range(count)
        )
    )
