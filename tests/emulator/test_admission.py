"""What is asked of a request before any operation sees it, and how tokens come and go."""

from datetime import timedelta

import jwt
import pytest
from werkzeug.test import Client, TestResponse

from tests.emulator.caller import Caller, body_of, error_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock

GRANT = "urn:ibm:params:oauth:grant-type:apikey"
FORM = {"grant_type": GRANT, "apikey": "emulator-api-key", "response_type": "cloud_iam"}


def ask(app: Emulator, form: dict[str, str]) -> TestResponse:
    return Client(app).post("/iam/identity/token", data=form)


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ({"version": None}, "missing_version", "version"),
        ({"version": ""}, "invalid_version", "version"),
        ({"version": "3"}, "invalid_version", "version"),
        ({"version": "2026-13-01"}, "invalid_version", "version"),
        ({"version": "2026-1-01"}, "invalid_version", "version"),
        ({"version": "2018-12-31"}, "invalid_version_range", "version"),
        ({"version": "2026-11-22"}, "invalid_version_range", "version"),
        ({"generation": None}, "missing_generation_parameter", "generation"),
        ({"generation": "1"}, "invalid_generation_parameter", "generation"),
    ],
)
def test_every_call_needs_a_version_of_the_past_and_generation_2(
    caller: Caller, query: dict[str, str | None], code: str, parameter: str
) -> None:
    for method, path in (("GET", "/regions"), ("PATCH", caller.path_of("web-1"))):
        answer = caller.call(method, path, query=query)
        assert error_of(answer) == (400, [(code, parameter)])


def test_today_is_a_version_and_tomorrow_becomes_one(caller: Caller, clock: ManualClock) -> None:
    assert caller.call("GET", "/regions", query={"version": "2026-11-21"}).status_code == 200
    clock.advance(timedelta(hours=12))
    caller = Caller(caller.app)
    assert caller.call("GET", "/regions", query={"version": "2026-11-22"}).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi"])
def test_a_call_without_a_token_is_unauthenticated(caller: Caller, header: str) -> None:
    answer = caller.call("GET", "/regions", headers={"Authorization": header})
    assert error_of(answer) == (401, [("token_missing", None)])


def test_a_token_of_someone_else_is_unauthenticated(caller: Caller) -> None:
    foreign = jwt.encode({"exp": 4102444800}, "x" * 32, algorithm="HS256")
    for token in ("rubbish", foreign):
        answer = caller.call("GET", "/regions", headers={"Authorization": f"Bearer {token}"})
        assert error_of(answer) == (401, [("token_invalid", None)])


def test_a_token_lives_an_hour(caller: Caller, clock: ManualClock) -> None:
    clock.advance(timedelta(seconds=3599))
    assert caller.get("/regions").status_code == 200
    clock.advance(timedelta(seconds=1))
    assert error_of(caller.get("/regions")) == (401, [("not_authorized", None)])


def test_all_tokens_can_be_expired_at_once_and_new_ones_work(caller: Caller) -> None:
    assert caller.app.world.expire_tokens() == 1
    assert error_of(caller.get("/regions")) == (401, [("not_authorized", None)])
    assert Caller(caller.app).get("/regions").status_code == 200


def test_iam_gives_a_token_for_the_key_of_the_emulator(app: Emulator) -> None:
    answer = ask(app, FORM)
    body = body_of(answer)
    token = body.pop("access_token")
    assert (answer.status_code, body) == (
        200,
        {
            "expiration": 1795266000,
            "expires_in": 3600,
            "refresh_token": "not_supported",
            "scope": "ibm openid",
            "token_type": "Bearer",
        },
    )
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["account"]["bss"] == app.world.account_id
    assert (claims["iat"], claims["exp"]) == (1795262400, 1795266000)
    assert claims["iam_id"].startswith("IBMid-")
    caller = Caller(app)
    caller.headers = {"Authorization": f"Bearer {token}"}
    assert caller.get("/regions").status_code == 200


def test_tokens_can_be_made_to_live_longer(app: Emulator) -> None:
    app.world.token_lifetime = timedelta(days=365)
    assert body_of(ask(app, FORM))["expires_in"] == 365 * 24 * 3600


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"apikey": "wrong"}, "BXNIM0415E"),
        ({"apikey": ""}, "BXNIM0109E"),
        ({"grant_type": ""}, "BXNIM0109E"),
        ({"grant_type": "password"}, "BXNIM0106E"),
    ],
)
def test_iam_refuses_in_an_envelope_of_its_own(
    app: Emulator, changes: dict[str, str], code: str
) -> None:
    answer = ask(app, FORM | changes)
    body = body_of(answer)
    assert (answer.status_code, body["errorCode"]) == (400, code)
    assert body.keys() == {"context", "errorCode", "errorMessage"}
    assert answer.headers["Transaction-Id"] == body["context"]["requestId"]


def test_iam_wants_a_form(app: Emulator) -> None:
    answer = Client(app).post("/iam/identity/token", json=FORM)
    assert (answer.status_code, body_of(answer)["errorCode"]) == (400, "BXNIM0109E")


def test_an_unknown_path_is_a_page_of_html(caller: Caller) -> None:
    for path in ("/vpc/us-south/v1/nowhere", "/vpc/us-south/v2/instances", "/", "/elsewhere"):
        answer = caller.client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "text/html")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/images"),
        ("GET", "/instance/profiles"),
        ("POST", "/instances"),
        ("DELETE", "/instances/0717_x"),
        ("PUT", "/bare_metal_servers/0717-x/initialization"),
        ("POST", "/bare_metal_servers/0717-x/console_access_token"),
    ],
)
def test_what_the_platform_has_and_the_emulator_has_not_is_refused_loudly(
    caller: Caller, method: str, path: str
) -> None:
    answer = caller.call(method, path)
    assert error_of(answer) == (501, [("not_emulated", None)])
    assert f"{method} /v1{path}." in body_of(answer)["errors"][0]["message"]


def test_iam_beyond_tokens_is_refused_loudly(app: Emulator) -> None:
    answer = Client(app).get("/iam/identity/introspect")
    assert (answer.status_code, body_of(answer)["errorCode"]) == (501, "not_emulated")


def test_a_region_there_is_not_is_refused_by_name(app: Emulator) -> None:
    answer = Caller(app, "atlantis").get("/instances")
    assert error_of(answer) == (501, [("not_emulated", None)])
    assert "'atlantis'" in answer.text


def test_the_clients_request_id_comes_back_and_the_trace_stays_the_emulators(
    caller: Caller,
) -> None:
    answer = caller.call("GET", "/instances/none", headers={"X-Request-Id": "mine"})
    assert answer.headers["X-Request-Id"] == "mine"
    trace = body_of(answer)["trace"]
    assert trace != "mine"
    other = caller.get("/instances/none")
    assert other.headers["X-Request-Id"] == body_of(other)["trace"] != trace


def test_answers_carry_the_gateways_headers_and_the_emulators_time(caller: Caller) -> None:
    headers = caller.get("/regions").headers
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate"
    assert headers["Date"] == "Sat, 21 Nov 2026 12:00:00 GMT"


def test_a_volume_there_is_not_is_not_found(caller: Caller) -> None:
    assert error_of(caller.get("/volumes/r006-none")) == (404, [("not_found", "id")])
