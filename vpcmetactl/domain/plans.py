"""Plans: what would be done to which server, and what would not and why.

A plan is a value. It is made once, shown, confirmed and applied; applying never decides anew. What
an apply made of each change is an ``Outcome``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.restarts import Reason, RestartAssessment, Verdict
from vpcmetactl.domain.servers import MetadataService, Protocol, ServerIdentity


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
    MANAGED_BY_TERRAFORM = "managed_by_terraform"
    CONTAINER_HOST = "container_host"


@dataclass(frozen=True, slots=True)
class Note:
    """A warning beside a change; ``hcl`` is what to write into a Terraform configuration."""

    code: NoteCode
    message: str
    hcl: str | None = None


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
