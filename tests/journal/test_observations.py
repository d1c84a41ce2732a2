"""What was seen of servers is kept where it differs, and comes back in order."""

from datetime import datetime, timedelta, timezone
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal.scenes import OTHER_REALM, REALM, record, seen, sights_of
from tests.support.clock import ManualClock
from vpcmetactl.domain.evidence import Observation
from vpcmetactl.journal.nothing import NoJournal
from vpcmetactl.journal.state import SqliteJournal, open_journal

History = list[Observation]


def test_what_was_recorded_is_loaded_by_the_next_command(state: Path, clock: ManualClock) -> None:
    history = [seen(0, enabled=False), seen(1, enabled=True), seen(2, enabled=True, status=None)]
    with open_journal(state, REALM, clock) as journal:
        record(journal, *history)

    with open_journal(state, REALM, clock) as journal:
        assert sights_of(journal, "web-1") == {"web-1": history}


def test_what_the_api_did_not_report_comes_back_as_such(journal: SqliteJournal) -> None:
    unreported = seen(0, enabled=None, status=None)

    record(journal, unreported)

    assert sights_of(journal, "web-1") == {"web-1": [unreported]}


def test_only_a_sight_that_differs_from_the_one_before_is_kept(journal: SqliteJournal) -> None:
    record(journal, seen(0), seen(1), seen(2, status="stopped"))
    record(journal, seen(3, status="stopped"), seen(4), seen(5))

    assert sights_of(journal, "web-1") == {"web-1": [seen(0), seen(2, status="stopped"), seen(4)]}


def test_a_value_that_is_no_longer_reported_is_a_difference(journal: SqliteJournal) -> None:
    record(journal, seen(0, enabled=True), seen(1, enabled=None))

    assert sights_of(journal, "web-1") == {"web-1": [seen(0, enabled=True), seen(1, enabled=None)]}


def test_sights_of_the_same_moment_keep_their_order(journal: SqliteJournal) -> None:
    same_moment = [seen(0), seen(0, enabled=True), seen(0), seen(0, status="stopped")]

    record(journal, *same_moment)

    assert sights_of(journal, "web-1") == {"web-1": same_moment}


def test_a_sight_recorded_late_finds_its_place(journal: SqliteJournal) -> None:
    record(journal, seen(5, enabled=True))
    record(journal, seen(3))

    assert sights_of(journal, "web-1") == {"web-1": [seen(3), seen(5, enabled=True)]}


def test_times_of_another_zone_are_kept_in_utc(journal: SqliteJournal) -> None:
    chennai = timezone(timedelta(hours=5, minutes=30))
    there = Observation("web-1", datetime(2026, 11, 21, 17, 30, 0, 123456, chennai), True, None)  # noqa: FBT003 - the class takes it by position

    record(journal, there)

    (loaded,) = sights_of(journal, "web-1")["web-1"]
    assert loaded.observed_at.isoformat() == "2026-11-21T12:00:00.123456+00:00"


def test_only_the_servers_asked_for_are_loaded(journal: SqliteJournal) -> None:
    record(journal, *[seen(0, server_id=name) for name in ("a", "b", "c")])

    assert sights_of(journal, "a", "c", "never seen") == {
        "a": [seen(0, server_id="a")],
        "c": [seen(0, server_id="c")],
    }


def test_more_servers_than_sqlite_takes_variables_are_loaded(journal: SqliteJournal) -> None:
    names = [f"server-{number:04}" for number in range(1200)]
    record(journal, *[seen(0, server_id=name) for name in names])

    assert sights_of(journal, *names) == {name: [seen(0, server_id=name)] for name in names}


def test_asking_for_no_server_gives_none(journal: SqliteJournal) -> None:
    assert sights_of(journal) == {}


def test_without_a_journal_nothing_is_remembered() -> None:
    journal = NoJournal()
    record(journal, seen(0))

    assert sights_of(journal, "web-1") == {}


sights = st.builds(
    seen,
    st.integers(0, 3),
    enabled=st.sampled_from([True, False, None]),
    status=st.sampled_from(["running", "stopped", None]),
    server_id=st.sampled_from(["web-1", "web-2"]),
)
in_order = st.lists(sights, max_size=12).map(
    lambda them: sorted(them, key=lambda it: it.observed_at)
)


def loaded_after(*records: tuple[SqliteJournal, History]) -> dict[str, History]:
    for journal, history in records:
        record(journal, *history)
    journal = records[0][0]
    return {name: list(kept) for name, kept in sights_of(journal, "web-1", "web-2").items()}


def without_repetition(history: History, server_id: str) -> History:
    of_one = [it for it in history if it.server_id == server_id]
    return [next(same) for _, same in groupby(of_one, lambda it: (it.enabled, it.status))]


@settings(max_examples=60, deadline=None)
@given(in_order)
def test_what_is_loaded_is_what_was_seen_without_repetition(history: History) -> None:
    expected = {name: without_repetition(history, name) for name in ("web-1", "web-2")}

    with (
        TemporaryDirectory() as folder,
        open_journal(Path(folder, "state.sqlite"), REALM, ManualClock()) as journal,
    ):
        loaded = loaded_after((journal, history))

    assert loaded == {name: kept for name, kept in expected.items() if kept}


@settings(max_examples=60, deadline=None)
@given(st.lists(sights, max_size=12))
def test_recording_the_last_sights_again_changes_nothing(history: History) -> None:
    with (
        TemporaryDirectory() as folder,
        open_journal(Path(folder, "state.sqlite"), REALM, ManualClock()) as journal,
    ):
        once = loaded_after((journal, history))
        last = [kept[-1] for kept in once.values()]
        twice = loaded_after((journal, last))

    assert twice == once
    assert all(kept == sorted(kept, key=lambda it: it.observed_at) for kept in once.values())


@settings(max_examples=40, deadline=None)
@given(in_order, in_order)
def test_realms_do_not_mix(ours: History, theirs: History) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "state.sqlite")
        with (
            open_journal(path, REALM, ManualClock()) as journal,
            open_journal(path, OTHER_REALM, ManualClock()) as other,
        ):
            alone = loaded_after((journal, ours))
            together = loaded_after((journal, []), (other, theirs))

    assert together == alone
