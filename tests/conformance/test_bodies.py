"""Every body the emulator makes passes IBM's strict model of it and holds nothing else."""

import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.conformance.models import faults
from tests.emulator.caller import Caller, body_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.vpc.catalog import REGIONS

MINUTE = timedelta(minutes=1)

COLLECTIONS = {
    "instances": "InstanceCollection",
    "bare_metal_servers": "BareMetalServerCollection",
    "vpcs": "VPCCollection",
    "instance_groups": "InstanceGroupCollection",
}
TEMPLATE = (
    "InstanceTemplateInstanceByImageInstanceTemplateContextInstanceByImageInstanceTemplateContext"
    "InstanceByNetworkAttachment"
)

USER_ACCOUNT = (
    "BareMetalServerInitializationUserAccountBareMetalServerInitializationHostUserAccount"
)


@pytest.fixture(params=["demo", "mixed-fleet", "trusted-fleet", "restarts", "large:30+12x2,vpcs=3"])
def app(request: pytest.FixtureRequest) -> Emulator:
    return Emulator(build_world(request.param, clock=ManualClock()))


def test_the_comparison_itself_finds_what_is_missing_and_what_is_unknown() -> None:
    caller = Caller(Emulator(build_world("demo", clock=ManualClock())))
    body = caller.find(caller.path_of("metal-1"))
    body["boot_target"]["speed"] = 1
    body["vpc"]["colour"] = "red"
    assert sorted(faults("BareMetalServer", body)) == [
        "BareMetalServer.boot_target.speed: unknown to the model",
        "BareMetalServer.vpc.colour: unknown to the model",
    ]
    del body["zone"]["name"]
    with pytest.raises(ValueError, match="'name' not present in ZoneReference"):
        faults("BareMetalServer", body)


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_every_page_of_every_collection_is_strict(app: Emulator, collection: str) -> None:
    for region in REGIONS:
        for body in _pages(Caller(app, region), collection):
            assert faults(COLLECTIONS[collection], body) == []


def test_every_single_server_is_strict(app: Emulator) -> None:
    for region in REGIONS:
        caller = Caller(app, region)
        for instance in app.world.regions[region].instances:
            assert faults("Instance", caller.find(f"/instances/{instance.id}")) == []
        for server in app.world.regions[region].bare_metal_servers:
            body = caller.find(f"/bare_metal_servers/{server.id}")
            assert faults("BareMetalServer", body) == []


def test_every_initialization_is_strict(app: Emulator) -> None:
    for region in REGIONS:
        caller = Caller(app, region)
        for instance in app.world.regions[region].instances:
            body = caller.find(f"/instances/{instance.id}/initialization")
            assert _passwords_apart("InstanceInitialization", body) == []
        for server in app.world.regions[region].bare_metal_servers:
            body = caller.find(f"/bare_metal_servers/{server.id}/initialization")
            assert _passwords_apart("BareMetalServerInitialization", body) == []
            (account,) = body["user_accounts"]
            assert _passwords_apart(USER_ACCOUNT, account) == []


def _passwords_apart(model: str, body: dict[str, Any]) -> list[str]:
    """What is wrong with a body; IBM's models decode passwords and do not encode them again."""
    return [fault for fault in faults(model, body) if ".encrypted_password: " not in fault]


def test_every_boot_volume_is_strict_and_is_the_one_its_instance_names(app: Emulator) -> None:
    for region in REGIONS:
        caller = Caller(app, region)
        for instance in caller.find("/instances", limit=100)["instances"]:
            reference = instance["boot_volume_attachment"]["volume"]
            volume = caller.find(f"/volumes/{reference['id']}")
            assert faults("Volume", volume) == []
            assert {key: volume[key] for key in reference} == reference


def test_every_instance_group_is_strict_and_is_the_one_its_members_name(app: Emulator) -> None:
    for region in REGIONS:
        caller = Caller(app, region)
        listed = caller.find("/instance_groups", limit=100)["instance_groups"]
        members: Counter[str] = Counter()
        for instance in caller.find("/instances", limit=100)["instances"]:
            if "instance_group_membership" in instance:
                reference = instance["instance_group_membership"]["instance_group"]
                group = caller.find(f"/instance_groups/{reference['id']}")
                assert faults("InstanceGroup", group) == []
                assert {key: group[key] for key in reference} == reference
                members[group["id"]] += 1
        assert {group["id"]: group["membership_count"] for group in listed} == dict(members)


def test_every_membership_is_strict(app: Emulator) -> None:
    for region in REGIONS:
        caller = Caller(app, region)
        for group in caller.find("/instance_groups")["instance_groups"]:
            page = caller.find(f"/instance_groups/{group['id']}/memberships")
            assert faults("InstanceGroupMembershipCollection", page) == []
            assert len(page["memberships"]) == group["membership_count"]


def test_every_template_is_strict_and_every_group_names_one(app: Emulator) -> None:
    for region in REGIONS:
        caller = Caller(app, region)
        page = caller.find("/instance/templates")
        assert faults("InstanceTemplateCollection", page) == []
        templates = {template["id"]: template for template in page["templates"]}
        for identifier, template in templates.items():
            assert faults(TEMPLATE, template) == []
            assert caller.find(f"/instance/templates/{identifier}") == template
        for group in caller.find("/instance_groups")["instance_groups"]:
            reference = group["instance_template"]
            named = templates[reference["id"]]
            assert {key: named[key] for key in reference} == reference


def test_regions_are_strict(app: Emulator) -> None:
    caller = Caller(app)
    regions = caller.find("/regions")
    assert faults("RegionCollection", regions) == []
    for region in regions["regions"]:
        assert faults("Region", region) == []
        assert caller.find(f"/regions/{region['name']}") == region


@pytest.mark.parametrize("action", ["stop", "reboot"])
def test_what_an_action_answers_is_strict(action: str) -> None:
    caller = Caller(Emulator(build_world("demo", clock=ManualClock())))
    answer = caller.post(f"{caller.path_of('web-1')}/actions", {"type": action})
    assert faults("InstanceAction", body_of(answer)) == []


def test_what_a_patch_answers_is_strict() -> None:
    caller = Caller(Emulator(build_world("demo", clock=ManualClock())))
    patch = {"metadata_service": {"enabled": True}}
    for name, model in (("web-1", "Instance"), ("metal-1", "BareMetalServer")):
        assert faults(model, body_of(caller.patch(caller.path_of(name), patch))) == []


def test_a_server_is_strict_in_every_status_it_walks_through() -> None:
    clock = ManualClock()
    caller = Caller(Emulator(build_world("demo", clock=clock)))
    path = caller.path_of("web-1")
    seen = []
    for action in ("stop", "start", "reboot"):
        caller.post(f"{path}/actions", {"type": action})
        for _ in range(2):
            body = caller.find(path)
            assert faults("Instance", body) == []
            seen.append(body["status"])
            clock.advance(MINUTE)
    assert seen == ["stopping", "stopped", "starting", "running", "restarting", "running"]


def test_an_instance_is_as_large_as_a_real_one() -> None:
    caller = Caller(Emulator(build_world("large:100", clock=ManualClock())))
    assert 600_000 < len(caller.get("/instances", limit=100).data) < 900_000


@pytest.mark.parametrize("version", [None, "soon"])
def test_errors_have_the_envelope_of_the_documents(version: str | None) -> None:
    caller = Caller(Emulator(build_world("empty", clock=ManualClock())))
    body = body_of(caller.call("GET", "/instances", query={"version": version}))
    assert body.keys() == {"errors", "trace"}
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["trace"])
    (error,) = body["errors"]
    assert error.keys() == {"code", "message", "target"}
    assert error["target"] == {"name": "version", "type": "parameter"}


def _pages(caller: Caller, collection: str) -> list[dict[str, Any]]:
    pages, start = [], None
    while True:
        query: dict[str, str] = {"start": start} if start else {}
        pages.append(caller.find(f"/{collection}", limit=7, **query))
        if "next" not in pages[-1]:
            return pages
        start = pages[-1]["next"]["href"].partition("start=")[2]
