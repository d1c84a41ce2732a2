"""The same seed, clock and requests give the same bytes, headers included."""

from datetime import timedelta

import pytest
from werkzeug.test import Client

from tests.emulator.caller import Caller
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.faults import parse_fault
from vpcmetactl.emulator.scenarios import build_world

FORM = {
    "grant_type": "urn:ibm:params:oauth:grant-type:apikey",
    "apikey": "emulator-api-key",
}


def conversation(seed: int) -> list[bytes]:
    """Everything answered in a conversation of reads, changes, refusals and faults."""
    clock = ManualClock()
    faults = [parse_fault("get_instance:503:40%")]
    app = Emulator(build_world("demo", seed=seed, clock=clock), faults=faults)
    caller = Caller(app)
    web, metal = caller.path_of("web-1"), caller.path_of("metal-1")
    read = [*[web] * 10, "/regions", "/instances", "/bare_metal_servers", "/vpcs", metal, "/none"]
    seen = [
        Client(app).post("/iam/identity/token", data=FORM),
        *[caller.get(path) for path in read],
        caller.patch(web, {"metadata_service": {"enabled": True}}),
        caller.patch(metal, {"metadata_service": {"response_hop_limit": 2}}),
        caller.post(f"{web}/actions", {"type": "stop"}),
    ]
    clock.advance(timedelta(seconds=3))
    seen.append(caller.get("/instances"))
    return [f"{answer.status} {answer.headers}".encode() + answer.data for answer in seen]


def test_two_runs_answer_the_same_bytes() -> None:
    assert conversation(7) == conversation(7)


def test_another_seed_answers_others() -> None:
    assert conversation(7) != conversation(8)


def test_bodies_do_not_depend_on_who_asks_or_where_it_listens(caller: Caller) -> None:
    url = "/vpc/us-south/v1/instances?version=2026-10-06&generation=2"
    answers = [
        caller.client.get(url, headers=caller.headers, base_url=base).data
        for base in ("http://127.0.0.1:1", "https://127.0.0.1:65535")
    ]
    assert answers[0] == answers[1]
    assert b"127.0.0.1" not in answers[0]


def test_a_manual_clock_never_goes_back_and_knows_its_zone() -> None:
    with pytest.raises(ValueError, match="only moves forward"):
        ManualClock().advance(timedelta(seconds=-1))
    with pytest.raises(ValueError, match="aware"):
        ManualClock(ManualClock().now().replace(tzinfo=None))
