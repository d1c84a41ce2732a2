"""Every documented code of an error, each with a request that gets it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from tests.emulator.caller import body_of
from tests.emulator.guest.inside import FLAVOR, TOKEN, Inside, the_server
from tests.support.scripted_server import Answer, ScriptedServer
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.faults import STATUSES, parse_fault
from vpcmetactl.emulator.guest.errors import CODES, refusal_for, refuse
from vpcmetactl.emulator.world import World
from vpcmetactl.guest.endpoints import endpoint_of
from vpcmetactl.guest.failures import EXPLANATIONS
from vpcmetactl.guest.probing import probe

IAM_TOKENS = "/identity/v1/iam_tokens"
DOCUMENTED = {
    "invalid_request": {400},
    "invalid_value": {400, 404},
    "missing_field": {400},
    "missing_value": {400},
    "not_found": {400, 404},
    "profile_not_linked": {400},
    "service_error": {500},
    "unauthenticated": {401},
    "unauthorized": {403},
    "unknown_field": {400},
}
"""Platform notes, section 5.4."""


def bearer(inside: Inside) -> dict[str, str]:
    return {"Authorization": f"Bearer {inside.token()}"}


def malformed(inside: Inside) -> TestResponse:
    return inside.call("PUT", TOKEN, headers=FLAVOR, data=b'{"expires_in": ')


def too_long(inside: Inside) -> TestResponse:
    return inside.call("PUT", TOKEN, headers=FLAVOR, json={"expires_in": 7200})


def impossible_id(inside: Inside) -> TestResponse:
    return inside.ask("/keys/No%20Id")


def no_request_to_sign(inside: Inside) -> TestResponse:
    return inside.call("POST", "/identity/v1/certificates", headers=bearer(inside), json={})


def no_flavor(inside: Inside) -> TestResponse:
    return inside.call("PUT", TOKEN)


def unknown_group(inside: Inside) -> TestResponse:
    return inside.ask("/placement_groups/r006-none")


def unknown_profile(inside: Inside) -> TestResponse:
    named = {"trusted_profile": {"id": "Profile-none"}}
    return inside.call("POST", IAM_TOKENS, headers=bearer(inside), json=named)


def profile_of_others(inside: Inside) -> TestResponse:
    world = inside.app.world
    profile = world.trust.add_profile("others", "", created_at=world.now())
    named = {"trusted_profile": {"id": profile.id}}
    return inside.call("POST", IAM_TOKENS, headers=bearer(inside), json=named)


def fault(inside: Inside) -> TestResponse:
    inside.app.set_faults([parse_fault("metadata.get_instance:500")])
    return inside.ask("/instance")


def expired(inside: Inside) -> TestResponse:
    headers = bearer(inside)
    clock = inside.app.world.clock
    assert isinstance(clock, ManualClock)
    clock.advance(timedelta(minutes=5))
    return inside.call("GET", "/metadata/v1/instance", headers=headers)


def disabled(inside: Inside) -> TestResponse:
    inside.app.world.guest.absence.service_disabled = "forbidden"
    inside.app.world.change_metadata_service(inside.server, enabled=False)
    return inside.call("PUT", TOKEN, headers=FLAVOR)


def unknown_property(inside: Inside) -> TestResponse:
    return inside.call("PUT", TOKEN, headers=FLAVOR, json={"xyzzy": 1})


CAUSES: Mapping[tuple[str, int], Callable[[Inside], TestResponse]] = {
    ("invalid_request", 400): malformed,
    ("invalid_value", 400): too_long,
    ("invalid_value", 404): impossible_id,
    ("missing_field", 400): no_request_to_sign,
    ("missing_value", 400): no_flavor,
    ("not_found", 400): unknown_profile,
    ("not_found", 404): unknown_group,
    ("profile_not_linked", 400): profile_of_others,
    ("service_error", 500): fault,
    ("unauthenticated", 401): expired,
    ("unauthorized", 403): disabled,
    ("unknown_field", 400): unknown_property,
}


@pytest.fixture
def inside(app: Emulator) -> Inside:
    return Inside(app, the_server(app.world, "web-2"))


def test_every_documented_code_has_a_cause_here_with_every_status() -> None:
    pairs = {(code, status) for code, statuses in DOCUMENTED.items() for status in statuses}
    assert CAUSES.keys() == pairs
    assert DOCUMENTED == CODES


@pytest.mark.parametrize(("code", "status"), CAUSES)
def test_a_code_arises_in_the_documented_envelope(inside: Inside, code: str, status: int) -> None:
    answer = CAUSES[code, status](inside)
    body = body_of(answer)
    assert (answer.status_code, body["errors"][0]["code"]) == (status, code)
    assert body.keys() == {"errors", "status_code", "trace"}
    assert (body["status_code"], answer.mimetype) == (status, "application/json")
    assert str(UUID(body["trace"])) == body["trace"]
    (error,) = body["errors"]
    assert error.keys() - {"target"} == {"code", "message", "more_info"}
    assert error["message"].endswith(".")
    target = error.get("target", {"type": "field", "name": "x"})
    assert target["type"] in {"field", "parameter", "header"}


@pytest.mark.parametrize(("code", "status"), CAUSES)
def test_the_probe_explains_every_code_as_it_arises(inside: Inside, code: str, status: int) -> None:
    arisen = CAUSES[code, status](inside)
    with ScriptedServer([Answer(status, arisen.data)]) as server:
        report = probe([endpoint_of(server.url)])

    [attempt] = report.attempts
    assert attempt.outcome == {
        "unauthenticated": "token_expired",
        "unauthorized": "not_enabled",
    }.get(code, code)
    body = body_of(arisen)
    # As far as it is printed: on one line, and of bounded length.
    assert body["errors"][0]["message"][:60] in attempt.message
    assert body["trace"] in attempt.message
    assert report.diagnosis.summary.endswith(EXPLANATIONS[attempt.outcome].meaning)
    assert report.diagnosis.advice[0] == EXPLANATIONS[attempt.outcome].remedy
    assert report.exit_code == (3 if attempt.outcome == "not_enabled" else 1)


def test_the_printed_error_is_the_one_that_arises(inside: Inside) -> None:
    (error,) = body_of(too_long(inside))["errors"]
    assert error["target"] == {"name": "expires_in", "type": "field", "value": "7200"}
    assert "`3600`" in error["message"]


@pytest.mark.parametrize("status", sorted(STATUSES))
def test_a_fault_has_the_code_that_is_documented_for_its_status(world: World, status: int) -> None:
    app = Emulator(world, faults=[parse_fault(f"*:{status}")])
    inside = Inside(app, the_server(world, "web-2"))
    answer = inside.call("PUT", TOKEN, headers=FLAVOR)
    (error,) = body_of(answer)["errors"]
    assert answer.status_code == status
    documented = {code for code, statuses in DOCUMENTED.items() if status in statuses}
    assert error["code"] in (documented or {"service_error"})
    assert error == refusal_for(status).error


def test_other_faults_strike_as_everywhere(world: World) -> None:
    app = Emulator(world, faults=[parse_fault("create_access_token:503-retry-after=3:1")])
    inside = Inside(app, the_server(world, "web-2"))
    answer = inside.call("PUT", TOKEN, headers=FLAVOR)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    app.set_faults([parse_fault("create_access_token:expired:1")])
    assert inside.call("PUT", TOKEN, headers=FLAVOR).status_code == 401
    old = inside.call(
        "PUT", "/instance_identity/v1/token", query={"version": "2025-08-25"}, headers=FLAVOR
    )
    assert old.status_code == 200


def test_a_fault_strikes_an_operation_at_its_old_path_too(world: World) -> None:
    app = Emulator(world, faults=[parse_fault("create_access_token:500")])
    inside = Inside(app, the_server(world, "web-2"))
    old = inside.call(
        "PUT", "/instance_identity/v1/token", query={"version": "2025-08-25"}, headers=FLAVOR
    )
    assert old.status_code == 500


def test_a_target_has_a_type_and_a_value_if_there_is_one() -> None:
    assert "target" not in refuse(400, "invalid_request", "No.").error
    assert refuse(400, "missing_field", "No.", "csr").error["target"] == {
        "name": "csr",
        "type": "field",
    }
    header = refuse(400, "invalid_value", "No.", "Metadata-Flavor", "header", value="")
    assert header.error["target"] == {"name": "Metadata-Flavor", "type": "header", "value": ""}
