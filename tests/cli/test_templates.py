import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_cloud import InMemoryCloud
from tests.support.gate import TEMPLATE, a_cloud, run
from vpcmetactl.domain.errors import PermissionDeniedError
from vpcmetactl.domain.servers import MetadataService

_SECRET = "#cloud-config password: hunter2"
_BODY = {
    "id": TEMPLATE.id,
    "crn": TEMPLATE.crn,
    "href": "https://example.com",
    "created_at": "2026-01-01T00:00:00Z",
    "name": "frontend",
    "user_data": _SECRET,
    "resource_group": {"id": "fee8", "name": "Default"},
    "metadata_service": {"enabled": True, "protocol": "http"},
}


def a_cloud_with_bodies(**more: Any) -> InMemoryCloud:  # noqa: ANN401 - any field of a body
    cloud = a_cloud()
    cloud.template_bodies[TEMPLATE.id] = {**_BODY, **more}
    return cloud


def test_templates_are_judged_as_the_servers_that_they_make() -> None:
    cloud = a_cloud()
    cloud.templates.append(replace(TEMPLATE, id="t2", name="silent", metadata_service=None))

    ran = run(cloud, "templates", "list", "-o", "json")

    items = {item["name"]: item for item in ran.answer["items"]}
    assert ran.exit_code == 0
    assert [one["check"] for one in items["frontend"]["findings"]] == ["VPCMETA001"]
    assert items["silent"]["effective"]["enabled"] is False
    assert items["silent"]["findings"] == []
    assert run(cloud, "templates", "list", "--exit-code").exit_code == 3


def test_a_policy_decides_and_a_region_narrows(tmp_path: Path) -> None:
    policy = tmp_path / "p.toml"
    policy.write_text('format_version = 1\n[[rules]]\ncheck = "VPCMETA002"\n', "utf-8")

    ran = run(a_cloud(), "templates", "list", "--policy", policy, "-o", "json")
    elsewhere = run(a_cloud(), "templates", "list", "-r", "eu-de", "--exit-code")

    (item,) = ran.answer["items"]
    assert [one["check"] for one in item["findings"]] == ["VPCMETA002"]
    assert item["command"].endswith("0717-template --disabled --body-out FILE")
    assert (elsewhere.exit_code, elsewhere.stdout) == (0, "No instance templates.\n")


def test_a_region_that_cannot_be_read_is_named() -> None:
    cloud = a_cloud()
    cloud.fail("list_templates", PermissionDeniedError("not for you", status=403), region="eu-de")

    ran = run(cloud, "templates", "list")
    assert ran.exit_code == 4
    assert "Incomplete: instance templates in eu-de could not be read: not for you" in ran.stdout


def test_the_body_of_another_template_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "body.json"

    ran = run(
        a_cloud_with_bodies(),
        *("templates", "replace", "frontend", "--protocol", "https", "--body-out"),
        path,
    )

    body = json.loads(path.read_text("utf-8"))
    assert ran.exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert body["metadata_service"] == {
        "enabled": True,
        "protocol": "https",
        "response_hop_limit": 1,
    }
    assert (body["name"], body["user_data"]) == ("frontend-replacement", _SECRET)
    assert body.keys().isdisjoint({"id", "crn", "href", "created_at"})
    assert "then give it to frontends" in ran.stderr
    assert "hunter2" not in ran.stdout + ran.stderr


def test_what_a_group_would_refuse_is_warned_of(tmp_path: Path) -> None:
    cloud = a_cloud_with_bodies(default_trusted_profile={"target": {"id": "Profile-1"}})

    words = ("templates", "replace", TEMPLATE.id, "--disabled", "--new-name", "quiet")
    ran = run(cloud, *words, "--body-out", tmp_path / "body.json")

    assert ran.exit_code == 0
    assert "warning: an instance group refuses a template" in ran.stderr
    assert json.loads((tmp_path / "body.json").read_text("utf-8"))["name"] == "quiet"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("frontend",), 2, "there is nothing to set"),
        (("frontends", "--enabled"), 1, "no instance template matches 'frontends'"),
        (("frontend", "--enabled", "-r", "eu-de"), 1, "no instance template matches"),
        (("frontend", "--enabled", "-r", "eu-xx"), 1, "there is no region 'eu-xx'"),
    ],
)
def test_nothing_is_written_where_it_cannot_be(
    tmp_path: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    path = tmp_path / "body.json"

    ran = run(a_cloud_with_bodies(), "templates", "replace", *words, "--body-out", path)

    assert (ran.exit_code, path.exists()) == (code, False)
    assert message in ran.stderr


def test_a_name_that_two_templates_bear_must_be_told_apart(tmp_path: Path) -> None:
    cloud = a_cloud_with_bodies()
    service = MetadataService(enabled=True, protocol="https", response_hop_limit=1)
    cloud.templates.append(replace(TEMPLATE, id="t2", region="eu-de", metadata_service=service))

    words = ("templates", "replace", "frontend", "--enabled", "--body-out", tmp_path / "b.json")
    ran = run(cloud, *words)

    assert ran.exit_code == 5
    assert "2 instance templates bear the name 'frontend'" in ran.stderr
