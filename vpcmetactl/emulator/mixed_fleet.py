"""The scenario `mixed-fleet`: some two hundred servers, as an audit would find them."""

from dataclasses import dataclass

from vpcmetactl.emulator.demo import SECURE_ONLY
from vpcmetactl.emulator.fleet import HTTP, HTTPS, OFF, Fleet, hops
from vpcmetactl.emulator.vpc.resources import Vpc
from vpcmetactl.emulator.world import World

_SERVICES = (OFF, HTTP, HTTPS, HTTPS, OFF, hops(HTTPS, 2), HTTP)
# The user tags of servers, by the resource group of their VPC.
_TAGS = {
    "production": ("env:prod",),
    "staging": ("env:staging",),
    "finance": ("compliance:pci", "env:prod"),
}
_PROFILES = ("bx2-2x8", "cx2-2x4", "mx2-2x16", "bx2-4x16", "cx2-4x8")


@dataclass(frozen=True, slots=True)
class _Tier:
    """So many servers of one name in one VPC."""

    region: str
    vpc: str
    group: str
    name: str
    count: int


_TIERS = (
    _Tier("us-south", "prod", "production", "api", 24),
    _Tier("us-south", "prod", "production", "db", 8),
    _Tier("us-south", "staging", "staging", "api-staging", 10),
    _Tier("us-east", "prod", "production", "api-east", 22),
    _Tier("us-east", "analytics", "data", "spark", 18),
    _Tier("eu-de", "prod", "production", "api-eu", 22),
    _Tier("eu-de", "regulated", "finance", "ledger", 9),
    _Tier("eu-gb", "prod", "production", "api-uk", 14),
    _Tier("jp-tok", "apps", "apac", "api-jp", 16),
    _Tier("jp-tok", "apps", "apac", "batch", 7),
    _Tier("au-syd", "apps", "apac", "api-au", 12),
    _Tier("br-sao", "edge", "latam", "edge", 9),
)


def populate_mixed_fleet(world: World) -> None:
    """Add the tiers, and the servers that tests and tutorials call by name."""
    fleet = Fleet(world)
    vpcs = {
        (tier.region, tier.vpc): fleet.vpc(tier.region, tier.vpc, tier.group) for tier in _TIERS
    }
    prod = vpcs["us-south", "prod"]
    fleet.instance(prod, "web-1")
    fleet.instance(prod, "web-2", HTTP, zone=2)
    fleet.instance(prod, "web-3", HTTPS, zone=3)
    for tier in _TIERS:
        _add_tier(fleet, vpcs[tier.region, tier.vpc], tier)
    # One name in two regions: legal, and ambiguous for whoever calls a server by name.
    fleet.instance(vpcs["us-east", "prod"], "bastion", HTTPS)
    fleet.instance(vpcs["eu-de", "prod"], "bastion", HTTP)
    _add_specialities(fleet, prod, vpcs["eu-de", "regulated"])
    _add_bare_metal(fleet, list(vpcs.values()))


def _add_tier(fleet: Fleet, vpc: Vpc, tier: _Tier) -> None:
    for number in range(tier.count):
        position = number + len(tier.name)
        fleet.instance(
            vpc,
            f"{tier.name}-{number + 1:02d}",
            _SERVICES[position % len(_SERVICES)],
            zone=number % 3 + 1,
            profile=_PROFILES[position % len(_PROFILES)],
            status="stopped" if position % 11 == 0 else "running",
            tags=_TAGS.get(tier.group, ()),
        )


def _add_specialities(fleet: Fleet, prod: Vpc, regulated: Vpc) -> None:
    """Group members, protected boot volumes, LinuxONE, GPUs, dedicated hosts and the rest."""
    # It says nothing of the metadata service, which the members have on: new ones will not.
    group = fleet.instance_group(prod, "frontends", fleet.instance_template(prod, "frontend"))
    fleet.instance_template(
        prod,
        "frontend-hardened",
        {"enabled": True, "protocol": "https"},
        default_profile="Profile-5d0e6a57-0b1c-4f0e-9a58-6c1a3f4c2b10",
        user_data="#cloud-config\npassword: invented\n",
    )
    host = fleet.named("dedicated_host", "us-south", "host-1")
    placement = fleet.named("placement_group", "us-south", "spread")
    reservation = fleet.named("reservation", "us-south", "three-years")
    cluster = fleet.named("cluster_network", "us-south", "training")
    for number in range(1, 7):
        fleet.instance(prod, f"frontend-{number}", HTTP, instance_group=group)
    for number in range(1, 4):
        fleet.instance(regulated, f"vault-{number}", HTTPS, allowed_use=SECURE_ONLY)
    fleet.instance(prod, "no-metadata", allowed_use="metadata_service.enabled == false")
    fleet.instance(prod, "linuxone-1", profile="bz2-2x8")
    fleet.instance(prod, "linuxone-2", profile="mz2-2x16", zone=2)
    fleet.instance(prod, "gpu-1", HTTP, profile="gx2-8x64x1v100", cluster_network=cluster)
    fleet.instance(prod, "pinned-1", HTTPS, dedicated_host=host)
    fleet.instance(prod, "spread-1", HTTPS, placement_group=placement)
    fleet.instance(prod, "reserved-1", HTTPS, reservation=reservation)
    fleet.instance(prod, "spot-1", HTTP, availability_class="spot")
    fleet.instance(prod, "scratch-1", HTTP, profile="bx2d-4x16")
    fleet.instance(prod, "failed-1", status="failed")


def _add_bare_metal(fleet: Fleet, vpcs: list[Vpc]) -> None:
    for number, vpc in enumerate(vpcs):
        fleet.bare_metal_server(
            vpc,
            f"metal-{vpc.region}-{vpc.name}",
            (HTTPS, HTTP, OFF)[number % 3],
            tags=_TAGS.get(vpc.resource_group.name, ()),
            status="running" if (number + 1) % 5 else "stopped",
        )
