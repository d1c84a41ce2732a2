"""Reading trusted profiles, and finding those that words name."""

import threading
from collections import Counter

import pytest

from tests.support.builders import an_instance
from tests.support.fake_cloud import Call, InMemoryCloud
from tests.support.trust import a_link, a_rule, an_identity
from vpcmetactl.domain.errors import (
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.trust import ProfileTrust, TrustedProfile
from vpcmetactl.usecases.trusting import LINKS, RULES, find_profiles, read_trust

WEB = an_instance("web-1")
_PROFILES = [
    TrustedProfile(
        id=f"Profile-{n}", name=f"writer-{n}", crn=f"crn:p{n}", iam_id=f"iam-Profile-{n}A"
    )
    for n in range(1, 7)
]
_FORBIDDEN = PermissionDeniedError("403", hint="ask for iam-identity.profile.get")


def _a_cloud() -> InMemoryCloud:
    cloud = InMemoryCloud([WEB])
    for profile in _PROFILES:
        cloud.add_profile(
            profile, links=[a_link(WEB)], rules=[a_rule()], identities=[an_identity(WEB)]
        )
    return cloud


def _by_id(trusts: list[ProfileTrust]) -> list[ProfileTrust]:
    return sorted(trusts, key=lambda trust: trust.profile.id)


def test_every_profile_is_read_with_all_that_makes_it_trust_somebody() -> None:
    cloud = _a_cloud()

    found = _by_id(list(read_trust(cloud, _PROFILES, 3)))

    assert [trust.profile for trust in found] == _PROFILES
    for trust in found:
        assert (trust.links, trust.rules, trust.identities) == (
            *((a_link(WEB),), (a_rule(),)),
            (an_identity(WEB),),
        )
        assert trust.errors == {}
    assert Counter(cloud.operations()) == dict.fromkeys(
        ["list_links", "list_rules", "list_identities"], len(_PROFILES)
    )


def test_only_the_parts_that_are_wanted_are_asked_for() -> None:
    cloud = _a_cloud()

    found = list(read_trust(cloud, _PROFILES, 3, parts=(LINKS,)))

    assert {(len(trust.links), len(trust.rules), len(trust.identities)) for trust in found} == {
        (1, 0, 0)
    }
    assert set(cloud.operations()) == {"list_links"}


@pytest.mark.parametrize("error", [_FORBIDDEN, UnavailableError("gone")])
def test_what_cannot_be_read_is_told_with_its_profile_and_the_rest_is_read(
    error: VpcmetactlError,
) -> None:
    cloud = _a_cloud()

    def fail(call: Call) -> None:
        if call.operation == "list_rules" and call.detail == "Profile-3":
            raise error

    cloud.before(fail)

    found = _by_id(list(read_trust(cloud, _PROFILES, 2)))

    assert [trust.errors for trust in found] == [
        {RULES: error} if trust.profile.id == "Profile-3" else {} for trust in found
    ]
    assert [len(trust.rules) for trust in found] == [1, 1, 0, 1, 1, 1]
    assert {len(trust.identities) for trust in found} == {1}


@pytest.mark.parametrize("part", ["list_links", "list_rules", "list_identities"])
def test_a_profile_that_has_gone_in_between_is_passed_over(part: str) -> None:
    cloud = _a_cloud()

    def go(call: Call) -> None:
        if call.operation == part and call.detail == "Profile-2":
            raise NotFoundError("404")

    cloud.before(go)

    found = _by_id(list(read_trust(cloud, _PROFILES, 1)))

    assert [trust.profile.id for trust in found] == [
        one.id for one in _PROFILES if one.id != "Profile-2"
    ]


def test_without_a_token_nothing_is_passed_over() -> None:
    cloud = _a_cloud()
    cloud.fail("list_links", AuthenticationError("no token"))

    with pytest.raises(AuthenticationError):
        list(read_trust(cloud, _PROFILES, 2))


def test_no_more_profiles_are_read_at_a_time_than_there_are_workers() -> None:
    cloud = _a_cloud()
    lock = threading.Lock()
    together = threading.Barrier(3)
    now = most = 0

    def count(call: Call) -> None:
        nonlocal now, most
        if call.operation != "list_links":
            return
        with lock:
            now += 1
            most = max(most, now)
        together.wait(5)
        with lock:
            now -= 1

    cloud.before(count)

    assert len(list(read_trust(cloud, _PROFILES, 3))) == 6
    assert most == 3


def test_no_profile_makes_no_call() -> None:
    cloud = _a_cloud()

    assert list(read_trust(cloud, [], 3)) == []
    assert cloud.calls == []


# Finding profiles.


def test_without_words_every_profile_is_meant() -> None:
    assert find_profiles(_PROFILES, []) == _PROFILES


@pytest.mark.parametrize(
    "word", ["Profile-2", "writer-2", "crn:p2", "iam-Profile-2A", "Iam-Profile-2a"]
)
def test_a_profile_is_named_in_many_ways(word: str) -> None:
    assert find_profiles(_PROFILES, [word]) == [_PROFILES[1]]


def test_a_profile_that_is_named_twice_is_found_once_in_the_order_of_the_words() -> None:
    found = find_profiles(_PROFILES, ["writer-3", "Profile-1", "crn:p3"])

    assert found == [_PROFILES[2], _PROFILES[0]]


@pytest.mark.parametrize("word", ["writer", "WRITER-2", "profile-2", "Profile-", ""])
def test_a_word_that_names_no_profile_is_an_error_that_names_it(word: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        find_profiles(_PROFILES, ["writer-1", word])

    assert str(caught.value) == f"there is no trusted profile {word!r}"
    assert "vpcmetactl profiles list" in (caught.value.hint or "")


def test_a_name_of_several_profiles_is_an_error_that_gives_their_ids() -> None:
    twins = [TrustedProfile(id="P-1", name="twin"), TrustedProfile(id="P-2", name="twin")]

    with pytest.raises(NotFoundError) as caught:
        find_profiles(twins, ["twin"])

    assert str(caught.value) == "several trusted profiles are called 'twin': P-1, P-2"
    assert find_profiles(twins, ["P-2"]) == [twins[1]]


def test_a_profile_that_bears_the_id_of_another_as_its_name_does_not_hide_it() -> None:
    impostor = TrustedProfile(id="P-9", name="Profile-2")

    assert find_profiles([impostor, *_PROFILES], ["Profile-2"]) == [_PROFILES[1]]
