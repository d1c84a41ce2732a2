from datetime import timedelta

import pytest

from tests.emulator.caller import Caller, body_of, error_of
from vpcmetactl.emulator.clock import ManualClock

HARD, SOFT = {"type": "hard"}, {"type": "soft"}


def walk(caller: Caller, clock: ManualClock, path: str, seconds: int) -> list[str]:
    """The statuses seen second by second, each once."""
    seen = [caller.find(path)["status"]]
    for _ in range(seconds):
        clock.advance(timedelta(seconds=1))
        if (status := caller.find(path)["status"]) != seen[-1]:
            seen.append(status)
    return seen


@pytest.mark.parametrize(
    ("server", "action", "statuses"),
    [
        ("web-1", "stop", ["stopping", "stopped"]),
        ("web-1", "reboot", ["restarting", "running"]),
        ("web-5", "start", ["starting", "running"]),
    ],
)
def test_an_instance_walks_through_its_statuses(
    caller: Caller, clock: ManualClock, server: str, action: str, statuses: list[str]
) -> None:
    path = caller.path_of(server)
    answer = caller.post(f"{path}/actions", {"type": action})
    assert (answer.status_code, body_of(answer)) == (
        201,
        {
            "created_at": "2026-11-21T12:00:00Z",
            "force": False,
            "href": "",
            "id": "",
            "status": "pending",
            "type": action,
        },
    )
    assert walk(caller, clock, path, 30) == statuses


@pytest.mark.parametrize(
    ("server", "action"),
    [("web-1", "start"), ("web-5", "stop"), ("web-5", "reboot"), ("web-3", "start")],
)
def test_an_action_the_status_does_not_take_is_a_conflict(
    caller: Caller, server: str, action: str
) -> None:
    answer = caller.post(f"{caller.path_of(server)}/actions", {"type": action})
    assert error_of(answer) == (409, [("invalid_state", None)])


def test_no_action_is_taken_between_statuses_except_a_forced_stop(
    caller: Caller, clock: ManualClock
) -> None:
    path = f"{caller.path_of('web-1')}/actions"
    caller.post(path, {"type": "reboot"})
    for action in ("start", "stop", "reboot"):
        assert caller.post(path, {"type": action}).status_code == 409
    assert caller.post(path, {"type": "stop", "force": True}).status_code == 201
    # The interrupted reboot never comes to its end.
    assert walk(caller, clock, caller.path_of("web-1"), 60) == ["stopping", "stopped"]


def test_what_has_failed_takes_no_action(frankfurt: Caller) -> None:
    path = f"{frankfurt.path_of('broken')}/actions"
    for action in ("start", "stop", "reboot"):
        assert frankfurt.post(path, {"type": action}).status_code == 409


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 400, "validation_required_field", "type"),
        ({"type": "halt"}, 400, "validation_enum", "type"),
        ({"type": 1}, 400, "validation_enum", "type"),
        ({"type": "stop", "force": "yes"}, 400, "validation_invalid_field_type", "force"),
        ({"type": "stop", "soft": True}, 400, "unknown_field", "soft"),
    ],
)
def test_a_wrong_action_is_refused(
    caller: Caller, body: object, status: int, code: str, field: str
) -> None:
    answer = caller.post(f"{caller.path_of('web-1')}/actions", body)
    assert error_of(answer) == (status, [(code, field)])


def test_reading_over_and_over_changes_nothing(caller: Caller, clock: ManualClock) -> None:
    path = caller.path_of("web-1")
    caller.post(f"{path}/actions", {"type": "stop"})
    (server,) = caller.app.world.find_servers("web-1")
    before = server.power
    walk(caller, clock, path, 30)
    assert server.power is before


def test_only_running_instances_report_numa_nodes(caller: Caller, clock: ManualClock) -> None:
    path = caller.path_of("web-1")
    assert "numa_count" in caller.find(path)
    caller.post(f"{path}/actions", {"type": "stop"})
    clock.advance(timedelta(minutes=1))
    body = caller.find(path)
    assert ("numa_count" in body, body["startable"]) == (False, True)
    assert body["vcpu"]["manufacturer"] == "unassigned"


@pytest.mark.parametrize(
    ("action", "body", "statuses"),
    [
        ("stop", HARD, ["running", "stopped"]),
        ("stop", SOFT, ["running", "stopped"]),
        ("restart", None, ["restarting", "running"]),
    ],
)
def test_a_bare_metal_server_walks_without_ever_stopping(
    caller: Caller, clock: ManualClock, action: str, body: object, statuses: list[str]
) -> None:
    path = caller.path_of("metal-1")
    answer = caller.post(f"{path}/{action}", body)
    assert (answer.status_code, answer.data, "Content-Type" in answer.headers) == (204, b"", False)
    assert walk(caller, clock, path, 60) == statuses


def test_a_stopped_bare_metal_server_starts_and_does_nothing_else(
    caller: Caller, clock: ManualClock
) -> None:
    caller.region = "jp-tok"
    path = caller.path_of("metal-jp-1")
    assert error_of(caller.post(f"{path}/stop", HARD)) == (409, [("invalid_state", None)])
    assert caller.post(f"{path}/restart").status_code == 409
    assert caller.post(f"{path}/start").status_code == 204
    assert walk(caller, clock, path, 60) == ["starting", "running"]


def test_some_bare_metal_servers_never_answer_a_soft_stop(
    frankfurt: Caller, clock: ManualClock
) -> None:
    path = frankfurt.path_of("metal-eu-1")
    assert frankfurt.post(f"{path}/stop", SOFT).status_code == 204
    assert walk(frankfurt, clock, path, 60) == ["running"]
    assert frankfurt.post(f"{path}/stop", HARD).status_code == 204
    assert walk(frankfurt, clock, path, 60) == ["running", "stopped"]


def test_a_bare_metal_stop_needs_its_type(caller: Caller) -> None:
    path = f"{caller.path_of('metal-1')}/stop"
    assert error_of(caller.post(path, {})) == (400, [("validation_required_field", "type")])
    assert error_of(caller.post(path, {"type": "gentle"})) == (400, [("validation_enum", "type")])
