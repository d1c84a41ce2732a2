"""When ``audit run`` fails: severities, waivers, and what is new."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.test_audit_sources import a_plan
from tests.support.builders import ON, ON_HTTPS, an_instance
from tests.support.gate import POLICY, TEMPLATE, WEB, a_cloud, a_policy, run, saved
from vpcmetactl.domain.errors import PermissionDeniedError

_NEW = an_instance("web-2", metadata_service=ON)


def since(words: str) -> str:
    return f"since the baseline: {words}"


# The policy.


def test_a_policy_is_checked_without_asking_anybody(tmp_path: Path) -> None:
    cloud = a_cloud()

    ran = run(cloud, "audit", "run", "--policy", a_policy(tmp_path), "--check-policy")

    assert (ran.exit_code, ran.stdout, cloud.calls) == (0, "", [])
    assert "warning: the waiver of VPCMETA001 for name web-* expired" in ran.stderr
    assert "at the end of 2026-11-01 (team c)" in ran.stderr
    assert "(team a)" in ran.stderr
    assert "team b" not in ran.stderr


def test_a_mistake_in_a_policy_is_named_with_its_place(tmp_path: Path) -> None:
    policy = a_policy(tmp_path, POLICY.replace("max_response_hop_limit", "max_hop_limit"))

    for words in (("--check-policy",), ()):
        ran = run(a_cloud(), "audit", "run", "--policy", policy, *words)
        assert ran.exit_code == 2
        assert str(policy) in ran.stderr
        assert "max_response_hop_limit" in ran.stderr


def test_a_policy_that_is_missing_or_contradicted_is_refused(tmp_path: Path) -> None:
    missing = run(a_cloud(), "audit", "run", "--policy", tmp_path / "no.toml")
    waivers = run(a_cloud(), "audit", "run", "--waivers", tmp_path / "no.toml")
    both = run(a_cloud(), "audit", "run", "--policy", a_policy(tmp_path), "--require", "enabled")

    assert (missing.exit_code, waivers.exit_code, both.exit_code) == (2, 2, 2)
    assert f"{tmp_path / 'no.toml'}: No such file" in missing.stderr
    assert f"{tmp_path / 'no.toml'}: No such file" in waivers.stderr
    assert "--policy goes with neither --require" in both.stderr


@pytest.mark.parametrize(
    ("as_of", "waivers", "waived"),
    [
        ("2026-10-01", {"VPCMETA102"}, 2),
        ("2026-10-20", {"VPCMETA102", "VPCMETA103"}, 2),
        ("2026-11-22", {"VPCMETA101", "VPCMETA102", "VPCMETA103"}, 1),
        ("2026-12-01", {"VPCMETA101", "VPCMETA102"}, 0),
    ],
)
def test_waivers_end_and_are_findings_of_their_own(
    tmp_path: Path, as_of: str, waivers: set[str], waived: int
) -> None:
    words = ("audit", "run", "--policy", a_policy(tmp_path), "--as-of", as_of, "-o", "json")

    items = run(a_cloud(), *words).answer["items"]

    assert {item["check"]["id"] for item in items if item["server"] is None} == waivers
    owners = [item["waived"]["owner"] for item in items if item["waived"] is not None]
    assert len(owners) == waived


def test_waivers_may_be_in_a_file_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    waiver = '[[waivers]]\ncheck = "VPCMETA001"\nservers = { name = "*" }\nowner = "o"\n'
    path.write_text(f'format_version = 1\n{waiver}reason = "r"\nexpires = 2027-01-01\n', "utf-8")

    assert run(a_cloud(), "audit", "run").exit_code == 3
    assert run(a_cloud(), "audit", "run", "--waivers", path).exit_code == 0


@pytest.mark.parametrize("severity", ["none", "info", "low", "medium", "high", "critical"])
def test_the_gate_closes_at_a_severity(severity: str) -> None:
    expected = 3 if severity in ("info", "low", "medium") else 0
    assert run(a_cloud(), "audit", "run", "--fail-on", severity).exit_code == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--as-of", "yesterday"), "--as-of yesterday: is no date"),
        (("--fail-on-new",), "--fail-on-new: new since when?"),
    ],
)
def test_words_without_a_meaning_are_refused(words: tuple[str, ...], message: str) -> None:
    ran = run(a_cloud(), "audit", "run", *words)
    assert (ran.exit_code, message in ran.stderr) == (2, True)


# What is new.


def test_old_debt_does_not_break_todays_build(tmp_path: Path) -> None:
    baseline = saved(a_cloud(), tmp_path / "a.jsonl")

    ran = run(a_cloud(), "audit", "run", "--baseline", baseline, "--fail-on-new", "-o", "json")

    assert ran.exit_code == 0
    assert {item["since"] for item in ran.answer["items"]} == {"known"}
    assert since("0 new, 2 known, 0 fixed\n") in ran.stderr
    assert run(a_cloud(), "audit", "run", "--baseline", baseline).exit_code == 3


def test_new_debt_breaks_it_and_is_marked(tmp_path: Path) -> None:
    baseline, cloud = saved(a_cloud(), tmp_path / "a.jsonl"), a_cloud()
    cloud.put(_NEW)
    cloud.put(replace(WEB, metadata_service=ON_HTTPS))

    ran = run(cloud, "audit", "run", "--baseline", baseline, "--fail-on-new")

    assert ran.exit_code == 3
    assert "new: enabled over http" in ran.stdout
    assert since("1 new, 1 known, 1 fixed\n") in ran.stderr


@pytest.mark.parametrize("words", [("web-2",), ("--name", "web-*"), ("-r", "us-south")])
def test_a_choice_may_name_what_was_not_there_before(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    baseline, cloud = saved(a_cloud(), tmp_path / "a.jsonl"), a_cloud()
    cloud.put(_NEW)

    ran = run(cloud, "audit", "run", *words, "--baseline", baseline, "--fail-on-new")

    assert ran.exit_code == 3
    assert since("1 new") in ran.stderr


def test_what_was_unread_then_is_not_new_and_what_is_unread_now_is_not_fixed(
    tmp_path: Path,
) -> None:
    whole, part = saved(a_cloud(), tmp_path / "a.jsonl"), tmp_path / "b.jsonl"
    cloud = a_cloud()
    cloud.fail("list_page", PermissionDeniedError("no", status=403), region="eu-de", times=4)
    assert run(cloud, "snapshot", "save", part).exit_code == 4

    later = run(a_cloud(), "audit", "run", "--baseline", part, "--fail-on-new", "-o", "json")
    earlier = run(a_cloud(), "audit", "run", "--source", part, "--baseline", whole, "--fail-on-new")

    assert later.exit_code == 0
    assert {item["server"]["name"]: item["since"] for item in later.answer["items"]} == {
        "legacy-1": "undetermined",
        "web-1": "known",
    }
    assert since("0 new, 1 known, 0 fixed, 1 that cannot be told") in later.stderr
    assert earlier.exit_code == 4
    assert since("0 new, 1 known, 0 fixed, 1 that cannot be told") in earlier.stderr


@pytest.mark.parametrize("words", [("-r", "us-south"), ("--vpc", "prod", "-r", "us-south")])
def test_what_nobody_asked_for_then_is_not_new(tmp_path: Path, words: tuple[str, ...]) -> None:
    baseline = saved(a_cloud(), tmp_path / "a.jsonl", *words)

    everything = run(a_cloud(), "audit", "run", "--baseline", baseline, "--fail-on-new")
    elsewhere = run(
        a_cloud(), "audit", "run", "-r", "eu-de", "--baseline", baseline, "--fail-on-new"
    )

    assert (everything.exit_code, elsewhere.exit_code) == (0, 0)
    assert since("0 new, 1 known, 0 fixed, 1 that cannot be told") in everything.stderr
    assert since("0 new, 0 known, 0 fixed, 1 that cannot be told") in elsewhere.stderr


def test_the_same_choice_then_and_now_tells_what_is_new(tmp_path: Path) -> None:
    words = ("--vpc", "prod", "-r", "us-south")
    baseline, cloud = saved(a_cloud(), tmp_path / "a.jsonl", *words), a_cloud()
    cloud.put(_NEW)

    ran = run(cloud, "audit", "run", *words, "--baseline", baseline, "--fail-on-new")

    assert ran.exit_code == 3
    assert since("1 new, 1 known, 0 fixed\n") in ran.stderr


def test_templates_and_trust_that_were_not_read_say_nothing_of_servers(tmp_path: Path) -> None:
    baseline = saved(a_cloud(), tmp_path / "a.jsonl", "--content", "servers")
    cloud = a_cloud()
    cloud.put(_NEW)
    cloud.templates[0] = replace(TEMPLATE, name="other")
    policy = a_policy(tmp_path, POLICY[: POLICY.index("[[waivers]]")])
    words = ("--templates", "--policy", policy, "--baseline", baseline, "--fail-on-new")

    ran = run(cloud, "audit", "run", *words, "-o", "json")

    told = {
        (item["server"]["name"], item["check"]["id"]): item["since"] for item in ran.answer["items"]
    }
    assert ran.exit_code == 3
    assert told["web-2", "VPCMETA001"] == "new"
    assert told["other", "VPCMETA001"] == "undetermined"
    assert told["web-1", "VPCMETA001"] == "known"
    assert told["web-1", "VPCMETA006"] == "undetermined"


def test_a_plan_compares_with_a_plan_and_with_no_snapshot(tmp_path: Path) -> None:
    before, after = a_plan(tmp_path, "a.json", resource_changes=[]), a_plan(tmp_path, "b.json")
    snapshot, cloud = saved(a_cloud(), tmp_path / "a.jsonl"), a_cloud()

    ran = run(cloud, "audit", "run", "--source", after, "--baseline", before, "--fail-on-new")
    mixed = run(cloud, "audit", "run", "--baseline", before)
    other = run(cloud, "audit", "run", "--source", after, "--baseline", snapshot)

    assert ran.exit_code == 3
    assert since("1 new, 0 known") in ran.stderr
    assert (mixed.exit_code, other.exit_code, cloud.calls) == (2, 2, [])
    assert "has nothing in common with what is judged" in mixed.stderr
