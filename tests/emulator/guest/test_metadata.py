"""What an instance reads of itself: the printed shapes, and nothing the VPC API says otherwise."""

import inspect
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from ibm_vpc import vpc_v1

from tests.emulator.caller import Caller, body_of, error_of
from tests.emulator.guest.inside import FLAVOR, TODAY, TOKEN, Inside, the_instance, the_server
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.fleet import HTTP, Fleet
from vpcmetactl.emulator.iam.trusted import TrustedProfile
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.vpc.resources import Instance
from vpcmetactl.emulator.world import World

REFERENCE = {"crn": str, "id": str, "name": str}
INTERFACE = {
    "id": str,
    "name": str,
    "primary_ipv4_address": str,
    "resource_type": str,
    "subnet": {**REFERENCE, "resource_type": str},
}
ATTACHMENT = {"id": str, "name": str, "volume": REFERENCE}
PRINTED = {
    "boot_volume_attachment": ATTACHMENT,
    "created_at": str,
    "crn": str,
    "disks": list,
    "id": str,
    "image": REFERENCE,
    "memory": int,
    "name": str,
    "network_interfaces": [INTERFACE],
    "primary_network_interface": INTERFACE,
    "profile": {"name": str},
    "resource_type": str,
    "vcpu": {"architecture": str, "count": int},
    "volume_attachments": [ATTACHMENT],
    "volume_bandwidth_qos_mode": str,
    "vpc": {**REFERENCE, "resource_type": str},
    "zone": {"name": str},
}
"""The instance that IBM's page prints: platform notes, section 5.3."""

ADDED = {
    "metadata_service": {"enabled": bool, "protocol": str, "response_hop_limit": int},
    "lifecycle_state": str,
    "network_attachments": [{"id": str, "name": str, "primary_ip": {"address": str}}],
}
KEY = {**REFERENCE, "fingerprint": str, "resource_type": str}

COLLECTIONS = {
    "/instance/network_interfaces": "NetworkInterface",
    "/instance/network_attachments": "InstanceNetworkAttachment",
    "/instance/volume_attachments": "VolumeAttachment",
    "/instance/cluster_network_attachments": "InstanceClusterNetworkAttachment",
    "/instance/software_attachments": "InstanceSoftwareAttachment",
    "/keys": "Key",
    "/placement_groups": "PlacementGroup",
    "/virtual_network_interfaces": "VirtualNetworkInterface",
}
"""Each with the model of the VPC API that its members have."""


def lacks(shape: Any, body: Any, where: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON
    """What a body lacks of a shape, or has of another type."""
    match shape:
        case dict():
            for name, part in shape.items():
                if not isinstance(body, dict) or name not in body:
                    yield f"{where}.{name}"
                else:
                    yield from lacks(part, body[name], f"{where}.{name}")
        case list():
            if not isinstance(body, list) or not body:
                yield where
            for item in body if isinstance(body, list) else []:
                yield from lacks(shape[0], item, f"{where}[]")
        case _:
            if type(body) is not shape:
                yield where


def names(body: Any) -> set[str]:  # noqa: ANN401 - JSON
    """Every name of a property, however deep."""
    match body:
        case dict():
            return set(body).union(*map(names, body.values()))
        case list():
            return set().union(*map(names, body))
        case _:
            return set()


def agrees(seen: Any, shown: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether everything that one body has is in the other, too."""
    match seen:
        case dict():
            return isinstance(shown, dict) and all(
                agrees(part, shown.get(name))
                for name, part in seen.items()
                if name != "primary_ipv4_address"
            )
        case list():
            return len(seen) == len(shown) and all(map(agrees, seen, shown))
        case _:
            return bool(seen == shown)


@pytest.fixture
def mixed(clock: ManualClock) -> Emulator:
    return Emulator(build_world("mixed-fleet", clock=clock))


@pytest.fixture
def inside(app: Emulator) -> Inside:
    return Inside(app, the_server(app.world, "web-2"))


def test_the_instance_has_the_printed_shape(inside: Inside) -> None:
    body = inside.find("/instance")
    assert list(lacks(PRINTED, body)) == []
    assert list(lacks(ADDED, body)) == []
    assert body["metadata_service"] == {
        "enabled": True,
        "protocol": "http",
        "response_hop_limit": 1,
    }


def test_the_comparison_itself_finds_what_is_missing() -> None:
    assert list(lacks(PRINTED["image"], {"crn": 1, "id": "x"})) == [".crn", ".name"]
    assert list(lacks([{"id": str}], [])) == [""]
    assert not agrees({"a": [{"b": 1}]}, {"a": [{"b": 2}]})
    assert agrees({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}], "d": 3})


KINDS = (
    "web-2",
    "gpu-1",
    "pinned-1",
    "spread-1",
    "reserved-1",
    "spot-1",
    "scratch-1",
    "vault-1",
    "frontend-1",
)


@pytest.mark.parametrize("name", KINDS)
def test_it_says_what_the_vpc_api_says_and_less(mixed: Emulator, name: str) -> None:
    server = the_instance(mixed.world, name)
    inside, outside = Inside(mixed, server), Caller(mixed, server.zone.region)
    seen, shown = inside.find("/instance"), outside.find(f"/instances/{server.id}")
    assert agrees(seen, shown)
    assert "href" not in names(seen)
    assert not {"resource_group", "threads_per_core"} & seen.keys()
    given = inside.find("/instance/initialization")
    assert agrees(
        [{k: v for k, v in key.items() if k != "resource_type"} for key in given["keys"]],
        outside.find(f"/instances/{server.id}/initialization")["keys"],
    )


@pytest.mark.parametrize("path", COLLECTIONS)
@pytest.mark.parametrize("name", ["web-2", "spread-1"])
def test_members_are_listed_and_read_by_their_ids(mixed: Emulator, name: str, path: str) -> None:
    inside = Inside(mixed, the_instance(mixed.world, name))
    listed = inside.find(path)[path.rpartition("/")[2]]
    model = inspect.signature(getattr(vpc_v1, COLLECTIONS[path]).__init__).parameters
    for member in listed:
        assert inside.find(f"{path}/{member['id']}") == member
        assert "href" not in names(member)
        assert member.keys() <= model.keys() | {"primary_ipv4_address", "resource_type"}
    unknown = inside.ask(f"{path}/0000-none")
    assert error_of(unknown) == (404, [("not_found", "id")])
    impossible = inside.ask(f"{path}/No%20Id")
    assert error_of(impossible) == (404, [("invalid_value", "id")])


def test_what_the_instance_refers_to_is_there(mixed: Emulator) -> None:
    inside = Inside(mixed, the_instance(mixed.world, "spread-1"))
    body = inside.find("/instance")
    for name in ("network_interfaces", "network_attachments", "volume_attachments"):
        listed = inside.find(f"/instance/{name}")[name]
        assert listed
        assert agrees([_named(one) for one in body[name]], listed)
    (attachment,) = body["network_attachments"]
    (virtual,) = inside.find("/virtual_network_interfaces")["virtual_network_interfaces"]
    assert agrees(attachment["virtual_network_interface"], virtual)
    assert virtual["target"]["id"] == attachment["id"]
    (key,) = inside.find("/instance/initialization")["keys"]
    assert agrees(key, inside.find(f"/keys/{key['id']}"))
    (group,) = inside.find("/placement_groups")["placement_groups"]
    assert agrees(body["placement_target"], group)
    (interface,) = inside.find("/instance/network_interfaces")["network_interfaces"]
    assert interface["primary_ipv4_address"] == interface["primary_ip"]["address"]
    volume = f"/instance/volume_attachment/{body['boot_volume_attachment']['id']}"
    assert inside.find(volume)["type"] == "boot"


def _named(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in ("id", "name")}


def test_an_instance_without_a_placement_group_lists_none(inside: Inside) -> None:
    assert inside.find("/placement_groups", limit="7") == {
        "first": {"href": "http://169.254.169.254/v1/placement_groups?limit=7"},
        "limit": 7,
        "placement_groups": [],
        "total_count": 0,
    }


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many", "", "²"])
def test_a_limit_is_one_to_a_hundred(inside: Inside, limit: str) -> None:
    answer = inside.ask("/placement_groups", limit=limit)
    assert error_of(answer) == (400, [("invalid_value", "limit")])


def test_there_is_no_second_page(inside: Inside) -> None:
    answer = inside.ask("/placement_groups", start="x")
    assert error_of(answer) == (400, [("invalid_value", "start")])


def test_user_data_and_the_default_profile_are_read_at_initialization(clock: ManualClock) -> None:
    world = build_world("empty", clock=clock)
    member, profile = _member(world, "#cloud-config\n")
    app = Emulator(world)
    given = Inside(app, member).find("/instance/initialization")
    assert given["user_data"] == "#cloud-config\n"
    assert given["default_trusted_profile"]["target"]["id"] == profile.id
    assert list(lacks({"keys": [KEY], "password": {"encrypted_password": str}}, given)) == []
    shown = Caller(app).find(f"/instances/{member.id}/initialization")
    assert "user_data" not in shown
    assert agrees(given["default_trusted_profile"], shown["default_trusted_profile"])


def _member(world: World, user_data: str) -> tuple[Instance, TrustedProfile]:
    fleet = Fleet(world)
    vpc = fleet.vpc("us-south", "one")
    template = fleet.instance_template(vpc, "worker", user_data=user_data)
    group = fleet.instance_group(vpc, "workers", template)
    member = fleet.instance(vpc, "worker-1", HTTP, instance_group=group)
    profile = world.trust.add_profile("reader", "", created_at=world.now())
    fleet.default_profile(member, profile)
    return member, profile


@pytest.mark.parametrize("name", ["web-2", "worker-1"])
def test_a_server_made_without_user_data_has_none(app: Emulator, name: str) -> None:
    given = Inside(app, the_server(app.world, name)).find("/instance/initialization")
    assert given.keys() == {"keys", "password"}


def test_changes_are_seen_at_once(inside: Inside) -> None:
    assert inside.find("/instance")["metadata_service"]["response_hop_limit"] == 1
    inside.app.world.change_metadata_service(inside.server, response_hop_limit=2)
    assert inside.find("/instance")["metadata_service"]["response_hop_limit"] == 2


PATHS = ("/instance", "/instance/initialization", *COLLECTIONS)


@pytest.mark.parametrize("path", [*PATHS, "/keys/x"])
def test_nothing_is_read_without_a_token_of_this_server(
    app: Emulator, clock: ManualClock, path: str
) -> None:
    inside = Inside(app, the_server(app.world, "web-2"))
    other = Inside(app, the_server(app.world, "web-4"))
    expired = inside.token(expires_in=5)
    clock.advance(timedelta(seconds=5))
    iam = app.world.iam.issue_token().text
    for header in (
        {},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {inside.token()}"},
        {"Authorization": f"Bearer {inside.token()}x"},
        {"Authorization": f"Bearer {other.token()}"},
        {"Authorization": f"Bearer {expired}"},
        {"Authorization": f"Bearer {iam}"},
    ):
        answer = inside.call("GET", f"/metadata/v1{path}", headers=header)
        assert error_of(answer) == (401, [("unauthenticated", "Authorization")])


def test_requests_are_logged_without_tokens(inside: Inside) -> None:
    token = inside.token()
    headers = {**FLAVOR, "Authorization": f"Bearer {token}"}
    inside.call("GET", "/metadata/v1/instance", headers=headers)
    inside.call("GET", "/metadata/v1/keys", headers=headers, query={"token": token})
    inside.call("PUT", TOKEN, headers=headers, json={"nonce": token})
    inside.call("POST", "/identity/v1/iam_tokens", headers=headers, data=f"cr_token={token}")
    kept = inside.client.get("/_emulator/requests")
    assert token not in kept.text
    assert token.partition(".")[2] not in kept.text
    assert "Bearer" not in kept.text
    requests = body_of(kept)["requests"]
    assert [one["operation"] for one in requests] == [
        "create_access_token",
        "metadata.get_instance",
        "metadata.list_keys",
        "create_access_token",
        "create_iam_token",
    ]
    assert requests[1]["query"] == f"version={TODAY}"
    assert requests[3]["body"] == '{"nonce": "<redacted>"}'
