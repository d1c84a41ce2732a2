"""A damaged state is named, kept under another name, and never silently replaced."""

import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal.scenes import REALM, a_plan, a_restart_plan, happened, record, seen, sights_of
from tests.support.clock import ManualClock
from vpcmetactl.domain.errors import NotFoundError, RefusedError, StateError
from vpcmetactl.domain.plans import AlreadyDone
from vpcmetactl.domain.runs import RestartStep
from vpcmetactl.journal.reading import open_observations
from vpcmetactl.journal.state import SqliteJournal, open_journal
from vpcmetactl.journal.statefile import StateFile

RUN_AGAIN = "run again: a new state file is made, which knows nothing of earlier runs"
NOISE = random.Random(7).randbytes(4096)  # noqa: S311 - noise, no secret


def filled(state: Path) -> Path:
    """Make a state of a few dozen pages, all of them in the file itself."""
    with open_journal(state, REALM, ManualClock()) as journal:
        record(journal, *(seen(0, server_id=f"server-{n:04}") for n in range(2000)))
    return state


def overwrite(state: Path, start: int, content: bytes) -> None:
    with state.open("r+b") as file:
        file.seek(start)
        file.write(content)


def aside(state: Path) -> Path:
    return state.with_name("state.sqlite.damaged-20261121T120000Z")


def names(state: Path) -> list[str]:
    return sorted(path.name for path in state.parent.iterdir())


def open_damaged(state: Path) -> StateError:
    with pytest.raises(StateError) as caught:
        open_journal(state, REALM, ManualClock())
    return caught.value


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (NOISE, "file is not a database"),
        (b"just some words\n" * 10, "file is not a database"),
        (b"xy", "file is not a database"),
    ],
)
def test_what_is_no_database_is_set_aside(state: Path, content: bytes, reason: str) -> None:
    state.parent.mkdir()
    state.write_bytes(content)

    error = open_damaged(state)

    expected = f"the state file {state} is damaged ({reason}); it is kept as {aside(state)}"
    assert (str(error), error.hint) == (expected, RUN_AGAIN)
    assert aside(state).read_bytes() == content
    assert not state.exists()


@pytest.mark.parametrize("pages", [1, 2, 20])
def test_a_truncated_file_is_set_aside(state: Path, pages: int) -> None:
    content = filled(state).read_bytes()[: pages * 4096]
    state.write_bytes(content)

    error = open_damaged(state)

    reason = "database disk image is malformed"
    expected = f"the state file {state} is damaged ({reason}); it is kept as {aside(state)}"
    assert (str(error), error.hint) == (expected, RUN_AGAIN)
    assert aside(state).read_bytes() == content


def test_a_log_without_its_file_is_set_aside(state: Path) -> None:
    """SQLite itself would delete the log, and what was committed with it."""
    state.parent.mkdir()
    state.touch()
    log = state.with_name("state.sqlite-wal")
    log.write_bytes(b"committed, and not yet in the file")

    assert f"it is kept as {aside(state)}" in str(open_damaged(state))
    kept = state.with_name("state.sqlite.damaged-20261121T120000Z-wal")
    assert kept.read_bytes() == b"committed, and not yet in the file"
    assert not log.exists()


def test_the_next_command_makes_a_new_state(state: Path, clock: ManualClock) -> None:
    overwrite(filled(state), 0, NOISE)
    open_damaged(state)

    with open_journal(state, REALM, clock) as journal:
        assert sights_of(journal, "server-0001") == {}


def test_a_second_damaged_file_does_not_replace_the_first(state: Path) -> None:
    state.parent.mkdir()
    for content in (b"first", b"second", b"third"):
        state.write_bytes(content)
        open_damaged(state)

    name = "state.sqlite.damaged-20261121T120000Z"
    kept = {path.name: path.read_bytes() for path in state.parent.glob("*damaged*")}
    assert kept == {name: b"first", f"{name}.2": b"second", f"{name}.3": b"third"}


def test_damage_that_shows_in_the_middle_is_told_to_everyone(
    state: Path, clock: ManualClock
) -> None:
    filled(state)
    for page in range(5, state.stat().st_size // 4096):
        overwrite(state, page * 4096, NOISE)

    journal = open_journal(state, REALM, clock)
    with closing(journal), pytest.raises(StateError) as first:
        sights_of(journal, *(f"server-{n:04}" for n in range(2000)))
    with pytest.raises(StateError) as second:
        record(journal, seen(0))

    reason = "database disk image is malformed"
    expected = f"the state file {state} is damaged ({reason}); it is kept as {aside(state)}"
    assert (str(first.value), first.value.hint) == (expected, RUN_AGAIN)
    assert str(second.value) == "the state file is closed"
    assert names(state) == ["state.sqlite-lock", aside(state).name]


def test_a_row_that_makes_no_sense_is_damage(state: Path, clock: ManualClock) -> None:
    with open_journal(state, REALM, clock) as journal:
        record(journal, seen(0))
    with closing(sqlite3.connect(state)) as connection:
        connection.execute("UPDATE observations SET observed_at = 'yesterday'")
        connection.commit()

    with open_journal(state, REALM, clock) as journal:
        for _ in range(2):
            with pytest.raises(StateError) as caught:
                sights_of(journal, "web-1")

            assert str(caught.value) == (
                f"the state file {state} is damaged ('yesterday' is no time); "
                f"it is kept as {aside(state)}"
            )


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE last_seen SET seen_at = 'today'", "'today' is no time"),
        ("UPDATE observations SET otherwise_until = 'then'", "'then' is no time"),
        ("UPDATE events SET at = 'later'", "events of server web-1: Invalid "),
    ],
)
def test_evidence_that_makes_no_sense_is_damage(
    state: Path, clock: ManualClock, statement: str, reason: str
) -> None:
    with open_journal(state, REALM, clock) as journal:
        record(journal, seen(0))
        journal.add_events([happened(1)])
    alter(state, statement)

    with open_journal(state, REALM, clock) as journal, pytest.raises(StateError) as caught:
        journal.load_histories(["web-1"])

    assert f"the state file {state} is damaged ({reason}" in str(caught.value)
    assert f"it is kept as {aside(state)}" in str(caught.value)


@pytest.mark.parametrize("column", ["kind", "source"])
def test_an_event_of_a_newer_version_is_named_and_the_file_left_as_it_is(
    state: Path, clock: ManualClock, column: str
) -> None:
    with open_journal(state, REALM, clock) as journal:
        journal.add_events([happened(1)])
    alter(state, f"UPDATE events SET {column} = 'new'")  # noqa: S608 - a test

    with open_journal(state, REALM, clock) as journal:
        with pytest.raises(StateError) as caught:
            journal.load_histories(["web-1"])
        assert journal.add_events([happened(2)]) == 1

    message = "an event of server web-1: 'new' is none of its codes that are known here"
    assert str(caught.value) == message
    assert caught.value.hint == "use the vpcmetactl that wrote it, or a newer one"
    assert "damaged" not in "".join(names(state))


def alter(state: Path, statement: str) -> None:
    with closing(sqlite3.connect(state)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_damaged_file_that_another_process_has_open_stays(
    state: Path, clock: ManualClock
) -> None:
    with open_journal(state, REALM, clock):
        state.with_name("state.sqlite-wal").write_bytes(b"")
        overwrite(state, 0, NOISE)

        error = open_damaged(state)

    reason = "file is not a database"
    expected = f"the state file {state} is damaged ({reason}), and another process has it open"
    assert str(error) == expected
    assert error.hint == "end that process and run again: the file is then set aside"
    assert state.read_bytes()[:4096] == NOISE


def test_only_the_file_that_was_found_damaged_is_set_aside(state: Path, clock: ManualClock) -> None:
    first, second = StateFile(state, clock), StateFile(state, clock)
    told = [str(file.set_aside("it broke")) for file in (first, second, first)]
    state.write_text("made anew")
    told.append(str(first.set_aside("it broke")))
    first.close()
    second.close()

    damaged = f"the state file {state} is damaged (it broke)"
    assert told == [
        f"{damaged}, and another process has it open",
        f"{damaged}; it is kept as {aside(state)}",
        f"{damaged}; another process has set it aside",
        f"{damaged}; another process has set it aside",
    ]
    assert state.read_text() == "made anew"


def test_a_damaged_file_in_a_folder_that_may_not_be_written_stays(
    ordinary_folder: Path, clock: ManualClock
) -> None:
    state = filled(ordinary_folder / "state.sqlite")
    overwrite(state, 0, NOISE)
    ordinary_folder.chmod(0o500)

    log, problem = open_observations(state, REALM, clock)
    with closing(log):
        assert sights_of(log, "server-0001") == {}

    assert str(problem) == (
        f"the state file {state} is damaged (file is not a database) "
        "and cannot be set aside: Permission denied"
    )
    assert names(state) == ["state.sqlite", "state.sqlite-lock"]


def test_a_reading_command_goes_on_without_the_damaged_state(
    state: Path, clock: ManualClock
) -> None:
    overwrite(filled(state), 0, NOISE)

    log, problem = open_observations(state, REALM, clock)
    with closing(log):
        assert sights_of(log, "server-0001") == {}

    assert f"it is kept as {aside(state)}" in str(problem)


def use(journal: SqliteJournal) -> None:
    for run in journal.list_runs():
        with suppress(NotFoundError, RefusedError):
            journal.resume_run(run.id)
            for change in run.open_changes[:2]:
                journal.intend(run.id, change)
                journal.settle(run.id, AlreadyDone(change))
            journal.finish_run(run.id)
    sights_of(journal, *(f"server-{n:04}" for n in range(0, 2000, 50)))
    journal.list_cut_off_restarts()
    journal.add_events(happened(1, server_id=f"server-{n:04}") for n in range(0, 2000, 50))
    record(journal, *[seen(9, server_id=f"server-{n:04}") for n in range(0, 2000, 50)])


@pytest.fixture(scope="module")
def sound_content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    state = filled(tmp_path_factory.mktemp("sound") / "state.sqlite")
    plan = a_plan(*(f"web-{n}" for n in range(40)))
    with open_journal(state, REALM, ManualClock()) as journal:
        for start in (0, 10, 20):
            run_id = journal.begin_run(plan)
            for change in plan.changes[start : start + 10]:
                journal.intend(run_id, change)
        restarts = a_restart_plan("db-1", "db-2")
        run_id = journal.begin_run(restarts)
        for change in restarts.changes:
            journal.intend(run_id, change)
            journal.reach(run_id, change, RestartStep.STOPPED)
        journal.add_events(happened(n % 60, server_id=f"server-{n:04}") for n in range(500))
    return state.read_bytes()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_whatever_is_broken_ends_in_a_state_error_or_in_none(
    sound_content: bytes, data: st.DataObject
) -> None:
    content = bytearray(sound_content)
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(content) - 1))
        noise = data.draw(st.binary(min_size=1, max_size=64))
        content[start : start + len(noise)] = noise
    with TemporaryDirectory() as folder:
        state = Path(folder, "state.sqlite")
        state.write_bytes(content)
        try:
            with open_journal(state, REALM, ManualClock()) as journal:
                use(journal)
        except StateError:
            return


def test_a_file_named_by_mistake_is_left_as_it_is(tmp_path: Path, clock: ManualClock) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("call the bank\n")

    with pytest.raises(StateError, match="is no state file; it is left as it is"):
        open_journal(notes, REALM, clock)

    assert notes.read_text() == "call the bank\n"
    assert [path.name for path in tmp_path.iterdir() if "damaged" in path.name] == []
