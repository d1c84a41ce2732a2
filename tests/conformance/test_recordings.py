"""The emulator against bodies that were recorded from the real API."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.caller import Caller, body_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.loading import load_recorded
from vpcmetactl.emulator.scenarios import build_world

RECORDINGS = Path("../shared/recordings")

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"the recordings are not at {RECORDINGS}"
)


def recording(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((RECORDINGS / name).read_bytes())
    return document


def servers_in(document: object) -> list[dict[str, Any]]:
    if not isinstance(document, dict):
        return []
    bodies = [document, (document.get("response") or {}).get("body") or {}]
    bodies += [body for body in (document.get("responses") or {}).values() if body]
    kinds = ("instances", "bare_metal_servers")
    found = [server for body in bodies for kind in kinds for server in body.get(kind) or []]
    return found or [body for body in bodies if body.get("resource_type") == "instance"]


def files() -> list[Path]:
    found = sorted(RECORDINGS.glob("*/*.json")) if RECORDINGS.is_dir() else []
    return [path for path in found if servers_in(json.loads(path.read_bytes()))]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_every_recorded_server_is_listed_and_shown_as_it_was_recorded(path: Path) -> None:
    world = build_world("empty", clock=ManualClock())
    content = path.read_bytes()
    expected = servers_in(json.loads(content))
    assert load_recorded(world, content, path.name) == len(expected)
    app = Emulator(world)
    for body in expected:
        caller = Caller(app, body["zone"]["name"].rpartition("-")[0])
        metal = "bare-metal" in body["crn"]
        kind = "bare_metal_servers" if metal else "instances"
        assert body in caller.find(f"/{kind}", limit=100)[kind]
        assert caller.find(f"/{kind}/{body['id']}") == body


def test_paging_looks_as_recorded() -> None:
    recorded = recording("manageiq-us-east/GET__v1_instances__limit=1__01.json")["response"]["body"]
    world = build_world("empty", clock=ManualClock())
    everything = RECORDINGS / "manageiq-us-east/GET__v1_instances__01.json"
    load_recorded(world, everything.read_bytes(), everything.name)
    emulated = Caller(Emulator(world), "us-east").find("/instances", limit=1)
    assert emulated | {"instances": []} == recorded | {"instances": []}


def test_an_invalid_version_is_refused_as_recorded() -> None:
    recorded = recording("errors/GET__v1_instances__400__01.json")["response"]
    caller = Caller(Emulator(build_world("empty", clock=ManualClock())), "us-east")
    emulated = caller.call("GET", "/instances", query={"version": "3"})

    def shape(body: dict[str, Any]) -> list[tuple[str, Any]]:
        return [(error["code"], error["target"]) for error in body["errors"]]

    assert emulated.status_code == recorded["status"]["code"]
    assert shape(body_of(emulated)) == shape(recorded["body"])
    assert emulated.headers["Content-Type"] == recorded["headers"]["Content-Type"][0]
    assert body_of(emulated).keys() == recorded["body"].keys()


def test_an_action_answers_what_was_recorded_and_the_status_of_todays_schema() -> None:
    (path,) = (RECORDINGS / "manageiq-us-east").glob("POST__v1_instances_*_actions__01.json")
    recorded = json.loads(path.read_bytes())["response"]
    caller = Caller(Emulator(build_world("demo", clock=ManualClock())))
    answer = caller.post(f"{caller.path_of('web-5')}/actions", {"type": "start"})
    emulated = body_of(answer)
    assert answer.status_code == recorded["status"]["code"]
    assert emulated.keys() - recorded["body"].keys() == {"status"}
    # Today's schema no longer knows it.
    assert recorded["body"].keys() - emulated.keys() == {"resource_type"}
    assert (emulated["id"], emulated["href"]) == ("", "")


def test_a_token_answers_what_was_recorded() -> None:
    recorded = recording("manageiq-us-east/POST__identity_token__01.json")["response"]
    caller = Caller(Emulator(build_world("empty", clock=ManualClock())))
    form = {
        "grant_type": "urn:ibm:params:oauth:grant-type:apikey",
        "apikey": caller.app.world.api_key,
    }
    emulated = caller.client.post("/iam/identity/token", data=form)
    assert emulated.headers["Content-Type"] == recorded["headers"]["Content-Type"][0]
    # A number of the recorded user's, which says nothing to a client.
    assert recorded["body"].keys() - body_of(emulated).keys() == {"ims_user_id"}


def test_a_region_looks_as_recorded() -> None:
    recorded = recording("manageiq-us-east/GET__v1_regions_us-east__01.json")["response"]["body"]
    caller = Caller(Emulator(build_world("empty", clock=ManualClock())))
    assert caller.find("/regions/us-east") == recorded
