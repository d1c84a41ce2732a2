"""Identity tokens: who gets one, what it says, who can check it, what it is worth."""

import json
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.types import Options
from werkzeug.test import TestResponse

from tests.emulator.caller import body_of
from tests.emulator.guest.inside import FLAVOR, TOKEN, Inside, the_instance, the_server
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import EPOCH, ManualClock
from vpcmetactl.emulator.scenarios import build_world

EXAMPLE = {"aud", "exp", "iaas", "iat", "ip_addresses", "iss", "nonce", "subnets", "vpc"}
IAM_TOKENS = "/identity/v1/iam_tokens"
# The machine's clock is not the emulator's.
NO_CLOCK: Options = {"verify_exp": False, "verify_iat": False}


@pytest.fixture
def inside(app: Emulator) -> Inside:
    return Inside(app, the_server(app.world, "web-2"))


def ask(inside: Inside, body: object = None, **headers: str) -> TestResponse:
    more: dict[str, Any] = {} if body is None else {"json": body}
    return inside.call("PUT", TOKEN, headers={**FLAVOR, **headers}, **more)


def refusal_of(answer: TestResponse) -> tuple[int, str, dict[str, str] | None]:
    body = body_of(answer)
    assert body.keys() == {"errors", "status_code", "trace"}
    (error,) = body["errors"]
    assert error["message"]
    return body["status_code"], error["code"], error.get("target")


def forged(token: str) -> str:
    """A token that says it lives longer, with the signature of the one that does not."""
    head, _, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    longer = jwt.encode({**claims, "exp": 2**31}, "x" * 32, "HS256").split(".")[1]
    return f"{head}.{longer}.{signature}"


def test_a_token_is_answered_as_the_platform_answers_one(inside: Inside) -> None:
    answer = ask(inside)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert {**body_of(answer), "access_token": ""} == {
        "access_token": "",
        "created_at": "2026-11-21T12:00:00.000Z",
        "expires_at": "2026-11-21T12:05:00.000Z",
        "expires_in": 300,
    }


def test_moments_have_milliseconds(clock: ManualClock, inside: Inside) -> None:
    clock.advance(timedelta(microseconds=363_999))
    body = body_of(ask(inside, {"expires_in": 5}))

    assert (body["created_at"][-5:], body["expires_at"][-7:]) == (".363Z", "05.363Z")


@pytest.mark.parametrize("data", [b"", b"{}", b"  \n", b'{"expires_in": 300}'])
def test_the_body_is_optional_and_its_type_is_not_looked_at(inside: Inside, data: bytes) -> None:
    for content_type in (None, "application/json", "application/x-www-form-urlencoded"):
        answer = inside.call("PUT", TOKEN, headers=FLAVOR, data=data, content_type=content_type)
        assert answer.status_code == 200, answer.text


def test_claims_are_the_documented_ones(inside: Inside) -> None:
    body = body_of(ask(inside, {"expires_in": 60, "nonce": "a nonce"}))
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    server = the_instance(inside.app.world, "web-2")

    assert claims.keys() == EXAMPLE
    assert (claims["iss"], claims["nonce"]) == ("VSI-CR_us-south", "a nonce")
    assert (claims["iat"], claims["exp"]) == (EPOCH.timestamp(), EPOCH.timestamp() + 60)
    assert claims["aud"][0] == claims["iss"]
    assert claims["iaas"] == {
        "crn": server.crn,
        "accountID": inside.app.world.account_id,
        "instanceID": server.id,
        "zone": "us-south-2",
        "region": "us-south",
        "profile_name": "bx2-2x8",
        "resource_group_id": server.resource_group.id,
    }
    assert claims["vpc"] == {"crn": server.vpc.crn, "name": "prod", "id": server.vpc.id}
    ((subnet,), (address,)) = claims["subnets"], claims["ip_addresses"]
    assert subnet.keys() == {"crn", "name", "id"}
    assert address["address"].startswith("10.242.")


def test_without_a_nonce_there_is_no_such_claim(inside: Inside) -> None:
    assert jwt.decode(inside.token(), options={"verify_signature": False}).keys() == EXAMPLE - {
        "nonce"
    }


@pytest.mark.parametrize(
    ("name", "issuer"), [("web-2", "VSI-CR_us-south"), ("metal-jp-1", "BMS-CR_jp-tok")]
)
def test_anybody_can_check_a_token_with_the_published_keys(
    app: Emulator, name: str, issuer: str
) -> None:
    server = the_server(app.world, name)
    token = app.world.guest.tokens.issue(server, timedelta(seconds=60), None).text
    published = body_of(Inside(app, server).client.get("/_emulator/guest/keys"))
    keys = {key["kid"]: jwt.PyJWK(key) for key in published["keys"]}
    header = jwt.get_unverified_header(token)

    assert header["kid"].startswith(f"{issuer}_")
    assert all("d" not in key for key in published["keys"])
    key = keys[header["kid"]]
    claims = jwt.decode(token, key, [header["alg"]], audience=issuer, options=NO_CLOCK)
    assert (header["alg"], claims["iss"]) == ("RS256", issuer)
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(forged(token), key, ["RS256"], audience=issuer, options=NO_CLOCK)


def test_the_same_seed_gives_the_same_tokens_and_another_one_others() -> None:
    def token(seed: int) -> str:
        app = Emulator(build_world("demo", seed=seed, clock=ManualClock()))
        return Inside(app, the_server(app.world, "web-2")).token()

    assert token(1) == token(1) != token(2)


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, "missing_value"), ({"Metadata-Flavor": ""}, "missing_value")]
    + [({"Metadata-Flavor": other}, "invalid_value") for other in ("IBM", "google")],
)
def test_the_flavor_is_demanded(inside: Inside, headers: dict[str, str], code: str) -> None:
    status, found, target = refusal_of(inside.call("PUT", TOKEN, headers=headers))

    assert (status, found) == (400, code)
    assert target is not None
    assert (target["name"], target["type"]) == ("Metadata-Flavor", "header")


@pytest.mark.parametrize(
    ("body", "code", "name"),
    [
        ({"expires_in": 4}, "invalid_value", "expires_in"),
        ({"expires_in": 3601}, "invalid_value", "expires_in"),
        ({"expires_in": "300"}, "invalid_value", "expires_in"),
        ({"expires_in": 300.5}, "invalid_value", "expires_in"),
        ({"expires_in": True}, "invalid_value", "expires_in"),
        ({"expires_in": None}, "invalid_value", "expires_in"),
        ({"nonce": ""}, "invalid_value", "nonce"),
        ({"nonce": 7}, "invalid_value", "nonce"),
        ({"nonce": None}, "invalid_value", "nonce"),
        ({"nonce": "n" * 257}, "invalid_value", "nonce"),
        ({"expires": 300}, "unknown_field", "expires"),
    ],
)
def test_what_a_token_cannot_be_is_refused(
    inside: Inside, body: object, code: str, name: str
) -> None:
    status, found, target = refusal_of(ask(inside, body))

    assert (status, found) == (400, code)
    assert target is not None
    assert (target["name"], target["type"]) == (name, "field")


def test_a_lifetime_out_of_range_is_repeated_as_text(inside: Inside) -> None:
    target = {"name": "expires_in", "type": "field", "value": "7200"}
    assert refusal_of(ask(inside, {"expires_in": 7200})) == (400, "invalid_value", target)


@pytest.mark.parametrize("data", [b"{", b"[]", b"null", b'"x"', b"expires_in=300", b"\xff"])
def test_a_body_that_is_no_object_is_refused(inside: Inside, data: bytes) -> None:
    answer = inside.call("PUT", TOKEN, headers=FLAVOR, data=data)
    assert refusal_of(answer) == (400, "invalid_request", None)


@given(seconds=st.integers(5, 3600), nonce=st.text(st.characters(codec="utf-8"), min_size=1))
def test_every_lifetime_in_range_and_every_nonce_is_kept(seconds: int, nonce: str) -> None:
    body = body_of(ask(_ONE, {"expires_in": seconds, "nonce": nonce[:256]}))
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    created, expires = (
        datetime.fromisoformat(body[f"{what}_at"]) for what in ("created", "expires")
    )

    assert body["expires_in"] == claims["exp"] - claims["iat"] == seconds
    assert expires - created == timedelta(seconds=seconds)
    assert claims["nonce"] == nonce[:256]


_APP = Emulator(build_world("demo", clock=ManualClock()))
_ONE = Inside(_APP, the_server(_APP.world, "web-2"))


def use(inside: Inside, authorization: str | None) -> tuple[int, str, dict[str, str] | None]:
    """Ask for something that needs an identity token, and is refused."""
    headers = {} if authorization is None else {"Authorization": authorization}
    return refusal_of(inside.call("POST", IAM_TOKENS, headers=headers))


def test_a_token_is_worth_something_until_it_expires(clock: ManualClock, inside: Inside) -> None:
    token = f"Bearer {inside.token(expires_in=5)}"
    # There is no default profile to ask for: so far it gets.
    clock.advance(timedelta(seconds=4.999))
    assert use(inside, token)[:2] == (400, "missing_field")
    assert use(inside, token.replace("Bearer", "bearer"))[:2] == (400, "missing_field")
    clock.advance(timedelta(seconds=0.001))
    assert use(inside, token)[:2] == (401, "unauthenticated")


@pytest.mark.parametrize("text", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer rubbish"])
def test_a_malformed_token_is_worth_nothing(inside: Inside, text: str | None) -> None:
    target = {"name": "Authorization", "type": "header"}
    assert use(inside, text) == (401, "unauthenticated", target)


def test_a_token_is_worth_nothing_to_another_server_or_world(app: Emulator, inside: Inside) -> None:
    other = Inside(app, the_server(app.world, "web-3"))
    elsewhere = Emulator(build_world("demo", seed=2, clock=ManualClock()))
    foreign = Inside(elsewhere, the_server(elsewhere.world, "web-2"))

    for token in (other.token(), foreign.token(), app.world.iam.issue_token().text):
        assert use(inside, f"Bearer {token}")[:2] == (401, "unauthenticated")


def test_a_token_with_other_claims_is_worth_nothing(inside: Inside) -> None:
    assert use(inside, f"Bearer {forged(inside.token())}")[:2] == (401, "unauthenticated")


def test_tokens_end_with_the_others_and_with_a_reset(inside: Inside) -> None:
    for end in ("/_emulator/tokens/expire", "/_emulator/reset"):
        token = f"Bearer {inside.token()}"
        answer = inside.client.post(end)
        assert answer.status_code == 200
        assert use(inside, token)[:2] == (401, "unauthenticated")
    inside.token()
    assert inside.client.post("/_emulator/tokens/expire").get_json() == {"expired": 1}


def test_no_token_is_in_the_log(inside: Inside) -> None:
    token = inside.token()
    use(inside, f"Bearer {token}")
    form = {"grant_type": "urn:ibm:params:oauth:grant-type:cr-token", "cr_token": token}
    inside.client.post("/iam/identity/token", data=form)

    log = inside.client.get("/_emulator/requests").text
    assert json.loads(log)["requests"][-1]["body"].endswith("cr_token=<redacted>")
    assert token not in log
