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
