import gzip
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders import OFF, ON, a_bare_metal_server, an_instance
from tests.support.snapshots import NOON, Fleet, a_fleet, sealed, snapshot_fleets
from vpcmetactl.domain.diffing import SnapshotDiff
from vpcmetactl.domain.errors import (
    InvalidInputError,
    OutputError,
    PermissionDeniedError,
    RefusedError,
)
from vpcmetactl.domain.servers import Server, ServerKind
from vpcmetactl.domain.snapshots import Content, Gap, Merger
from vpcmetactl.domain.trust import ProfileLink, ProfileTrust, TrustedProfile
from vpcmetactl.files.snapshots.merging import merge_snapshots
from vpcmetactl.files.snapshots.reading import open_snapshot

LATER = NOON + timedelta(hours=1)
FORBIDDEN = PermissionDeniedError("not authorized", status=403)
WEB, DB = an_instance("web", metadata_service=OFF), an_instance("db", metadata_service=ON)
METAL = a_bare_metal_server("metal")


def a_profile(*links: str, name: str = "reader") -> ProfileTrust:
    made = (ProfileLink(id=link, profile_id="Profile-1", crn=link) for link in links)
    return ProfileTrust(profile=TrustedProfile(id="Profile-1", name=name), links=tuple(made))


def written(folder: Path, *fleets: Fleet, suffix: str = ".jsonl.gz") -> list[Path]:
    """Write fleets as shards, a.jsonl.gz and so on."""
    paths = [folder / f"{'abcdefgh'[place]}{suffix}" for place in range(len(fleets))]
    for path, fleet in zip(paths, fleets, strict=True):
        fleet.write(path, 2)
    return paths


def merged(paths: Sequence[Path], name: str = "fleet.jsonl.gz", **how: Any) -> tuple[Path, Merger]:  # noqa: ANN401 - options
    output = paths[0].with_name(name)
    return output, merge_snapshots(paths, output, "0.9.0", **how)


def refused(paths: Sequence[Path], kind: type[Exception] = RefusedError, **how: Any) -> str:  # noqa: ANN401 - options
    """Merge what must be refused, in both orders; return why, without the folder."""
    found = set()
    for order in (paths, paths[::-1]):
        with pytest.raises(kind) as caught:
            merged(order, **how)
        assert getattr(caught.value, "hint", None)
        found.add(str(caught.value).replace(f"{paths[0].parent}/", ""))
    assert not paths[0].with_name("fleet.jsonl.gz").exists()
    (why,) = found
    return why


def servers(path: Path) -> dict[str | None, list[Server]]:
    with open_snapshot(path) as snapshot:
        found: dict[str | None, list[Server]] = {}
        for account, assessed in snapshot.servers():
            found.setdefault(account, []).append(assessed.server)
    return found


def of_account(fleet: Fleet, place: int) -> Fleet:
    """Return what belongs to one reading of a fleet, as a fleet of its own."""

    def own(things: Sequence[tuple[Any, int]]) -> list[tuple[Any, int]]:
        return [(thing, 0) for thing, reading in things if reading == place]

    return Fleet(
        readings=[fleet.readings[place]],
        servers=own(fleet.servers),
        profiles=own(fleet.profiles),
        templates=own(fleet.templates),
    )


# Accounts.


@settings(max_examples=40)
@given(
    fleet=snapshot_fleets(),
    suffix=st.sampled_from([".jsonl", ".jsonl.gz"]),
    backwards=st.booleans(),
)
def test_accounts_put_together_are_what_one_file_of_them_would_have_been(
    *, fleet: Fleet, suffix: str, backwards: bool
) -> None:
    # Readings of one file stand as they are given, of a merged one by account.
    in_order = sorted(
        range(len(fleet.readings)), key=lambda one: fleet.readings[one].account_id or ""
    )
    places = {old: new for new, old in enumerate(in_order)}

    def moved(things: Sequence[tuple[Any, int]]) -> list[tuple[Any, int]]:
        return [(thing, places[reading]) for thing, reading in things]

    expected = Fleet(
        readings=[fleet.readings[place] for place in in_order],
        servers=moved(fleet.servers),
        profiles=moved(fleet.profiles),
        templates=moved(fleet.templates),
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shards = written(folder, *(of_account(fleet, place) for place in in_order), suffix=suffix)
        for result in ("fleet.jsonl", "fleet.jsonl.gz"):
            path, merger = merged(shards[::-1] if backwards else shards, result)
            assert path.read_bytes() == expected.content(result, 2)
            assert sum(merger.counts.values()) == sum(
                map(len, (fleet.servers, fleet.profiles, fleet.templates))
            )


def test_however_shards_are_compressed_the_lines_are_the_same(tmp_path: Path) -> None:
    one, other = a_fleet(WEB, DB, METAL, account_id="a"), a_fleet(an_instance("x"), account_id="b")
    plain, packed, foreign = tmp_path / "plain", tmp_path / "packed", tmp_path / "foreign"
    for folder in (plain, packed, foreign):
        folder.mkdir()
    expected, _ = merged(written(plain, one, other, suffix=".jsonl"), "fleet.jsonl")
    from_packed, _ = merged(written(packed, one, other))
    for path in written(foreign, one, other, suffix=".jsonl"):
        path.write_bytes(gzip.compress(path.read_bytes()))
    from_foreign, _ = merged([foreign / "a.jsonl", foreign / "b.jsonl"])
    assert gzip.decompress(from_packed.read_bytes()) == expected.read_bytes()
    assert from_foreign.read_bytes() == from_packed.read_bytes()


def test_merged_files_can_be_merged_again(tmp_path: Path) -> None:
    fleets = [a_fleet(an_instance(name), account_id=name) for name in "abcd"]
    shards = written(tmp_path, *fleets)
    first, _ = merged([shards[3], shards[1]], "first.jsonl.gz")
    second, _ = merged([shards[0], first], "second.jsonl.gz")
    again, _ = merged([second, shards[2]], "again.jsonl.gz")
    at_once, _ = merged(shards, "at_once.jsonl.gz")
    assert again.read_bytes() == at_once.read_bytes()


def test_what_could_not_be_read_stays_missing_and_is_told_with_its_file(tmp_path: Path) -> None:
    gap = Gap(content=Content.SERVERS, region="eu-de", kind=None, error=FORBIDDEN)
    shards = written(tmp_path, a_fleet(WEB, account_id="a", gaps=(gap,)), a_fleet(account_id="b"))
    path, merger = merged(shards)
    told = [(name, reading.account_id, len(reading.gaps)) for name, reading in merger.readings]
    assert told == [(str(shards[0]), "a", 1), (str(shards[1]), "b", 0)]
    with open_snapshot(path) as snapshot:
        (found,) = snapshot.readings[0].gaps
        assert (found.region, type(found.error), str(found.error)) == (
            "eu-de",
            PermissionDeniedError,
            "not authorized",
        )


def test_a_copy_counts_once(tmp_path: Path) -> None:
    shards = written(tmp_path, a_fleet(WEB), a_fleet(WEB))
    path, merger = merged([*shards, shards[0]])
    assert merger.copies == [str(shards[1]), str(shards[0])]
    assert servers(path) == servers(shards[0])


# Parts of one account.


def part(*found: Server, at: Any = NOON, **fields: Any) -> Fleet:  # noqa: ANN401 - any field
    return a_fleet(*found, taken_at=at, **{"contents": (Content.SERVERS,), **fields})


def test_regions_of_an_account_are_put_together_and_lines_say_whose_they_are(
    tmp_path: Path,
) -> None:
    north = part(an_instance("n1", region="eu-de"), at=LATER, regions=("eu-de",))
    south = part(WEB, METAL, regions=("us-south",))
    path, merger = merged(written(tmp_path, north, south), "fleet.jsonl")
    assert [server.name for server in servers(path)[south.readings[0].account_id]] == [
        "n1",
        "metal",
        "web",
    ]
    # Readings stand in order of time: the first one's lines are from the second file.
    assert [reading.regions for _, reading in merger.readings] == [("us-south",), ("eu-de",)]
    told = [line.split(b",")[1] for line in path.read_bytes().splitlines()[1:-1]]
    assert told == [b'"reading":1', b'"reading":0', b'"reading":0']


def test_what_two_files_say_alike_is_told_once(tmp_path: Path) -> None:
    north, south = (
        replace_profiles(part(at=at, regions=(region,), contents=tuple(Content)), a_profile("x"))
        for region, at in (("eu-de", NOON), ("us-south", LATER))
    )
    path, merger = merged(written(tmp_path, north, south))
    assert (merger.counts[Content.PROFILES], merger.replaced) == (1, [])
    with open_snapshot(path) as snapshot:
        assert [trust for _, trust in snapshot.profiles()] == [a_profile("x")]


def replace_profiles(fleet: Fleet, *profiles: ProfileTrust) -> Fleet:
    return replace(fleet, profiles=[(profile, 0) for profile in profiles])


CHANGED = replace(WEB, metadata_service=ON)
MISSED = Gap(content=Content.SERVERS, region="us-south", kind=None, error=FORBIDDEN)


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (part(WEB), part(CHANGED, at=LATER), f"in {WEB.id}"),
        (part(WEB, DB), part(WEB, at=LATER), f"in {DB.id}"),
        (part(), part(WEB, at=LATER), f"in {WEB.id}"),
        (part(gaps=(MISSED,)), part(at=LATER), "for a.jsonl.gz could not read them whole"),
        (part(WEB, selection=("--vpc x",)), part(WEB, DB, at=LATER), f"in {DB.id}"),
    ],
    ids=range(5),
)
def test_what_differs_is_refused_or_taken_from_the_later_reading(
    tmp_path: Path, one: Fleet, other: Fleet, why: str
) -> None:
    shards = written(tmp_path, one, other)
    told = refused(shards)
    assert told.startswith("a.jsonl.gz and b.jsonl.gz both have the ")
    assert told.endswith(f"of us-south in account {one.readings[0].account_id}, and differ {why}")
    path, merger = merged(shards, newest=True)
    assert servers(path) == servers(shards[1])
    assert {(name, later) for name, _, later in merger.replaced} == {
        (str(shards[0]), str(shards[1]))
    }
    # Nothing of the earlier one is left, nor what it lacked.
    assert [reading.gaps for _, reading in merger.readings] == [()]
    assert merged(shards[::-1], "again.jsonl.gz", newest=True)[0].read_bytes() == path.read_bytes()


def test_what_was_read_later_stands_though_it_is_incomplete(tmp_path: Path) -> None:
    shards = written(tmp_path, part(WEB), part(at=LATER, gaps=(MISSED,)))
    path, merger = merged(shards, newest=True)
    assert servers(path) == {}
    assert [len(reading.gaps) for _, reading in merger.readings] == [1]


def test_only_the_part_that_was_read_again_is_replaced(tmp_path: Path) -> None:
    north = an_instance("n1", region="eu-de")
    first = part(north, WEB, gaps=(MISSED, replace(MISSED, region="eu-de")))
    retry = part(CHANGED, at=LATER, regions=("us-south",), kinds=(ServerKind.INSTANCE,))
    path, merger = merged(written(tmp_path, first, retry), newest=True)
    assert [one.name for found in servers(path).values() for one in found] == ["n1", "web"]
    # Bare metal of us-south was not read again.
    left = [(gap.region, gap.kind) for _, reading in merger.readings for gap in reading.gaps]
    assert left == [("eu-de", None), ("us-south", ServerKind.BARE_METAL_SERVER)]


def test_what_was_replaced_by_less_is_not_told_as_whole(tmp_path: Path) -> None:
    north = an_instance("n1", region="eu-de")
    first = part(north, WEB)
    retry = part(at=LATER, regions=("us-south",), gaps=(MISSED,))
    shards = written(tmp_path, first, retry)
    path, merger = merged(shards, newest=True)
    # Only the file that lacks it is named; in the new one both readings lack it.
    assert [(name, len(one.gaps)) for name, one in merger.readings] == [
        (str(shards[0]), 0),
        (str(shards[1]), 1),
    ]
    with open_snapshot(path) as snapshot:
        assert [{gap.region for gap in one.gaps} for one in snapshot.readings] == [
            {"us-south"},
            {"us-south"},
        ]
        with open_snapshot(shards[0]) as before:
            assert list(SnapshotDiff(before, snapshot)) == []


def test_readings_of_the_same_moment_that_differ_are_refused_in_any_case(tmp_path: Path) -> None:
    shards = written(tmp_path, part(WEB), part(CHANGED))
    assert "differ in" in refused(shards, newest=True)


def test_accounts_without_a_name_may_be_different_ones(tmp_path: Path) -> None:
    shards = written(tmp_path, a_fleet(WEB, account_id=None), a_fleet(DB, account_id=None))
    assert "do not name their account" in refused(shards)


def test_chosen_servers_are_put_together_one_by_one(tmp_path: Path) -> None:
    many = [an_instance(f"web-{number}") for number in range(9)]
    one = part(*many[::2], selection=("--name web-*",))
    other = part(*many[1::2], many[0], selection=("--vpc x",), at=LATER)
    path, merger = merged(written(tmp_path, one, other))
    ((_, found),) = servers(path).items()
    assert sorted(server.id for server in found) == [server.id for server in found]
    assert {server.name for server in found} == {server.name for server in many}
    assert [reading.selection for _, reading in merger.readings] == [
        ("--name web-*",),
        ("--vpc x",),
    ]


def test_a_chosen_server_that_differs_is_refused_or_taken_from_the_later(tmp_path: Path) -> None:
    one, other = (
        part(server, selection=(f"--vpc {number}",), at=NOON + timedelta(number))
        for number, server in enumerate((WEB, CHANGED))
    )
    shards = written(tmp_path, one, other)
    assert refused(shards).endswith(f"and differ in {WEB.id}")
    path, _ = merged(shards[::-1], newest=True)
    assert [server for found in servers(path).values() for server in found] == [CHANGED]


# Files that cannot be used.


def test_the_result_is_never_written_over_a_shard(tmp_path: Path) -> None:
    shards = written(tmp_path, a_fleet(WEB), a_fleet(DB, account_id="b"))
    content = shards[0].read_bytes()
    (tmp_path / "link").symlink_to(shards[0])
    for output in (shards[0], tmp_path / "link"):
        with pytest.raises(InvalidInputError, match="is one of the snapshots"):
            merge_snapshots(shards, output, "0.9.0")
    assert shards[0].read_bytes() == content


@pytest.mark.parametrize("damage", ["cut", "edited", "other", "missing", "newer"])
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_a_shard_that_cannot_be_used_is_named_and_nothing_is_written(
    tmp_path: Path, damage: str, suffix: str
) -> None:
    fleets = (a_fleet(an_instance("x"), account_id="b"), a_fleet(WEB, DB, METAL, account_id="a"))
    shards = written(tmp_path, *fleets, suffix=suffix)
    content, middle = shards[1].read_bytes(), shards[1].stat().st_size // 2
    if damage == "missing":
        shards[1].unlink()
    else:
        shards[1].write_bytes(
            {
                "cut": content[:middle],
                "edited": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
                "other": b'{"format": "something else"}\n',
                "newer": fleets[1].content().replace(b'"format_version":1', b'"format_version":9'),
            }[damage]
        )
    assert refused(shards, InvalidInputError).startswith(f"b{suffix}")
    assert {path.name for path in tmp_path.iterdir()} <= {f"a{suffix}", f"b{suffix}"}


def test_lines_that_do_not_say_whose_they_are_are_refused(tmp_path: Path) -> None:
    for number, values in enumerate(({"reading": 5}, {"reading": None})):
        folder = tmp_path / str(number)
        folder.mkdir()
        south, north = part(WEB, regions=("us-south",)), part(at=LATER, regions=("eu-de",))
        shards = written(folder, south, north, suffix=".jsonl")
        first = [json.loads(line) for line in shards[0].read_bytes().splitlines()]
        first[0]["readings"][0]["taken_at"] = "2027-01-01T00:00:00Z"
        first[1].update(values)
        shards[0].write_bytes(sealed(first))
        why = refused(shards, InvalidInputError)
        assert why == "a.jsonl, line 2: a line from here on does not say of which reading it is"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    shards = written(tmp_path, a_fleet(WEB))
    with pytest.raises(OutputError, match="nowhere"):
        merge_snapshots(shards, tmp_path / "nowhere" / "fleet.jsonl", "0.9.0")


def test_pages_are_made_ready_a_few_at_a_time(tmp_path: Path) -> None:
    many = a_fleet(*(an_instance(f"web-{number}") for number in range(80)), account_id="a")
    shards = written(tmp_path, many, a_fleet(WEB, account_id="b"))
    path, _ = merged(shards)
    assert servers(path)["a"] == servers(shards[0])["a"]
