from datetime import timedelta

import pytest

from tests.emulator.caller import Caller, error_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.delivery import Damage
from vpcmetactl.emulator.faults import (
    Fault,
    FaultPlan,
    RateLimit,
    Replacement,
    Status,
    effect_name,
    parse_fault,
    parse_latency,
    parse_rate_limit,
)
from vpcmetactl.emulator.frequency import Always, First, Only, Share
from vpcmetactl.emulator.world import World


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("*:500", ("*", None, Status(500), Always())),
        ("list_instances:429:2%", ("list_instances", None, Status(429), Share(0.02))),
        ("get_instance@eu-de:stall:3", ("get_instance", "eu-de", Damage.STALL, First(3))),
        ("create_token:reset:@5", ("create_token", None, Damage.RESET, Only(5))),
        ("list_vpcs:429-retry-after=7:always", ("list_vpcs", None, Status(429, 7), Always())),
        ("*:html:0.5%", ("*", None, Replacement.HTML, Share(0.005))),
    ],
)
def test_a_fault_is_read_as_it_is_written(text: str, fault: tuple[object, ...]) -> None:
    read = parse_fault(text)
    assert (read.operation, read.region, read.effect, read.how_often) == fault
    assert read.text == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not of the form"),
        ("list_instances", "is not of the form"),
        ("list_instances:429:1:2", "is not of the form"),
        ("list_instances::1", "is not of the form"),
        ("list_servers:429", "names no operation there is; there are *, create_access_token,"),
        ("iam-identity.profile.paint:403", "names no operation there is"),
        ("list_instances@mars:429", "names no region there is; there are us-south,"),
        ("list_instances:418", "has the unknown effect '418'; there are 400, 401,"),
        ("list_instances:500-retry-after=1", "has the unknown effect"),
        ("list_instances:melt", "has the unknown effect 'melt'"),
        ("list_instances:429:often", "has the unknown frequency 'often'"),
        ("list_instances:429:101%", "has the unknown frequency '101%'"),
        ("list_instances:429:0", "has the unknown frequency '0'"),
        ("list_instances:429:@0", "has the unknown frequency '@0'"),
    ],
)
def test_a_fault_that_cannot_be_read_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^fault ") as caught:
        parse_fault(text)
    assert said in str(caught.value)


def struck(how_often: str, *operations: str, seed: int = 0) -> list[str]:
    plan = FaultPlan([parse_fault(f"get_instance:503:{how_often}")], seed)
    strikes = [plan.strike(operation, "us-south") for operation in operations]
    return ["." if effect is None else effect_name(effect) for effect in strikes]


def test_faults_count_only_the_requests_they_concern() -> None:
    calls = ["list_vpcs", "get_instance", "list_vpcs", "get_instance", "get_instance"]
    assert struck("2", *calls) == [".", "503", ".", "503", "."]
    assert struck("@2", *calls) == [".", ".", ".", "503", "."]
    assert struck("always", *calls) == [".", "503", ".", "503", "503"]


def test_a_share_is_random_by_the_seed_alone() -> None:
    calls = ["get_instance"] * 1000
    once = struck("10%", *calls)
    assert once == struck("10%", *calls)
    assert once != struck("10%", *calls, seed=1)
    assert 60 < once.count("503") < 140


def test_the_first_of_several_faults_wins_and_all_count() -> None:
    plan = FaultPlan([parse_fault("*:500:@2"), parse_fault("get_instance:403:@1")], 0)
    assert [plan.strike("get_instance", None) for _ in range(3)] == [Status(403), Status(500), None]


def app_with(world: World, *texts: str, rate_limit: RateLimit | float | None = None) -> Caller:
    faults: list[Fault] = [parse_fault(text) for text in texts]
    return Caller(Emulator(world, faults=faults, rate_limit=rate_limit))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "bad_field"),
        (401, "not_authorized"),
        (403, "not_authorized"),
        (404, "not_found"),
        (409, "invalid_state"),
        (412, "precondition_failed"),
        (429, "rate_limit_exceeded"),
        (500, "internal_error"),
        (502, "bad_gateway"),
        (503, "service_unavailable"),
        (504, "gateway_timeout"),
    ],
)
def test_a_status_comes_in_the_envelope_of_its_api_and_nothing_is_done(
    world: World, status: int, code: str
) -> None:
    caller = app_with(world, f"update_instance:{status}", f"create_token:{status}")
    path = caller.path_of("web-1")
    before = caller.get(path).data
    assert error_of(caller.patch(path, {"name": "other"})) == (status, [(code, None)])
    assert caller.get(path).data == before
    token = caller.client.post("/iam/identity/token")
    assert token.status_code == status
    assert "errorCode" in token.text


def test_retry_after_is_sent_only_where_asked_for(world: World) -> None:
    caller = app_with(world, "get_region:429-retry-after=3", "list_regions:429")
    assert caller.get("/regions/eu-de").headers["Retry-After"] == "3"
    assert "Retry-After" not in caller.get("/regions").headers


def test_a_fault_of_one_region_leaves_the_others_alone(world: World) -> None:
    caller = app_with(world, "list_instances@eu-de:503")
    assert caller.get("/instances").status_code == 200
    caller.region = "eu-de"
    assert caller.get("/instances").status_code == 503


def test_replacements_are_what_they_say(world: World) -> None:
    caller = app_with(
        world, "list_regions:html", "list_vpcs:garbage", "get_region:redirect", "get_volume:expired"
    )
    html = caller.get("/regions")
    assert (html.status_code, html.mimetype) == (200, "text/html")
    garbage = caller.get("/vpcs")
    assert (garbage.status_code, garbage.mimetype) == (200, "application/json")
    with pytest.raises(UnicodeDecodeError):
        garbage.data.decode()
    moved = caller.get("/regions/eu-de")
    assert (moved.status_code, moved.headers["Location"]) == (302, "http://127.0.0.1:9/moved")
    assert error_of(caller.get("/volumes/x")) == (401, [("not_authorized", None)])


def test_damage_in_transit_needs_a_server(world: World) -> None:
    answer = app_with(world, "list_regions:reset").get("/regions")
    assert (answer.status_code, "EmulatorServer" in answer.text) == (501, True)


def test_a_rate_limit_lets_a_burst_pass_and_then_so_many_a_second(
    world: World, clock: ManualClock
) -> None:
    caller = app_with(world, rate_limit=RateLimit(2, burst=5))

    def passed(attempts: int) -> int:
        return sum(caller.get("/regions").status_code == 200 for _ in range(attempts))

    assert passed(10) == 5
    clock.advance(timedelta(seconds=1))
    assert passed(10) == 2
    clock.advance(timedelta(seconds=60))
    assert passed(10) == 5
    assert error_of(caller.get("/regions")) == (429, [("rate_limit_exceeded", None)])


def test_each_region_has_a_rate_limit_of_its_own_and_iam_has_none(world: World) -> None:
    caller = app_with(world, rate_limit=RateLimit(1, burst=1, retry_after=9))
    assert [caller.get("/regions").status_code for _ in range(2)] == [200, 429]
    assert caller.get("/regions").headers["Retry-After"] == "9"
    caller.region = "eu-de"
    assert caller.get("/regions").status_code == 200
    tokens = [caller.client.post("/iam/identity/token").status_code for _ in range(3)]
    assert tokens == [400, 400, 400]


def test_a_number_is_a_rate_with_a_burst_of_20(world: World) -> None:
    caller = app_with(world, rate_limit=1.0)
    statuses = [caller.get("/regions").status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]


def test_rates_and_durations_are_read() -> None:
    assert [parse_rate_limit(text) for text in ("20/s", "0.5/s", "7", "9/s,burst=1")] == [
        RateLimit(20),
        RateLimit(0.5),
        RateLimit(7),
        RateLimit(9, burst=1),
    ]
    assert parse_rate_limit("20/s,burst=40,retry-after=2") == RateLimit(20, 40, 2)
    assert [parse_latency(text) for text in ("50ms", "0.5s", "2s", "0ms")] == [0.05, 0.5, 2, 0]


@pytest.mark.parametrize("text", ["", "fast", "0/s", "-1/s", "20/m", "20 /s"])
def test_a_rate_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a rate such as 20/s"):
        parse_rate_limit(text)


@pytest.mark.parametrize("text", ["", "50", "-1s", "1m", "ms"])
def test_a_duration_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration such as 50ms or 1\.5s"):
        parse_latency(text)
