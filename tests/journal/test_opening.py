"""Opening the state: made where it is missing, refused where it cannot be used, never replaced."""

import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.journal.scenes import (
    OTHER_REALM,
    REALM,
    a_plan,
    a_restart_plan,
    record,
    rows,
    seen,
    sights_of,
)
from tests.support.clock import ManualClock
from vpcmetactl.domain.errors import NotFoundError, StateError
from vpcmetactl.domain.runs import CutOffRestart, RestartStep, RunState
from vpcmetactl.journal.reading import open_observations, open_runs
from vpcmetactl.journal.schema import APPLICATION_ID, MIGRATIONS
from vpcmetactl.journal.state import open_journal, require_writable
from vpcmetactl.usecases.ports import Realm

ELSEWHERE = "set VPCMETACTL_STATE to a file you may write; reading commands also take --no-state"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refusal(path: Path) -> tuple[str, str | None]:
    with pytest.raises(StateError) as caught:
        open_journal(path, REALM, ManualClock())
    return str(caught.value), caught.value.hint


def pragma(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_folder_and_files_are_made_for_the_user_alone(state: Path, clock: ManualClock) -> None:
    with open_journal(state, REALM, clock):
        modes = {path.name: mode_of(path) for path in state.parent.iterdir()}

    assert modes == dict.fromkeys(
        ["state.sqlite", "state.sqlite-lock", "state.sqlite-shm", "state.sqlite-wal"], 0o600
    )
    assert mode_of(state.parent) == 0o700


def test_a_file_that_others_may_read_is_made_private(state: Path, clock: ManualClock) -> None:
    open_journal(state, REALM, clock).close()
    state.chmod(0o644)

    open_journal(state, REALM, clock).close()

    assert mode_of(state) == 0o600


def test_it_can_be_asked_beforehand_whether_a_state_may_be_written(
    state: Path, clock: ManualClock
) -> None:
    require_writable(state, clock)

    with pytest.raises(StateError, match="it is a folder"):
        require_writable(state.parent, clock)
    assert rows(state, "SELECT * FROM realms") == []


def test_an_empty_file_becomes_a_state(state: Path, clock: ManualClock) -> None:
    state.parent.mkdir()
    state.touch()

    with open_journal(state, REALM, clock) as journal:
        record(journal, seen(0))

        assert sights_of(journal, "web-1") == {"web-1": [seen(0)]}


def test_a_link_leads_to_the_state(state: Path, clock: ManualClock, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(state)

    with open_journal(link, REALM, clock) as journal:
        record(journal, seen(0))
        with open_journal(state, REALM, clock) as same:
            assert sights_of(same, "web-1") == {"web-1": [seen(0)]}


def test_a_name_with_odd_characters_is_taken_as_it_is(tmp_path: Path, clock: ManualClock) -> None:
    state = tmp_path / "what?mode=memory#50%.db"

    open_journal(state, REALM, clock).close()

    assert state.stat().st_size > 0


def test_closing_twice_is_closing_once(state: Path, clock: ManualClock) -> None:
    journal = open_journal(state, REALM, clock)
    journal.close()
    journal.close()

    with pytest.raises(StateError, match="the state file is closed"):
        record(journal, seen(0))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (f"cannot use the state file {tmp_path}: it is a folder", ELSEWHERE)


def test_a_device_is_refused() -> None:
    expected = "cannot use the state file /dev/null: it is not a regular file"

    assert refusal(Path("/dev/null")) == (expected, ELSEWHERE)


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    state = tmp_path / "file" / "state.sqlite"

    message, hint = refusal(state)

    assert message.startswith(f"cannot use the state file {state}: ")
    assert hint == ELSEWHERE


def test_a_file_of_a_newer_version_is_left_as_it_is(state: Path, clock: ManualClock) -> None:
    open_journal(state, REALM, clock).close()
    pragma(state, "PRAGMA user_version = 99")
    before = state.read_bytes()

    message, hint = refusal(state)

    assert message.startswith(f"the state file {state} has version 99, made by a newer vpcmetactl;")
    assert hint == "use the newer vpcmetactl, or set VPCMETACTL_STATE to another file"
    assert state.read_bytes() == before


def test_a_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    state = tmp_path / "addresses.db"
    pragma(state, "CREATE TABLE addresses (name TEXT)")
    before = state.read_bytes()

    assert refusal(state) == (
        f"{state} is a database of another program; it is left as it is",
        "set VPCMETACTL_STATE to a file of its own",
    )
    assert state.read_bytes() == before


def test_a_folder_that_may_not_be_written_is_refused(ordinary_folder: Path) -> None:
    ordinary_folder.chmod(0o500)
    state = ordinary_folder / "vpcmetactl" / "state.sqlite"

    message, hint = refusal(state)

    expected = f"cannot use the state file {state}: Permission denied: {state.parent}"
    assert (message, hint) == (expected, ELSEWHERE)


def test_a_file_that_may_not_be_written_is_refused(
    ordinary_folder: Path, clock: ManualClock
) -> None:
    state = ordinary_folder / "state.sqlite"
    open_journal(state, REALM, clock).close()
    state.chmod(0o400)
    ordinary_folder.chmod(0o500)

    message, hint = refusal(state)

    assert message.startswith(f"cannot use the state file {state}: ")
    assert hint == ELSEWHERE


def test_a_reading_command_reads_what_it_may_not_write(
    ordinary_folder: Path, clock: ManualClock
) -> None:
    state = ordinary_folder / "state.sqlite"
    with open_journal(state, REALM, clock) as journal:
        record(journal, seen(0))
    state.chmod(0o400)
    ordinary_folder.chmod(0o500)

    log, problem = open_observations(state, REALM, clock)
    with closing(log):
        record(log, seen(1, enabled=True))

        assert sights_of(log, "web-1") == {"web-1": [seen(0)]}
    assert problem is not None


def test_a_reading_command_tells_what_was_cut_off_of_a_state_that_it_may_not_write(
    ordinary_folder: Path, clock: ManualClock
) -> None:
    state = ordinary_folder / "state.sqlite"
    plan = a_restart_plan("web-1")
    with open_journal(state, REALM, clock) as journal:
        run_id = journal.begin_run(plan)
        journal.intend(run_id, plan.changes[0])
        journal.reach(run_id, plan.changes[0], RestartStep.STOPPED)
    state.chmod(0o400)
    ordinary_folder.chmod(0o500)

    expected = {REALM: [CutOffRestart(run_id, plan.changes[0].server, RestartStep.STOPPED)]}
    for realm in (REALM, OTHER_REALM):
        log, problem = open_observations(state, realm, clock)
        with closing(log):
            assert list(log.list_cut_off_restarts()) == expected.get(realm, [])
        assert problem is not None


def test_a_reading_command_goes_on_without_an_older_state_that_it_may_not_write(
    ordinary_folder: Path, clock: ManualClock
) -> None:
    state = ordinary_folder / "state.sqlite"
    statements = [statement for entry in MIGRATIONS[:3] for statement in entry]
    header = [f"PRAGMA application_id = {APPLICATION_ID}", "PRAGMA user_version = 3"]
    pragma(state, *statements, *header)
    state.chmod(0o400)
    ordinary_folder.chmod(0o500)

    log, problem = open_observations(state, REALM, clock)
    with closing(log):
        assert log.load_histories(["web-1"]) == {}
        assert list(log.list_cut_off_restarts()) == []
    assert problem is not None


def test_a_reading_command_reads_what_a_killed_process_left_in_the_log(
    ordinary_folder: Path, clock: ManualClock
) -> None:
    state, copy = ordinary_folder / "state.sqlite", ordinary_folder / "copy"
    with open_journal(state, REALM, clock) as journal:
        record(journal, seen(0))
        shutil.copytree(ordinary_folder, copy)
    for path in copy.iterdir():
        path.chmod(0o400)
    copy.chmod(0o500)

    log, problem = open_observations(copy / "state.sqlite", REALM, clock)
    with closing(log):
        loaded = sights_of(log, "web-1")
    copy.chmod(0o700)

    assert loaded == {"web-1": [seen(0)]}
    assert problem is not None


def test_a_reading_command_goes_on_without_a_state(
    ordinary_folder: Path, clock: ManualClock
) -> None:
    ordinary_folder.chmod(0o500)
    state = ordinary_folder / "vpcmetactl" / "state.sqlite"

    log, problem = open_observations(state, REALM, clock)
    with closing(log):
        record(log, seen(0))

        assert sights_of(log, "web-1") == {}
    assert str(problem).startswith(f"cannot use the state file {state}: Permission denied")


def test_a_reading_command_keeps_what_it_saw_where_it_can(state: Path, clock: ManualClock) -> None:
    log, problem = open_observations(state, REALM, clock)
    with closing(log):
        record(log, seen(0))

        assert sights_of(log, "web-1") == {"web-1": [seen(0)]}
    assert problem is None


def test_runs_are_read_from_a_state_that_may_not_be_written(
    ordinary_folder: Path, clock: ManualClock
) -> None:
    state = ordinary_folder / "state.sqlite"
    with open_journal(state, REALM, clock) as journal:
        cut_off, done = journal.begin_run(a_plan("web-1")), journal.begin_run(a_plan("web-2"))
        journal.finish_run(done)
    state.chmod(0o400)
    ordinary_folder.chmod(0o500)

    log, problem = open_runs(state, REALM, clock)
    with closing(log):
        states = {run.id: run.state for run in log.list_runs()}
        assert log.get_run(done).id == done
    stranger, _ = open_runs(state, Realm("iam", "vpc", "nobody"), clock)
    with closing(stranger):
        assert list(stranger.list_runs()) == []
        with pytest.raises(NotFoundError, match=f"there is no run '{done}'"):
            stranger.get_run(done)
    assert states == {cut_off: RunState.INTERRUPTED, done: RunState.FINISHED}
    assert str(problem).startswith(f"cannot use the state file {state}: ")


def test_a_state_that_cannot_be_read_is_not_told_as_one_without_runs(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="it is a folder"):
        open_runs(tmp_path, REALM, ManualClock())


def test_runs_are_read_from_the_state_that_may_be_written(state: Path, clock: ManualClock) -> None:
    log, problem = open_runs(state, REALM, clock)
    with closing(log):
        assert (list(log.list_runs()), problem) == ([], None)
