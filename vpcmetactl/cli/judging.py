"""Judging the cloud, a snapshot or a file of Terraform's, and holding it against an earlier one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from itertools import chain
from pathlib import Path

from vpcmetactl.cli.context import App
from vpcmetactl.cli.parameters import Choice, Predicate
from vpcmetactl.cli.session import Session, open_session
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.cli.trust import TrustReading, profiles_of
from vpcmetactl.domain.audit import AuditReport, audit, needs_trust, needs_verdicts
from vpcmetactl.domain.errors import AuthenticationError, InvalidInputError, VpcmetactlError
from vpcmetactl.domain.gate import Baseline, Comparison, Gap, compare
from vpcmetactl.domain.policy import Policy
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.snapshots import Content, Reading
from vpcmetactl.domain.subjects import Origin, Subject
from vpcmetactl.domain.templates import template_subject
from vpcmetactl.render.documents import Scope, Unread
from vpcmetactl.usecases.auditing import server_subjects, trusted_subjects
from vpcmetactl.usecases.fleet import FleetReading
from vpcmetactl.usecases.templates import read_templates

_ORIGINS = {Content.SERVERS: Origin.SERVER, Content.TEMPLATES: Origin.INSTANCE_TEMPLATE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be judged, and by what; ``templates`` too, besides the chosen servers."""

    choice: Choice
    where: Predicate | None
    policy: Policy
    as_of: date
    templates: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An audit with where its subjects are from.

    ``snapshot`` is what the snapshot tells of itself, where it was one.
    """

    report: AuditReport
    scope: Scope
    snapshot: Reading | None = None
    is_terraform: bool = False


def judge(app: App, options: CloudOptions, question: Question) -> Judged:
    """Judge the cloud, or what ``options.source`` describes.

    Raises InvalidInputError for a file that cannot be used, and for servers that are chosen
    in one of Terraform's.
    """
    if options.source is not None and not app.files.is_snapshot(options.source):
        return _judge_terraform(app, question, options.source)
    with open_session(app, options) as session:
        return _judge_servers(session, question)


def check_baseline(app: App, options: CloudOptions, baseline: Path) -> None:
    """Raise InvalidInputError for a baseline that is not there, or of another sort.

    Before the fleet is read, which may take minutes.
    """
    source = options.source
    is_fleet = source is None or app.files.is_snapshot(source)
    if app.files.is_snapshot(baseline) != is_fleet:
        raise InvalidInputError(
            f"--baseline {baseline}: has nothing in common with what is judged",
            hint="servers compare with a snapshot, a Terraform plan or state with another one",
        )


def judge_since(
    app: App, options: CloudOptions, question: Question, baseline: Path, now: Judged
) -> Comparison:
    """Judge a baseline by the same policy, as of its own day, and compare.

    Raises InvalidInputError for a file that cannot be used, and RefusedError for a snapshot of
    another account.
    """
    then = replace(options, source=baseline, account=next(iter(now.scope.accounts), None))
    if now.is_terraform:
        before = judge(app, then, question)
    else:
        with open_session(app, then) as session:
            before = _judge_baseline(session, question)
    return compare(
        now.report,
        Baseline(before.report, _gaps(before, now, question)),
        _gaps(now, before, question),
    )


def _judge_terraform(app: App, question: Question, path: Path) -> Judged:
    """Judge what a plan or state describes; only servers that there are can be chosen."""
    if not question.choice.is_empty:
        raise InvalidInputError(
            f"{path}: servers cannot be chosen in a Terraform plan or state",
            hint="judge all of it; the rules of a policy can say which servers they are about",
        )
    found = app.files.read_terraform(path)
    unread = [
        Unread(None, None, None, InvalidInputError(f"{path}: {gap}"), "terraform")
        for gap in found.gaps
    ]
    # Never the whole fleet, so that no waiver of others is said to match nothing.
    report = audit(found.subjects, question.policy, question.as_of, lambda: False)
    scope = Scope(snapshot=str(path), incomplete=unread)
    return Judged(report=report, scope=scope, is_terraform=True)


def _judge_servers(session: Session, question: Question) -> Judged:
    verdicts = needs_verdicts(question.policy) or question.where is not None
    reading = session.read(question.choice, question.where, verdicts=verdicts)
    unread: list[Unread] = []
    # Judged as they come: a fleet of a hundred thousand servers is never held at once.
    subjects = _subjects(session, reading, question.policy, unread)
    if question.templates:
        subjects = chain(subjects, _templates(session, reading, unread))

    def is_whole() -> bool:
        return (
            question.choice.is_empty
            and not reading.unread
            and not unread
            and (session.snapshot is None or session.snapshot.is_whole)
        )

    report = audit(subjects, question.policy, question.as_of, is_whole)
    session.observer.finish()
    return Judged(report=report, scope=session.scope(reading, unread), snapshot=session.snapshot)


def _judge_baseline(session: Session, question: Question) -> Judged:
    """Judge of a snapshot what it has of what is asked for: the rest was not there to be read."""
    snapshot = session.snapshot
    if snapshot is None:
        raise ValueError("a baseline is a snapshot")
    selector = question.choice.selector
    regions = tuple(name for name in selector.regions if name in snapshot.regions)
    kinds = tuple(kind for kind in selector.wanted_kinds if kind in snapshot.kinds)
    selector = replace(selector, regions=regions)
    if len(kinds) < len(selector.wanted_kinds):
        selector = replace(selector, kinds=kinds)
    earlier = replace(
        question,
        as_of=snapshot.taken_at.astimezone(UTC).date(),
        choice=replace(question.choice, selector=selector, ignore_not_found=True),
        templates=question.templates and Content.TEMPLATES in snapshot.contents,
    )
    if not kinds or (question.choice.selector.regions and not regions):
        nothing = audit((), question.policy, earlier.as_of, lambda: False)
        return Judged(report=nothing, scope=session.scope(), snapshot=snapshot)
    return _judge_servers(session, earlier)


def _subjects(
    session: Session, reading: FleetReading, policy: Policy, unread: list[Unread]
) -> Iterable[Subject]:
    """Give the servers, with who trusts them where the policy asks for it."""
    servers = chain.from_iterable(reading)
    if not needs_trust(policy):
        return server_subjects(servers)
    account, fleet = session.caller.account_id, list(servers)
    try:
        trusts = TrustReading(session, profiles_of(session))
        found = list(trusted_subjects(fleet, trusts))
    except AuthenticationError:
        raise
    except VpcmetactlError as error:
        unread.append(Unread(account, None, None, error, Content.PROFILES))
        return trusted_subjects(fleet, (), is_complete=False)
    unread += [Unread(account, None, None, error, Content.PROFILES) for error in trusts.errors[:1]]
    return found


def _templates(session: Session, reading: FleetReading, unread: list[Unread]) -> Iterable[Subject]:
    read = read_templates(session.cloud, reading.regions, session.workers)
    account = session.caller.account_id
    unread += [
        Unread(account, one.region, None, one.error, Content.TEMPLATES) for one in read.unread
    ]
    return [template_subject(template) for template in read.templates]


def _gaps(judged: Judged, other: Judged, question: Question) -> Sequence[Gap]:
    """Say where something of the other audit may have been without being read for this one.

    Trusted profiles are left out: without them a check says that it cannot judge.
    """
    gaps = [
        Gap(one.account_id, one.region, one.kind, _ORIGINS.get(Content(one.content)))
        for one in judged.scope.incomplete
        if one.content in set(_ORIGINS)
    ]
    if judged.is_terraform:
        return [Gap()] if judged.scope.incomplete else []
    snapshot = judged.snapshot
    if snapshot is None:
        return gaps
    regions = other.snapshot.regions if other.snapshot else other.scope.regions
    gaps += [Gap(region=name) for name in regions if name not in snapshot.regions]
    gaps += [Gap(kind=kind) for kind in ServerKind if kind not in snapshot.kinds]
    if Content.TEMPLATES not in snapshot.contents:
        gaps.append(Gap(origin=Origin.INSTANCE_TEMPLATE))
    chosen = other.snapshot.selection if other.snapshot else question.choice.words
    if snapshot.selection and snapshot.selection != tuple(chosen):
        gaps.append(Gap(origin=Origin.SERVER))
    return gaps
