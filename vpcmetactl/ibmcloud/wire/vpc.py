"""The VPC API's bodies, as far as we read them, and what they mean in our vocabulary.

Every field may be absent or ``null`` except ``id``: recorded answers of the real API lack fields
that its documentation requires. Enumerations are plain strings, for they may grow. Leaves that have
the domain's shape are decoded straight into its classes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from vpcmetactl.domain.identifiers import account_of_crn
from vpcmetactl.domain.plans import MetadataServicePatch
from vpcmetactl.domain.selection import ApiFilters
from vpcmetactl.domain.servers import (
    BareMetalServer,
    Disk,
    Instance,
    MetadataService,
    Reference,
    Region,
    Server,
    ServerKind,
    StatusReason,
)
from vpcmetactl.ibmcloud.wire.tolerant import (
    Id,
    NotAsDocumentedError,
    decode_items,
    decode_object,
)
from vpcmetactl.usecases.ports import PageQuery, ServerPage, Unreadable


class Body(msgspec.Struct, gc=False):
    """Part of a body: a tree without cycles, so that the garbage collector need not know it."""


class NamedBody(Body):
    """A zone or a profile, of which the name is all we need."""

    name: str | None = None


class ProcessorBody(Body):
    """``vcpu`` of an instance, ``cpu`` of a bare metal server."""

    architecture: str | None = None


class AvailabilityBody(Body):
    """``availability`` of an instance: standard or spot."""

    class_: str | None = msgspec.field(name="class", default=None)


class MembershipBody(Body):
    """``instance_group_membership`` of an instance."""

    instance_group: Reference | None = None


class AttachmentBody(Body):
    """``boot_volume_attachment`` of an instance."""

    volume: Reference | None = None


class GpuBody(Body):
    """``gpu`` of an instance; absent where its profile has none."""

    count: int | None = None


class IdBody(Body):
    """What is told by its id alone; a ``primary_ip`` that has one is a reserved IP."""

    id: str | None = None


class InterfaceBody(Body):
    """One of ``network_interfaces``, or the ``primary_network_interface``."""

    primary_ip: IdBody | None = None
    subnet: IdBody | None = None


class ServerBody(Body):
    """What instances and bare metal servers have in common."""

    id: Id
    crn: str | None = None
    name: str | None = None
    zone: NamedBody | None = None
    status: str | None = None
    status_reasons: tuple[StatusReason, ...] | None = None
    lifecycle_state: str | None = None
    health_state: str | None = None
    vpc: Reference | None = None
    resource_group: Reference | None = None
    profile: NamedBody | None = None
    created_at: str | None = None
    disks: tuple[Disk, ...] | None = None
    metadata_service: MetadataService | None = None


class InstanceBody(ServerBody):
    """An instance, as in ``GET /instances/{id}`` and in lists."""

    vcpu: ProcessorBody | None = None
    availability: AvailabilityBody | None = None
    boot_volume_attachment: AttachmentBody | None = None
    instance_group_membership: MembershipBody | None = None
    dedicated_host: Reference | None = None
    gpu: GpuBody | None = None
    # Beside a network attachment it is there too, and has the same address.
    primary_network_interface: InterfaceBody | None = None
    network_interfaces: list[InterfaceBody] | None = None


class BareMetalServerBody(ServerBody):
    """A bare metal server, as in ``GET /bare_metal_servers/{id}`` and in lists."""

    cpu: ProcessorBody | None = None


def instance_from_wire(body: InstanceBody, region: str, etag: str | None = None) -> Instance:
    """Translate an instance; ``etag`` comes from the header of a single GET."""
    zone, profile, vcpu = body.zone, body.profile, body.vcpu
    availability = body.availability
    boot, group = body.boot_volume_attachment, body.instance_group_membership
    return Instance(
        id=body.id,
        region=region,
        crn=body.crn,
        account_id=account_of_crn(body.crn),
        name=body.name,
        zone=zone.name if zone else None,
        status=body.status,
        status_reasons=body.status_reasons,
        lifecycle_state=body.lifecycle_state,
        health_state=body.health_state,
        vpc=body.vpc,
        resource_group=body.resource_group,
        profile=profile.name if profile else None,
        architecture=vcpu.architecture if vcpu else None,
        created_at=body.created_at,
        disks=body.disks,
        metadata_service=body.metadata_service,
        availability_class=availability.class_ if availability else None,
        boot_volume=boot.volume if boot else None,
        instance_group=group.instance_group if group else None,
        dedicated_host=body.dedicated_host,
        gpu_count=body.gpu.count if body.gpu else None,
        has_reserved_ip=_has_reserved_ip(body),
        subnet_ids=_subnet_ids(body),
        etag=etag,
    )


def _has_reserved_ip(body: InstanceBody) -> bool | None:
    """Tell whether the primary address is a reserved IP; ``None`` where none is told.

    Before 2022 addresses were no reserved IPs, and told in another way (platform notes 1.2).
    """
    primary = body.primary_network_interface
    if primary is None or primary.primary_ip is None:
        return None
    return primary.primary_ip.id is not None


def _subnet_ids(body: InstanceBody) -> tuple[str, ...] | None:
    """Return each subnet that the instance is in, once; ``None`` where one is not told."""
    interfaces = body.network_interfaces
    if interfaces is None:
        return None
    ids = [one.subnet.id for one in interfaces if one.subnet and one.subnet.id]
    return tuple(dict.fromkeys(ids)) if len(ids) == len(interfaces) else None


def bare_metal_server_from_wire(
    body: BareMetalServerBody,
    region: str,
    etag: str | None = None,  # noqa: ARG001 - they have none (platform notes 1.1)
) -> BareMetalServer:
    """Translate a bare metal server."""
    return BareMetalServer(
        id=body.id,
        region=region,
        crn=body.crn,
        account_id=account_of_crn(body.crn),
        name=body.name,
        zone=body.zone.name if body.zone else None,
        status=body.status,
        status_reasons=body.status_reasons,
        lifecycle_state=body.lifecycle_state,
        health_state=body.health_state,
        vpc=body.vpc,
        resource_group=body.resource_group,
        profile=body.profile.name if body.profile else None,
        architecture=body.cpu.architecture if body.cpu else None,
        created_at=body.created_at,
        disks=body.disks,
        metadata_service=body.metadata_service,
    )


class NextBody(Body):
    """Where the next page is."""

    href: str | None = None


class InstancesBody(Body):
    """A page of instances."""

    items: list[InstanceBody] = msgspec.field(name="instances")
    next: NextBody | None = None
    total_count: int | None = None


class BareMetalServersBody(Body):
    """A page of bare metal servers."""

    items: list[BareMetalServerBody] = msgspec.field(name="bare_metal_servers")
    next: NextBody | None = None
    total_count: int | None = None


def filters_to_wire(filters: ApiFilters, kind: ServerKind) -> Mapping[str, str | None]:
    """Return the SDK's arguments for filters; bare metal is in no instance group."""
    arguments = {
        "name": filters.name,
        "vpc_id": filters.vpc_id,
        "vpc_name": filters.vpc_name,
        "vpc_crn": filters.vpc_crn,
        "resource_group_id": filters.resource_group_id,
    }
    if kind is ServerKind.INSTANCE:
        of_group = "instance_group_membership_instance_group"
        arguments[f"{of_group}_id"] = filters.instance_group_id
        arguments[f"{of_group}_crn"] = filters.instance_group_crn
    return arguments


@dataclass(frozen=True, slots=True)
class _Shape:
    """How the bodies of one kind of server look."""

    items: str
    page: msgspec.json.Decoder[Any]
    item: type
    translate: Callable[[Any, str, str | None], Server]


_SHAPES = {
    ServerKind.INSTANCE: _Shape(
        "instances", msgspec.json.Decoder(InstancesBody), InstanceBody, instance_from_wire
    ),
    ServerKind.BARE_METAL_SERVER: _Shape(
        "bare_metal_servers",
        msgspec.json.Decoder(BareMetalServersBody),
        BareMetalServerBody,
        bare_metal_server_from_wire,
    ),
}


def page_from_wire(body: bytes, query: PageQuery, limit: int) -> ServerPage:
    """Read a page of servers.

    Raises NotAsDocumentedError where the list itself, or the way to the next page, is not as
    documented: what follows would be missing without anybody noticing.
    """
    shape = _SHAPES[query.kind]
    unreadable: list[Unreadable] = []
    items: Iterable[Any]
    try:
        page = shape.page.decode(body)
        items, following, total = page.items, page.next, page.total_count
    except (msgspec.ValidationError, UnicodeDecodeError):
        rough = _members(body)
        items = decode_items(_raw_items(rough, shape.items), shape.item, unreadable)
        following = _documented(rough.get("next"), NextBody, "next")
        total = _total(rough.get("total_count"))
    translate, region = shape.translate, query.region
    return ServerPage(
        query=query,
        servers=[translate(item, region, None) for item in items],
        next_start=start_of(following),
        total_count=total,
        limit=limit,
        unreadable=unreadable,
    )


def server_from_wire(body: bytes, kind: ServerKind, region: str, etag: str | None) -> Server:
    """Read a body that is one server; fields that are not as documented are ``None``."""
    shape = _SHAPES[kind]
    item: Any = decode_object(body, shape.item)[0]
    return shape.translate(item, region, etag)


class RegionBody(Body):
    """A region in ``GET /regions``."""

    name: Id
    status: str | None = None


class RegionsBody(Body):
    """The answer of ``GET /regions``, which has no pages."""

    regions: list[RegionBody]


_REGIONS = msgspec.json.Decoder(RegionsBody)


def regions_from_wire(body: bytes) -> Sequence[Region]:
    """Read the list of regions."""
    return [Region(region.name, region.status) for region in _REGIONS.decode(body).regions]


class VpcsBody(Body):
    """A page of VPCs."""

    vpcs: list[Reference]
    next: NextBody | None = None


_VPCS = msgspec.json.Decoder(VpcsBody)


def vpcs_from_wire(body: bytes) -> tuple[Sequence[Reference], str | None]:
    """Read a page of VPCs, and the token that the next page starts at."""
    page = _VPCS.decode(body)
    return page.vpcs, start_of(page.next)


def patch_to_wire(patch: MetadataServicePatch) -> Mapping[str, Mapping[str, bool | str | int]]:
    """Return the merge patch that sets what is set in ``patch`` and leaves the rest alone."""
    fields = {
        "enabled": patch.enabled,
        "protocol": None if patch.protocol is None else patch.protocol.value,
        "response_hop_limit": patch.response_hop_limit,
    }
    return {"metadata_service": {name: v for name, v in fields.items() if v is not None}}


def start_of(following: NextBody | None) -> str | None:
    """Take the token out of ``next.href``, which lacks version and generation (notes 1.3)."""
    if following is None:
        return None
    with suppress(KeyError, ValueError):
        return parse_qs(urlsplit(following.href or "").query)["start"][0]
    raise NotAsDocumentedError("the address of the next page names no start")


_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _members(body: bytes) -> Mapping[str, msgspec.Raw]:
    try:
        return _MEMBERS.decode(body)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise NotAsDocumentedError(f"no page: {error}") from error


def _raw_items(members: Mapping[str, msgspec.Raw], name: str) -> list[msgspec.Raw]:
    if name not in members:
        raise NotAsDocumentedError(f"a page without {name}")
    return _documented(members[name], list[msgspec.Raw], name) or []


def _documented(raw: msgspec.Raw | None, kind: Any, name: str) -> Any:  # noqa: ANN401 - any type
    try:
        return None if raw is None else msgspec.json.decode(raw, type=kind | None)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise NotAsDocumentedError(f"{name} is not as documented: {error}") from error


def _total(raw: msgspec.Raw | None) -> int | None:
    """A count that makes no sense is as good as none: it is only compared with what was read."""
    try:
        return _documented(raw, int, "total_count")  # type: ignore[no-any-return]
    except NotAsDocumentedError:
        return None
