"""Planning changes of metadata services, and planning to take them back."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vpcmetactl.domain.plans import (
    Action,
    FieldChange,
    MetadataChange,
    MetadataServicePatch,
    Note,
    NoteCode,
    Plan,
    PlanItem,
    Skip,
    SkipReason,
)
from vpcmetactl.domain.servers import (
    BareMetalServer,
    MetadataService,
    Protocol,
    Server,
    Support,
)


def plan_metadata(
    action: Action,
    patch: MetadataServicePatch,
    servers: Sequence[Server],
    *,
    named: bool,
) -> Plan:
    """Decide what ``patch`` means for each server.

    ``named`` says that the user named each server: what one of them cannot have is then refused,
    while in a selection it is skipped. Planning what is already so gives no change.
    """
    ordered = sorted(servers, key=lambda server: (server.region, server.name or "", server.id))
    return Plan(action, patch, tuple(_plan_one(patch, server, named=named) for server in ordered))


def _plan_one(patch: MetadataServicePatch, server: Server, *, named: bool) -> PlanItem:
    obstacle = _obstacle(patch, server, named=named)
    if obstacle is not None:
        return obstacle
    before = server.metadata
    fitting = _fitting(patch, server)
    changed = tuple(
        FieldChange(field, old, new)
        for field, old, new in (
            ("enabled", before.enabled, fitting.enabled),
            ("protocol", before.protocol, fitting.protocol and fitting.protocol.value),
            ("response_hop_limit", before.response_hop_limit, fitting.response_hop_limit),
        )
        if new is not None and new != old
    )
    if not changed:
        return Skip(server.identity, SkipReason.ALREADY_SO, _already_so(patch, before))
    after = {change.field: change.after for change in changed}
    return MetadataChange(
        server=server.identity,
        before=before,
        after=patched(before, fitting),
        patch=MetadataServicePatch(
            enabled=fitting.enabled if "enabled" in after else None,
            protocol=fitting.protocol if "protocol" in after else None,
            response_hop_limit=fitting.response_hop_limit
            if "response_hop_limit" in after
            else None,
        ),
        fields=changed,
        notes=tuple(_notes(patch, server, fitting)),
    )


def _already_so(asked: MetadataServicePatch, present: MetadataService) -> str:
    if asked.enabled and asked.protocol is None and present.protocol == Protocol.HTTP:
        return "already so, over http; --protocol https is what IBM advises"
    return "already so"


def invert_plan(changes: Sequence[MetadataChange], servers: Sequence[Server] | None = None) -> Plan:
    """Plan to give servers back the values that changes took from them.

    With ``servers``, as they are now, only what still has the value that was set is restored; the
    rest is refused, each with its reason. Without, that shows when the plan is applied.
    """
    present = None if servers is None else {(s.region, s.id): s for s in servers}
    items = [_inverted(change, present) for change in changes]
    return Plan(Action.RESTORE, MetadataServicePatch(), tuple(items))


def _inverted(change: MetadataChange, present: Mapping[tuple[str, str], Server] | None) -> PlanItem:
    who = change.server
    fields = tuple(FieldChange(f.field, before=f.after, after=f.before) for f in change.fields)
    if any(field.after is None for field in fields):
        return Skip(who, SkipReason.NOT_REPORTED, "its value before is not known", refused=True)
    if change.before.protocol not in (None, *Protocol):
        message = f"its protocol before, {change.before.protocol}, is none that can be set"
        return Skip(who, SkipReason.NOT_REPORTED, message, refused=True)
    if present is not None:
        server = present.get((who.region, who.id))
        if server is None:
            return Skip(who, SkipReason.GONE, "is no longer there", refused=True)
        found = [getattr(server.metadata, field.field) for field in fields]
        if found == [field.after for field in fields]:
            return Skip(who, SkipReason.ALREADY_SO, "already so")
        if found != [field.before for field in fields]:
            message = "was changed since: it no longer has the values that were set"
            return Skip(who, SkipReason.DRIFTED, message, refused=True)
    values: dict[str, Any] = {field.field: field.after for field in fields}
    if "protocol" in values:
        values["protocol"] = Protocol(values["protocol"])
    return MetadataChange(
        server=who,
        before=change.after,
        after=change.before,
        patch=MetadataServicePatch(**values),
        fields=fields,
        notes=tuple(_weakenings(fields)),
    )


def _weakenings(fields: Sequence[FieldChange]) -> Iterator[Note]:
    """What makes a server answer more, or farther, than before (platform notes 6)."""
    for field in fields:
        match field:
            case FieldChange("enabled", _, True):
                yield Note(NoteCode.WEAKENS, "weakens: turns the service on")
            case FieldChange("protocol", Protocol.HTTPS, Protocol.HTTP):
                yield Note(NoteCode.WEAKENS, "weakens: goes back from https to http")
            case FieldChange("response_hop_limit", int(before), int(after)) if after > before:
                yield Note(NoteCode.WEAKENS, "weakens: lets answers travel farther")
            case _:
                pass


def patched(before: MetadataService, patch: MetadataServicePatch) -> MetadataService:
    """Return what a metadata service becomes under a patch."""
    return MetadataService(
        enabled=before.enabled if patch.enabled is None else patch.enabled,
        protocol=before.protocol if patch.protocol is None else patch.protocol.value,
        response_hop_limit=(
            before.response_hop_limit
            if patch.response_hop_limit is None
            else patch.response_hop_limit
        ),
    )


def _fitting(patch: MetadataServicePatch, server: Server) -> MetadataServicePatch:
    """Leave out what this kind of server cannot have: bare metal has no response hop limit."""
    if not isinstance(server, BareMetalServer):
        return patch
    return MetadataServicePatch(enabled=patch.enabled, protocol=patch.protocol)


def _obstacle(patch: MetadataServicePatch, server: Server, *, named: bool) -> Skip | None:
    who = server.identity
    if server.status == "deleting" or server.lifecycle_state == "deleting":
        return Skip(who, SkipReason.DELETING, "is being deleted", refused=True)
    if server.metadata_service is None:
        message = "the API does not report a metadata service for it"
        return Skip(who, SkipReason.NOT_REPORTED, message, refused=True)
    if server.support is Support.UNSUPPORTED_ARCHITECTURE and patch.enabled is not False:
        message = f"the metadata service is not supported on {server.architecture}"
        return Skip(who, SkipReason.UNSUPPORTED_ARCHITECTURE, message, refused=named)
    only_hop_limit = patch == MetadataServicePatch(response_hop_limit=patch.response_hop_limit)
    asks_hop_limit = patch.response_hop_limit is not None
    if isinstance(server, BareMetalServer) and asks_hop_limit and (named or only_hop_limit):
        message = "a bare metal server has no response hop limit"
        return Skip(who, SkipReason.NO_RESPONSE_HOP_LIMIT, message, refused=named)
    return None


def _notes(
    asked: MetadataServicePatch, server: Server, fitting: MetadataServicePatch
) -> Sequence[Note]:
    after = patched(server.metadata, fitting)
    found = []
    if asked.response_hop_limit is not None and fitting.response_hop_limit is None:
        message = "response_hop_limit is left out: a bare metal server has none"
        found.append(Note(NoteCode.RESPONSE_HOP_LIMIT_SKIPPED, message))
    if asked.enabled and asked.protocol is None and after.protocol == Protocol.HTTP:
        message = "keeps protocol http; --protocol https is what IBM advises"
        found.append(Note(NoteCode.PROTOCOL_STAYS_HTTP, message))
    if fitting.protocol is Protocol.HTTPS and server.metadata.protocol != Protocol.HTTPS:
        message = "https needs the host name api.metadata.cloud.ibm.com in the guest's clients"
        found.append(Note(NoteCode.HTTPS_NEEDS_HOST_NAME, message))
    if asked.enabled and server.status == "stopped":
        message = "is stopped: applies at its next start"
        found.append(Note(NoteCode.APPLIES_AT_NEXT_START, message))
    if asked.enabled and server.support is Support.NOT_REPORTED:
        message = "its architecture is not reported; the service is supported on amd64 only"
        found.append(Note(NoteCode.ARCHITECTURE_NOT_REPORTED, message))
    return found
