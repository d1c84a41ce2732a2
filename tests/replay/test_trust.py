"""Trusted profiles, links and access, from cassettes."""

from pathlib import Path

from tests.replay import scenarios
from tests.replay.playing import LINKS, PROFILES, TRUST, play, sent
from tests.replay.scenarios import WEB_1_CRN
from tests.support.cassettes import ACCOUNT

TOKEN = "POST iam.cloud.ibm.com/identity/token"
LIMITS = f"GET iam.cloud.ibm.com/v1/accounts/{ACCOUNT}/limits/identity?profiles=true&cr_links=true"
POST_LINK = LINKS.replace("GET", "POST")
LINK = "link-56760029-7c89-4753-81ad-5240f9537165"
OUTCOMES = "items[].[server.name, result, operation, link.link_id]"


def named(region: str, name: str) -> list[str]:
    """The requests that it takes to find a server by its name."""
    return [
        TOKEN,
        f"GET {region}/instances?limit=100&name={name}",
        f"GET {region}/bare_metal_servers?limit=100&name={name}",
    ]


def test_a_profile_is_shown_with_what_makes_it_trust(tmp_path: Path) -> None:
    query = "items[].[name, links[].[name, cr_type], rules, identities, errors]"
    played = play(scenarios.PROFILE, tmp_path, query)
    assert played.exit_code == 0
    assert played.answer == [["backup-writer", [["nightly backup", "VSI"]], [], [], []]]
    assert played.requests == [TOKEN, *TRUST]


def test_who_can_become_what_is_found_without_asking_servers(tmp_path: Path) -> None:
    query = "items[].[server.name, profile.name, ways[].kind, usable.now]"
    played = play(scenarios.ACCESS, tmp_path, query)
    assert played.exit_code == 0
    # Enabled when it was first seen: whether a restart is needed is not known.
    assert played.answer == [["web-eu-1", "backup-writer", ["link"], None]]
    assert played.requests == [
        TOKEN,
        PROFILES,
        "GET eu-de/instances?limit=100",
        "GET eu-de/bare_metal_servers?limit=100",
        *TRUST[1:],
    ]


def test_a_server_that_a_profile_trusts_is_not_disabled(tmp_path: Path) -> None:
    played = play(scenarios.TRUSTED, tmp_path, "items[].[server.name, result, reason, message]")
    assert played.exit_code == 5
    message = (
        "is trusted by backup-writer, whose rights it would lose; --allow-identity-loss allows it"
    )
    assert played.answer == [["web-eu-1", "refused", "trusted", message]]
    assert played.requests == [
        *named("eu-de", "web-eu-1"),
        "GET eu-de/volumes/r010-215c9f47-21e2-4ba7-8eaa-09e52d941945",
        *TRUST,
    ]


def test_a_link_is_made_where_the_limits_allow_it_and_it_is_not_there(tmp_path: Path) -> None:
    played = play(scenarios.LINK, tmp_path, OUTCOMES)
    assert played.exit_code == 0
    assert played.answer == [
        ["web-1", "applied", "link_create", "link-0c30dc42-0eb8-440f-aad6-75c36577142e"]
    ]
    assert played.requests == [
        *named("us-south", "web-1"),
        *(PROFILES, LINKS, LIMITS, LINKS),
        *(LINKS, POST_LINK),
    ]
    assert sent(scenarios.LINK, "POST", "/v1/profiles/") == [
        {"cr_type": "VSI", "link": {"crn": WEB_1_CRN}}
    ]


def test_a_link_is_deleted_by_its_id_and_looked_for_afterwards(tmp_path: Path) -> None:
    played = play(scenarios.UNLINK, tmp_path, OUTCOMES)
    assert played.exit_code == 0
    assert played.answer == [["web-eu-1", "applied", "link_delete", LINK]]
    assert played.requests == [
        *named("eu-de", "web-eu-1"),
        *(PROFILES, LINKS),
        *(LINKS, f"{LINKS.replace('GET', 'DELETE')}/{LINK}", LINKS),
    ]
