"""Runs as the journal remembers them: what was intended, and what became of each change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from vpcmetactl.domain.errors import StartFailedError, StopFailedError
from vpcmetactl.domain.plans import (
    Action,
    Change,
    LinkChange,
    MetadataServicePatch,
    PlanItem,
    SkipReason,
)
from vpcmetactl.domain.servers import MetadataService, ServerIdentity


class RunState(StrEnum):
    """Whether a run has come to its end.

    ``interrupted``: its process ended before it did, or it was stopped; it can be resumed.
    """

    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"


class AttemptOutcome(StrEnum):
    """What became of one attempt of one change; ``open``: intended, and nothing known since."""

    APPLIED = "applied"
    ALREADY_DONE = "already_done"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    OPEN = "open"
    NOT_ATTEMPTED = "not_attempted"

    @property
    def is_settled(self) -> bool:
        """Whether resuming the run leaves the change alone."""
        return self in _SETTLED


_SETTLED = frozenset({AttemptOutcome.APPLIED, AttemptOutcome.ALREADY_DONE, AttemptOutcome.REFUSED})


class RestartStep(StrEnum):
    """How far a restart got: each is written down before what it names is done or waited for."""

    STOPPING = "stopping"
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of one change.

    ``found`` is the metadata service as it was read last. ``step`` is how far a restart got,
    ``link_id`` the id of the link that was made or deleted. ``reason`` says in what other sense
    than the usual, that the values were as asked, things were already done.
    """

    outcome: AttemptOutcome
    intent_at: datetime | None = None
    outcome_at: datetime | None = None
    found: MetadataService | None = None
    error_code: str | None = None
    error_message: str | None = None
    error_trace: str | None = None
    step: RestartStep | None = None
    link_id: str | None = None
    reason: SkipReason | None = None

    @property
    def was_refused_its_stop(self) -> bool:
        """Whether a restart never stopped its server: whoever stopped it since was another."""
        return (
            self.outcome is AttemptOutcome.FAILED
            and self.step is RestartStep.STOPPING
            and self.error_code not in _FAILED_AFTER_THE_STOP
        )


# What a restart fails with whose server was asked to stop, and took it.
_FAILED_AFTER_THE_STOP = frozenset({StopFailedError.code, StartFailedError.code})


@dataclass(frozen=True, slots=True)
class CutOffRestart:
    """A server that a run stopped, or was about to, and may have left so."""

    run_id: str
    server: ServerIdentity
    step: RestartStep


@dataclass(frozen=True, slots=True)
class RunItem:
    """One item of a run's plan with its attempts, oldest first; a skip has none."""

    item: PlanItem
    attempts: tuple[Attempt, ...] = ()

    @property
    def outcome(self) -> AttemptOutcome:
        """What is known of it now."""
        return self.attempts[-1].outcome if self.attempts else AttemptOutcome.NOT_ATTEMPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run with its plan and everything attempted: an audit record.

    ``actor`` is the IAM id that the token named. Servers that were as asked already are not kept.
    ``rollback_of`` is the run whose changes this one takes back.
    """

    id: str
    account_id: str
    vpc_endpoint: str
    iam_host: str
    state: RunState
    started_at: datetime
    finished_at: datetime | None
    actor: str | None
    action: Action
    patch: MetadataServicePatch
    tool_version: str
    items: tuple[RunItem, ...]
    rollback_of: str | None = None

    @property
    def changes(self) -> Sequence[Change]:
        """Every planned change, in order."""
        return [one.item for one in self.items if isinstance(one.item, Change)]

    @property
    def open_changes(self) -> Sequence[Change]:
        """What resuming would go on with: the changes whose outcome is not settled, in order."""
        return [
            one.item
            for one in self.items
            if isinstance(one.item, Change) and not one.outcome.is_settled
        ]

    @property
    def applied_changes(self) -> Sequence[Change]:
        """What this run itself changed, in order; only this can be rolled back.

        A link that was made has its id.
        """
        return [
            _as_made(one.item, one.attempts[-1])
            for one in self.items
            if isinstance(one.item, Change) and one.outcome is AttemptOutcome.APPLIED
        ]

    @property
    def unsettled_attempts(self) -> Mapping[tuple[ServerIdentity, str], Attempt]:
        """The last attempts that may have done something without anybody knowing the end.

        By server and subject of the change. A restart that failed on its way is one of them. Its
        step is that of the last attempt that got anywhere: others may have come to nothing since.
        """
        return {
            (one.item.server, one.item.subject): attempt
            for one in self.items
            if isinstance(one.item, Change) and (attempt := _unsettled(one.attempts)) is not None
        }


def _as_made(change: Change, attempt: Attempt) -> Change:
    if isinstance(change, LinkChange) and change.link_id is None:
        return replace(change, link_id=attempt.link_id)
    return change


def _unsettled(attempts: Sequence[Attempt]) -> Attempt | None:
    if not attempts or attempts[-1].outcome.is_settled:
        return None
    last = attempts[-1]
    reached = next((one for one in reversed(attempts) if one.step is not None), None)
    if reached is not None and not reached.was_refused_its_stop:
        return replace(last, step=reached.step)
    is_open = last.outcome in (AttemptOutcome.OPEN, AttemptOutcome.UNKNOWN)
    return replace(last, step=None) if is_open else None
