"""What ``metadata`` does: plan, check, show, and then save the plan or confirm and apply it."""

from datetime import timedelta
from pathlib import Path

from vpcmetactl import __version__
from vpcmetactl.cli.applying import Proposal, demand_consent_is_possible
from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import (
    Choice,
    Given,
    take_app,
    take_apply_options,
    take_choice,
)
from vpcmetactl.cli.session import READERS, Session, open_session, warn_of_unread
from vpcmetactl.domain.applying import ApplyOptions
from vpcmetactl.domain.errors import ExitCode, InvalidInputError, RefusedError
from vpcmetactl.domain.plans import Action, MetadataServicePatch, Plan, plan_metadata
from vpcmetactl.domain.saved_plans import SavedPlan
from vpcmetactl.domain.servers import Protocol
from vpcmetactl.usecases.fleet import FleetReading
from vpcmetactl.usecases.preflight import preflight


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
    yes, plan_out = given.pop("yes"), given.pop("plan_out")
    only_plan = bool(given.pop("dry_run") or plan_out)
    kind = "plan" if only_plan else "outcomes"
    with failures_told(app, kind, given["output"]):
        choice = take_choice(given)
        app, options = take_app(app, given)
        output = read_output(app, kind, given)
        how = take_apply_options(given, options.max_workers)
        _demand_purpose(action, patch, choice, all_servers=given["all_servers"])
        if not only_plan:
            demand_consent_is_possible(app, yes=yes, no_input=given["no_input"])
        where = choice.predicate(warn=app.terminal.note)
    from vpcmetactl.render.views.plans import OUTCOMES, PLAN  # noqa: PLC0415 - usage errors first

    # The output is opened first: nobody wants to learn after the change that it cannot be told.
    with emitter(app, PLAN if only_plan else OUTCOMES, output) as out:
        if not only_plan:
            app.check_state(options)
        with open_session(app, options) as session:
            reading = session.read(choice, where)
            plan = _plan(session, reading, action, patch, named=bool(choice.selector.refs))
            if plan_out or not only_plan:
                _guard_complete(reading, allowed=given["allow_incomplete"])
            if plan_out:
                life = timedelta(hours=given["plan_life"])
                proposal = _saved(session, reading, plan, choice, how, life, Path(plan_out))
                return proposal.show(out, exit_code=given["exit_code"])
            proposal = Proposal(session, plan, reading)
            if only_plan:
                return proposal.show(out, exit_code=given["exit_code"])
            how.guard(plan)
            if not yes:
                proposal.confirm()
            return proposal.apply(how, out)


def _plan(
    session: Session,
    reading: FleetReading,
    action: Action,
    patch: MetadataServicePatch,
    *,
    named: bool,
) -> Plan:
    servers = [assessed.server for batch in reading for assessed in batch]
    session.observer.finish()
    warn_of_unread(session.app, session.scope(reading).incomplete)
    plan = plan_metadata(action, patch, servers, named=named)
    workers = session.options.max_workers or READERS
    return preflight(plan, servers, session.cloud, session.observer, max_workers=workers)


def _saved(  # noqa: PLR0917 - what a plan file is made of
    session: Session,
    reading: FleetReading,
    plan: Plan,
    choice: Choice,
    how: ApplyOptions,
    life: timedelta,
    path: Path,
) -> Proposal:
    now, realm = session.app.clock.now(), session.realm
    saved = SavedPlan(
        plan=plan,
        account_id=realm.account_id,
        vpc_endpoint=realm.vpc_endpoint,
        iam_host=realm.iam_host,
        selection=choice.words,
        created_at=now,
        expires_at=now + life,
        tool_version=__version__,
        options=how,
        incomplete=tuple(sorted({part.region for part in reading.unread})),
    )
    saved = session.app.files.write_plan(path, saved)
    session.app.terminal.note(f"saved as {path}; apply it with: vpcmetactl plan apply {path}")
    return Proposal(session, plan, reading, saved)


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


def _guard_complete(reading: FleetReading, *, allowed: bool) -> None:
    if reading.unread and not allowed:
        regions = ", ".join(sorted({part.region for part in reading.unread}))
        raise RefusedError(
            f"nothing was changed: {regions} could not be read, so servers may be missing",
            hint="leave the region out with --region, or say --allow-incomplete",
        )
