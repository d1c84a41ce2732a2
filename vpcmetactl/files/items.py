"""Changes and skips, from and to their shapes.

A file tells some things twice, for reading: which fields change, and what was asked for. They are
derived from ``before`` and ``after`` here, and where a file says anything else it is refused. So
what is sent is always what is shown.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar, assert_never

import msgspec

from vpcmetactl.domain.plans import (
    Action,
    Change,
    FieldChange,
    MetadataServicePatch,
    Note,
    PlanItem,
    Skip,
    patched,
)
from vpcmetactl.domain.servers import MetadataService, Protocol, ServerIdentity, ServerKind
from vpcmetactl.files import shapes
from vpcmetactl.files.shapes import ChangeShape, SkipShape

ItemShape = ChangeShape | SkipShape

T = TypeVar("T")

_HOP_LIMITS = range(1, 65)


class ContradictionError(Exception):
    """A file says two things that cannot both be so, or one that cannot be; ``str`` says which."""


def change_shape(change: Change) -> ChangeShape:
    """Return a change as a file holds it; a ValueError where its parts are at odds."""
    fields = _differences(change.before, change.after)
    if fields != change.fields or _patch_of(fields) != change.patch:
        raise ValueError(f"a change of {change.server.id} sends something else than it shows")
    return ChangeShape(
        server=_server_shape(change.server),
        before=service_shape(change.before),
        after=service_shape(change.after),
        fields=tuple(_field_shape(field) for field in fields),
        notes=tuple(shapes.Note(note.code, note.message) for note in change.notes),
    )


def skip_shape(skip: Skip) -> SkipShape:
    """Return a skip as a file holds it."""
    return SkipShape(_server_shape(skip.server), skip.reason, skip.message, skip.refused)


def item_shape(item: PlanItem) -> ItemShape:
    """Return an item of a plan as a file holds it."""
    return change_shape(item) if isinstance(item, Change) else skip_shape(item)


def service_shape(service: MetadataService) -> shapes.MetadataService:
    """Return a metadata service as a file holds it."""
    return shapes.MetadataService(service.enabled, service.protocol, service.response_hop_limit)


def service_from(shape: shapes.MetadataService) -> MetadataService:
    """Return the metadata service that a file holds."""
    return MetadataService(shape.enabled, shape.protocol, shape.response_hop_limit)


def patch_shape(patch: MetadataServicePatch) -> shapes.Patch:
    """Return what was asked for as a file holds it."""
    return shapes.Patch(patch.enabled, patch.protocol, patch.response_hop_limit)


def patch_from(action: Action, shape: shapes.Patch) -> MetadataServicePatch:
    """Return what was asked for; raises ContradictionError where the action asks for else."""
    patch = MetadataServicePatch(shape.enabled, shape.protocol, shape.response_hop_limit)
    if not _is_asked_by(action, patch):
        raise ContradictionError(f"the patch is not one of the action {action.value!r}")
    return patch


def _is_asked_by(action: Action, patch: MetadataServicePatch) -> bool:
    match action:
        case Action.ENABLE:
            return patch.enabled is True
        case Action.DISABLE:
            return patch == MetadataServicePatch(enabled=False)
        case Action.SET:
            return patch.enabled is None and not patch.is_empty
        case Action.RESTORE:
            return patch.is_empty
        case _:
            assert_never(action)


def items_from(
    shaped: Sequence[ItemShape], action: Action, patch: MetadataServicePatch
) -> tuple[PlanItem, ...]:
    """Return the items of a plan; raises ContradictionError, naming the item."""
    refuse_twice((shape.server.id for shape in shaped), "server")
    return tuple(_item_from(shape, action, patch) for shape in shaped)


def refuse_twice(names: Iterable[str], what: str) -> None:
    """Raise ContradictionError where a name comes twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ContradictionError(f"{what} {name} is in it twice")
        seen.add(name)


def _item_from(shape: ItemShape, action: Action, patch: MetadataServicePatch) -> PlanItem:
    server = _server_from(shape.server)
    if isinstance(shape, SkipShape):
        return Skip(server, shape.reason, shape.message, shape.refused)
    change = _change_from(shape, server)
    if action is not Action.RESTORE and change.after != _asked(patch, change):
        raise ContradictionError(f"the change of server {server.id} is not what the patch asks for")
    return change


def _change_from(shape: ChangeShape, server: ServerIdentity) -> Change:
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
    notes = tuple(Note(note.code, note.message) for note in shape.notes)
    return Change(server, before, after, patch, fields, notes)


def _tell(shown: Sequence[shapes.FieldChange], fields: Sequence[FieldChange]) -> bool:
    """Compare with types: in Python 1 equals true, and in a file it does not."""
    return repr([msgspec.structs.astuple(field) for field in shown]) == repr(
        [(field.field, field.before, field.after) for field in fields]
    )


def _asked(patch: MetadataServicePatch, change: Change) -> MetadataService:
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


def _server_shape(server: ServerIdentity) -> shapes.ServerIdentity:
    return shapes.ServerIdentity(
        kind=server.kind,
        id=server.id,
        # Files are strict about CRNs; an API that was not must not stop a whole plan.
        crn=server.crn if server.crn and _names(server.crn, server.id) else None,
        name=server.name,
        account_id=server.account_id,
        region=server.region,
    )


def _server_from(shape: shapes.ServerIdentity) -> ServerIdentity:
    if shape.crn is not None and not _names(shape.crn, shape.id):
        raise ContradictionError(f"the CRN of server {shape.id} names another one")
    return ServerIdentity(
        kind=shape.kind,
        id=shape.id,
        crn=shape.crn,
        name=shape.name,
        account_id=shape.account_id,
        region=shape.region,
    )


def _names(crn: str, server_id: str) -> bool:
    return crn.startswith("crn:") and crn.rpartition(":")[2] == server_id
