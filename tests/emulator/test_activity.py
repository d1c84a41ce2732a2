"""What was done to servers, as an Activity Tracker export would have it."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from tests.emulator.caller import Caller
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.vpc.recorded import RecordedServer
from vpcmetactl.emulator.vpc.troubles import parse_trouble

ON = {"metadata_service": {"enabled": True}}
MINUTE = timedelta(minutes=1)


def exported(caller: Caller) -> list[dict[str, Any]]:
    answer = caller.client.get("/_emulator/activity")
    assert answer.content_type == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def told(caller: Caller) -> list[tuple[str, str, int]]:
    return [(e["action"], e["outcome"], e["reason"]["reasonCode"]) for e in exported(caller)]


def test_an_event_has_the_documented_fields(caller: Caller) -> None:
    path = caller.path_of("web-1")
    caller.headers["User-Agent"] = "some-client/1"
    caller.patch(path, ON)
    (event,) = exported(caller)
    (server,) = caller.app.world.find_servers("web-1")
    assert {key: event[key] for key in ("action", "eventTime", "outcome", "target", "reason")} == {
        "action": "is.instance.instance.update",
        "eventTime": "2026-11-21T12:00:00.00+0000",
        "outcome": "success",
        "target": {"id": server.crn, "name": "web-1", "typeURI": "is.instance/instance"},
        "reason": {"reasonCode": 200, "reasonType": "OK"},
    }
    assert event["initiator"]["name"] == "operator@emulator.example"
    assert event["initiator"]["id"].startswith("IBMid-")
    assert event["initiator"]["host"]["agent"] == "some-client/1"
    assert event["observer"] == {"name": "ActivityTracker"}
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event["id"])
    assert event["requestData"] == {}


def test_a_switch_makes_updates_tell_old_and_new_values(caller: Caller) -> None:
    caller.client.put("/_emulator/settings", json={"update_values": True})
    caller.patch(caller.path_of("web-1"), ON)
    caller.patch(caller.path_of("web-1"), {"name": "web-one"})
    first, second = exported(caller)
    assert first["requestData"] == {
        "initialValue": {"metadata_service": {"enabled": False}},
        "newValue": {"metadata_service": {"enabled": True}},
    }
    assert second["requestData"] == {}


def test_a_stop_and_a_start_are_told_when_asked_for_and_when_done(
    caller: Caller, clock: ManualClock
) -> None:
    path = f"{caller.path_of('web-1')}/actions"
    for action in ("stop", "start"):
        caller.post(path, {"type": action})
        clock.advance(MINUTE)
    caller.post(path, {"type": "reboot"})
    clock.advance(MINUTE)
    assert [(e["action"], e["eventTime"][11:19]) for e in exported(caller)] == [
        ("is.instance.action.create", "12:00:00"),
        ("is.instance.instance.stop", "12:00:08"),
        ("is.instance.action.create", "12:01:00"),
        ("is.instance.instance.start", "12:01:06"),
        ("is.instance.action.create", "12:02:00"),
    ]
    types = [event["requestData"].get("type") for event in exported(caller)]
    assert types == ["stop", None, "start", None, "reboot"]


def test_bare_metal_has_an_event_for_each_request(caller: Caller, clock: ManualClock) -> None:
    path = caller.path_of("metal-1")
    caller.patch(path, ON)
    caller.post(f"{path}/restart")
    clock.advance(MINUTE)
    caller.post(f"{path}/stop", {"type": "hard"})
    clock.advance(MINUTE)
    caller.post(f"{path}/start")
    kind = "is.bare-metal-server.bare-metal-server"
    verbs = [("update", 200), ("restart", 204), ("stop", 204), ("start", 204)]
    assert told(caller) == [(f"{kind}.{verb}", "success", code) for verb, code in verbs]


def test_refusals_are_told_as_failures(caller: Caller) -> None:
    path = caller.path_of("web-1")
    caller.post(f"{path}/actions", {"type": "start"})
    caller.patch(path, ON, **{"If-Match": 'W/"stale"'})
    caller.patch(caller.path_of("mainframe-1"), ON)
    caller.patch("/instances/0717_none", ON)
    assert told(caller) == [
        ("is.instance.action.create", "failure", 409),
        ("is.instance.instance.update", "failure", 412),
        ("is.instance.instance.update", "failure", 400),
    ]
    assert (
        "not supported in the status 'running'" in exported(caller)[0]["reason"]["reasonForFailure"]
    )


def test_a_start_that_failed_is_told_with_its_reason(caller: Caller, clock: ManualClock) -> None:
    caller.app.world.vpc.troubles.set([parse_trouble("web-5:cannot_start_capacity")])
    caller.post(f"{caller.path_of('web-5')}/actions", {"type": "start"})
    clock.advance(MINUTE)
    assert told(caller)[-1] == ("is.instance.instance.start", "failure", 500)
    assert "capacity" in exported(caller)[-1]["reason"]["reasonForFailure"]


def test_an_interrupted_reboot_or_start_is_never_told_as_done(
    caller: Caller, clock: ManualClock
) -> None:
    path = f"{caller.path_of('web-5')}/actions"
    caller.post(path, {"type": "start"})
    caller.post(path, {"type": "stop", "force": True})
    clock.advance(MINUTE)
    assert [action for action, *_ in told(caller)] == [
        "is.instance.action.create",
        "is.instance.action.create",
        "is.instance.instance.stop",
    ]


def test_what_somebody_else_and_the_platform_did_is_told_in_order_of_time(
    clock: ManualClock,
) -> None:
    caller = Caller(Emulator(build_world("restarts", clock=clock)))
    world = caller.app.world
    world.vpc.activity.clear()
    (member,), (other,) = world.find_servers("member-1"), world.find_servers("never-enabled")
    world.act(member, "stop", after=5)
    world.act(member, "stop", after=30)
    world.change_metadata_service(other, after=20, enabled=True)
    world.delete(other, after=40)
    clock.advance(MINUTE)
    events = [
        (e["eventTime"][14:19], e["action"], e["initiator"]["name"]) for e in exported(caller)
    ]
    somebody = "somebody.else@example.com"
    assert events == [
        ("00:05", "is.instance.action.create", somebody),
        ("00:13", "is.instance.instance.stop", somebody),
        ("00:13", "is.instance.instance.create", "IBM"),
        ("00:20", "is.instance.instance.update", somebody),
        ("00:30", "is.instance.action.create", somebody),
        ("00:40", "is.instance.instance.delete", somebody),
    ]
    assert exported(caller)[4]["outcome"] == "failure"


def test_the_same_events_keep_their_ids_and_are_gone_when_forgotten(
    caller: Caller, clock: ManualClock
) -> None:
    world = caller.app.world
    (server,) = world.find_servers("web-1")
    world.act(server, "stop", after=10)
    caller.patch(caller.path_of("web-2"), ON)
    before = [event["id"] for event in exported(caller)]
    clock.advance(MINUTE)
    after = [event["id"] for event in exported(caller)]
    assert after[: len(before)] == before
    assert len(set(after)) == len(after) == 3
    caller.client.delete("/_emulator/activity")
    assert exported(caller) == []


def test_a_scenario_tells_the_history_that_made_it() -> None:
    caller = Caller(Emulator(build_world("restarts", clock=ManualClock())))
    events = [e["action"].rpartition("instance.")[2] for e in exported(caller)]
    named = [e["target"]["name"] for e in exported(caller)]
    history = [event for event, name in zip(events, named, strict=True) if name == "enabled-again"]
    assert history[0] == "create"
    assert history[1:] == [
        "update",
        "action.create",
        "stop",
        "action.create",
        "start",
        "update",
        "update",
    ]
    caller.app.reset()
    assert [e["target"]["name"] for e in exported(caller)] == named


@pytest.mark.parametrize("body", [b'{"crn": "crn:of:nobody"}', b"{}"])
def test_a_recorded_server_without_a_crn_leaves_no_event(caller: Caller, body: bytes) -> None:
    recorded = {**json.loads(body), "id": "x", "status": "running"}
    caller.app.world.act(RecordedServer(json.dumps(recorded).encode(), recorded), "stop")
    assert exported(caller) == []
