"""Whether a server gets an answer: over real sockets, and over any history without them."""

import contextlib
import http.client
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.caller import Caller, error_of
from tests.emulator.guest.inside import FLAVOR, TODAY, TOKEN, Inside, the_server
from tests.emulator.guest.wire import MOMENT, PATIENCE, Wire, handlers, wait_for, wired
from vpcmetactl.emulator import server as serving
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.faults import parse_fault
from vpcmetactl.emulator.fleet import HTTP, OFF, Fleet
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.server import EmulatorServer
from vpcmetactl.emulator.vpc.errors import VpcRefusal
from vpcmetactl.emulator.vpc.resources import Instance, MetadataService, RestartRule
from vpcmetactl.emulator.world import World

UNHEARD = 501
"""What stands for no answer where there is no socket."""


@pytest.fixture
def wire(app: Emulator, tmp_path: Path) -> Iterator[Wire]:
    with wired(app, tmp_path) as opened:
        yield opened


@pytest.fixture
def disabled(world: World) -> str:
    return the_server(world, "web-1").id


@pytest.fixture
def enabled(world: World) -> str:
    return the_server(world, "web-2").id


@pytest.fixture
def hardened(world: World) -> str:
    return the_server(world, "web-3").id


def test_silence_holds_up_nobody_and_ends_with_the_client(
    wire: Wire, disabled: str, enabled: str
) -> None:
    before = handlers()
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(wire.line(disabled)).request() for _ in range(5)]
        wait_for(lambda: len(wire.app.requests) == 5)
        assert wire.status(enabled) == 200
        assert [line.hears(MOMENT) for line in lines] == [None] * 5
        # What is sent into the silence changes nothing.
        assert lines[0].request().hears(MOMENT) is None
    wait_for(lambda: handlers() <= before)
    assert [record.status for record in wire.app.requests] == [0] * 5 + [200]


@pytest.mark.parametrize("protocol", ["http", "https"])
def test_silence_ends_with_the_server(wire: Wire, disabled: str, protocol: str) -> None:
    before = handlers()
    assert wire.is_silent(disabled, protocol)
    wait_for(lambda: handlers() <= before)
    with wire.line(disabled, protocol) as line:
        line.request()
        wait_for(lambda: len(wire.app.requests) == 2)
        began = time.monotonic()
        wire.listeners[protocol].close()
        assert line.hears(PATIENCE) == b""
        assert time.monotonic() - began < 1
    wait_for(lambda: handlers() <= before)


def test_silence_ends_in_the_end_without_a_byte(
    wire: Wire, disabled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert serving.SILENCE_SECONDS == 120
    monkeypatch.setattr(serving, "SILENCE_SECONDS", 0.1)
    with wire.line(disabled) as line:
        assert line.request().hears(PATIENCE) == b""


def test_what_got_no_answer_is_logged_and_struck_by_no_fault(
    world: World, disabled: str, enabled: str, tmp_path: Path
) -> None:
    app = Emulator(world, faults=[parse_fault("*:500:1")])
    with wired(app, tmp_path) as wire:
        assert wire.is_silent(disabled)
        (record,) = app.requests
        assert (record.operation, record.status, record.fault) == ("create_access_token", 0, None)
        assert wire.status(enabled) == 500


def test_paths_that_are_not_there_get_no_answer_either(app: Emulator) -> None:
    inside = Inside(app, the_server(app.world, "web-1"))
    for path in ("", "/", "/latest/meta-data", "/metadata/v1/instance"):
        assert inside.call("GET", path).status_code == UNHEARD


def test_a_service_answers_by_the_protocol_it_is_set_to(
    wire: Wire, world: World, enabled: str, hardened: str
) -> None:
    assert wire.status(enabled, "http") == 200
    assert wire.is_silent(enabled, "https")
    assert wire.is_silent(hardened, "http")
    assert wire.status(hardened, "https") == 200
    world.change_metadata_service(the_server(world, "web-2"), protocol="https")
    assert wire.is_silent(enabled, "http")
    assert wire.status(enabled, "https") == 200


def test_the_wrong_protocol_may_be_refused(
    wire: Wire, world: World, disabled: str, enabled: str, hardened: str
) -> None:
    world.guest.absence.wrong_protocol = "refused"
    with wire.line(hardened) as line, pytest.raises(ConnectionResetError):
        line.request().hears(PATIENCE)
    with wire.line(enabled, "https") as line:
        # Python tells a reset within TLS as an end.
        assert line.request().hears(PATIENCE) == b""
    assert wire.status(enabled) == 200
    assert wire.is_silent(disabled)
    assert [record.status for record in wire.app.requests] == [0, 0, 200, 0]


def test_a_disabled_service_may_say_so(app: Emulator, world: World) -> None:
    world.guest.absence.service_disabled = "forbidden"
    waiting = the_server(world, "null")
    world.change_metadata_service(waiting, enabled=True)
    assert world.needs_restart(waiting)
    for name in ("web-1", "null", "metal-eu-1"):
        answer = Inside(app, the_server(world, name)).call("PUT", TOKEN, headers=FLAVOR)
        assert error_of(answer) == (403, [("unauthorized", None)])
        assert "not enabled" in answer.text
    stopped = Inside(app, the_server(world, "web-5"))
    assert stopped.call("PUT", TOKEN, headers=FLAVOR).status_code == UNHEARD


class Desk:
    """What is done to one instance by requests to the VPC API, over the wire."""

    def __init__(self, caller: Caller, served: EmulatorServer, name: str) -> None:
        self._headers, self._port, self._path = caller.headers, served.port, caller.path_of(name)

    def change(self, parts: dict[str, Any]) -> None:
        kind = "application/merge-patch+json"
        self._call("PATCH", self._path, kind, {"metadata_service": parts})

    def act(self, action: str) -> None:
        self._call("POST", f"{self._path}/actions", "application/json", {"type": action})

    def _call(self, method: str, path: str, kind: str, body: object) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        url = f"/vpc/us-south/v1{path}?version={TODAY}&generation=2"
        headers = {**self._headers, "Content-Type": kind}
        connection.request(method, url, json.dumps(body), headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        assert answer.status in {200, 201}, said


@pytest.mark.parametrize("rule", ["faq", "none"])
def test_enabling_a_running_server_under_either_rule(
    wire: Wire, caller: Caller, disabled: str, rule: RestartRule
) -> None:
    world = wire.app.world
    world.restart_rule, world.vpc.pace = rule, 0
    desk = Desk(caller, wire.listeners["http"], "web-1")

    def answered() -> bool:
        return wire.status(disabled) == 200

    def waiting() -> bool:
        return wire.is_silent(disabled)

    assert waiting()
    desk.change({"enabled": True})
    assert waiting() if rule == "faq" else answered()
    desk.act("reboot")
    assert waiting() if rule == "faq" else answered()
    desk.act("stop")
    assert waiting()
    desk.act("start")
    assert answered()
    desk.change({"enabled": False})
    assert waiting()
    # It has worked once: enabling it again needs nothing.
    desk.change({"enabled": True})
    assert answered()


CLOCK = ManualClock()
APP = Emulator(build_world("empty", clock=CLOCK))
DEED = st.sampled_from(["enable", "disable", "http", "https", "start", "stop", "reboot", "2", "10"])


@given(
    deeds=st.lists(DEED, max_size=8),
    created=st.sampled_from([OFF, HTTP]),
    rule=st.sampled_from(["faq", "none"]),
)
def test_a_server_is_answered_exactly_while_its_service_works(
    deeds: list[str], created: MetadataService, rule: RestartRule
) -> None:
    world = APP.world
    APP.reset()
    world.restart_rule = rule
    fleet = Fleet(world)
    instance = fleet.instance(fleet.vpc("us-south", "one"), "one", created)
    caller, inside = Caller(APP), Inside(APP, instance)
    for deed in deeds:
        _do(world, instance, deed)
        shown = caller.find(f"/instances/{instance.id}")
        works = (
            shown["status"] == "running"
            and shown["metadata_service"]["enabled"]
            and not world.needs_restart(instance)
        )
        for protocol in ("http", "https"):
            # Without a token: that it is asked for is answer enough.
            answer = inside.call("GET", "/metadata/v1/instance", protocol=protocol)
            wanted = works and protocol == shown["metadata_service"]["protocol"]
            assert answer.status_code == (401 if wanted else UNHEARD)


def _do(world: World, instance: Instance, deed: str) -> None:
    if deed in {"enable", "disable"}:
        world.change_metadata_service(instance, enabled=deed == "enable")
    elif deed in {"http", "https"}:
        world.change_metadata_service(instance, protocol=deed)
    elif deed.isdigit():
        CLOCK.advance(timedelta(seconds=int(deed)))
    else:
        with contextlib.suppress(VpcRefusal):
            world.act(instance, deed)


def test_bare_metal_answers_without_a_rule_for_restarts(app: Emulator, world: World) -> None:
    metal = the_server(world, "metal-eu-1")
    inside = Inside(app, metal)
    assert inside.call("PUT", TOKEN, headers=FLAVOR).status_code == UNHEARD
    world.change_metadata_service(metal, enabled=True)
    assert inside.call("PUT", TOKEN, headers=FLAVOR).status_code == 200
    world.act(metal, "restart")
    assert inside.call("PUT", TOKEN, headers=FLAVOR).status_code == UNHEARD
