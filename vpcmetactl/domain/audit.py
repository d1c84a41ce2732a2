"""Judging subjects by a policy: findings and counts out."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter

from vpcmetactl.domain.checks import CHECKS, Check, get_check
from vpcmetactl.domain.findings import Finding, waiver_key
from vpcmetactl.domain.fleet_counts import Shape, counted_shapes
from vpcmetactl.domain.judging import Judgement, Result, not_applicable, unknown
from vpcmetactl.domain.policy import NO_PARAMETERS, Parameters, Policy, Rule
from vpcmetactl.domain.servers import Support
from vpcmetactl.domain.subjects import Subject
from vpcmetactl.domain.waivers import ReviewedWaiver, WaiverDesk, review, rule_of_waivers


@dataclass(frozen=True, slots=True)
class CheckCounts:
    """What one check made of the subjects; each subject is counted once.

    ``failed`` and ``unknown`` are without those that are waived.
    """

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    not_applicable: int = 0
    waived: int = 0

    def plus(self, other: "CheckCounts") -> "CheckCounts":
        """Return what the check made of these subjects and of others."""
        return CheckCounts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.unknown + other.unknown,
            self.not_applicable + other.not_applicable,
            self.waived + other.waived,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit found.

    ``findings``, waived ones included, and ``unknowns``, what could not be judged, are both
    gravest first, in an order that depends on nothing but themselves. ``counts`` has every check
    that the policy has an enabled rule for, by id; checks of waivers count waivers. ``subjects``
    is how many were judged, ``keys`` are theirs, unless nobody wants them, and ``shapes`` counts
    those that are alike.
    Waivers are judged as of the day ``as_of`` in UTC.
    """

    findings: Sequence[Finding]
    unknowns: Sequence[Finding]
    counts: Mapping[str, CheckCounts]
    subjects: int
    keys: frozenset[str]
    policy: Policy
    as_of: date
    shapes: Mapping[Shape, int] = field(default_factory=dict)

    @property
    def open_findings(self) -> Sequence[Finding]:
        """The findings that count: those that are not waived."""
        return [finding for finding in self.findings if finding.waived_by is None]

    @property
    def open_unknowns(self) -> Sequence[Finding]:
        """What could not be judged and is not waived."""
        return [finding for finding in self.unknowns if finding.waived_by is None]


@dataclass(frozen=True, slots=True)
class Tally:
    """What judging some of the subjects came to; several make one report.

    ``used`` are the places of the waivers that accepted something. ``keys`` is empty where nobody
    wants them: those of a large fleet fill much of the memory that an audit needs.
    """

    findings: Sequence["_Held"]
    unknowns: Sequence["_Held"]
    counts: Mapping[str, CheckCounts]
    subjects: int
    shapes: Mapping[Shape, int]
    used: frozenset[int]
    keys: frozenset[str]


def audit(
    subjects: Iterable[Subject],
    policy: Policy,
    as_of: date,
    is_whole: Callable[[], bool] = lambda: True,
) -> AuditReport:
    """Judge every subject by every check that the policy has a rule for.

    ``is_whole`` is asked once all are judged, and says no where a selection was made or a part
    could not be read: then no waiver is said to match nothing. Raises ValueError for a policy whose
    expressions were not compiled, or that lacks a parameter.
    """
    tally = judge_all(subjects, policy, as_of)
    return report_of([tally], policy, as_of, is_whole=is_whole())


def judge_all(
    subjects: Iterable[Subject], policy: Policy, as_of: date, *, with_keys: bool = True
) -> Tally:
    """Judge every subject by every check; raises ValueError as ``audit`` does."""
    desk = WaiverDesk(policy.waivers, as_of)
    benches = [
        _Bench(check, rules, desk)
        for check in CHECKS
        if check.judge is not None and (rules := _rules_of(check, policy))
    ]
    shapes: Counter[Shape] = Counter()
    keys: set[str] = set()
    for subject in counted_shapes(subjects, shapes):
        key = _judge_by_all(subject, benches)
        if with_keys:
            keys.add(key)
    return Tally(
        findings=[one for bench in benches for one in bench.findings],
        unknowns=[one for bench in benches for one in bench.unknowns],
        counts={bench.check.id: bench.counts() for bench in benches},
        subjects=shapes.total(),
        shapes=shapes,
        used=desk.used,
        keys=frozenset(keys),
    )


def report_of(
    tallies: Sequence[Tally], policy: Policy, as_of: date, *, is_whole: bool
) -> AuditReport:
    """Judge the waivers, and return everything in its order."""
    used = frozenset[int]().union(*(tally.used for tally in tallies))
    reviewed = list(review(policy, as_of, used, is_whole=is_whole))
    held = [one for tally in tallies for one in tally.findings]
    held += [_hold_waiver(one, policy) for one in reviewed if one.judgement.result is Result.FAIL]
    counts = _count_reviewed(reviewed)
    for tally in tallies:
        for check_id, count in tally.counts.items():
            counts[check_id] = counts.get(check_id, CheckCounts()).plus(count)
    shapes: Counter[Shape] = Counter()
    for tally in tallies:
        shapes.update(tally.shapes)
    return AuditReport(
        findings=_in_order(held),
        unknowns=_in_order(one for tally in tallies for one in tally.unknowns),
        counts=dict(sorted(counts.items())),
        subjects=sum(tally.subjects for tally in tallies),
        keys=frozenset[str]().union(*(tally.keys for tally in tallies)),
        policy=policy,
        as_of=as_of,
        shapes=shapes,
    )


def judge(check: Check, subject: Subject, parameters: Parameters = NO_PARAMETERS) -> Judgement:
    """Apply one check to one subject; the check's own parameter is taken where none is given.

    On an architecture without the service nothing is applicable. Raises ValueError for a check of
    waivers.
    """
    if check.judge is None:
        raise ValueError(f"{check.id} judges no servers")
    if subject.server.support is Support.UNSUPPORTED_ARCHITECTURE:
        return _UNSUPPORTED
    return check.judge(subject, check.complete(parameters))


def needs_verdicts(policy: Policy) -> bool:
    """Whether a policy may ask for the restart verdicts of servers: a check, or an expression."""
    return any(
        get_check(rule.check).parameter == "verdicts" or rule.servers.where is not None
        for rule in policy.rules
    ) or any(waiver.servers.where is not None for waiver in policy.waivers)


def needs_trust(policy: Policy) -> bool:
    """Whether a policy asks which trusted profiles trust the servers, so that they must be read."""
    return any(
        rule.enabled and get_check(rule.check).parameter == "profiles" for rule in policy.rules
    )


_UNSUPPORTED = not_applicable("IBM does not support the service on this architecture")
_NO_RULE = not_applicable("no rule of the policy is about it")
_TURNED_OFF = not_applicable("the policy turns the check off for it")


def _rules_of(check: Check, policy: Policy) -> Sequence[Rule]:
    """Return the rules of a check, or none where none of them lets it judge anything."""
    rules = [rule for rule in policy.rules if rule.check == check.id]
    return rules if any(rule.enabled for rule in rules) else ()


def _judge_by_all(subject: Subject, benches: Sequence["_Bench"]) -> str:
    """Judge a subject by every check, and return its key."""
    server, key = subject.server, subject.key
    if server.support is Support.UNSUPPORTED_ARCHITECTURE:
        for bench in benches:
            bench.not_applicable += 1
    else:
        place = (server.region, server.name or "", key)
        for bench in benches:
            bench.judge(subject, place)
    return key


# Findings as they are sorted: gravest first, then by check, region, name, key of the subject, and
# detail. The number tells those apart that have all of that in common.
_Place = tuple[str, str, str]
_Held = tuple[int, str, _Place, str, int, Finding]


def _in_order(held: Iterable[_Held]) -> Sequence[Finding]:
    return [finding for *_, finding in sorted(held, key=itemgetter(slice(-1)))]


class _Bench:
    """One check with the rules of the policy for it, and what it has found so far."""

    def __init__(self, check: Check, rules: Sequence[Rule], desk: WaiverDesk) -> None:
        self.check = check
        self.findings: list[_Held] = []
        self.unknowns: list[_Held] = []
        self.passed = self.failed = self.unknown = self.not_applicable = self.waived = 0
        self._desk = desk
        self._rules = [_BoundRule(check, rule) for rule in rules]

    def judge(self, subject: Subject, place: _Place) -> None:
        """Judge a subject on whose architecture the service is, or may be, supported."""
        # Everything is written out here, for it runs for every check of every server.
        judgement, rule = _NO_RULE, None
        for rule in self._rules:
            is_meant = rule.test is None or rule.test(subject)
            if is_meant:
                judgement = rule.judge(subject, rule.parameters)
                break
            if is_meant is None:
                judgement = rule.untold
                break
        result = judgement.result
        if result is Result.PASS:
            self.passed += 1
        elif result is Result.NOT_APPLICABLE:
            self.not_applicable += 1
        elif rule is not None:
            self._hold(subject, place, judgement, rule)

    def counts(self) -> CheckCounts:
        """Return what was found so far, in numbers."""
        return CheckCounts(self.passed, self.failed, self.unknown, self.not_applicable, self.waived)

    def _hold(
        self, subject: Subject, place: _Place, judgement: Judgement, bound: "_BoundRule"
    ) -> None:
        check, result, rule = self.check, judgement.result, bound.rule
        waiver = self._desk.find(check.id, subject)
        if result is Result.FAIL:
            held = self.findings
            self.failed += waiver is None
        else:
            held = self.unknowns
            self.unknown += waiver is None
        self.waived += waiver is not None
        about = subject.brief()
        for key, reason in judgement.details or (("", judgement.reason),):
            finding = Finding(
                check, result, bound.severity, reason, about, rule, key, waived_by=waiver
            )
            held.append((bound.order, check.id, place, key, len(held), finding))


class _BoundRule:
    """A rule, ready to be asked: ``test`` is ``None`` where it is about every subject."""

    __slots__ = ("judge", "order", "parameters", "rule", "severity", "test", "untold")

    def __init__(self, check: Check, rule: Rule) -> None:
        self.rule = rule
        self.test = None if rule.servers.is_empty else rule.servers.test()
        self.parameters = check.complete(rule.parameters) if rule.enabled else rule.parameters
        self.severity = rule.severity or check.severity
        self.order = -self.severity.rank
        self.untold = unknown(f"whether the rule for {rule.servers.words} is about it is not known")
        self.judge = check.judge if check.judge is not None and rule.enabled else _turned_off


def _turned_off(_: Subject, __: Parameters) -> Judgement:
    return _TURNED_OFF


def _hold_waiver(reviewed: ReviewedWaiver, policy: Policy) -> _Held:
    check, waiver = reviewed.check, reviewed.waiver
    rule = rule_of_waivers(policy, check.id)
    severity = (rule.severity if rule is not None else None) or check.severity
    message = reviewed.judgement.reason
    finding = Finding(check, Result.FAIL, severity, message, rule=rule, about=waiver)
    return (-severity.rank, check.id, ("", "", waiver_key(waiver)), "", reviewed.number, finding)


def _count_reviewed(reviewed: Iterable[ReviewedWaiver]) -> dict[str, CheckCounts]:
    tally: dict[str, Counter[Result]] = defaultdict(Counter)
    for one in reviewed:
        tally[one.check.id][one.judgement.result] += 1
    return {
        check_id: CheckCounts(
            passed=results[Result.PASS],
            failed=results[Result.FAIL],
            not_applicable=results[Result.NOT_APPLICABLE],
        )
        for check_id, results in tally.items()
    }
