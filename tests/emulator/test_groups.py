"""Instance groups, and the templates they make members from."""

import pytest

from tests.emulator.caller import Caller, error_of


def test_the_group_of_the_demo_makes_members_with_the_service_on_and_the_rest_left_open(
    caller: Caller,
) -> None:
    [group] = caller.find("/instance_groups")["instance_groups"]
    template = caller.find(f"/instance/templates/{group['instance_template']['id']}")
    assert (group["name"], group["membership_count"]) == ("workers", 4)
    assert (template["name"], template["metadata_service"]) == ("worker", {"enabled": True})


def test_a_template_may_say_nothing_of_the_service(fleet: Caller) -> None:
    templates = fleet.find("/instance/templates")["templates"]
    assert {template["name"]: template.get("metadata_service") for template in templates} == {
        "frontend": None,
        "frontend-hardened": {"enabled": True, "protocol": "https"},
    }
    [group] = fleet.find("/instance_groups")["instance_groups"]
    assert (group["instance_template"]["name"], group["membership_count"]) == ("frontend", 6)


def test_templates_come_on_one_page(caller: Caller) -> None:
    page = caller.find("/instance/templates")
    assert {key: page[key] for key in page if key != "templates"} == {
        "first": {"href": "https://us-south.iaas.cloud.ibm.com/v1/instance/templates?limit=50"},
        "limit": 50,
        "total_count": 1,
    }
    refused = error_of(caller.get("/instance/templates", start="x"))
    assert refused == (400, [("bad_field", "start")])


@pytest.mark.parametrize("path", ["/instance_groups", "/instance/templates"])
def test_what_is_of_another_region_is_not_found(
    caller: Caller, frankfurt: Caller, path: str
) -> None:
    items = caller.find(path)
    [item] = items.get("templates") or items["instance_groups"]
    assert error_of(frankfurt.get(f"{path}/{item['id']}")) == (404, [("not_found", "id")])


def test_a_member_that_is_gone_is_not_counted(caller: Caller) -> None:
    world = caller.app.world
    [member] = world.find_servers("worker-1")
    world.delete(member)
    [group] = caller.find("/instance_groups")["instance_groups"]
    assert group["membership_count"] == 3


def test_groups_are_there_again_after_a_reset(caller: Caller) -> None:
    before = caller.find("/instance_groups")
    caller.app.world.reset()
    caller.headers["Authorization"] = f"Bearer {caller.app.world.iam.issue_token().text}"
    assert caller.find("/instance_groups") == before


def test_memberships_are_those_that_the_members_name(caller: Caller) -> None:
    [group] = caller.find("/instance_groups")["instance_groups"]
    path = f"/instance_groups/{group['id']}/memberships"
    instances = {one["id"]: one for one in caller.find("/instances", limit=100)["instances"]}
    first = caller.find(path, limit=3)
    assert (first["total_count"], len(first["memberships"])) == (4, 3)
    assert f"/v1{path}?limit=3&start=" in first["next"]["href"]
    start = first["next"]["href"].partition("start=")[2]
    rest = caller.find(path, limit=3, start=start)
    memberships = first["memberships"] + rest["memberships"]
    assert "next" not in rest
    assert len({one["instance"]["id"] for one in memberships}) == 4
    for one in memberships:
        named = instances[one["instance"]["id"]]["instance_group_membership"]
        assert {key: one[key] for key in ("href", "id", "name")} == {
            key: named[key] for key in ("href", "id", "name")
        }
        assert one["instance_template"] == group["instance_template"]


def test_a_group_that_is_not_there_has_no_memberships(caller: Caller) -> None:
    refused = error_of(caller.get("/instance_groups/r006-none/memberships"))
    assert refused == (404, [("not_found", "id")])
