import json
from typing import Any

import pytest

from tests.emulator.caller import Caller, body_of, error_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.loading import load_recorded
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.world import World

OLD = b'{ "id":"id:547", "name":"old-1","status":"running","zone":{"name":"eu-de-2"},"disks":null }'
ON = {"metadata_service": {"enabled": True}}


@pytest.fixture
def world(clock: ManualClock) -> World:
    return build_world("empty", clock=clock)


def an_instance(identifier: str = "id:1", **more: object) -> dict[str, Any]:
    return {"id": identifier, "zone": {"name": "us-south-1"}, **more}


def load(world: World, document: object) -> int:
    return load_recorded(world, json.dumps(document).encode(), "some.json")


def test_a_body_is_served_byte_for_byte(world: World) -> None:
    assert load_recorded(world, b'{"instances": [' + OLD + b"]}", "old.json") == 1
    caller = Caller(Emulator(world), "eu-de")
    assert caller.get("/instances/id:547").data == OLD + b"\n"
    assert OLD in caller.get("/instances").data


def test_bodies_are_found_wherever_recordings_have_them(world: World) -> None:
    assert load(world, {"instances": [an_instance("a")]}) == 1
    assert load(world, {"bare_metal_servers": [an_instance("b")]}) == 1
    assert load(world, {"response": {"body": {"instances": [an_instance("c")]}}}) == 1
    assert load(world, {"response": {"body": an_instance("d", resource_type="instance")}}) == 1
    single = an_instance("e", resource_type="bare_metal_server")
    assert load(world, {"response": {"body": single}}) == 1
    assert load(world, {"responses": {"GET": {"instances": [an_instance("f")]}, "N": None}}) == 1
    region = world.regions["us-south"]
    assert [server.id for server in region.instances] == ["a", "c", "d", "f"]
    assert [server.id for server in region.bare_metal_servers] == ["b", "e"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "some.json: it is not a JSON object"),
        (b"[]", "some.json: it is not a JSON object"),
        (b'{"instances": "\xff"}', "some.json: instances is not an array"),
        (b"{}", "some.json: there are no instances and no bare metal servers in it"),
        (b'{"instances": []}', "some.json: there are no instances"),
        (b'{"response": {"body": null}}', "some.json: there are no instances"),
        (b'{"response": 1}', "some.json: response is not a JSON object"),
        (b'{"instances": {}}', "some.json: instances is not an array"),
        (b'{"instances": [1]}', "some.json: instances[0] is not an object"),
        (b'{"instances": [{}]}', "some.json: instances[0] has no id"),
        (b'{"instances": [{"id": 5}]}', "some.json: instances[0] has no id"),
        (b'{"instances": [{"id": "a"}]}', "some.json: instances[0] has no zone.name"),
        (b'{"instances": [{"id": "a", "zone": null}]}', "instances[0] has no zone.name"),
        (
            b'{"bare_metal_servers": [{"id": "a", "zone": {"name": "moon-1"}}]}',
            "some.json: there is no region 'moon'",
        ),
    ],
)
def test_what_cannot_be_served_is_refused_with_the_file_named(
    world: World, content: bytes, said: str
) -> None:
    with pytest.raises(ValueError, match=r"^some\.json: ") as caught:
        load_recorded(world, content, "some.json")
    assert said in str(caught.value)


def test_an_id_twice_in_a_file_is_refused_and_nothing_is_added(world: World) -> None:
    with pytest.raises(ValueError, match=r"instances\[1\] has the id of another one, a$"):
        load(world, {"instances": [an_instance("a"), an_instance("a")]})
    assert list(world.servers()) == []


def test_a_later_file_replaces_what_has_the_same_id(world: World) -> None:
    load(world, {"instances": [an_instance("a", name="first"), an_instance("b")]})
    load(world, {"instances": [an_instance("a", name="second")]})
    assert [server.name for server in world.servers()] == ["second", ""]


def test_recorded_servers_are_filtered_by_what_they_have(world: World) -> None:
    load(
        world,
        {
            "instances": [
                an_instance("a", vpc={"name": "prod"}, placement_target={"name": "spread"}),
                an_instance("b", vpc=None),
            ]
        },
    )
    caller = Caller(Emulator(world))

    def listed(**filters: str) -> list[str]:
        return [item["id"] for item in caller.find("/instances", **filters)["instances"]]

    assert listed(**{"vpc.name": "prod"}) == ["a"]
    assert listed(**{"placement_group.name": "spread"}) == ["a"]
    assert listed(**{"vpc.name": ""}) == []


def test_a_change_touches_only_what_it_changes(world: World) -> None:
    service = {"enabled": False, "protocol": "http", "odd": None}
    load(world, {"instances": [an_instance("a", name="x", metadata_service=service, extra=[1])]})
    caller = Caller(Emulator(world))
    body = body_of(caller.patch("/instances/a", {**ON, "name": "y"}))
    assert body == an_instance(
        "a", name="y", metadata_service={**service, "enabled": True}, extra=[1]
    )
    assert caller.find("/instances/a") == body


@pytest.mark.parametrize("more", [{}, {"metadata_service": None}])
def test_one_recorded_without_the_service_cannot_be_given_it(
    world: World, more: dict[str, object]
) -> None:
    load(world, {"instances": [an_instance("a", **more)]})
    answer = Caller(Emulator(world)).patch("/instances/a", ON)
    assert error_of(answer) == (501, [("not_emulated", "metadata_service")])


def test_a_recorded_server_can_be_stopped(world: World) -> None:
    load(world, {"instances": [an_instance("a", status="running")]})
    caller = Caller(Emulator(world))
    assert caller.post("/instances/a/actions", {"type": "stop"}).status_code == 201
    assert caller.find("/instances/a") == an_instance("a", status="stopping")


def test_loaded_servers_survive_a_reset_as_they_were(world: World) -> None:
    load(world, {"instances": [an_instance("a", metadata_service={"enabled": False})]})
    app = Emulator(world)
    before = Caller(app).get("/instances/a").data
    Caller(app).patch("/instances/a", ON)
    app.reset()
    assert Caller(app).get("/instances/a").data == before
