"""What every command that changes servers does: read, plan, show, then save or confirm and apply.

What is to be done to the servers is the command's own: it gives a ``Purpose``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from vpcmetactl import __version__
from vpcmetactl.cli.applying import Proposal, demand_consent_is_possible
from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Choice, Given, take_app, take_apply_options, take_choice
from vpcmetactl.cli.session import Session, open_session, warn_of_unread
from vpcmetactl.domain.applying import DEFAULTS, ApplyOptions
from vpcmetactl.domain.errors import ExitCode, InvalidInputError, RefusedError
from vpcmetactl.domain.plans import Plan
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.saved_plans import SavedPlan
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.usecases.fleet import FleetReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a command wants of the servers that were chosen.

    ``command`` is how it is called. ``make_plan`` is given the session, the servers as they were
    read, and whether the user named each of them. ``guard`` raises RefusedError for a plan that may
    be shown and not saved or applied. ``defaults`` are how such a plan is applied unless the user
    says otherwise. ``with_tags``: the servers are wanted with their user tags.
    """

    command: str
    make_plan: Callable[[Session, Sequence[AssessedServer], bool], Plan]
    guard: Callable[[Plan], None] = lambda _: None
    defaults: ApplyOptions = DEFAULTS
    with_tags: bool = False


def change_servers(app: App, given: Given, purpose: Callable[[Given], Purpose]) -> ExitCode:
    """Carry a purpose out; ``purpose`` takes what is its own out of what was given first.

    A command that takes no servers is about all of them.
    """
    yes, plan_out = given.pop("yes"), given.pop("plan_out")
    only_plan = bool(given.pop("dry_run") or plan_out)
    kind = "plan" if only_plan else "outcomes"
    with failures_told(app, kind, given["output"]):
        wanted = purpose(given)
        has_choice = "servers" in given
        choice = take_choice(given) if has_choice else Choice(ServerSelector())
        app, options = take_app(app, given)
        output = read_output(app, kind, given)
        how = take_apply_options(given, options.max_workers, wanted.defaults)
        if has_choice and choice.is_empty and not given["all_servers"]:
            raise InvalidInputError(
                f"{wanted.command}: no server is chosen",
                hint="name servers, choose them with options, or say --all",
            )
        if not only_plan:
            demand_consent_is_possible(app, yes=yes, no_input=given["no_input"])
        where = choice.predicate(warn=app.terminal.note, with_tags=wanted.with_tags)
    from vpcmetactl.render.views.plans import OUTCOMES, PLAN  # noqa: PLC0415 - usage errors first

    # The output is opened first: nobody wants to learn after the change that it cannot be told.
    with emitter(app, PLAN if only_plan else OUTCOMES, output) as out:
        if not only_plan:
            app.check_state(options)
        with open_session(app, options) as session:
            reading = session.read(choice, where, with_tags=wanted.with_tags)
            servers = [assessed for batch in reading for assessed in batch]
            session.observer.finish()
            warn_of_unread(session.app, session.scope(reading).incomplete)
            if reading.tagging.error is not None:
                session.observer.warn(f"no user tags are known: {reading.tagging.error}")
            plan = wanted.make_plan(session, servers, bool(choice.selector.refs))
            if plan_out or not only_plan:
                _guard_complete(reading, allowed=given["allow_incomplete"])
                wanted.guard(plan)
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


def _guard_complete(reading: FleetReading, *, allowed: bool) -> None:
    if reading.unread and not allowed:
        regions = ", ".join(sorted({part.region for part in reading.unread}))
        raise RefusedError(
            f"nothing was changed: {regions} could not be read, so servers may be missing",
            hint="leave the region out with --region, or say --allow-incomplete",
        )
