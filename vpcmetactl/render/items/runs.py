"""Runs as the journal remembers them, as JSON shows them."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from vpcmetactl.domain import runs
from vpcmetactl.domain.plans import Action, Change, SkipReason
from vpcmetactl.domain.runs import AttemptOutcome, RestartStep, RunRecord, RunState
from vpcmetactl.render.envelope import encodable
from vpcmetactl.render.items.base import (
    MetadataService,
    Moment,
    ServerIdentity,
    Shape,
    about,
    metadata_service,
)
from vpcmetactl.render.items.changes import FieldChange, Link, Note, Operation, PlannedRestart
from vpcmetactl.render.items.plan_summaries import Wish, wish_item
from vpcmetactl.render.items.plans import Decision, planned_item


class RunOutcome(StrEnum):
    """What became of a server in a run, or of one attempt."""

    APPLIED = "applied"
    ALREADY_SO = "already_so"
    SKIPPED = "skipped"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    OPEN = "open"
    NOT_ATTEMPTED = "not_attempted"


class AttemptError(Shape, frozen=True):
    """What went wrong in an attempt."""

    code: Annotated[str | None, about("The stable code of the error.")]
    message: Annotated[str | None, about("What went wrong.")]
    trace: Annotated[str | None, about("The API's trace id, for IBM support.")]


class Attempt(Shape, frozen=True):
    """One attempt of a change."""

    intent_at: Annotated[
        Moment | None,
        about("When it was written down that the change would be sent; `null`: it was not sent."),
    ]
    outcome_at: Annotated[
        Moment | None, about("When it was written down what became of it; `null`: never.")
    ]
    outcome: Annotated[RunOutcome, about("What became of this attempt.")]
    found: Annotated[MetadataService | None, about("The service as it was last read.")]
    step: Annotated[
        RestartStep | None,
        about("How far a restart got: each step is written down before it is made."),
    ]
    link_id: Annotated[str | None, about("The id of the link that was made or taken away.")]
    error: Annotated[AttemptError | None, about("What went wrong.")]


class RunServer(Shape, frozen=True):
    """What a run intended for one server, and what became of it."""

    server: Annotated[ServerIdentity, about("The server.")]
    decision: Annotated[
        Decision, about("What the plan said; `refuse` leaves a wish unmet, `skip` does not.")
    ]
    operation: Annotated[
        Operation | None, about("What was to be done to it; `null` without a change.")
    ]
    before: Annotated[
        MetadataService | None,
        about("The service as the plan found it; `null` where it was not to change."),
    ]
    after: Annotated[
        MetadataService | None,
        about("The service as it was to become; `null` where it was not to change."),
    ]
    fields: Annotated[
        tuple[FieldChange, ...],
        about("Every field of the metadata service that was to change."),
    ]
    planned_restart: Annotated[
        PlannedRestart | None, about("The stop and start that was to be made.")
    ]
    link: Annotated[Link | None, about("The link that was to be made or taken away.")]
    reason: Annotated[SkipReason | None, about("Why the server was never to change.")]
    message: Annotated[str | None, about("Why the server was never to change, in words.")]
    notes: Annotated[tuple[Note, ...], about("What to know about the change.")]
    outcome: Annotated[
        RunOutcome,
        about(
            "What is known now. `applied`: this run changed the server, and a rollback gives its "
            "values back. `open`: the change was about to be sent, and nothing is known since. "
            "`unknown`: it was sent, and whether it took effect could not be learnt."
        ),
    ]
    attempts: Annotated[tuple[Attempt, ...], about("What was attempted, oldest first.")]

    @property
    def error(self) -> AttemptError | None:
        """What went wrong last."""
        return self.attempts[-1].error if self.attempts else None

    @property
    def open_step(self) -> RestartStep | None:
        """How far a restart got that did not come to its end."""
        if self.outcome in _ENDED:
            return None
        return next((one.step for one in reversed(self.attempts) if one.step), None)


class RunCounts(Shape, frozen=True):
    """How many servers ended how."""

    total: Annotated[
        int, about("What is written down: servers, or links; not what was so already when planned.")
    ]
    changes: Annotated[int, about("Servers that were to be changed.")]
    applied: Annotated[int, about("Servers that this run changed.")]
    already_so: Annotated[int, about("Servers that somebody else had changed as planned.")]
    skipped: Annotated[int, about("Servers that cannot have it and were left out.")]
    refused: Annotated[int, about("Servers that were refused, or had changed since the plan.")]
    failed: Annotated[int, about("Servers whose change failed.")]
    unknown: Annotated[
        int, about("Servers of which it is not known whether they changed, `open` ones included.")
    ]
    not_attempted: Annotated[int, about("Servers that were not come to.")]

    @property
    def unsettled(self) -> int:
        """How many changes there are that resuming would go on with."""
        return self.failed + self.unknown + self.not_attempted


class Run(Shape, frozen=True):
    """One run of a command that changes servers."""

    id: Annotated[str, about("The run's id.")]
    account_id: Annotated[str, about("The account whose servers were to be changed.")]
    vpc_endpoint: Annotated[str, about("The VPC API that was asked, `{region}` standing in it.")]
    iam_host: Annotated[str, about("The IAM that the token is from.")]
    state: Annotated[
        RunState,
        about("`interrupted`: it was stopped, or its process ended before it; it can be resumed."),
    ]
    started_at: Annotated[Moment, about("When it started.")]
    finished_at: Annotated[Moment | None, about("When it came to its end.")]
    actor: Annotated[str | None, about("The IAM id of whoever ran it, as the token named it.")]
    action: Annotated[Action, about("The command.")]
    patch: Annotated[Wish, about("What was asked for; nothing but `null` where it restores.")]
    rollback_of: Annotated[str | None, about("The run whose changes this one takes back.")]
    tool_version: Annotated[str, about("The version of vpcmetactl that ran it.")]
    counts: Annotated[RunCounts, about("How many servers ended how.")]


class RunInFull(Run, frozen=True):
    """One run with every server, every attempt and every error: an audit record."""

    items: Annotated[
        tuple[RunServer, ...], about("Every server that is written down, in the plan's order.")
    ]


class RunsSummary(Shape, frozen=True):
    """Counts over all runs, shown or not."""

    total: Annotated[int, about("How many runs there are.")]
    running: Annotated[int, about("Runs that still go on.")]
    finished: Annotated[int, about("Runs that came to their end.")]
    interrupted: Annotated[int, about("Runs that can be resumed.")]


_ENDED = frozenset({RunOutcome.APPLIED, RunOutcome.ALREADY_SO, RunOutcome.REFUSED})
_ATTEMPT_OUTCOMES: Mapping[AttemptOutcome, RunOutcome] = {
    AttemptOutcome.APPLIED: RunOutcome.APPLIED,
    AttemptOutcome.ALREADY_DONE: RunOutcome.ALREADY_SO,
    AttemptOutcome.REFUSED: RunOutcome.REFUSED,
    AttemptOutcome.FAILED: RunOutcome.FAILED,
    AttemptOutcome.UNKNOWN: RunOutcome.UNKNOWN,
    AttemptOutcome.OPEN: RunOutcome.OPEN,
    AttemptOutcome.NOT_ATTEMPTED: RunOutcome.NOT_ATTEMPTED,
}
_SKIP_OUTCOMES: Mapping[Decision, RunOutcome] = {
    Decision.ALREADY_SO: RunOutcome.ALREADY_SO,
    Decision.SKIP: RunOutcome.SKIPPED,
    Decision.REFUSE: RunOutcome.REFUSED,
}


def run_item(record: RunRecord) -> Run:
    """Return a run as JSON shows it in a list."""
    return Run(**_head(record))


def run_in_full(record: RunRecord) -> RunInFull:
    """Return a run with everything that is known of it."""
    return RunInFull(**_head(record), items=tuple(map(_server, record.items)))


def _head(record: RunRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "account_id": record.account_id,
        "vpc_endpoint": record.vpc_endpoint,
        "iam_host": record.iam_host,
        "state": record.state,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "actor": record.actor,
        "action": record.action,
        "patch": wish_item(record.patch),
        "rollback_of": record.rollback_of,
        "tool_version": record.tool_version,
        "counts": _counts(record),
    }


def _counts(record: RunRecord) -> RunCounts:
    count = Counter(map(_outcome, record.items))
    return RunCounts(
        total=count.total(),
        changes=len(record.changes),
        applied=count[RunOutcome.APPLIED],
        already_so=count[RunOutcome.ALREADY_SO],
        skipped=count[RunOutcome.SKIPPED],
        refused=count[RunOutcome.REFUSED],
        failed=count[RunOutcome.FAILED],
        unknown=count[RunOutcome.UNKNOWN] + count[RunOutcome.OPEN],
        not_attempted=count[RunOutcome.NOT_ATTEMPTED],
    )


def _outcome(one: runs.RunItem) -> RunOutcome:
    if isinstance(one.item, Change):
        return _ATTEMPT_OUTCOMES[one.outcome]
    return _SKIP_OUTCOMES[planned_item(one.item).decision]


def _server(one: runs.RunItem) -> RunServer:
    planned = planned_item(one.item)
    return RunServer(
        server=planned.server,
        decision=planned.decision,
        operation=planned.operation,
        before=planned.before,
        after=planned.after,
        fields=planned.changes,
        planned_restart=planned.planned_restart,
        link=planned.link,
        reason=planned.reason,
        message=planned.message,
        notes=planned.notes,
        outcome=_outcome(one),
        attempts=tuple(map(_attempt, one.attempts)),
    )


def _attempt(attempt: runs.Attempt) -> Attempt:
    return Attempt(
        intent_at=attempt.intent_at,
        outcome_at=attempt.outcome_at,
        outcome=_ATTEMPT_OUTCOMES[attempt.outcome],
        found=metadata_service(attempt.found),
        step=attempt.step,
        link_id=attempt.link_id,
        error=_error(attempt),
    )


def _error(attempt: runs.Attempt) -> AttemptError | None:
    if attempt.error_code is None and attempt.error_message is None:
        return None
    message = attempt.error_message
    return AttemptError(
        code=attempt.error_code,
        message=None if message is None else encodable(message),
        trace=attempt.error_trace,
    )
