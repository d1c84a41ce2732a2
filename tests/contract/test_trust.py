"""What trusted profiles tell and take, in memory as over HTTP."""

from collections import Counter

import pytest

from tests.contract.clouds import Subject
from vpcmetactl.domain.errors import BadRequestError, ConflictError, NotFoundError
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.trust import DefaultProfile, TrustedProfile

OTHER = "crn:v1:bluemix:public:is:us-south-1:a/0123456789abcdef::instance:0717_1"


def test_profiles_say_what_they_are_called_and_whose_they_are(trusted: Subject) -> None:
    profiles = _profiles(trusted)
    assert {"backup-writer", "admin", "retired-app"} <= profiles.keys()
    account_id = trusted.cloud.get_caller().account_id
    assert {profile.account_id for profile in profiles.values()} == {account_id}
    assert all(profile.crn and profile.iam_id for profile in profiles.values())


def test_links_to_servers_and_to_other_compute_are_told(trusted: Subject) -> None:
    profiles = _profiles(trusted)
    backup = trusted.cloud.list_links(profiles["backup-writer"].id)
    names = ("db-1", "db-2", "metal-1")
    assert {link.crn for link in backup} == {trusted[name].crn for name in names}
    assert Counter(link.cr_type for link in backup) == {"VSI": 2, "BMS": 1}
    agent = trusted.cloud.list_links(profiles["cluster-agent"].id)
    assert {link.cr_type for link in agent} == {"IKS_SA", "ROKS_SA", "CE", "PVS", "SATELLITE"}
    assert {link.profile_id for link in agent} == {profiles["cluster-agent"].id}


def test_rules_are_told_with_values_that_are_json_in_a_string(trusted: Subject) -> None:
    [rule] = trusted.cloud.list_rules(_profiles(trusted)["log-shipper"].id)
    [condition] = rule.conditions
    assert (rule.type, rule.cr_type) == ("Profile-CR", "VSI")
    assert (condition.claim, condition.operator) == ("zone", "IN")
    assert condition.value == '["us-south-1","us-south-2"]'
    [people] = trusted.cloud.list_rules(_profiles(trusted)["single-sign-on"].id)
    assert (people.type, people.cr_type) == ("Profile-SAML", None)


def test_identities_are_told_by_their_type(trusted: Subject) -> None:
    found = trusted.cloud.list_identities(_profiles(trusted)["deployer"].id)
    assert Counter(identity.type for identity in found) == {"crn": 2, "serviceid": 1, "user": 1}
    crns = {identity.identifier for identity in found if identity.type == "crn"}
    assert crns == {trusted["worker-1"].crn, trusted["batch-1"].crn}


def test_limits_are_told_with_what_is_used(trusted: Subject) -> None:
    account_id = trusted.cloud.get_caller().account_id or ""
    limits = {limit.name: limit for limit in trusted.cloud.list_limits(account_id)}
    assert limits["profiles"].used == len(_profiles(trusted))
    assert limits["cr_links"].used is not None
    assert limits["cr_links_per_profile"].limit is not None


def test_a_server_tells_the_profile_it_was_made_with(trusted: Subject) -> None:
    profiles = _profiles(trusted)
    web, previous = profiles["web-frontend"], profiles["web-previous"]
    assert _default(trusted, "web-1") == DefaultProfile(web.id, web.crn, auto_link=True)
    assert _default(trusted, "web-eu-1") == DefaultProfile(
        previous.id, previous.crn, auto_link=False
    )
    assert _default(trusted, "db-1") is None
    metal = profiles["metal-default"]
    assert _default(trusted, "metal-2") == DefaultProfile(metal.id, metal.crn, auto_link=True)


@pytest.mark.parametrize(("name", "cr_type"), [("web-3", "VSI"), ("metal-2", "BMS")])
def test_a_link_is_there_until_it_is_taken_away(trusted: Subject, name: str, cr_type: str) -> None:
    profile, crn = _profiles(trusted)["backup-writer"].id, trusted[name].crn or ""
    before = list(trusted.cloud.list_links(profile))
    made = trusted.cloud.create_link(
        profile, cr_type=cr_type, crn=crn, name="new", is_cross_account=False
    )
    assert (made.profile_id, made.cr_type, made.crn, made.name) == (profile, cr_type, crn, "new")
    after = list(trusted.cloud.list_links(profile))
    assert len(after) == len(before) + 1
    assert made in after
    trusted.cloud.delete_link(profile, made.id)
    assert list(trusted.cloud.list_links(profile)) == before
    with pytest.raises(NotFoundError):
        trusted.cloud.delete_link(profile, made.id)


def test_a_second_link_to_the_same_server_is_a_conflict(trusted: Subject) -> None:
    profile, crn = _profiles(trusted)["backup-writer"].id, trusted["db-1"].crn or ""
    with pytest.raises(ConflictError) as caught:
        trusted.cloud.create_link(
            profile, cr_type="VSI", crn=crn, name="again", is_cross_account=False
        )
    assert caught.value.status == 409
    assert [link.crn for link in trusted.cloud.list_links(profile)].count(crn) == 1


def test_a_link_to_another_account_has_to_be_meant(trusted: Subject) -> None:
    profile = _profiles(trusted)["backup-writer"].id
    with pytest.raises(BadRequestError):
        trusted.cloud.create_link(
            profile, cr_type="VSI", crn=OTHER, name=None, is_cross_account=False
        )
    made = trusted.cloud.create_link(
        profile, cr_type="VSI", crn=OTHER, name=None, is_cross_account=True
    )
    assert made.is_cross_account is True


def test_a_profile_that_is_not_there_is_not_found(trusted: Subject) -> None:
    missing = "Profile-00000000-0000-4000-8000-000000000000"
    calls = (
        lambda: trusted.cloud.list_links(missing),
        lambda: trusted.cloud.list_rules(missing),
        lambda: trusted.cloud.list_identities(missing),
        lambda: trusted.cloud.delete_link(missing, "ProfileLink-1"),
    )
    for call in calls:
        with pytest.raises(NotFoundError):
            call()


@pytest.mark.parametrize("kind", ServerKind)
def test_of_a_server_that_is_not_there_no_profile_is_told(
    trusted: Subject, kind: ServerKind
) -> None:
    with pytest.raises(NotFoundError):
        trusted.cloud.get_default_profile("us-south", kind, "0717_missing")


def _profiles(subject: Subject) -> dict[str, TrustedProfile]:
    account_id = subject.cloud.get_caller().account_id or ""
    found = subject.cloud.list_profiles(account_id)
    return {profile.name or profile.id: profile for profile in found}


def _default(subject: Subject, name: str) -> DefaultProfile | None:
    server = subject[name]
    return subject.cloud.get_default_profile(server.region, server.kind, server.id)
