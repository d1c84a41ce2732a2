"""The gate as a platform team uses it: policy, snapshots, baselines, plans, reports, templates."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_audit_sources import a_plan
from tests.integration.cloud import EmulatedCloud, served
from tests.support.gate import a_policy

# Nothing that reads a file may need any of these.
_NOWHERE = {
    "VPCMETACTL_VPC_URL": None,
    "VPCMETACTL_IAM_URL": None,
    "VPCMETACTL_STATE": None,
    "IBMCLOUD_API_KEY": None,
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedCloud]:
    """Two hundred servers and two templates, which no test changes."""
    state = tmp_path_factory.mktemp("state") / "state.sqlite"
    with served(state, "mixed-fleet") as emulated:
        yield emulated


def save(cloud: EmulatedCloud, path: Path) -> Path:
    ran = cloud.run("snapshot", "save", str(path))
    assert ran.exit_code == 0
    return path


def test_a_snapshot_is_judged_without_credentials_to_the_same_findings(
    fleet: EmulatedCloud, tmp_path: Path
) -> None:
    snapshot, policy = save(fleet, tmp_path / "fleet.jsonl.gz"), str(a_policy(tmp_path))
    words = ("audit", "run", "--policy", policy, "--as-of", "2026-11-22", "--templates")

    live = fleet.run(*words, "-o", "jsonl")
    kept = fleet.run(*words, "--source", str(snapshot), "-o", "jsonl", **_NOWHERE)

    assert (live.exit_code, kept.exit_code) == (3, 3)
    assert kept.stdout == live.stdout
    assert len(kept.stdout.splitlines()) > 50


def test_every_report_tells_the_same_findings(fleet: EmulatedCloud, tmp_path: Path) -> None:
    snapshot = save(fleet, tmp_path / "fleet.jsonl.gz")
    files = {
        name: tmp_path / name for name in ("json", "sarif", "junit", "html", "markdown", "csv")
    }
    reports = [word for name, path in files.items() for word in ("-o", f"{name}={path}")]

    ran = fleet.run("audit", "run", "--source", str(snapshot), *reports, **_NOWHERE)

    items = json.loads(files["json"].read_bytes())["items"]
    results = json.loads(files["sarif"].read_bytes())["runs"][0]["results"]
    assert ran.exit_code == 3
    assert len(results) == len(items) > 50
    assert len(files["csv"].read_text("utf-8").splitlines()) == len(items) + 1
    for name in ("junit", "html", "markdown"):
        text = files[name].read_text("utf-8")
        assert all(item["server"]["name"] in text for item in items)


def test_a_change_is_told_by_field_and_only_new_debt_fails(
    cloud: EmulatedCloud, tmp_path: Path
) -> None:
    monday = save(cloud, tmp_path / "monday.jsonl.gz")
    ran = cloud.run("metadata", "enable", "legacy-1", "--yes")
    assert ran.exit_code == 0
    tuesday = save(cloud, tmp_path / "tuesday.jsonl.gz")

    diff = cloud.run("snapshot", "diff", str(monday), str(tuesday), "-o", "json", **_NOWHERE)
    gate = ("audit", "run", "--baseline", str(monday), "--fail-on-new", "-o", "json")
    new = cloud.run(*gate)
    mended = cloud.run("metadata", "set", "legacy-1", "--protocol", "https", "--yes")
    old = cloud.run(*gate)

    (changed,) = diff.envelope.items
    assert (diff.exit_code, changed["change"], changed["name"]) == (0, "changed", "legacy-1")
    assert {"field": "metadata_service.enabled", "before": False, "after": True} in changed[
        "fields"
    ]
    assert (new.exit_code, mended.exit_code, old.exit_code) == (3, 0, 0)
    assert [i["server"]["name"] for i in new.envelope.items if i["since"] == "new"] == ["legacy-1"]
    assert {item["since"] for item in old.envelope.items} == {"known"}


def test_a_region_that_is_forbidden_is_kept_as_such(cloud: EmulatedCloud, tmp_path: Path) -> None:
    whole, part = save(cloud, tmp_path / "whole.jsonl"), tmp_path / "part.jsonl"
    cloud.fail("list_instances@jp-tok:403")

    ran = cloud.run("snapshot", "save", str(part))
    audit = cloud.run("audit", "run", "--source", str(part), "--fail-on", "none", **_NOWHERE)
    diff = cloud.run("snapshot", "diff", str(whole), str(part), **_NOWHERE)

    assert (ran.exit_code, audit.exit_code, diff.exit_code) == (4, 4, 4)
    assert "is.instance.instance.list" in ran.stderr
    assert "gone" not in diff.stdout
    assert "in one snapshot alone" in diff.stdout


def test_a_plan_is_judged_before_it_exists(cloud: EmulatedCloud, tmp_path: Path) -> None:
    ran = cloud.run("audit", "run", "--source", str(a_plan(tmp_path)), **_NOWHERE)

    assert ran.exit_code == 3
    assert "module.web.ibm_is_insta" in ran.stdout
    assert cloud.asked == []


def test_what_the_next_scale_out_will_make_can_be_replaced(
    fleet: EmulatedCloud, tmp_path: Path
) -> None:
    policy, path = tmp_path / "p.toml", tmp_path / "body.json"
    policy.write_text('format_version = 1\n[[rules]]\ncheck = "VPCMETA003"\n', "utf-8")

    listed = fleet.run("templates", "list", "--policy", str(policy), "-o", "json")
    (item,) = [item for item in listed.envelope.items if item["findings"]]
    words = item["command"].removeprefix("vpcmetactl ").replace("FILE", str(path)).split(" ")
    replaced = fleet.run(*words)

    assert item["groups"]
    assert (listed.exit_code, replaced.exit_code) == (0, 0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    service = json.loads(path.read_bytes())["metadata_service"]
    assert (service["enabled"], service["protocol"]) == (True, "https")
