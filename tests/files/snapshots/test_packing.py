import gzip
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import ACCOUNT, an_instance
from tests.support.snapshots import a_fleet, opened
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.snapshots import Content
from vpcmetactl.files.snapshots import writing
from vpcmetactl.files.snapshots.layout import Section
from vpcmetactl.files.snapshots.packing import NotPackedError, find_members, pack, unpack
from vpcmetactl.files.snapshots.reading import open_snapshot

FLEET = a_fleet(*(an_instance(f"web-{number}") for number in range(5)))
SECTION = Section(Content.SERVERS, ACCOUNT, "us-south", ServerKind.INSTANCE)
PACKED = FLEET.content("fleet.jsonl.gz", 2)


def members(path: Path, content: bytes) -> Sequence[tuple[int, int]] | None:
    path.write_bytes(content)
    with path.open("rb") as file:
        return find_members(file.fileno(), os.fstat(file.fileno()).st_size)


@given(st.binary(max_size=2000))
def test_what_was_packed_comes_back_here_and_in_gzip(text: bytes) -> None:
    assert unpack(pack(text), len(text)) == text
    assert gzip.decompress(pack(text) + pack(b"more")) == text + b"more"


def test_members_are_found_without_being_unpacked(tmp_path: Path) -> None:
    texts = [b"one\n", b"", b"three\n" * 1000]
    packed = [pack(text) for text in texts]
    found = members(tmp_path / "x", b"".join(packed))
    assert found == [
        (0, len(packed[0])),
        (len(packed[0]), len(packed[1])),
        (len(packed[0]) + len(packed[1]), len(packed[2])),
    ]


def test_what_others_packed_has_no_such_members(tmp_path: Path) -> None:
    assert members(tmp_path / "x", gzip.compress(b"one")) is None
    assert members(tmp_path / "x", b"") == []


def test_a_member_that_holds_more_than_was_said_is_not_unpacked() -> None:
    with pytest.raises(NotPackedError, match="it holds more than it says"):
        unpack(pack(bytes(10_000_000)), 1000)


@given(st.integers(0, len(PACKED) - 1))
def test_a_file_of_members_that_was_cut_off_anywhere_is_refused(length: int) -> None:
    with pytest.raises(InvalidInputError, match=r"fleet\.jsonl"), opened(PACKED[:length]):
        pass


@given(st.integers(0, len(PACKED) - 1), st.integers(0, 7))
def test_a_bit_that_was_turned_over_is_noticed_or_changes_nothing(place: int, bit: int) -> None:
    damaged = bytearray(PACKED)
    damaged[place] ^= 1 << bit
    try:
        with opened(bytes(damaged)) as snapshot:
            found = list(snapshot.servers())
    except InvalidInputError as error:
        assert "fleet.jsonl" in str(error)  # noqa: PT017 - it need not be raised
    else:
        with opened(FLEET) as snapshot:
            assert found == list(snapshot.servers())


def test_two_files_one_after_the_other_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="something follows the end"), opened(PACKED * 2):
        pass


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    for name in ("fleet.jsonl", "fleet.jsonl.gz"):
        path = tmp_path / name
        content = FLEET.content(name, 2)
        path.write_bytes(content)
        with open_snapshot(path) as snapshot:
            middle = len(content) * 2 // 3
            path.write_bytes(content[:middle] + b"?" + content[middle + 1 :])
            with pytest.raises(InvalidInputError, match=f"{name}, line"):
                list(snapshot.servers())


def test_what_cannot_be_read_twice_is_kept_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(PACKED,))
    writer.start()
    with open_snapshot(path) as snapshot:
        assert len(list(snapshot.servers())) == 5
    writer.join()


def test_a_page_ends_where_it_has_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "LARGE", 1)
    with opened(FLEET) as snapshot:
        assert [page.count for page in snapshot.pages(SECTION)] == [1] * 5
        assert len(list(snapshot.servers())) == 5
