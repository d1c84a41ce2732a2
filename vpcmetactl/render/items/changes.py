"""What is to be done to a server, for plans, outcomes and runs alike, as JSON shows it."""

from enum import StrEnum
from typing import Annotated, NamedTuple, assert_never

from vpcmetactl.domain.plans import (
    Change,
    LinkChange,
    LinkOperation,
    MetadataChange,
    NoteCode,
    RestartChange,
    StopType,
)
from vpcmetactl.domain.restarts import Reason, Verdict
from vpcmetactl.render.items.base import MetadataService, Shape, about, metadata_service


class Operation(StrEnum):
    """What is done to a server, or to a link of it."""

    METADATA = "metadata"
    RESTART = "restart"
    LINK_CREATE = "link_create"
    LINK_DELETE = "link_delete"


class FieldChange(Shape, frozen=True):
    """A field of the metadata service that changes."""

    field: Annotated[str, about("The field's name.")]
    before: Annotated[bool | str | int | None, about("Its value before; `null`: not reported.")]
    after: Annotated[bool | str | int | None, about("Its value after.")]


class PlannedRestart(Shape, frozen=True):
    """A stop and a start, and why."""

    verdict: Annotated[Verdict, about("Whether a restart was outstanding when it was planned.")]
    reason: Annotated[Reason, about("Why the verdict was what it was.")]
    stop_type: Annotated[
        StopType | None, about("How a bare metal server is stopped; `null` for instances.")
    ]
    one_per: Annotated[
        str | None, about("Never two servers with the same value are down at a time.")
    ]
    allows_storage_loss: Annotated[
        bool, about("Whether it may be stopped though that erases its instance storage.")
    ]


class Link(Shape, frozen=True):
    """A link between a trusted profile and the server, that is made or taken away."""

    profile_id: Annotated[str, about("The profile's id.")]
    profile_name: Annotated[str | None, about("The profile's name.")]
    cr_type: Annotated[str, about("The API's name for the kind of compute, such as `VSI`.")]
    crn: Annotated[str, about("The server's CRN, as the link names it.")]
    link_id: Annotated[str | None, about("The link's id; `null` where it is yet to be made.")]
    link_name: Annotated[str | None, about("The link's own name.")]
    is_cross_account: Annotated[
        bool, about("Whether the server may be of another account than the profile.")
    ]

    @property
    def profile(self) -> str:
        """The profile as a reader knows it: its name, or its id where it has none."""
        return self.profile_name or self.profile_id


class Note(Shape, frozen=True):
    """What a reader should know about a change that goes ahead."""

    code: Annotated[NoteCode, about("The stable code of the note.")]
    message: Annotated[str, about("The note in words.")]
    hcl: Annotated[
        str | None, about("What to write into a Terraform configuration; `null`: nothing.")
    ]


class ChangeParts(NamedTuple):
    """What the items that are about a change tell of it; what does not fit its kind is ``None``."""

    operation: Operation
    fields: tuple[FieldChange, ...] = ()
    before: MetadataService | None = None
    after: MetadataService | None = None
    planned_restart: PlannedRestart | None = None
    link: Link | None = None


def change_parts(change: Change, link_id: str | None = None) -> ChangeParts:
    """Return what there is to tell of a change.

    ``link_id`` is the id that the link got, where it was made.
    """
    match change:
        case MetadataChange():
            return ChangeParts(
                Operation.METADATA,
                fields=tuple(FieldChange(f.field, f.before, f.after) for f in change.fields),
                before=metadata_service(change.before),
                after=metadata_service(change.after),
            )
        case RestartChange():
            return ChangeParts(Operation.RESTART, planned_restart=_planned_restart(change))
        case LinkChange():
            is_new = change.operation is LinkOperation.CREATE
            operation = Operation.LINK_CREATE if is_new else Operation.LINK_DELETE
            return ChangeParts(operation, link=_link(change, link_id))
        case _:
            assert_never(change)


def note_items(change: Change) -> tuple[Note, ...]:
    """Return what to know about a change, as JSON shows it."""
    return tuple(Note(note.code, note.message, note.hcl) for note in change.notes)


def _planned_restart(change: RestartChange) -> PlannedRestart:
    return PlannedRestart(
        verdict=change.verdict,
        reason=change.reason,
        stop_type=change.stop_type,
        one_per=change.one_per,
        allows_storage_loss=change.allows_storage_loss,
    )


def _link(change: LinkChange, link_id: str | None) -> Link:
    return Link(
        profile_id=change.profile_id,
        profile_name=change.profile_name,
        cr_type=change.cr_type,
        crn=change.crn,
        link_id=link_id or change.link_id,
        link_name=change.link_name,
        is_cross_account=change.is_cross_account,
    )
