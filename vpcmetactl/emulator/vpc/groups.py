"""The JSON of instance groups and of the templates their members are made from."""

from typing import Any

from vpcmetactl.emulator.clock import timestamp
from vpcmetactl.emulator.vpc.bodies import (
    image_reference,
    instance_href,
    membership_reference,
    resource_group_reference,
    vpc_reference,
)
from vpcmetactl.emulator.vpc.networking import subnet_reference
from vpcmetactl.emulator.vpc.resources import Instance, InstanceGroup, InstanceTemplate

Body = dict[str, Any]


def instance_template_body(template: InstanceTemplate) -> Body:
    """A template: what would be sent to create an instance. It says what was said, and no more."""
    vpc, zone = template.vpc, template.zone
    interface = {"subnet": {"id": subnet_reference(vpc, zone)["id"]}}
    body: Body = {
        "created_at": timestamp(template.created_at),
        "crn": template.crn,
        "href": template.href,
        "id": template.id,
        "image": {"id": image_reference(zone.region, template.operating_system)["id"]},
        "keys": [],
        "name": template.name,
        "primary_network_attachment": {"name": "eth0", "virtual_network_interface": interface},
        "profile": {"name": template.profile.name},
        "resource_group": resource_group_reference(vpc.resource_group),
        "vpc": {"id": vpc.id},
        "zone": {"name": zone.name},
    }
    if template.metadata_service is not None:
        body["metadata_service"] = dict(template.metadata_service)
    if template.default_profile is not None:
        target = {"id": template.default_profile}
        body["default_trusted_profile"] = {"auto_link": False, "target": target}
    if template.user_data is not None:
        body["user_data"] = template.user_data
    return body


def instance_group_body(group: InstanceGroup, members: int) -> Body:
    """An instance group that has as many members as it should."""
    created_at = timestamp(group.created_at)
    template = group.template
    return {
        "created_at": created_at,
        "crn": group.named.crn,
        "href": group.named.href,
        "id": group.id,
        "instance_template": _template_reference(template),
        "lifecycle_reasons": [],
        "lifecycle_state": "stable",
        "managers": [],
        "membership_count": members,
        "name": group.named.name,
        "resource_group": resource_group_reference(group.vpc.resource_group),
        "status": "healthy",
        "subnets": [subnet_reference(group.vpc, zone) for zone in group.zones],
        "updated_at": created_at,
        "vpc": vpc_reference(group.vpc),
    }


def membership_body(group: InstanceGroup, member: Instance) -> Body:
    """The membership of an instance, which was made for it and is deleted with it."""
    reference = membership_reference(member, group.named)
    created_at = timestamp(member.created_at)
    return {
        "created_at": created_at,
        "delete_instance_on_membership_delete": True,
        "href": reference["href"],
        "id": reference["id"],
        "instance": {
            "crn": member.crn,
            "href": instance_href(member),
            "id": member.id,
            "name": member.name,
        },
        "instance_template": _template_reference(group.template),
        "name": reference["name"],
        "status": "healthy",
        "updated_at": created_at,
    }


def _template_reference(template: InstanceTemplate) -> Body:
    return {
        "crn": template.crn,
        "href": template.href,
        "id": template.id,
        "name": template.name,
    }
