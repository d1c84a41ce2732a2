"""Stops and starts that go wrong on demand, or at another pace."""

from datetime import timedelta

import pytest

from tests.emulator.caller import Caller
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.vpc.statuses import INSTANCE_ACTIONS
from vpcmetactl.emulator.vpc.troubles import Troubles, parse_trouble

MINUTE = timedelta(minutes=1)
START = {"type": "start"}
STARTING = INSTANCE_ACTIONS["start"]


@pytest.fixture
def prepared(clock: ManualClock) -> Caller:
    return Caller(Emulator(build_world("restarts", clock=clock)))


def trouble(caller: Caller, *texts: str) -> None:
    caller.app.world.vpc.troubles.set([parse_trouble(text) for text in texts])


def seen(caller: Caller, clock: ManualClock, path: str, seconds: int) -> list[tuple[str, ...]]:
    """Status, health and reasons second by second, each change once."""
    found: list[tuple[str, ...]] = []
    for _ in range(seconds):
        body = caller.find(path)
        reasons = [reason["code"] for reason in body["status_reasons"]]
        state = (body["status"], body["health_state"], *reasons)
        if state not in found[-1:]:
            found.append(state)
        clock.advance(timedelta(seconds=1))
    return found


def stopped(caller: Caller, clock: ManualClock, name: str) -> str:
    path = caller.path_of(name)
    metal = path.startswith("/bare_metal")
    caller.post(f"{path}/{'stop' if metal else 'actions'}", {"type": "hard" if metal else "stop"})
    clock.advance(MINUTE)
    assert caller.find(path)["status"] == "stopped"
    return path


def start(caller: Caller, path: str) -> None:
    metal = path.startswith("/bare_metal")
    answer = caller.post(f"{path}/start") if metal else caller.post(f"{path}/actions", START)
    assert answer.status_code in {201, 204}


@pytest.mark.parametrize("name", ["gpu", "metal"])
def test_a_start_without_capacity_goes_back_to_stopped_once(
    prepared: Caller, clock: ManualClock, name: str
) -> None:
    trouble(prepared, f"{name}:cannot_start_capacity:1")
    path = stopped(prepared, clock, name)
    start(prepared, path)
    assert seen(prepared, clock, path, 40) == [
        ("starting", "ok"),
        ("stopped", "ok", "cannot_start_capacity"),
    ]
    start(prepared, path)
    assert seen(prepared, clock, path, 40) == [("starting", "ok"), ("running", "ok")]


def test_a_start_may_end_in_failed(prepared: Caller, clock: ManualClock) -> None:
    trouble(prepared, "*:start-fails")
    path = stopped(prepared, clock, "spot")
    start(prepared, path)
    failed = ("failed", "inapplicable", "cannot_start")
    assert seen(prepared, clock, path, 20) == [("starting", "ok"), failed]
    assert prepared.post(f"{path}/actions", START).status_code == 409


@pytest.mark.parametrize("health", ["degraded", "faulted"])
def test_health_may_take_its_time_after_a_start(
    prepared: Caller, clock: ManualClock, health: str
) -> None:
    trouble(prepared, f"spot:{health}=30")
    path = stopped(prepared, clock, "spot")
    start(prepared, path)
    assert seen(prepared, clock, path, 35) == [("starting", "ok"), ("running", health)]
    assert seen(prepared, clock, path, 5) == [("running", health), ("running", "ok")]


def test_durations_are_as_wanted_and_follow_the_pace(prepared: Caller, clock: ManualClock) -> None:
    trouble(prepared, "spot:stop=100", "spot:start=50")
    prepared.app.world.vpc.pace = 0.1
    path = prepared.path_of("spot")
    prepared.post(f"{path}/actions", {"type": "stop"})
    assert seen(prepared, clock, path, 10) == [("stopping", "ok")]
    start(prepared, path)
    assert seen(prepared, clock, path, 5) == [("starting", "ok")]
    assert prepared.find(path)["status"] == "running"


def test_at_no_pace_everything_is_at_once(prepared: Caller) -> None:
    prepared.app.world.vpc.pace = 0
    path = prepared.path_of("spot")
    for action, status in (("stop", "stopped"), ("start", "running"), ("reboot", "running")):
        assert prepared.post(f"{path}/actions", {"type": action}).status_code == 201
        assert prepared.find(path)["status"] == status


def test_a_soft_stop_may_take_long_or_never_end_and_a_hard_one_ends_it(
    prepared: Caller, clock: ManualClock
) -> None:
    path = prepared.path_of("metal")
    for text in ("metal:soft-stop=never", "metal:soft-stop=600"):
        trouble(prepared, text)
        prepared.post(f"{path}/stop", {"type": "soft"})
        assert seen(prepared, clock, path, 60) == [("running", "ok")]
    prepared.post(f"{path}/stop", {"type": "hard"})
    assert seen(prepared, clock, path, 10) == [("running", "ok"), ("stopped", "ok")]
    start(prepared, path)
    clock.advance(timedelta(minutes=20))
    assert prepared.find(path)["status"] == "running"


def test_reasons_and_health_are_strict_in_the_list_too(
    prepared: Caller, clock: ManualClock
) -> None:
    trouble(prepared, "spot:degraded=30", "gpu:cannot_start_capacity")
    for name in ("spot", "gpu"):
        start(prepared, stopped(prepared, clock, name))
    clock.advance(timedelta(seconds=10))
    listed = {one["name"]: one for one in prepared.find("/instances", limit=100)["instances"]}
    assert (listed["spot"]["status"], listed["spot"]["health_state"]) == ("running", "ok")
    assert [reason["code"] for reason in listed["gpu"]["status_reasons"]] == [
        "cannot_start_capacity"
    ]
    assert listed["gpu"]["startable"] is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("spot", "is not of the form SERVERS:TROUBLE"),
        ("spot:", "is not of the form"),
        ("spot:cannot_fly", "is none there is; there are cannot_start, "),
        ("spot:start", "is none there is"),
        ("spot:start-fails=3", "is none there is"),
        ("spot:start=soon", "'soon' where a number of seconds is expected"),
        ("spot:start=never", "'never' where a number of seconds"),
        ("spot:start=3:often", "unknown frequency 'often'"),
    ],
)
def test_a_trouble_that_cannot_be_read_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="trouble ") as caught:
        parse_trouble(text)
    assert message in str(caught.value)


def test_troubles_strike_patterns_of_names_and_ids_as_often_as_wanted() -> None:
    texts = ("db-*:cannot_start:@2", "0717_*:cannot_start_network:50%")
    troubles = Troubles("7")
    rolled = []
    for _ in range(2):
        troubles.set([parse_trouble(text) for text in texts])
        plans = [
            troubles.changed(server, name, "start", STARTING)[-1].reason
            for server, name in [("x", "db-1"), ("y", "db-2"), ("z", "web"), *[("0717_a", "b")] * 9]
        ]
        assert plans[:3] == [None, "cannot_start", None]
        rolled.append(plans)
    assert rolled[0] == rolled[1]
    assert {None, "cannot_start_network"} == set(rolled[0][3:])
