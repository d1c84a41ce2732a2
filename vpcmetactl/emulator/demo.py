"""The scenario `demo`: a small company's servers, with one of each kind of trouble to be found."""

from vpcmetactl.emulator.fleet import HTTP, HTTPS, OFF, Fleet, hops
from vpcmetactl.emulator.world import World

SECURE_ONLY = "metadata_service.enabled == true && metadata_service.protocol == 'https'"
"""An `allowed_use` that lets the service be neither switched off nor switched to http."""

_PROD = ("env:prod",)
_DATA = ("env:prod", "team:data")
_LAB = ("env:lab",)


def populate_demo(world: World) -> None:
    """Add 42 servers in four regions; the other regions are empty."""
    fleet = Fleet(world)
    _dallas(fleet)
    _frankfurt(fleet)
    _tokyo(fleet)
    _sydney(fleet)


def populate_tour(world: World) -> None:
    """Add the same servers, and what a tour can link them to."""
    populate_demo(world)
    world.trust.add_profile("backup-writer", "Writes backups", roles=("viewer",))


def _dallas(fleet: Fleet) -> None:
    """us-south: production, a web tier, databases, an instance group, batch machines."""
    prod, lab = fleet.vpc("us-south", "prod", "production"), fleet.vpc("us-south", "lab")
    template = fleet.instance_template(prod, "worker", {"enabled": True})
    workers = fleet.instance_group(prod, "workers", template)
    fleet.instance(prod, "web-1", tags=_PROD)
    fleet.instance(prod, "web-2", HTTP, zone=2, tags=_PROD)
    fleet.instance(prod, "web-3", HTTPS, zone=3, tags=_PROD)
    fleet.instance(prod, "web-4", hops(HTTP, 3), zone=1, tags=_PROD)
    fleet.instance(prod, "web-5", OFF, zone=2, status="stopped", tags=_PROD)
    fleet.instance(prod, "db-1", HTTPS, profile="mx2-2x16", allowed_use=SECURE_ONLY, tags=_DATA)
    fleet.instance(
        prod, "db-2", HTTPS, zone=2, profile="mx2-2x16", allowed_use=SECURE_ONLY, tags=_DATA
    )
    fleet.instance(prod, "db-3", HTTP, zone=3, profile="mx2-2x16", tags=_DATA)
    for number in range(1, 5):
        fleet.instance(
            prod, f"worker-{number}", HTTP, zone=number % 3 + 1, instance_group=workers, tags=_PROD
        )
    fleet.instance(lab, "gpu-train-1", HTTP, profile="gx2-8x64x1v100", status="stopped", tags=_LAB)
    fleet.instance(lab, "cache-1", HTTPS, profile="bx2d-4x16", tags=_LAB)
    fleet.instance(lab, "mainframe-1", profile="bz2-2x8", tags=_LAB)
    fleet.instance(lab, "scratch", hops(HTTP, 64), availability_class="spot", tags=_LAB)
    fleet.bare_metal_server(prod, "metal-1", HTTPS, tags=_PROD)
    fleet.bare_metal_server(prod, "metal-2", HTTP, zone=2, profile="bx2d-metal-96x384", tags=_PROD)


def _frankfurt(fleet: Fleet) -> None:
    """eu-de: the same tiers, half hardened, and names that are legal and unusual."""
    prod = fleet.vpc("eu-de", "prod", "production")
    for number, service in enumerate((HTTPS, HTTPS, HTTP), 1):
        fleet.instance(prod, f"web-eu-{number}", service, zone=number, tags=_PROD)
    fleet.instance(prod, "db-eu-1", HTTPS, allowed_use=SECURE_ONLY, tags=_DATA)
    fleet.instance(prod, "null")
    fleet.instance(prod, "a", HTTPS, zone=2)
    fleet.instance(prod, "x" * 63, HTTP, zone=3)
    fleet.instance(prod, "r010-not-an-id", OFF, zone=1)
    fleet.instance(prod, "broken", OFF, status="failed", zone=2)
    fleet.bare_metal_server(prod, "metal-eu-1", OFF, zone=3, ignores_soft_stop=True, tags=_PROD)


def _tokyo(fleet: Fleet) -> None:
    """jp-tok: containers behind more than one hop, and machines without the service."""
    apps = fleet.vpc("jp-tok", "apps", "apac")
    for number in range(1, 5):
        fleet.instance(
            apps,
            f"container-host-{number}",
            hops(HTTPS, 2),
            zone=number % 3 + 1,
            tags=("env:prod", "container-host"),
        )
    fleet.instance(apps, "queue-1")
    fleet.instance(apps, "queue-2", zone=2)
    fleet.instance(apps, "linuxone-1", zone=3, profile="mz2-2x16")
    fleet.bare_metal_server(apps, "metal-jp-1", HTTP, status="stopped")


def _sydney(fleet: Fleet) -> None:
    """au-syd: a forgotten corner, everything as it was created."""
    legacy = fleet.vpc("au-syd", "legacy", "apac")
    for number in range(1, 5):
        fleet.instance(legacy, f"legacy-{number}", zone=number % 3 + 1)
    fleet.instance(legacy, "legacy-5", HTTP, status="stopped")
    fleet.instance(legacy, "leaving", HTTP, status="deleting")
