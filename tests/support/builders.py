"""Servers for tests: well-formed, and everything that a test does not name is the same each time.

Ids follow from kind and name, so that ``an_instance("web-1").id`` can be used without keeping it.
"""

import uuid
from typing import TypedDict, Unpack

from vpcmetactl.domain.servers import (
    BareMetalServer,
    Disk,
    Instance,
    MetadataService,
    Reference,
    StatusReason,
)

ACCOUNT = "5f2b8b0a3c4d4e5f8a9b0c1d2e3f4a5b"
OFF = MetadataService(enabled=False, protocol="http", response_hop_limit=1)
ON = MetadataService(enabled=True, protocol="http", response_hop_limit=1)
ON_HTTPS = MetadataService(enabled=True, protocol="https", response_hop_limit=1)
OFF_BARE_METAL = MetadataService(enabled=False, protocol="http")
RESOURCE_GROUP = Reference(id="fee82deba12e4c0fb69c3b09d1f12345", name="Default")

_NAMESPACE = uuid.UUID("6d4f5b1e-6f0f-4a53-9a5e-0c1a6f1a2b3c")


class ServerFields(TypedDict, total=False):
    """The fields that a test may set on a server of either kind."""

    id: str
    crn: str | None
    account_id: str | None
    region: str
    zone: str | None
    status: str | None
    status_reasons: tuple[StatusReason, ...] | None
    lifecycle_state: str | None
    health_state: str | None
    vpc: Reference | None
    resource_group: Reference | None
    profile: str | None
    architecture: str | None
    created_at: str | None
    disks: tuple[Disk, ...] | None
    metadata_service: MetadataService | None
    tags: tuple[str, ...] | None


class InstanceFields(ServerFields, total=False):
    """The fields that a test may set on an instance."""

    availability_class: str | None
    boot_volume: Reference | None
    instance_group: Reference | None
    dedicated_host: Reference | None
    gpu_count: int | None
    has_reserved_ip: bool | None
    etag: str | None


def a_server_id(name: str) -> str:
    """Return the id that a server of this name gets: two zone digits and more, then a UUID."""
    return f"0717_{uuid.uuid5(_NAMESPACE, name)}"


def a_vpc(name: str = "prod") -> Reference:
    """Return a VPC; its id and CRN follow from its name."""
    vpc_id = f"r006-{uuid.uuid5(_NAMESPACE, 'vpc ' + name)}"
    return Reference(id=vpc_id, name=name, crn=_crn("us-south", "vpc", vpc_id))


def an_instance(name: str | None = "web-1", **fields: Unpack[InstanceFields]) -> Instance:
    """Return an instance that runs in us-south with its metadata service off.

    Zone and CRN follow from ``region``, the account from the CRN, unless they are given.
    """
    region = fields.get("region", "us-south")
    server_id = fields.get("id", a_server_id(f"instance {name}"))
    defaults: InstanceFields = {
        "id": server_id,
        "region": region,
        "crn": _crn(f"{region}-1", "instance", server_id),
        "account_id": ACCOUNT,
        "zone": f"{region}-1",
        "status": "running",
        "status_reasons": (),
        "lifecycle_state": "stable",
        "health_state": "ok",
        "vpc": a_vpc(),
        "resource_group": RESOURCE_GROUP,
        "profile": "bx2-2x8",
        "architecture": "amd64",
        "created_at": "2026-03-05T08:30:00Z",
        "disks": (),
        "metadata_service": OFF,
        "availability_class": "standard",
        "boot_volume": Reference(id=f"r006-{uuid.uuid5(_NAMESPACE, f'boot {name}')}", name="boot"),
    }
    merged: InstanceFields = {**defaults, **fields}
    return Instance(name=name, **merged)


def a_bare_metal_server(
    name: str | None = "metal-1", **fields: Unpack[ServerFields]
) -> BareMetalServer:
    """Return a bare metal server that runs in us-south with its metadata service off."""
    region = fields.get("region", "us-south")
    server_id = fields.get("id", a_server_id(f"bare metal {name}"))
    defaults: ServerFields = {
        "id": server_id,
        "region": region,
        "crn": _crn(f"{region}-1", "bare-metal-server", server_id),
        "account_id": ACCOUNT,
        "zone": f"{region}-1",
        "status": "running",
        "status_reasons": (),
        "lifecycle_state": "stable",
        "health_state": "ok",
        "vpc": a_vpc(),
        "resource_group": RESOURCE_GROUP,
        "profile": "bx2d-metal-96x384",
        "architecture": "amd64",
        "created_at": "2026-03-05T08:30:00Z",
        "disks": (),
        "metadata_service": OFF_BARE_METAL,
    }
    merged: ServerFields = {**defaults, **fields}
    return BareMetalServer(name=name, **merged)


def _crn(location: str, resource_type: str, resource_id: str) -> str:
    return f"crn:v1:bluemix:public:is:{location}:a/{ACCOUNT}::{resource_type}:{resource_id}"
