"""Laws of an audit, whatever the subjects and the policy."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.subjects import TODAY, a_waiver
from tests.support.builders import a_bare_metal_server, an_instance
from vpcmetactl.domain.audit import audit, judge_all, report_of
from vpcmetactl.domain.judging import Result
from vpcmetactl.domain.policy import Parameters, Policy, Rule, Severity, Waiver
from vpcmetactl.domain.servers import MetadataService
from vpcmetactl.domain.subject_selection import SubjectSelector
from vpcmetactl.domain.subjects import Location, Origin, Subject, Trust, TrustingProfile

_SERVICES = st.one_of(
    st.none(),
    st.builds(
        MetadataService,
        enabled=st.sampled_from([True, False, None]),
        protocol=st.sampled_from(["http", "https", "gopher", None]),
        response_hop_limit=st.sampled_from([1, 2, 64, None]),
    ),
)
_ARCHITECTURES = st.sampled_from(["amd64", "s390x", "riscv", None])
_NAMES = st.sampled_from(["web-1", "web-2", "db-1", None])
_PROFILES = st.builds(
    TrustingProfile,
    st.sampled_from(["Profile-1", None]),
    st.sampled_from(["app", None]),
    st.booleans(),
)
_TRUSTS = st.none() | st.builds(
    Trust, st.lists(_PROFILES, max_size=2).map(tuple), is_complete=st.booleans()
)
_SUBJECTS = st.builds(
    Subject,
    st.one_of(
        st.builds(an_instance, _NAMES, metadata_service=_SERVICES, architecture=_ARCHITECTURES),
        st.builds(a_bare_metal_server, _NAMES, metadata_service=st.none()),
    ),
    st.sampled_from(Origin),
    st.none() | st.builds(Location, st.sampled_from(["a.b", "a.c", None])),
    trust=_TRUSTS,
)
_SELECTORS = st.builds(
    SubjectSelector,
    names=st.sampled_from([(), ("web-*",), ("db-*",)]),
    regions=st.sampled_from([(), ("us-south",), ("eu-de",)]),
    addresses=st.sampled_from([(), ("a.*",)]),
)
_ALL_PARAMETERS = Parameters(max_response_hop_limit=1, profiles=("app", "Profile-1"))
_RULES = st.builds(
    Rule,
    check=st.sampled_from([f"VPCMETA00{n}" for n in range(1, 8)]),
    servers=_SELECTORS,
    enabled=st.booleans(),
    severity=st.sampled_from([None, *Severity]),
    parameters=st.just(_ALL_PARAMETERS),
)
_WAIVERS: st.SearchStrategy[Waiver] = st.builds(
    replace, st.just(a_waiver()), servers=_SELECTORS, expires=st.dates()
)
_POLICIES = st.builds(
    Policy,
    rules=st.lists(_RULES, max_size=6).map(tuple),
    waivers=st.lists(_WAIVERS, max_size=3).map(tuple),
)


@given(st.lists(_SUBJECTS, max_size=6), _POLICIES, st.randoms(use_true_random=False))
def test_counts_add_up_and_the_order_of_subjects_does_not_matter(
    subjects: list[Subject], policy: Policy, random: object
) -> None:
    report = audit(subjects, policy, TODAY)
    shuffled = sorted(subjects, key=lambda _: random.random())  # type: ignore[attr-defined]
    again = audit(shuffled, policy, TODAY)

    for check_id, counts in report.counts.items():
        of = len(policy.waivers) if check_id > "VPCMETA1" else len(subjects)
        parts = (counts.passed, counts.failed, counts.unknown, counts.not_applicable, counts.waived)
        assert sum(parts) == of
    assert again.counts == report.counts
    assert [one.fingerprint for one in again.findings] == [
        one.fingerprint for one in report.findings
    ]
    ranks = [one.severity.rank for one in report.findings]
    assert ranks == sorted(ranks, reverse=True)
    assert {one.result for one in report.findings} <= {Result.FAIL}
    assert {one.result for one in report.unknowns} <= {Result.UNKNOWN}


@given(
    subjects=st.lists(_SUBJECTS, max_size=8, unique_by=lambda one: one.key),
    policy=_POLICIES,
    ways=st.integers(1, 3),
    is_whole=st.booleans(),
)
def test_parts_that_were_judged_by_themselves_make_the_report_of_the_whole(
    *, subjects: list[Subject], policy: Policy, ways: int, is_whole: bool
) -> None:
    tallies = [judge_all(subjects[start::ways], policy, TODAY) for start in range(ways)]

    report = report_of(tallies, policy, TODAY, is_whole=is_whole)

    assert report == audit(subjects, policy, TODAY, lambda: is_whole)
    unnamed = judge_all(subjects, policy, TODAY, with_keys=False)
    assert (unnamed.keys, unnamed.subjects) == (frozenset(), len(subjects))
