from dataclasses import replace

import pytest

from tests.domain.subjects import HTTPS_ONLY, TODAY, a_waiver, audited, beyond, over_http, silent
from tests.support.builders import OFF, ON, ON_HTTPS, an_instance
from vpcmetactl.domain.audit import AuditReport, CheckCounts, audit, needs_trust
from vpcmetactl.domain.default_policy import DEFAULT_POLICY, policy_of_flags
from vpcmetactl.domain.findings import Finding
from vpcmetactl.domain.policy import (
    NO_PARAMETERS,
    Parameters,
    Policy,
    Requirement,
    Rule,
    Severity,
)
from vpcmetactl.domain.servers import Protocol
from vpcmetactl.domain.subject_selection import SubjectSelector
from vpcmetactl.domain.subjects import Location, Origin, Subject, Trust, TrustingProfile

_EU = SubjectSelector(regions=("eu-de",))


def _names(findings: AuditReport | list[Finding]) -> list[str]:
    found = findings.findings if isinstance(findings, AuditReport) else findings
    return [finding.label for finding in found]


def test_a_report_holds_findings_unknowns_and_counts_of_every_subject() -> None:
    report = audited(
        over_http("b"),
        Subject(an_instance("a", metadata_service=ON_HTTPS)),
        silent("c"),
        Subject(an_instance("z", metadata_service=ON, architecture="s390x")),
    )

    assert [(one.label, one.message) for one in report.findings] == [
        ("b", "enabled over http, not https")
    ]
    assert [(one.label, one.message) for one in report.unknowns] == [
        ("c", "whether the service is enabled is not known")
    ]
    assert report.counts == {"VPCMETA001": CheckCounts(1, 1, 1, 1)}
    assert (report.subjects, len(report.keys), report.as_of) == (4, 4, TODAY)


def test_only_checks_with_an_enabled_rule_judge() -> None:
    policy = Policy(
        rules=(
            Rule(check="VPCMETA003", enabled=False),
            Rule(check="VPCMETA004", parameters=Parameters(max_response_hop_limit=2)),
        )
    )

    assert list(audited(over_http("a"), policy=policy).counts) == ["VPCMETA004"]


def test_the_first_rule_that_is_about_a_server_decides() -> None:
    policy = Policy(
        rules=(
            Rule(check="VPCMETA001", servers=SubjectSelector(names=("old-*",)), enabled=False),
            Rule(check="VPCMETA001", servers=_EU, severity=Severity.CRITICAL),
            Rule(check="VPCMETA001", severity=Severity.LOW),
            Rule(check="VPCMETA001", severity=Severity.HIGH),
        )
    )

    report = audited(
        over_http("old-1", "eu-de"), over_http("web", "eu-de"), over_http("db"), policy=policy
    )

    assert [(one.label, one.severity) for one in report.findings] == [
        ("web", Severity.CRITICAL),
        ("db", Severity.LOW),
    ]
    assert report.counts["VPCMETA001"] == CheckCounts(failed=2, not_applicable=1)


def test_a_server_that_no_rule_is_about_is_not_judged() -> None:
    report = audited(over_http("a"), policy=Policy(rules=(Rule(check="VPCMETA001", servers=_EU),)))

    assert report.counts["VPCMETA001"] == CheckCounts(not_applicable=1)


def test_where_it_cannot_be_told_whether_a_rule_is_about_it_nothing_is_decided() -> None:
    policy = Policy(
        rules=(
            Rule(check="VPCMETA001", servers=_EU, severity=Severity.HIGH),
            Rule(check="VPCMETA001", enabled=False),
        )
    )
    planned = Subject(
        an_instance(metadata_service=ON, region=""), Origin.TERRAFORM_PLAN, Location("x.y")
    )

    report = audited(planned, policy=policy)

    assert [(one.message, one.severity) for one in report.unknowns] == [
        ("whether the rule for region eu-de is about it is not known", Severity.HIGH)
    ]


def test_findings_stand_gravest_first_then_by_check_region_name_and_key() -> None:
    servers = [
        Subject(an_instance("b", region="us-south", metadata_service=beyond(9))),
        Subject(an_instance("b", region="eu-de", metadata_service=beyond(9))),
        Subject(an_instance("a", region="us-south", metadata_service=beyond(9))),
    ]
    policy = policy_of_flags(Requirement.DISABLED, 1)

    report = audited(*servers, policy=policy)

    places = [("eu-de", "b"), ("us-south", "a"), ("us-south", "b")]
    found = [(f.check.id, f.server.region, f.server.name) for f in report.findings if f.server]
    assert found == [
        (check_id, *place)
        for check_id in ("VPCMETA002", "VPCMETA001", "VPCMETA004")
        for place in places
    ]


def test_each_forbidden_profile_is_a_finding_and_the_server_counts_once() -> None:
    policy = Policy(rules=(Rule(check="VPCMETA006", parameters=Parameters(profiles=("*",))),))
    trust = Trust((TrustingProfile("Profile-2", "b"), TrustingProfile("Profile-1", "a")))

    report = audited(Subject(an_instance(), trust=trust), policy=policy)

    assert [one.message for one in report.findings] == ["it can become a", "it can become b"]
    assert len({one.fingerprint for one in report.findings}) == 2
    assert report.counts["VPCMETA006"] == CheckCounts(failed=1)


def test_a_waived_finding_stays_and_does_not_count() -> None:
    policy = replace(HTTPS_ONLY, waivers=(a_waiver("web-*"), a_waiver("*")))

    report = audited(over_http("web-1"), over_http("db"), silent("web-2"), policy=policy)

    assert [(one.label, one.waived_by) for one in report.findings] == [
        ("db", policy.waivers[1]),
        ("web-1", policy.waivers[0]),
    ]
    assert [one.waived_by for one in report.unknowns] == [policy.waivers[0]]
    assert list(report.open_findings) == list(report.open_unknowns) == []
    assert report.counts["VPCMETA001"] == CheckCounts(waived=3)


def test_a_waiver_is_for_one_check() -> None:
    policy = replace(policy_of_flags(Requirement.DISABLED), waivers=(a_waiver(),))

    assert [one.check.id for one in audited(over_http("web-1"), policy=policy).open_findings] == [
        "VPCMETA002"
    ]


def test_a_waiver_does_not_cover_what_it_may_or_may_not_be_about() -> None:
    policy = replace(HTTPS_ONLY, waivers=(a_waiver(),))
    unnamed = Subject(an_instance(None, metadata_service=ON))

    assert len(audit([unnamed], policy, TODAY, lambda: False).open_findings) == 1


# Fingerprints.


def test_a_fingerprint_says_nothing_of_words_values_severities_or_rules() -> None:
    loud = Policy(rules=(Rule(check="VPCMETA001", servers=SubjectSelector(names=("*",))),))
    graver = Policy(rules=(Rule(check="VPCMETA001", severity=Severity.CRITICAL),))
    subject = over_http("a")
    renamed = replace(subject, server=replace(subject.server, name="b", zone="us-south-9"))

    prints = {
        report.findings[0].fingerprint
        for report in (
            audited(subject),
            audited(subject, policy=loud),
            audited(subject, policy=graver),
            audited(renamed),
            audited(subject, policy=replace(HTTPS_ONLY, waivers=(a_waiver("*"),))),
        )
    }

    assert len(prints) == 1
    # Pinned: a baseline that was kept must still be good.
    assert prints == {"196983fdbcc7bfc93a5af253dd4a8d7c7c7ce84fa08dbcc97fa0b3e946511d12"}


def test_fingerprints_differ_by_check_server_and_result() -> None:
    policy = policy_of_flags(Requirement.DISABLED)
    report = audited(over_http("a"), over_http("b"), silent("c"), policy=policy)

    prints = [one.fingerprint for one in (*report.findings, *report.unknowns)]

    assert len(prints) == len({*prints}) == 6


def test_terraform_s_servers_are_known_by_their_address_whether_they_are_made_or_not() -> None:
    made = over_http("a")
    place = Location("ibm_is_instance.a", "plan.json")
    planned = replace(made, origin=Origin.TERRAFORM_PLAN, location=place)
    kept = replace(
        made,
        server=replace(made.server, crn=None),
        origin=Origin.TERRAFORM_STATE,
        location=replace(place, file="state.json"),
    )

    [first], [second], [third] = (audited(one).findings for one in (planned, kept, made))

    assert first.fingerprint == second.fingerprint != third.fingerprint
    assert first.label == "ibm_is_instance.a"


def test_a_server_without_a_crn_is_known_by_kind_region_and_id() -> None:
    bare = Subject(an_instance("a", crn=None))
    assert bare.key == f"instance/us-south/{bare.server.id}"
    assert bare.label == "a"
    assert Subject(an_instance(None)).label == an_instance(None).id


# What mends a finding.


def test_the_command_of_a_finding_names_the_server_by_its_crn_or_else_its_id() -> None:
    server = an_instance(metadata_service=ON)
    bare = an_instance(metadata_service=ON, crn=None)

    commands = [one.command for one in audited(Subject(server), Subject(bare)).findings]

    assert sorted(map(str, commands)) == sorted(
        f"vpcmetactl metadata set {word} --protocol https" for word in (server.crn, bare.id)
    )


@pytest.mark.parametrize(
    ("check_id", "parameters", "command", "terraform"),
    [
        (
            "VPCMETA001",
            Parameters(protocol=Protocol.HTTPS),
            "vpcmetactl metadata set CRN --protocol https",
            'metadata_service { protocol = "https" }',
        ),
        (
            "VPCMETA002",
            NO_PARAMETERS,
            "vpcmetactl metadata disable CRN",
            "metadata_service { enabled = false }",
        ),
        (
            "VPCMETA004",
            Parameters(max_response_hop_limit=2),
            "vpcmetactl metadata set CRN --response-hop-limit 2",
            "metadata_service { response_hop_limit = 2 }",
        ),
        (
            "VPCMETA005",
            Parameters(profiles=("app", "web")),
            "vpcmetactl links create --profile app CRN",
            None,
        ),
    ],
)
def test_a_finding_says_what_mends_it_where_it_is_kept(
    check_id: str, parameters: Parameters, command: str, terraform: str | None
) -> None:
    server = an_instance(metadata_service=beyond(9), crn="CRN")
    policy = Policy(rules=(Rule(check=check_id, parameters=parameters),))
    live = Subject(server, trust=Trust())
    planned = replace(live, origin=Origin.TERRAFORM_PLAN, location=Location("a.b"))
    template = replace(live, origin=Origin.INSTANCE_TEMPLATE)

    said = [
        (one.command, one.terraform)
        for subject in (live, planned, template)
        for one in audited(subject, policy=policy).findings
    ]

    assert said == [(command, None), (None, terraform), (None, None)]


# Policies.


def test_the_default_policy_asks_for_https_and_nothing_else() -> None:
    report = audited(over_http("a"), policy=DEFAULT_POLICY)

    assert list(report.counts) == ["VPCMETA001"]
    assert not needs_trust(DEFAULT_POLICY)


def test_flags_add_rules_to_the_default_policy() -> None:
    off = Subject(an_instance(metadata_service=OFF))

    report = audited(off, policy=policy_of_flags(Requirement.ENABLED, 1))

    assert list(report.counts) == ["VPCMETA001", "VPCMETA003", "VPCMETA004"]
    assert [one.check.id for one in report.findings] == ["VPCMETA003"]


def test_a_policy_that_asks_for_trust_says_so() -> None:
    rule = Rule(check="VPCMETA005", parameters=Parameters(profiles=("a",)))

    assert needs_trust(Policy(rules=(rule,)))
    assert not needs_trust(Policy(rules=(replace(rule, enabled=False),)))


def test_expressions_are_compiled_with_the_place_where_they_stand() -> None:
    where = SubjectSelector(where="zone")
    rule = Rule(check="VPCMETA001", servers=where, source="p: rules[0]")
    waiver = replace(a_waiver(), servers=where)
    policy = Policy(rules=(rule, HTTPS_ONLY.rules[0]), waivers=(waiver,))
    asked = []

    def compiling(expression: str, source: str) -> object:
        asked.append((expression, source))
        return lambda _: False

    with pytest.raises(ValueError, match="was not compiled"):
        audited(policy=policy)
    compiled = policy.compiled(compiling)  # type: ignore[arg-type]  # an answer is all it gives
    report = audited(over_http("a"), policy=compiled)

    assert asked == [("zone", "p: rules[0]"), ("zone", "policy.toml: waivers[0]")]
    assert report.counts["VPCMETA001"] == CheckCounts(failed=1)
