"""Choosing servers by user tag and by instance group, on the command line."""

from pathlib import Path

import pytest

from tests.support.builders import ON, a_bare_metal_server, an_instance
from tests.support.desk import Desk
from vpcmetactl.domain.errors import PermissionDeniedError, UnavailableError
from vpcmetactl.domain.servers import Reference

GROUP = Reference(id="r006-6e72d3f4-1c2b-4c3d-8e4f-5a6b7c8d9e0f", name="workers")
WEB = an_instance("web-1", metadata_service=ON)
DB = an_instance("db-1", region="eu-de", metadata_service=ON)
METAL = a_bare_metal_server("metal-1")
WORKER = an_instance("worker-1", metadata_service=ON, instance_group=GROUP)
_DENIED = PermissionDeniedError(
    "cannot find the servers tagged env:prod: not authorized",
    hint="the IAM action is.instance.instance.read is needed",
    status=403,
)


def a_desk() -> Desk:
    """Four servers, three of which are tagged."""
    desk = Desk(servers=[WEB, DB, METAL, WORKER])
    desk.cloud.tags = {
        WEB.crn or "": ("env:prod", "team:a"),
        DB.crn or "": ("env:dev",),
        METAL.crn or "": ("env:prod",),
    }
    return desk


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--tag", "env:prod"], ["metal-1", "web-1"]),
        (["--tag", " Env:PROD "], ["metal-1", "web-1"]),
        (["--tag", "env:prod", "--tag", "env:dev"], ["db-1", "metal-1", "web-1"]),
        (["--tag", "env:prod", "--kind", "instance"], ["web-1"]),
        (["--tag", "env:prod", "-r", "eu-de"], []),
        (["--tag", "team:a", "--name", "metal-*"], []),
        (["web-1", "--tag", "team:a"], ["web-1"]),
        (["--tag", "env:prod", "--where", "contains(tags, 'team:a')"], ["web-1"]),
        (["--with", "tags", "--where", "contains(tags, 'env:dev')"], ["db-1"]),
        (["--instance-group", "workers"], ["worker-1"]),
        (["--instance-group", GROUP.id or ""], ["worker-1"]),
        (["--instance-group", "others", "--instance-group", "workers"], ["worker-1"]),
        (["--instance-group", "workers", "--kind", "bare-metal"], []),
        (["--instance-group", "workers", "--tag", "env:prod"], []),
    ],
    ids=" ".join,
)
def test_servers_are_chosen_by_tag_and_by_group(words: list[str], names: list[str]) -> None:
    assert sorted(a_desk().names("servers", "list", *words)) == names


@pytest.mark.parametrize(
    "command",
    [
        ["audit", "run"],
        ["access", "list"],
        ["links", "list"],
        ["restarts", "list"],
        ["metadata", "enable", "--dry-run"],
        ["metadata", "disable", "--dry-run"],
        ["metadata", "set", "--protocol", "https", "--dry-run"],
        ["restarts", "run", "--verdict", "unknown", "--dry-run"],
        ["links", "create", "--profile", "backup-writer", "--dry-run"],
        ["links", "delete", "--profile", "backup-writer", "--dry-run"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_every_command_that_takes_servers_takes_tags_and_cannot_decide_without_the_search(
    command: list[str],
) -> None:
    desk = a_desk()
    desk.cloud.fail("search_tags", _DENIED)

    ran = desk.do(*command, "--tag", "env:prod")

    assert ran.exit_code == 1
    assert "error: cannot find the servers tagged env:prod: not authorized" in ran.stderr
    assert "is.instance.instance.read" in ran.stderr
    assert desk.sent() == []


def test_only_what_is_tagged_is_changed_and_the_plan_says_how_it_was_chosen(
    tmp_path: Path,
) -> None:
    desk, path = a_desk(), tmp_path / "plan.json"
    words = ("metadata", "set", "--protocol", "https", "--tag", "env:prod", "--instance-group", "x")

    saved = desk.do(*words, "--plan-out", path)
    ran = desk.show(*words[:-2], "--kind", "instance", "--yes")

    assert (saved.exit_code, ran.exit_code) == (0, 0)
    assert '"--tag env:prod"' in path.read_text()
    assert '"--instance-group x"' in path.read_text()
    assert [item["server"]["name"] for item in ran.answer["items"]] == ["web-1"]
    assert desk.sent() == ["update_metadata"]


def test_tags_are_told_where_they_were_asked_for_and_nowhere_else() -> None:
    desk = a_desk()

    plain = desk.show("servers", "list").answer["items"]
    chosen = desk.show("servers", "list", "--tag", "env:prod").answer["items"]
    told = desk.show("servers", "list", "--with", "tags").answer["items"]

    assert {item["tags"] for item in plain} == {None}
    assert {item["name"]: item["tags"] for item in chosen} == {
        "web-1": ["env:prod", "team:a"],
        "metal-1": ["env:prod"],
    }
    assert {item["name"]: item["tags"] for item in told}["worker-1"] == []
    wide = desk.do("servers", "list", "--with", "tags", "-o", "wide").stdout.splitlines()
    assert wide[0].split()[-1] == "TAGS"
    assert next(line for line in wide if line.startswith("web-1")).endswith("env:prod, team:a")
    assert next(line for line in wide if line.startswith("worker-1")).endswith("none")
    assert "TAGS" not in desk.do("servers", "list", "-o", "wide").stdout


def test_tags_that_cannot_be_read_leave_a_list_incomplete() -> None:
    desk = a_desk()
    desk.cloud.fail("search_tags", UnavailableError("the search is down", hint="wait"))

    ran = desk.show("servers", "list", "--with", "tags")

    assert ran.exit_code == ran.answer["exit_code"] == 4
    assert len(ran.answer["items"]) == 4
    (part,) = ran.answer["scope"]["incomplete"]
    assert (part["content"], part["code"], part["hint"]) == ("tags", "unavailable", "wait")
    assert "incomplete: the user tags could not be read: the search is down" in ran.stderr


def test_profiles_and_tags_can_be_read_together() -> None:
    (item,) = (
        a_desk()
        .show("servers", "list", "web-1", "--with", "tags", "--with", "profiles")
        .answer["items"]
    )

    assert (item["tags"], item["profiles"]) == (["env:prod", "team:a"], [])


@pytest.mark.parametrize("tag", ["", "a,b", 'x"y', "env:*", "(x)", "y" * 129])
def test_what_no_tag_can_be_is_2_before_anything_is_asked(tag: str) -> None:
    desk = a_desk()

    ran = desk.do("servers", "list", "--tag", tag)

    assert ran.exit_code == 2
    assert f"error: --tag {tag!r}: is not a user tag" in ran.stderr
    assert desk.cloud.calls == []


@pytest.mark.parametrize("command", [["servers", "list"], ["metadata", "enable", "--dry-run"]])
def test_an_expression_over_tags_that_nobody_reads_is_2(command: list[str]) -> None:
    desk = a_desk()

    ran = desk.do(*command, "--where", "contains(tags, 'env:prod')")

    assert ran.exit_code == 2
    assert "user tags are not read unless they are asked for" in ran.stderr
    assert "--tag KEY:VALUE" in ran.stderr
    assert desk.cloud.calls == []


_HOSTS = ("--container-host-tag", "Env:Prod")


def test_container_hosts_that_are_left_a_hop_limit_of_1_are_told() -> None:
    words = ("metadata", "set", "--all", "--protocol", "https", "--dry-run")

    items = a_desk().show(*words, *_HOSTS).answer["items"]

    noted = {
        item["server"]["name"]
        for item in items
        if "container_host" in [note["code"] for note in item.get("notes") or ()]
    }
    assert noted == {"web-1"}
    assert "env:prod, as a container host" in a_desk().do(*words, *_HOSTS).stdout
    plain = a_desk()
    plain.do(*words)
    assert "search_tags" not in plain.cloud.operations()


def test_a_change_goes_on_without_tags_that_were_only_to_warn() -> None:
    desk = a_desk()
    desk.cloud.fail("search_tags", UnavailableError("the search is down"))

    ran = desk.show("metadata", "set", "web-1", "--protocol", "https", "--yes", *_HOSTS)

    assert ran.exit_code == 0
    assert "warning: no user tags are known: the search is down" in ran.stderr
    assert desk.sent() == ["update_metadata"]


def test_a_tag_of_container_hosts_that_cannot_be_one_is_2() -> None:
    ran = a_desk().do(
        "metadata", "set", "web-1", "--protocol", "https", "--container-host-tag", "*"
    )

    assert ran.exit_code == 2
    assert "error: --container-host-tag '*': is not a user tag" in ran.stderr
    assert "repeat --container-host-tag for several" in ran.stderr


def test_a_tag_that_nobody_bears_is_said_to_be_late_perhaps() -> None:
    ran = a_desk().do("servers", "list", "--tag", "blue")

    assert ran.exit_code == 0
    assert "warning: Global Search knows no server tagged blue" in ran.stderr


@pytest.mark.parametrize("words", [["--tag", "env:prod"], ["--with", "tags"]], ids=" ".join)
def test_a_snapshot_holds_no_tags_and_says_so(tmp_path: Path, words: list[str]) -> None:
    desk, path = a_desk(), tmp_path / "fleet.jsonl"
    assert desk.do("snapshot", "save", path).exit_code == 0

    ran = desk.do("servers", "list", "--source", path, *words)

    assert ran.exit_code == 2
    assert f"error: {path} is a snapshot, and none holds the user tags of servers" in ran.stderr
    assert "leave --source out" in ran.stderr


def test_members_of_a_group_are_chosen_from_a_snapshot_too(tmp_path: Path) -> None:
    desk, path = a_desk(), tmp_path / "fleet.jsonl"
    assert desk.do("snapshot", "save", path, "--tag", "env:prod").exit_code == 0
    assert desk.names("servers", "list", "--source", path) == ["metal-1", "web-1"]
    assert desk.do("snapshot", "save", path).exit_code == 0
    for word in ("workers", GROUP.id or ""):
        assert desk.names("servers", "list", "--source", path, "--instance-group", word) == [
            "worker-1"
        ]
