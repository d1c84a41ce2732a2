"""Claim rules and identities: the other two ways to a profile."""

from typing import Any

import pytest

from tests.emulator.caller import body_of
from tests.emulator.trust_caller import TrustCaller, quoted, refusal_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world

ZONE = {"claim": "zone", "operator": "EQUALS", "value": '"us-south-1"'}
RULE = {"type": "Profile-CR", "cr_type": "VSI", "conditions": [ZONE]}


@pytest.fixture
def trust(clock: ManualClock) -> TrustCaller:
    return TrustCaller(Emulator(build_world("trusted-fleet", clock=clock)))


def test_a_rule_is_made_changed_shown_and_deleted(trust: TrustCaller) -> None:
    path = trust.new_profile()
    made = trust.make(f"{path}/rules", {**RULE, "name": "first"})
    assert made == {
        "id": made["id"],
        "entity_tag": made["entity_tag"],
        "created_at": "2026-11-21T12:00+0000",
        "modified_at": "2026-11-21T12:00+0000",
        "expiration": 3600,
        "name": "first",
        **RULE,
    }
    assert trust.find(f"{path}/rules") == {"rules": [made]}
    one = f"{path}/rules/{made['id']}"
    tag = {"If-Match": made["entity_tag"]}
    changed = body_of(trust.call("PUT", one, {**RULE, "conditions": []}, headers=tag))
    assert (changed["conditions"], "name" in changed) == ([], False)
    assert trust.find(one) == changed
    assert refusal_of(trust.call("PUT", one, RULE, headers=tag)) == (409, "conflict")
    assert refusal_of(trust.call("PUT", one, RULE)) == (400, "invalid_request")
    assert trust.call("DELETE", one).status_code == 204
    assert refusal_of(trust.get(one)) == (404, "not_found")


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Profile-X"},
        {"cr_type": None},
        {"cr_type": "TPU"},
        {"conditions": None},
        {"conditions": [{**ZONE, "operator": "LIKE"}]},
        {"conditions": [{**ZONE, "value": 3}]},
        {"conditions": [{"claim": "zone"}]},
        {"type": "Profile-SAML"},
        {"type": "Profile-SAML", "realm_name": "https://sso.example"},
        {"colour": "red"},
    ],
)
def test_a_rule_that_is_not_understood_is_not_made(
    trust: TrustCaller, change: dict[str, Any]
) -> None:
    path = trust.new_profile()
    answer = trust.call("POST", f"{path}/rules", {**RULE, **change})
    assert refusal_of(answer) == (400, "invalid_request")
    assert trust.find(f"{path}/rules") == {"rules": []}


def test_any_claim_and_any_text_as_value_may_be_written(trust: TrustCaller) -> None:
    conditions = [{"claim": "colour", "operator": "IN", "value": "red"}]
    made = trust.make(f"{trust.new_profile()}/rules", {**RULE, "conditions": conditions})
    assert made["conditions"] == conditions


def test_a_rule_of_an_identity_provider_is_made(trust: TrustCaller) -> None:
    sent = {"type": "Profile-SAML", "realm_name": "r", "expiration": 60, "conditions": [ZONE]}
    made = trust.make(f"{trust.new_profile()}/rules", {**sent, "context": {}})
    assert {key: made[key] for key in sent} == sent


def test_a_profile_has_twenty_rules_at_most(trust: TrustCaller) -> None:
    path = trust.new_profile()
    for _ in range(20):
        trust.make(f"{path}/rules", RULE)
    assert refusal_of(trust.call("POST", f"{path}/rules", RULE)) == (400, "invalid_request")


def test_identities_are_added_shown_replaced_and_deleted(trust: TrustCaller) -> None:
    path, crn = f"{trust.new_profile()}/identities", trust.crn_of("web-1")
    before = trust.find(path)
    assert before["identities"] == []
    server = trust.make(f"{path}/crn", {"identifier": crn, "type": "crn", "description": "d"})
    assert server == {
        "iam_id": f"crn-{crn}",
        "identifier": crn,
        "type": "crn",
        "description": "d",
    }
    service = trust.make(f"{path}/serviceid", {"identifier": "ServiceId-1", "type": "serviceid"})
    assert service["iam_id"] == "iam-ServiceId-1"
    user = {"identifier": "IBMid-1", "type": "user", "accounts": [trust.account]}
    assert trust.make(f"{path}/user", user) == {**user, "iam_id": "IBMid-1"}
    trust.make(f"{path}/crn", {"identifier": crn, "type": "crn"})
    shown = trust.find(path)
    assert len(shown["identities"]) == 3
    assert shown["entity_tag"] != before["entity_tag"]
    one = f"{path}/crn/{quoted(crn)}"
    assert trust.find(one)["identifier"] == crn
    assert trust.call("DELETE", one).status_code == 204
    assert refusal_of(trust.get(one)) == (404, "not_found")
    tag = {"If-Match": shown["entity_tag"]}
    assert refusal_of(trust.call("PUT", path, {}, headers=tag)) == (409, "conflict")
    tag = {"If-Match": trust.find(path)["entity_tag"]}
    one_user = {"identities": [user]}
    replaced = body_of(trust.call("PUT", path, one_user, headers=tag))
    assert [identity["iam_id"] for identity in replaced["identities"]] == ["IBMid-1"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("crn", {"identifier": "x", "type": "user"}),
        ("robot", {"identifier": "x", "type": "robot"}),
        ("crn", {"identifier": "", "type": "crn"}),
        ("crn", {"identifier": "x", "type": "crn", "accounts": []}),
        ("crn", {"type": "crn"}),
    ],
)
def test_what_is_no_identity_is_refused(
    trust: TrustCaller, kind: str, body: dict[str, Any]
) -> None:
    answer = trust.call("POST", f"{trust.new_profile()}/identities/{kind}", body)
    assert refusal_of(answer) == (400, "invalid_request")
