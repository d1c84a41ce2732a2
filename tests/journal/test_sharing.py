"""Threads share one connection and its commits; what fails for one fails for nobody else."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.journal.scenes import REALM, a_plan, record, rows, seen, sights_of
from tests.support.clock import ManualClock
from vpcmetactl.domain.errors import RefusedError, StateError
from vpcmetactl.journal import opening
from vpcmetactl.journal.database import Database
from vpcmetactl.journal.opening import open_database
from vpcmetactl.journal.state import SqliteJournal, open_journal

Work = Callable[[sqlite3.Connection], object]


@pytest.fixture
def database(state: Path, clock: ManualClock) -> Iterator[Database]:
    with closing(open_database(state, clock)) as opened:
        opened.write(lambda it: it.execute("CREATE TABLE words (word TEXT UNIQUE)"))
        yield opened


@pytest.fixture
def statements(database: Database) -> list[str]:
    """Every statement that SQLite is given from now on."""
    traced: list[str] = []
    database.read(lambda it: it.set_trace_callback(traced.append))
    return traced


def saying(word: str) -> Work:
    return lambda connection: connection.execute("INSERT INTO words VALUES (?)", (word,))


def refusing(connection: sqlite3.Connection) -> object:
    connection.execute("INSERT INTO words VALUES ('half of the work')")
    raise RefusedError("not this one")


def written_together(database: Database, works: list[Work]) -> list[Exception | None]:
    """Queue all works while a first one is under way; return what each of them raised."""
    is_under_way, may_go_on = Event(), Event()

    def slowly(connection: sqlite3.Connection) -> None:
        del connection
        is_under_way.set()
        may_go_on.wait(10)

    def attempt(work: Work) -> Exception | None:
        try:
            database.write(work)
        except (RefusedError, StateError) as error:
            return error
        return None

    with ThreadPoolExecutor(len(works) + 1) as pool:
        pool.submit(database.write, slowly)
        assert is_under_way.wait(10)
        results = [pool.submit(attempt, work) for work in works]
        while database.waiting < len(works):
            Event().wait(0.001)
        may_go_on.set()
        return [result.result() for result in results]


def test_commits_of_waiting_threads_are_grouped(
    database: Database, state: Path, statements: list[str]
) -> None:
    words = [f"word-{number}" for number in range(8)]

    errors = written_together(database, [saying(word) for word in words])

    assert errors == [None] * 8
    assert statements.count("COMMIT") == 2  # the one under way, and one for the eight who waited
    assert sorted(rows(state, "SELECT word FROM words")) == [(word,) for word in words]


def test_work_that_is_refused_is_undone_alone(database: Database, state: Path) -> None:
    errors = written_together(database, [saying("before"), refusing, saying("after")])

    assert [str(error) for error in errors if error] == ["not this one"]
    assert sorted(rows(state, "SELECT word FROM words")) == [("after",), ("before",)]


def test_work_that_breaks_fails_all_that_share_its_commit(database: Database, state: Path) -> None:
    errors = written_together(database, [saying("same"), saying("same"), saying("other")])

    problem = f"cannot use the state file {state}: UNIQUE constraint failed: words.word"
    assert [str(error) for error in errors] == [problem] * 3
    assert rows(state, "SELECT word FROM words") == []


def test_a_failure_is_over_with_the_next_commit(database: Database, state: Path) -> None:
    written_together(database, [saying("same"), saying("same")])

    database.write(saying("same"))

    assert rows(state, "SELECT word FROM words") == [("same",)]


def test_an_interruption_undoes_what_it_interrupts(database: Database, state: Path) -> None:
    def interrupted(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO words VALUES ('half of the work')")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.write(interrupted)
    database.write(saying("later"))

    assert rows(state, "SELECT word FROM words") == [("later",)]


def test_threads_lose_nothing(journal: SqliteJournal, state: Path) -> None:
    plan = a_plan(*(f"web-{number}" for number in range(48)))
    run_id = journal.begin_run(plan)

    def change_and_see(number: int) -> None:
        journal.intend(run_id, plan.changes[number])
        record(journal, seen(number, server_id=f"web-{number}"))
        sights_of(journal, f"web-{number}")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(change_and_see, range(48)))

    assert len(rows(state, "SELECT * FROM changes")) == 48
    assert len(rows(state, "SELECT * FROM observations")) == 48


def test_a_full_disk_is_told_and_leaves_what_was_written(state: Path, clock: ManualClock) -> None:
    database = open_database(state, clock)
    with closing(SqliteJournal(database, REALM, clock)) as journal:
        record(journal, seen(0))
        database.read(lambda it: it.execute("PRAGMA max_page_count = 1").fetchall())
        with pytest.raises(StateError) as caught:
            record(journal, *(seen(1, server_id=f"server-{n}") for n in range(2000)))
        after = sights_of(journal, "web-1", "server-1")

    assert str(caught.value) == f"no space left to write the state file {state}"
    assert after == {"web-1": [seen(0)]}
    assert rows(state, "PRAGMA integrity_check") == [("ok",)]


def test_a_file_that_stays_locked_is_told(
    state: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_journal(state, REALM, clock).close()
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.05)

    with closing(sqlite3.connect(state, isolation_level=None)) as greedy:
        greedy.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError) as caught:
            open_journal(state, REALM, clock)

    assert str(caught.value) == f"another process has kept the state file {state} locked for 10 s"
    assert caught.value.hint == "run again when the other command has ended"


def test_a_lock_that_is_let_go_of_in_time_is_waited_for(
    state: Path, clock: ManualClock, journal: SqliteJournal
) -> None:
    del clock
    greedy = sqlite3.connect(state, isolation_level=None, check_same_thread=False)
    greedy.execute("BEGIN IMMEDIATE")
    releasing = Thread(target=lambda: (Event().wait(0.05), greedy.execute("COMMIT")))
    releasing.start()

    record(journal, seen(0))

    releasing.join()
    greedy.close()
    assert sights_of(journal, "web-1") == {"web-1": [seen(0)]}
