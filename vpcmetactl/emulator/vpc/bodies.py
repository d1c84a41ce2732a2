"""The JSON of the VPC API's resources, with every property the API requires and none it lacks.

Keys follow the API's own names. tests/conformance holds each body against IBM's strict models.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from vpcmetactl.emulator.clock import timestamp
from vpcmetactl.emulator.identifiers import derived_uuid
from vpcmetactl.emulator.vpc.catalog import (
    ZONES,
    InstanceProfile,
    OperatingSystem,
    Zone,
    endpoint,
    region_prefix,
)
from vpcmetactl.emulator.vpc.networking import network
from vpcmetactl.emulator.vpc.resources import (
    BareMetalServer,
    Instance,
    MetadataService,
    Named,
    ResourceGroup,
    Vpc,
)
from vpcmetactl.emulator.vpc.statuses import REASONS, Step

Body = dict[str, Any]


def region_body(name: str, status: str) -> Body:
    """A region."""
    return {
        "endpoint": endpoint(name),
        "href": f"{endpoint(name)}/v1/regions/{name}",
        "name": name,
        "status": status,
    }


def zone_reference(zone: Zone) -> Body:
    """A zone, as resources in it name it."""
    return {
        "href": f"{endpoint(zone.region)}/v1/regions/{zone.region}/zones/{zone.name}",
        "name": zone.name,
    }


def resource_group_reference(group: ResourceGroup) -> Body:
    """A resource group, as its members name it."""
    return {
        "href": f"https://resource-controller.cloud.ibm.com/v2/resource_groups/{group.id}",
        "id": group.id,
        "name": group.name,
    }


def named_reference(named: Named) -> Body:
    """Another resource, as servers name it."""
    return {
        "crn": named.crn,
        "href": named.href,
        "id": named.id,
        "name": named.name,
        "resource_type": named.resource_type,
    }


def vpc_reference(vpc: Vpc) -> Body:
    """A VPC, as resources in it name it."""
    return {
        "crn": vpc.crn,
        "href": vpc.href,
        "id": vpc.id,
        "name": vpc.name,
        "resource_type": "vpc",
    }


def vpc_body(vpc: Vpc) -> Body:
    """A VPC."""
    return {
        "classic_access": vpc.classic_access,
        "created_at": timestamp(vpc.created_at),
        "crn": vpc.crn,
        "cse_source_ips": [
            {"ip": {"address": f"10.22.{number}.17"}, "zone": zone_reference(zone)}
            for number, zone in enumerate(ZONES[vpc.region], 40)
        ],
        "default_network_acl": _vpc_default(vpc, "network-acl", "network_acls"),
        "default_routing_table": {
            **_vpc_default(vpc, "routing-table", f"vpcs/{vpc.id}/routing_tables"),
            "resource_type": "routing_table",
        },
        "default_security_group": _vpc_default(vpc, "security-group", "security_groups"),
        "dns": {
            "enable_hub": False,
            "resolution_binding_count": 0,
            "resolver": {
                "servers": [{"address": "161.26.0.10"}, {"address": "161.26.0.11"}],
                "type": "system",
                "configuration": "default",
            },
        },
        "health_reasons": [],
        "health_state": "ok",
        "href": vpc.href,
        "id": vpc.id,
        "name": vpc.name,
        "public_address_ranges": [],
        "resource_group": resource_group_reference(vpc.resource_group),
        "resource_type": "vpc",
        "status": "available",
    }


def _vpc_default(vpc: Vpc, kind: str, collection: str) -> Body:
    """The network ACL, routing table or security group a VPC was created with."""
    identifier = f"{region_prefix(vpc.region)}-{derived_uuid(vpc.id, kind)}"
    return {
        "crn": f"crn:v1:bluemix:public:is:{vpc.region}:a/{vpc.account_id}::{kind}:{identifier}",
        "href": f"{endpoint(vpc.region)}/v1/{collection}/{identifier}",
        "id": identifier,
        "name": f"{vpc.name}-default-{kind}"[:63],
    }


def metadata_service_body(service: MetadataService) -> Body:
    """The metadata service of a server: bare metal has no hop limit."""
    body: Body = {"enabled": service.enabled, "protocol": service.protocol}
    if service.response_hop_limit is not None:
        body["response_hop_limit"] = service.response_hop_limit
    return body


def instance_body(instance: Instance, now: datetime) -> Body:
    """A virtual server instance as it is at a moment."""
    profile, zone = instance.profile, instance.zone
    step = instance.power.step(now)
    status = step.status
    href = instance_href(instance)
    boot = boot_volume_attachment(instance)
    total_volume_bandwidth = profile.bandwidth // 4
    return {
        "availability": {"class": instance.availability_class},
        "availability_policy": {"host_failure": "restart", "preemption": "stop"},
        "bandwidth": profile.bandwidth,
        "boot_volume_attachment": boot,
        "cluster_network_attachments": [],
        "confidential_compute_mode": "disabled",
        "created_at": timestamp(instance.created_at),
        "crn": instance.crn,
        "disks": _disks(instance, href, (("nvme", size) for size in profile.disks)),
        "enable_secure_boot": instance.enable_secure_boot,
        "health_reasons": [],
        "health_state": _health(step),
        "href": href,
        "id": instance.id,
        "image": image_reference(instance.zone.region, instance.operating_system),
        "lifecycle_reasons": [],
        "lifecycle_state": _lifecycle(status),
        "memory": profile.memory,
        "metadata_service": metadata_service_body(instance.metadata_service),
        "name": instance.name,
        **network(instance, href, "instance"),
        "profile": _profile_reference(zone, "instance", profile.name),
        "resource_group": resource_group_reference(instance.resource_group),
        "resource_type": "instance",
        "software_attachments": [],
        "startable": status == "stopped",
        "status": status,
        "status_reasons": _status_reasons(step),
        "threads_per_core": profile.threads_per_core,
        "total_network_bandwidth": profile.bandwidth - total_volume_bandwidth,
        "total_volume_bandwidth": total_volume_bandwidth,
        "vcpu": _vcpu(profile, status),
        "volume_attachments": [boot],
        "volume_bandwidth_qos_mode": "pooled",
        "vpc": vpc_reference(instance.vpc),
        "zone": zone_reference(zone),
        "reservation_affinity": _reservation_affinity(instance.reservation),
        **_optional_parts(instance, status),
    }


def _optional_parts(instance: Instance, status: str) -> Body:
    """What only some instances have; `numa_count` is absent unless running."""
    parts: Body = {}
    if status == "running":
        parts["numa_count"] = 1
    if instance.profile.gpu is not None:
        gpu = instance.profile.gpu
        parts["gpu"] = {
            "count": gpu.count,
            "manufacturer": gpu.manufacturer,
            "memory": gpu.memory,
            "model": gpu.model,
        }
    if instance.instance_group is not None:
        parts["instance_group_membership"] = membership_reference(instance, instance.instance_group)
    placed = instance.dedicated_host or instance.placement_group
    if placed is not None:
        parts["placement_target"] = named_reference(placed)
    for name in ("dedicated_host", "reservation", "cluster_network"):
        named: Named | None = getattr(instance, name)
        if named is not None:
            parts[name] = named_reference(named)
    return parts


def _health(step: Step) -> str:
    return "inapplicable" if step.status in {"deleting", "failed"} else step.health


def _status_reasons(step: Step) -> list[Body]:
    if step.reason is None:
        return []
    return [{"code": step.reason, "message": REASONS[step.reason]}]


def _lifecycle(status: str) -> str:
    return status if status in {"deleting", "failed", "pending"} else "stable"


def _vcpu(profile: InstanceProfile, status: str) -> Body:
    manufacturer = profile.manufacturer if status != "stopped" else "unassigned"
    return {
        "architecture": profile.architecture,
        "count": profile.vcpus,
        "manufacturer": manufacturer,
        "percentage": 100,
    }


def _profile_reference(zone: Zone, kind: str, name: str) -> Body:
    return {
        "href": f"{endpoint(zone.region)}/v1/{kind}/profiles/{name}",
        "name": name,
        "resource_type": f"{kind}_profile",
    }


def _reservation_affinity(reservation: Named | None) -> Body:
    if reservation is None:
        return {"policy": "disabled", "pool": []}
    return {"policy": "manual", "pool": [named_reference(reservation)]}


def instance_href(instance: Instance) -> str:
    """The address of an instance, as the platform prints it."""
    return f"{endpoint(instance.zone.region)}/v1/instances/{instance.id}"


def boot_volume_attachment(instance: Instance) -> Body:
    """The attachment of the boot volume, as the instance shows it."""
    identifier = f"{instance.zone.prefix}-{derived_uuid(instance.id, 'boot attachment')}"
    return {
        "device": {"id": f"{identifier}-{identifier[-5:]}"},
        "href": f"{instance_href(instance)}/volume_attachments/{identifier}",
        "id": identifier,
        "name": "boot-volume-attachment",
        "volume": {
            "crn": boot_volume_crn(instance),
            "href": f"{endpoint(instance.zone.region)}/v1/volumes/{instance.boot_volume_id}",
            "id": instance.boot_volume_id,
            "name": boot_volume_name(instance),
            "resource_type": "volume",
        },
    }


def boot_volume_crn(instance: Instance) -> str:
    """The CRN of an instance's boot volume."""
    scope = f"{instance.zone.name}:a/{instance.vpc.account_id}"
    return f"crn:v1:bluemix:public:is:{scope}::volume:{instance.boot_volume_id}"


def boot_volume_name(instance: Instance) -> str:
    """The name of an instance's boot volume, within the API's 63 characters."""
    return f"{instance.name[:58]}-boot"


def _disks(
    server: Instance | BareMetalServer, href: str, disks: Iterable[tuple[str, int]]
) -> list[Body]:
    """The disks of these interfaces and sizes, in gigabytes."""
    resource_type = "instance" if isinstance(server, Instance) else "bare_metal_server"
    return [
        {
            "created_at": timestamp(server.created_at),
            "href": f"{href}/disks/{identifier}",
            "id": identifier,
            "interface_type": interface,
            "name": f"disk-{number}",
            "resource_type": f"{resource_type}_disk",
            "size": size,
        }
        for number, (interface, size) in enumerate(disks)
        for identifier in [f"{server.zone.prefix}-{derived_uuid(server.id, f'disk {number}')}"]
    ]


def image_reference(region: str, system: OperatingSystem) -> Body:
    """The image of an operating system, as what is made from it names it."""
    identifier = f"{region_prefix(region)}-{derived_uuid(region, system.name)}"
    return {
        "crn": f"crn:v1:bluemix:public:is:{region}:a/811f8abfbd32425597dc7ba40da98fa6::image:"
        f"{identifier}",
        "href": f"{endpoint(region)}/v1/images/{identifier}",
        "id": identifier,
        "name": f"ibm-{system.name}-2",
        "resource_type": "image",
    }


def membership_reference(instance: Instance, group: Named) -> Body:
    """A membership of an instance group, as the member names it."""
    identifier = f"{region_prefix(instance.zone.region)}-{derived_uuid(instance.id, 'membership')}"
    return {
        "href": f"{group.href}/memberships/{identifier}",
        "id": identifier,
        "instance_group": {
            "crn": group.crn,
            "href": group.href,
            "id": group.id,
            "name": group.name,
        },
        "name": f"membership-{identifier[-12:]}",
    }


def bare_metal_server_body(server: BareMetalServer, now: datetime) -> Body:
    """A bare metal server as it is at a moment."""
    profile, zone = server.profile, server.zone
    step = server.power.step(now)
    status = step.status
    href = f"{endpoint(zone.region)}/v1/bare_metal_servers/{server.id}"
    disks = _disks(server, href, profile.disks)
    disks[0]["allowed_use"] = {"api_version": "2026-06-23", "bare_metal_server": "true"}
    body = {
        "bandwidth": profile.bandwidth,
        "boot_target": {key: disks[0][key] for key in ("href", "id", "name", "resource_type")},
        "cpu": {
            "architecture": "amd64",
            "core_count": profile.cores,
            "socket_count": profile.sockets,
            "threads_per_core": 2,
        },
        "created_at": timestamp(server.created_at),
        "crn": server.crn,
        "disks": disks,
        "enable_secure_boot": server.enable_secure_boot,
        "firmware": {"update": "none"},
        "health_reasons": [],
        "health_state": _health(step),
        "href": href,
        "id": server.id,
        "lifecycle_reasons": [],
        "lifecycle_state": _lifecycle(status),
        "memory": profile.memory,
        "metadata_service": metadata_service_body(server.metadata_service),
        "name": server.name,
        **network(server, href, "bare_metal_server"),
        "profile": _profile_reference(zone, "bare_metal_server", profile.name),
        "reservation_affinity": _reservation_affinity(server.reservation),
        "resource_group": resource_group_reference(server.resource_group),
        "resource_type": "bare_metal_server",
        "status": status,
        "status_reasons": _status_reasons(step),
        "trusted_platform_module": {
            "enabled": False,
            "mode": "disabled",
            "supported_modes": ["disabled", "tpm_2"],
        },
        "vpc": vpc_reference(server.vpc),
        "zone": zone_reference(zone),
    }
    if server.reservation is not None:
        body["reservation"] = named_reference(server.reservation)
    return body
