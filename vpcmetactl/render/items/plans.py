"""What would be done to each server, and what became of it, as JSON shows it."""

from enum import StrEnum
from typing import Annotated, assert_never

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    Change,
    Failed,
    NotAttempted,
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
from vpcmetactl.render.items.changes import (
    FieldChange,
    Link,
    Note,
    Operation,
    PlannedRestart,
    change_parts,
    note_items,
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


class PlannedItem(Shape, frozen=True):
    """What would be done to one server, or to one link of it."""

    server: Annotated[ServerIdentity, about("The server.")]
    decision: Annotated[
        Decision, about("What would be done; `refuse` leaves a wish unmet, `skip` does not.")
    ]
    operation: Annotated[
        Operation | None, about("What would be done to it; `null` without a change.")
    ]
    changes: Annotated[
        tuple[FieldChange, ...],
        about("Every field of the metadata service that would change."),
    ]
    before: Annotated[
        MetadataService | None,
        about("The service as it was read; `null` where it is not what changes."),
    ]
    after: Annotated[
        MetadataService | None,
        about("The service as it would be; `null` where it is not what changes."),
    ]
    planned_restart: Annotated[PlannedRestart | None, about("The stop and start to be made.")]
    link: Annotated[Link | None, about("The link to be made or taken away.")]
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
    """What became of one server, or of one link of it."""

    server: Annotated[ServerIdentity, about("The server.")]
    result: Annotated[
        Result,
        about(
            "What became of the server. `unknown`: the change was sent, and whether it took effect "
            "could not be learnt."
        ),
    ]
    operation: Annotated[
        Operation | None, about("What was to be done to it; `null` without a change.")
    ]
    changes: Annotated[
        tuple[FieldChange, ...],
        about("Every field of the metadata service that was to change."),
    ]
    before: Annotated[
        MetadataService | None,
        about("The service as the plan found it; `null` where it was not to change."),
    ]
    after: Annotated[
        MetadataService | None,
        about("The service as it was last read; `null` where it was not read again."),
    ]
    planned_restart: Annotated[
        PlannedRestart | None, about("The stop and start that was to be made.")
    ]
    link: Annotated[
        Link | None,
        about("The link that was to be made or taken away; with its id, once it was made."),
    ]
    reason: Annotated[
        SkipReason | None, about("Why there was nothing to do, or why it was never to be done.")
    ]
    message: Annotated[str | None, about("Why the server did not change, in words.")]
    error: Annotated[OutcomeError | None, about("What went wrong.")]
    notes: Annotated[tuple[Note, ...], about("What to know about the change.")]
    restart: Annotated[
        Restart | None,
        about("Whether a stop and start is outstanding now; `null` where nothing was changed."),
    ]


def planned_item(item: PlanItem) -> PlannedItem:
    """Return what a plan does with a server, as JSON shows it."""
    if isinstance(item, Skip):
        return PlannedItem(
            server=server_identity(item.server),
            decision=_decision(item),
            operation=None,
            changes=(),
            before=None,
            after=None,
            planned_restart=None,
            link=None,
            reason=item.reason,
            message=item.message,
            notes=(),
        )
    parts = change_parts(item)
    return PlannedItem(
        server=server_identity(item.server),
        decision=Decision.CHANGE,
        operation=parts.operation,
        changes=parts.fields,
        before=parts.before,
        after=parts.after,
        planned_restart=parts.planned_restart,
        link=parts.link,
        reason=None,
        message=None,
        notes=note_items(item),
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
            return _skipped(value)
        case Applied():
            return _attempted(
                value.change,
                Result.APPLIED,
                after=metadata_service(value.after),
                restart=value.restart,
                link_id=value.link_id,
            )
        case AlreadyDone():
            after = change_parts(value.change).after
            return _attempted(value.change, Result.ALREADY_SO, after=after, reason=value.reason)
        case Refused():
            found = metadata_service(value.found)
            return _attempted(value.change, Result.REFUSED, after=found, message=value.message)
        case Failed():
            return _attempted(value.change, Result.FAILED, error=value.error)
        case Unknown():
            return _attempted(value.change, Result.UNKNOWN, error=value.error)
        case NotAttempted():
            return _attempted(value.change, Result.NOT_ATTEMPTED)
        case _:
            assert_never(value)


def _skipped(skip: Skip) -> OutcomeItem:
    return OutcomeItem(
        server=server_identity(skip.server),
        result=_RESULTS[_decision(skip)],
        operation=None,
        changes=(),
        before=None,
        after=None,
        planned_restart=None,
        link=None,
        reason=skip.reason,
        message=skip.message,
        error=None,
        notes=(),
        restart=None,
    )


def _attempted(
    change: Change,
    result: Result,
    *,
    after: MetadataService | None = None,
    reason: SkipReason | None = None,
    message: str | None = None,
    error: VpcmetactlError | None = None,
    restart: RestartAssessment | None = None,
    link_id: str | None = None,
) -> OutcomeItem:
    parts = change_parts(change, link_id)
    return OutcomeItem(
        server=server_identity(change.server),
        result=result,
        operation=parts.operation,
        changes=parts.fields,
        before=parts.before,
        after=after,
        planned_restart=parts.planned_restart,
        link=parts.link,
        reason=reason,
        message=message,
        error=_error(error),
        notes=note_items(change),
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
