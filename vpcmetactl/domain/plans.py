"""Plans: what would be done to which server, and what would not and why.

A plan is a value. It is made once, shown, confirmed and applied; applying never decides anew. What
an apply made of each change is an ``Outcome``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.restarts import Reason, RestartAssessment, Verdict
from vpcmetactl.domain.servers import (
    BareMetalServer,
    MetadataService,
    Protocol,
    Server,
    ServerIdentity,
    Support,
)


class Action(StrEnum):
    """What a plan is for."""

    ENABLE = "enable"
    DISABLE = "disable"
    SET = "set"
    RESTORE = "restore"
    RESTART = "restart"
    CREATE_LINKS = "create_links"
    DELETE_LINKS = "delete_links"
    PRUNE_LINKS = "prune_links"


@dataclass(frozen=True, slots=True)
class MetadataServicePatch:
    """The fields of the metadata service to set; ``None`` leaves a field as it is."""

    enabled: bool | None = None
    protocol: Protocol | None = None
    response_hop_limit: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the patch sets nothing."""
        return self == MetadataServicePatch()


FieldValue = bool | str | int | None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of the metadata service, before and after."""

    field: str
    before: FieldValue
    after: FieldValue


class NoteCode(StrEnum):
    """What a reader of a plan should know about a change that goes ahead."""

    RESPONSE_HOP_LIMIT_SKIPPED = "response_hop_limit_skipped"
    PROTOCOL_STAYS_HTTP = "protocol_stays_http"
    HTTPS_NEEDS_HOST_NAME = "https_needs_host_name"
    APPLIES_AT_NEXT_START = "applies_at_next_start"
    ARCHITECTURE_NOT_REPORTED = "architecture_not_reported"
    ALLOWED_USE_UNKNOWN = "allowed_use_unknown"
    INSTANCE_GROUP_DIFFERS = "instance_group_differs"
    INSTANCE_GROUP_UNKNOWN = "instance_group_unknown"
    WEAKENS = "weakens"
    CAPACITY_AT_RISK = "capacity_at_risk"
    ADDRESS_MAY_CHANGE = "address_may_change"
    INSTANCE_STORAGE_LOST = "instance_storage_lost"
    VERDICT_UNKNOWN = "verdict_unknown"
    TRUSTED = "trusted"
    TRUST_UNKNOWN = "trust_unknown"
    NEW_LINK_ID = "new_link_id"


@dataclass(frozen=True, slots=True)
class Note:
    """A warning beside a change."""

    code: NoteCode
    message: str


@dataclass(frozen=True, slots=True)
class MetadataChange:
    """One server's change: the patch to send, and every field it alters.

    ``before`` is what the plan was made from; a server that shows anything else has drifted.
    """

    server: ServerIdentity
    before: MetadataService
    after: MetadataService
    patch: MetadataServicePatch
    fields: tuple[FieldChange, ...]
    notes: tuple[Note, ...] = ()

    @property
    def subject(self) -> str:
        """What of the server is changed, beside which a server may have other changes."""
        return ""


class StopType(StrEnum):
    """How a bare metal server is stopped; a soft stop asks its operating system to."""

    SOFT = "soft"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class RestartChange:
    """A stop and a start of one server.

    ``verdict`` and ``reason`` are what the plan was made from. ``stop_type`` is ``None`` for
    instances. Never two servers with the same ``one_per`` are down at a time. Instance storage is
    erased by a stop: a server that has any is restarted only with ``allows_storage_loss``.
    """

    server: ServerIdentity
    verdict: Verdict
    reason: Reason
    stop_type: StopType | None = None
    one_per: str | None = None
    allows_storage_loss: bool = False
    notes: tuple[Note, ...] = ()

    @property
    def subject(self) -> str:
        """The server as a whole: no other change of it may be under way."""
        return ""


class LinkOperation(StrEnum):
    """What is done to a link; there is no changing one (platform notes 4.2)."""

    CREATE = "create"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """A link between a trusted profile and a server that is made or taken away.

    ``crn`` is the server's as the link names it, ``cr_type`` the API's name for its kind of
    compute. ``link_id`` is ``None`` where the link is yet to be made. ``link_name`` is the link's
    own name.
    """

    server: ServerIdentity
    operation: LinkOperation
    profile_id: str
    profile_name: str | None
    cr_type: str
    crn: str
    link_id: str | None = None
    link_name: str | None = None
    is_cross_account: bool = False
    notes: tuple[Note, ...] = ()

    @property
    def subject(self) -> str:
        """The profile, and the link where there is one: a server may be linked to many."""
        return f"{self.profile_id}/{self.link_id}" if self.link_id else self.profile_id


Change = MetadataChange | RestartChange | LinkChange


class SkipReason(StrEnum):
    """Why a server of the selection is not changed."""

    ALREADY_SO = "already_so"
    UNSUPPORTED_ARCHITECTURE = "unsupported_architecture"
    NO_RESPONSE_HOP_LIMIT = "no_response_hop_limit"
    DELETING = "deleting"
    NOT_REPORTED = "not_reported"
    ALLOWED_USE = "allowed_use"
    DRIFTED = "drifted"
    GONE = "gone"
    NOT_NEEDED = "not_needed"
    VERDICT_UNKNOWN = "verdict_unknown"
    ALREADY_RESTARTED = "already_restarted"
    NOT_RUNNING = "not_running"
    INSTANCE_STORAGE = "instance_storage"
    INSTANCE_GROUP_MEMBER = "instance_group_member"
    TRUSTED = "trusted"
    FOREIGN_ACCOUNT = "foreign_account"
    NO_CRN = "no_crn"
    VISIBLE = "visible"
    TOO_RECENT = "too_recent"
    OTHER_COMPUTE_TYPE = "other_compute_type"
    NOT_UNDOABLE = "not_undoable"


@dataclass(frozen=True, slots=True)
class Skip:
    """A server that is not changed; ``refused`` where that leaves a wish unmet (exit 5)."""

    server: ServerIdentity
    reason: SkipReason
    message: str
    refused: bool = False


PlanItem = Change | Skip


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one command would do, in order of region, name and id of the servers.

    ``patch`` is what was asked for of the metadata service; empty where that is another thing, and
    for ``restore``, where each server gets its own values.
    """

    action: Action
    patch: MetadataServicePatch
    items: tuple[PlanItem, ...]

    @property
    def changes(self) -> Sequence[Change]:
        """The servers that would be changed."""
        return [item for item in self.items if isinstance(item, Change)]

    @property
    def skips(self) -> Sequence[Skip]:
        """The servers that would not."""
        return [item for item in self.items if isinstance(item, Skip)]


@dataclass(frozen=True, slots=True)
class Applied:
    """The change is made, and reading back showed it.

    ``after`` is the metadata service as it was read back, ``restart`` what came of it; both are
    ``None`` for a link, of which ``link_id`` tells the id that it got or had.
    """

    change: Change
    after: MetadataService | None = None
    restart: RestartAssessment | None = None
    link_id: str | None = None


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """Things were as planned before anything was sent; ``reason`` says in what sense."""

    change: Change
    reason: SkipReason = SkipReason.ALREADY_SO


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was sent: the server is no longer as the plan found it."""

    change: Change
    message: str
    found: MetadataService | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The change was attempted and did not take effect."""

    change: Change
    error: VpcmetactlError


@dataclass(frozen=True, slots=True)
class Unknown:
    """The change was sent, and it could not be learnt whether it took effect."""

    change: Change
    error: VpcmetactlError


@dataclass(frozen=True, slots=True)
class NotAttempted:
    """Nothing was sent: an earlier failure or an interruption stopped the run."""

    change: Change


Outcome = Applied | AlreadyDone | Refused | Failed | Unknown | NotAttempted


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
