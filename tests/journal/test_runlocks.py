"""A run is held by one process, whatever happens between asking and taking."""

import fcntl
import os
from pathlib import Path

import pytest

from tests.support.clock import ManualClock
from vpcmetactl.domain.errors import StateError
from vpcmetactl.journal import runlocks
from vpcmetactl.journal.runlocks import RunLocks


def test_a_run_is_taken_by_one_and_again_when_it_is_let_go(tmp_path: Path) -> None:
    ours, theirs = RunLocks(tmp_path / "state.sqlite"), RunLocks(tmp_path / "state.sqlite")

    taken = [ours.take("run-1"), theirs.take("run-1"), ours.take("run-1")]
    held = [ours.is_held("run-1"), theirs.sweep("run-1")]
    theirs.release("run-1")
    held.append(theirs.is_held("run-1"))
    ours.release("run-1")

    assert (taken, held) == ([True, False, False], [True, True, True])
    assert not theirs.is_held("run-1")
    assert theirs.take("run-1")


def test_asking_removes_nothing_and_sweeping_does(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite-run-1").touch()
    locks = RunLocks(tmp_path / "state.sqlite")

    asked, was_there = locks.is_held("1"), (tmp_path / "state.sqlite-run-1").exists()

    assert (asked, was_there, locks.sweep("1")) == (False, True, False)
    assert list(tmp_path.iterdir()) == []


def test_whoever_asks_meanwhile_keeps_nobody_from_taking(tmp_path: Path) -> None:
    lock = tmp_path / "state.sqlite-run-1"
    lock.touch()
    asking = os.open(lock, os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    also_asked = RunLocks(tmp_path / "state.sqlite").is_held("1")
    os.close(asking)

    assert not also_asked
    assert RunLocks(tmp_path / "state.sqlite").take("1")


def test_a_file_that_its_run_removes_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending, taking = RunLocks(tmp_path / "state.sqlite"), RunLocks(tmp_path / "state.sqlite")
    run_id = ending.start(ManualClock().now())
    share = runlocks._share  # noqa: SLF001 - the moment in between is inside

    def end_first(lock: int) -> bool:
        ending.release(run_id)
        return share(lock)

    monkeypatch.setattr(runlocks, "_share", end_first)

    assert taking.take(run_id)
    assert RunLocks(tmp_path / "state.sqlite").is_held(run_id)


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    state = tmp_path / "gone" / "state.sqlite"

    with pytest.raises(StateError, match="No such file or directory"):
        RunLocks(state).take("run-1")
