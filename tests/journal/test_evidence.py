"""Histories of servers: the state file and the journal in memory agree."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal.run_logs import PLAN, WEB_1, Subject, applied, in_a_file, in_memory
from tests.journal.scenes import NOON, OTHER_REALM, at, happened, rows, seen
from tests.support.clock import ManualClock
from vpcmetactl.domain.evidence import (
    EventKind,
    History,
    Observation,
    ServerEvent,
    Sights,
    Source,
)
from vpcmetactl.journal.nothing import NoJournal
from vpcmetactl.journal.state import SqliteJournal
from vpcmetactl.usecases.ports import Journal

WEB = "web-1"


def history(journal: Journal, server_id: str = WEB) -> History:
    return journal.load_histories([server_id])[server_id]


def events(journal: Journal) -> Sequence[ServerEvent]:
    return history(journal).events


def test_a_sight_tells_until_when_the_server_was_otherwise(subject: Subject) -> None:
    first, second = seen(0), Observation(WEB, at(60), True, "running", at(50))  # noqa: FBT003 - the class takes it by position

    subject.journal.record_sights(Sights([first]))
    subject.journal.record_sights(Sights([second]))

    assert history(subject.journal) == History((first, second), (), at(60))


def test_a_server_that_is_as_it_was_was_seen_so_until_now(subject: Subject) -> None:
    subject.journal.record_sights(Sights([seen(0)]))
    subject.journal.record_sights(Sights(unchanged=[(WEB, at(60))]))

    assert history(subject.journal) == History((seen(0),), (), at(60))


def test_a_sight_that_differs_from_none_before_is_no_row_and_yet_a_sight(subject: Subject) -> None:
    subject.journal.record_sights(Sights([seen(0)]))
    subject.journal.record_sights(Sights([seen(30)]))

    assert history(subject.journal) == History((seen(0),), (), at(30))


def test_who_looked_earlier_and_writes_later_takes_nothing_back(subject: Subject) -> None:
    subject.journal.record_sights(Sights([seen(0)], [(WEB, at(60))]))
    subject.journal.record_sights(Sights(unchanged=[(WEB, at(30))]))

    assert history(subject.journal).seen_until == at(60)


def test_sights_of_many_moments_are_kept_each_at_its_own(subject: Subject) -> None:
    names = [f"server-{n}" for n in range(20)]
    subject.journal.record_sights(Sights([seen(0, server_id=name) for name in names]))

    unchanged = [(name, at(1 + n % 3)) for n, name in enumerate(names)]
    subject.journal.record_sights(Sights(unchanged=unchanged))

    found = subject.journal.load_histories(names)
    assert [(name, found[name].seen_until) for name in names] == unchanged


def test_a_file_from_before_tells_the_last_sight_as_the_end(
    journal: SqliteJournal, state: Path
) -> None:
    journal.record_sights(Sights([seen(0), seen(5, status="stopped")]))
    assert rows(state, "SELECT count(*) FROM last_seen") == [(1,)]
    journal._database.write(lambda it: it.execute("DELETE FROM last_seen"))  # noqa: SLF001 - what version 3 had not

    assert history(journal).seen_until == at(5)


def test_events_come_back_in_order_of_time_whatever_order_they_came_in(subject: Subject) -> None:
    told = [
        happened(3, EventKind.STARTED, key="b"),
        happened(1, EventKind.UPDATED, note='said "so"\n\x1f\x00é'),
        happened(3, EventKind.STARTED, key="a"),
        happened(2, EventKind.ACKNOWLEDGED, source=Source.OPERATOR),
    ]

    assert subject.journal.add_events(told[:2]) == 2
    assert subject.journal.add_events(told[2:]) == 2

    assert history(subject.journal) == History((), (told[1], told[3], told[2], told[0]))


def test_an_event_that_is_known_is_not_new(subject: Subject) -> None:
    told = [happened(1, key="a", note="first words"), happened(2)]
    subject.journal.add_events(told)

    again = [happened(1, key="a", note="other words"), happened(3), happened(3), told[1]]

    assert subject.journal.add_events(again) == 1
    assert list(events(subject.journal)) == [*told, happened(3)]


def test_events_that_differ_in_one_thing_are_two(subject: Subject) -> None:
    told = [
        happened(1),
        happened(1, EventKind.UPDATED),
        happened(1, source=Source.OPERATOR),
        happened(1, key="other"),
        happened(1.00001),
        happened(1, server_id="web-2"),
    ]

    assert subject.journal.add_events(told) == len(told)
    assert len(events(subject.journal)) == len(told) - 1


def test_no_events_are_none_new(subject: Subject) -> None:
    assert subject.journal.add_events([]) == 0
    assert subject.journal.load_histories([WEB]) == {}


def test_of_answers_the_first_and_the_last_of_each_source_are_kept(subject: Subject) -> None:
    tracked = [happened(n, EventKind.ANSWERED) for n in range(9)]
    probed = happened(4, EventKind.ANSWERED, source=Source.GUEST_PROBE)

    assert subject.journal.add_events(tracked[3:6]) == 2
    assert subject.journal.add_events([*tracked, probed]) == 3
    assert subject.journal.add_events(tracked) == 0

    assert list(events(subject.journal)) == [tracked[0], probed, tracked[8]]


def test_answers_of_one_moment_are_told_apart(subject: Subject) -> None:
    told = [happened(1, EventKind.ANSWERED, key=key) for key in "cab"]

    assert subject.journal.add_events(told) == 2
    assert [event.key for event in events(subject.journal)] == ["a", "c"]


def test_the_time_of_an_event_is_kept_to_the_microsecond_and_told_in_utc(subject: Subject) -> None:
    chennai = timezone(timedelta(hours=5, minutes=30))
    there = ServerEvent(
        WEB,
        datetime(2026, 11, 21, 17, 30, 0, 123457, chennai),
        EventKind.STARTED,
        Source.OPERATOR,
    )

    subject.journal.add_events([there])

    (loaded,) = events(subject.journal)
    assert loaded.at.astimezone(NOON.tzinfo) == NOON.replace(microsecond=123457)
    assert subject.journal.add_events([loaded]) == 0


def test_what_a_change_proves_is_kept_with_its_outcome(subject: Subject) -> None:
    proof = happened(0, EventKind.RESTARTED, source=Source.OWN_RUN, server_id=WEB_1.server.id)
    sight = seen(0, server_id=WEB_1.server.id)
    run_id = subject.journal.begin_run(PLAN)
    subject.journal.intend(run_id, WEB_1)

    subject.journal.settle(run_id, applied(WEB_1), [sight], [proof])

    assert history(subject.journal, WEB_1.server.id) == History((sight,), (proof,), at(0))


def test_evidence_of_another_realm_is_not_seen(subject: Subject) -> None:
    theirs = subject.another(OTHER_REALM)
    theirs.add_events([happened(1)])
    theirs.record_sights(Sights([seen(1)]))

    assert subject.journal.load_histories([WEB]) == {}


def test_evidence_outlives_the_process(subject: Subject) -> None:
    subject.journal.add_events([happened(1)])
    subject.journal.record_sights(Sights([seen(1)], [(WEB, at(2))]))
    before = history(subject.journal)

    subject.die()

    assert history(subject.journal) == before


def test_without_a_journal_nothing_is_known() -> None:
    journal = NoJournal()
    journal.record_sights(Sights([seen(0)]))

    assert journal.load_histories([WEB]) == {}
    assert list(journal.list_cut_off_restarts()) == []


names = st.sampled_from(["web-1", "web-2"])
minutes = st.integers(0, 5)
sights = st.builds(
    Sights,
    st.lists(
        st.builds(
            Observation,
            names,
            minutes.map(at),
            st.sampled_from([True, False, None]),
            st.sampled_from(["running", "stopped"]),
            st.none() | minutes.map(at),
        ),
        max_size=3,
    ),
    st.lists(st.tuples(names, minutes.map(at)), max_size=3),
)
batches = st.lists(
    st.builds(
        ServerEvent,
        names,
        minutes.map(at),
        st.sampled_from(EventKind) | st.just(EventKind.ANSWERED),
        st.sampled_from([Source.OPERATOR, Source.ACTIVITY_TRACKER]),
        st.sampled_from(["", "a", "b"]),
        st.sampled_from([None, "so"]),
    ),
    max_size=8,
)


def told_by(
    implementation: Callable[[Path, ManualClock], Subject],
    story: Sequence[Sights | Sequence[ServerEvent]],
) -> list[object]:
    with TemporaryDirectory() as folder:
        subject = implementation(Path(folder), ManualClock())
        answers: list[object] = []
        for told in story:
            if isinstance(told, Sights):
                subject.journal.record_sights(told)
            else:
                answers.append(subject.journal.add_events(told))
            answers.append(subject.journal.load_histories(["web-1", "web-2"]))
        subject.close()
    return answers


@settings(max_examples=120, deadline=None)
@given(st.lists(sights | batches, max_size=6))
def test_whatever_is_told_both_remember_the_same(
    story: list[Sights | Sequence[ServerEvent]],
) -> None:
    assert told_by(in_a_file, story) == told_by(in_memory, story)


@settings(max_examples=60, deadline=None)
@given(st.lists(batches, max_size=4), st.randoms(use_true_random=False))
def test_the_order_and_division_of_an_import_do_not_matter(
    told: list[list[ServerEvent]], order: object
) -> None:
    every = [ServerEvent(e.server_id, e.at, e.kind, e.source, e.key) for one in told for e in one]
    shuffled = list(every)
    order.shuffle(shuffled)  # type: ignore[attr-defined] # Hypothesis gives a random.Random

    *_, at_once = told_by(in_a_file, [every])
    *_, after = told_by(in_a_file, [*([event] for event in shuffled), every])

    assert after == at_once
