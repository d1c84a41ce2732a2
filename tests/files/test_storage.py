import os
import threading
from pathlib import Path

import pytest

from tests.files.forging import a_saved_plan
from vpcmetactl.domain.errors import InvalidInputError, OutputError
from vpcmetactl.files import storage
from vpcmetactl.files.plans import read_plan, write_plan
from vpcmetactl.files.runs import read_runs, write_runs
from vpcmetactl.files.storage import read_bytes, write_whole


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    written = write_plan(path, a_saved_plan())
    assert read_plan(path) == written
    assert len(written.digest) == 64


def test_no_runs_are_a_file_too(tmp_path: Path) -> None:
    write_runs(tmp_path / "runs.json", [])
    assert read_runs(tmp_path / "runs.json") == ()


def test_a_new_file_has_the_usual_mode_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_bytes(b"before")
    old.chmod(0o640)
    mask = os.umask(0o027)
    try:
        write_whole(new, b"x")
        write_whole(old, b"y")
    finally:
        os.umask(mask)
    assert [path.stat().st_mode & 0o777 for path in (new, old)] == [0o640, 0o640]
    assert old.read_bytes() == b"y"


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    link, file = tmp_path / "link", tmp_path / "file"
    link.symlink_to(file)
    write_whole(link, b"x")
    assert (link.is_symlink(), file.read_bytes()) == (True, b"x")


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(read_bytes(pipe)))
    reader.start()
    write_whole(pipe, b"x")
    reader.join()
    assert read == [b"x"]


def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError) as caught:
        write_whole(path, b"after")
    assert (str(caught.value), caught.value.hint) == (
        f"{path}: No space left on device",
        "nothing was written to it",
    )
    assert (path.read_bytes(), listing(tmp_path)) == (b"before", ["plan.json"])


@pytest.mark.parametrize("name", ["missing/plan.json", "", "a\0b", "x" * 300])
def test_what_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="^" + str(tmp_path)):
        write_whole(tmp_path / name, b"x")
    assert listing(tmp_path) == []


@pytest.mark.parametrize("name", ["missing.json", "", "a\0b", "x" * 300])
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="^" + str(tmp_path)):
        read_plan(tmp_path / name)


def test_a_file_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "MOST_BYTES", 1024**2)
    with pytest.raises(InvalidInputError, match="/dev/zero is larger than 1 MiB"):
        read_bytes(Path("/dev/zero"))
