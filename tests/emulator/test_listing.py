from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.caller import Caller, error_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.vpc.catalog import REGIONS


def names(body: dict[str, Any], collection: str = "instances") -> list[str]:
    return [item["name"] for item in body[collection]]


def test_a_first_page_of_a_short_list_has_no_next(caller: Caller) -> None:
    body = caller.find("/instances")
    assert {key: body[key] for key in body if key != "instances"} == {
        "first": {"href": "https://us-south.iaas.cloud.ibm.com/v1/instances?limit=50"},
        "limit": 50,
        "total_count": 16,
    }
    assert names(body)[:5] == ["web-1", "web-2", "web-3", "web-4", "web-5"]


def test_next_holds_the_limit_and_the_start_and_neither_version_nor_filters(
    caller: Caller,
) -> None:
    body = caller.find("/instances", limit=2, **{"vpc.name": "prod"})
    following = caller.path_of("web-3").removeprefix("/instances/")
    href = f"https://us-south.iaas.cloud.ibm.com/v1/instances?limit=2&start={following}"
    assert body["next"] == {"href": href}
    assert body["total_count"] == 12
    assert names(caller.find("/instances", limit=1, start=following)) == ["web-3"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(limit=st.integers(1, 100))
def test_pages_of_any_limit_add_up_to_the_whole(fleet: Caller, limit: int) -> None:
    whole = names(fleet.find("/instances", limit=100))
    pages: list[str] = []
    query: dict[str, str] = {}
    while True:
        body = fleet.find("/instances", limit=limit, **query)
        pages += names(body)
        if "next" not in body:
            break
        query = {"start": body["next"]["href"].partition("start=")[2]}
    assert pages == whole


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("0", "validation_min_value"),
        ("-3", "validation_min_value"),
        ("101", "validation_max_value"),
        ("many", "validation_invalid_field_type"),
        ("1.5", "validation_invalid_field_type"),
        ("", "validation_invalid_field_type"),
    ],
)
def test_a_limit_outside_1_to_100_is_refused(caller: Caller, limit: str, code: str) -> None:
    assert error_of(caller.get("/instances", limit=limit)) == (400, [(code, "limit")])


def test_a_start_no_page_gave_is_refused(caller: Caller) -> None:
    assert error_of(caller.get("/vpcs", start="elsewhere")) == (400, [("bad_field", "start")])


def test_a_start_outside_the_filtered_list_is_refused(caller: Caller) -> None:
    web = caller.path_of("web-1").removeprefix("/instances/")
    answer = caller.get("/instances", start=web, **{"vpc.name": "lab"})
    assert error_of(answer) == (400, [("bad_field", "start")])


def test_a_parameter_the_operation_does_not_have_is_refused(caller: Caller) -> None:
    assert error_of(caller.get("/instances", status="running")) == (400, [("bad_field", "status")])
    answer = caller.get("/bare_metal_servers", **{"availability.class": "spot"})
    assert error_of(answer) == (400, [("bad_field", "availability.class")])


def test_a_parameter_given_twice_is_refused(caller: Caller) -> None:
    answer = caller.client.get(
        "/vpc/us-south/v1/instances?version=2026-10-06&generation=2&name=a&name=b",
        headers=caller.headers,
    )
    assert error_of(answer) == (400, [("bad_field", "name")])


INSTANCE_FILTERS = {
    "name": ("name", "pinned-1"),
    "availability.class": ("availability.class", "spot-1"),
    "cluster_network.id": ("cluster_network.id", "gpu-1"),
    "cluster_network.crn": ("cluster_network.crn", "gpu-1"),
    "cluster_network.name": ("cluster_network.name", "gpu-1"),
    "dedicated_host.id": ("dedicated_host.id", "pinned-1"),
    "dedicated_host.crn": ("dedicated_host.crn", "pinned-1"),
    "dedicated_host.name": ("dedicated_host.name", "pinned-1"),
    "placement_group.id": ("placement_target.id", "spread-1"),
    "placement_group.crn": ("placement_target.crn", "spread-1"),
    "placement_group.name": ("placement_target.name", "spread-1"),
    "reservation_affinity.policy": ("reservation_affinity.policy", "reserved-1"),
    "reservation.id": ("reservation.id", "reserved-1"),
    "reservation.crn": ("reservation.crn", "reserved-1"),
    "reservation.name": ("reservation.name", "reserved-1"),
}


def value_at(body: dict[str, Any], path: str) -> str:
    value: Any = body
    for key in path.split("."):
        value = value[key]
    return str(value)


@pytest.mark.parametrize("name", INSTANCE_FILTERS)
def test_an_instance_filter_selects_the_one_that_has_the_value(fleet: Caller, name: str) -> None:
    path, server = INSTANCE_FILTERS[name]
    value = value_at(fleet.find(fleet.path_of(server)), path)
    assert names(fleet.find("/instances", **{name: value})) == [server]


@pytest.mark.parametrize(
    ("name", "server"),
    [
        ("resource_group.id", "web-1"),
        ("vpc.id", "web-1"),
        ("vpc.crn", "web-1"),
        ("vpc.name", "web-1"),
        ("instance_group_membership.instance_group.id", "frontend-1"),
        ("instance_group_membership.instance_group.crn", "frontend-1"),
    ],
)
def test_a_filter_selects_all_that_have_the_value(fleet: Caller, name: str, server: str) -> None:
    everything = fleet.find("/instances", limit=100)["instances"]
    value = value_at(fleet.find(fleet.path_of(server)), name)
    expected = [item["name"] for item in everything if name_or_none(item, name) == value]
    assert 0 < len(expected) < len(everything)
    assert names(fleet.find("/instances", limit=100, **{name: value})) == expected


def name_or_none(item: dict[str, Any], path: str) -> str | None:
    try:
        return value_at(item, path)
    except KeyError:
        return None


@pytest.mark.parametrize("name", ["name", "resource_group.id", "vpc.id", "vpc.crn", "vpc.name"])
def test_bare_metal_filters_select_what_has_the_value(fleet: Caller, name: str) -> None:
    everything = fleet.find("/bare_metal_servers")["bare_metal_servers"]
    value = value_at(everything[0], name)
    expected = [item["name"] for item in everything if value_at(item, name) == value]
    found = fleet.find("/bare_metal_servers", **{name: value})
    assert names(found, "bare_metal_servers") == expected
    assert expected != names({"instances": everything})


def test_filters_must_all_match(fleet: Caller) -> None:
    assert names(fleet.find("/instances", **{"vpc.name": "prod", "name": "web-1"})) == ["web-1"]
    assert names(fleet.find("/instances", **{"vpc.name": "staging", "name": "web-1"})) == []


def test_vpcs_are_filtered_by_resource_group_and_classic_access(fleet: Caller) -> None:
    staging = fleet.app.world.find_servers("api-staging-01")[0]
    group = staging.filter_value("resource_group.id")
    assert names(fleet.find("/vpcs", **{"resource_group.id": group}), "vpcs") == ["staging"]
    assert names(fleet.find("/vpcs", classic_access="true"), "vpcs") == []
    assert names(fleet.find("/vpcs", classic_access="false"), "vpcs") == ["prod", "staging"]


def test_a_renamed_server_is_found_by_its_new_name_alone(caller: Caller) -> None:
    assert names(caller.find("/instances", name="web-1")) == ["web-1"]
    assert caller.patch(caller.path_of("web-1"), {"name": "front"}).status_code == 200
    assert names(caller.find("/instances", name="web-1")) == []
    assert names(caller.find("/instances", name="front")) == ["front"]


def test_an_empty_region_lists_nothing(app: Emulator) -> None:
    body = Caller(app, "br-sao").find("/instances")
    assert body["instances"] == []
    assert body["total_count"] == 0
    assert "next" not in body


def test_all_13_regions_are_there_with_the_platforms_endpoints(caller: Caller) -> None:
    regions = caller.find("/regions")["regions"]
    assert [region["name"] for region in regions] == list(REGIONS)
    assert regions[0] == {
        "endpoint": "https://us-south.iaas.cloud.ibm.com",
        "href": "https://us-south.iaas.cloud.ibm.com/v1/regions/us-south",
        "name": "us-south",
        "status": "available",
    }
    assert error_of(caller.get("/regions/atlantis")) == (404, [("not_found", "name")])


def test_a_region_can_be_unavailable(caller: Caller) -> None:
    caller.app.world.regions["eu-de"].status = "unavailable"
    assert caller.find("/regions/eu-de")["status"] == "unavailable"


def test_more_filters_than_are_remembered_still_answer() -> None:
    caller = Caller(Emulator(build_world("large:90,vpcs=9", clock=ManualClock())))
    for number in range(90):
        name = f"node-{number:06d}"
        assert names(caller.find("/instances", name=name)) == [name]
