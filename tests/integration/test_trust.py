"""Trusted profiles over HTTP: the lines a user types, and what they leave behind in IAM."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.cloud import EmulatedCloud, served, wait_until
from tests.integration.runs import results, run_ids
from vpcmetactl.domain.errors import ExitCode

PRUNE = ("links", "prune", "--assert-full-visibility", "--yes", "-o", "json")
Links = Counter[tuple[str, str | None]]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[EmulatedCloud]:
    """The scenario ``trusted-fleet``, with a state file of its own that is not there yet."""
    with served(tmp_path / "state" / "state.sqlite", "trusted-fleet") as emulated:
        yield emulated


def links_of(fleet: EmulatedCloud, profile: str) -> Links:
    """Count the links of a profile, by compute type and name or CRN."""
    links = fleet.emulator.world.trust.profile(profile).links.values()
    return Counter((link.cr_type, link.name or link.crn) for link in links)


def linked(fleet: EmulatedCloud, profile: str, server: str) -> int:
    """Count the links of a profile to a server."""
    crn = fleet.server(server).crn
    links = fleet.emulator.world.trust.profile(profile).links.values()
    return sum(link.crn == crn for link in links)


def every_link(fleet: EmulatedCloud) -> set[str]:
    """Return the ids of all links of the account."""
    return {
        link.id
        for profile in fleet.emulator.world.trust.profiles.values()
        for link in profile.links.values()
    }


# The session.


def test_links_are_planned_applied_listed_and_taken_away(
    fleet: EmulatedCloud, tmp_path: Path
) -> None:
    plan = str(tmp_path / "links.json")
    created = ("links", "create", "--profile", "backup-writer", "--name", "db-*")

    planned = fleet.run(*created, "--plan-out", plan, "-o", "json")
    assert (planned.exit_code, linked(fleet, "backup-writer", "db-3")) == (0, 0)
    assert planned.envelope.summary["change"] == 1
    assert planned.envelope.summary["already_so"] == 2

    applied = fleet.run("plan", "apply", plan, "--yes", "-o", "json")
    assert (applied.exit_code, results(applied)["applied"]) == (0, 1)
    assert linked(fleet, "backup-writer", "db-3") == 1
    listed = fleet.run("links", "list", "db-3", "-o", "json").envelope
    assert [(one["profile"]["name"], one["visibility"]) for one in listed.items] == [
        ("backup-writer", "visible")
    ]

    deleted = fleet.run("links", "delete", "--profile", "backup-writer", "db-3", "--yes")
    assert (deleted.exit_code, linked(fleet, "backup-writer", "db-3")) == (0, 0)
    assert fleet.run("links", "list", "db-3").stdout == "No links.\n"


def test_a_server_is_shown_with_the_profiles_that_trust_it(fleet: EmulatedCloud) -> None:
    (item,) = fleet.run("servers", "show", "db-1", "-o", "json").envelope.items
    ways = {one["name"]: [way["kind"] for way in one["ways"]] for one in item["profiles"]}

    assert ways["backup-writer"] == ["link"]
    assert ways["admin"] == ["link", "rule"]


def test_access_names_each_way_and_every_kind_of_doubt(fleet: EmulatedCloud) -> None:
    ran = fleet.run("access", "list", "-o", "json")
    ways = [way for item in ran.envelope.items for way in item["ways"]]

    assert ran.exit_code == 0
    assert {way["kind"] for way in ways} == {"link", "rule", "identity"}
    assert {way["doubt"]["reason"] for way in ways if way["doubt"]} == {
        "claims_unpublished",
        "no_conditions",
        "unknown_claim",
        "unknown_operator",
        "value_unreadable",
    }


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        ("profiles show nobody", ExitCode.ERROR, "no trusted profile 'nobody'"),
        ("links list --profile nobody", ExitCode.ERROR, "no trusted profile 'nobody'"),
        ("links create --profile nobody db-3 --dry-run", ExitCode.ERROR, "nobody"),
        ("links create --profile admin no-server --dry-run", ExitCode.ERROR, "no-server"),
        ("links create db-3 --dry-run", ExitCode.USAGE, "--profile"),
        ("links create --profile admin --dry-run", ExitCode.USAGE, "no server is chosen"),
        ("links delete --profile admin --yes", ExitCode.USAGE, "no server is chosen"),
        ("links create --profile admin db-3", ExitCode.USAGE, "--yes"),
        ("links prune --yes", ExitCode.REFUSED, "--assert-full-visibility"),
        ("links create --profile admin linuxone-1 --yes", ExitCode.REFUSED, ""),
        ("links create --profile backup-writer db-1 --yes", ExitCode.OK, ""),
        ("links delete --profile admin web-1 --yes", ExitCode.OK, ""),
    ],
)
def test_wrong_lines_change_nothing_and_say_why(
    fleet: EmulatedCloud, words: str, exit_code: ExitCode, said: str
) -> None:
    before = every_link(fleet)

    ran = fleet.run(*words.split())

    assert ran.exit_code == exit_code
    assert said in ran.stderr
    assert every_link(fleet) == before


# Runs of links.


def test_an_inverted_plan_takes_the_link_away_again(fleet: EmulatedCloud, tmp_path: Path) -> None:
    plan, undo = str(tmp_path / "links.json"), str(tmp_path / "undo.json")
    fleet.run("links", "create", "--profile", "admin", "db-3", "--plan-out", plan)
    fleet.run("plan", "apply", plan, "--yes")

    inverted = fleet.run("plan", "invert", plan, "--plan-out", undo)
    assert "delete the link to profile admin" in inverted.stdout
    applied = fleet.run("plan", "apply", undo, "--yes")

    assert (applied.exit_code, linked(fleet, "admin", "db-3")) == (0, 0)


def test_a_deleted_link_is_made_anew_by_the_rollback(fleet: EmulatedCloud) -> None:
    before = links_of(fleet, "backup-writer")
    fleet.run("links", "delete", "--profile", "backup-writer", "db-1", "db-2", "--yes")
    assert sum(links_of(fleet, "backup-writer").values()) == 1

    shown = fleet.run("runs", "rollback", run_ids(fleet)[0], "--dry-run")
    assert "with an id of its own" in shown.stdout
    rolled = fleet.run("runs", "rollback", run_ids(fleet)[0], "--yes")

    assert rolled.exit_code == 0
    assert links_of(fleet, "backup-writer") == before


@pytest.mark.parametrize(
    "fault", ["create_link:lost:1", "create_link:503:1", "create_link:reset:1"]
)
def test_a_link_whose_answer_is_lost_is_made_once(fleet: EmulatedCloud, fault: str) -> None:
    fleet.fail(fault)
    ran = fleet.run("links", "create", "--profile", "admin", "db-3", "--yes")
    if ran.exit_code == ExitCode.FAILED:
        ran = fleet.run("runs", "resume", run_ids(fleet)[0])

    assert ran.exit_code == 0
    assert linked(fleet, "admin", "db-3") == 1


def test_killed_between_the_request_and_its_answer_a_link_is_made_once(
    fleet: EmulatedCloud,
) -> None:
    fleet.fail("create_link:stall:1")
    process = fleet.start("links", "create", "--profile", "admin", "db-3", "web-3", "--yes")
    wait_until(lambda: sum(linked(fleet, "admin", one) for one in ("db-3", "web-3")) == 1, 20)
    process.kill()
    process.communicate()

    resumed = fleet.run("runs", "resume", run_ids(fleet)[0], "-o", "json")

    assert (resumed.exit_code, results(resumed)) == (0, Counter(applied=2))
    assert [linked(fleet, "admin", one) for one in ("db-3", "web-3")] == [1, 1]
    rolled = fleet.run("runs", "rollback", run_ids(fleet)[0], "--yes")
    assert rolled.exit_code == 0
    assert [linked(fleet, "admin", one) for one in ("db-3", "web-3")] == [0, 0]


def test_a_deletion_whose_answer_is_lost_takes_one_link_away(fleet: EmulatedCloud) -> None:
    before = every_link(fleet)
    fleet.fail("delete_link:lost:1")
    ran = fleet.run("links", "delete", "--profile", "backup-writer", "db-1", "--yes")

    assert ran.exit_code == 0
    assert len(before - every_link(fleet)) == 1
    assert linked(fleet, "backup-writer", "db-1") == 0


def test_a_saved_plan_is_held_against_the_limits_of_the_day(
    fleet: EmulatedCloud, tmp_path: Path
) -> None:
    plan = str(tmp_path / "links.json")
    fleet.run("links", "create", "--profile", "admin", "--name", "web-?", "--plan-out", plan)
    before = every_link(fleet)
    trust = fleet.emulator.world.trust
    trust.limits = replace(trust.limits, links_per_profile=2)

    ran = fleet.run("plan", "apply", plan, "--yes")

    assert ran.exit_code == ExitCode.REFUSED
    assert "profile admin has 1 and may have 2" in ran.stderr
    assert every_link(fleet) == before


# Pruning.


def test_pruning_takes_what_is_provably_gone_and_nothing_else(fleet: EmulatedCloud) -> None:
    before = {
        profile.name: links_of(fleet, profile.name)
        for profile in fleet.emulator.world.trust.profiles.values()
    }

    ran = fleet.run(*PRUNE)

    gone = Counter({("VSI", "gone-long-ago"): 1, ("BMS", "gone-metal"): 1})
    assert (ran.exit_code, results(ran)["applied"]) == (0, 2)
    assert before["retired-app"] - links_of(fleet, "retired-app") == gone
    assert links_of(fleet, "cluster-agent") == before["cluster-agent"]
    del before["retired-app"]
    assert {name: links_of(fleet, name) for name in before} == before


def test_a_dry_run_of_pruning_counts_what_is_there_and_asks_for_the_vow(
    fleet: EmulatedCloud,
) -> None:
    ran = fleet.run("links", "prune", "--dry-run")

    assert ran.exit_code == 0
    assert "is there" not in ran.stdout.split("prune links:")[0]
    assert "2 to change, 11 of servers that are there, 2 skipped." in ran.stdout
    assert "--assert-full-visibility" in ran.stdout


def test_a_server_that_cannot_be_read_keeps_its_link(fleet: EmulatedCloud) -> None:
    fleet.fail("get_instance:403", "get_bare_metal_server:403")
    before = every_link(fleet)

    ran = fleet.run(*PRUNE)

    assert ran.exit_code == ExitCode.REFUSED
    assert results(ran)["applied"] == 0
    assert every_link(fleet) == before


# What a change of the metadata service would take away.


@pytest.mark.parametrize("when", ["auto", "always"])
def test_disabling_a_trusted_server_is_refused(fleet: EmulatedCloud, when: str) -> None:
    ran = fleet.run("metadata", "disable", "db-1", "--check-trust", when, "--yes")

    assert ran.exit_code == ExitCode.REFUSED
    assert "backup-writer" in ran.stdout
    assert fleet.is_enabled("db-1")


@pytest.mark.parametrize(
    "words", [("--allow-identity-loss",), ("--check-trust", "never")], ids=lambda words: words[0]
)
def test_it_goes_ahead_where_that_is_said(fleet: EmulatedCloud, words: tuple[str, ...]) -> None:
    ran = fleet.run("metadata", "disable", "db-1", *words, "--yes")

    assert ran.exit_code == 0
    assert not fleet.is_enabled("db-1")


def test_another_protocol_is_warned_of(fleet: EmulatedCloud) -> None:
    ran = fleet.run("metadata", "set", "db-1", "--protocol", "http", "--dry-run")

    assert ran.exit_code == 0
    assert "is trusted by admin, backup-writer" in ran.stdout


def test_who_trusts_servers_is_asked_once_in_five_minutes_and_after_links_change(
    fleet: EmulatedCloud,
) -> None:
    dry = ("metadata", "disable", "metal-idle", "--dry-run")
    fleet.state.parent.mkdir()
    fleet.run(*dry)
    fleet.emulator.clear_requests()

    fleet.run(*dry)
    assert "list_links" not in fleet.asked
    fleet.run(*dry, "--check-trust", "always")
    assert "list_links" in fleet.asked
    fleet.emulator.clear_requests()
    fleet.run_later(0.1, *dry)
    assert "list_links" in fleet.asked

    fleet.run("links", "create", "--profile", "admin", "metal-idle", "--yes")
    assert fleet.run(*dry).exit_code == ExitCode.REFUSED


# Without the rights.


def test_without_the_right_to_read_profiles_the_rest_still_works(fleet: EmulatedCloud) -> None:
    fleet.fail("iam-identity.profile.get:403")

    for words in (["profiles", "list"], ["links", "list"], ["access", "list"]):
        ran = fleet.run(*words)
        assert ran.exit_code == ExitCode.ERROR
        assert "iam-identity.profile.get" in ran.stderr
        assert "Viewer" in ran.stderr

    shown = fleet.run("servers", "show", "db-1", "-o", "json")
    assert (shown.exit_code, shown.envelope.names) == (0, ["db-1"])
    assert "iam-identity.profile.get" in shown.stderr
    listed = fleet.run("servers", "list", "--with", "profiles", "-o", "json")
    assert (listed.exit_code, len(listed.envelope.items)) == (ExitCode.INCOMPLETE, 19)
    assert fleet.run("servers", "list").exit_code == 0

    warned = fleet.run("metadata", "disable", "db-1", "--dry-run")
    assert (warned.exit_code, "not fully known" in warned.stdout) == (0, True)
    refused = fleet.run("metadata", "disable", "db-1", "--dry-run", "--check-trust", "always")
    assert refused.exit_code == ExitCode.REFUSED


def test_without_the_right_to_link_both_actions_are_named(fleet: EmulatedCloud) -> None:
    fleet.fail("iam-identity.profile.linkToResource:403")
    before = every_link(fleet)

    for words in (["create", "db-3"], ["delete", "db-1"]):
        ran = fleet.run("links", *words, "--profile", "backup-writer", "--yes")
        assert ran.exit_code == ExitCode.FAILED
        said = " ".join(ran.stdout.split())
        assert "iam-identity.profile.update" in said
        assert "iam-identity.profile.linkToResource" in said
        assert "crn:" not in said
    assert every_link(fleet) == before


def test_what_fails_alike_for_every_profile_is_said_once(fleet: EmulatedCloud) -> None:
    fleet.fail("list_claim_rules:403")

    ran = fleet.run("profiles", "list")

    assert ran.exit_code == ExitCode.INCOMPLETE
    assert ran.stderr.count("incomplete:") == 1
    assert "20 profiles: admin, " in ran.stderr
