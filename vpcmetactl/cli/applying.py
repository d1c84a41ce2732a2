"""Showing a plan, asking for consent, applying it, and telling what became of it.

The same for whatever makes a plan: ``metadata``, ``plan``, ``runs``.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from vpcmetactl.cli.confirm import confirm
from vpcmetactl.cli.context import App
from vpcmetactl.cli.interrupts import Stop, graceful_stop
from vpcmetactl.cli.link_limits import guard_limits
from vpcmetactl.cli.output import Emitter
from vpcmetactl.cli.session import Session
from vpcmetactl.domain.applying import ApplyOptions
from vpcmetactl.domain.errors import ExitCode, InvalidInputError, VpcmetactlError, strongest
from vpcmetactl.domain.plans import (
    Action,
    Change,
    Failed,
    LinkChange,
    MetadataChange,
    NotAttempted,
    Outcome,
    Plan,
    PlanItem,
    Refused,
    RestartChange,
    Skip,
    Unknown,
)
from vpcmetactl.domain.saved_plans import SavedPlan
from vpcmetactl.usecases.applying import Applier, Record
from vpcmetactl.usecases.fleet import FleetReading
from vpcmetactl.usecases.linking import LinkExecutor
from vpcmetactl.usecases.patching import MetadataExecutor
from vpcmetactl.usecases.ports import Journal
from vpcmetactl.usecases.restarting import RestartExecutor

Emitted = Outcome | Skip

_VERBS = dict.fromkeys(Action, "Change") | {Action.RESTART: "Stop and start"}


def demand_consent_is_possible(app: App, *, yes: bool, no_input: bool) -> None:
    """Raise InvalidInputError where a change would have to be confirmed and nobody can be asked."""
    if not yes and (no_input or not app.terminal.interactive):
        raise InvalidInputError(
            "a change must be confirmed, and there is no one to ask",
            hint="look at it with --dry-run, then repeat it with --yes",
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan on its way to being shown or applied.

    ``whole`` is the plan as it is to be shown: the saved one, where it is from a file or goes into
    one. ``reading`` is what it was made from, where that was just now.
    """

    session: Session
    plan: Plan
    reading: FleetReading | None = None
    saved: SavedPlan | None = None

    @property
    def whole(self) -> Plan | SavedPlan:
        """The most that is known of the plan."""
        return self.saved or self.plan

    @property
    def exit_code(self) -> ExitCode:
        """What the plan alone amounts to: something is missing, or a wish is refused."""
        unread = (self.reading and self.reading.unread) or (self.saved and self.saved.incomplete)
        return strongest(
            ExitCode.INCOMPLETE if unread else ExitCode.OK,
            ExitCode.REFUSED if any(skip.refused for skip in self.plan.skips) else ExitCode.OK,
        )

    def show(self, out: Emitter[PlanItem], *, exit_code: bool = False) -> ExitCode:
        """Show the plan as the result; with ``exit_code`` one with changes exits with 3."""
        found = ExitCode.FINDINGS if exit_code and self.plan.changes else ExitCode.OK
        code = strongest(self.exit_code, found)
        for item in self.plan.items:
            out.item(item)
        out.end(self.session.trailer(self.reading, code, whole=self.whole))
        return code

    def confirm(self) -> None:
        """Show the plan on stderr and ask; raises RefusedError for any answer but yes.

        A plan without changes needs no consent.
        """
        if self.plan.changes:
            _preview(self)
            count = _servers(len(self.plan.changes))
            confirm(self.session.app.terminal, f"{_VERBS[self.plan.action]} {count}?")

    def apply(
        self, options: ApplyOptions, out: Emitter[Emitted], rollback_of: str | None = None
    ) -> ExitCode:
        """Apply the plan, and tell every outcome and every skip."""
        with _tools(self.session, self.plan.action, options) as tools:
            return self._tell(tools, tools.applier.apply(self.plan, rollback_of), out)

    def _tell(
        self, tools: "_Tools", outcomes: Iterator[Outcome], out: Emitter[Emitted]
    ) -> ExitCode:
        out.patient = bool(self.plan.changes)
        seen: list[Outcome] = []
        errors: list[VpcmetactlError] = []
        try:
            for outcome in outcomes:
                seen.append(outcome)
                out.item(outcome)
                # The next one may take minutes, and whoever reads a pipe waits for this one.
                out.flush()
        except VpcmetactlError as error:
            if not seen:
                raise
            # What has been done is told all the more where the journal could not take it down.
            errors.append(error)
        for skip in self.plan.skips:
            out.item(skip)
        self.session.observer.finish()
        stopped_by = [ExitCode(told.exit_code) for told in errors]
        code = strongest(_worst(seen), self.exit_code, tools.stop.exit_code, *stopped_by)
        trailer = self.session.trailer(
            self.reading, code, whole=self.whole, run_id=tools.applier.run_id, errors=errors
        )
        out.end(trailer)
        if errors:
            raise errors[0]
        return code


def resume_run(
    session: Session, run_id: str, how: Callable[[Action], ApplyOptions], out: Emitter[Emitted]
) -> ExitCode:
    """Go on with a run where it was cut off, and tell what became of the changes left.

    ``how`` gives the options for what the run is about. Raises NotFoundError for a run that is not
    there, and RefusedError for one that still goes on.
    """
    app, options = session.app, session.options
    with app.open_journal(options, session.caller) as journal:
        run = journal.get_run(run_id)
    guard_limits(session, run.open_changes)
    with _tools(session, run.action, how(run.action)) as tools:
        left = Proposal(session, Plan(run.action, run.patch, tuple(run.open_changes)))
        return left._tell(tools, tools.applier.resume(run), out)  # noqa: SLF001 - its own module


@dataclass(frozen=True, slots=True)
class _Tools:
    """What changes servers, and what may stop it."""

    applier: Applier
    journal: Journal
    stop: Stop


@contextmanager
def _tools(session: Session, action: Action, options: ApplyOptions) -> Iterator[_Tools]:
    app = session.app
    with (
        app.open_journal(session.options, session.caller) as journal,
        graceful_stop(app.terminal, restarts=action is Action.RESTART) as stop,
    ):
        applier = Applier(
            executor=_Executors(session, action, options),
            journal=journal,
            observer=session.observer,
            clock=app.clock,
            options=options,
            stop_requested=stop.requested,
        )
        yield _Tools(applier, journal, stop)


class _Executors:
    """Has each change made by the executor of its kind."""

    def __init__(self, session: Session, action: Action, options: ApplyOptions) -> None:
        rule = session.options.named_rule
        self._metadata = MetadataExecutor(session.cloud, rule)
        self._restarts = RestartExecutor(
            power=session.cloud, clock=session.app.clock, rule=rule, wait=options.wait
        )
        inventory = session.cloud if action is Action.PRUNE_LINKS else None
        self._links = LinkExecutor(session.cloud, inventory)
        self._trust_cache = session.app.open_trust_cache(session.options, session.realm)

    def execute(self, change: Change, record: Record) -> Outcome:
        """Make the change."""
        match change:
            case MetadataChange():
                return self._metadata.execute(change, record)
            case RestartChange():
                return self._restarts.execute(change, record)
            case LinkChange():
                self._trust_cache.forget()
                return self._links.execute(change, record)


def _preview(proposal: Proposal) -> None:
    """Show the plan on stderr: stdout is for what will have been done."""
    from vpcmetactl.render.options import Format, OutputOptions  # noqa: PLC0415
    from vpcmetactl.render.sinks import open_sink  # noqa: PLC0415
    from vpcmetactl.render.views.plans import PLAN  # noqa: PLC0415

    terminal = proposal.session.app.terminal
    shape = OutputOptions(width=terminal.width, color=terminal.color)
    sink = open_sink(PLAN, Format.TABLE, shape, terminal.write_error)
    sink.start()
    for item in proposal.plan.items:
        sink.item(item)
    trailer = proposal.session.trailer(proposal.reading, ExitCode.OK, whole=proposal.whole)
    sink.end(trailer)


def _worst(outcomes: Sequence[Outcome]) -> ExitCode:
    if any(isinstance(outcome, Failed | Unknown | NotAttempted) for outcome in outcomes):
        return ExitCode.FAILED
    if any(isinstance(outcome, Refused) for outcome in outcomes):
        return ExitCode.REFUSED
    return ExitCode.OK


def _servers(count: int) -> str:
    return f"{count:,} server{'' if count == 1 else 's'}"
