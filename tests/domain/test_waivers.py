from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.domain.subjects import HTTPS_ONLY, TODAY, a_waiver, audited, over_http, silent
from vpcmetactl.domain.audit import CheckCounts, audit
from vpcmetactl.domain.policy import Policy, Rule, Severity, Waiver
from vpcmetactl.domain.subject_selection import SubjectSelector

_DAY = timedelta(days=1)


def _with(*waivers: Waiver) -> Policy:
    return replace(HTTPS_ONLY, waivers=waivers)


def _told(*waivers: Waiver, as_of: date = TODAY) -> list[str]:
    report = audited(over_http("web-1"), policy=_with(*waivers), as_of=as_of)
    return [one.check.id for one in report.findings if one.about is not None]


def test_a_waiver_holds_through_its_last_day_and_not_a_day_longer() -> None:
    waiver = a_waiver(expires=TODAY)

    last_day = audited(over_http("web-1"), policy=_with(waiver))
    next_day = audited(over_http("web-1"), policy=_with(waiver), as_of=TODAY + _DAY)

    assert last_day.counts["VPCMETA001"] == CheckCounts(waived=1)
    assert next_day.counts["VPCMETA001"] == CheckCounts(failed=1)
    assert [one.check.id for one in next_day.open_findings] == ["VPCMETA001", "VPCMETA101"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-1, ["VPCMETA101"]), (0, ["VPCMETA103"]), (14, ["VPCMETA103"]), (15, [])],
)
def test_a_waiver_says_when_it_has_expired_or_will_soon(days: int, expected: list[str]) -> None:
    assert _told(a_waiver(expires=TODAY + days * _DAY)) == expected


def test_a_waiver_that_accepts_nothing_says_so() -> None:
    unused = a_waiver("db-*")
    [finding] = audited(over_http("web-1"), policy=_with(a_waiver(), unused)).open_findings

    assert finding.check.id == "VPCMETA102"
    assert finding.about is unused
    assert finding.message == "the waiver of VPCMETA001 for name db-* accepts no finding"
    assert (finding.label, finding.server, finding.command) == (
        ("the waiver of platform", None, None)
    )


def test_every_waiver_that_would_do_is_of_use() -> None:
    assert _told(a_waiver("web-*"), a_waiver("*")) == []


def test_a_waiver_of_what_could_not_be_judged_is_of_use() -> None:
    report = audited(silent("web-1"), policy=_with(a_waiver()))

    assert [*report.open_findings, *report.open_unknowns] == []


def test_where_only_a_part_was_judged_no_waiver_is_said_to_match_nothing() -> None:
    report = audit([], _with(a_waiver()), TODAY, lambda: False)

    assert report.findings == []
    assert report.counts["VPCMETA102"] == CheckCounts(not_applicable=1)


def test_whether_the_whole_was_judged_is_asked_once_all_is() -> None:
    read: list[str] = []

    def reading() -> object:
        read.append("all")
        yield over_http("db")

    def is_whole() -> bool:
        return read == ["all"]

    report = audit(reading(), _with(a_waiver()), TODAY, is_whole)  # type: ignore[arg-type]  # yields

    assert [one.check.id for one in report.findings] == ["VPCMETA001", "VPCMETA102"]


def test_a_rule_turns_such_a_check_off_or_gives_it_another_severity() -> None:
    rules = (
        *HTTPS_ONLY.rules,
        Rule(check="VPCMETA102", enabled=False),
        Rule(check="VPCMETA103", severity=Severity.HIGH),
    )
    policy = Policy(rules=rules, waivers=(a_waiver("db-*", expires=TODAY), a_waiver("x")))

    report = audited(over_http("web-1"), policy=policy)

    assert [(one.check.id, one.severity) for one in report.findings if one.about] == [
        ("VPCMETA103", Severity.HIGH)
    ]
    assert set(report.counts) == {"VPCMETA001", "VPCMETA101", "VPCMETA103"}


def test_findings_about_waivers_are_told_apart_and_stay_the_same() -> None:
    first, second = a_waiver("a"), a_waiver("b")
    prints = {one.fingerprint for one in audited(policy=_with(first, second)).findings}
    later = replace(first, reason="another", expires=date(2028, 1, 1), source="elsewhere")

    [again] = audited(policy=_with(later)).findings
    assert len(prints) == 2
    assert again.fingerprint in prints


def test_a_waiver_can_be_for_whatever_a_selector_can_say() -> None:
    waiver = replace(a_waiver(), servers=SubjectSelector(regions=("us-south",)))
    assert audited(over_http("x"), policy=_with(waiver)).open_findings == []
