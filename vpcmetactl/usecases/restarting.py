"""Making one restart: stop, wait, start, wait until the server runs and is well, verify.

Never a reboot, which leaves the instance where it is (platform notes 2.3). What the server's status
says is what counts: the action that the API answers with tells nothing. A server that this program
stopped is started again whatever else happens; one that somebody else stopped never is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from vpcmetactl.domain.errors import (
    AuthenticationError,
    CloudError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    StartFailedError,
    StopFailedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.evidence import EventKind, ServerEvent, Source
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    Failed,
    NotAttempted,
    Outcome,
    Refused,
    RestartChange,
    SkipReason,
    StopType,
    Unknown,
)
from vpcmetactl.domain.restarting import restart_obstacle
from vpcmetactl.domain.restarts import Reason, RestartRule, Verdict, assess_restart
from vpcmetactl.domain.runs import RestartStep
from vpcmetactl.domain.servers import Server
from vpcmetactl.usecases.applying import Record
from vpcmetactl.usecases.ports import Clock, PowerSwitch

T = TypeVar("T")

# Seconds between looks: few at first, and more the longer it takes.
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.2, 5.0, 1.4
# What was asked for shows within this time, or it was never heard.
_HEARD = 30.0

_DOWN = frozenset({"stopping", "stopped"})
_COMING_UP = frozenset({"starting", "running"})
_WILL_NOT_RUN = frozenset({"failed", "deleting"})
_NOT_STOPPING_ANY_MORE = frozenset({"stopped", "starting"}) | _WILL_NOT_RUN
_WELL = frozenset({None, "ok", "inapplicable"})
# What passes by itself, so that asking again is worth it while a server is down.
_PASSING = (UnavailableError, RateLimitedError, ConflictError)
_RESTARTED_SINCE = frozenset(
    {Reason.STOPPED_SINCE, Reason.RESTARTED, Reason.ACKNOWLEDGED, Reason.SERVICE_ANSWERED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartExecutor:
    """Restarts servers. ``wait`` bounds, in seconds, the stop, the start, and getting well each."""

    power: PowerSwitch
    clock: Clock
    rule: RestartRule = RestartRule.FAQ
    wait: float = 900.0

    def execute(self, change: RestartChange, record: Record) -> Outcome:
        """Restart the server, unless that is no longer called for or would do harm."""
        return _Restarting(self.power, self.clock, self.rule, self.wait, change, record).run()


class _EndedError(Exception):
    """The restart has come to its end; carries the outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class _Restarting:
    power: PowerSwitch
    clock: Clock
    rule: RestartRule
    wait: float
    change: RestartChange
    record: Record

    def run(self) -> Outcome:
        if refused := self.record.intend():
            return refused
        try:
            found = self._read()
        except NotFoundError:
            return Refused(self.change, "is no longer there")
        except VpcmetactlError as error:
            return self._unread(error)
        try:
            return self._go_on(found)
        except _EndedError as ended:
            return ended.outcome

    @property
    def _step(self) -> RestartStep | None:
        """How far an earlier attempt got, as far as its server may have been stopped by it."""
        return self.record.earlier.step if self.record.earlier else None

    def _unread(self, error: VpcmetactlError) -> Outcome:
        """Of a server that may be down nobody knows the end; of any other, nothing was done."""
        return Failed(self.change, error) if self._step is None else self._lost_sight(error)

    def _go_on(self, found: Server) -> Outcome:
        """Do what is left to do: all of it, where no earlier attempt has stopped the server."""
        step, is_down = self._step, found.status in _DOWN
        if step is None or (step is RestartStep.STOPPING and found.status == "running"):
            if self.record.is_rescue:
                return NotAttempted(self.change)
            self._check(found)
            self._stop()
            return self._bring_up()
        if step is RestartStep.RUNNING and is_down:
            message = "ran again, and was stopped by somebody else since, so it is not started"
            return Refused(self.change, message, found.metadata)
        if step is RestartStep.STOPPING or is_down:
            return self._bring_up()
        return self._until_well(found)

    def _check(self, found: Server) -> None:
        """End here where a restart is not called for any more, or must not be."""
        change = self.change
        if not self.record.learn():
            raise _EndedError(NotAttempted(change))
        self.record.see(found)
        if found.status != "running":
            message = f"is {found.status or 'in no known status'}: only what runs is restarted"
            raise _EndedError(Refused(change, message, found.metadata))
        now = assess_restart(found, self.record.history, self.rule)
        if now.verdict is Verdict.NOT_NEEDED:
            since = now.reason in _RESTARTED_SINCE
            reason = SkipReason.ALREADY_RESTARTED if since else SkipReason.NOT_NEEDED
            raise _EndedError(AlreadyDone(change, reason))
        if now.verdict is Verdict.UNKNOWN and change.verdict is Verdict.NEEDED:
            message = "it is not known any more whether it needs a restart"
            raise _EndedError(Refused(change, message, found.metadata))
        obstacle = restart_obstacle(found, allow_storage_loss=change.allows_storage_loss)
        if obstacle is not None:
            raise _EndedError(Refused(change, obstacle.message, found.metadata))

    def _stop(self) -> None:
        change = self.change
        if not self.record.reach(RestartStep.STOPPING):
            raise _EndedError(NotAttempted(change))
        self.record.sending()
        try:
            self._ask(lambda: self.power.stop_server(change.server, change.stop_type))
        except NotFoundError:
            raise _EndedError(Refused(change, "is no longer there")) from None
        except ConflictError as error:
            self._find_out_who_stopped(error)
        except UnavailableError as error:
            if not error.maybe_done:
                raise self._refused(error) from None
            if not self._was_heard():
                raise _EndedError(Unknown(change, error)) from None
        except VpcmetactlError as error:
            raise self._refused(error) from None

    def _refused(self, error: VpcmetactlError) -> _EndedError:
        """End with a stop that was not taken; that of an earlier attempt may yet be heard."""
        if self._step is not None:
            error = self._may_yet_stop(error)
        return _EndedError(Failed(self.change, error))

    def _find_out_who_stopped(self, error: ConflictError) -> None:
        """End here, unless it is an earlier attempt's stop that was heard only now."""
        try:
            found = self._read()
        except VpcmetactlError:
            raise self._refused(error) from None
        if found.status not in _DOWN:
            raise self._refused(error)
        if self._step is None:
            message = "was stopped by somebody else just now, so it is not started"
            raise _EndedError(Refused(self.change, message, found.metadata))

    def _was_heard(self) -> bool:
        """Find out whether a stop whose answer was lost has begun; in doubt it has."""
        if self.change.stop_type is not None:
            return True  # bare metal shows nothing until it is down
        found = self._watch(lambda server: server.status != "running", min(_HEARD, self.wait))
        return not isinstance(found, Server) or found.status != "running"

    def _bring_up(self) -> Outcome:
        """Wait until the server is down, and see that it comes up again."""
        down = self._watch(lambda server: server.status in _NOT_STOPPING_ANY_MORE, self.wait)
        if not isinstance(down, Server):
            return self._start_unseen(down)
        if down.status not in _NOT_STOPPING_ANY_MORE:
            return Failed(self.change, self._did_not_stop())
        self.record.see(down)
        if down.status == "stopped":
            self.record.reach(RestartStep.STOPPED)
            self._start()
            self.record.reach(RestartStep.STARTING)
        return self._until_well(down)

    def _start_unseen(self, error: VpcmetactlError) -> Outcome:
        """Ask for a start all the same: until the server is down it is refused."""
        if not isinstance(error, NotFoundError):
            self._start()
            self.record.reach(RestartStep.STARTING)
        return self._lost_sight(error)

    def _start(self) -> None:
        """Ask for a start until it is heard."""
        until = self.clock.monotonic() + self.wait
        pauses = _pauses()
        while True:
            try:
                self.record.sending()
                self._ask(lambda: self.power.start_server(self.change.server))
            except _PASSING as error:
                if self._is_coming_up():
                    return
                if self.clock.monotonic() >= until:
                    raise _EndedError(Failed(self.change, self._not_started(error))) from error
                self.clock.wait(next(pauses))
            except VpcmetactlError as error:
                raise _EndedError(Failed(self.change, self._not_started(error))) from error
            else:
                return

    def _is_coming_up(self) -> bool:
        try:
            return self._read().status in _COMING_UP
        except VpcmetactlError:
            return False

    def _until_well(self, down: Server) -> Outcome:
        heard = self.clock.monotonic() + _HEARD

        def is_decided(found: Server) -> bool:
            # Until the start shows, what is told may be why an earlier one failed.
            is_old = found.status_reasons == down.status_reasons and self.clock.monotonic() < heard
            return _is_up_or_will_not_be(found) and not (found.status == "stopped" and is_old)

        up = self._watch(is_decided, self.wait)
        if not isinstance(up, Server):
            return self._lost_sight(up)
        if up.status != "running":
            return Failed(self.change, self._did_not_start(up))
        self.record.see(up)
        self.record.reach(RestartStep.RUNNING)
        well = self._watch(lambda server: server.health_state in _WELL, self.wait)
        if not isinstance(well, Server):
            return self._lost_sight(well)
        if well.health_state not in _WELL:
            error = StartFailedError(
                f"{self._label}: was restarted and runs, and its health is {well.health_state}",
                hint="see to the server before others are restarted",
                region=self.change.server.region,
            )
            return Failed(self.change, error)
        return self._applied(down, well)

    def _applied(self, down: Server, up: Server) -> Applied:
        """What was seen on the way proves that the service was on when the server came up."""
        if down.status == "stopped" and down.metadata.enabled and up.metadata.enabled:
            self.record.prove(
                ServerEvent(
                    up.id,
                    self.clock.now(),
                    EventKind.RESTARTED,
                    Source.OWN_RUN,
                    self.record.run_id,
                )
            )
        restart = assess_restart(up, self.record.history, self.rule)
        return Applied(self.change, up.metadata, restart)

    def _watch(
        self, is_enough: Callable[[Server], bool], seconds: float
    ) -> Server | VpcmetactlError:
        """Read the server until that is enough or the time is over; return what was read last.

        A reading that fails is repeated: a server on its way must not be lost sight of.
        """
        until = self.clock.monotonic() + seconds
        pauses = _pauses()
        while True:
            found: Server | VpcmetactlError
            try:
                found = self._read()
            except (NotFoundError, AuthenticationError, PermissionDeniedError) as error:
                return error
            except VpcmetactlError as error:
                found = error
            if isinstance(found, Server) and is_enough(found):
                return found
            left = until - self.clock.monotonic()
            if left <= 0:
                return found
            self.clock.wait(min(next(pauses), left))

    def _read(self) -> Server:
        server = self.change.server
        return self._ask(lambda: self.power.get_server(server.region, server.kind, server.id))

    def _ask(self, call: Callable[[], T]) -> T:
        """Make a call; what it did not expect is raised once the server has been seen to."""
        try:
            return call()
        except VpcmetactlError:
            raise
        except Exception as error:
            self.record.give_up(error)
            raise UnavailableError("ended unexpectedly", maybe_done=True) from error

    def _lost_sight(self, error: VpcmetactlError) -> Outcome:
        """Nobody knows whether it came up: where it is not found, it may be there all the same."""
        lost = StartFailedError(
            f"{self._label}: may have been left stopped, and cannot be read: {error}",
            hint=f"look at the server; {self._resuming} starts it where it is down",
            region=self.change.server.region,
            trace=error.trace,
            status=error.status,
        )
        return Unknown(self.change, lost)

    @property
    def _label(self) -> str:
        return self.change.server.label

    @property
    def _resuming(self) -> str:
        return f"vpcmetactl runs resume {self.record.run_id}"

    def _may_yet_stop(self, error: VpcmetactlError) -> CloudError:
        return StopFailedError(
            f"{self._label}: was asked to stop before, and may yet do so: {error}",
            hint=f"look at the server; {self._resuming} starts it where it is down",
            region=self.change.server.region,
            trace=error.trace,
            status=error.status,
        )

    def _did_not_stop(self) -> CloudError:
        soft = self.change.stop_type is StopType.SOFT
        asked = "its operating system was asked to, and may still" if soft else "it may still"
        again = "; a hard stop does not ask: --stop-type hard" if soft else ""
        return StopFailedError(
            f"{self._label}: did not stop within {self.wait:.0f} seconds",
            hint=f"{asked}: {self._resuming} starts it then{again}",
            region=self.change.server.region,
        )

    def _not_started(self, error: VpcmetactlError) -> CloudError:
        return StartFailedError(
            f"{self._label}: was stopped, and cannot be started: {error}",
            hint=self._how_to_start(),
            region=self.change.server.region,
            trace=error.trace,
            status=error.status,
        )

    def _did_not_start(self, found: Server) -> CloudError:
        reasons = "; ".join(
            ": ".join(part for part in (reason.code, reason.message) if part)
            for reason in found.status_reasons or ()
        )
        why = "" if found.status in _WILL_NOT_RUN else f" within {self.wait:.0f} seconds"
        why = f" ({reasons})" if reasons else why
        return StartFailedError(
            f"{self._label}: was stopped, and did not start: it is {found.status}{why}",
            hint=self._how_to_start(),
            region=self.change.server.region,
        )

    def _how_to_start(self) -> str:
        return f"the server is left stopped; {self._resuming} tries to start it again"


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)


def _is_up_or_will_not_be(server: Server) -> bool:
    """Whether there is nothing to wait for: it runs, or the platform says why it does not."""
    cannot = any(
        (reason.code or "").startswith("cannot_start") for reason in server.status_reasons or ()
    )
    return server.status in {"running", *_WILL_NOT_RUN} or (server.status == "stopped" and cannot)
