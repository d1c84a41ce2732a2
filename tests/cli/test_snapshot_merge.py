import json
from pathlib import Path

import pytest

from tests.support.builders import ACCOUNT, ON, an_instance
from tests.support.clock import ManualClock
from tests.support.fake_cloud import InMemoryCloud
from tests.support.gate import a_cloud, run, saved
from vpcmetactl.domain.errors import PermissionDeniedError
from vpcmetactl.domain.servers import Region
from vpcmetactl.usecases.ports import Caller

OTHER = "9" * 32
_FORBIDDEN = PermissionDeniedError("not authorized", hint="ask for it", status=403)


def other_cloud() -> InMemoryCloud:
    """Return another account than the one of ``a_cloud``."""
    server = an_instance("other-1", account_id=OTHER, metadata_service=ON)
    return InMemoryCloud([server], regions=[Region("us-south")], caller=Caller(OTHER, None, None))


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    """Return snapshots of two accounts."""
    return [
        saved(a_cloud(), tmp_path / "shard-0.jsonl.gz"),
        saved(other_cloud(), tmp_path / "shard-1.jsonl.gz", "--content", "servers"),
    ]


def test_accounts_are_put_together_and_counted(tmp_path: Path, shards: list[Path]) -> None:
    fleet, again = tmp_path / "fleet.jsonl.gz", tmp_path / "again.jsonl.gz"

    ran = run(a_cloud(), "snapshot", "merge", *shards, "-o", fleet, "--expect", "2")

    assert (ran.exit_code, ran.stdout) == (0, "")
    assert ran.stderr == (
        f"merged as {fleet}: 2 accounts, 1 trusted profile, 7 servers, 1 instance template\n"
    )
    assert run(a_cloud(), "snapshot", "merge", *shards[::-1], "-o", again).exit_code == 0
    assert again.read_bytes() == fleet.read_bytes()


@pytest.mark.parametrize("words", [("servers", "list"), ("audit", "run", "--fail-on", "none")])
def test_what_reads_snapshots_reads_each_account_of_a_merged_one(
    tmp_path: Path, shards: list[Path], words: tuple[str, ...]
) -> None:
    fleet = tmp_path / "fleet.jsonl.gz"
    assert run(a_cloud(), "snapshot", "merge", *shards, "-o", fleet).exit_code == 0

    for account, shard in zip((ACCOUNT, OTHER), shards, strict=True):
        found = run(a_cloud(), *words, "--source", fleet, "--account", account, "-o", "json")
        alone = run(a_cloud(), *words, "--source", shard, "-o", "json")
        assert found.answer["items"] == alone.answer["items"] != []
        assert found.answer["summary"] == alone.answer["summary"]


@pytest.mark.parametrize("words", [("servers", "list"), ("audit", "run", "--fail-on", "none")])
def test_where_no_account_is_named_all_of_them_are_read(
    tmp_path: Path, shards: list[Path], words: tuple[str, ...]
) -> None:
    fleet = tmp_path / "fleet.jsonl.gz"
    assert run(a_cloud(), "snapshot", "merge", *shards, "-o", fleet).exit_code == 0

    ran = run(a_cloud(), *words, "--source", fleet, "-o", "json")

    alone = [run(a_cloud(), *words, "--source", shard, "-o", "json") for shard in shards]
    found = {json.dumps(item) for item in ran.answer["items"]}
    assert found == {json.dumps(item) for one in alone for item in one.answer["items"]}
    assert ran.answer["scope"]["accounts"] == [ACCOUNT, OTHER]


def test_regions_that_were_read_by_themselves_make_the_account(tmp_path: Path) -> None:
    south, north, fleet = (tmp_path / f"{name}.jsonl.gz" for name in ("south", "north", "fleet"))
    saved(a_cloud(), south, "-r", "us-south")
    saved(a_cloud(), north, "-r", "eu-de")

    # Both have the trusted profiles, which say the same.
    assert run(a_cloud(), "snapshot", "merge", south, north, "-o", fleet).exit_code == 0

    for words in (("servers", "list"), ("access", "list"), ("templates", "list")):
        ran = run(a_cloud(), *words, "--source", fleet, "-o", "json")
        live = run(a_cloud(), *words, "-o", "json")
        assert (ran.exit_code, ran.answer["items"]) == (live.exit_code, live.answer["items"])
        assert ran.answer["summary"] == live.answer["summary"]


def test_what_a_shard_lacks_is_missing_in_the_whole(tmp_path: Path, shards: list[Path]) -> None:
    cloud, part = a_cloud(), tmp_path / "part.jsonl.gz"
    cloud.fail("list_page", _FORBIDDEN, region="eu-de", times=4)
    assert run(cloud, "snapshot", "save", part).exit_code == 4
    fleet = tmp_path / "fleet.jsonl"

    ran = run(a_cloud(), "snapshot", "merge", part, shards[1], "-o", fleet)

    assert ran.exit_code == 4
    assert f"incomplete: the instances of eu-de could not be read: {part}: not aut" in ran.stderr
    assert "hint: ask for it" in ran.stderr
    listed = run(a_cloud(), "servers", "list", "--source", fleet, "--account", ACCOUNT)
    assert listed.exit_code == 4


def test_a_missing_shard_is_named_and_nothing_is_written(
    tmp_path: Path, shards: list[Path]
) -> None:
    fleet = tmp_path / "fleet.jsonl.gz"

    ran = run(a_cloud(), "snapshot", "merge", *shards, "-o", fleet, "--expect", "4")

    assert (ran.exit_code, fleet.exists()) == (5, False)
    assert "2 of 4 shards are given; missing: " in ran.stderr
    assert "shard-2.jsonl.gz, " in ran.stderr


def test_an_account_that_was_read_twice_is_refused_or_taken_from_the_later(
    tmp_path: Path, shards: list[Path]
) -> None:
    cloud, later, clock = a_cloud(), tmp_path / "later.jsonl.gz", ManualClock()
    cloud.put(an_instance("new-1"))
    clock.advance(3600)
    assert run(cloud, "snapshot", "save", later, clock=clock).exit_code == 0
    fleet = tmp_path / "fleet.jsonl.gz"
    words: tuple[str | Path, ...] = ("snapshot", "merge", *shards, later, "-o", fleet)

    refused = run(a_cloud(), *words)
    assert (refused.exit_code, fleet.exists()) == (5, False)
    assert f"{later} and {shards[0]} both have the instances of us-south" in refused.stderr
    assert "--prefer newest" in refused.stderr

    ran = run(a_cloud(), *words, "--prefer", "newest")
    assert ran.exit_code == 0
    assert f"{shards[0]}: its instances of us-south in account {ACCOUNT} are left" in ran.stderr
    assert "2 accounts, 1 trusted profile, 8 servers" in ran.stderr


def test_a_copy_is_left_out_and_told(tmp_path: Path, shards: list[Path]) -> None:
    copy = tmp_path / "copy.jsonl.gz"
    copy.write_bytes(shards[0].read_bytes())

    ran = run(a_cloud(), "snapshot", "merge", shards[0], copy, "-o", tmp_path / "fleet.jsonl")

    assert ran.exit_code == 0
    assert f"{copy} is left out: it is a copy of another one" in ran.stderr


def test_a_damaged_shard_and_an_output_that_is_a_shard_are_refused(
    tmp_path: Path, shards: list[Path]
) -> None:
    onto_itself = run(a_cloud(), "snapshot", "merge", *shards, "-o", shards[1])
    nowhere = run(a_cloud(), "snapshot", "merge", *shards, "-o", tmp_path / "x" / "fleet.jsonl")
    shards[1].write_bytes(shards[1].read_bytes()[:-40])
    damaged = run(a_cloud(), "snapshot", "merge", *shards, "-o", tmp_path / "fleet.jsonl")

    assert [ran.exit_code for ran in (onto_itself, nowhere, damaged)] == [2, 2, 2]
    assert "is one of the snapshots to be merged" in onto_itself.stderr
    assert "its folder is not there" in nowhere.stderr
    assert f"{shards[1]}: the file was cut off" in damaged.stderr
