"""What would be done to each server, and what became of it, as JSON shows it."""

from enum import StrEnum
from typing import Annotated, assert_never

from vpcmetactl.domain import servers
from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    Change,
    Failed,
    NotAttempted,
    NoteCode,
    Outcome,
    PlanItem,
    Refused,
    Skip,
    SkipReason,
    Unknown,
)
from vpcmetactl.domain.restarts import RestartAssessment
from vpcmetactl.render.envelope import encodable
from vpcmetactl.render.items.base import (
    MetadataService,
    ServerIdentity,
    Shape,
    about,
    metadata_service,
    server_identity,
)
from vpcmetactl.render.items.servers import Restart, restart_item


class Decision(StrEnum):
    """What a plan does with a server."""

    CHANGE = "change"
    ALREADY_SO = "already_so"
    SKIP = "skip"
    REFUSE = "refuse"


class Result(StrEnum):
    """What became of a server in an apply."""

    APPLIED = "applied"
    ALREADY_SO = "already_so"
    SKIPPED = "skipped"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_ATTEMPTED = "not_attempted"


class FieldChange(Shape, frozen=True):
    """A field of the metadata service that changes."""

    field: Annotated[str, about("The field's name.")]
    before: Annotated[bool | str | int | None, about("Its value before; `null`: not reported.")]
    after: Annotated[bool | str | int | None, about("Its value after.")]


class Note(Shape, frozen=True):
    """What a reader should know about a change that goes ahead."""

    code: Annotated[NoteCode, about("The stable code of the note.")]
    message: Annotated[str, about("The note in words.")]


class PlannedItem(Shape, frozen=True):
    """What would be done to one server."""

    server: Annotated[ServerIdentity, about("The server.")]
    decision: Annotated[
        Decision, about("What would be done; `refuse` leaves a wish unmet, `skip` does not.")
    ]
    changes: Annotated[tuple[FieldChange, ...], about("Every field that would change.")]
    before: Annotated[
        MetadataService | None, about("The service as it was read; `null` without a change.")
    ]
    after: Annotated[
        MetadataService | None, about("The service as it would be; `null` without a change.")
    ]
    reason: Annotated[SkipReason | None, about("Why the server is not changed.")]
    message: Annotated[str | None, about("Why the server is not changed, in words.")]
    notes: Annotated[tuple[Note, ...], about("What to know about the change.")]


class OutcomeError(Shape, frozen=True):
    """What went wrong with one server."""

    code: Annotated[str, about("The stable code of the error.")]
    message: Annotated[str, about("What went wrong.")]
    hint: Annotated[str | None, about("What to do next.")]
    http_status: Annotated[int | None, about("The status of the API's answer.")]
    trace: Annotated[str | None, about("The API's trace id, for IBM support.")]


class OutcomeItem(Shape, frozen=True):
    """What became of one server."""

    server: Annotated[ServerIdentity, about("The server.")]
    result: Annotated[
        Result,
        about(
            "What became of the server. `unknown`: the change was sent, and whether it took effect "
            "could not be learnt."
        ),
    ]
    changes: Annotated[tuple[FieldChange, ...], about("Every field that was to change.")]
    before: Annotated[
        MetadataService | None, about("The service as the plan found it; `null` without a change.")
    ]
    after: Annotated[
        MetadataService | None,
        about("The service as it was last read; `null` where it was not read again."),
    ]
    reason: Annotated[SkipReason | None, about("Why the server was never to change.")]
    message: Annotated[str | None, about("Why the server did not change, in words.")]
    error: Annotated[OutcomeError | None, about("What went wrong.")]
    notes: Annotated[tuple[Note, ...], about("What to know about the change.")]
    restart: Annotated[
        Restart | None,
        about("Whether a stop and start is outstanding now; `null` where nothing was changed."),
    ]


def planned_item(item: PlanItem) -> PlannedItem:
    """Return what a plan does with a server, as JSON shows it."""
    if isinstance(item, Change):
        return PlannedItem(
            server=server_identity(item.server),
            decision=Decision.CHANGE,
            changes=_changes(item),
            before=metadata_service(item.before),
            after=metadata_service(item.after),
            reason=None,
            message=None,
            notes=_notes(item),
        )
    return PlannedItem(
        server=server_identity(item.server),
        decision=_decision(item),
        changes=(),
        before=None,
        after=None,
        reason=item.reason,
        message=item.message,
        notes=(),
    )


def _decision(skip: Skip) -> Decision:
    if skip.refused:
        return Decision.REFUSE
    return Decision.ALREADY_SO if skip.reason is SkipReason.ALREADY_SO else Decision.SKIP


_RESULTS = {
    Decision.ALREADY_SO: Result.ALREADY_SO,
    Decision.SKIP: Result.SKIPPED,
    Decision.REFUSE: Result.REFUSED,
}


def outcome_item(value: Outcome | Skip) -> OutcomeItem:  # noqa: PLR0911 - one for each case
    """Return what became of a server, as JSON shows it."""
    match value:
        case Skip():
            return OutcomeItem(
                server=server_identity(value.server),
                result=_RESULTS[_decision(value)],
                changes=(),
                before=None,
                after=None,
                reason=value.reason,
                message=value.message,
                error=None,
                notes=(),
                restart=None,
            )
        case Applied():
            return _attempted(
                value.change, Result.APPLIED, after=value.after, restart=value.restart
            )
        case AlreadyDone():
            return _attempted(value.change, Result.ALREADY_SO, after=value.change.after)
        case Refused():
            return _attempted(
                value.change, Result.REFUSED, after=value.found, message=value.message
            )
        case Failed():
            return _attempted(value.change, Result.FAILED, error=value.error)
        case Unknown():
            return _attempted(value.change, Result.UNKNOWN, error=value.error)
        case NotAttempted():
            return _attempted(value.change, Result.NOT_ATTEMPTED)
        case _:
            assert_never(value)


def _attempted(
    change: Change,
    result: Result,
    *,
    after: servers.MetadataService | None = None,
    message: str | None = None,
    error: VpcmetactlError | None = None,
    restart: RestartAssessment | None = None,
) -> OutcomeItem:
    return OutcomeItem(
        server=server_identity(change.server),
        result=result,
        changes=_changes(change),
        before=metadata_service(change.before),
        after=metadata_service(after),
        reason=None,
        message=message,
        error=_error(error),
        notes=_notes(change),
        restart=None if restart is None else restart_item(restart),
    )


def _error(error: VpcmetactlError | None) -> OutcomeError | None:
    if error is None:
        return None
    return OutcomeError(
        code=error.code,
        message=encodable(str(error)),
        hint=None if error.hint is None else encodable(error.hint),
        http_status=error.status,
        trace=error.trace,
    )


def _changes(change: Change) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(field.field, field.before, field.after) for field in change.fields)


def _notes(change: Change) -> tuple[Note, ...]:
    return tuple(Note(note.code, note.message) for note in change.notes)
