"""Files of runs: the journal's record of what was changed, carried elsewhere."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from vpcmetactl.domain.plans import Action, Skip, SkipReason
from vpcmetactl.domain.runs import (
    Attempt,
    AttemptOutcome,
    RestartStep,
    RunItem,
    RunRecord,
    RunState,
)
from vpcmetactl.files import items
from vpcmetactl.files.metadata import service_from, service_shape
from vpcmetactl.files.sealing import NO_DIGEST, FileFormat, Sealed, encodable
from vpcmetactl.files.servers import ContradictionError
from vpcmetactl.files.shapes import (
    ChangeShape,
    Digest,
    IamId,
    LinkShape,
    MetadataService,
    Moment,
    Patch,
    RestartShape,
    RunId,
    Shape,
    SkipShape,
    Word,
    about,
)
from vpcmetactl.files.storage import read_bytes, write_whole


class AttemptShape(Shape, frozen=True):
    """One attempt of one change."""

    outcome: Annotated[
        AttemptOutcome, about("What became of it; `open`: intended, and nothing known since.")
    ]
    intent_at: Annotated[
        Moment | None, about("When it was written down, before it was sent; `null`: nothing was.")
    ]
    outcome_at: Annotated[Moment | None, about("When its outcome was written down.")]
    found: Annotated[MetadataService | None, about("The service as it was read last.")]
    error_code: Annotated[str | None, about("The stable code of the error.")]
    error_message: Annotated[str | None, about("What went wrong.")]
    error_trace: Annotated[str | None, about("The API's trace id, for IBM support.")]


class RestartAttemptShape(AttemptShape, frozen=True):
    """One attempt of one restart."""

    step: Annotated[RestartStep | None, about("How far the restart got.")]
    reason: Annotated[
        SkipReason | None, about("Why nothing had to be done; `null`: something had to be.")
    ]


class LinkAttemptShape(AttemptShape, frozen=True):
    """One attempt of making or deleting a link."""

    link_id: Annotated[IamId | None, about("The id of the link that was made or deleted.")]


class RunChangeShape(ChangeShape, frozen=True, tag_field="decision", tag="change"):
    """A planned change with everything that was attempted."""

    attempts: Annotated[tuple[AttemptShape, ...], about("The attempts, oldest first.")]


class RunRestartShape(RestartShape, frozen=True, tag_field="decision", tag="restart"):
    """A planned restart with everything that was attempted."""

    attempts: Annotated[tuple[RestartAttemptShape, ...], about("The attempts, oldest first.")]


class RunLinkShape(LinkShape, frozen=True, tag_field="decision", tag="link"):
    """A planned change of a link with everything that was attempted."""

    attempts: Annotated[tuple[LinkAttemptShape, ...], about("The attempts, oldest first.")]


RunItemShape = RunChangeShape | RunRestartShape | RunLinkShape | SkipShape


class RunShape(Shape, frozen=True):
    """A run with its plan and everything that was attempted."""

    id: Annotated[RunId, about("The run's id.")]
    account_id: Annotated[Word, about("The account that the run is of.")]
    vpc_endpoint: Annotated[Word, about("The VPC API that the run is of.")]
    iam_host: Annotated[Word, about("The IAM that the run is of.")]
    state: Annotated[RunState, about("Whether the run had come to its end.")]
    started_at: Annotated[Moment, about("When it began.")]
    finished_at: Annotated[Moment | None, about("When it ended; `null`: it did not.")]
    actor: Annotated[str | None, about("The IAM id of whoever ran it, as the token named it.")]
    action: Annotated[Action, about("What the plan was for.")]
    patch: Annotated[
        Patch,
        about("What was asked for; nothing for restarts and links, and to restore."),
    ]
    tool_version: Annotated[Word, about("The vpcmetactl that ran it.")]
    rollback_of: Annotated[RunId | None, about("The run whose changes it took back.")]
    items: Annotated[
        tuple[RunItemShape, ...],
        about(
            "One item a server, or a link of a server, in the plan's order; none for what was so "
            "already."
        ),
    ]


class RunsFile(Sealed, frozen=True):
    """Runs, as the journal of one place remembered them."""

    format: Annotated[Literal["vpcmetactl-runs"], about("What the file is.")]
    format_version: Annotated[
        Literal[1, 2], about("The version of this format; restarts and links are of version 2.")
    ]
    digest: Annotated[
        Digest, about("SHA-256 of the file without indentation and without this member.")
    ]
    runs: Annotated[tuple[RunShape, ...], about("The runs, in the order they were given.")]


RUNS_FILE = FileFormat(
    "vpcmetactl-runs", "file of runs", RunsFile, "export the runs anew with runs export"
)


def encode_runs(records: Sequence[RunRecord]) -> bytes:
    """Return the text of a file with these runs, in this order.

    The same runs give the same text. Raises InvalidInputError where ``decode_runs`` could not read
    it back.
    """
    runs = tuple(_run_shape(record) for record in records)
    content, _ = RUNS_FILE.seal(RunsFile("vpcmetactl-runs", _version_of(runs), NO_DIGEST, runs))
    return content


def decode_runs(content: bytes, name: str) -> Sequence[RunRecord]:
    """Return the runs that the file called ``name`` holds, in its order.

    Raises InvalidInputError, naming the file and the place, for what is no file of runs, of a
    format that is not known, or at odds with itself; RefusedError where it was edited.
    """
    file = RUNS_FILE.open(content, name)
    try:
        items.refuse_newer(file.format_version, _version_of(file.runs))
        items.refuse_twice((run.id for run in file.runs), "run")
        return tuple(_run_from(run) for run in file.runs)
    except (ContradictionError, OverflowError) as error:
        RUNS_FILE.reject(name, str(error))


def read_runs(path: Path) -> Sequence[RunRecord]:
    """Return the runs in a file; raises as ``decode_runs`` does, and where it cannot be read."""
    return decode_runs(read_bytes(path), str(path))


def write_runs(path: Path, records: Sequence[RunRecord]) -> None:
    """Write runs to a file, whole or not at all.

    Raises OutputError where it cannot be written, and as ``encode_runs`` does.
    """
    write_whole(path, encode_runs(records))


def _version_of(runs: Sequence[RunShape]) -> Literal[1, 2]:
    return max((items.version_of(run.action, run.items) for run in runs), default=1)


def _run_shape(record: RunRecord) -> RunShape:
    return RunShape(
        id=record.id,
        account_id=record.account_id,
        vpc_endpoint=record.vpc_endpoint,
        iam_host=record.iam_host,
        state=record.state,
        started_at=record.started_at.astimezone(UTC),
        finished_at=_utc(record.finished_at),
        actor=record.actor,
        action=record.action,
        patch=items.patch_shape(record.patch),
        tool_version=record.tool_version,
        rollback_of=record.rollback_of,
        items=tuple(_item_shape(run_item) for run_item in record.items),
    )


def _item_shape(run_item: RunItem) -> RunItemShape:
    if isinstance(run_item.item, Skip):
        return items.skip_shape(run_item.item)
    shape = items.change_shape(run_item.item)
    planned = msgspec.structs.asdict(shape)
    match shape:
        case ChangeShape():
            changes = tuple(_attempt_shape(one) for one in run_item.attempts)
            return RunChangeShape(**planned, attempts=changes)
        case RestartShape():
            restarts = tuple(_restart_attempt_shape(one) for one in run_item.attempts)
            return RunRestartShape(**planned, attempts=restarts)
        case LinkShape():
            links = tuple(_link_attempt_shape(one) for one in run_item.attempts)
            return RunLinkShape(**planned, attempts=links)


def _attempt_shape(attempt: Attempt) -> AttemptShape:
    message = attempt.error_message
    return AttemptShape(
        outcome=attempt.outcome,
        intent_at=_utc(attempt.intent_at),
        outcome_at=_utc(attempt.outcome_at),
        found=None if attempt.found is None else service_shape(attempt.found),
        error_code=attempt.error_code,
        error_message=None if message is None else encodable(message),
        error_trace=attempt.error_trace,
    )


def _restart_attempt_shape(attempt: Attempt) -> RestartAttemptShape:
    told = msgspec.structs.asdict(_attempt_shape(attempt))
    return RestartAttemptShape(**told, step=attempt.step, reason=attempt.reason)


def _link_attempt_shape(attempt: Attempt) -> LinkAttemptShape:
    told = msgspec.structs.asdict(_attempt_shape(attempt))
    return LinkAttemptShape(**told, link_id=attempt.link_id)


def _run_from(run: RunShape) -> RunRecord:
    patch = items.patch_from(run.action, run.patch)
    planned = items.items_from(run.items, run.action, patch, run.account_id)
    return RunRecord(
        id=run.id,
        account_id=run.account_id,
        vpc_endpoint=run.vpc_endpoint,
        iam_host=run.iam_host,
        state=run.state,
        started_at=run.started_at.astimezone(UTC),
        finished_at=_utc(run.finished_at),
        actor=run.actor,
        action=run.action,
        patch=patch,
        tool_version=run.tool_version,
        items=tuple(
            RunItem(item, _attempts_of(shape))
            for item, shape in zip(planned, run.items, strict=True)
        ),
        rollback_of=run.rollback_of,
    )


def _attempts_of(shape: RunItemShape) -> tuple[Attempt, ...]:
    if isinstance(shape, SkipShape):
        return ()
    return tuple(_attempt_from(attempt) for attempt in shape.attempts)


def _attempt_from(attempt: AttemptShape) -> Attempt:
    return Attempt(
        outcome=attempt.outcome,
        intent_at=_utc(attempt.intent_at),
        outcome_at=_utc(attempt.outcome_at),
        found=None if attempt.found is None else service_from(attempt.found),
        error_code=attempt.error_code,
        error_message=attempt.error_message,
        error_trace=attempt.error_trace,
        step=attempt.step if isinstance(attempt, RestartAttemptShape) else None,
        link_id=attempt.link_id if isinstance(attempt, LinkAttemptShape) else None,
        reason=attempt.reason if isinstance(attempt, RestartAttemptShape) else None,
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
