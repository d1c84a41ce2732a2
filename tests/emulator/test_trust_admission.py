"""Who is let in to the IAM Identity API, what is refused, and how rights are taken away."""

from datetime import timedelta

import pytest
from werkzeug.test import Client

from tests.emulator.caller import Caller, body_of, error_of
from tests.emulator.trust_caller import TrustCaller, refusal_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.coverage import operations
from vpcmetactl.emulator.faults import parse_fault
from vpcmetactl.emulator.permissions import ACTIONS
from vpcmetactl.emulator.scenarios import build_world


@pytest.fixture
def trust(clock: ManualClock) -> TrustCaller:
    return TrustCaller(Emulator(build_world("trusted-fleet", clock=clock)))


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer rubbish"])
def test_every_call_needs_a_token_of_the_account(trust: TrustCaller, header: str) -> None:
    trust.headers["Authorization"] = header
    assert refusal_of(trust.list()) == (401, "not_authenticated")


def test_tokens_end_as_for_the_vpc_api(trust: TrustCaller, clock: ManualClock) -> None:
    clock.advance(timedelta(hours=1))
    assert refusal_of(trust.list()) == (401, "not_authenticated")
    other = TrustCaller(trust.app)
    assert other.list().status_code == 200
    trust.app.world.expire_tokens()
    assert refusal_of(other.list()) == (401, "not_authenticated")


def test_answers_carry_the_transaction(trust: TrustCaller) -> None:
    answer = trust.call("GET", "/profiles/x", headers={"X-Request-Id": "mine"})
    assert answer.headers["X-Correlation-Id"] == answer.headers["Transaction-Id"]
    assert answer.headers["X-Request-Id"] == "mine"
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/serviceids"),
        ("GET", "/apikeys"),
        ("PATCH", "/profiles/x"),
        ("PUT", "/profiles/x/links/y"),
        ("GET", "/profile_templates"),
        ("GET", "/nothing"),
    ],
)
def test_what_is_not_emulated_is_refused_loudly(trust: TrustCaller, method: str, path: str) -> None:
    answer = trust.call(method, path)
    assert refusal_of(answer) == (501, "not_emulated")
    assert f"{method} /v1{path}" in answer.text


def test_a_parameter_that_is_given_twice_is_refused(trust: TrustCaller) -> None:
    url = f"/iam/v1/profiles?account_id={trust.account}&account_id={trust.account}"
    assert refusal_of(Client(trust.app).get(url, headers=trust.headers))[0] == 400


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 429, 500, 502, 503, 504])
def test_faults_come_in_the_envelope_of_the_api(trust: TrustCaller, status: int) -> None:
    trust.app.set_faults([parse_fault(f"create_link:{status}")])
    answer = trust.call("POST", f"{trust.path_of('admin')}/links", {})
    assert refusal_of(answer)[0] == status


def test_too_many_requests_may_say_when_to_come_back(trust: TrustCaller) -> None:
    trust.app.set_faults([parse_fault("list_links:429-retry-after=3:1")])
    answers = [trust.get(f"{trust.path_of('admin')}/links") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [429, 200]
    assert answers[0].headers["Retry-After"] == "3"


def test_the_right_to_read_profiles_can_be_taken_away(trust: TrustCaller) -> None:
    trust.app.set_faults([parse_fault("iam-identity.profile.get:403")])
    path = trust.path_of("backup-writer")
    for read in ("", "/links", "/rules", "/identities"):
        assert refusal_of(trust.get(f"{path}{read}")) == (403, "not_authorized")
    assert refusal_of(trust.list()) == (403, "not_authorized")
    link = {"cr_type": "VSI", "link": {"crn": trust.crn_of("db-3")}}
    assert trust.call("POST", f"{path}/links", link).status_code == 201
    assert Caller(trust.app).get("/instances").status_code == 200


@pytest.mark.parametrize(
    "action", ["iam-identity.profile.update", "iam-identity.profile.linkToResource"]
)
def test_linking_needs_two_rights(trust: TrustCaller, action: str) -> None:
    trust.app.set_faults([parse_fault(f"{action}:403")])
    path = trust.path_of("backup-writer")
    (link, *_) = trust.find(f"{path}/links")["links"]
    assert refusal_of(trust.call("POST", f"{path}/links", {})) == (403, "not_authorized")
    answer = trust.call("DELETE", f"{path}/links/{link['id']}")
    assert refusal_of(answer) == (403, "not_authorized")
    assert refusal_of(trust.call("DELETE", f"{path}/links")) == (403, "not_authorized")


def test_a_right_on_servers_can_be_taken_away_in_one_region(trust: TrustCaller) -> None:
    trust.app.set_faults([parse_fault("is.instance.instance.list@us-south:403")])
    assert error_of(Caller(trust.app).get("/instances")) == (403, [("not_authorized", None)])
    assert Caller(trust.app, "eu-de").get("/instances").status_code == 200


def test_every_operation_that_needs_a_right_is_there() -> None:
    assert set().union(*ACTIONS.values()) <= set(operations())


def test_a_reset_brings_links_and_profiles_back(trust: TrustCaller) -> None:
    before = [body_of(trust.list()), trust.find(f"{trust.path_of('admin')}/links")]
    trust.call("DELETE", trust.path_of("admin"))
    trust.new_profile()
    trust.app.reset()
    again = TrustCaller(trust.app)
    assert [body_of(again.list()), again.find(f"{again.path_of('admin')}/links")] == before


def test_the_same_seed_makes_the_same_profiles() -> None:
    def bodies(seed: int) -> list[bytes]:
        world = build_world("trusted-fleet", seed=seed, clock=ManualClock())
        caller = TrustCaller(Emulator(world))
        path = caller.new_profile()
        caller.make(f"{path}/links", {"cr_type": "VSI", "link": {"crn": caller.crn_of("db-3")}})
        return [caller.list().data, caller.get(f"{path}/links").data]

    assert bodies(1) == bodies(1)
    assert bodies(1) != bodies(2)
