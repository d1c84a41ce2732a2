"""Links: what may be linked, once, and what takes links away."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.emulator.caller import body_of
from tests.emulator.trust_caller import TrustCaller, refusal_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.iam.trust import Limits
from vpcmetactl.emulator.loading import load_recorded
from vpcmetactl.emulator.scenarios import build_world


@pytest.fixture
def trust(clock: ManualClock) -> TrustCaller:
    return TrustCaller(Emulator(build_world("trusted-fleet", clock=clock)))


def vsi(crn: str, **more: object) -> dict[str, Any]:
    return {"cr_type": "VSI", "link": {"crn": crn}, **more}


def test_a_link_is_made_shown_listed_and_deleted(trust: TrustCaller) -> None:
    path, crn = trust.new_profile(), trust.crn_of("db-3")
    answer = trust.call("POST", f"{path}/links", vsi(crn, name="nightly"))
    made = body_of(answer)
    assert (answer.status_code, answer.headers["ETag"]) == (201, made["entity_tag"])
    assert made == {
        "id": made["id"],
        "entity_tag": made["entity_tag"],
        "created_at": "2026-11-21T12:00+0000",
        "modified_at": "2026-11-21T12:00+0000",
        "name": "nightly",
        "cr_type": "VSI",
        "link": {"crn": crn},
    }
    assert trust.find(f"{path}/links") == {"links": [made]}
    assert trust.find(f"{path}/links/{made['id']}") == made
    gone = trust.call("DELETE", f"{path}/links/{made['id']}")
    assert (gone.status_code, gone.data) == (204, b"")
    assert "Content-Type" not in gone.headers
    assert trust.find(f"{path}/links") == {"links": []}
    for method in ("GET", "DELETE"):
        answer = trust.call(method, f"{path}/links/{made['id']}")
        assert refusal_of(answer) == (404, "not_found")


def test_a_compute_resource_is_linked_once_whatever_the_name(trust: TrustCaller) -> None:
    path = trust.path_of("backup-writer")
    again = trust.call("POST", f"{path}/links", vsi(trust.crn_of("db-1"), name="another"))
    assert refusal_of(again) == (409, "conflict")
    assert len(trust.find(f"{path}/links")["links"]) == 3
    trust.make(f"{trust.new_profile()}/links", vsi(trust.crn_of("db-1")))


def test_bare_metal_is_linked_as_bare_metal(trust: TrustCaller) -> None:
    path, crn = trust.new_profile(), trust.crn_of("metal-2")
    assert trust.make(f"{path}/links", vsi(crn, cr_type="BMS"))["cr_type"] == "BMS"
    assert refusal_of(trust.call("POST", f"{path}/links", vsi(crn))) == (400, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"cr_type": "VSI"},
        {"cr_type": "VSI", "link": {}},
        {"cr_type": "TPU", "link": {"crn": "{crn}"}},
        {"cr_type": "VSI", "link": {"crn": "{crn}", "colour": "red"}},
        {"cr_type": "VSI", "link": {"crn": "not a crn"}},
        {"cr_type": "VSI", "link": {"crn": "crn:v1:bluemix:public:is:us-south:::vpc:x"}},
        {"cr_type": "BMS", "link": {"crn": "{crn}"}},
        {"cr_type": "IKS_SA", "link": {"crn": "{crn}"}},
        {"cr_type": "CE", "link": {"crn": "{crn}", "component_type": "job"}},
        {"cr_type": "VSI", "link": {"crn": "{crn}"}, "name": 3},
        {"cr_type": "VSI", "link": {"crn": "{crn}"}, "is_cross_account": "yes"},
    ],
)
def test_what_cannot_be_linked_is_refused(trust: TrustCaller, body: dict[str, Any]) -> None:
    if body.get("link", {}).get("crn") == "{crn}":
        body = {**body, "link": {**body["link"], "crn": trust.crn_of("web-1")}}
    path = trust.new_profile()
    answer = trust.call("POST", f"{path}/links", body)
    assert refusal_of(answer) == (400, "invalid_request")
    assert trust.find(f"{path}/links") == {"links": []}


def test_a_server_of_another_account_is_linked_only_when_that_is_said(trust: TrustCaller) -> None:
    path, crn = trust.new_profile(), trust.crn_of("web-1").replace(trust.account, "f" * 32)
    answer = trust.call("POST", f"{path}/links", vsi(crn))
    assert refusal_of(answer) == (400, "invalid_request")
    no = trust.call("POST", f"{path}/links", vsi(crn, is_cross_account=False))
    assert refusal_of(no) == (400, "invalid_request")
    assert trust.make(f"{path}/links", vsi(crn, is_cross_account=True))["is_cross_account"] is True


def test_a_link_is_deleted_by_what_it_links(trust: TrustCaller) -> None:
    path, crn = trust.path_of("backup-writer"), trust.crn_of("db-1")

    def delete(**query: str) -> TestResponse:
        return trust.call("DELETE", f"{path}/links", query=query)

    assert refusal_of(delete(crn=crn)) == (400, "invalid_request")
    assert refusal_of(delete(type="VSI")) == (404, "not_found")
    assert refusal_of(delete(type="BMS", crn=crn)) == (404, "not_found")
    assert delete(type="VSI", crn=crn).status_code == 204
    assert refusal_of(delete(type="VSI", crn=crn)) == (404, "not_found")
    assert len(trust.find(f"{path}/links")["links"]) == 2


def test_a_link_of_a_cluster_is_told_by_namespace_and_name(trust: TrustCaller) -> None:
    path = trust.path_of("cluster-agent")
    pod = next(x for x in trust.find(f"{path}/links")["links"] if x["cr_type"] == "IKS_SA")
    query = {"type": "IKS_SA", "crn": pod["link"]["crn"]}
    assert trust.call("DELETE", f"{path}/links", query=query).status_code == 404
    other = {"cr_type": "IKS_SA", "link": {**pod["link"], "name": "other"}}
    trust.make(f"{path}/links", other)
    query = {"type": "IKS_SA", **pod["link"]}
    assert trust.call("DELETE", f"{path}/links", query=query).status_code == 204


def test_the_links_of_a_deleted_server_go_with_it(trust: TrustCaller) -> None:
    world, crn = trust.app.world, trust.crn_of("db-1")
    assert {profile.name for profile, _ in world.trust.links_to(crn)} == {"backup-writer", "admin"}
    (server,) = world.find_servers("db-1")
    world.delete(server)
    assert list(world.trust.links_to(crn)) == []
    assert len(trust.find(f"{trust.path_of('backup-writer')}/links")["links"]) == 2


def test_the_links_of_a_recorded_server_go_with_it() -> None:
    world = build_world("empty", clock=ManualClock())
    crn = f"crn:v1:bluemix:public:is:us-south-1:a/{world.account_id}::instance:0717_x"
    content = b'{"instances": [{"id": "0717_x", "name": "x", "zone": {"name": "us-south-1"}, "crn":'
    load_recorded(world, content + f' "{crn}"}}]}}'.encode(), "x.json")
    world.trust.add_link(world.trust.add_profile("p"), "VSI", {"crn": crn})
    (server,) = world.find_servers("x")
    world.delete(server)
    assert list(world.trust.links_to(crn)) == []


def test_the_links_of_a_deleted_profile_go_with_it(trust: TrustCaller) -> None:
    path = trust.path_of("backup-writer")
    assert trust.call("DELETE", path).status_code == 204
    assert refusal_of(trust.get(f"{path}/links")) == (404, "not_found")


def test_links_are_limited_for_a_profile_and_for_the_account(trust: TrustCaller) -> None:
    path, state = trust.new_profile(), trust.app.world.trust
    links = sum(len(profile.links) for profile in state.profiles.values())
    state.limits = Limits(links_per_profile=1)
    trust.make(f"{path}/links", vsi(trust.crn_of("web-1")))
    second = trust.call("POST", f"{path}/links", vsi(trust.crn_of("web-2")))
    assert refusal_of(second) == (400, "invalid_request")
    state.limits = Limits(links=links + 1)
    assert refusal_of(trust.call("POST", f"{path}/links", vsi(trust.crn_of("web-2"))))[0] == 400
    state.limits = Limits(links=links + 2)
    trust.make(f"{path}/links", vsi(trust.crn_of("web-2")))
