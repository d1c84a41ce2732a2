"""The JSON of the Metadata API: what the VPC API says of the same server, without addresses.

IBM's pages print some bodies and list the properties of others; platform notes, section 5.3. No
printed resource has an `href`. Attachments and virtual network interfaces, of which only paths are
documented, have the properties that the VPC API gives them.
"""

import base64
from datetime import datetime
from typing import Any

from vpcmetactl.emulator.clock import timestamp
from vpcmetactl.emulator.identifiers import derived_uuid
from vpcmetactl.emulator.vpc.bodies import instance_body, vpc_body
from vpcmetactl.emulator.vpc.initialization import initialization_body
from vpcmetactl.emulator.vpc.regions import DefaultTrustedProfile
from vpcmetactl.emulator.vpc.resources import Instance
from vpcmetactl.emulator.vpc.volumes import boot_volume_body

Body = dict[str, Any]

INSTANCE_PROPERTIES = (
    "availability_policy",
    "bandwidth",
    "boot_volume_attachment",
    "cluster_network_attachments",
    "confidential_compute_mode",
    "created_at",
    "crn",
    "dedicated_host",
    "disks",
    "enable_secure_boot",
    "gpu",
    "health_reasons",
    "health_state",
    "id",
    "image",
    "lifecycle_reasons",
    "lifecycle_state",
    "memory",
    "metadata_service",
    "name",
    "network_attachments",
    "network_interfaces",
    "numa_count",
    "placement_target",
    "primary_network_attachment",
    "primary_network_interface",
    "profile",
    "reservation",
    "reservation_affinity",
    "resource_type",
    "software_attachments",
    "startable",
    "status",
    "status_reasons",
    "total_network_bandwidth",
    "total_volume_bandwidth",
    "vcpu",
    "volume_attachments",
    "volume_bandwidth_qos_mode",
    "vpc",
    "zone",
)
"""Those of the VPC API that IBM's summary or change log of the Metadata API names.

That an instance shows its network attachments, which can be listed, is a guess.
"""


def instance_metadata(instance: Instance, now: datetime) -> Body:
    """An instance as it sees itself."""
    shown = instance_body(instance, now)
    body = {name: shown[name] for name in INSTANCE_PROPERTIES if name in shown}
    body["network_interfaces"] = [_addressed(one) for one in shown["network_interfaces"]]
    body["primary_network_interface"] = _addressed(shown["primary_network_interface"])
    return _without_addresses(body)


def initialization(
    instance: Instance, default_profile: DefaultTrustedProfile | None, user_data: str | None
) -> Body:
    """What an instance was given when it was made, the user data too, if it was given any."""
    body = _without_addresses(initialization_body(instance, default_profile))
    body["keys"] = [{**key, "resource_type": "key"} for key in body["keys"]]
    return body if user_data is None else {**body, "user_data": user_data}


def keys(instance: Instance, _now: datetime) -> list[Body]:
    """The SSH keys an instance was made with. What is public of them is invented."""
    (reference,) = _without_addresses(initialization_body(instance, None))["keys"]
    point = derived_uuid(reference["id"], "public key").replace("-", "").encode()
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + point
    made = {
        "created_at": timestamp(instance.vpc.created_at),
        "length": 256,
        "public_key": f"ssh-ed25519 {base64.b64encode(blob).decode()}",
        "resource_type": "key",
        "type": "ed25519",
    }
    return [{**reference, **made}]


def network_interfaces(instance: Instance, now: datetime) -> list[Body]:
    """The network interfaces of an instance."""
    shown = instance_body(instance, now)
    return [
        _without_addresses(
            {
                **_addressed(interface),
                "allow_ip_spoofing": False,
                "created_at": shown["created_at"],
                "floating_ips": [],
                "port_speed": shown["total_network_bandwidth"],
                "security_groups": _security_groups(instance),
                "status": "available",
                "type": "primary",
            }
        )
        for interface in shown["network_interfaces"]
    ]


def network_attachments(instance: Instance, now: datetime) -> list[Body]:
    """The network attachments of an instance."""
    shown = instance_body(instance, now)
    return [
        _without_addresses(
            {
                **attachment,
                "created_at": shown["created_at"],
                "lifecycle_state": "stable",
                "port_speed": shown["total_network_bandwidth"],
                "type": "primary",
            }
        )
        for attachment in shown["network_attachments"]
    ]


def virtual_network_interfaces(instance: Instance, now: datetime) -> list[Body]:
    """The virtual network interfaces whose target is an instance."""
    shown = instance_body(instance, now)
    return [
        _without_addresses(
            {
                **attachment["virtual_network_interface"],
                "allow_ip_spoofing": False,
                "auto_delete": True,
                "created_at": shown["created_at"],
                "enable_infrastructure_nat": True,
                "ips": [attachment["primary_ip"]],
                "lifecycle_state": "stable",
                "primary_ip": attachment["primary_ip"],
                "protocol_state_filtering_mode": "auto",
                "security_groups": _security_groups(instance),
                "subnet": attachment["subnet"],
                "target": {name: attachment[name] for name in ("id", "name", "resource_type")},
                "vpc": shown["vpc"],
                "zone": shown["zone"],
            }
        )
        for attachment in shown["network_attachments"]
    ]


def volume_attachments(instance: Instance, now: datetime) -> list[Body]:
    """The volume attachments of an instance: it has its boot volume and no other."""
    shown = instance_body(instance, now)
    volume = boot_volume_body(instance)
    (boot,) = volume["volume_attachments"]
    return [
        _without_addresses(
            {
                **attachment,
                "bandwidth": volume["bandwidth"],
                "created_at": shown["created_at"],
                "delete_volume_on_instance_delete": boot["delete_volume_on_instance_delete"],
                "status": "attached",
                "type": boot["type"],
            }
        )
        for attachment in shown["volume_attachments"]
    ]


def cluster_network_attachments(instance: Instance, now: datetime) -> list[Body]:
    """The cluster network attachments of an instance: none is emulated."""
    return list(instance_body(instance, now)["cluster_network_attachments"])


def software_attachments(instance: Instance, now: datetime) -> list[Body]:
    """The software attachments of an instance: none is emulated."""
    return list(instance_body(instance, now)["software_attachments"])


def placement_groups(instance: Instance, _now: datetime) -> list[Body]:
    """The placement group of an instance, if it is in one. Its strategy is invented."""
    group = instance.placement_group
    if group is None:
        return []
    return [
        {
            "created_at": timestamp(instance.vpc.created_at),
            "crn": group.crn,
            "id": group.id,
            "lifecycle_state": "stable",
            "name": group.name,
            "resource_type": group.resource_type,
            "strategy": "host_spread",
        }
    ]


def _addressed(interface: Body) -> Body:
    """An interface with its address as IBM's pages print it, beside the VPC API's own way."""
    return {**interface, "primary_ipv4_address": interface["primary_ip"]["address"]}


def _security_groups(instance: Instance) -> list[Body]:
    return [vpc_body(instance.vpc)["default_security_group"]]


def _without_addresses(body: Body) -> Body:
    return {key: _stripped(part) for key, part in body.items() if key != "href"}


def _stripped(part: object) -> object:
    match part:
        case dict():
            return _without_addresses(part)
        case list():
            return [_stripped(item) for item in part]
        case _:
            return part
