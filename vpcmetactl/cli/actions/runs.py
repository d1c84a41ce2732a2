"""What ``runs`` does."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from vpcmetactl.cli.applying import Proposal, demand_consent_is_possible, resume_run
from vpcmetactl.cli.context import App
from vpcmetactl.cli.link_limits import guard_limits
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Choice, Given, take_app, take_apply_options
from vpcmetactl.cli.session import Session, open_session, warn_of_unread
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.cli.trust import TrustCheck, check_plan
from vpcmetactl.domain.applying import RESTART_DEFAULTS, ApplyOptions
from vpcmetactl.domain.errors import ExitCode, RefusedError
from vpcmetactl.domain.identifiers import ServerRef
from vpcmetactl.domain.plans import Action, Change, LinkChange, Plan
from vpcmetactl.domain.runs import RunRecord
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.domain.undoing import is_about_metadata, take_back
from vpcmetactl.usecases.ports import Journal, RunReader
from vpcmetactl.usecases.preflight import preflight


def list_runs(app: App, given: Given) -> ExitCode:
    """List the runs of the realm."""
    with failures_told(app, "runs", given["output"]):
        app, options = take_app(app, given)
        output = read_output(app, "runs", given)
    from vpcmetactl.render.views.runs import RUNS  # noqa: PLC0415 - usage errors first

    with emitter(app, RUNS, output) as out, _reader(app, options) as (session, journal):
        records = journal.list_runs()
        code = ExitCode.FINDINGS if given["exit_code"] and records else ExitCode.OK
        for record in records:
            out.item(record)
        out.end(session.trailer(None, code))
    return code


def show_run(app: App, given: Given) -> ExitCode:
    """Show one run in full."""
    with failures_told(app, "run", given["output"]):
        app, options = take_app(app, given)
        output = read_output(app, "run", given)
    from vpcmetactl.render.views.runs import RUN  # noqa: PLC0415 - usage errors first

    with emitter(app, RUN, output) as out, _reader(app, options) as (session, journal):
        out.item(journal.get_run(given["run"]))
        out.end(session.trailer(None, ExitCode.OK))
    return ExitCode.OK


def resume(app: App, given: Given) -> ExitCode:
    """Finish a run that was cut off."""
    with failures_told(app, "outcomes", given["output"]):
        app, options = take_app(app, given)
        output = read_output(app, "outcomes", given)
        restarting = take_apply_options(dict(given), options.max_workers, RESTART_DEFAULTS)
        changing = take_apply_options(given, options.max_workers)

    def how(action: Action) -> ApplyOptions:
        return restarting if action is Action.RESTART else changing

    from vpcmetactl.render.views.plans import OUTCOMES  # noqa: PLC0415 - usage errors first

    with emitter(app, OUTCOMES, output) as out:
        app.check_state(options)
        with open_session(app, options, resuming=given["run"]) as session:
            return resume_run(session, given["run"], how, out)


def roll_back(app: App, given: Given) -> ExitCode:
    """Take a run's changes back where they still stand."""
    yes, dry_run = given.pop("yes"), given.pop("dry_run")
    check = TrustCheck(given.pop("check_trust"), given.pop("allow_identity_loss"))
    kind = "plan" if dry_run else "outcomes"
    with failures_told(app, kind, given["output"]):
        app, options = take_app(app, given)
        output = read_output(app, kind, given)
        how = take_apply_options(given, options.max_workers)
        if not dry_run:
            demand_consent_is_possible(app, yes=yes, no_input=given["no_input"])
    from vpcmetactl.render.views.plans import OUTCOMES, PLAN  # noqa: PLC0415 - usage errors first

    with emitter(app, PLAN if dry_run else OUTCOMES, output) as out:
        app.check_state(options)
        with _journal(app, options) as (session, journal):
            run = journal.get_run(given["run"])
            proposal = _restoring(session, run, check)
            if dry_run:
                return proposal.show(out, exit_code=given["exit_code"])
            how.guard(proposal.plan)
            if not yes:
                proposal.confirm()
            return proposal.apply(how, out, rollback_of=run.id)


def export_runs(app: App, given: Given) -> ExitCode:
    """Write runs into a file."""
    app, options = take_app(app, given)
    path = Path(given["out"])
    with _reader(app, options) as (_, journal):
        names = given["runs"]
        records = [journal.get_run(name) for name in names] or journal.list_runs()
        app.files.write_runs(path, records)
    app.terminal.note(f"{_runs(records)} written into {path}")
    return ExitCode.OK


def import_runs(app: App, given: Given) -> ExitCode:
    """Take exported runs into the journal."""
    app, options = take_app(app, given)
    records = app.files.read_runs(Path(given["file"]))
    with _journal(app, options) as (_, journal):
        for record in records:
            journal.import_run(record)
    app.terminal.note(f"taken into the journal: {_runs(records)}")
    return ExitCode.OK


@contextmanager
def _reader(app: App, options: CloudOptions) -> Iterator[tuple[Session, RunReader]]:
    with (
        open_session(app, options) as session,
        app.open_runs(session.options, session.caller, session.observer) as reader,
    ):
        yield session, reader


@contextmanager
def _journal(app: App, options: CloudOptions) -> Iterator[tuple[Session, Journal]]:
    with (
        open_session(app, options) as session,
        app.open_journal(session.options, session.caller) as journal,
    ):
        yield session, journal


def _restoring(session: Session, run: RunRecord, check: TrustCheck) -> Proposal:
    """Plan to take a run back, from how things are now."""
    done = Plan(run.action, run.patch, tuple(run.applied_changes))
    if not done.changes or not is_about_metadata(done):
        links = [change for change in done.changes if isinstance(change, LinkChange)]
        profiles = dict.fromkeys(change.profile_id for change in links)
        present = {profile: session.cloud.list_links(profile) for profile in profiles}
        undone = take_back(done, links=present)
        guard_limits(session, undone.changes)
        return Proposal(session, undone)
    choice = Choice(ServerSelector(refs=_refs(done.changes)), ignore_not_found=True)
    reading = session.read(choice, None)
    assessed = [one for batch in reading for one in batch]
    servers = [one.server for one in assessed]
    session.observer.finish()
    unread = session.scope(reading).incomplete
    warn_of_unread(session.app, unread)
    if unread:
        regions = ", ".join(sorted({part.region for part in reading.unread}))
        raise RefusedError(
            f"nothing was changed: {regions} could not be read",
            hint="roll back when the region answers again",
        )
    undo = take_back(done, servers=servers)
    plan = preflight(undo, servers, session.cloud, session.observer, session.workers)
    return Proposal(session, check_plan(session, plan, assessed, check), reading)


def _refs(changes: Sequence[Change]) -> tuple[ServerRef, ...]:
    return tuple(ServerRef.parse(change.server.crn or change.server.id) for change in changes)


def _runs(records: Sequence[RunRecord]) -> str:
    return f"{len(records)} run{'' if len(records) == 1 else 's'}"
