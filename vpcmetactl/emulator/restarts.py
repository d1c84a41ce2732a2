"""The scenario `restarts`: every case of who needs a stop and start, as its history made it.

Platform notes, section 2.2, case by case, and the servers that section 2.3 warns about. What was
done to them is in the activity, at the moments it was done.
"""

from datetime import timedelta
from typing import Any

from vpcmetactl.emulator.fleet import HTTP, HTTPS, OFF, Fleet
from vpcmetactl.emulator.vpc.activity import SOMEBODY
from vpcmetactl.emulator.vpc.deeds import act, update
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance, MetadataService, Vpc
from vpcmetactl.emulator.world import World

ON, OFF_AGAIN = {"enabled": True}, {"enabled": False}
Deed = dict[str, Any] | str
"""Parts of the metadata service that were changed, or an action."""


def populate_restarts(world: World) -> None:
    """Add the servers and do to them what was done to them."""
    fleet = Fleet(world)
    prod, lab = fleet.vpc("us-south", "prod", "production"), fleet.vpc("us-south", "lab")
    _cases(fleet, prod)
    _warnings(fleet, prod, lab)
    _others(fleet, prod)


def _cases(fleet: Fleet, vpc: Vpc) -> None:
    _instance(fleet, vpc, "never-enabled", OFF)
    _instance(fleet, vpc, "created-enabled", HTTP)
    _instance(fleet, vpc, "enabled-later", OFF, ON)
    _instance(fleet, vpc, "enabled-then-hardened", OFF, ON, {"protocol": "https"})
    _instance(fleet, vpc, "enabled-then-rebooted", OFF, ON, "reboot")
    _instance(fleet, vpc, "enabled-then-restarted", OFF, ON, "stop", "start")
    _instance(fleet, vpc, "restarted-then-enabled", OFF, "stop", "start", ON)
    _instance(fleet, vpc, "enabled-while-stopped", OFF, "stop", ON)
    _instance(fleet, vpc, "enabled-then-disabled", OFF, ON, OFF_AGAIN)
    # It came up only while the service was off: enabling it again is still the first time.
    _instance(fleet, vpc, "restarted-disabled", OFF, ON, OFF_AGAIN, "stop", "start", ON)
    _instance(fleet, vpc, "enabled-again", OFF, ON, "stop", "start", OFF_AGAIN, ON)
    _instance(fleet, vpc, "protocol-changed", HTTP, {"protocol": "https"})
    _instance(fleet, vpc, "hop-limit-changed", HTTPS, {"response_hop_limit": 2})


def _warnings(fleet: Fleet, prod: Vpc, lab: Vpc) -> None:
    """Those that a stop would cost something, enabled while they were running."""
    group = fleet.instance_group(prod, "members", fleet.instance_template(prod, "member"))
    host = fleet.named("dedicated_host", "us-south", "host-1")
    _instance(fleet, lab, "scratch-disk", OFF, ON, profile="bx2d-4x16", zone=2)
    _instance(fleet, prod, "member-1", OFF, ON, instance_group=group)
    _instance(fleet, prod, "member-2", OFF, ON, instance_group=group, zone=2)
    _instance(fleet, lab, "spot", OFF, ON, availability_class="spot")
    _instance(fleet, lab, "gpu", OFF, ON, profile="gx2-8x64x1v100")
    _instance(fleet, lab, "dedicated", OFF, ON, dedicated_host=host, zone=3)


def _others(fleet: Fleet, vpc: Vpc) -> None:
    _instance(fleet, vpc, "mainframe", OFF, profile="bz2-2x8")
    _instance(fleet, vpc, "broken", HTTP, status="failed", created_enabled=False)
    _instance(fleet, vpc, "leaving", HTTP, status="deleting", created_enabled=False)
    _history(fleet.world, fleet.bare_metal_server(vpc, "metal", OFF), ON)
    stubborn = fleet.bare_metal_server(vpc, "metal-stubborn", OFF, zone=2, ignores_soft_stop=True)
    _history(fleet.world, stubborn, ON)


def _instance(
    fleet: Fleet,
    vpc: Vpc,
    name: str,
    service: MetadataService,
    *deeds: Deed,
    **more: Any,  # noqa: ANN401 - whatever else Fleet takes
) -> None:
    instance = fleet.instance(vpc, name, service, **more)
    fleet.world.vpc.activity.add(instance, "create", instance.created_at, SOMEBODY)
    _history(fleet.world, instance, *deeds)


def _history(world: World, server: Instance | BareMetalServer, *deeds: Deed) -> None:
    """Do these things an hour apart, the last a day ago."""
    for hours, deed in zip(range(len(deeds) - 1, -1, -1), deeds, strict=True):
        at = world.created_at - timedelta(days=1, hours=hours)
        if isinstance(deed, str):
            act(world.vpc, server, deed, SOMEBODY, at)
        else:
            update(world.vpc, server, deed, SOMEBODY, at)
