"""What ``audit`` does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Choice, Given, Predicate, take_app, take_choice
from vpcmetactl.cli.policies import take_policy
from vpcmetactl.cli.session import READERS, Session, open_session, warn_of_unread
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.cli.trust import TrustReading, profiles_of
from vpcmetactl.domain.audit import AuditReport, audit, needs_trust
from vpcmetactl.domain.checks import CHECKS, get_check
from vpcmetactl.domain.errors import (
    AuthenticationError,
    ExitCode,
    InvalidInputError,
    VpcmetactlError,
    strongest,
)
from vpcmetactl.domain.gate import Baseline, Comparison, Gap, compare, gate
from vpcmetactl.domain.policy import Policy, Severity, UnknownMeans
from vpcmetactl.domain.subjects import Subject
from vpcmetactl.domain.templates import template_subject
from vpcmetactl.render.documents import Scope, Trailer, Unread
from vpcmetactl.usecases.auditing import server_subjects, trusted_subjects
from vpcmetactl.usecases.fleet import FleetReading
from vpcmetactl.usecases.templates import read_templates


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What is to be judged, by what, and when the gate closes."""

    choice: Choice
    where: Predicate | None
    policy: Policy
    as_of: date
    fail_on: Severity | None
    unknown: UnknownMeans | None
    baseline: Path | None
    only_new: bool
    templates: bool


def run_audit(app: App, given: Given) -> ExitCode:
    """Judge the chosen servers, or what a file describes, and report what fails."""
    with failures_told(app, "findings", given["output"]):
        only_check = given.pop("check_policy")
        question = _take_question(app, given)
        app, options = take_app(app, given)
        output = read_output(app, "findings", given)
        if only_check:
            policy = question.policy
            app.terminal.note(
                f"the policy is right: {len(policy.rules)} rules, {len(policy.waivers)} waivers"
            )
            return ExitCode.OK
        is_terraform = options.source is not None and not app.files.is_snapshot(options.source)
    from vpcmetactl.render.views.findings import FINDINGS  # noqa: PLC0415 - usage errors first

    with emitter(app, FINDINGS, output) as out:
        if is_terraform and options.source is not None:
            report, scope = _judge_terraform(app, question, options.source)
            gaps: Sequence[Gap] = ()
        else:
            with open_session(app, options) as session:
                report, scope = _judge_servers(session, question)
            gaps = _gaps(scope.incomplete)
        since = _since(app, options, question, report, gaps)
        for finding in report.findings:
            out.item(finding)
        code = strongest(
            ExitCode.INCOMPLETE if scope.incomplete else ExitCode.OK,
            gate(report, question.fail_on, question.unknown, since),
        )
        out.end(Trailer(generated_at=app.clock.now(), exit_code=code, scope=scope, whole=report))
        if since is not None:
            app.terminal.note(_told(since))
        warn_of_unread(app, scope.incomplete, output)
    return code


def _judge_terraform(app: App, question: _Question, path: Path) -> tuple[AuditReport, Scope]:
    """Judge what a plan or state describes; the selection is about servers that there are."""
    if not question.choice.is_empty:
        raise InvalidInputError(
            "servers cannot be chosen in a Terraform plan or state",
            hint="a policy can: its rules take selectors",
        )
    found = app.files.read_terraform(path)
    for gap in found.gaps:
        app.terminal.say(f"incomplete: {gap}")
    report = audit(found.subjects, question.policy, question.as_of, lambda: not found.gaps)
    return report, Scope(snapshot=str(path))


def _judge_servers(session: Session, question: _Question) -> tuple[AuditReport, Scope]:
    reading = session.read(question.choice, question.where)
    unread: list[Unread] = []
    subjects = [*_subjects(session, reading, question.policy, unread)]
    if question.templates:
        subjects += _templates(session, reading, unread)

    def is_whole() -> bool:
        return question.choice.is_empty and not reading.unread and not unread

    report = audit(subjects, question.policy, question.as_of, is_whole)
    session.observer.finish()
    return report, session.scope(reading, unread)


def _subjects(
    session: Session, reading: FleetReading, policy: Policy, unread: list[Unread]
) -> Iterable[Subject]:
    """Give the servers, with who trusts them where the policy asks for it."""
    servers = (one for batch in reading for one in batch)
    if not needs_trust(policy):
        return server_subjects(servers)
    account = session.caller.account_id
    try:
        trusts = TrustReading(session, profiles_of(session))
        found = list(trusted_subjects(servers, trusts))
    except AuthenticationError:
        raise
    except VpcmetactlError as error:
        unread.append(Unread(account, None, None, error))
        return trusted_subjects(servers, (), is_complete=False)
    errors = [error for trust in trusts.unread for error in trust.errors.values()]
    unread += [Unread(account, None, None, error) for error in errors[:1]]
    return found


def _templates(session: Session, reading: FleetReading, unread: list[Unread]) -> Iterable[Subject]:
    workers = session.options.max_workers or READERS
    read = read_templates(session.cloud, reading.regions, workers)
    account = session.caller.account_id
    unread += [Unread(account, one.region, None, one.error) for one in read.unread]
    return [template_subject(template) for template in read.templates]


def _since(
    app: App,
    options: CloudOptions,
    question: _Question,
    report: AuditReport,
    gaps: Sequence[Gap],
) -> Comparison | None:
    """Judge the baseline by the same policy, as of its own day, and compare."""
    if question.baseline is None:
        return None
    with open_session(app, replace(options, source=question.baseline)) as session:
        taken_at = session.snapshot.taken_at if session.snapshot else app.clock.now()
        then = replace(question, as_of=taken_at.astimezone(UTC).date())
        before, scope = _judge_servers(session, then)
    since = compare(report, Baseline(before, _gaps(scope.incomplete)), gaps)
    return since if question.only_new else None


def _gaps(unread: Sequence[Unread]) -> Sequence[Gap]:
    return [Gap(one.account_id, one.region, one.kind) for one in unread]


def _told(since: Comparison) -> str:
    return (
        f"since the baseline: {len(since.new)} new, {len(since.known)} known, "
        f"{len(since.fixed)} fixed, {len(since.undetermined) + len(since.missing)} that cannot "
        "be told"
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


def _take_question(app: App, given: Given) -> _Question:
    baseline, only_new = given.pop("baseline"), given.pop("fail_on_new")
    if only_new and baseline is None:
        raise InvalidInputError(
            "--fail-on-new: new since when?", hint="name an earlier snapshot: --baseline SNAPSHOT"
        )
    fail_on, unknown = given.pop("fail_on"), given.pop("unknown")
    policy = take_policy(app, given)
    choice = take_choice(given)
    return _Question(
        choice=choice,
        where=choice.predicate(),
        policy=policy,
        as_of=_day(given.pop("as_of"), app.clock.now()),
        fail_on=None if fail_on == "none" else Severity(fail_on),
        unknown=UnknownMeans(unknown) if unknown else None,
        baseline=Path(baseline) if baseline else None,
        only_new=only_new,
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
