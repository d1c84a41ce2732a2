"""What ``plan`` does."""

from dataclasses import replace
from pathlib import Path

from vpcmetactl import __version__
from vpcmetactl.cli.applying import Proposal, demand_consent_is_possible
from vpcmetactl.cli.context import App
from vpcmetactl.cli.link_limits import guard_limits
from vpcmetactl.cli.output import OutputChoice, emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Given, take_app, take_apply_options
from vpcmetactl.cli.session import Session, open_session
from vpcmetactl.domain.errors import ExitCode, RefusedError, strongest
from vpcmetactl.domain.saved_plans import SavedPlan
from vpcmetactl.domain.undoing import take_back
from vpcmetactl.render.documents import Scope, Trailer


def show_plan(app: App, given: Given) -> ExitCode:
    """Show a saved plan."""
    with failures_told(app, "plan", given["output"]):
        output = read_output(app, "plan", given)
        saved = app.files.read_plan(Path(given["file"]))
    return _show(app, output, saved, exit_code=given["exit_code"])


def apply_plan(app: App, given: Given) -> ExitCode:
    """Apply a saved plan where it was made for, while it is fresh."""
    yes = given.pop("yes")
    with failures_told(app, "outcomes", given["output"]):
        app, options = take_app(app, given)
        output = read_output(app, "outcomes", given)
        saved = app.files.read_plan(Path(given["file"]))
        how = take_apply_options(given, options.max_workers, saved.options)
        _guard_digest(saved, given["expect_digest"])
        how.guard(saved.plan)
        demand_consent_is_possible(app, yes=yes, no_input=given["no_input"])
    from vpcmetactl.render.views.plans import OUTCOMES  # noqa: PLC0415 - usage errors first

    with emitter(app, OUTCOMES, output) as out:
        app.check_state(options)
        with open_session(app, options) as session:
            _guard_place(session, saved)
            guard_limits(session, saved.plan.changes)
            proposal = Proposal(session, saved.plan, saved=saved)
            if not yes:
                proposal.confirm()
            return proposal.apply(how, out)


def invert_plan(app: App, given: Given) -> ExitCode:
    """Make and save the plan that takes another one back."""
    with failures_told(app, "plan", given["output"]):
        output = read_output(app, "plan", given)
        saved = app.files.read_plan(Path(given["file"]))
        now = app.clock.now()
        undo = replace(
            saved,
            plan=take_back(saved.plan),
            created_at=now,
            expires_at=now + (saved.expires_at - saved.created_at),
            tool_version=__version__,
            options=replace(saved.options, expect_count=None, max_targets=None),
            inverse_of=saved.digest,
        )
        path = Path(given["plan_out"])
        undo = app.files.write_plan(path, undo)
        app.terminal.note(f"saved as {path}; apply it with: vpcmetactl plan apply {path}")
    return _show(app, output, undo, exit_code=given["exit_code"])


def _show(app: App, output: OutputChoice, saved: SavedPlan, *, exit_code: bool = False) -> ExitCode:
    from vpcmetactl.render.views.plans import PLAN  # noqa: PLC0415 - usage errors first

    code = strongest(
        ExitCode.INCOMPLETE if saved.incomplete else ExitCode.OK,
        ExitCode.REFUSED if any(skip.refused for skip in saved.plan.skips) else ExitCode.OK,
        ExitCode.FINDINGS if exit_code and saved.plan.changes else ExitCode.OK,
    )
    regions = sorted({item.server.region for item in saved.plan.items})
    scope = Scope(accounts=[saved.account_id], regions=regions, endpoint=saved.vpc_endpoint)
    with emitter(app, PLAN, output) as out:
        for item in saved.plan.items:
            out.item(item)
        out.end(Trailer(generated_at=app.clock.now(), exit_code=code, scope=scope, whole=saved))
    return code


def _guard_digest(saved: SavedPlan, expected: str | None) -> None:
    if expected is not None and expected.removeprefix("sha256:") != saved.digest:
        raise RefusedError(
            f"the plan's digest is {saved.digest}, not {expected}",
            hint="nothing was changed; this is not the plan that was reviewed",
        )


def _guard_place(session: Session, saved: SavedPlan) -> None:
    realm = session.realm
    saved.guard(
        account_id=realm.account_id,
        vpc_endpoint=realm.vpc_endpoint,
        iam_host=realm.iam_host,
        now=session.app.clock.now(),
    )
