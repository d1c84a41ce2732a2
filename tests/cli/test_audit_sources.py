"""What ``audit run`` judges: the cloud, a snapshot, a file of Terraform's."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.gate import POLICY, a_cloud, a_policy, run, saved
from vpcmetactl.domain.errors import PermissionDeniedError

_AS_OF = ("--as-of", "2026-11-22")


def a_plan(folder: Path, name: str = "plan.json", **more: Any) -> Path:  # noqa: ANN401 - JSON
    """Write a plan that makes one server over http, and one that says nothing."""
    service = [{"enabled": True, "protocol": "http", "response_hop_limit": 1}]
    changes = [
        _created("module.web.ibm_is_instance.web[0]", "web", {"metadata_service": service}),
        _created("ibm_is_instance.silent", "silent", {}, {"metadata_service": True}),
    ]
    path = folder / name
    plan = {"format_version": "1.2", "terraform_version": "1.9.5", "resource_changes": changes}
    path.write_text(json.dumps({**plan, "planned_values": {"root_module": {}}, **more}), "utf-8")
    return path


def _created(
    address: str, name: str, after: dict[str, Any], unknown: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "address": address,
        "mode": "managed",
        "type": "ibm_is_instance",
        "name": name,
        "provider_name": "registry.terraform.io/ibm-cloud/ibm",
        "change": {
            "actions": ["create"],
            "before": None,
            "after": {"name": name, "zone": "eu-de-1", **after},
            "after_unknown": {"id": True, "crn": True, **(unknown or {})},
        },
    }


@pytest.mark.parametrize("words", [(), ("--templates",), ("-r", "us-south"), ("--name", "web-*")])
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_snapshot_gives_byte_for_byte_the_findings_of_the_fleet(
    tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    policy, lines = a_policy(tmp_path), []
    path = saved(a_cloud(), tmp_path / name)
    command: tuple[str | Path, ...] = ("audit", "run", "--policy", policy, *_AS_OF, *words)

    live = run(a_cloud(), *command, "-o", "jsonl", "-o", f"json={tmp_path}/live.json")
    sources: tuple[tuple[str | Path, ...], ...] = ((), ("--source", path))
    for source in sources:
        cloud = a_cloud()
        ran = run(cloud, *command, *source, "-o", "jsonl", "-o", f"json={tmp_path}/file.json")
        lines.append(ran.stdout)
        assert ran.exit_code == live.exit_code == 3
        assert bool(cloud.calls) == (not source)
        now, then = (json.loads((tmp_path / f"{n}.json").read_bytes()) for n in ("live", "file"))
        assert now["summary"] == then["summary"]

    assert lines == [live.stdout, live.stdout]
    assert len(lines[0].splitlines()) >= 3


def test_a_narrowed_snapshot_gives_the_findings_of_the_same_narrowed_audit(
    tmp_path: Path,
) -> None:
    policy = a_policy(tmp_path)
    for words in (("-r", "us-south"), ("--kind", "instance"), ("--vpc", "prod")):
        path = saved(a_cloud(), tmp_path / "a.jsonl", *words)
        command = ("audit", "run", "--policy", policy, *_AS_OF, "-o", "jsonl")

        live = run(a_cloud(), *command, *words)

        # Above all, no waiver is said to match nothing where only a part was looked at.
        assert run(a_cloud(), *command, "--source", path).stdout == live.stdout
        assert "VPCMETA102" not in live.stdout


def test_what_a_snapshot_misses_makes_its_audit_incomplete(tmp_path: Path) -> None:
    cloud, path = a_cloud(), tmp_path / "a.jsonl"
    cloud.fail("list_page", PermissionDeniedError("not you", status=403), region="eu-de", times=4)
    assert run(cloud, "snapshot", "save", path).exit_code == 4

    quiet = run(a_cloud(), "audit", "run", "--source", path, "--fail-on", "critical", "-o", "json")
    table = run(a_cloud(), "audit", "run", "--source", path)

    assert (quiet.exit_code, quiet.answer["status"]) == (4, "incomplete")
    assert table.exit_code == 3
    assert "Incomplete: instances in eu-de could not be read: not you" in table.stdout


@pytest.mark.parametrize("operation", ["list_profiles", "list_links"])
def test_trust_that_cannot_be_read_is_told_and_judged_unknown(
    tmp_path: Path, operation: str
) -> None:
    cloud = a_cloud()
    cloud.fail(operation, PermissionDeniedError("no trust for you", hint="ask", status=403))
    policy = a_policy(tmp_path)

    ran = run(cloud, "audit", "run", "--policy", policy, "-o", "json", "--fail-on", "critical")

    (part,) = ran.answer["scope"]["incomplete"]
    assert (ran.exit_code, ran.answer["summary"]["servers"]) == (4, 6)
    assert (part["content"], part["region"], part["kind"]) == ("profiles", None, None)
    assert "incomplete: the trusted profiles could not be read: no trust for you" in ran.stderr
    counts = {one["id"]: one for one in ran.answer["summary"]["checks"]}
    assert counts["VPCMETA006"]["unknown"] > 0


def test_a_server_that_is_not_there_is_an_error_under_every_policy(tmp_path: Path) -> None:
    for policy in ((), ("--policy", a_policy(tmp_path))):
        ran = run(a_cloud(), "audit", "run", "nobody", *policy)
        assert ran.exit_code == 1
        assert "nobody" in ran.stderr


def test_templates_are_judged_on_request(tmp_path: Path) -> None:
    path = saved(a_cloud(), tmp_path / "a.jsonl", "--content", "servers")

    with_them = run(a_cloud(), "audit", "run", "--templates", "-o", "json")
    without = run(a_cloud(), "audit", "run", "-o", "json")
    lacking = run(a_cloud(), "audit", "run", "--templates", "--source", path)

    origins = [item["origin"] for item in with_them.answer["items"]]
    assert origins.count("instance_template") == 1
    assert len(without.answer["items"]) == len(origins) - 1
    assert lacking.exit_code == 1
    assert "holds no instance templates" in lacking.stderr


# Terraform.


def test_a_plan_is_judged_before_anything_exists(tmp_path: Path) -> None:
    cloud, plan = a_cloud(), a_plan(tmp_path)

    ran = run(cloud, "audit", "run", "--source", plan, "-o", "json")

    (item,) = ran.answer["items"]
    assert (ran.exit_code, cloud.calls) == (3, [])
    assert item["place"] == {"address": "module.web.ibm_is_instance.web[0]", "file": str(plan)}
    assert item["terraform"] == 'metadata_service { protocol = "https" }'
    assert ran.answer["summary"]["unknown"] == 1
    assert "warning: once a check could not judge a server" in ran.stderr


@pytest.mark.parametrize(
    ("means", "code", "warned"), [("fail", 3, False), ("warn", 0, True), ("pass", 0, False)]
)
def test_what_is_not_known_until_apply_counts_as_told(
    tmp_path: Path, means: str, code: int, *, warned: bool
) -> None:
    plan = a_plan(tmp_path, resource_changes=[_created("a.b", "b", {}, {"metadata_service": True})])

    ran = run(a_cloud(), "audit", "run", "--source", plan, "--unknown", means)

    assert (ran.exit_code, "could not judge a server" in ran.stderr) == (code, warned)


def test_a_plan_that_leaves_something_out_is_incomplete(tmp_path: Path) -> None:
    plan = a_plan(tmp_path, complete=False)

    ran = run(a_cloud(), "audit", "run", "--source", plan, "--fail-on", "none", "-o", "json")

    (part,) = ran.answer["scope"]["incomplete"]
    assert (ran.exit_code, ran.answer["status"]) == (4, "incomplete")
    assert part["content"] == "terraform"
    assert part["message"].startswith(f"{plan}: the plan is not complete")
    assert "incomplete: the planned resources could not be read" in ran.stderr


def test_of_a_plan_no_waiver_is_said_to_match_nothing(tmp_path: Path) -> None:
    policy = a_policy(tmp_path)

    ran = run(a_cloud(), "audit", "run", "--source", a_plan(tmp_path), "--policy", policy)

    assert "VPCMETA101" in ran.stdout
    assert "team b" not in ran.stdout


def test_servers_are_not_chosen_in_a_plan(tmp_path: Path) -> None:
    plan = a_plan(tmp_path)

    ran = run(a_cloud(), "audit", "run", "--source", plan, "--vpc", "prod", "-o", "json")

    assert ran.exit_code == 2
    assert ran.answer["errors"][0]["message"] == (
        f"{plan}: servers cannot be chosen in a Terraform plan or state"
    )


@pytest.mark.parametrize("content", ["{}", "", "no JSON", '{"kind":"snapshot"}\n', "\x1f\x8b"])
def test_a_file_that_is_neither_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content.encode("latin-1"))

    for words in (("--source", path), ("--baseline", path), ("--source", tmp_path / "no")):
        ran = run(a_cloud(), "audit", "run", *words)
        assert ran.exit_code == 2
        assert str(words[1]) in ran.stderr


def test_the_policy_of_the_tests_is_right(tmp_path: Path) -> None:
    ran = run(a_cloud(), "audit", "run", "--policy", a_policy(tmp_path, POLICY), "--check-policy")

    assert "the policy is right: 4 rules, 3 waivers" in ran.stderr
