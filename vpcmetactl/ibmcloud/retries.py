"""Asking again: one function runs an attempt until it succeeds, is refused, or time is up.

Neither the SDK nor urllib3 does it for us. The SDK's retries leave PATCH out and repeat POST
blindly; urllib3's never see that a body was cut, stalled, or was a login page. PATCH and GET are
repeated here: our patches are merge patches, which come to the same however often they arrive.
What is not ``repeatable`` is sent again only where it was certainly not carried out.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from vpcmetactl.domain.errors import RateLimitedError, UnavailableError, VpcmetactlError
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.ibmcloud.failures import EXPECTED, explain
from vpcmetactl.ibmcloud.operations import Operation
from vpcmetactl.ibmcloud.pacing import Pace, Ticket
from vpcmetactl.ibmcloud.redaction import Secrets
from vpcmetactl.ibmcloud.remedies import Failure, Remedy
from vpcmetactl.usecases.ports import Clock, Observer

T = TypeVar("T")

# Exponential backoff with full jitter: workers that failed together do not come back together.
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 10.0
# After so many the longest wait is reached.
_DOUBLINGS = 5
# How often a host that never answered is tried, where it cannot be reached at all.
_FIRST_CONTACTS = 4
# What a clock may be early by after a wait.
_TICK = 0.001


@dataclass(frozen=True, slots=True)
class Retries:
    """The policy, and what it needs: a clock, a source of chance, somebody to tell."""

    clock: Clock
    observer: Observer
    chance: random.Random
    secrets: Secrets
    timeout: float

    def run(
        self,
        operation: Operation,
        pace: Pace,
        attempt: Callable[[Deadline], T],
        renew_token: Callable[[Deadline], None] | None = None,
    ) -> T:
        """Run ``attempt`` until it succeeds, and return what it returns.

        An attempt is the call, its whole body and its decoding: each can fail. ``renew_token`` is
        called once, when the API does not accept the token. Raises an error of ``domain.errors``
        when the request is refused or the operation's time is up; any other exception passes.
        """
        course = _Course(operation, Deadline.after(self.clock, self.timeout))
        while True:
            ticket = None
            try:
                ticket = self._enter(pace, course)
                result = attempt(course.deadline)
            except EXPECTED as exception:
                cause = exception
            else:
                pace.succeeded(self.clock.monotonic())
                return result
            failure = explain(cause, operation, self.secrets, self.clock.now())
            course.count(failure)
            if failure.remedy is Remedy.SLOW_DOWN and ticket is not None:
                pace.limited(ticket, self.clock.monotonic(), failure.retry_after)
            try:
                self._prepare_next(course, pace, failure, renew_token)
            except VpcmetactlError as end:
                raise course.settled(end) from cause

    def _enter(self, pace: Pace, course: "_Course") -> Ticket:
        """Wait until the region may be asked."""
        while True:
            now = self.clock.monotonic()
            slot = pace.reserve(now, latest=course.deadline.ends)
            if slot is None:
                raise course.without_a_turn(pace.next_slot(now) - now)
            if slot > now:
                self.clock.wait(slot - now)
                now = self.clock.monotonic()
            if pace.paused_until() <= now + _TICK:
                return Ticket(now)

    def _prepare_next(
        self,
        course: "_Course",
        pace: Pace,
        failure: Failure,
        renew_token: Callable[[Deadline], None] | None,
    ) -> None:
        """Do what may help the next attempt, or raise what the operation ends with."""
        if failure.in_doubt and not course.operation.repeatable:
            raise failure.error
        match failure.remedy:
            case Remedy.NEW_TOKEN if renew_token is not None and not course.renewed:
                course.renewed = True
                renew_token(course.deadline)
            case Remedy.RECONNECT if not pace.answered and course.attempts >= _FIRST_CONTACTS:
                raise course.out_of_time(failure)
            case Remedy.RETRY | Remedy.RECONNECT | Remedy.SLOW_DOWN:
                seconds = self._seconds(course, failure)
                if seconds >= course.deadline.remaining:
                    raise course.out_of_time(failure)
                self.observer.retrying(course.operation.text, failure.error, seconds)
                self.clock.wait(seconds)
            case _:
                raise failure.error

    def _seconds(self, course: "_Course", failure: Failure) -> float:
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(course.attempts - 1, _DOUBLINGS))
        # A moment that has passed, by our clock or theirs, is no leave to ask without end.
        return max(self.chance.uniform(0, longest), failure.retry_after or 0.0)


@dataclass(slots=True)
class _Course:
    """One operation on its way through its attempts."""

    operation: Operation
    deadline: Deadline
    attempts: int = 0
    renewed: bool = False
    in_doubt: bool = field(default=False)
    # Of the last answer that had one.
    trace: str | None = None

    def count(self, failure: Failure) -> None:
        self.attempts += 1
        self.trace = failure.error.trace or self.trace
        self.in_doubt |= self.operation.changes and failure.in_doubt

    def without_a_turn(self, wait: float) -> RateLimitedError:
        """Return the error of an operation whose turn would come too late."""
        return RateLimitedError(
            f"cannot {self.operation.text}: {self.operation.host} is asked as fast as "
            f"it allows, and the turn would come in {wait:.0f} s, after --timeout",
            hint="lower --max-workers, or raise --timeout",
            trace=self.trace,
            region=self.operation.region,
        )

    def out_of_time(self, failure: Failure) -> VpcmetactlError:
        """Return the error with what was tried, and why it is not tried again."""
        tries = "one attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        text = f"{failure.error}; gave up after {tries} in {self.deadline.elapsed:.0f} s"
        if failure.retry_after is not None:
            text += (
                f": the next was asked not to come before {failure.retry_after:.0f} s, "
                f"and --timeout leaves {self.deadline.remaining:.0f} s"
            )
        return _reworded(failure.error, text)

    def settled(self, end: VpcmetactlError) -> VpcmetactlError:
        """Return what to raise: after a lost answer, no later answer tells what the first did.

        A 412, above all: it may be the trace of our own first attempt.
        """
        if not self.in_doubt:
            return end
        return UnavailableError(
            str(end),
            hint="it is not known whether the change was made: " + self.operation.where_to_look,
            trace=end.trace,
            region=end.region,
            status=end.status,
            maybe_done=True,
        )


def _reworded(error: VpcmetactlError, text: str) -> VpcmetactlError:
    return type(error)(
        text, hint=error.hint, trace=error.trace, region=error.region, status=error.status
    )
