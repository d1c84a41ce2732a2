"""The control calls about servers: settings, troubles, truth, and what somebody else does."""

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import Client

from tests.emulator.caller import Caller, body_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world


@pytest.fixture
def control(app: Emulator) -> Client:
    return Client(app)


def put(control: Client, path: str, body: object) -> dict[str, Any]:
    answer = control.put(f"/_emulator{path}", json=body)
    assert answer.status_code == 200, answer.text
    return body_of(answer)


def id_of(app: Emulator, name: str) -> str:
    (server,) = app.world.find_servers(name)
    return server.id


def test_settings_are_read_and_changed_one_by_one(control: Client, app: Emulator) -> None:
    first = {
        "restart_rule": "faq",
        "pace": 1.0,
        "update_values": False,
        "service_disabled": "no_answer",
        "wrong_protocol": "no_answer",
        "search_lag": 0.0,
    }
    assert body_of(control.get("/_emulator/settings")) == first
    assert put(control, "/settings", {"restart_rule": "none"}) == {**first, "restart_rule": "none"}
    more = {"pace": 0, "update_values": True, "service_disabled": "forbidden"}
    assert put(control, "/settings", more) == {**first, "restart_rule": "none", **more}
    refused = {"wrong_protocol": "refused", "search_lag": 90.0}
    every = {**first, "restart_rule": "none", **more, **refused}
    assert put(control, "/settings", refused) == every
    app.reset()
    assert body_of(control.get("/_emulator/settings")) == every


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"restart_rule": "never"}, "`restart_rule` is one of faq, none."),
        ({"pace": -1}, "`pace` is a number, not negative."),
        ({"pace": True}, "`pace` is a number, not negative."),
        ({"update_values": 1}, "`update_values` is true or false."),
        ({"service_disabled": []}, "`service_disabled` is one of no_answer, forbidden."),
        ({"wrong_protocol": "reset"}, "`wrong_protocol` is one of no_answer, refused."),
        ({"pace": 0, "wrong_protocol": 1}, "`wrong_protocol` is one of no_answer, refused."),
        ({"pace": 0, "search_lag": -1}, "`search_lag` is a number, not negative."),
        ({"speed": 1}, "There is no setting speed."),
    ],
)
def test_a_wrong_setting_changes_nothing(control: Client, body: object, message: str) -> None:
    before = body_of(control.get("/_emulator/settings"))
    answer = control.put("/_emulator/settings", json=body)
    assert (answer.status_code, body_of(answer)["error"]) == (400, message)
    assert body_of(control.get("/_emulator/settings")) == before


def test_troubles_are_read_replaced_and_cleared(control: Client) -> None:
    texts = ["db-*:cannot_start_capacity:1", "metal-1:soft-stop=never"]
    assert put(control, "/troubles", {"troubles": texts}) == {"troubles": texts}
    assert body_of(control.get("/_emulator/troubles")) == {"troubles": texts}
    assert body_of(control.delete("/_emulator/troubles")) == {"troubles": []}
    for body in ({"troubles": "x"}, {"troubles": ["x"]}):
        assert control.put("/_emulator/troubles", json=body).status_code == 400


def test_the_truth_of_one_server_and_of_all(control: Client, app: Emulator) -> None:
    app.world.change_metadata_service(app.world.find_servers("web-1")[0], enabled=True)
    truth = body_of(control.get(f"/_emulator/servers/{id_of(app, 'web-1')}/truth"))
    assert {key: truth[key] for key in ("name", "status", "restart_rule", "instance_group")} == {
        "name": "web-1",
        "status": "running",
        "restart_rule": "faq",
        "instance_group": None,
    }
    facts = ("enabled", "created_enabled", "activated", "needs_restart", "erasures")
    assert [truth[key] for key in facts] == [True, False, False, True, None]
    everything = body_of(control.get("/_emulator/truth"))["servers"]
    assert len(everything) == 42
    assert truth in everything
    assert control.get("/_emulator/servers/none/truth").status_code == 404


def test_somebody_else_acts_now_and_later(
    control: Client, app: Emulator, clock: ManualClock
) -> None:
    path = f"/_emulator/servers/{id_of(app, 'web-1')}"
    enabled = control.post(path, json={"metadata_service": {"enabled": True}})
    assert body_of(enabled)["needs_restart"] is True
    control.post(path, json={"action": "stop", "after": 10})
    control.post(path, json={"action": "start", "after": 30})
    statuses = []
    for _ in range(4):
        statuses.append(body_of(control.get(f"{path}/truth"))["status"])
        clock.advance(timedelta(seconds=11))
    assert statuses == ["running", "stopping", "stopped", "starting"]
    assert body_of(control.get(f"{path}/truth"))["needs_restart"] is False


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"action": "halt"}, 400),
        ({"action": "stop-hard"}, 400),
        ({"action": "start"}, 409),
        ({"action": "stop", "after": -1}, 400),
        ({"action": "stop", "metadata_service": {"enabled": True}}, 400),
        ({"metadata_service": {}}, 400),
        ({"metadata_service": {"enabled": 1}}, 400),
        ({"metadata_service": {"colour": "red"}}, 400),
        ({"tags": "env:prod"}, 400),
        ({"tags": [1]}, 400),
        ({"tags": ["env:prod"], "action": "stop"}, 400),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(
    control: Client, app: Emulator, body: object, status: int
) -> None:
    answer = control.post(f"/_emulator/servers/{id_of(app, 'web-1')}", json=body)
    assert (answer.status_code, bool(body_of(answer)["error"])) == (status, True)


def test_a_forced_stop_interrupts_a_start(control: Client, app: Emulator) -> None:
    path = f"/_emulator/servers/{id_of(app, 'web-5')}"
    control.post(path, json={"action": "start"})
    assert control.post(path, json={"action": "stop"}).status_code == 409
    stopped = control.post(path, json={"action": "stop", "force": True})
    assert body_of(stopped)["status"] == "stopping"


def test_what_was_to_happen_is_forgotten_by_a_reset(clock: ManualClock) -> None:
    caller = Caller(Emulator(build_world("demo", clock=clock)))
    world = caller.app.world
    world.act(world.find_servers("web-1")[0], "stop", after=5)
    caller.app.reset()
    clock.advance(timedelta(minutes=1))
    (server,) = world.find_servers("web-1")
    assert server.power.status(world.now()) == "running"
    assert world.vpc.activity.bodies() == []
