"""IBM's own SDK of IAM Identity, unchanged, against the emulator; its models hold every answer."""

from collections.abc import Iterator
from typing import Any

import pytest
from ibm_cloud_sdk_core import ApiException
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_platform_services import iam_identity_v1 as sdk

from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.server import EmulatorServer
from vpcmetactl.emulator.world import World


@pytest.fixture
def world() -> World:
    return build_world("trusted-fleet", clock=ManualClock())


@pytest.fixture
def client(world: World) -> Iterator[sdk.IamIdentityV1]:
    world.token_lifetime *= 24 * 365 * 10
    with EmulatorServer(Emulator(world)) as server:
        authenticator = IAMAuthenticator(world.api_key, url=f"{server.url}/iam")
        client = sdk.IamIdentityV1(authenticator=authenticator)
        client.set_service_url(f"{server.url}/iam")
        yield client


def strict(model: str, body: dict[str, Any]) -> dict[str, Any]:
    """A body that its model takes and knows everything of."""
    known = getattr(sdk, model).from_dict(body).to_dict()
    assert known.keys() == body.keys()
    return body


def test_everything_there_is_passes_the_models(world: World, client: sdk.IamIdentityV1) -> None:
    page = client.list_profiles(world.account_id, pagesize=7).get_result()
    strict("TrustedProfilesList", page)
    listed = client.list_profiles(world.account_id, pagesize=100).get_result()["profiles"]
    assert [profile["id"] for profile in listed] == list(world.trust.profiles)
    for profile in listed:
        identifier = profile["id"]
        assert client.get_profile(identifier).get_result() == strict("TrustedProfile", profile)
        for link in client.list_links(identifier).get_result()["links"]:
            assert client.get_link(identifier, link["id"]).get_result() == link
            strict("ProfileLinkLink", strict("ProfileLink", link)["link"])
        for rule in client.list_claim_rules(identifier).get_result()["rules"]:
            assert client.get_claim_rule(identifier, rule["id"]).get_result() == rule
            for condition in strict("ProfileClaimRule", rule)["conditions"]:
                strict("ProfileClaimRuleConditions", condition)
        identities = client.get_profile_identities(identifier).get_result()
        for one in strict("ProfileIdentitiesResponse", identities)["identities"]:
            strict("ProfileIdentityResponse", one)
            path = identifier, one["type"], one["identifier"]
            assert client.get_profile_identity(*path).get_result() == one


def test_the_account_passes_the_models(world: World, client: sdk.IamIdentityV1) -> None:
    key = client.get_api_keys_details(iam_api_key=world.api_key, include_history=True)
    assert strict("ApiKey", key.get_result())["account_id"] == world.account_id
    profile = next(iter(world.trust.profiles))
    limits = client.get_account_limits(
        world.account_id,
        profiles="true",
        cr_links="true",
        cr_rules="true",
        cr_links_per_profile=profile,
        cr_rules_per_profile=profile,
    )
    strict("IdentityLimitsUsageResponse", limits.get_result())


def test_changes_are_made_through_the_sdk(world: World, client: sdk.IamIdentityV1) -> None:
    made = client.create_profile("new", world.account_id, description="d").get_result()
    identifier = strict("TrustedProfile", made)["id"]
    changed = client.update_profile(identifier, made["entity_tag"], name="newer").get_result()
    assert changed["name"] == "newer"
    (server,) = world.find_servers("db-3")
    target = sdk.CreateProfileLinkRequestLink(crn=server.crn)
    link = client.create_link(identifier, "VSI", target, name="nightly").get_result()
    with pytest.raises(ApiException) as caught:
        client.create_link(identifier, "VSI", target)
    assert caught.value.status_code == 409
    assert caught.value.message
    client.delete_link(identifier, link["id"])
    client.create_link(identifier, "VSI", target)
    client.delete_link_by_parameters(identifier, "VSI", crn=server.crn)
    condition = sdk.ProfileClaimRuleConditions("zone", "IN", '["us-south-1"]')
    rule = client.create_claim_rule(
        identifier, "Profile-CR", [condition], cr_type="VSI"
    ).get_result()
    tag = rule["entity_tag"]
    client.update_claim_rule(identifier, rule["id"], tag, "Profile-CR", [], cr_type="VSI")
    client.delete_claim_rule(identifier, rule["id"])
    client.set_profile_identity(identifier, "crn", server.crn, "crn")
    client.delete_profile_identity(identifier, "crn", server.crn)
    client.set_profile_identities(identifier, "*", identities=[])
    assert client.delete_profile(identifier).get_status_code() == 204


def test_refusals_pass_the_model_but_for_the_number(client: sdk.IamIdentityV1) -> None:
    with pytest.raises(ApiException) as caught:
        client.get_profile("Profile-x")
    body = caught.value.http_response.json()
    # The model says text; answers that were seen have a number.
    assert strict("ExceptionResponse", body)["status_code"] == 404
    for error in body["errors"]:
        strict("Error", error)
