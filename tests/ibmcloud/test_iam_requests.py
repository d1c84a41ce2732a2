"""What is sent to IAM about trusted profiles, and what the answers become."""

import json
from collections.abc import Callable

import pytest

from tests.support.builders import ACCOUNT
from tests.support.gateways import API_KEY, a_connection, a_gateway
from tests.support.observer import RecordingObserver
from tests.support.scripted_server import (
    Answer,
    Literal,
    Request,
    ScriptedServer,
    Step,
    a_token_answer,
)
from tests.support.tokens import a_token
from vpcmetactl.domain.errors import MalformedResponseError
from vpcmetactl.domain.trust import (
    ClaimRule,
    IdentityLimit,
    ProfileIdentity,
    ProfileLink,
    RuleCondition,
    TrustedProfile,
)
from vpcmetactl.ibmcloud.gateway import CloudGateway

PROFILE = "Profile-1"
CRN = f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::instance:0717_1"
PROFILE_BODY = {
    "id": PROFILE,
    "entity_tag": "1-a",
    "crn": "crn:v1:bluemix:public:iam-identity::a/1::profile:Profile-1",
    "name": "backup-writer",
    "description": "Writes backups",
    "created_at": "2026-01-01T12:00+0000",
    "modified_at": "2026-01-02T12:00+0000",
    "iam_id": "iam-Profile-1",
    "account_id": ACCOUNT,
    "ims_account_id": 14,
    "history": [{"params": ["x"]}],
}
LINK_BODY = {
    "id": "ProfileLink-1",
    "entity_tag": "1-b",
    "created_at": "2026-01-01T12:00+0000",
    "modified_at": "2026-01-01T12:00+0000",
    "name": "db-3",
    "cr_type": "VSI",
    "link": {"crn": CRN},
}
LINK = ProfileLink(
    id="ProfileLink-1",
    profile_id=PROFILE,
    cr_type="VSI",
    crn=CRN,
    name="db-3",
    created_at="2026-01-01T12:00+0000",
)
NO_CONTENT = Literal(b"HTTP/1.1 204 No Content\r\n\r\n")


def test_profiles_are_asked_for_page_by_page_until_no_page_follows() -> None:
    # As IAM writes it: an address in a string, and not an object with one.
    following = f"https://iam.cloud.ibm.com/v1/profiles?account_id={ACCOUNT}&pagetoken=a%2Fb%3D"
    pages: list[Step] = [
        Answer(body={"profiles": [PROFILE_BODY], "next": following, "limit": 100, "offset": 0}),
        Answer(body={"profiles": [{"id": "Profile-2"}], "previous": following}),
    ]
    server, found = _ask(pages, lambda gateway: gateway.list_profiles(ACCOUNT))
    assert found == [
        TrustedProfile(
            id=PROFILE,
            name="backup-writer",
            account_id=ACCOUNT,
            iam_id="iam-Profile-1",
            crn="crn:v1:bluemix:public:iam-identity::a/1::profile:Profile-1",
            description="Writes backups",
            created_at="2026-01-01T12:00+0000",
            modified_at="2026-01-02T12:00+0000",
        ),
        TrustedProfile(id="Profile-2"),
    ]
    first = {"account_id": ACCOUNT, "pagesize": "100"}
    assert [_sent(request) for request in server.requests] == [
        ("GET", "/iam/v1/profiles", first),
        ("GET", "/iam/v1/profiles", {**first, "pagetoken": "a/b="}),
    ]


@pytest.mark.parametrize("following", [None, ""])
def test_a_page_after_which_none_is_named_is_the_last(following: str | None) -> None:
    page = Answer(body={"profiles": [], "next": following})
    server, found = _ask([page], lambda gateway: gateway.list_profiles(ACCOUNT))
    assert found == []
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("following", "message"),
    [
        ("https://iam/v1/profiles?pagetoken=x", "lead back to one that was read"),
        ("https://iam/v1/profiles?pagesize=100", "names no pagetoken"),
        ("https://[/v1/profiles?pagetoken=x", "names no pagetoken"),
        ({"href": "https://iam/v1/profiles?pagetoken=x"}, "is not what the API documents"),
    ],
)
def test_pages_without_an_end_or_a_way_on_are_malformed(following: object, message: str) -> None:
    page = Answer(body={"profiles": [PROFILE_BODY], "next": following})
    with pytest.raises(MalformedResponseError, match=message):
        _ask([page], lambda gateway: gateway.list_profiles(ACCOUNT))


def test_links_of_every_compute_type_are_read() -> None:
    cluster = {
        "id": "ProfileLink-2",
        "cr_type": "IKS_SA",
        "is_cross_account": True,
        "link": {"crn": "crn:cluster", "namespace": "default", "name": "writer"},
    }
    engine = {
        "id": "ProfileLink-3",
        "cr_type": "NEW",
        "link": {"crn": "crn:ce", "component_type": "job", "component_name": "nightly"},
    }
    answer = Answer(body={"links": [LINK_BODY, cluster, engine, {"id": "ProfileLink-4"}]})
    server, found = _ask([answer], lambda gateway: gateway.list_links(PROFILE))
    assert found == [
        LINK,
        ProfileLink(
            id="ProfileLink-2",
            profile_id=PROFILE,
            cr_type="IKS_SA",
            crn="crn:cluster",
            is_cross_account=True,
            namespace="default",
            resource_name="writer",
        ),
        ProfileLink(
            id="ProfileLink-3",
            profile_id=PROFILE,
            cr_type="NEW",
            crn="crn:ce",
            component_type="job",
            component_name="nightly",
        ),
        ProfileLink(id="ProfileLink-4", profile_id=PROFILE),
    ]
    assert _sent(server.requests[0]) == ("GET", "/iam/v1/profiles/Profile-1/links", {})


def test_rules_are_read_with_every_condition_as_it_is() -> None:
    condition = {"claim": "vpc_id", "operator": "EQUALS", "value": '"r006-1"'}
    rules = [
        {
            "id": "ClaimRule-1",
            "name": "workers",
            "type": "Profile-CR",
            "cr_type": "VSI",
            "expiration": 43200,
            "conditions": [condition, {"claim": "moon", "operator": "ORBITS", "value": "1"}],
        },
        {"id": "ClaimRule-2", "type": "Profile-SAML", "realm_name": "https://idp"},
    ]
    server, found = _ask(
        [Answer(body={"rules": rules})], lambda gateway: gateway.list_rules(PROFILE)
    )
    assert found == [
        ClaimRule(
            id="ClaimRule-1",
            profile_id=PROFILE,
            type="Profile-CR",
            cr_type="VSI",
            name="workers",
            conditions=(
                RuleCondition("vpc_id", "EQUALS", '"r006-1"'),
                RuleCondition("moon", "ORBITS", "1"),
            ),
        ),
        ClaimRule(id="ClaimRule-2", profile_id=PROFILE, type="Profile-SAML"),
    ]
    assert _sent(server.requests[0]) == ("GET", "/iam/v1/profiles/Profile-1/rules", {})


def test_identities_are_read() -> None:
    user = {
        "iam_id": "IBMid-1",
        "identifier": "IBMid-1",
        "type": "user",
        "accounts": [ACCOUNT],
        "description": "on call",
    }
    answer = Answer(body={"entity_tag": "1", "identities": [user, {"type": "crn"}]})
    server, found = _ask([answer], lambda gateway: gateway.list_identities(PROFILE))
    assert found == [
        ProfileIdentity(
            profile_id=PROFILE,
            type="user",
            identifier="IBMid-1",
            iam_id="IBMid-1",
            description="on call",
            accounts=(ACCOUNT,),
        ),
        ProfileIdentity(profile_id=PROFILE, type="crn"),
    ]
    assert _sent(server.requests[0]) == ("GET", "/iam/v1/profiles/Profile-1/identities", {})


def test_limits_are_read_and_their_use_where_it_is_told() -> None:
    body = {
        "profiles": {"limit": 2000, "count": 17},
        "cr_links_per_profile": {"limit": 400, "profiles": [{"profile_id": "x", "count": 1}]},
        "cr_links": {"limit": 40000, "count": None},
        "odd": {"limit": "many"},
        "odder": [1],
        "none": {"count": 4},
    }
    server, found = _ask([Answer(body=body)], lambda gateway: gateway.list_limits(ACCOUNT))
    assert found == [
        IdentityLimit(name="profiles", limit=2000, used=17),
        IdentityLimit(name="cr_links_per_profile", limit=400),
        IdentityLimit(name="cr_links", limit=40000),
    ]
    path = f"/iam/v1/accounts/{ACCOUNT}/limits/identity"
    assert _sent(server.requests[0]) == ("GET", path, {"profiles": "true", "cr_links": "true"})


@pytest.mark.parametrize(
    ("name", "across", "optional"),
    [
        (None, False, {}),
        ("db-3", False, {"name": "db-3"}),
        ("db-3", True, {"name": "db-3", "is_cross_account": True}),
    ],
)
def test_a_link_is_made_as_it_is_documented(
    name: str | None,
    across: bool,  # noqa: FBT001 - a table's column
    optional: dict[str, object],
) -> None:
    server, found = _ask(
        [Answer(201, LINK_BODY)],
        lambda gateway: gateway.create_link(
            PROFILE, cr_type="VSI", crn=CRN, name=name, is_cross_account=across
        ),
    )
    assert found == LINK
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/iam/v1/profiles/Profile-1/links")
    assert json.loads(request.body) == {"cr_type": "VSI", "link": {"crn": CRN}, **optional}
    assert request.headers["content-type"] == "application/json"


def test_a_link_is_taken_away_by_its_id() -> None:
    server, _ = _ask([NO_CONTENT], lambda gateway: gateway.delete_link(PROFILE, "ProfileLink-1"))
    path = "/iam/v1/profiles/Profile-1/links/ProfileLink-1"
    assert [_sent(request) for request in server.requests] == [("DELETE", path, {})]


def test_the_token_of_the_other_api_is_used() -> None:
    token = a_token()
    answers = [Answer(body={"regions": []}), Answer(body={"profiles": []})]
    with (
        ScriptedServer(answers, [a_token_answer(token)]) as server,
        a_gateway(a_connection(server.url)) as gateway,
    ):
        gateway.list_regions()
        gateway.list_profiles(ACCOUNT)
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {token}"}
    assert len(server.token_requests) == 1


def test_names_that_come_from_outside_stay_in_their_place_in_the_path() -> None:
    server, _ = _ask([NO_CONTENT], lambda gateway: gateway.delete_link("../x?y", "a/b"))
    assert server.requests[0].path == "/iam/v1/profiles/..%2Fx%3Fy/links/a%2Fb"


def test_where_the_token_names_no_account_the_details_of_the_key_do() -> None:
    anonymous = a_token_answer(a_token(account=None))
    details = Answer(body={"id": "ApiKey-1", "account_id": ACCOUNT, "apikey": "secret"})
    with (
        ScriptedServer([details], [anonymous]) as server,
        a_gateway(a_connection(server.url)) as gateway,
    ):
        caller = gateway.get_caller()
    assert caller.account_id == ACCOUNT
    [request] = server.requests
    assert (request.method, request.path) == ("GET", "/iam/v1/apikeys/details")
    assert request.headers["iam-apikey"] == API_KEY


def test_where_the_token_names_the_account_nobody_else_is_asked() -> None:
    server, caller = _ask([Answer(500)], lambda gateway: gateway.get_caller())
    assert getattr(caller, "account_id", None) == ACCOUNT
    assert server.requests == []


@pytest.mark.parametrize(
    ("call", "body", "warning"),
    [
        (
            lambda gateway: gateway.list_profiles(ACCOUNT),
            {"profiles": [{"name": "x"}, PROFILE_BODY]},
            f"among the trusted profiles of account {ACCOUNT}, an item without a usable id: ",
        ),
        (
            lambda gateway: gateway.list_links(PROFILE),
            {"links": [{**LINK_BODY, "id": ""}, LINK_BODY]},
            "among the links of trusted profile Profile-1, an item without a usable id: ",
        ),
        (
            lambda gateway: gateway.list_links(PROFILE),
            {"links": [{**LINK_BODY, "name": 5}]},
            "among the links of trusted profile Profile-1, ProfileLink-1: name is not as",
        ),
        (
            lambda gateway: gateway.list_rules(PROFILE),
            {"rules": [5, {"id": "ClaimRule-1"}]},
            "among the claim rules of trusted profile Profile-1, an item without a usable id: ",
        ),
        (
            lambda gateway: gateway.list_identities(PROFILE),
            {"identities": [[], {"type": "crn"}]},
            "among the identities of trusted profile Profile-1, an item without a usable id: ",
        ),
    ],
)
def test_what_cannot_be_read_is_told_and_the_rest_is_returned(
    call: Callable[[CloudGateway], list[object]], body: object, warning: str
) -> None:
    observer = RecordingObserver()
    with (
        ScriptedServer([Answer(body=body)]) as server,
        a_gateway(a_connection(server.url), observer=observer) as gateway,
    ):
        found = call(gateway)
    assert len(found) == 1
    [told] = observer.warnings
    assert told.startswith(warning)


def _ask(
    steps: list[Step], call: Callable[[CloudGateway], object]
) -> tuple[ScriptedServer, object]:
    with ScriptedServer(steps) as server, a_gateway(a_connection(server.url)) as gateway:
        return server, call(gateway)


def _sent(request: Request) -> tuple[str, str, dict[str, str]]:
    return request.method, request.path, dict(request.query)
