"""Judging the cloud, a snapshot or a file of Terraform's, and holding it against an earlier one."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from itertools import chain
from pathlib import Path

from vpcmetactl.cli.accounts import Accounts, Part, open_accounts
from vpcmetactl.cli.context import App
from vpcmetactl.cli.parameters import Choice, Predicate
from vpcmetactl.cli.session import Session
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.cli.trust import TrustReading, profiles_of
from vpcmetactl.domain.audit import (
    AuditReport,
    Tally,
    audit,
    judge_all,
    needs_trust,
    needs_verdicts,
    report_of,
)
from vpcmetactl.domain.checks import CHECKS
from vpcmetactl.domain.errors import (
    AuthenticationError,
    InvalidInputError,
    RefusedError,
    VpcmetactlError,
)
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

# Of a snapshot that has as many bytes, or fewer, no copy of the process would be worth it.
_LARGE = 4_000_000
_ORIGINS = {Content.SERVERS: Origin.SERVER, Content.TEMPLATES: Origin.INSTANCE_TEMPLATE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be judged, and by what; ``templates`` too, besides the chosen servers.

    ``comparing`` says that the result will be held against another one.
    """

    choice: Choice
    where: Predicate | None
    policy: Policy
    as_of: date
    templates: bool = False
    comparing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An audit with where its subjects are from.

    ``snapshots`` are what a snapshot tells of its accounts, where it was one.
    """

    report: AuditReport
    scope: Scope
    snapshots: Sequence[Reading] = ()
    is_terraform: bool = False


def judge(app: App, options: CloudOptions, question: Question) -> Judged:
    """Judge the cloud, or what ``options.source`` describes.

    Raises InvalidInputError for a file that cannot be used, and for servers that are chosen
    in one of Terraform's.
    """
    if options.source is not None and not app.files.is_snapshot(options.source):
        return _judge_terraform(app, question, options.source)
    with open_accounts(app, options, told_at_end=True) as accounts:
        return _judge_accounts(accounts, question, question.as_of)


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
    if now.is_terraform:
        before = judge(app, replace(options, source=baseline), question)
    else:
        before = _judge_baseline(app, options, question, baseline, now.scope.accounts)
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


def _judge_accounts(
    accounts: Accounts, question: Question, as_of: date, ask: "_Narrow | None" = None
) -> Judged:
    """Judge the servers of every account; ``ask`` says what to ask of each, where that differs."""
    are_whole: list[bool] = []

    def read(session: Session) -> Generator[Sequence[Subject], None, Part]:
        asked = ask(session, question) if ask else question
        if asked is None:
            return Part()
        verdicts = needs_verdicts(question.policy) or question.where is not None
        reading = session.read(asked.choice, asked.where, verdicts=verdicts)
        unread: list[Unread] = []
        yield from _subjects(session, reading, question.policy, unread)
        if asked.templates:
            yield _templates(session, reading, unread)
        are_whole.append(
            asked.choice.is_empty
            and not reading.unread
            and not unread
            and (session.snapshot is None or session.snapshot.is_whole)
        )
        return Part(reading=reading, unread=unread)

    def judge_some(places: Sequence[int]) -> _Share:
        are_whole.clear()
        # Judged as they come: a fleet of a hundred thousand servers is never held at once.
        subjects = chain.from_iterable(accounts.read(read, question.choice, places))
        tally = judge_all(subjects, question.policy, as_of, with_keys=question.comparing)
        is_whole = len(are_whole) == len(places) and all(are_whole)
        return _Share(tally, is_whole, accounts.scopes(places))

    shares = _in_shares(accounts, question, judge_some)
    for share in shares:
        accounts.take_over(share.scopes)
    is_whole = all(share.is_whole for share in shares) and not accounts.errors
    tallies = [share.tally for share in shares]
    report = report_of(tallies, question.policy, as_of, is_whole=is_whole)
    accounts.observer.finish()
    snapshots = [visit.snapshot for visit in accounts.visits if visit.snapshot is not None]
    return Judged(report=report, scope=accounts.scope(), snapshots=snapshots)


def _judge_baseline(
    app: App, options: CloudOptions, question: Question, path: Path, wanted: Sequence[str]
) -> Judged:
    """Judge of a snapshot what it has of what is asked for: the rest was not there to be read."""
    account = wanted[0] if len(wanted) == 1 else None
    then = replace(options, source=path, account=account, contexts=())
    with open_accounts(app, then, told_at_end=True) as accounts:
        if wanted:
            accounts.visits = [one for one in accounts.visits if one.caller.account_id in wanted]
        taken = [visit.snapshot.taken_at for visit in accounts.visits if visit.snapshot]
        if not taken:
            raise RefusedError(
                f"{path} holds none of the accounts that are judged",
                hint="nothing was compared; use a snapshot of the accounts meant",
            )
        return _judge_accounts(accounts, question, max(taken).astimezone(UTC).date(), _narrowed)


@dataclass(frozen=True, slots=True)
class _Share:
    """What judging some of the accounts came to."""

    tally: Tally
    is_whole: bool
    scopes: Mapping[int, Scope]


def _in_shares(
    accounts: Accounts, question: Question, judge_some: Callable[[Sequence[int]], _Share]
) -> Sequence[_Share]:
    """Judge all accounts; those of a large snapshot in several processes."""
    places, source = range(len(accounts.visits)), accounts.visits[0].options.source
    is_large = source is not None and source.stat().st_size > _LARGE
    # Who names servers is told of those that are in no account: each must be known of all others.
    if is_large and len(places) > 1 and not question.choice.selector.refs:
        from vpcmetactl.cli.sharing import processes, share_out  # noqa: PLC0415 - rarely needed

        if (ways := min(processes(), len(places))) > 1:
            policy = question.policy
            return share_out(places, judge_some, [*CHECKS, *policy.rules, *policy.waivers], ways)
    return [judge_some(places)]


_Narrow = Callable[[Session, Question], Question | None]


def _narrowed(session: Session, question: Question) -> Question | None:
    """Return what of a question an earlier snapshot can answer; ``None`` where that is nothing."""
    snapshot = session.snapshot
    if snapshot is None:
        raise ValueError("a baseline is a snapshot")
    selector = question.choice.selector
    regions = tuple(name for name in selector.regions if name in snapshot.regions)
    kinds = tuple(kind for kind in selector.wanted_kinds if kind in snapshot.kinds)
    if not kinds or (selector.regions and not regions):
        return None
    selector = replace(selector, regions=regions)
    if len(kinds) < len(selector.wanted_kinds):
        selector = replace(selector, kinds=kinds)
    return replace(
        question,
        choice=replace(question.choice, selector=selector, ignore_not_found=True),
        templates=question.templates and Content.TEMPLATES in snapshot.contents,
    )


def _subjects(
    session: Session, reading: FleetReading, policy: Policy, unread: list[Unread]
) -> Iterator[Sequence[Subject]]:
    """Give the servers, with who trusts them where the policy asks for it."""
    if not needs_trust(policy):
        for batch in reading:
            yield list(server_subjects(batch))
        return
    account, fleet = session.caller.account_id, list(chain.from_iterable(reading))
    try:
        trusts = TrustReading(session, profiles_of(session))
        found = list(trusted_subjects(fleet, trusts))
    except AuthenticationError:
        raise
    except VpcmetactlError as error:
        unread.append(Unread(account, None, None, error, Content.PROFILES))
        yield list(trusted_subjects(fleet, (), is_complete=False))
        return
    unread += [Unread(account, None, None, error, Content.PROFILES) for error in trusts.errors[:1]]
    yield found


def _templates(session: Session, reading: FleetReading, unread: list[Unread]) -> Sequence[Subject]:
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
    gaps += [Gap(one.account_id) for one in judged.scope.incomplete if one.content == "account"]
    if judged.is_terraform:
        return [Gap()] if judged.scope.incomplete else []
    if len(judged.scope.accounts) + len(other.scope.accounts) > 1:
        gaps += [Gap(one) for one in other.scope.accounts if one not in judged.scope.accounts]
    for snapshot in judged.snapshots:
        gaps += _gaps_of(snapshot, other, question)
    return gaps


def _gaps_of(snapshot: Reading, other: Judged, question: Question) -> Sequence[Gap]:
    """Say what a snapshot of one account does not hold."""
    account = snapshot.account_id
    then = [one for one in other.snapshots if one.account_id == account]
    regions = then[0].regions if then else other.scope.regions
    gaps = [Gap(account, region=name) for name in regions if name not in snapshot.regions]
    gaps += [Gap(account, kind=kind) for kind in ServerKind if kind not in snapshot.kinds]
    if Content.TEMPLATES not in snapshot.contents:
        gaps.append(Gap(account, origin=Origin.INSTANCE_TEMPLATE))
    chosen = then[0].selection if then else question.choice.words
    if snapshot.selection and snapshot.selection != tuple(chosen):
        gaps.append(Gap(account, origin=Origin.SERVER))
    return gaps
