import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import (
    OFF,
    OFF_BARE_METAL,
    ON,
    ON_HTTPS,
    a_bare_metal_server,
    an_instance,
)
from vpcmetactl.domain.audit import (
    AuditReport,
    CheckCounts,
    Finding,
    Judgement,
    Result,
    audit_servers,
    judge_server,
)
from vpcmetactl.domain.checks import CHECKS, get_check
from vpcmetactl.domain.errors import NotFoundError
from vpcmetactl.domain.policy import Policy, Requirement, Severity
from vpcmetactl.domain.servers import MetadataService, Server

_NO_POLICY = Policy()
_OFF_ONLY = Policy(require=Requirement.DISABLED)
_ON_ONLY = Policy(require=Requirement.ENABLED)
_ONE_HOP = Policy(max_response_hop_limit=1)

_PASS, _FAIL, _UNKNOWN, _NA = Result.PASS, Result.FAIL, Result.UNKNOWN, Result.NOT_APPLICABLE

_ON_METAL = a_bare_metal_server(metadata_service=MetadataService(enabled=True, protocol="http"))


def _instance(state: str, protocol: str | None = "https", hops: int | None = 1) -> Server:
    enabled = {"on": True, "off": False, "?": None}[state]
    return an_instance(metadata_service=MetadataService(enabled, protocol, hops))


@pytest.mark.parametrize(
    ("check_id", "policy", "server", "expected"),
    [
        ("VPCMETA001", _NO_POLICY, _instance("on", "https"), _PASS),
        ("VPCMETA001", _NO_POLICY, _instance("on", "http"), _FAIL),
        ("VPCMETA001", _NO_POLICY, _instance("off", "http"), _PASS),
        ("VPCMETA001", _NO_POLICY, _instance("off", None), _PASS),
        ("VPCMETA001", _NO_POLICY, _instance("on", None), _UNKNOWN),
        ("VPCMETA001", _NO_POLICY, _instance("?", "http"), _UNKNOWN),
        ("VPCMETA001", _NO_POLICY, an_instance(metadata_service=None), _UNKNOWN),
        ("VPCMETA001", _NO_POLICY, _ON_METAL, _FAIL),
        ("VPCMETA002", _OFF_ONLY, _instance("on"), _FAIL),
        ("VPCMETA002", _OFF_ONLY, _instance("off"), _PASS),
        ("VPCMETA002", _OFF_ONLY, _instance("?"), _UNKNOWN),
        ("VPCMETA002", _OFF_ONLY, _ON_METAL, _FAIL),
        ("VPCMETA002", _ON_ONLY, _instance("on"), _NA),
        ("VPCMETA003", _ON_ONLY, _instance("on"), _PASS),
        ("VPCMETA003", _ON_ONLY, _instance("off"), _FAIL),
        ("VPCMETA003", _ON_ONLY, _instance("?"), _UNKNOWN),
        ("VPCMETA003", _OFF_ONLY, _instance("off"), _NA),
        ("VPCMETA004", _ONE_HOP, _instance("on", hops=1), _PASS),
        ("VPCMETA004", _ONE_HOP, _instance("on", hops=2), _FAIL),
        ("VPCMETA004", _ONE_HOP, _instance("off", hops=64), _PASS),
        ("VPCMETA004", _ONE_HOP, _instance("on", hops=None), _UNKNOWN),
        ("VPCMETA004", _ONE_HOP, _instance("?", hops=2), _UNKNOWN),
        ("VPCMETA004", _ONE_HOP, _ON_METAL, _NA),
        ("VPCMETA004", Policy(max_response_hop_limit=2), _instance("on", hops=2), _PASS),
    ],
)
def test_a_check_judges_a_server(
    check_id: str, policy: Policy, server: Server, expected: Result
) -> None:
    assert judge_server(get_check(check_id), server, policy).result is expected


def test_a_failure_says_what_was_found() -> None:
    server = _instance("on", "http", 3)
    policy = Policy(Requirement.DISABLED, 1)

    messages = [judge_server(check, server, policy).message for check in CHECKS]

    assert messages == [
        "enabled over http",
        "the service is enabled",
        "",
        "response_hop_limit is 3, above 1",
    ]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (_NO_POLICY, ["VPCMETA001"]),
        (_OFF_ONLY, ["VPCMETA001", "VPCMETA002", "VPCMETA003"]),
        (_ONE_HOP, ["VPCMETA001", "VPCMETA004"]),
    ],
)
def test_a_check_without_its_parameter_judges_nothing(policy: Policy, expected: list[str]) -> None:
    assert list(audit_servers([], CHECKS, policy).counts) == expected


def test_a_report_holds_findings_and_counts_of_every_server() -> None:
    servers: list[Server] = [
        an_instance("b", metadata_service=ON),
        an_instance("a", metadata_service=ON_HTTPS),
        an_instance("c", metadata_service=None),
        an_instance("z", metadata_service=ON, architecture="s390x"),
    ]

    report = audit_servers(iter(servers), CHECKS, _NO_POLICY)

    http = get_check("VPCMETA001")
    message = "enabled over http"
    assert report == AuditReport(
        findings=[Finding(http, servers[0].identity, message)],
        counts={"VPCMETA001": CheckCounts(passed=1, failed=1, unknown=1, not_applicable=1)},
        servers=4,
    )


def test_findings_stand_gravest_first_then_by_check_region_name_and_id() -> None:
    over_http = MetadataService(enabled=True, protocol="http", response_hop_limit=9)
    servers = [
        an_instance("b", region="us-south", metadata_service=over_http),
        an_instance("b", region="eu-de", metadata_service=over_http),
        an_instance("a", region="us-south", metadata_service=over_http),
    ]

    report = audit_servers(servers, CHECKS, Policy(Requirement.DISABLED, 1))

    places = [("eu-de", "b"), ("us-south", "a"), ("us-south", "b")]
    assert [(f.check.id, f.server.region, f.server.name) for f in report.findings] == [
        (check_id, *place)
        for check_id in ("VPCMETA002", "VPCMETA001", "VPCMETA004")
        for place in places
    ]


def test_findings_are_chosen_by_their_severity() -> None:
    over_http = MetadataService(enabled=True, protocol="http", response_hop_limit=9)
    report = audit_servers(
        [an_instance(metadata_service=over_http)], CHECKS, Policy(Requirement.DISABLED, 1)
    )

    counts = {s: len(report.findings_at_or_above(s)) for s in Severity}

    assert list(counts.items()) == [
        (Severity.INFO, 3),
        (Severity.LOW, 3),
        (Severity.MEDIUM, 2),
        (Severity.HIGH, 1),
        (Severity.CRITICAL, 0),
    ]


def test_the_command_of_a_finding_names_the_server_by_its_crn_or_else_its_id() -> None:
    server = an_instance(metadata_service=ON)
    bare = an_instance(metadata_service=ON, crn=None)

    commands = [
        finding.command for finding in audit_servers([server, bare], CHECKS, _NO_POLICY).findings
    ]

    assert sorted(commands) == sorted(
        f"vpcmetactl metadata set {word} --protocol https" for word in (server.crn, bare.id)
    )


_METADATA = st.one_of(
    st.none(),
    st.builds(
        MetadataService,
        enabled=st.sampled_from([True, False, None]),
        protocol=st.sampled_from(["http", "https", "gopher", None]),
        response_hop_limit=st.sampled_from([1, 2, 64, None]),
    ),
)
_ARCHITECTURES = st.sampled_from(["amd64", "s390x", "riscv", None])
_SERVERS: st.SearchStrategy[Server] = st.one_of(
    st.builds(an_instance, metadata_service=_METADATA, architecture=_ARCHITECTURES),
    st.builds(
        a_bare_metal_server,
        metadata_service=st.sampled_from([OFF_BARE_METAL, None]),
        architecture=_ARCHITECTURES,
    ),
)
_POLICIES = st.builds(
    Policy,
    require=st.sampled_from([*Requirement, None]),
    max_response_hop_limit=st.sampled_from([1, 64, None]),
)


@given(st.lists(_SERVERS, max_size=8), _POLICIES)
def test_the_counts_of_every_check_add_up_to_the_servers(
    servers: list[Server], policy: Policy
) -> None:
    report = audit_servers(servers, CHECKS, policy)

    assert report.servers == len(servers)
    for counts in report.counts.values():
        sums = counts.passed + counts.failed + counts.unknown + counts.not_applicable
        assert sums == len(servers)
    assert sum(counts.failed for counts in report.counts.values()) == len(report.findings)


@given(_METADATA, _POLICIES)
def test_an_architecture_without_the_service_never_fails_and_never_passes(
    metadata: MetadataService | None, policy: Policy
) -> None:
    server = an_instance(architecture="s390x", metadata_service=metadata)

    assert {judge_server(check, server, policy) for check in CHECKS} == {Judgement(_NA)}


_SILENT: list[Server] = [
    an_instance(metadata_service=None),
    a_bare_metal_server(metadata_service=None),
]


@given(_POLICIES, st.sampled_from(_SILENT))
def test_what_was_not_reported_is_neither_a_failure_nor_a_pass(
    policy: Policy, server: Server
) -> None:
    results = {judge_server(check, server, policy).result for check in CHECKS}

    assert results <= {_UNKNOWN, _NA}
    assert _UNKNOWN in results


def test_every_check_has_an_id_of_its_own_and_everything_a_reader_wants() -> None:
    assert [check.id for check in CHECKS] == [f"VPCMETA{n:03}" for n in range(1, len(CHECKS) + 1)]
    for check in CHECKS:
        assert all((check.title, check.rationale, check.remedy, check.source))
        assert check.command.startswith("vpcmetactl ")
        assert "{server}" in check.command
        assert "CIS" not in check.title + check.rationale


def test_the_service_over_http_weighs_medium_for_ibm_calls_it_the_default() -> None:
    assert get_check("VPCMETA001").severity is Severity.MEDIUM


def test_a_check_is_found_by_its_id_in_any_case() -> None:
    assert get_check("vpcmeta001") is CHECKS[0]


def test_a_check_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    with pytest.raises(NotFoundError, match="there is no check 'VPCMETA999'") as caught:
        get_check("VPCMETA999")

    assert caught.value.hint == f"the checks are {', '.join(check.id for check in CHECKS)}"


def test_severities_rank_from_info_to_critical() -> None:
    assert sorted(Severity, key=lambda severity: severity.rank) == [
        *(Severity.INFO, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
    ]


def test_a_server_with_the_service_off_passes_every_check_but_that_it_must_be_on() -> None:
    server = an_instance(metadata_service=OFF)

    report = audit_servers([server], CHECKS, Policy(Requirement.ENABLED, 1))

    assert [finding.check.id for finding in report.findings] == ["VPCMETA003"]
