"""``links``: what there is, making and taking away, and taking that back."""

import json
from pathlib import Path

import pytest

from tests.support.builders import ON, ON_HTTPS, an_instance
from tests.support.desk import Desk
from tests.support.trust import PROFILE, a_link
from vpcmetactl.domain.errors import PermissionDeniedError, UnavailableError
from vpcmetactl.domain.trust import IdentityLimit, ProfileLink

WEB = an_instance("web-1", metadata_service=ON)
DB = an_instance("db-1", metadata_service=ON_HTTPS)
GONE = an_instance("gone-1", metadata_service=ON)
NEW = an_instance("new-1", metadata_service=ON)
_FORBIDDEN = PermissionDeniedError("not authorized", hint="ask for iam-identity.profile.get")


def a_desk() -> Desk:
    """Two servers, of which one is linked; and a link whose server is not there."""
    desk = Desk(servers=[WEB, DB])
    old = "2026-11-20T12:00+0000"
    links = [
        a_link(DB, created_at=old),
        a_link(GONE, created_at=old),
        a_link(NEW, created_at="2026-11-21T11:30+0000"),
        ProfileLink(
            id="link-pod", profile_id=PROFILE.id, cr_type="IKS_SA", crn="crn:v1:bluemix:pods"
        ),
    ]
    desk.cloud.add_profile(PROFILE, links=links)
    return desk


def linked(desk: Desk) -> set[str]:
    """The ids of the links that there are."""
    return {link.id for link in desk.cloud.links_of(PROFILE.id)}


ALL = {"link-db-1", "link-gone-1", "link-new-1", "link-pod"}


# Listing.


def test_every_link_is_listed_with_whether_its_server_is_seen() -> None:
    ran = a_desk().show("links", "list")

    assert ran.exit_code == 0
    assert {item["link"]["id"]: item["visibility"] for item in ran.answer["items"]} == {
        "link-db-1": "visible",
        "link-gone-1": "not_visible",
        "link-new-1": "not_visible",
        "link-pod": "other_compute_type",
    }


def test_a_choice_of_servers_leaves_their_links() -> None:
    assert a_desk().names("links", "list", "db-1") == ["db-1"]
    assert a_desk().do("links", "list", "web-1", "--exit-code").exit_code == 0
    assert a_desk().do("links", "list", "db-1", "--exit-code").exit_code == 3


def test_a_profile_that_there_is_not_is_1() -> None:
    ran = a_desk().show("links", "list", "--profile", "admin")

    assert ran.exit_code == ran.answer["exit_code"] == 1
    assert "admin" in ran.stderr
    assert [error["code"] for error in ran.answer["errors"]] == ["not_found"]


def test_links_that_cannot_be_read_are_4_and_a_hint_says_what_is_missing() -> None:
    desk = a_desk()
    desk.cloud.fail("list_links", _FORBIDDEN)

    ran = desk.show("links", "list")

    assert ran.exit_code == ran.answer["exit_code"] == 4
    assert "incomplete: the links of profile backup-writer: not authorized" in ran.stderr
    assert "hint: ask for iam-identity.profile.get" in ran.stderr


def test_profiles_that_cannot_be_read_are_an_error() -> None:
    desk = a_desk()
    desk.cloud.fail("list_profiles", _FORBIDDEN)

    ran = desk.show("links", "list")

    assert ran.exit_code == ran.answer["exit_code"] == 1
    assert ran.answer["errors"][0]["hint"] == "ask for iam-identity.profile.get"


def test_a_region_that_cannot_be_read_leaves_its_links_unjudged() -> None:
    eu = an_instance("eu-1", region="eu-de", metadata_service=ON)
    desk = Desk(servers=[DB, eu])
    desk.cloud.add_profile(PROFILE, links=[a_link(DB), a_link(eu)])
    desk.cloud.fail("list_page", UnavailableError("503"), region="eu-de", times=2)

    ran = desk.show("links", "list")

    assert ran.exit_code == ran.answer["exit_code"] == 4
    assert {item["link"]["id"]: item["visibility"] for item in ran.answer["items"]} == {
        "link-db-1": "visible",
        "link-eu-1": "not_read",
    }


# Making.


def test_a_link_is_made_once_and_given_its_name() -> None:
    desk = a_desk()

    ran = desk.show(
        *("links", "create", "--profile", "backup-writer", "--all"),
        *("--link-name", "nightly", "--yes"),
    )

    results = {item["server"]["name"]: item["result"] for item in ran.answer["items"]}
    assert ran.exit_code == 0
    assert results == {"web-1": "applied", "db-1": "already_so"}
    [new] = [link for link in desk.cloud.links_of(PROFILE.id) if link.id not in ALL]
    assert (new.crn, new.cr_type, new.name) == (WEB.crn, "VSI", "nightly")
    again = desk.show("links", "create", "--profile", "backup-writer", "web-1", "--yes")
    assert [item["result"] for item in again.answer["items"]] == ["already_so"]
    assert desk.sent() == ["create_link"]


def test_an_answer_that_is_lost_is_looked_up_and_nothing_is_sent_twice() -> None:
    desk = a_desk()
    desk.cloud.lose_answers("create_link")

    ran = desk.show("links", "create", "--profile", "backup-writer", "web-1", "--yes")

    assert ran.exit_code == 0
    assert desk.sent() == ["create_link"]


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (IdentityLimit(name="cr_links_per_profile", limit=4, used=None), "has 4 and may have 4"),
        (IdentityLimit(name="cr_links", limit=100, used=100), "has 100 and may have 100"),
    ],
)
def test_a_limit_that_would_be_met_refuses_the_whole(limit: IdentityLimit, words: str) -> None:
    desk = a_desk()
    desk.cloud.limits = [limit]

    ran = desk.show("links", "create", "--profile", "backup-writer", "web-1", "--yes")

    assert ran.exit_code == ran.answer["exit_code"] == 5
    assert words in ran.stderr
    assert desk.sent() == []


def test_limits_that_cannot_be_read_are_warned_of() -> None:
    desk = a_desk()
    desk.cloud.fail("list_limits", _FORBIDDEN)

    ran = desk.do("links", "create", "--profile", "backup-writer", "web-1", "--yes")

    assert ran.exit_code == 0
    assert "limits could not be read" in ran.stderr


def test_a_server_of_another_account_is_linked_on_demand_alone() -> None:
    desk = a_desk()
    other = an_instance("other-1", metadata_service=ON, account_id="b" * 32)
    assert other.crn is not None
    crn = ":".join([*other.crn.split(":")[:6], f"a/{'b' * 32}", *other.crn.split(":")[7:]])
    desk.cloud.put(an_instance("other-1", metadata_service=ON, account_id="b" * 32, crn=crn))
    words = ("links", "create", "--profile", "backup-writer", "other-1", "--yes")

    refused = desk.show(*words)

    assert refused.exit_code == 5
    assert [item["reason"] for item in refused.answer["items"]] == ["foreign_account"]
    assert desk.sent() == []
    assert desk.do(*words, "--cross-account").exit_code == 0
    assert [link.is_cross_account for link in desk.cloud.links_of(PROFILE.id)][-1] is True


@pytest.mark.parametrize("command", ["create", "delete"])
def test_a_profile_and_servers_must_be_chosen(command: str) -> None:
    desk = a_desk()

    assert desk.do("links", command, "web-1", "--yes").exit_code == 2
    assert desk.do("links", command, "--profile", "backup-writer", "--yes").exit_code == 2
    assert desk.do("links", command, "--profile", "backup-writer", "web-1").exit_code == 2
    assert desk.cloud.calls == []
    assert desk.do("links", command, "--profile", "admin", "web-1", "--yes").exit_code == 1
    assert desk.sent() == []


# Taking away.


def test_a_link_is_taken_away_and_nothing_else() -> None:
    desk = a_desk()

    ran = desk.show("links", "delete", "--profile", "backup-writer", "--all", "--yes")

    results = {item["server"]["name"]: item["result"] for item in ran.answer["items"]}
    assert ran.exit_code == 0
    assert results == {"db-1": "applied", "web-1": "already_so"}
    assert linked(desk) == ALL - {"link-db-1"}


def test_consent_is_asked_for() -> None:
    desk = a_desk()

    ran = desk.do("links", "delete", "--profile", "backup-writer", "db-1", answers="n\n")

    assert ran.exit_code == 5
    assert "[y/N]" in ran.stderr
    assert linked(desk) == ALL


# Clearing out.


def test_what_would_be_cleared_out_is_shown_without_asserting_anything() -> None:
    desk = a_desk()

    ran = desk.show("links", "prune", "--dry-run")

    decisions = {item["server"]["id"]: item["decision"] for item in ran.answer["items"]}
    assert ran.exit_code == 0
    assert decisions == {GONE.id: "change", NEW.id: "skip", DB.id: "skip"}
    assert linked(desk) == ALL


@pytest.mark.parametrize("extra", [["--yes"], ["--plan-out", "prune.json"]])
def test_nothing_is_cleared_out_unless_full_visibility_is_asserted(
    extra: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    desk = a_desk()

    ran = desk.show("links", "prune", *extra)

    assert ran.exit_code == ran.answer["exit_code"] == 5
    assert "--assert-full-visibility" in ran.stderr
    assert linked(desk) == ALL
    assert list(tmp_path.iterdir()) == []


def test_the_environment_asserts_nothing() -> None:
    desk = a_desk()
    desk.environ = {"VPCMETACTL_ASSERT_FULL_VISIBILITY": "1"}

    assert desk.do("links", "prune", "--yes").exit_code == 5
    assert linked(desk) == ALL


def test_links_whose_server_is_gone_are_cleared_out_and_no_others() -> None:
    desk = a_desk()

    ran = desk.show("links", "prune", "--assert-full-visibility", "--yes")

    assert ran.exit_code == 0
    assert linked(desk) == ALL - {"link-gone-1"}


def test_where_nothing_is_gone_nothing_need_be_asserted() -> None:
    desk = Desk(servers=[DB])
    desk.cloud.add_profile(PROFILE, links=[a_link(DB)])

    assert desk.do("links", "prune", "--yes").exit_code == 0


# Plans and runs of links.


def test_a_saved_plan_is_applied_and_inverted(tmp_path: Path) -> None:
    desk, file, undo = a_desk(), tmp_path / "links.json", tmp_path / "undo.json"
    chosen = ("links", "create", "--profile", "backup-writer", "web-1")

    assert desk.do(*chosen, "--plan-out", file).exit_code == 0
    assert json.loads(file.read_text())["action"] == "create_links"
    assert desk.sent() == []
    assert desk.do("plan", "apply", file, "--yes").exit_code == 0
    assert desk.do("plan", "invert", file, "--plan-out", undo).exit_code == 0
    assert json.loads(undo.read_text())["action"] == "delete_links"
    assert desk.do("plan", "apply", undo, "--yes").exit_code == 0

    assert desk.sent() == ["create_link", "delete_link"]
    assert linked(desk) == ALL


def test_a_link_that_was_taken_away_is_made_again_by_a_rollback_with_a_new_id() -> None:
    desk = a_desk()
    desk.do("links", "delete", "--profile", "backup-writer", "db-1", "--yes")

    ran = desk.show("runs", "rollback", desk.journal.list_runs()[0].id, "--yes")

    [item] = ran.answer["items"]
    assert ran.exit_code == 0
    assert [note["code"] for note in item["notes"]] == ["new_link_id"]
    [new] = linked(desk) - ALL
    assert item["link"]["link_id"] == new


def test_a_link_that_was_made_is_taken_away_by_a_rollback_once() -> None:
    desk = a_desk()
    desk.do("links", "create", "--profile", "backup-writer", "web-1", "--yes")
    run_id = desk.journal.list_runs()[0].id

    assert desk.do("runs", "rollback", run_id, "--dry-run").exit_code == 0
    assert desk.do("runs", "rollback", run_id, "--yes").exit_code == 0
    assert linked(desk) == ALL
    again = desk.show("runs", "rollback", run_id, "--yes")
    assert [item["result"] for item in again.answer["items"]] == ["already_so"]


def test_a_run_that_failed_is_resumed() -> None:
    desk = a_desk()
    desk.cloud.fail("create_link", UnavailableError("503"))
    words = ("links", "create", "--profile", "backup-writer", "web-1", "--yes")

    assert desk.do(*words).exit_code == 6
    resumed = desk.show("runs", "resume", desk.journal.list_runs()[0].id)

    assert resumed.exit_code == 0
    assert [item["result"] for item in resumed.answer["items"]] == ["applied"]
    assert len(linked(desk)) == len(ALL) + 1
