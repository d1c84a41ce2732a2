"""``audit``: judging servers against a policy."""

from typing import Any

import click

from vpcmetactl.cli.context import App, pass_app
from vpcmetactl.cli.options import (
    cloud_options,
    no_state_option,
    option,
    output_options,
    selection_options,
)
from vpcmetactl.cli.output import emitter, read_output
from vpcmetactl.cli.session import (
    open_session,
    predicate,
    read_app,
    read_choice,
    warn_of_unread,
)
from vpcmetactl.domain.audit import Check
from vpcmetactl.domain.checks import CHECKS, get_check
from vpcmetactl.domain.errors import ExitCode, strongest
from vpcmetactl.domain.policy import Policy, Requirement, Severity
from vpcmetactl.render.documents import Trailer
from vpcmetactl.usecases.auditing import audit_fleet


@click.group()
def audit() -> None:
    """Judge servers against a policy."""


@audit.command()
@selection_options
@option(
    "--require",
    type=click.Choice([requirement.value for requirement in Requirement]),
    help="The state in which the service must be.",
)
@option(
    "--max-response-hop-limit",
    type=click.IntRange(1, 64),
    metavar="1..64",
    help="The highest hop limit allowed; without it none is too high.",
)
@option(
    "--fail-on",
    type=click.Choice(["none", *Severity]),
    default=Severity.MEDIUM.value,
    show_default=True,
    help="Exit with 3 where a finding is at least this severe.",
)
@output_options
@cloud_options
@no_state_option
@pass_app
def run(app: App, /, *, fail_on: str, **given: Any) -> ExitCode:
    """Hold every server to the checks, and report what fails.

    \b
    vpcmetactl audit run --kind instance --fail-on high
    vpcmetactl audit run --require disabled --vpc sandbox -o json=report.json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    choice = read_choice(given)
    app, options = read_app(app, given)
    output = read_output(app, "findings", given)
    policy = _read_policy(given)
    where = predicate(choice)
    from vpcmetactl.render.views.findings import FINDINGS  # noqa: PLC0415 - usage errors first

    with emitter(app, FINDINGS, output) as out, open_session(app, options) as session:
        reading = session.read(choice, where)
        report = audit_fleet(reading, policy)
        for finding in report.findings:
            out.item(finding)
        grave = fail_on != "none" and report.findings_at_or_above(Severity(fail_on))
        code = strongest(
            ExitCode.INCOMPLETE if reading.unread else ExitCode.OK,
            ExitCode.FINDINGS if grave else ExitCode.OK,
        )
        session.observer.finish()
        trailer = session.trailer(reading, code, whole=report)
        out.end(trailer)
        warn_of_unread(app, trailer.scope.incomplete)
    return code


@audit.command()
@output_options
@pass_app
def checks(app: App, /, **given: Any) -> ExitCode:
    """List the built-in checks."""
    return _show(app, CHECKS, given)


@audit.command()
@click.argument("check")
@output_options
@pass_app
def explain(app: App, /, *, check: str, **given: Any) -> ExitCode:
    """Explain a check: why it is there, what to do, and where IBM says so.

    \b
    vpcmetactl audit explain VPCMETA001
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    return _show(app, (get_check(check),), given, page=True)


def _show(
    app: App, shown: tuple[Check, ...], given: dict[str, Any], *, page: bool = False
) -> ExitCode:
    output = read_output(app, "checks", given)
    from vpcmetactl.render.views.checks import CHECK, CHECKS  # noqa: PLC0415 - usage errors first

    with emitter(app, CHECK if page else CHECKS, output) as out:
        for check in shown:
            out.item(check)
        out.end(Trailer(generated_at=app.clock.now()))
    return ExitCode.OK


def _read_policy(given: dict[str, Any]) -> Policy:
    require = given.pop("require")
    return Policy(
        require=Requirement(require) if require else None,
        max_response_hop_limit=given.pop("max_response_hop_limit"),
    )
