import gzip
import hashlib
import json
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders import ACCOUNT, ON, a_bare_metal_server, an_instance
from tests.support.snapshots import Fleet, a_fleet, a_reading, opened, sealed, snapshot_fleets
from vpcmetactl.domain.errors import InvalidInputError, OutputError, VpcmetactlError
from vpcmetactl.domain.snapshots import Content
from vpcmetactl.domain.trust import ProfileLink, ProfileTrust, TrustedProfile
from vpcmetactl.files.snapshots.reading import open_snapshot
from vpcmetactl.files.snapshots.values import _error_classes

PROFILE = ProfileTrust(
    profile=TrustedProfile(id="Profile-1", name="reader"),
    links=(ProfileLink(id="link-1", profile_id="Profile-1", crn="crn:x", cr_type="VSI"),),
)
SMALL = replace(
    a_fleet(
        an_instance("web-1", metadata_service=ON),
        an_instance("web-2", region="eu-de"),
        a_bare_metal_server("metal-1"),
    ),
    profiles=[(PROFILE, 0)],
)
CONTENT = SMALL.content()


def refusal(content: bytes) -> str:
    """Open a file that must be refused: return why, and where."""
    with pytest.raises(InvalidInputError) as caught, opened(content):
        pass
    assert caught.value.hint
    message = str(caught.value)
    assert "/fleet.jsonl" in message
    return message.partition("/fleet.jsonl")[2]


def digest(text: bytes) -> str:
    return f"sha256:{hashlib.sha256(text).hexdigest()}"


def document() -> list[Any]:
    return [json.loads(line) for line in CONTENT.splitlines()]


def told(errors: dict[str, VpcmetactlError]) -> object:
    return {
        part: (type(error), str(error), error.hint, error.trace, error.status)
        for part, error in errors.items()
    }


@given(snapshot_fleets(), st.sampled_from(["fleet.jsonl", "fleet.jsonl.gz"]), st.integers(1, 3))
def test_what_was_written_comes_back_in_order(fleet: Fleet, name: str, page_size: int) -> None:
    accounts = [reading.account_id for reading in fleet.readings]

    def sorted_by(things: Sequence[tuple[Any, int]], key: Any) -> list[Any]:  # noqa: ANN401
        placed = [(accounts[place], thing) for thing, place in things]
        return sorted(placed, key=lambda one: (one[0] or "", *key(one[1])))

    with opened(fleet.content(name, page_size)) as snapshot:
        assert list(snapshot.servers()) == sorted_by(
            fleet.servers, lambda one: (one.server.region, one.server.kind, one.server.id)
        )
        assert list(snapshot.templates()) == sorted_by(
            fleet.templates, lambda one: (one.region, one.id)
        )
        found, expected = (
            [(account, replace(trust, errors={}), told(trust.errors)) for account, trust in trusts]
            for trusts in (
                snapshot.profiles(),
                sorted_by(fleet.profiles, lambda one: (one.profile.id,)),
            )
        )
        assert found == expected
        for read, written in zip(snapshot.readings, fleet.readings, strict=True):
            assert replace(read, gaps=()) == replace(
                written,
                gaps=(),
                regions=tuple(sorted(written.regions)),
                kinds=tuple(sorted(written.kinds)),
                contents=tuple(sorted(written.contents)),
            )
            assert sorted(
                (gap.region, gap.kind or "", gap.error.code, str(gap.error)) for gap in read.gaps
            ) == sorted(
                (gap.region, gap.kind or "", gap.error.code, str(gap.error)) for gap in written.gaps
            )


@settings(max_examples=40)
@given(snapshot_fleets(), st.randoms(use_true_random=False))
def test_the_same_fleet_in_another_order_gives_the_same_bytes(
    fleet: Fleet, chance: random.Random
) -> None:
    def shuffled(things: Sequence[Any]) -> list[Any]:
        return chance.sample([*things], len(things))

    other = Fleet(
        readings=fleet.readings,
        servers=shuffled(fleet.servers),
        profiles=shuffled(fleet.profiles),
        templates=shuffled(fleet.templates),
    )
    for name in ("a.jsonl", "b.jsonl.gz"):
        assert fleet.content(name) == other.content(name)


def test_a_compressed_snapshot_does_not_tell_when_or_under_which_name_it_was_made() -> None:
    packed = SMALL.content("secret-name.jsonl.gz")
    assert packed == SMALL.content("other.jsonl.gz")
    assert gzip.decompress(packed) == CONTENT


def test_lines_are_sorted_and_the_first_and_last_say_what_is_in_between() -> None:
    head, *items, end = document()
    assert (head["kind"], head["format"], head["format_version"]) == (
        "snapshot",
        "vpcmetactl-snapshot",
        1,
    )
    assert [(one["kind"], one.get("region")) for one in items] == [
        ("instance", "eu-de"),
        ("bare_metal_server", "us-south"),
        ("instance", "us-south"),
        ("trusted_profile", None),
    ]
    assert (end["kind"], end["servers"], end["profiles"], end["templates"]) == ("end", 3, 1, 0)
    assert [(one["first_id"], one["lines"]) for one in end["pages"]] == [
        (one["id"], 1) for one in items
    ]
    first, *lines, last = CONTENT.splitlines(keepends=True)
    assert [one["digest"] for one in end["pages"]] == [digest(line) for line in lines]
    assert end["digest"] == digest(first + last[: last.rindex(b'"digest":')])


def test_the_digest_that_saving_returns_is_the_one_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "fleet.jsonl.gz"
    digest = SMALL.write(path)
    with open_snapshot(path) as snapshot:
        assert snapshot.digest == f"sha256:{digest}"
        assert snapshot.tool_version == "0.9.0"


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_file_that_was_cut_off_anywhere_is_refused(tmp_path: Path, *, packed: bool) -> None:
    path = tmp_path / "fleet.jsonl"
    small = a_fleet(a_bare_metal_server(vpc=None, crn=None)).content()
    content = gzip.compress(small, mtime=0) if packed else small
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(InvalidInputError) as caught:
            open_snapshot(path)
        assert str(caught.value).startswith(str(path)), length
        assert caught.value.hint


def test_a_file_of_which_any_byte_was_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fleet.jsonl"
    chance = random.Random(1)  # noqa: S311 - the same damage each time
    for position in range(0, len(CONTENT), 7):
        damaged = bytearray(CONTENT)
        damaged[position] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(InvalidInputError):
            open_snapshot(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", ": the file is empty"),
        (b"\n", ", line 1: it is no snapshot"),
        (b'{"format":"vpcmetactl-plan"}\n', ", line 1: it is no snapshot"),
        (b"\xff\xfe\n", ", line 1: it is no snapshot"),
        (b"[" * 100_000 + b"\n", ", line 1: it is no snapshot"),
        (CONTENT[:-1], ", line 6: the file ends in the middle of a line"),
        (CONTENT + b"\n", ", line 7: "),
        (CONTENT + CONTENT, ", line 7: "),
        (gzip.compress(CONTENT) + gzip.compress(CONTENT), ", line 7: "),
        (gzip.compress(CONTENT)[:-9], ": the file was cut off in the middle of what is compressed"),
        (gzip.compress(CONTENT) + b"more", ": what is compressed is damaged"),
        (CONTENT.replace(b"web-1", b"web-9"), ", line 4: the lines from here to 4 are not those"),
        (CONTENT.replace(b"0.9.0", b"0.9.1"), ", line 6: the digest does not match"),
        (CONTENT.replace(b"\n", b"\r\n"), ", line 6: the digest does not match"),
    ],
    ids=range(14),
)
def test_what_is_no_whole_snapshot_is_refused_and_the_place_is_named(
    content: bytes, why: str
) -> None:
    assert refusal(content).startswith(why)


def test_who_names_another_file_is_told_what_writes_a_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text('{"format_version":"1.2","resource_changes":[]}\n')

    with pytest.raises(InvalidInputError) as raised:
        open_snapshot(path)

    assert "only audit run reads Terraform plans" in str(raised.value.hint)


def test_a_newer_format_is_refused_with_its_version() -> None:
    content = CONTENT.replace(b'"format_version":1', b'"format_version":2,"new":0')
    assert " has format version 2, this program reads up to 1" in refusal(content)


def _edited(line: int, **values: object) -> list[Any]:
    lines = document()
    lines[line].update(values)
    return lines


def _repaged(page: int, **values: object) -> list[Any]:
    lines = document()
    lines[-1]["pages"][page].update(values)
    return lines


def _swapped(one: int, other: int) -> list[Any]:
    lines = document()
    lines[one], lines[other] = lines[other], lines[one]
    return lines


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (_edited(0, readings=7), ", line 1: Expected `array`"),
        (_edited(0, readings=[]), ", line 6: no reading is of account"),
        (_edited(0, surprise=1), ", line 1: Object contains unknown field `surprise`"),
        (_edited(-1, servers=4), ", line 6: it counts other lines than there are"),
        (_repaged(0, server_kind=None), ", line 6: servers have a kind"),
        (_repaged(3, server_kind="instance"), ", line 6: servers have a kind"),
        (_repaged(0, region="zz"), ", line 6: "),
        (_repaged(1, account_id="other"), ", line 6: no reading is of account other"),
        ([*document()[:2], *document()[1:]], ", line 7: its pages are not as long as the file"),
    ],
    ids=range(9),
)
def test_a_file_that_contradicts_itself_is_refused_though_its_digest_is_right(
    lines: list[Any], why: str
) -> None:
    assert refusal(sealed(lines)).startswith(why)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (_edited(1, name=7), "line 2: Expected `str"),
        (_edited(1, vpc=[]), "line 2: Expected `object"),
        (_edited(1, restart={}), "line 2: Object missing required field `verdict`"),
        (_edited(1, metadata_service={"enabled": "yes"}), "line 2: Expected `bool"),
        (_edited(3, id="0717_other"), "line 4: the lines from here on are not sorted by id"),
        (_edited(3, region="eu-de"), "line 4: .* is not in its place"),
        (_edited(4, links=[{}]), "line 5: Object missing required field"),
        (_swapped(1, 3), "line 2: the lines from here on are not sorted by id"),
        (_edited(2, id=7), "line 3: Expected `str`"),
        ([*document()[:1], *document()[2:]], "line 2: the lines from here on are not sorted"),
        ([*document()[:4], document()[-1]], "line 5: it has 1 lines from here on that are not th"),
    ],
    ids=range(11),
)
def test_a_line_that_cannot_be_is_refused_when_it_is_read(lines: list[Any], why: str) -> None:
    with (
        opened(sealed(lines)) as snapshot,
        pytest.raises(InvalidInputError, match=f"fleet.jsonl, {why}") as caught,
    ):
        _ = [*snapshot.servers(), *snapshot.profiles()]
    assert caught.value.hint


@given(
    junk=st.binary(max_size=400),
    position=st.integers(0, len(CONTENT)),
    cut=st.integers(0, 40),
    seal=st.booleans(),
)
def test_whatever_a_file_holds_is_told_as_our_own_error(
    *, junk: bytes, position: int, cut: int, seal: bool
) -> None:
    content = CONTENT[:position] + junk + CONTENT[position + cut :]
    if seal:
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            content = sealed([json.loads(line) for line in content.splitlines()])
    with suppress(InvalidInputError), opened(content) as snapshot:
        list(snapshot.servers())
        list(snapshot.profiles())
        list(snapshot.templates())


def test_an_endless_line_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(80):
            file.write(b" " * 1024 * 1024)
    with pytest.raises(InvalidInputError, match="a line that is longer"):
        open_snapshot(path)


def test_a_file_that_is_not_there_or_no_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.jsonl", Path("nul\0.jsonl")):
        with pytest.raises(InvalidInputError) as caught:
            open_snapshot(path)
        assert str(caught.value).startswith(str(path))


def test_nothing_is_left_where_it_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="none"):
        SMALL.write(tmp_path / "none" / "fleet.jsonl")
    twice = Fleet(servers=[*SMALL.servers, SMALL.servers[0]])
    path = tmp_path / "fleet.jsonl"
    path.write_text("as it was")
    with pytest.raises(InvalidInputError, match="twice"):
        twice.write(path)
    assert [one.read_text() for one in tmp_path.iterdir()] == ["as it was"]


def test_the_same_server_twice_is_refused_even_in_two_readings_of_an_account() -> None:
    server, _ = SMALL.servers[0]
    twice = Fleet(readings=[a_reading(), a_reading()], servers=[(server, 0), (server, 1)])
    with pytest.raises(InvalidInputError, match="is in the snapshot twice"):
        twice.content()


def test_two_readings_of_an_account_stand_together() -> None:
    (first, _), (second, _), (third, _) = SMALL.servers
    fleet = Fleet(
        readings=[a_reading(), a_reading(selection=("--vpc lab",))],
        servers=[(first, 0), (second, 1), (third, 1)],
    )
    with opened(fleet) as snapshot:
        found = [assessed.server.name for _, assessed in snapshot.servers()]
        assert {account for account, _ in snapshot.servers()} == {ACCOUNT}
    assert found == ["web-2", "metal-1", "web-1"]


def test_what_no_file_can_hold_is_named() -> None:
    server, _ = SMALL.servers[0]
    broken = replace(server, server=an_instance("web-1", zone="\ud800"))
    with pytest.raises(InvalidInputError, match=broken.server.id):
        Fleet(servers=[(broken, 0)]).content()


def test_the_version_that_was_read_is_left_out() -> None:
    assert b"etag" not in a_fleet(an_instance("web-1", etag='W/"canary"')).content()


def test_every_code_of_an_error_gives_its_class_back() -> None:
    assert len(_error_classes()) > 15
    assert all(kind.code == code for code, kind in _error_classes().items())


def test_the_contents_are_those_that_lines_are_counted_by() -> None:
    assert [content.value for content in Content] == ["servers", "profiles", "templates"]
