"""What ``audit`` does."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from vpcmetactl.cli.collecting import uncollected
from vpcmetactl.cli.context import App
from vpcmetactl.cli.judging import Question, check_baseline, judge, judge_since
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Given, take_app, take_choice
from vpcmetactl.cli.policies import take_policy
from vpcmetactl.cli.session import warn_of_unread
from vpcmetactl.domain.audit import AuditReport, audit
from vpcmetactl.domain.checks import CHECKS, get_check
from vpcmetactl.domain.errors import ExitCode, InvalidInputError, strongest
from vpcmetactl.domain.gate import Comparison, gate
from vpcmetactl.domain.policy import Severity, UnknownMeans
from vpcmetactl.render.documents import Trailer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gate:
    """When the command fails; ``baseline`` is what is compared with, ``only_new`` what counts."""

    fail_on: Severity | None
    unknown: UnknownMeans | None
    baseline: Path | None
    only_new: bool


def run_audit(app: App, given: Given) -> ExitCode:
    """Judge the chosen servers, or what a file describes, and report what fails."""
    with failures_told(app, "findings", given["output"]):
        only_check = given.pop("check_policy")
        closes = _take_gate(given)
        question = _take_question(app, given)
        app, options = take_app(app, given)
        output = read_output(app, "findings", given)
        if only_check:
            return _check_policy(app, question)
        if closes.baseline is not None:
            check_baseline(app, options, closes.baseline)
            question = replace(question, comparing=True)
    from vpcmetactl.render.views.findings import FINDINGS  # noqa: PLC0415 - usage errors first

    with emitter(app, FINDINGS, output) as out:
        judged = judge(app, options, question)
        report, scope = judged.report, judged.scope
        since = None
        if closes.baseline is not None:
            since = judge_since(app, options, question, closes.baseline, judged)
            since.mark()
        code = strongest(
            ExitCode.INCOMPLETE if scope.incomplete else ExitCode.OK,
            gate(report, closes.fail_on, closes.unknown, since if closes.only_new else None),
        )
        trailer = Trailer(generated_at=app.clock.now(), exit_code=code, scope=scope, whole=report)
        with uncollected():
            for finding in report.findings:
                out.item(finding)
            out.end(trailer)
        if since is not None:
            app.terminal.note(_told(since))
        _warn_of_unknown(app, report, closes)
        warn_of_unread(app, scope.incomplete, output)
    return code


def _check_policy(app: App, question: Question) -> ExitCode:
    """Say that the policy can be used, and what of its waivers will have to be decided anew."""
    policy = question.policy
    for finding in audit((), policy, question.as_of, lambda: False).findings:
        owner = finding.about.owner if finding.about is not None else ""
        app.terminal.say(f"warning: {finding.message} ({owner})")
    rules, waivers = len(policy.rules), len(policy.waivers)
    app.terminal.note(
        f"the policy is right: {rules} {'rule' if rules == 1 else 'rules'}, "
        f"{waivers} {'waiver' if waivers == 1 else 'waivers'}"
    )
    return ExitCode.OK


def _told(since: Comparison) -> str:
    untold = len(since.undetermined) + len(since.missing)
    return (
        f"since the baseline: {len(since.new)} new, {len(since.known)} known, "
        f"{len(since.fixed)} fixed" + (f", {untold} that cannot be told" if untold else "")
    )


def _warn_of_unknown(app: App, report: AuditReport, closes: _Gate) -> None:
    unknown = len(report.open_unknowns)
    if unknown and (closes.unknown or report.policy.unknown) is UnknownMeans.WARN:
        times = "once" if unknown == 1 else f"{unknown} times"
        app.terminal.say(
            f"warning: {times} a check could not judge a server; --unknown fail makes that count, "
            "--unknown pass says nothing of it"
        )


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


def _take_gate(given: Given) -> _Gate:
    baseline, only_new = given.pop("baseline"), given.pop("fail_on_new")
    if only_new and baseline is None:
        raise InvalidInputError(
            "--fail-on-new: new since when?", hint="name an earlier snapshot: --baseline SNAPSHOT"
        )
    fail_on, unknown = given.pop("fail_on"), given.pop("unknown")
    return _Gate(
        fail_on=None if fail_on == "none" else Severity(fail_on),
        unknown=UnknownMeans(unknown) if unknown else None,
        baseline=Path(baseline) if baseline else None,
        only_new=only_new,
    )


def _take_question(app: App, given: Given) -> Question:
    policy = take_policy(app, given)
    choice = take_choice(given)
    return Question(
        choice=choice,
        where=choice.predicate(),
        policy=policy,
        as_of=_day(given.pop("as_of"), app.clock.now()),
        templates=given.pop("templates"),
    )


def _day(text: str | None, now: datetime) -> date:
    if text is None:
        return now.astimezone(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(
            f"--as-of {text}: is no date", hint="write it so: 2026-11-21"
        ) from None
