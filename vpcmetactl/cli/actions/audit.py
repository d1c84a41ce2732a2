"""What ``audit`` does."""

from datetime import UTC

from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Given, take_app, take_choice
from vpcmetactl.cli.session import open_session, warn_of_unread
from vpcmetactl.domain.checks import CHECKS, get_check
from vpcmetactl.domain.default_policy import policy_of_flags
from vpcmetactl.domain.errors import ExitCode, strongest
from vpcmetactl.domain.gate import gate
from vpcmetactl.domain.policy import Policy, Requirement, Severity
from vpcmetactl.render.documents import Trailer
from vpcmetactl.usecases.auditing import audit_fleet


def run_audit(app: App, given: Given) -> ExitCode:
    """Read the chosen servers and report what fails."""
    with failures_told(app, "findings", given["output"]):
        choice = take_choice(given)
        app, options = take_app(app, given)
        output = read_output(app, "findings", given)
        policy = _take_policy(given)
        fail_on = given.pop("fail_on")
        where = choice.predicate()
    from vpcmetactl.render.views.findings import FINDINGS  # noqa: PLC0415 - usage errors first

    with emitter(app, FINDINGS, output) as out, open_session(app, options) as session:
        reading = session.read(choice, where)
        report = audit_fleet(reading, policy, app.clock.now().astimezone(UTC).date())
        for finding in report.findings:
            out.item(finding)
        code = strongest(
            ExitCode.INCOMPLETE if reading.unread else ExitCode.OK,
            gate(report, None if fail_on == "none" else Severity(fail_on)),
        )
        session.observer.finish()
        trailer = session.trailer(reading, code, whole=report)
        out.end(trailer)
        warn_of_unread(app, trailer.scope.incomplete, output)
    return code


def list_checks(app: App, given: Given) -> ExitCode:
    """List the built-in checks."""
    with failures_told(app, "checks", given["output"]):
        output = read_output(app, "checks", given)
    from vpcmetactl.render.views.checks import CHECKS as VIEW  # noqa: PLC0415 - as above

    with emitter(app, VIEW, output) as out:
        for check in CHECKS:
            out.item(check)
        out.end(Trailer(generated_at=app.clock.now()))
    return ExitCode.OK


def explain_check(app: App, given: Given) -> ExitCode:
    """Show one check in full."""
    with failures_told(app, "checks", given["output"]):
        check = get_check(given.pop("check"))
        output = read_output(app, "checks", given)
    from vpcmetactl.render.views.checks import CHECK as VIEW  # noqa: PLC0415 - as above

    with emitter(app, VIEW, output) as out:
        out.item(check)
        out.end(Trailer(generated_at=app.clock.now()))
    return ExitCode.OK


def _take_policy(given: Given) -> Policy:
    require = given.pop("require")
    return policy_of_flags(
        require=Requirement(require) if require else None,
        max_response_hop_limit=given.pop("max_response_hop_limit"),
    )
