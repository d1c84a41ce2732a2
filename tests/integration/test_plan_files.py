"""Plans as files: saved, reviewed, applied by somebody else, refused where they must be."""

import json
from pathlib import Path

import pytest

from tests.integration.cloud import EmulatedCloud, served
from tests.integration.runs import (
    CHANGES,
    HTTPS,
    LEGACY,
    patches,
    results,
    run_ids,
    saved,
    services,
)
from vpcmetactl.emulator.demo import SECURE_ONLY


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plan.json"


def apply(cloud: EmulatedCloud, file: Path, *words: str) -> tuple[int, str]:
    """Apply a plan, and return how that ended and what it said."""
    ran = cloud.run("plan", "apply", str(file), "--yes", *words)
    return ran.exit_code, ran.stderr


def test_saving_a_plan_changes_nothing_and_says_how_to_apply_it(
    cloud: EmulatedCloud, file: Path
) -> None:
    before = services(cloud)

    ran = cloud.run(*HTTPS, "--plan-out", str(file))

    # One server is being deleted: a wish that stays unmet.
    assert ran.exit_code == 5
    assert f"{CHANGES} to change" in ran.stdout
    assert f"apply it with: vpcmetactl plan apply {file}" in ran.stderr
    assert (services(cloud), patches(cloud).total()) == (before, 0)
    assert not cloud.rows("SELECT id FROM runs")


def test_a_plan_is_reviewed_without_an_account(cloud: EmulatedCloud, file: Path) -> None:
    saved(cloud, file, *HTTPS)
    bare = {"VPCMETACTL_VPC_URL": None, "VPCMETACTL_IAM_URL": None, "IBMCLOUD_API_KEY": None}

    markdown = cloud.run("plan", "show", str(file), "-o", "markdown", **bare)
    told = cloud.run("plan", "show", str(file), "-o", "json", **bare).envelope

    assert markdown.exit_code == 5
    assert markdown.stdout.startswith("| ")
    assert "protocol: http → https" in markdown.stdout
    assert len(told.items) == 42
    assert [item["decision"] for item in told.items].count("change") == CHANGES
    digest = json.loads(file.read_text())["digest"]
    assert digest in (told.summary["saved"]["digest"], f"sha256:{told.summary['saved']['digest']}")
    assert cloud.asked == []


def test_a_saved_plan_is_applied_as_it_is(cloud: EmulatedCloud, file: Path) -> None:
    saved(cloud, file)

    ran = cloud.run("plan", "apply", str(file), "--yes", "-o", "json")

    assert (ran.exit_code, results(ran)) == (0, {"applied": 4})
    assert all(cloud.is_enabled(f"legacy-{number}") for number in range(1, 5))
    # Nothing is listed again: each server is read, changed and read back.
    assert sorted(set(cloud.asked)) == ["create_token", "get_instance", "update_instance"]


def test_a_plan_that_was_applied_already_does_nothing_more(
    cloud: EmulatedCloud, file: Path
) -> None:
    saved(cloud, file)
    apply(cloud, file)
    cloud.emulator.clear_requests()

    again = cloud.run("plan", "apply", str(file), "--yes", "-o", "json")

    assert (again.exit_code, results(again)) == (0, {"already_so": 4})
    assert patches(cloud).total() == 0


def test_what_drifted_since_the_plan_was_made_is_refused_and_the_rest_is_applied(
    cloud: EmulatedCloud, file: Path
) -> None:
    saved(cloud, file)
    world = cloud.emulator.world
    world.change_metadata_service(cloud.server("legacy-2"), protocol="https", enabled=True)
    world.change_metadata_service(cloud.server("legacy-3"), enabled=True)
    world.delete(cloud.server("legacy-4"))
    world.change_metadata_service(cloud.server("legacy-1"), protocol="https")

    ran = cloud.run("plan", "apply", str(file), "--yes", "-o", "json")

    # Only `enabled` was planned; what else changed is nobody's business.
    assert (ran.exit_code, results(ran)) == (5, {"applied": 1, "already_so": 2, "refused": 1})


# What is refused before anything is sent.


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"after": true', '"after": false'),
        ('"legacy-1"', '"legacy-5"'),
        ('"expires_at": "2', '"expires_at": "3'),
        ('"canary": 1', '"canary": 0'),
    ],
)
def test_a_plan_that_was_edited_is_refused(
    cloud: EmulatedCloud, file: Path, before: str, after: str
) -> None:
    text = saved(cloud, file).read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))

    code, said = apply(cloud, file)

    assert (code, cloud.asked) == (5, [])
    assert "error: " in said
    assert cloud.run("plan", "show", str(file)).exit_code == 5


def test_a_plan_of_another_account_is_refused(
    cloud: EmulatedCloud, file: Path, tmp_path: Path
) -> None:
    saved(cloud, file)
    with served(tmp_path / "other" / "state.sqlite", seed=7) as other:
        code, said = apply(other, file)

        ours, theirs = cloud.emulator.world.account_id, other.emulator.world.account_id
        assert code == 5
        assert f"the plan is for account {ours}, the credentials belong to {theirs}" in said
        assert other.asked == ["create_token"]


def test_a_plan_of_another_endpoint_is_refused(
    cloud: EmulatedCloud, file: Path, tmp_path: Path
) -> None:
    saved(cloud, file)
    with served(tmp_path / "other" / "state.sqlite") as other:
        code, said = apply(other, file)

        assert code == 5
        assert f"the plan is for {cloud.url}/vpc/{{region}}/v1" in said
        assert other.asked == ["create_token"]


@pytest.mark.parametrize(("hours", "code"), [(23.9, 0), (24.1, 5)])
def test_a_plan_is_applied_within_a_day_only(
    cloud: EmulatedCloud, file: Path, hours: float, code: int
) -> None:
    saved(cloud, file)

    ran = cloud.run_later(hours, "plan", "apply", str(file), "--yes")

    assert ran.exit_code == code
    assert ("the plan expired at" in ran.stderr) == (code == 5)
    assert (patches(cloud).total() == 0) == (code == 5)


def test_only_the_plan_that_was_reviewed_is_applied(cloud: EmulatedCloud, file: Path) -> None:
    saved(cloud, file)
    digest = str(json.loads(file.read_text())["digest"])

    wrong = apply(cloud, file, "--expect-digest", "0" * 64)
    right = apply(cloud, file, "--expect-digest", digest)

    assert wrong[0] == 5
    assert "error: the plan's digest is " in wrong[1]
    assert right[0] == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--expect-count", "3"), 5),
        (("--expect-count", "4"), 0),
        (("--max-targets", "3"), 5),
        (("--max-targets", "4"), 0),
    ],
)
@pytest.mark.parametrize("way", ["at once", "from a file", "stored in the file"])
def test_a_plan_of_a_size_that_is_not_expected_is_refused(
    cloud: EmulatedCloud, file: Path, words: tuple[str, str], code: int, way: str
) -> None:
    if way == "at once":
        ran = cloud.run(*LEGACY, "--yes", *words)
    elif way == "from a file":
        ran = cloud.run("plan", "apply", str(saved(cloud, file)), "--yes", *words)
    else:
        ran = cloud.run("plan", "apply", str(saved(cloud, file, *LEGACY, *words)), "--yes")

    assert ran.exit_code == code
    assert patches(cloud).total() == (4 if code == 0 else 0)
    assert ("the plan changes 4 servers" in ran.stderr) == (code == 5)


def test_what_the_plan_stores_is_overridden_by_flags(cloud: EmulatedCloud, file: Path) -> None:
    saved(cloud, file, *LEGACY, "--max-targets", "3", "--canary", "4")

    assert apply(cloud, file, "--max-targets", "4")[0] == 0


# Taking a plan back where no journal was kept.


def test_a_plan_is_taken_back_on_a_runner_that_keeps_no_state(
    cloud: EmulatedCloud, file: Path, tmp_path: Path
) -> None:
    before = services(cloud)
    saved(cloud, file, *HTTPS)
    undo = tmp_path / "undo.json"

    apply(cloud, file, "--state", str(tmp_path / "one" / "state.sqlite"))
    changed = services(cloud)
    inverted = cloud.run("plan", "invert", str(file), "--plan-out", str(undo))
    code, _ = apply(cloud, undo, "--state", str(tmp_path / "other" / "state.sqlite"))

    assert changed != before
    assert inverted.exit_code == 0
    assert "weakens: goes back from https to http" in " ".join(inverted.stdout.split())
    assert code == 0
    assert services(cloud) == before
    assert not cloud.rows("SELECT id FROM runs")  # the plan was made with this state


def test_only_what_still_has_our_values_is_taken_back(
    cloud: EmulatedCloud, file: Path, tmp_path: Path
) -> None:
    saved(cloud, file, *LEGACY, "--protocol", "https")
    apply(cloud, file)
    undo = tmp_path / "undo.json"
    cloud.run("plan", "invert", str(file), "--plan-out", str(undo))
    cloud.emulator.world.change_metadata_service(cloud.server("legacy-2"), protocol="http")

    ran = cloud.run("plan", "apply", str(undo), "--yes", "-o", "json")

    assert (ran.exit_code, results(ran)) == (5, {"applied": 3, "refused": 1})
    assert cloud.is_enabled("legacy-2")


# Preflight.


def test_what_the_boot_volume_forbids_is_refused_in_the_plan_and_never_sent(
    cloud: EmulatedCloud, file: Path
) -> None:
    words = ("metadata", "disable", "db-1", "web-2", "-r", "us-south")

    planned = cloud.run(*words, "--plan-out", str(file), "-o", "json")
    applied = cloud.run("plan", "apply", str(file), "--yes", "-o", "json")

    decisions = {item["server"]["name"]: item for item in planned.envelope.items}
    assert planned.exit_code == 5
    assert decisions["web-2"]["decision"] == "change"
    assert (decisions["db-1"]["decision"], decisions["db-1"]["reason"]) == ("refuse", "allowed_use")
    assert SECURE_ONLY in decisions["db-1"]["message"]
    assert (applied.exit_code, results(applied)) == (5, {"applied": 1, "refused": 1})
    assert (cloud.is_enabled("db-1"), cloud.is_enabled("web-2")) == (True, False)
    assert list(patches(cloud)) == [cloud.server("web-2").id]


def test_a_boot_volume_that_cannot_be_read_warns_and_blocks_nothing(cloud: EmulatedCloud) -> None:
    cloud.fail("get_volume:403")

    ran = cloud.run("metadata", "disable", "web-2", "-r", "us-south", "--dry-run", "-o", "json")

    (item,) = ran.envelope.items
    assert (ran.exit_code, item["decision"]) == (0, "change")
    assert [note["code"] for note in item["notes"]] == ["allowed_use_unknown"]


def test_a_plan_without_changes_is_applied_without_a_run(cloud: EmulatedCloud, file: Path) -> None:
    cloud.run(*LEGACY, "--yes")
    saved(cloud, file)
    runs = run_ids(cloud)

    assert apply(cloud, file)[0] == 0
    assert run_ids(cloud) == runs


def test_a_plan_of_a_part_of_the_fleet_says_what_is_missing(
    cloud: EmulatedCloud, file: Path
) -> None:
    cloud.fail("list_instances@jp-tok:403")

    refused = cloud.run(*LEGACY[:4], "--plan-out", str(file))
    assert (refused.exit_code, file.exists()) == (5, False)

    allowed = cloud.run(*LEGACY[:4], "--plan-out", str(file), "--allow-incomplete")
    assert allowed.exit_code == 4
    cloud.fail()
    shown = " ".join(cloud.run("plan", "show", str(file)).stdout.split())
    assert "Incomplete jp-tok could not be read: servers there may be missing" in shown


def test_a_plan_prints_its_account_and_endpoint(cloud: EmulatedCloud, file: Path) -> None:
    planned = cloud.run(*LEGACY, "--dry-run").stdout
    saved(cloud, file)
    reviewed = cloud.run("plan", "show", str(file)).stdout

    for words in (planned.split(), reviewed.split()):
        assert words[words.index("Account") + 1] == cloud.emulator.world.account_id
        assert words[words.index("Endpoint") + 1] == f"{cloud.url}/vpc/{{region}}/v1"


def test_what_holds_for_many_servers_is_said_once(cloud: EmulatedCloud) -> None:
    ran = cloud.run(*HTTPS, "--dry-run")

    assert " ".join(ran.stdout.split()).count("https needs the host name") == 1


def test_what_would_be_taken_back_can_be_told_by_the_exit_code(
    cloud: EmulatedCloud, file: Path, tmp_path: Path
) -> None:
    saved(cloud, file)
    invert = ("plan", "invert", str(file), "--plan-out", str(tmp_path / "undo.json"))
    inverted = [cloud.run(*invert, *more).exit_code for more in ((), ("--exit-code",))]
    assert apply(cloud, file)[0] == 0
    (run_id,) = run_ids(cloud)

    rollback = ("runs", "rollback", run_id)
    dry = [cloud.run(*rollback, "-n", *more).exit_code for more in ((), ("--exit-code",))]
    assert cloud.run(*rollback, "--yes").exit_code == 0
    nothing = cloud.run(*rollback, "-n", "--exit-code")

    assert (inverted, dry, nothing.exit_code) == ([0, 3], [0, 3], 0)
