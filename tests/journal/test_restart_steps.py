"""How far restarts got, and which were cut off: the state file and the one in memory agree."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.journal.run_logs import WEB_1, Subject, applied
from tests.journal.scenes import a_plan, a_restart_plan, at, seen
from tests.support.builders import ON
from vpcmetactl.domain.errors import (
    CloudError,
    StartFailedError,
    StateError,
    StopFailedError,
    UnavailableError,
)
from vpcmetactl.domain.evidence import History, Observation, Sights
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    Change,
    Failed,
    NotAttempted,
    Refused,
    SkipReason,
    Unknown,
)
from vpcmetactl.domain.runs import Attempt, AttemptOutcome, CutOffRestart, RestartStep
from vpcmetactl.journal.cutoffs import _CUT_OFF
from vpcmetactl.journal.state import SqliteJournal

PLAN = a_restart_plan("web-1", "web-2")
RESTART, OTHER = PLAN.changes
SERVER = RESTART.server
LOST = UnavailableError("no answer")
DOWN_STEPS = (RestartStep.STOPPING, RestartStep.STOPPED, RestartStep.STARTING)


def restart_seen(minute: float, status: str) -> Observation:
    return seen(minute, status=status, server_id=SERVER.id)


def begun(subject: Subject, *steps: RestartStep, change: Change = RESTART) -> str:
    """Begin a run that restarts web-1, and let it get so far; the clock stands at noon."""
    run_id = subject.journal.begin_run(PLAN)
    subject.journal.intend(run_id, change)
    for step in steps:
        subject.journal.reach(run_id, change, step)
    return run_id


def cut_off(subject: Subject) -> list[CutOffRestart]:
    return list(subject.journal.list_cut_off_restarts())


def last_attempt(subject: Subject, run_id: str, change: Change = RESTART) -> Attempt:
    return subject.journal.get_run(run_id).items[PLAN.changes.index(change)].attempts[-1]


@pytest.mark.parametrize("step", RestartStep)
def test_a_step_is_read_back_with_what_was_seen(subject: Subject, step: RestartStep) -> None:
    sight = restart_seen(0, "stopped")
    run_id = begun(subject)

    subject.journal.reach(run_id, RESTART, step, [sight])

    expected = Attempt(outcome=AttemptOutcome.OPEN, intent_at=at(0), step=step)
    assert last_attempt(subject, run_id) == expected
    assert subject.journal.load_histories([SERVER.id]) == {SERVER.id: History((sight,), (), at(0))}


def test_a_step_stays_with_what_became_of_the_restart(subject: Subject) -> None:
    run_id = begun(subject, *RestartStep)

    subject.journal.settle(run_id, Applied(RESTART, ON))

    assert last_attempt(subject, run_id) == Attempt(
        outcome=AttemptOutcome.APPLIED,
        intent_at=at(0),
        outcome_at=at(0),
        found=ON,
        step=RestartStep.RUNNING,
    )


def test_a_resumed_restart_goes_on_from_its_step(subject: Subject) -> None:
    run_id = begun(subject, RestartStep.STOPPED)
    subject.die()

    subject.journal.resume_run(run_id)
    subject.journal.intend(run_id, RESTART)

    assert last_attempt(subject, run_id).step is RestartStep.STOPPED


def test_what_is_no_longer_open_gets_no_further(subject: Subject) -> None:
    run_id = begun(subject, RestartStep.STOPPING)
    subject.journal.settle(run_id, Failed(RESTART, LOST))

    with pytest.raises(StateError, match=f"web-1 is no longer open in run {run_id}"):
        subject.journal.reach(run_id, RESTART, RestartStep.STOPPED, [restart_seen(0, "stopped")])

    assert last_attempt(subject, run_id).step is RestartStep.STOPPING
    assert subject.journal.load_histories([SERVER.id]) == {}


@pytest.mark.parametrize("reason", [SkipReason.ALREADY_SO, SkipReason.ALREADY_RESTARTED])
def test_in_what_sense_it_was_already_done_is_read_back(
    subject: Subject, reason: SkipReason
) -> None:
    run_id = begun(subject)

    subject.journal.settle(run_id, AlreadyDone(RESTART, reason))

    told = None if reason is SkipReason.ALREADY_SO else reason
    assert last_attempt(subject, run_id).reason is told


@pytest.mark.parametrize("step", RestartStep)
def test_a_restart_whose_process_died_is_cut_off_unless_the_server_runs(
    subject: Subject, step: RestartStep
) -> None:
    run_id = begun(subject, step)
    while_it_goes_on = cut_off(subject)

    subject.die()

    expected = [CutOffRestart(run_id, SERVER, step)] if step in DOWN_STEPS else []
    assert (while_it_goes_on, cut_off(subject)) == ([], expected)


def test_a_restart_that_was_only_intended_is_not_cut_off(subject: Subject) -> None:
    begun(subject)
    subject.die()

    assert cut_off(subject) == []


@pytest.mark.parametrize(
    ("outcome", "is_cut_off"),
    [
        (Failed(RESTART, LOST), True),
        (Unknown(RESTART, LOST), True),
        (Applied(RESTART, ON), False),
        (AlreadyDone(RESTART), False),
        (Refused(RESTART, "is gone"), False),
        (NotAttempted(RESTART), False),
    ],
)
def test_a_restart_that_failed_on_its_way_is_cut_off(
    subject: Subject,
    outcome: Applied | AlreadyDone | Failed | NotAttempted | Refused | Unknown,
    *,
    is_cut_off: bool,
) -> None:
    run_id = begun(subject, RestartStep.STARTING)
    subject.journal.settle(run_id, outcome)
    while_it_goes_on = cut_off(subject)
    subject.journal.finish_run(run_id)

    expected = [CutOffRestart(run_id, SERVER, RestartStep.STARTING)] if is_cut_off else []
    assert (while_it_goes_on, cut_off(subject)) == ([], expected)


@pytest.mark.parametrize(
    ("sights", "is_cut_off"),
    [
        (Sights([restart_seen(0, "running")]), True),  # as it was before it was stopped
        (Sights([restart_seen(2, "running")]), False),
        (Sights([restart_seen(0, "running")], [(SERVER.id, at(2))]), False),
        (Sights([restart_seen(2, "stopped")]), True),
        (Sights([restart_seen(2, "starting")]), True),
        (Sights([restart_seen(2, "running"), restart_seen(3, "stopped")]), True),
        (Sights([restart_seen(2, "stopped"), restart_seen(3, "running")]), False),
    ],
)
def test_a_server_that_was_seen_running_since_is_not_cut_off(
    subject: Subject, sights: Sights, *, is_cut_off: bool
) -> None:
    run_id = begun(subject, RestartStep.STOPPING)
    subject.clock.advance(60)
    subject.journal.reach(run_id, RESTART, RestartStep.STOPPED)
    subject.die()

    subject.journal.record_sights(sights)

    expected = [CutOffRestart(run_id, SERVER, RestartStep.STOPPED)] if is_cut_off else []
    assert cut_off(subject) == expected


@pytest.mark.parametrize(
    ("error", "is_cut_off"),
    [(LOST, False), (StopFailedError("did not stop"), True), (StartFailedError("is down"), True)],
)
def test_a_server_whose_stop_was_refused_is_not_cut_off(
    subject: Subject, error: CloudError, *, is_cut_off: bool
) -> None:
    run_id = begun(subject, RestartStep.STOPPING)
    subject.journal.settle(run_id, Failed(RESTART, error))
    subject.journal.finish_run(run_id)

    expected = [CutOffRestart(run_id, SERVER, RestartStep.STOPPING)] if is_cut_off else []
    assert cut_off(subject) == expected


def test_what_was_seen_before_sight_was_lost_does_not_count(subject: Subject) -> None:
    run_id = begun(subject, RestartStep.STOPPING)
    subject.clock.advance(120)
    subject.journal.settle(run_id, Unknown(RESTART, LOST), [restart_seen(1, "running")])
    subject.journal.finish_run(run_id)

    assert cut_off(subject) == [CutOffRestart(run_id, SERVER, RestartStep.STOPPING)]


@pytest.mark.parametrize(
    "steps", [(), (RestartStep.STOPPING, RestartStep.RUNNING), (RestartStep.RUNNING,)]
)
def test_a_later_restart_that_came_to_its_end_settles_it(
    subject: Subject, steps: Sequence[RestartStep]
) -> None:
    begun(subject, RestartStep.STOPPED)
    subject.die()
    subject.clock.advance(60)
    later = begun(subject, *steps)
    subject.journal.settle(later, Applied(RESTART, ON) if steps else AlreadyDone(RESTART))
    subject.journal.finish_run(later)

    assert cut_off(subject) == []


def test_a_later_restart_that_was_cut_off_takes_its_place(subject: Subject) -> None:
    begun(subject, RestartStep.STOPPED)
    subject.die()
    subject.clock.advance(60)
    later = begun(subject, RestartStep.STOPPING)
    while_it_goes_on = cut_off(subject)
    subject.die()

    expected = [CutOffRestart(later, SERVER, RestartStep.STOPPING)]
    assert (while_it_goes_on, cut_off(subject)) == ([], expected)


def test_a_later_restart_that_got_nowhere_leaves_it_cut_off(subject: Subject) -> None:
    run_id = begun(subject, RestartStep.STOPPED)
    subject.die()
    subject.clock.advance(60)
    later = begun(subject)
    subject.journal.settle(later, Refused(RESTART, "is stopped"))
    subject.journal.finish_run(later)

    assert cut_off(subject) == [CutOffRestart(run_id, SERVER, RestartStep.STOPPED)]


@pytest.mark.parametrize("is_open", [False, True])
def test_what_its_own_run_refuses_later_is_no_longer_cut_off(
    subject: Subject, *, is_open: bool
) -> None:
    run_id = begun(subject, RestartStep.STARTING)
    if not is_open:
        subject.journal.settle(run_id, Failed(RESTART, LOST))
    subject.die()
    subject.clock.advance(60)

    subject.journal.resume_run(run_id)
    subject.journal.intend(run_id, RESTART)
    subject.journal.settle(run_id, Refused(RESTART, "is no longer there"))
    subject.journal.finish_run(run_id)

    assert cut_off(subject) == []


def test_a_change_of_another_kind_does_not_settle_it(subject: Subject) -> None:
    run_id = begun(subject, RestartStep.STOPPED)
    subject.die()
    subject.clock.advance(60)
    later = subject.journal.begin_run(a_plan("web-1"))
    subject.journal.intend(later, WEB_1)
    subject.journal.settle(later, applied(WEB_1))
    subject.journal.finish_run(later)

    assert cut_off(subject) == [CutOffRestart(run_id, SERVER, RestartStep.STOPPED)]


def test_every_server_is_told_once_with_its_own_run(subject: Subject) -> None:
    first = begun(subject, RestartStep.STOPPED)
    subject.journal.intend(first, OTHER)
    subject.journal.reach(first, OTHER, RestartStep.STARTING)
    subject.die()

    assert cut_off(subject) == [
        CutOffRestart(first, SERVER, RestartStep.STOPPED),
        CutOffRestart(first, OTHER.server, RestartStep.STARTING),
    ]


def test_an_imported_restart_keeps_its_step(subject: Subject, elsewhere: Subject) -> None:
    run_id = begun(elsewhere, RestartStep.STOPPED)
    elsewhere.journal.intend(run_id, OTHER)
    elsewhere.journal.settle(run_id, AlreadyDone(OTHER, SkipReason.ALREADY_RESTARTED))
    elsewhere.die()
    exported = elsewhere.journal.get_run(run_id)

    subject.journal.import_run(exported)
    subject.journal.import_run(exported)

    assert subject.journal.get_run(run_id) == exported
    assert cut_off(subject) == [CutOffRestart(run_id, SERVER, RestartStep.STOPPED)]


def test_asking_for_cut_off_restarts_reads_no_finished_change(
    journal: SqliteJournal, state: Path
) -> None:
    del state
    plan = journal._database.read(  # noqa: SLF001 - how SQLite goes about it shows nowhere else
        lambda it: it.execute(f"EXPLAIN QUERY PLAN {_CUT_OFF}", (1,)).fetchall()
    )

    first, *_ = (step[-1] for step in plan)
    assert "INDEX restarts_under_way" in first
    assert not any(step[-1].startswith("SCAN") for step in plan)
