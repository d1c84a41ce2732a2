import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.builders import ON_HTTPS, an_instance
from tests.support.clock import ManualClock
from tests.support.gate import TEMPLATE, WEB, a_cloud, run, saved
from tests.support.trust import PROFILE
from vpcmetactl.domain.errors import PermissionDeniedError
from vpcmetactl.domain.servers import ServerKind

_FORBIDDEN = PermissionDeniedError("not authorized", hint="ask for it", status=403)


def test_the_same_fleet_gives_the_same_bytes_and_the_note_counts_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"

    ran = run(a_cloud(), "snapshot", "save", path)

    assert (ran.exit_code, ran.stdout) == (0, "")
    assert f"saved as {path}: 6 servers, 1 trusted profile, 1 instance template" in ran.stderr
    assert saved(a_cloud(), tmp_path / "b.jsonl.gz").read_bytes() == path.read_bytes()


def test_what_could_not_be_read_is_named_and_kept(tmp_path: Path) -> None:
    cloud, path = a_cloud(), tmp_path / "a.jsonl"
    cloud.fail("list_page", _FORBIDDEN, region="eu-de", times=4)
    cloud.fail("list_profiles", PermissionDeniedError("no profiles for you", status=403))
    cloud.fail("list_groups", PermissionDeniedError("no groups for you", status=403))

    ran = run(cloud, "snapshot", "save", path)

    assert ran.exit_code == 4
    assert "incomplete: the instances of eu-de could not be read: not authorized" in ran.stderr
    assert "incomplete: the trusted profiles could not be read: no profiles" in ran.stderr
    assert "incomplete: the instance templates of us-south could not be read: no gr" in ran.stderr
    assert "hint: ask for it" in ran.stderr
    listed = run(a_cloud(), "servers", "list", "--source", path, "-o", "json")
    assert listed.exit_code == 4
    assert {part["region"] for part in listed.answer["scope"]["incomplete"]} == {"eu-de"}
    profiles = run(a_cloud(), "profiles", "list", "--source", path)
    assert (profiles.exit_code, "no profiles for you" in profiles.stderr) == (1, True)
    # The templates were read; only their groups were not.
    templates = run(a_cloud(), "templates", "list", "--source", path, "-o", "json")
    (item,) = templates.answer["items"]
    (part,) = templates.answer["scope"]["incomplete"]
    assert (templates.exit_code, item["name"], item["groups"]) == (4, "frontend", [])
    assert (part["content"], part["region"]) == ("templates", "us-south")


def test_a_part_of_a_profile_that_could_not_be_read_leaves_the_rest(tmp_path: Path) -> None:
    cloud, path = a_cloud(), tmp_path / "a.jsonl"
    cloud.fail("list_rules", PermissionDeniedError("no rules for you", status=403))
    cloud.fail("list_identities", PermissionDeniedError("nor identities", status=403))

    ran = run(cloud, "snapshot", "save", path)

    assert ran.exit_code == 4
    assert "incomplete: the trusted profiles could not be read: nor identities" in ran.stderr
    assert "incomplete: 1 more lists of links, claim rules or identities" in ran.stderr
    shown = run(a_cloud(), "profiles", "list", "--source", path, "-o", "json")
    (profile,) = shown.answer["items"]
    assert (shown.exit_code, len(profile["links"])) == (4, 1)
    assert {error["message"] for error in profile["errors"]} == {
        "no rules for you",
        "nor identities",
    }


def test_a_folder_that_is_not_there_is_found_out_before_the_fleet_is_read(tmp_path: Path) -> None:
    cloud = a_cloud()

    ran = run(cloud, "snapshot", "save", tmp_path / "nowhere" / "a.jsonl")

    assert (ran.exit_code, cloud.calls) == (2, [])
    assert "its folder is not there" in ran.stderr


def test_words_that_are_no_content_are_refused(tmp_path: Path) -> None:
    ran = run(a_cloud(), "snapshot", "save", tmp_path / "a.jsonl", "--content", "servers,foo")

    assert ran.exit_code == 2
    assert "it can be servers, profiles, templates" in ran.stderr


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("servers", "list"), 6),
        (("servers", "show", "web-1"), 1),
        (("restarts", "list"), 3),
        (("profiles", "list"), 1),
        (("profiles", "show", "backup-writer"), 1),
        (("links", "list"), 1),
        (("access", "list"), 4),
        (("templates", "list"), 1),
    ],
)
def test_every_reading_command_reads_a_snapshot_and_asks_nobody(
    tmp_path: Path, words: tuple[str, ...], names: int
) -> None:
    path = saved(a_cloud(), tmp_path / "a.jsonl.gz")
    live, cloud = run(a_cloud(), *words, "-o", "json"), a_cloud()

    ran = run(cloud, *words, "--source", path, "-o", "json")

    assert (ran.exit_code, cloud.calls) == (live.exit_code, [])
    assert ran.answer["items"] == live.answer["items"]
    assert len(ran.answer["items"]) == names
    assert ran.answer["summary"] == live.answer["summary"]
    assert ran.answer["scope"]["snapshot"] == str(path)
    assert "taken 2026-11-21 12:00 UTC" in ran.stderr


def test_what_no_snapshot_holds_is_refused_and_what_this_one_lacks_is_said(
    tmp_path: Path,
) -> None:
    path = saved(a_cloud(), tmp_path / "a.jsonl", "--content", "servers")

    defaults = run(a_cloud(), "access", "list", "--default-profiles", "--source", path)
    profiles = run(a_cloud(), "profiles", "list", "--source", path)
    templates = run(a_cloud(), "templates", "list", "--source", path)

    assert (defaults.exit_code, defaults.stdout) == (2, "")
    assert "no snapshot holds the profiles that servers were made with" in defaults.stderr
    assert (profiles.exit_code, templates.exit_code) == (1, 1)
    assert "holds no trusted profiles: they were not asked for" in profiles.stderr
    assert "holds no instance templates" in templates.stderr


def test_a_snapshot_of_one_kind_is_whole_in_its_kind(tmp_path: Path) -> None:
    path = saved(a_cloud(), tmp_path / "a.jsonl", "--kind", "instance", "-r", "us-south")

    ran = run(a_cloud(), "servers", "list", "--source", path, "-o", "json")
    other = run(a_cloud(), "servers", "list", "--source", path, "--kind", "bare-metal")

    assert ran.exit_code == 0
    assert {item["kind"] for item in ran.answer["items"]} == {"instance"}
    assert other.exit_code == 1
    assert "holds no bare metal servers: they were not asked for" in other.stderr


# Two snapshots.


def test_what_changed_is_told_by_field(tmp_path: Path) -> None:
    before = saved(a_cloud(), tmp_path / "a.jsonl")
    cloud = a_cloud()
    cloud.put(replace(WEB, metadata_service=ON_HTTPS))
    cloud.put(an_instance("web-2"))
    cloud.remove(an_instance("batch-1").id)
    cloud.add_profile(PROFILE)
    cloud.templates[0] = replace(TEMPLATE, groups=())
    after = saved(cloud, tmp_path / "b.jsonl")

    ran = run(a_cloud(), "snapshot", "diff", before, after, "-o", "json")

    assert ran.exit_code == 0
    told = {(item["change"], item["name"]): item["fields"] for item in ran.answer["items"]}
    assert told.keys() == {
        ("changed", "web-1"),
        ("appeared", "web-2"),
        ("gone", "batch-1"),
        ("changed", "backup-writer"),
        ("changed", "frontend"),
    }
    assert {"field": "metadata_service.protocol", "before": "http", "after": "https"} in told[
        "changed", "web-1"
    ]
    assert {"field": "trusted_by", "before": ["backup-writer"], "after": []} in told[
        "changed", "web-1"
    ]
    assert told["changed", "frontend"] == [
        {"field": "groups", "before": ["frontends"], "after": []}
    ]
    table = run(a_cloud(), "snapshot", "diff", before, after, "--exit-code")
    assert table.exit_code == 3
    assert "5 differences: 1 appeared, 1 gone, 3 changed" in table.stdout


def test_the_same_fleet_later_has_no_difference(tmp_path: Path) -> None:
    before, later = saved(a_cloud(), tmp_path / "a.jsonl"), ManualClock()
    later.advance(86_400)
    assert run(a_cloud(), "snapshot", "save", tmp_path / "b.jsonl", clock=later).exit_code == 0

    ran = run(a_cloud(), "snapshot", "diff", before, tmp_path / "b.jsonl", "--exit-code")

    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout == (
        "No difference: 6 servers, 1 trusted profile, 1 instance template compared.\n"
    )


def test_what_was_not_read_is_neither_gone_nor_new(tmp_path: Path) -> None:
    whole, part = saved(a_cloud(), tmp_path / "a.jsonl"), tmp_path / "b.jsonl"
    cloud = a_cloud()
    cloud.fail("list_page", _FORBIDDEN, region="eu-de", times=4)
    assert run(cloud, "snapshot", "save", part).exit_code == 4

    for before, after in ((whole, part), (part, whole)):
        ran = run(a_cloud(), "snapshot", "diff", before, after, "-o", "json")
        assert (ran.exit_code, ran.answer["status"]) == (4, "incomplete")
        assert ran.answer["items"] == []
        assert ran.answer["summary"]["servers"]["not_comparable"]["unread"] == 1
        incomplete = ran.answer["scope"]["incomplete"]
        assert {(one["region"], one["kind"]) for one in incomplete} == {
            ("eu-de", kind.value) for kind in ServerKind
        }
        assert incomplete[0]["message"] == f"{part}: not authorized"
        assert "hint: ask for it" in ran.stderr


@pytest.mark.parametrize("damage", ["cut", "edited", "other", "missing"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, name: str, damage: str) -> None:
    path = saved(a_cloud(), tmp_path / name)
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        middle = len(content) // 2
        path.write_bytes(
            {
                "cut": content[:middle],
                "edited": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
                "other": b'{"format": "something else"}\n',
            }[damage]
        )

    ran = run(a_cloud(), "servers", "list", "--source", path, "-o", "json")

    assert ran.exit_code == 2
    assert str(path) in ran.stderr
    assert json.loads(ran.stdout)["errors"][0]["code"] == "invalid_input"
