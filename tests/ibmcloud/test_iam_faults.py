"""What goes wrong between us and IAM: survived, or told by its name, and no link made twice."""

from collections.abc import Callable

import pytest

from tests.ibmcloud.test_faults import PASSING
from tests.support.clock import ManualClock
from tests.support.gateways import API_KEY, a_connection, a_gateway
from tests.support.observer import RecordingObserver
from tests.support.scripted_server import Answer, Cut, Literal, Reset, ScriptedServer, Step
from tests.support.tokens import a_token
from vpcmetactl.domain.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.trust import ProfileLink
from vpcmetactl.ibmcloud.gateway import CloudGateway

Call = Callable[[CloudGateway], object]

CRN = "crn:v1:bluemix:public:is:us-south-1:a/1::instance:0717_1"
LINK = Answer(201, {"id": "ProfileLink-1", "cr_type": "VSI", "link": {"crn": CRN}})
GONE = Literal(b"HTTP/1.1 204 No Content\r\n\r\n")
READS: dict[str, Call] = {
    "profiles": lambda gateway: gateway.list_profiles("1"),
    "links": lambda gateway: gateway.list_links("Profile-1"),
    "rules": lambda gateway: gateway.list_rules("Profile-1"),
    "identities": lambda gateway: gateway.list_identities("Profile-1"),
    "limits": lambda gateway: gateway.list_limits("1"),
}
EMPTY = {name: Answer(body={} if name == "limits" else {name: []}) for name in READS}
CHANGES: dict[str, Call] = {
    "create": lambda gateway: gateway.create_link(
        "Profile-1", cr_type="VSI", crn=CRN, name=None, is_cross_account=False
    ),
    "delete": lambda gateway: gateway.delete_link("Profile-1", "ProfileLink-1"),
}
GOOD: dict[str, Step] = {"create": LINK, "delete": GONE}
CALLS = READS | CHANGES
SENTENCES = {
    "profiles": "list trusted profiles",
    "links": "read the links of trusted profile Profile-1",
    "rules": "read the claim rules of trusted profile Profile-1",
    "identities": "read the identities of trusted profile Profile-1",
    "limits": "read the limits of account 1",
    "create": f"link {CRN} to trusted profile Profile-1",
    "delete": "delete link ProfileLink-1 of trusted profile Profile-1",
}
READ_HINT = (
    "the IAM action iam-identity.profile.get is needed, which comes with the roles Viewer, "
    "Operator, Editor and Administrator; "
)
CHANGE_HINT = (
    "the IAM action iam-identity.profile.update is needed, and "
    "iam-identity.profile.linkToResource: both come with the roles Operator, Editor and "
    "Administrator; "
)


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_survived_by_what_reads(fault: str, name: str) -> None:
    observer = RecordingObserver()
    with (
        ScriptedServer([PASSING[fault], PASSING[fault], EMPTY[name]]) as server,
        a_gateway(a_connection(server.url), observer=observer) as gateway,
    ):
        assert READS[name](gateway) == []
    assert len(observer.retries) == 2


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize(
    "step",
    [
        Reset(),
        Literal(b""),
        Literal(b"HTTP/1.1 "),
        Cut(LINK),
        Answer(200, b"<html>Please log in</html>"),
        Answer(200, {"links": []}),
        Answer(200, {"id": "ProfileLink-9", "link": {"crn": "crn:other"}}),
        Answer(408),
        Answer(500),
        Answer(502),
        Answer(503, headers={"Retry-After": "1"}),
        Answer(504),
        Answer(505),
    ],
    ids=repr,
)
def test_a_change_whose_answer_is_lost_is_in_doubt_and_not_sent_again(
    step: Step, name: str
) -> None:
    with (
        ScriptedServer([step, GOOD[name]]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(UnavailableError) as caught,
    ):
        CHANGES[name](gateway)
    assert caught.value.maybe_done
    assert caught.value.hint == (
        "it is not known whether the change was made: list the profile's links to see"
    )
    assert str(caught.value).startswith(f"cannot {SENTENCES[name]}: ")
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("step", [Answer(429, headers={"Retry-After": "3"}), Answer(401)], ids=repr)
def test_what_was_turned_away_at_the_door_is_sent_again(step: Answer, name: str) -> None:
    clock = ManualClock()
    with (
        ScriptedServer([step, {**EMPTY, **GOOD}[name]]) as server,
        a_gateway(a_connection(server.url), clock) as gateway,
    ):
        CALLS[name](gateway)
    assert len(server.requests) == 2
    assert clock.monotonic() >= (3 if step.status == 429 else 0)
    assert len(server.token_requests) == (2 if step.status == 401 else 1)


def test_a_rate_limit_that_stays_is_told() -> None:
    with (
        ScriptedServer([Answer(429)]) as server,
        a_gateway(a_connection(server.url, timeout=10)) as gateway,
        pytest.raises(RateLimitedError),
    ):
        READS["profiles"](gateway)


def test_the_cap_on_requests_a_second_holds_for_iam() -> None:
    clock = ManualClock()
    with (
        ScriptedServer([EMPTY["links"]]) as server,
        a_gateway(a_connection(server.url, max_rps=2), clock) as gateway,
    ):
        for _ in range(9):
            READS["links"](gateway)
    assert clock.monotonic() == pytest.approx(4)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (409, ConflictError),
    ],
)
def test_a_refusal_is_told_in_the_words_of_iam(
    status: int, kind: type[VpcmetactlError], name: str
) -> None:
    body = {
        "status_code": status,
        "errors": [{"code": "x", "message_code": "BXNIM0000E", "message": "Not so."}],
    }
    answer = Answer(status, body, headers={"Transaction-Id": "t-1"})
    with (
        ScriptedServer([answer]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(kind) as caught,
    ):
        CALLS[name](gateway)
    assert str(caught.value).startswith(f"cannot {SENTENCES[name]}: Not so (HTTP {status}, ")
    assert (caught.value.trace, caught.value.status, caught.value.region) == ("t-1", status, None)


@pytest.mark.parametrize("name", CALLS)
def test_a_missing_right_is_told_with_the_roles_that_have_it(name: str) -> None:
    with (
        ScriptedServer([Answer(403)]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(PermissionDeniedError) as caught,
    ):
        CALLS[name](gateway)
    start = CHANGE_HINT if name in CHANGES else READ_HINT
    # Which action limits need is not published.
    expected = "context-based restrictions, " if name == "limits" else start
    assert (caught.value.hint or "").startswith(expected)


@pytest.mark.parametrize("name", ["links", "rules", "identities", "create", "delete"])
def test_what_is_not_there_may_also_not_be_visible(name: str) -> None:
    with (
        ScriptedServer([Answer(404)]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(NotFoundError, match="HTTP 404"),
    ):
        CALLS[name](gateway)


@pytest.mark.parametrize("name", READS)
def test_an_answer_of_something_else_names_the_api_that_was_meant(name: str) -> None:
    with (
        ScriptedServer([Answer(body=[1])]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(MalformedResponseError) as caught,
    ):
        READS[name](gateway)
    assert (caught.value.hint or "").startswith("is the endpoint that of the IAM Identity API? ")


def test_a_link_whose_answer_leaves_out_what_it_is_to_is_the_one_that_was_made() -> None:
    with (
        ScriptedServer([Answer(201, {"id": "ProfileLink-1"})]) as server,
        a_gateway(a_connection(server.url)) as gateway,
    ):
        found = CHANGES["create"](gateway)
    assert found == ProfileLink(id="ProfileLink-1", profile_id="Profile-1")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 429, 500])
def test_an_answer_that_echoes_our_secrets_is_told_without_them(status: int, name: str) -> None:
    token = a_token()
    echo = f"you sent Bearer {token} for {API_KEY}"
    body = {
        "errors": [{"message_code": API_KEY, "message": echo, "details": echo}],
        "trace": echo,
        "id": 5,
        **dict.fromkeys(("profiles", "links", "rules", "identities"), echo),
    }
    observer = RecordingObserver()
    with (
        ScriptedServer([Answer(status, body)]) as server,
        a_gateway(a_connection(server.url, timeout=2), observer=observer) as gateway,
    ):
        try:
            found = CALLS[name](gateway)
        except VpcmetactlError as error:
            found = f"{error} {error.hint} {error.trace}"
    told = f"{found} {observer.warnings} {observer.retries}"
    assert API_KEY not in told
    assert token[:30] not in told
