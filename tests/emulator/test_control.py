import re
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from tests.emulator.caller import Caller, body_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import SystemClock
from vpcmetactl.emulator.coverage import EmulatedOperation, coverage, operations
from vpcmetactl.emulator.scenarios import build_world


def control(app: Emulator, method: str, path: str, body: object = None) -> TestResponse:
    more: dict[str, Any] = {} if body is None else {"json": body}
    return Client(app).open(f"/_emulator{path}", method=method, **more)


def test_the_state_tells_what_runs(app: Emulator) -> None:
    state = body_of(control(app, "GET", "/state"))
    regions = state.pop("regions")
    assert state == {
        "account_id": app.world.account_id,
        "faults": [],
        "latency": 0.0,
        "now": "2026-11-21T12:00:00Z",
        "requests": 0,
        "scenario": "demo",
        "seed": 0,
    }
    assert regions["eu-de"] == {
        "bare_metal_servers": 1,
        "instances": 9,
        "status": "available",
        "vpcs": 1,
    }


def test_a_reset_brings_everything_back(app: Emulator, caller: Caller) -> None:
    path = caller.path_of("web-1")
    first = caller.get(path).data
    caller.patch(path, {"metadata_service": {"enabled": True}, "name": "front"})
    assert body_of(control(app, "POST", "/reset")) == {"reset": True}
    assert caller.get(path).status_code == 401
    assert Caller(app).get(path).data == first
    assert [record.sequence for record in app.requests] == [1, 2]


def test_the_clock_moves_when_told(app: Emulator, caller: Caller) -> None:
    path = caller.path_of("web-1")
    caller.post(f"{path}/actions", {"type": "stop"})
    answer = control(app, "POST", "/clock", {"advance": 60})
    assert body_of(answer) == {"now": "2026-11-21T12:01:00Z"}
    assert caller.find(path)["status"] == "stopped"


@pytest.mark.parametrize("advance", [-1, "60", None, True])
def test_the_clock_moves_forward_only(app: Emulator, advance: object) -> None:
    assert control(app, "POST", "/clock", {"advance": advance}).status_code == 400


def test_the_machines_clock_is_not_moved() -> None:
    app = Emulator(build_world("empty", clock=SystemClock()))
    assert control(app, "POST", "/clock", {"advance": 60}).status_code == 409


def test_faults_are_set_and_cleared(app: Emulator, caller: Caller) -> None:
    answer = control(app, "PUT", "/faults", {"faults": ["list_regions:503:1"]})
    assert body_of(answer) == {"faults": ["list_regions:503:1"]}
    assert [caller.get("/regions").status_code for _ in range(2)] == [503, 200]
    control(app, "PUT", "/faults", {"faults": ["list_regions:503"]})
    assert body_of(control(app, "DELETE", "/faults")) == {"faults": []}
    assert caller.get("/regions").status_code == 200


@pytest.mark.parametrize("body", [{}, {"faults": "x"}, {"faults": [1]}, {"faults": ["x:y"]}, []])
def test_wrong_faults_are_refused_and_change_nothing(app: Emulator, body: object) -> None:
    control(app, "PUT", "/faults", {"faults": ["*:503"]})
    answer = control(app, "PUT", "/faults", body)
    assert (answer.status_code, sorted(body_of(answer))) == (400, ["error", "path"])
    assert body_of(control(app, "GET", "/faults")) == {"faults": ["*:503"]}


def test_what_was_asked_is_told_without_secrets(app: Emulator, caller: Caller) -> None:
    caller.client.post(
        "/iam/identity/token", data={"grant_type": "x", "apikey": "s3cret", "response_type": "y"}
    )
    caller.patch(caller.path_of("web-1"), {"metadata_service": {"enabled": True}})
    caller.client.get("/elsewhere?q=1")
    (token, patch, lost) = body_of(control(app, "GET", "/requests"))["requests"]
    assert token["body"] == "grant_type=x&apikey=<redacted>&response_type=y"
    assert (token["operation"], token["status"], token["region"]) == ("create_token", 400, None)
    assert patch == {
        "at": "2026-11-21T12:00:00Z",
        "body": '{"metadata_service": {"enabled": true}}',
        "fault": None,
        "method": "PATCH",
        "operation": "update_instance",
        "path": f"/vpc/us-south/v1{caller.path_of('web-1')}",
        "query": "version=2026-10-06&generation=2",
        "region": "us-south",
        "sequence": 2,
        "status": 200,
    }
    assert (lost["operation"], lost["path"], lost["status"]) == (None, "/elsewhere", 404)
    assert body_of(control(app, "DELETE", "/requests")) == {"requests": []}
    assert app.requests == []


def test_a_struck_request_is_logged_with_its_fault(app: Emulator, caller: Caller) -> None:
    control(app, "PUT", "/faults", {"faults": ["*:429-retry-after=2"]})
    caller.get("/regions")
    (record,) = app.requests
    assert (record.status, record.fault) == (429, "429-retry-after=2")


def test_tokens_expire_when_told(app: Emulator, caller: Caller) -> None:
    assert body_of(control(app, "POST", "/tokens/expire")) == {"expired": 1}
    assert caller.get("/regions").status_code == 401


def test_an_unknown_control_call_is_refused(app: Emulator) -> None:
    for method, path in (("GET", "/nothing"), ("POST", "/state"), ("GET", "/reset")):
        assert control(app, method, path).status_code == 404


def test_the_coverage_lists_the_operations_that_faults_can_name(app: Emulator) -> None:
    listed = body_of(control(app, "GET", "/coverage"))["operations"]
    assert [operation["operation"] for operation in listed] == list(operations())
    assert len(set(operations())) == len(operations())


@pytest.mark.parametrize("listed", coverage(), ids=lambda listed: listed.operation)
def test_every_operation_that_is_listed_is_answered_by_itself(
    app: Emulator, listed: EmulatedOperation
) -> None:
    (server,) = app.world.find_servers("web-2")
    path = listed.path.replace("{region}", "us-south").replace("{server_id}", server.id)
    answer = Client(app).open(re.sub(r"\{\w+\}", "x", path), method=listed.method)
    assert answer.status_code in {400, 401}
    assert [record.operation for record in app.requests] == [listed.operation]
    assert listed.notes.endswith(".")


def test_what_others_change_is_seen(caller: Caller) -> None:
    world, path = caller.app.world, caller.path_of("web-1")
    (server,) = world.find_servers("web-1")
    world.change_metadata_service(server, enabled=True, protocol="https")
    assert caller.find(path)["metadata_service"] == {
        "enabled": True,
        "protocol": "https",
        "response_hop_limit": 1,
    }
    world.delete(server)
    assert caller.get(path).status_code == 404
    assert caller.find("/instances")["total_count"] == 15
