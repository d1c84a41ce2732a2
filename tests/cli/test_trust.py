"""Who trusts whom, on the command line: profiles, access, and what a change takes from a server."""

import pytest

from tests.support.builders import OFF, ON, an_instance
from tests.support.desk import Desk
from tests.support.trust import PROFILE, a_link, a_rule, an_identity
from vpcmetactl.domain.errors import AuthenticationError, PermissionDeniedError, UnavailableError

WEB = an_instance("web-1", metadata_service=ON)
DB = an_instance("db-1", metadata_service=ON)
IDLE = an_instance("idle-1", metadata_service=OFF)
_FORBIDDEN = PermissionDeniedError("not authorized", hint="ask for iam-identity.profile.get")


def a_desk() -> Desk:
    """Three servers, one of which a profile trusts through a link."""
    desk = Desk(servers=[WEB, DB, IDLE])
    desk.cloud.add_profile(PROFILE, links=[a_link(DB)])
    return desk


# profiles.


def test_profiles_are_listed_and_shown_with_what_makes_them_trust() -> None:
    desk = Desk(servers=[WEB])
    desk.cloud.add_profile(
        PROFILE, links=[a_link(WEB)], rules=[a_rule()], identities=[an_identity(WEB)]
    )

    listed, shown = desk.show("profiles", "list"), desk.show("profiles", "show", "backup-writer")

    assert (listed.exit_code, listed.answer["kind"]) == (0, "profiles")
    assert (shown.exit_code, shown.answer["kind"]) == (0, "profile")
    [item] = shown.answer["items"]
    assert [len(item[part]) for part in ("links", "rules", "identities")] == [1, 1, 1]
    assert desk.do("profiles", "list", "--exit-code").exit_code == 3
    assert Desk().do("profiles", "list", "--exit-code").exit_code == 0


def test_a_profile_that_there_is_not_is_1_in_json_too() -> None:
    ran = a_desk().show("profiles", "show", "admin")

    assert ran.exit_code == ran.answer["exit_code"] == 1
    assert (ran.answer["kind"], ran.answer["status"]) == ("profile", "error")
    assert [error["code"] for error in ran.answer["errors"]] == ["not_found"]


@pytest.mark.parametrize("part", ["links", "rules", "identities"])
def test_what_cannot_be_read_of_a_profile_is_named_and_the_rest_is_told(part: str) -> None:
    desk = a_desk()
    desk.cloud.fail(f"list_{part}", _FORBIDDEN)

    ran = desk.show("profiles", "list")

    assert ran.exit_code == ran.answer["exit_code"] == 4
    assert f"incomplete: the {part} of profile backup-writer: not authorized" in ran.stderr
    assert [item["name"] for item in ran.answer["items"]] == ["backup-writer"]


# access.


def test_every_pair_of_server_and_profile_is_listed_with_its_ways() -> None:
    desk = Desk(servers=[WEB, DB, IDLE])
    desk.cloud.add_profile(PROFILE, links=[a_link(DB)], identities=[an_identity(WEB)])

    ran = desk.show("access", "list")

    assert ran.exit_code == 0
    pairs = {
        item["server"]["name"]: [way["kind"] for way in item["ways"]]
        for item in ran.answer["items"]
    }
    assert pairs == {"db-1": ["link"], "web-1": ["identity"]}
    assert desk.names("access", "list", "web-1") == ["web-1"]
    assert desk.do("access", "list", "idle-1", "--exit-code").exit_code == 0
    assert desk.do("access", "list", "--exit-code").exit_code == 3


def test_a_rule_lets_in_whoever_satisfies_it() -> None:
    desk = Desk(servers=[WEB, an_instance("eu-1", region="eu-de", metadata_service=ON)])
    desk.cloud.add_profile(PROFILE, rules=[a_rule()])

    assert desk.names("access", "list") == ["web-1"]


def test_a_default_profile_is_asked_for_on_demand_alone() -> None:
    desk = a_desk()

    desk.do("access", "list")
    assert "get_default_profile" not in desk.cloud.operations()
    desk.cloud.fail("get_default_profile", _FORBIDDEN)
    ran = desk.do("access", "list", "--default-profiles")

    assert desk.cloud.operations().count("get_default_profile") == 3
    assert ran.exit_code == 0
    assert "the default profile of" in ran.stderr


# servers, with profiles.


def test_a_server_is_shown_with_the_profiles_that_trust_it() -> None:
    [item] = a_desk().show("servers", "show", "db-1").answer["items"]

    assert [profile["name"] for profile in item["profiles"]] == ["backup-writer"]
    [untold] = a_desk().show("servers", "show", "db-1", "--check-trust", "never").answer["items"]
    assert untold["profiles"] is None


@pytest.mark.parametrize(("how", "code"), [("auto", 0), ("always", 4)])
def test_a_server_is_shown_where_profiles_cannot_be_read(how: str, code: int) -> None:
    desk = a_desk()
    desk.cloud.fail("list_profiles", _FORBIDDEN)

    ran = desk.show("servers", "show", "db-1", "--check-trust", how)

    assert ran.exit_code == ran.answer["exit_code"] == code
    assert [item["name"] for item in ran.answer["items"]] == ["db-1"]
    assert "not authorized" in ran.stderr
    assert "ask for iam-identity.profile.get" in ran.stderr


def test_a_list_joins_profiles_on_demand_alone() -> None:
    desk = a_desk()

    plain = desk.show("servers", "list")
    joined = desk.show("servers", "list", "--with", "profiles")

    assert {item["profiles"] and len(item["profiles"]) for item in plain.answer["items"]} == {None}
    assert {item["name"]: len(item["profiles"]) for item in joined.answer["items"]} == {
        "db-1": 1,
        "idle-1": 0,
        "web-1": 0,
    }


# What a change takes from a server.


def test_a_trusted_server_is_not_disabled_and_the_others_are() -> None:
    desk = a_desk()

    ran = desk.show("metadata", "disable", "--all", "--yes")

    results = {item["server"]["name"]: item["result"] for item in ran.answer["items"]}
    assert ran.exit_code == 5
    assert results == {"db-1": "refused", "web-1": "applied", "idle-1": "already_so"}
    [refused] = [item for item in ran.answer["items"] if item["result"] == "refused"]
    assert refused["reason"] == "trusted"
    assert "backup-writer" in refused["message"]


def test_it_is_disabled_where_the_loss_is_allowed_with_a_note() -> None:
    desk = a_desk()

    ran = desk.show("metadata", "disable", "db-1", "--yes", "--allow-identity-loss")

    [item] = ran.answer["items"]
    assert (ran.exit_code, item["result"]) == (0, "applied")
    assert [note["code"] for note in item["notes"]] == ["trusted"]


def test_another_protocol_is_warned_of_and_goes_ahead() -> None:
    ran = a_desk().show("metadata", "set", "db-1", "--protocol", "https", "--yes")

    [item] = ran.answer["items"]
    assert (ran.exit_code, item["result"]) == (0, "applied")
    assert "trusted" in [note["code"] for note in item["notes"]]


@pytest.mark.parametrize(
    "words",
    [
        ("metadata", "enable", "--all", "--yes"),
        ("metadata", "disable", "idle-1", "--yes"),
        ("metadata", "set", "db-1", "--response-hop-limit", "2", "--yes"),
        ("metadata", "disable", "web-1", "--yes", "--check-trust", "never"),
    ],
)
def test_profiles_are_not_read_where_it_does_not_matter(words: tuple[str, ...]) -> None:
    desk = a_desk()

    assert desk.do(*words).exit_code == 0
    assert "list_profiles" not in desk.cloud.operations()


def test_never_looks_for_nobody() -> None:
    desk = a_desk()

    ran = desk.show("metadata", "disable", "db-1", "--yes", "--check-trust", "never")

    assert [item["result"] for item in ran.answer["items"]] == ["applied"]


def test_trust_is_read_once_for_changes_in_a_row_and_anew_once_links_were_changed() -> None:
    desk = a_desk()
    words = ("metadata", "disable", "--all", "--dry-run")

    def readings() -> int:
        return desk.cloud.operations().count("list_profiles")

    desk.do(*words)
    desk.do(*words)
    assert readings() == 1
    desk.do(*words, "--check-trust", "always")
    assert readings() == 2
    desk.do("links", "delete", "--profile", "backup-writer", "db-1", "--yes")
    before = readings()
    ran = desk.show(*words)
    assert readings() == before + 1
    assert {item["decision"] for item in ran.answer["items"]} == {"change", "already_so"}


@pytest.mark.parametrize("operation", ["list_profiles", "list_links"])
def test_trust_that_cannot_be_read_warns(operation: str) -> None:
    desk = a_desk()
    desk.cloud.fail(operation, _FORBIDDEN)

    ran = desk.show("metadata", "disable", "db-1", "--yes")

    [item] = ran.answer["items"]
    assert (ran.exit_code, item["result"]) == (0, "applied")
    assert [note["code"] for note in item["notes"]] == ["trust_unknown"]
    assert "not authorized" in ran.stderr
    assert "ask for iam-identity.profile.get" in ran.stderr


@pytest.mark.parametrize("operation", ["list_profiles", "list_links"])
def test_trust_that_must_be_known_refuses_the_change(operation: str) -> None:
    desk = a_desk()
    desk.cloud.fail(operation, UnavailableError("503"))

    ran = desk.show("metadata", "disable", "db-1", "--yes", "--check-trust", "always")

    assert ran.exit_code == ran.answer["exit_code"] == 5
    assert "nothing was changed" in ran.stderr
    assert desk.sent() == []


def test_credentials_that_are_refused_end_the_command() -> None:
    desk = a_desk()
    desk.cloud.fail("list_profiles", AuthenticationError("the key is refused"))

    ran = desk.show("metadata", "disable", "db-1", "--yes")

    assert ran.exit_code == ran.answer["exit_code"] == 1
    assert desk.sent() == []


def test_how_to_look_may_come_from_the_environment_and_the_consent_may_not() -> None:
    desk = a_desk()
    desk.environ = {"VPCMETACTL_CHECK_TRUST": "never"}
    assert desk.do("metadata", "disable", "db-1", "--dry-run").exit_code == 0
    desk.environ = {"VPCMETACTL_ALLOW_IDENTITY_LOSS": "1"}
    assert desk.do("metadata", "disable", "db-1", "--dry-run").exit_code == 5


def test_a_rollback_is_checked_in_the_same_way() -> None:
    desk = Desk(servers=[IDLE])
    desk.cloud.add_profile(PROFILE, links=[a_link(IDLE)])
    desk.do("metadata", "enable", "idle-1", "--yes")

    ran = desk.show("runs", "rollback", desk.journal.list_runs()[0].id, "--yes")

    assert ran.exit_code == 5
    assert [item["reason"] for item in ran.answer["items"]] == ["trusted"]
