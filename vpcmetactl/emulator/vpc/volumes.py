"""Boot volumes: every instance of a scenario has one, and its `allowed_use` decides about PATCH."""

from typing import Any

from vpcmetactl.emulator.clock import timestamp
from vpcmetactl.emulator.vpc.bodies import (
    boot_volume_attachment,
    boot_volume_crn,
    boot_volume_name,
    instance_href,
    resource_group_reference,
    zone_reference,
)
from vpcmetactl.emulator.vpc.catalog import endpoint
from vpcmetactl.emulator.vpc.resources import Instance

ALLOWED_USE_VERSION = "2026-06-23"
"""The API version as of which an `allowed_use` may constrain the metadata service."""


def boot_volume_body(instance: Instance) -> dict[str, Any]:
    """The boot volume of an instance."""
    region = instance.zone.region
    return {
        "active": True,
        "adjustable_capacity_states": ["attached"],
        "adjustable_iops_states": ["attached"],
        "allowed_use": {
            "api_version": ALLOWED_USE_VERSION,
            "bare_metal_server": "true",
            "instance": instance.allowed_use or "true",
        },
        "attachment_state": "attached",
        "bandwidth": 393,
        "busy": False,
        "capacity": 100,
        "created_at": timestamp(instance.created_at),
        "crn": boot_volume_crn(instance),
        "encryption": "provider_managed",
        "health_reasons": [],
        "health_state": "ok",
        "href": f"{endpoint(region)}/v1/volumes/{instance.boot_volume_id}",
        "id": instance.boot_volume_id,
        "iops": 3000,
        "name": boot_volume_name(instance),
        "operating_system": _operating_system(instance),
        "profile": {
            "href": f"{endpoint(region)}/v1/volume/profiles/general-purpose",
            "name": "general-purpose",
        },
        "resource_group": resource_group_reference(instance.resource_group),
        "resource_type": "volume",
        "software_attachments": [],
        "status": "available",
        "status_reasons": [],
        "storage_generation": 1,
        "user_tags": [],
        "volume_attachments": [_attachment(instance)],
        "zone": zone_reference(instance.zone),
    }


def _operating_system(instance: Instance) -> dict[str, Any]:
    system = instance.operating_system
    return {
        "allow_user_image_creation": True,
        "architecture": system.architecture,
        "dedicated_host_only": False,
        "display_name": system.display_name,
        "family": system.family,
        "href": f"{endpoint(instance.zone.region)}/v1/operating_systems/{system.name}",
        "name": system.name,
        "user_data_format": "cloud_init",
        "vendor": system.vendor,
        "version": system.version,
    }


def _attachment(instance: Instance) -> dict[str, Any]:
    attachment = boot_volume_attachment(instance)
    return {
        "delete_volume_on_instance_delete": True,
        **{key: attachment[key] for key in ("device", "href", "id", "name")},
        "instance": {
            "crn": instance.crn,
            "href": instance_href(instance),
            "id": instance.id,
            "name": instance.name,
        },
        "type": "boot",
    }
