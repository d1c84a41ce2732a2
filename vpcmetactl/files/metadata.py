"""Changes of the metadata service, from and to their shapes.

A file tells some things twice, for reading: which fields change, and what was asked for. They are
derived from ``before`` and ``after`` here, and where a file says anything else it is refused. So
what is sent is always what is shown.
"""

from collections.abc import Sequence

import msgspec

from vpcmetactl.domain.metadata_plans import patched
from vpcmetactl.domain.plans import FieldChange, MetadataChange, MetadataServicePatch
from vpcmetactl.domain.servers import MetadataService, Protocol, ServerIdentity, ServerKind
from vpcmetactl.files import shapes
from vpcmetactl.files.notes import note_shapes, notes_from
from vpcmetactl.files.servers import ContradictionError, server_shape

_HOP_LIMITS = range(1, 65)


def metadata_shape(change: MetadataChange) -> shapes.ChangeShape:
    """Return a change as a file holds it; a ValueError where its parts are at odds."""
    fields = _differences(change.before, change.after)
    if fields != change.fields or _patch_of(fields) != change.patch:
        raise ValueError(f"a change of {change.server.id} sends something else than it shows")
    return shapes.ChangeShape(
        server=server_shape(change.server),
        before=service_shape(change.before),
        after=service_shape(change.after),
        fields=tuple(_field_shape(field) for field in fields),
        notes=note_shapes(change.notes),
    )


def metadata_from(
    shape: shapes.ChangeShape, server: ServerIdentity, asked: MetadataServicePatch | None
) -> MetadataChange:
    """Return the change that a file holds; raises ContradictionError.

    ``asked`` is what the plan asks for, ``None`` where each server gets its own values.
    """
    change = _change_from(shape, server)
    if asked is not None and change.after != _expected(asked, change):
        raise ContradictionError(f"the change of server {server.id} is not what the patch asks for")
    return change


def service_shape(service: MetadataService) -> shapes.MetadataService:
    """Return a metadata service as a file holds it."""
    return shapes.MetadataService(service.enabled, service.protocol, service.response_hop_limit)


def service_from(shape: shapes.MetadataService) -> MetadataService:
    """Return the metadata service that a file holds."""
    return MetadataService(shape.enabled, shape.protocol, shape.response_hop_limit)


def _change_from(shape: shapes.ChangeShape, server: ServerIdentity) -> MetadataChange:
    before, after = service_from(shape.before), service_from(shape.after)
    fields = _differences(before, after)
    if not _tell(shape.fields, fields):
        raise ContradictionError(f"the fields of server {server.id} are not those that change")
    try:
        patch = _patch_of(fields)
    except ValueError as error:
        raise ContradictionError(f"server {server.id} cannot have {error}") from None
    if patch.response_hop_limit is not None and server.kind is ServerKind.BARE_METAL_SERVER:
        raise ContradictionError(f"server {server.id} is bare metal: it has no response_hop_limit")
    return MetadataChange(server, before, after, patch, fields, notes_from(shape.notes))


def _tell(shown: Sequence[shapes.FieldChange], fields: Sequence[FieldChange]) -> bool:
    """Compare with types: in Python 1 equals true, and in a file it does not."""
    return repr([msgspec.structs.astuple(field) for field in shown]) == repr(
        [(field.field, field.before, field.after) for field in fields]
    )


def _expected(patch: MetadataServicePatch, change: MetadataChange) -> MetadataService:
    if change.server.kind is ServerKind.BARE_METAL_SERVER:
        patch = MetadataServicePatch(enabled=patch.enabled, protocol=patch.protocol)
    return patched(change.before, patch)


def _differences(before: MetadataService, after: MetadataService) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(name, old, new)
        for name, old, new in (
            ("enabled", before.enabled, after.enabled),
            ("protocol", before.protocol, after.protocol),
            ("response_hop_limit", before.response_hop_limit, after.response_hop_limit),
        )
        if new != old
    )


def _patch_of(fields: Sequence[FieldChange]) -> MetadataServicePatch:
    """Return what to send; raises ValueError where no server could be told so."""
    values = {field.field: field.after for field in fields}
    for name, value in values.items():
        if value is None:
            raise ValueError(f"no {name}")
    protocol, limit = values.get("protocol"), values.get("response_hop_limit")
    if limit is not None and limit not in _HOP_LIMITS:
        raise ValueError(f"response_hop_limit {limit}")
    if protocol is not None and protocol not in tuple(Protocol):
        raise ValueError(f"protocol {protocol!r}")
    enabled = values.get("enabled")
    return MetadataServicePatch(
        enabled=None if enabled is None else bool(enabled),
        protocol=None if protocol is None else Protocol(protocol),
        response_hop_limit=None if limit is None else int(limit),
    )


def _field_shape(field: FieldChange) -> shapes.FieldChange:
    if field.after is None:
        raise ValueError(f"no server can have no {field.field}")
    return shapes.FieldChange(field.field, field.before, field.after)
