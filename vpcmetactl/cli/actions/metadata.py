"""What ``metadata`` does: plan, show, confirm, apply, verify."""

from collections.abc import Sequence

from vpcmetactl.cli.confirm import confirm
from vpcmetactl.cli.context import App
from vpcmetactl.cli.interrupts import graceful_stop
from vpcmetactl.cli.output import Emitter, emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Choice, Given, take_app, take_choice
from vpcmetactl.cli.session import WRITERS, Session, open_session, warn_of_unread
from vpcmetactl.domain.errors import ExitCode, InvalidInputError, RefusedError, strongest
from vpcmetactl.domain.plans import (
    Action,
    Failed,
    MetadataServicePatch,
    NotAttempted,
    Outcome,
    Plan,
    PlanItem,
    Refused,
    Skip,
    Unknown,
    plan_metadata,
)
from vpcmetactl.domain.servers import Protocol
from vpcmetactl.usecases.fleet import FleetReading
from vpcmetactl.usecases.metadata import MetadataApplier


def enable_metadata(app: App, given: Given) -> ExitCode:
    """Enable the service; protocol and hop limit stay unless they are given."""
    return _change(app, Action.ENABLE, _take_patch(given, enabled=True), given)


def disable_metadata(app: App, given: Given) -> ExitCode:
    """Disable the service."""
    return _change(app, Action.DISABLE, MetadataServicePatch(enabled=False), given)


def set_metadata(app: App, given: Given) -> ExitCode:
    """Set protocol and hop limit, and leave the service on or off as it is."""
    return _change(app, Action.SET, _take_patch(given), given)


def _take_patch(given: Given, *, enabled: bool | None = None) -> MetadataServicePatch:
    protocol = given.pop("protocol")
    return MetadataServicePatch(
        enabled=enabled,
        protocol=Protocol(protocol) if protocol else None,
        response_hop_limit=given.pop("response_hop_limit"),
    )


def _change(app: App, action: Action, patch: MetadataServicePatch, given: Given) -> ExitCode:
    dry_run, yes = given.pop("dry_run"), given.pop("yes")
    kind = "plan" if dry_run else "outcomes"
    with failures_told(app, kind, given["output"]):
        choice = take_choice(given)
        app, options = take_app(app, given)
        output = read_output(app, kind, given)
        _demand_purpose(action, patch, choice, all_servers=given["all_servers"])
        if not dry_run:
            _demand_consent_is_possible(app, yes=yes, no_input=given["no_input"])
        where = choice.predicate(warn=app.terminal.note)
    from vpcmetactl.render.views.plans import OUTCOMES, PLAN  # noqa: PLC0415 - usage errors first

    # The output is opened first: nobody wants to learn after the change that it cannot be told.
    with emitter(app, PLAN if dry_run else OUTCOMES, output) as out:
        if not dry_run:
            app.check_state(options)
        with open_session(app, options) as session:
            reading = session.read(choice, where)
            servers = [assessed.server for batch in reading for assessed in batch]
            session.observer.finish()
            warn_of_unread(app, session.scope(reading).incomplete)
            plan = plan_metadata(action, patch, servers, named=bool(choice.selector.refs))
            if dry_run:
                return _show(session, reading, plan, out, exit_code=given["exit_code"])
            _guard_complete(reading, allowed=given["allow_incomplete"])
            if plan.changes and not yes:
                _preview(session, reading, plan)
                confirm(app.terminal, f"Change {_servers(len(plan.changes))}?")
            return _apply(session, reading, plan, out)


def _demand_purpose(
    action: Action, patch: MetadataServicePatch, choice: Choice, *, all_servers: bool
) -> None:
    if patch.is_empty:
        raise InvalidInputError(
            f"metadata {action}: there is nothing to set",
            hint="give --protocol, --response-hop-limit or both",
        )
    if choice.is_empty and not all_servers:
        raise InvalidInputError(
            f"metadata {action}: no server is chosen",
            hint="name servers, choose them with options, or say --all",
        )


def _demand_consent_is_possible(app: App, *, yes: bool, no_input: bool) -> None:
    if not yes and (no_input or not app.terminal.interactive):
        raise InvalidInputError(
            "a change must be confirmed, and there is no one to ask",
            hint="look at it with --dry-run, then repeat it with --yes",
        )


def _guard_complete(reading: FleetReading, *, allowed: bool) -> None:
    if reading.unread and not allowed:
        regions = ", ".join(sorted({part.region for part in reading.unread}))
        raise RefusedError(
            f"nothing was changed: {regions} could not be read, so servers may be missing",
            hint="leave the region out with --region, or say --allow-incomplete",
        )


def _show(
    session: Session, reading: FleetReading, plan: Plan, out: Emitter[PlanItem], *, exit_code: bool
) -> ExitCode:
    code = strongest(
        ExitCode.INCOMPLETE if reading.unread else ExitCode.OK,
        ExitCode.REFUSED if any(skip.refused for skip in plan.skips) else ExitCode.OK,
        ExitCode.FINDINGS if exit_code and plan.changes else ExitCode.OK,
    )
    for item in plan.items:
        out.item(item)
    out.end(session.trailer(reading, code, whole=plan))
    return code


def _preview(session: Session, reading: FleetReading, plan: Plan) -> None:
    """Show the plan on stderr: stdout is for what will have been done."""
    from vpcmetactl.render.options import Format, OutputOptions  # noqa: PLC0415
    from vpcmetactl.render.sinks import open_sink  # noqa: PLC0415
    from vpcmetactl.render.views.plans import PLAN  # noqa: PLC0415

    terminal = session.app.terminal
    shape = OutputOptions(width=terminal.width, color=terminal.color)
    sink = open_sink(PLAN, Format.TABLE, shape, terminal.write_error)
    sink.start()
    for item in plan.items:
        sink.item(item)
    sink.end(session.trailer(reading, ExitCode.OK, whole=plan))


def _apply(
    session: Session, reading: FleetReading, plan: Plan, out: Emitter[Outcome | Skip]
) -> ExitCode:
    app = session.app
    with (
        app.open_journal(session.options, session.caller) as journal,
        graceful_stop(app.terminal) as stop,
    ):
        applier = MetadataApplier(
            writer=session.cloud,
            journal=journal,
            observer=session.observer,
            clock=app.clock,
            max_workers=session.options.max_workers or WRITERS,
            stop_requested=stop.requested,
        )
        out.patient = bool(plan.changes)
        outcomes = []
        for outcome in applier.apply(plan):
            outcomes.append(outcome)
            out.item(outcome)
        for skip in plan.skips:
            out.item(skip)
        session.observer.finish()
        code = strongest(_worst(outcomes, plan), _incomplete(reading), stop.exit_code)
        out.end(session.trailer(reading, code, whole=plan, run_id=applier.run_id))
    return code


def _incomplete(reading: FleetReading) -> ExitCode:
    return ExitCode.INCOMPLETE if reading.unread else ExitCode.OK


def _worst(outcomes: Sequence[Outcome], plan: Plan) -> ExitCode:
    if any(isinstance(outcome, Failed | Unknown | NotAttempted) for outcome in outcomes):
        return ExitCode.FAILED
    refused = any(isinstance(outcome, Refused) for outcome in outcomes)
    if refused or any(skip.refused for skip in plan.skips):
        return ExitCode.REFUSED
    return ExitCode.OK


def _servers(count: int) -> str:
    return f"{count:,} server{'' if count == 1 else 's'}"
