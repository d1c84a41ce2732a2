"""Trusted profiles themselves: listing, reading, making, changing, deleting."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulator.caller import body_of
from tests.emulator.trust_caller import TrustCaller, refusal_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.iam.trust import Limits
from vpcmetactl.emulator.scenarios import build_world


@pytest.fixture
def trust(clock: ManualClock) -> TrustCaller:
    return TrustCaller(Emulator(build_world("trusted-fleet", clock=clock)))


@settings(max_examples=40, deadline=None)
@given(count=st.integers(0, 45), size=st.integers(1, 100))
def test_the_pages_of_a_listing_hold_every_profile_once_and_in_order(count: int, size: int) -> None:
    world = build_world("empty", clock=ManualClock())
    names = [f"p-{number}" for number in range(count)]
    for name in names:
        world.trust.add_profile(name)
    pages = list(TrustCaller(Emulator(world)).pages(pagesize=size))
    assert [profile["name"] for page in pages for profile in page["profiles"]] == names
    assert [page["offset"] for page in pages] == list(range(0, max(count, 1), size))
    assert {page["limit"] for page in pages} == {size}
    assert len({page["first"] for page in pages}) == 1
    assert ["previous" in page for page in pages] == [False] + [True] * (len(pages) - 1)


def test_a_page_has_twenty_profiles_unless_told_otherwise_and_a_hundred_at_most(
    trust: TrustCaller,
) -> None:
    trust.new_profile("the 21st")
    page = body_of(trust.list())
    assert (page["limit"], len(page["profiles"])) == (20, 20)
    for size in ("0", "101", "-1", "x", ""):
        assert refusal_of(trust.list(pagesize=size)) == (400, "invalid_request")


def test_one_page_back_is_the_page_before(trust: TrustCaller) -> None:
    first, second, *_ = trust.pages(pagesize=3)
    _, _, token = second["previous"].partition("pagetoken=")
    back = body_of(trust.list(pagesize=3, pagetoken=token.replace("%3D", "=")))
    assert back == first


@pytest.mark.parametrize("token", ["", "x", "b2Zmc2V0Oi0x", "12"])
def test_a_token_no_page_gave_is_refused(trust: TrustCaller, token: str) -> None:
    assert refusal_of(trust.list(pagetoken=token)) == (400, "invalid_request")


def test_profiles_are_found_by_name_and_sorted(trust: TrustCaller) -> None:
    (found,) = body_of(trust.list(name="admin"))["profiles"]
    assert found["name"] == "admin"
    assert body_of(trust.list(name="nobody"))["profiles"] == []
    names = [item["name"] for item in body_of(trust.list(sort="name"))["profiles"]]
    assert names == sorted(names)
    assert [i["name"] for i in body_of(trust.list(sort="name", order="desc"))["profiles"]] == (
        sorted(names, reverse=True)
    )
    assert refusal_of(trust.list(sort="colour")) == (400, "invalid_request")
    assert refusal_of(trust.list(order="up")) == (400, "invalid_request")


def test_listing_needs_the_account_and_only_the_tokens_own(trust: TrustCaller) -> None:
    assert refusal_of(trust.get("/profiles")) == (400, "invalid_request")
    assert refusal_of(trust.get("/profiles", account_id="f" * 32)) == (403, "not_authorized")
    assert refusal_of(trust.list(filter="name co x")) == (501, "not_emulated")
    assert refusal_of(trust.list(colour="red")) == (400, "invalid_request")


def test_a_profile_is_shown_as_it_is_listed(trust: TrustCaller) -> None:
    listed = {item["id"]: item for item in body_of(trust.list(pagesize=100))["profiles"]}
    for identifier, item in listed.items():
        answer = trust.get(f"/profiles/{identifier}")
        assert body_of(answer) == item
        assert answer.headers["ETag"] == item["entity_tag"]
    (managed,) = (item for item in listed.values() if "template_id" in item)
    assert managed["name"] == "enterprise-audit"
    assert managed["created_at"] == "2026-05-05T12:00+0000"
    shown = trust.find(trust.path_of("admin"), include_activity="true")
    assert shown["activity"] == {"authn_count": 0}
    assert refusal_of(trust.get("/profiles/Profile-x")) == (404, "not_found")


def test_a_profile_is_made_changed_and_deleted(trust: TrustCaller, clock: ManualClock) -> None:
    sent = {"name": "new", "account_id": trust.account, "description": "d", "email": "a@b.example"}
    made = trust.make("/profiles", sent)
    assert made == {
        "id": made["id"],
        "entity_tag": made["entity_tag"],
        "crn": f"crn:v1:bluemix:public:iam-identity::a/{trust.account}::profile:{made['id']}",
        "created_at": "2026-11-21T12:00+0000",
        "modified_at": "2026-11-21T12:00+0000",
        "iam_id": f"iam-{made['id']}",
        **sent,
    }
    clock.advance(timedelta(minutes=5))
    path, tag = f"/profiles/{made['id']}", made["entity_tag"]
    changes = {"name": "newer", "description": "", "email": "c@d.example"}
    changed = body_of(trust.call("PUT", path, changes, headers={"If-Match": tag}))
    assert (changed["name"], changed["email"]) == ("newer", "c@d.example")
    assert "description" not in changed
    assert changed["modified_at"] == "2026-11-21T12:05+0000"
    assert changed["entity_tag"] != tag
    stale = trust.call("PUT", path, {"name": "newest"}, headers={"If-Match": tag})
    assert refusal_of(stale) == (409, "conflict")
    assert refusal_of(trust.call("PUT", path, {"name": "newest"})) == (400, "invalid_request")
    assert trust.call("PUT", path, {}, headers={"If-Match": "*"}).status_code == 200
    gone = trust.call("DELETE", path)
    assert (gone.status_code, gone.data) == (204, b"")
    assert refusal_of(trust.call("DELETE", path)) == (404, "not_found")


def test_names_are_unique_in_an_account(trust: TrustCaller) -> None:
    sent = {"name": "admin", "account_id": trust.account}
    assert refusal_of(trust.call("POST", "/profiles", sent)) == (409, "conflict")
    path = trust.new_profile()
    taken = trust.call("PUT", path, {"name": "admin"}, headers={"If-Match": "*"})
    assert refusal_of(taken) == (409, "conflict")


@pytest.mark.parametrize(
    "change", [{"name": None}, {"name": ""}, {"name": 3}, {"colour": "red"}, {"account_id": 1}]
)
def test_a_profile_that_is_not_understood_is_not_made(
    trust: TrustCaller, change: dict[str, object]
) -> None:
    sent = {"name": "new", "account_id": trust.account, **change}
    assert refusal_of(trust.call("POST", "/profiles", sent)) == (400, "invalid_request")
    assert refusal_of(trust.call("POST", "/profiles", [])) == (400, "invalid_request")
    assert len(body_of(trust.list(pagesize=100))["profiles"]) == 20


def test_a_body_comes_as_json(trust: TrustCaller) -> None:
    answer = trust.client.post("/iam/v1/profiles", data="name=x", headers=trust.headers)
    assert refusal_of(answer) == (415, "invalid_request")


def test_an_account_has_two_thousand_profiles_at_most(trust: TrustCaller) -> None:
    assert Limits().profiles == 2_000
    trust.app.world.trust.limits = Limits(profiles=21)
    trust.new_profile("the 21st")
    refused = trust.call("POST", "/profiles", {"name": "the 22nd", "account_id": trust.account})
    assert refusal_of(refused) == (400, "invalid_request")


def test_the_limits_tell_what_is_used_where_it_is_asked(trust: TrustCaller) -> None:
    path = f"/accounts/{trust.account}/limits/identity"
    assert trust.find(path) == {
        "profiles": {"limit": 2000},
        "cr_links": {"limit": 40000},
        "cr_rules": {"limit": 40000},
        "cr_links_per_profile": {"limit": 400},
        "cr_rules_per_profile": {"limit": 20},
    }
    backup, admin = (trust.app.world.trust.profile(name).id for name in ("backup-writer", "admin"))
    used = trust.find(
        path,
        profiles="true",
        cr_links="true",
        cr_rules="false",
        cr_links_per_profile=f"{backup},{admin},Profile-x",
        cr_rules_per_profile=admin,
    )
    assert used == {
        "profiles": {"limit": 2000, "count": 20},
        "cr_links": {"limit": 40000, "count": 20},
        "cr_rules": {"limit": 40000},
        "cr_links_per_profile": {
            "limit": 400,
            "profiles": [
                {"profile_id": backup, "count": 3},
                {"profile_id": admin, "count": 1},
            ],
        },
        "cr_rules_per_profile": {"limit": 20, "profiles": [{"profile_id": admin, "count": 1}]},
    }
    assert refusal_of(trust.get(path, cr_links="yes")) == (400, "invalid_request")
    assert refusal_of(trust.get(path, idps="true")) == (501, "not_emulated")
    other = trust.get(f"/accounts/{'f' * 32}/limits/identity")
    assert refusal_of(other) == (403, "not_authorized")


def test_an_api_key_is_known_by_its_value_and_tells_the_account(trust: TrustCaller) -> None:
    key = {"IAM-ApiKey": trust.app.world.api_key}
    answer = trust.call("GET", "/apikeys/details", headers=key)
    body = body_of(answer)
    assert (answer.status_code, body["account_id"]) == (200, trust.account)
    assert body["apikey"] == ""
    assert trust.app.world.api_key not in answer.text
    wrong = trust.call("GET", "/apikeys/details", headers={"IAM-ApiKey": "wrong"})
    assert refusal_of(wrong) == (404, "not_found")
    assert refusal_of(trust.get("/apikeys/details")) == (400, "invalid_request")
