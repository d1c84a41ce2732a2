"""Every check: what passes, what fails, what cannot be told, and for what it is not meant."""

import pytest

from tests.support.builders import OFF, ON, ON_HTTPS, a_bare_metal_server, an_instance
from vpcmetactl.domain.audit import judge
from vpcmetactl.domain.checks import CHECKS, get_check
from vpcmetactl.domain.judging import Judgement, Result
from vpcmetactl.domain.policy import NO_PARAMETERS, Parameters
from vpcmetactl.domain.restarts import EXPLANATIONS, Reason, RestartAssessment, Verdict
from vpcmetactl.domain.servers import MetadataService, Protocol, Server
from vpcmetactl.domain.subjects import Location, Origin, Subject, Trust, TrustingProfile

_PASS, _FAIL, _UNKNOWN, _NA = Result.PASS, Result.FAIL, Result.UNKNOWN, Result.NOT_APPLICABLE
_JUDGED = [check for check in CHECKS if not check.is_about_waivers]

_HTTP_TOO = Parameters(protocol=Protocol.HTTP)
_ONE_HOP = Parameters(max_response_hop_limit=1)
_APP = Parameters(profiles=("app-*", "Profile-1"))
_UNKNOWN_TOO = Parameters(verdicts=(Verdict.NEEDED, Verdict.UNKNOWN))

_ON_METAL = a_bare_metal_server(metadata_service=MetadataService(enabled=True, protocol="http"))


def _instance(state: str, protocol: str | None = "https", hops: int | None = 1) -> Server:
    enabled = {"on": True, "off": False, "?": None}[state]
    return an_instance(metadata_service=MetadataService(enabled, protocol, hops))


def _judge(
    check_id: str, subject: Subject | Server, parameters: Parameters = NO_PARAMETERS
) -> Judgement:
    subject = subject if isinstance(subject, Subject) else Subject(subject)
    return judge(get_check(check_id), subject, parameters)


@pytest.mark.parametrize(
    ("check_id", "parameters", "server", "expected"),
    [
        ("VPCMETA001", NO_PARAMETERS, _instance("on", "https"), _PASS),
        ("VPCMETA001", NO_PARAMETERS, _instance("on", "http"), _FAIL),
        ("VPCMETA001", NO_PARAMETERS, _instance("on", "gopher"), _FAIL),
        ("VPCMETA001", NO_PARAMETERS, _instance("off", "http"), _PASS),
        ("VPCMETA001", NO_PARAMETERS, _instance("off", None), _PASS),
        ("VPCMETA001", NO_PARAMETERS, _instance("on", None), _UNKNOWN),
        ("VPCMETA001", NO_PARAMETERS, _instance("?", "http"), _UNKNOWN),
        ("VPCMETA001", NO_PARAMETERS, an_instance(metadata_service=None), _UNKNOWN),
        ("VPCMETA001", NO_PARAMETERS, _ON_METAL, _FAIL),
        ("VPCMETA001", _HTTP_TOO, _ON_METAL, _PASS),
        ("VPCMETA001", _HTTP_TOO, _instance("on", "https"), _FAIL),
        ("VPCMETA002", NO_PARAMETERS, _instance("on"), _FAIL),
        ("VPCMETA002", NO_PARAMETERS, _instance("off"), _PASS),
        ("VPCMETA002", NO_PARAMETERS, _instance("?"), _UNKNOWN),
        ("VPCMETA002", NO_PARAMETERS, _ON_METAL, _FAIL),
        ("VPCMETA003", NO_PARAMETERS, _instance("on"), _PASS),
        ("VPCMETA003", NO_PARAMETERS, _instance("off"), _FAIL),
        ("VPCMETA003", NO_PARAMETERS, _instance("?"), _UNKNOWN),
        ("VPCMETA004", _ONE_HOP, _instance("on", hops=1), _PASS),
        ("VPCMETA004", _ONE_HOP, _instance("on", hops=2), _FAIL),
        ("VPCMETA004", _ONE_HOP, _instance("off", hops=64), _PASS),
        ("VPCMETA004", _ONE_HOP, _instance("on", hops=None), _UNKNOWN),
        ("VPCMETA004", _ONE_HOP, _instance("?", hops=2), _UNKNOWN),
        ("VPCMETA004", _ONE_HOP, _ON_METAL, _NA),
        ("VPCMETA004", Parameters(max_response_hop_limit=2), _instance("on", hops=2), _PASS),
    ],
)
def test_the_service_of_a_server(
    check_id: str, parameters: Parameters, server: Server, expected: Result
) -> None:
    assert _judge(check_id, server, parameters).result is expected


def _trusting(*profiles: TrustingProfile, complete: bool = True) -> Trust:
    return Trust(profiles, is_complete=complete)


_BY_ID = TrustingProfile("Profile-1", "other")
_BY_NAME = TrustingProfile("Profile-9", "app-web")
_OTHER = TrustingProfile("Profile-2", "backup")
_DOUBTFUL = TrustingProfile("Profile-1", "other", is_certain=False)
_TO_BE_MADE = TrustingProfile(None)
_NAMED_ONLY = TrustingProfile(None, "backup")


@pytest.mark.parametrize(
    ("trust", "required", "forbidden"),
    [
        (None, _UNKNOWN, _UNKNOWN),
        (_trusting(), _FAIL, _PASS),
        (_trusting(_OTHER), _FAIL, _PASS),
        (_trusting(_BY_ID), _PASS, _FAIL),
        (_trusting(_OTHER, _BY_NAME), _PASS, _FAIL),
        (_trusting(_DOUBTFUL), _UNKNOWN, _UNKNOWN),
        (_trusting(_DOUBTFUL, _BY_NAME), _PASS, _FAIL),
        (_trusting(_TO_BE_MADE), _UNKNOWN, _UNKNOWN),
        (_trusting(_NAMED_ONLY), _UNKNOWN, _UNKNOWN),
        (_trusting(complete=False), _UNKNOWN, _UNKNOWN),
        (_trusting(_OTHER, complete=False), _UNKNOWN, _UNKNOWN),
        (_trusting(_BY_ID, complete=False), _PASS, _FAIL),
    ],
)
def test_who_trusts_a_server(trust: Trust | None, required: Result, forbidden: Result) -> None:
    subject = Subject(an_instance(), trust=trust)

    assert _judge("VPCMETA005", subject, _APP).result is required
    assert _judge("VPCMETA006", subject, _APP).result is forbidden


def test_a_name_that_is_not_known_may_be_any_name_and_an_id_that_is_not_known_any_id() -> None:
    no_name = TrustingProfile("Profile-2")

    assert no_name.is_one_of(("Profile-1",)) is False
    assert no_name.is_one_of(("app",)) is None
    assert _NAMED_ONLY.is_one_of(("app",)) is False
    assert _NAMED_ONLY.is_one_of(("Profile-1",)) is None
    assert _NAMED_ONLY.is_one_of(("b*p",)) is True


def test_each_forbidden_profile_is_told_by_itself() -> None:
    subject = Subject(an_instance(), trust=_trusting(_BY_NAME, _OTHER, _BY_ID))

    judgement = _judge("VPCMETA006", subject, _APP)

    assert [detail.key for detail in judgement.details] == ["Profile-1", "Profile-9"]
    assert judgement.reason == "it can become other; it can become app-web"


def _restart(verdict: Verdict, reason: Reason) -> Subject:
    return Subject(an_instance(), restart=RestartAssessment(verdict, reason))


_NEEDED = _restart(Verdict.NEEDED, Reason.ENABLED_WHILE_RUNNING)
_NOBODY_KNOWS = _restart(Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT)


@pytest.mark.parametrize(
    ("parameters", "subject", "expected"),
    [
        (NO_PARAMETERS, _NEEDED, _FAIL),
        (NO_PARAMETERS, _NOBODY_KNOWS, _UNKNOWN),
        (_UNKNOWN_TOO, _NOBODY_KNOWS, _FAIL),
        (NO_PARAMETERS, _restart(Verdict.NOT_NEEDED, Reason.STOPPED_SINCE), _PASS),
        (NO_PARAMETERS, _restart(Verdict.NOT_NEEDED, Reason.RULE_OFF), _NA),
        (NO_PARAMETERS, _restart(Verdict.NOT_NEEDED, Reason.NO_RULE_FOR_BARE_METAL), _NA),
        (NO_PARAMETERS, Subject(an_instance()), _UNKNOWN),
        (NO_PARAMETERS, Subject(an_instance(), Origin.TERRAFORM_PLAN), _NA),
        (NO_PARAMETERS, Subject(an_instance(), Origin.INSTANCE_TEMPLATE), _NA),
    ],
)
def test_whether_a_restart_is_outstanding(
    parameters: Parameters, subject: Subject, expected: Result
) -> None:
    assert _judge("VPCMETA007", subject, parameters).result is expected


def _complete(check_id: str) -> Parameters:
    return {"VPCMETA004": _ONE_HOP, "VPCMETA005": _APP, "VPCMETA006": _APP}.get(
        check_id, NO_PARAMETERS
    )


@pytest.mark.parametrize("check_id", [check.id for check in _JUDGED])
@pytest.mark.parametrize("service", [ON, OFF, ON_HTTPS, None])
def test_an_architecture_without_the_service_never_fails_and_never_passes(
    check_id: str, service: MetadataService | None
) -> None:
    server = an_instance(architecture="s390x", metadata_service=service)

    assert _judge(check_id, server, _complete(check_id)).result is _NA


@pytest.mark.parametrize("check_id", [check.id for check in _JUDGED])
@pytest.mark.parametrize("origin", Origin)
def test_what_is_not_known_is_neither_a_failure_nor_a_pass(check_id: str, origin: Origin) -> None:
    silent = an_instance(metadata_service=None, architecture=None)
    subject = Subject(silent, origin, Location("ibm_is_instance.web"))

    assert _judge(check_id, subject, _complete(check_id)).result in (_UNKNOWN, _NA)


def test_every_judgement_says_why() -> None:
    said = [
        _judge("VPCMETA001", _instance("on", "http")).reason,
        _judge("VPCMETA002", _instance("on")).reason,
        _judge("VPCMETA003", _instance("off")).reason,
        _judge("VPCMETA004", _instance("on", hops=3), _ONE_HOP).reason,
        _judge("VPCMETA004", _ON_METAL, _ONE_HOP).reason,
        _judge("VPCMETA005", Subject(an_instance(), trust=_trusting()), _APP).reason,
        _judge("VPCMETA007", _NEEDED).reason,
    ]

    assert said == [
        "enabled over http, not https",
        "the service is enabled",
        "the service is disabled",
        "response_hop_limit is 3, above 1",
        "bare metal servers have no hop limit",
        "none of these profiles trusts it: app-*, Profile-1",
        EXPLANATIONS[Reason.ENABLED_WHILE_RUNNING].meaning,
    ]


def test_a_check_that_needs_a_parameter_does_not_judge_without_it() -> None:
    with pytest.raises(ValueError, match="VPCMETA004 needs max_response_hop_limit"):
        _judge("VPCMETA004", an_instance())


def test_a_check_of_waivers_judges_no_server() -> None:
    with pytest.raises(ValueError, match="VPCMETA101 judges no servers"):
        _judge("VPCMETA101", an_instance())
