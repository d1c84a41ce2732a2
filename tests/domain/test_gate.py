from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.subjects import HTTPS_ONLY, a_waiver, audited, over_http, silent
from tests.support.builders import ACCOUNT, ON_HTTPS, an_instance
from vpcmetactl.domain.errors import ExitCode
from vpcmetactl.domain.findings import Finding, Since
from vpcmetactl.domain.gate import Baseline, Gap, compare, gate
from vpcmetactl.domain.policy import Severity, UnknownMeans
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.subjects import Origin, Subject

_OK, _FINDINGS = ExitCode.OK, ExitCode.FINDINGS
_EU = Gap(ACCOUNT, "eu-de", ServerKind.INSTANCE)


@pytest.mark.parametrize(
    ("fail_on", "expected"),
    [
        (None, _OK),
        (Severity.INFO, _FINDINGS),
        (Severity.LOW, _FINDINGS),
        (Severity.MEDIUM, _FINDINGS),
        (Severity.HIGH, _OK),
        (Severity.CRITICAL, _OK),
    ],
)
def test_the_gate_fails_at_a_severity_and_above(
    fail_on: Severity | None, expected: ExitCode
) -> None:
    assert gate(audited(over_http("a")), fail_on) is expected


def test_what_is_waived_does_not_count() -> None:
    policy = replace(HTTPS_ONLY, waivers=(a_waiver("*"),), unknown=UnknownMeans.FAIL)

    assert gate(audited(over_http("a"), silent("b"), policy=policy), Severity.INFO) is _OK


@pytest.mark.parametrize("means", UnknownMeans)
def test_unknown_fails_only_where_it_is_said_to(means: UnknownMeans) -> None:
    expected = _FINDINGS if means is UnknownMeans.FAIL else _OK
    by_policy = audited(silent("a"), policy=replace(HTTPS_ONLY, unknown=means))

    assert gate(by_policy, Severity.LOW) is expected
    assert gate(audited(silent("a")), Severity.LOW, means) is expected
    assert gate(by_policy, Severity.LOW, UnknownMeans.PASS) is _OK
    assert gate(audited(silent("a")), Severity.HIGH, means) is _OK
    assert gate(audited(silent("a")), None, means) is _OK


# Against a baseline.


def _names(findings: object) -> list[str]:
    assert isinstance(findings, list)
    return [one.label for one in findings if isinstance(one, Finding)]


def _fine(name: str) -> Subject:
    return Subject(an_instance(name, metadata_service=ON_HTTPS))


def test_what_was_there_is_known_and_what_was_not_is_new() -> None:
    before = audited(over_http("old"), over_http("gone"), over_http("mended"), _fine("turned"))
    now = audited(over_http("old"), _fine("mended"), over_http("turned"), over_http("fresh"))

    found = compare(now, Baseline(before))

    assert _names(found.known) == ["old"]
    assert _names(found.new) == ["fresh", "turned"]
    assert _names(found.fixed) == ["gone", "mended"]
    assert found.undetermined == found.missing == []
    assert gate(now, Severity.LOW, since=found) is _FINDINGS
    assert gate(before, Severity.LOW, since=compare(before, Baseline(before))) is _OK


def test_what_could_not_be_read_then_is_not_called_new() -> None:
    now = audited(over_http("a", "eu-de"), over_http("b", "eu-gb"))

    found = compare(now, Baseline(audited(), gaps=(_EU,)))

    assert _names(found.undetermined) == ["a"]
    assert _names(found.new) == ["b"]


def test_what_was_read_then_in_a_part_that_was_cut_short_is_new() -> None:
    fine = Subject(an_instance("a", region="eu-de", metadata_service=ON_HTTPS))

    found = compare(
        audited(over_http("a", "eu-de")), Baseline(audited(fine), gaps=(Gap(region="eu-de"),))
    )

    assert _names(found.new) == ["a"]


def test_what_cannot_be_read_now_is_not_called_fixed() -> None:
    before = audited(over_http("a", "eu-de"), over_http("b", "eu-gb"))

    found = compare(audited(), Baseline(before), gaps=(_EU,))

    assert _names(found.missing) == ["a"]
    assert _names(found.fixed) == ["b"]


def test_what_could_not_be_judged_is_neither_new_nor_fixed() -> None:
    then, now = audited(silent("a")), audited(over_http("a"))

    assert _names(compare(now, Baseline(then)).undetermined) == ["a"]
    assert _names(compare(then, Baseline(now)).missing) == ["a"]
    assert gate(now, Severity.LOW, since=compare(now, Baseline(then))) is _OK


def test_what_can_no_longer_be_judged_is_new_among_the_unknown() -> None:
    report = audited(silent("a"), silent("b"))

    found = compare(report, Baseline(audited(_fine("a"), silent("b"))))

    assert _names(found.new_unknowns) == ["a"]
    assert gate(report, Severity.LOW, UnknownMeans.FAIL, found) is _FINDINGS
    assert gate(report, Severity.LOW, UnknownMeans.WARN, found) is _OK
    same = compare(report, Baseline(report))
    assert gate(report, Severity.LOW, UnknownMeans.FAIL, same) is _OK


def test_what_was_waived_and_is_not_any_more_is_new() -> None:
    waived = audited(over_http("a"), policy=replace(HTTPS_ONLY, waivers=(a_waiver("*"),)))
    open_ = audited(over_http("a"))

    assert _names(compare(open_, Baseline(waived)).new) == ["a"]
    accepted = compare(waived, Baseline(open_))
    assert accepted.new == accepted.fixed == accepted.missing == []


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (Gap(), True),
        (_EU, True),
        (Gap(region="eu-gb"), False),
        (Gap(kind=ServerKind.BARE_METAL_SERVER), False),
        (Gap(account_id="another"), False),
    ],
)
def test_a_gap_may_hold_what_fits_it(gap: Gap, *, expected: bool) -> None:
    subject = over_http("a", "eu-de")
    nowhere = Subject(an_instance(region="", account_id=None), Origin.TERRAFORM_PLAN)

    assert gap.may_hold(subject) is expected
    assert gap.may_hold(nowhere) is (gap.kind is not ServerKind.BARE_METAL_SERVER)


_NAMES = ("a", "b", "c", "d")
_FLEETS = st.lists(
    st.tuples(st.sampled_from(_NAMES), st.sampled_from([over_http, silent, _fine])),
    unique_by=lambda one: one[0],
).map(lambda fleet: [make(name) for name, make in fleet])
_GAPS = st.sampled_from([(), (Gap(region="us-south"),)])


@given(_FLEETS, _FLEETS, _GAPS, _GAPS)
def test_every_finding_of_then_and_now_is_told_once(
    then: list[Subject], now: list[Subject], gaps_then: tuple[Gap, ...], gaps_now: tuple[Gap, ...]
) -> None:
    report, before = audited(*now), audited(*then)

    found = compare(report, Baseline(before, gaps_then), gaps_now)

    told = [one.fingerprint for one in (*found.new, *found.known, *found.undetermined)]
    assert sorted(told) == sorted(one.fingerprint for one in report.open_findings)
    left = [one.fingerprint for one in (*found.known, *found.fixed, *found.missing)]
    assert sorted(left) == sorted(one.fingerprint for one in before.open_findings)
    seen_then = {one.key for one in then}
    assert not (gaps_then and [one for one in found.new if one.subject.key not in seen_then])  # type: ignore[union-attr]  # these are about servers


def test_a_gap_of_templates_says_nothing_of_servers() -> None:
    gap = Gap(ACCOUNT, "us-south", origin=Origin.INSTANCE_TEMPLATE)
    server = over_http("a")
    template = replace(over_http("b"), origin=Origin.INSTANCE_TEMPLATE)

    since = compare(audited(server, template), Baseline(audited(), [gap]))

    assert (_names(since.new), _names(since.undetermined)) == (["a"], ["b"])


def test_open_findings_are_marked_with_what_the_baseline_says() -> None:
    known, new, unread = over_http("a"), over_http("b"), over_http("c", "eu-de")
    policy = replace(HTTPS_ONLY, waivers=(a_waiver("d"),))
    report = audited(known, new, unread, over_http("d"), policy=policy)

    compare(report, Baseline(audited(known), [_EU])).mark()

    marks = {one.label: one.since for one in report.findings}
    assert marks == {
        "a": Since.KNOWN,
        "b": Since.NEW,
        "c": Since.UNDETERMINED,
        "d": None,
    }
