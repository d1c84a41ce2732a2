"""The service as a server sees it: tokens, metadata and certificates."""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.guest.fake_service import (
    INSTANCE,
    PROFILE,
    PROFILE_NAME,
    SECRET,
    FakeService,
    RefusalError,
    serving,
)
from tests.guest.listeners import Speaker, refusing, speaking
from tests.support.scripted_server import Answer, ScriptedServer
from vpcmetactl.guest.endpoints import endpoint_of
from vpcmetactl.guest.failures import EXPLANATIONS, GuestError
from vpcmetactl.guest.service import RESOURCES, IdentityToken, MetadataClient

NEW, OLD = "/identity/v1/token", "/instance_identity/v1/token"
ANY = IdentityToken("abc", None, None, None, {}, None)
PROFILE_CRN = f"crn:v1:bluemix:public:iam-identity::a/4d3c::profile:{PROFILE}"


class OldService(FakeService):
    """A service that does not know what a nonce is."""

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: Any) -> Any:  # noqa: ANN401 - JSON
        if body and "nonce" in body:
            self.requests.append((method, path))
            raise RefusalError(400, "unknown_field", "There is a field that is not known.")
        return super().answer(method, path, headers, body)


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def client(service: FakeService) -> Iterator[MetadataClient]:
    with serving(service) as url:
        yield MetadataClient(endpoint_of(url))


@pytest.fixture(scope="module")
def speaker() -> Iterator[Speaker]:
    one = Speaker()
    with speaking(one):
        yield one


def a_jwt(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


def client_of(server: ScriptedServer) -> MetadataClient:
    return MetadataClient(endpoint_of(server.url))


def an_error(status: int, code: object, message: object = "No.", **more: object) -> Answer:
    return Answer(status, {"errors": [{"code": code, "message": message}], **more})


def test_a_token_says_who_the_server_is(client: MetadataClient, service: FakeService) -> None:
    token = client.identity_token(expires_in=60)

    assert token.claims["iaas"]["instanceID"] == INSTANCE
    assert token.expires_in == 60
    assert token.created_at is not None
    assert token.expires_at is not None
    assert token.created_at < token.expires_at
    assert token.clock_skew is not None
    assert abs(token.clock_skew) < 5
    assert service.requests == [("PUT", NEW)]
    assert client.version == "2025-08-26"


def test_a_token_never_shows_itself(client: MetadataClient) -> None:
    token = client.identity_token()
    iam = client.iam_token(token)

    for shown in (repr(token), str(token), repr(iam), f"{iam}"):
        assert SECRET not in shown
        assert "eyJ" not in shown


@pytest.mark.parametrize("seconds", [5, 3600])
def test_a_token_may_be_asked_for_as_long_as_is_allowed(
    seconds: int, client: MetadataClient
) -> None:
    assert client.identity_token(seconds).expires_in == seconds


@pytest.mark.parametrize("seconds", [-1, 0, 4, 3601])
def test_a_token_for_any_other_time_is_not_asked_for(
    seconds: int, client: MetadataClient, service: FakeService
) -> None:
    with pytest.raises(GuestError, match=rf"lives {seconds} s: 5 to 3600 s") as raised:
        client.identity_token(seconds)

    assert raised.value.code == "invalid_value"
    assert service.requests == []


def test_every_request_has_a_nonce_of_its_own(client: MetadataClient, service: FakeService) -> None:
    tokens = [client.identity_token() for _ in range(2)]

    first, second = (body["nonce"] for body in service.bodies)
    assert len(first) == len(second) == 32
    assert first != second
    assert [each.nonce_matches for each in tokens] == [True, True]


def test_a_nonce_may_be_given(client: MetadataClient, service: FakeService) -> None:
    assert client.identity_token(nonce="mine").claims["nonce"] == "mine"
    assert service.bodies == [{"expires_in": 300, "nonce": "mine"}]


@pytest.mark.parametrize("shown", ["another", "", 7, ["mine"], False])
def test_a_token_that_was_made_for_another_request_is_not_returned(shown: object) -> None:
    answer = Answer(body={"access_token": a_jwt({"nonce": shown})})
    with ScriptedServer([answer]) as server, pytest.raises(GuestError) as raised:
        client_of(server).identity_token(nonce="mine")

    assert raised.value.code == "nonce_mismatch"


def test_a_token_that_shows_no_nonce_is_taken_without() -> None:
    with ScriptedServer([Answer(body={"access_token": a_jwt({})})]) as server:
        assert client_of(server).identity_token().nonce_matches is None


def test_a_service_that_knows_no_nonce_is_asked_without() -> None:
    service = OldService()
    with serving(service) as url:
        token = MetadataClient(endpoint_of(url)).identity_token(60)

    assert token.nonce_matches is None
    assert token.expires_in == 60
    assert service.requests == [("PUT", NEW)] * 2
    assert service.bodies == [{"expires_in": 60}]


def test_where_the_new_paths_are_not_found_the_old_ones_are_used_from_then_on() -> None:
    service = FakeService(old_paths=True)
    with serving(service) as url:
        client = MetadataClient(endpoint_of(url))
        token = client.identity_token()
        client.iam_token(token)

    assert client.version == "2022-03-01"
    assert [path for _, path in service.requests] == [NEW, OLD, "/instance_identity/v1/iam_token"]


def test_old_paths_are_asked_with_the_old_version() -> None:
    answers = [an_error(404, "not_found"), Answer(body={"access_token": "opaque"})]
    with ScriptedServer(answers) as server:
        client_of(server).identity_token()

    assert [request.query["version"] for request in server.requests] == ["2025-08-26", "2022-03-01"]


def test_an_old_service_that_knows_no_nonce_is_asked_without() -> None:
    with serving(OldService(old_paths=True)) as url:
        client = MetadataClient(endpoint_of(url))

        assert client.identity_token().nonce_matches is None
    assert client.version == "2022-03-01"


def test_where_a_path_was_found_another_that_is_not_is_no_reason_to_go_back(
    client: MetadataClient, service: FakeService
) -> None:
    token = client.identity_token()
    service.overrides["/identity/v1/iam_tokens"] = (404, {"errors": [{"code": "not_found"}]})
    with pytest.raises(GuestError) as raised:
        client.iam_token(token)

    assert raised.value.code == "not_found"
    assert client.version == "2025-08-26"
    assert len(service.requests) == 2


@pytest.mark.parametrize("answer", [an_error(404, "not_found"), Answer(404, b"<html>")], ids=repr)
def test_where_no_path_is_found_that_is_what_is_said(answer: Answer) -> None:
    with ScriptedServer([answer]) as server, pytest.raises(GuestError, match="404") as raised:
        client_of(server).identity_token()

    assert raised.value.code == "not_found"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("profile", "sent"),
    [
        (None, None),
        (PROFILE, {"trusted_profile": {"id": PROFILE}}),
        (PROFILE_CRN, {"trusted_profile": {"crn": PROFILE_CRN}}),
        (PROFILE_NAME, {"trusted_profile": {"name": PROFILE_NAME}}),
    ],
)
def test_a_profile_is_named_by_id_crn_or_name(profile: str | None, sent: object) -> None:
    granted = Answer(body={"access_token": "opaque", "expires_in": 3600})
    with ScriptedServer([granted]) as server:
        token = client_of(server).iam_token(ANY, profile)

    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/identity/v1/iam_tokens")
    assert (json.loads(request.body) if request.body else None) == sent
    assert request.headers["authorization"] == "Bearer abc"
    assert (token.text, token.expires_in, token.claims) == ("opaque", 3600, {})


def test_an_iam_token_tells_its_profile(client: MetadataClient) -> None:
    token = client.iam_token(client.identity_token(), PROFILE_NAME)

    assert token.claims["sub"] == PROFILE
    assert token.expires_at is not None


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("instance", "instance"),
        ("initialization", "instance/initialization"),
        ("keys", "keys"),
        ("placement_groups", "placement_groups"),
        ("network_interfaces", "instance/network_interfaces"),
        ("network_attachments", "instance/network_attachments"),
        ("volume_attachments", "instance/volume_attachments"),
    ],
)
def test_each_resource_of_the_metadata_is_read_at_its_path(resource: str, path: str) -> None:
    with ScriptedServer([Answer(body={"held": 1})]) as server:
        assert client_of(server).metadata(ANY, resource) == {"held": 1}

    [request] = server.requests
    assert (request.method, request.path) == ("GET", f"/metadata/v1/{path}")
    assert request.query == {"version": "2025-08-26"}
    assert request.headers["authorization"] == "Bearer abc"
    assert resource in RESOURCES


def test_a_certificate_comes_with_its_chain() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    made = {"certificates": [pem, pem], "id": "9fd8-1", "expires_at": "2024-11-12T14:50:14Z"}
    with ScriptedServer([Answer(201, made)]) as server:
        certificates = client_of(server).certificate(ANY, "a request")

    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/identity/v1/certificates")
    assert json.loads(request.body) == {"csr": "a request", "expires_in": 3600}
    assert certificates == ((pem, pem), "9fd8-1", None, "2024-11-12T14:50:14Z")


@pytest.mark.parametrize("chain", [None, [], "PEM", ["no PEM"], [7], ["\x1b[2J"]])
def test_what_is_no_certificate_is_not_handed_back(chain: object) -> None:
    answer = Answer(201, {"certificates": chain})
    with ScriptedServer([answer]) as server, pytest.raises(GuestError) as raised:
        client_of(server).certificate(ANY, "a request")

    assert raised.value.code == "bad_answer"


def test_where_there_is_no_answer_that_is_told() -> None:
    with refusing() as port, pytest.raises(GuestError) as raised:
        MetadataClient(endpoint_of(f"http://127.0.0.1:{port}")).identity_token()

    assert raised.value.code == "refused"


@pytest.mark.parametrize(
    ("held", "headers", "expected"),
    [
        ({"created_at": "@-100"}, {}, 100),
        ({"created_at": "@+3600"}, {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}, -3600),
        ({}, {"Date": "@-100"}, 100),
        ({"created_at": "soon"}, {"Date": "later"}, None),
        ({}, {}, None),
    ],
)
def test_the_clocks_are_compared(
    held: dict[str, str], headers: dict[str, str], expected: float | None
) -> None:
    def at(text: str, form: str) -> str:
        moved = time.gmtime(time.time() + int(text[1:])) if text[0] == "@" else None
        return time.strftime(form, moved) if moved else text

    body = {name: at(text, "%Y-%m-%dT%H:%M:%SZ") for name, text in held.items()}
    dated = {name: at(text, "%a, %d %b %Y %H:%M:%S GMT") for name, text in headers.items()}
    with ScriptedServer([Answer(body={"access_token": "opaque", **body}, headers=dated)]) as server:
        skew = client_of(server).identity_token().clock_skew

    assert (None if skew is None else round(skew, -1)) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["access_token", "created_at", "expires_in", "errors", "code", "message", "trace"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
CLAIMS = st.fixed_dictionaries({"access_token": JSON.map(a_jwt), "expires_at": JSON})


@given(
    body=JSON | CLAIMS | st.fixed_dictionaries({"errors": st.lists(JSON, max_size=2)}),
    status=st.sampled_from([200, 201, 302, 400, 401, 403, 404, 500]),
)
def test_whatever_json_comes_it_is_a_token_or_an_explained_failure(
    body: object, status: int, speaker: Speaker
) -> None:
    speaker.says = Answer(status, body).wire()
    client = MetadataClient(endpoint_of(f"http://127.0.0.1:{speaker.port}"))
    for ask in (
        client.identity_token,
        lambda: client.iam_token(ANY),
        lambda: client.certificate(ANY, "a request"),
        lambda: client.metadata(ANY, "instance"),
    ):
        try:
            ask()
        except GuestError as failure:
            told = failure
        else:
            told = GuestError("bad_answer", "")

        assert told.code in EXPLANATIONS
        assert told.message.isascii()
        assert not told.message or told.message.isprintable()
