"""Several processes at once, and processes that die: nothing is corrupt, nothing promised lost."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.journal.scenes import REALM, a_plan, rows
from tests.support.clock import ManualClock
from vpcmetactl.domain.errors import RefusedError
from vpcmetactl.domain.plans import AlreadyDone
from vpcmetactl.domain.runs import AttemptOutcome, RestartStep, RunState
from vpcmetactl.journal.state import open_journal

ROOT = Path(__file__).parents[2]
Worker = subprocess.Popen[str]
Start = Callable[..., Worker]


@pytest.fixture
def start(state: Path) -> Iterator[Start]:
    """Start a worker; whatever still runs in the end is killed."""
    started: list[Worker] = []

    def start_one(mode: str, name: str, count: int) -> Worker:
        command = [sys.executable, "-m", "tests.journal.worker", str(state), mode, name, str(count)]
        worker = subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(worker)
        return worker

    yield start_one
    for worker in started:
        worker.kill()
        with suppress(BrokenPipeError):
            worker.communicate()


def test_processes_that_start_at_once_share_a_new_state(start: Start, state: Path) -> None:
    workers = [start("observe", name, 20) for name in "abc"]
    workers += [start("change", name, 20) for name in "xyz"]

    for worker in workers:
        worker.communicate()

    assert [worker.returncode for worker in workers] == [0] * 6
    assert len(rows(state, "SELECT * FROM observations")) == 60
    assert rows(state, "SELECT outcome, count(*) FROM changes GROUP BY outcome") == [
        ("already_done", 60)
    ]
    assert rows(state, "PRAGMA integrity_check") == [("ok",)]


def test_a_server_is_refused_while_the_other_process_lives(
    start: Start, state: Path, clock: ManualClock
) -> None:
    worker = start("hold", "web-1", 1)
    assert worker.stdout is not None
    theirs = worker.stdout.readline().strip()
    plan = a_plan("web-1")
    with open_journal(state, REALM, clock) as journal:
        ours = journal.begin_run(plan)
        with pytest.raises(RefusedError, match=f"is just being changed by run {theirs}"):
            journal.intend(ours, plan.changes[0])

        worker.kill()
        worker.wait()
        journal.intend(ours, plan.changes[0])
        left = [path.name for path in state.parent.glob("*-run-*")]

    assert rows(state, "SELECT run, outcome, error_code FROM changes ORDER BY id") == [
        (theirs, "unknown", "abandoned"),
        (ours, None, None),
    ]
    assert left == [f"state.sqlite-run-{ours}"]


def test_the_next_run_sweeps_up_after_a_killed_one(
    start: Start, state: Path, clock: ManualClock
) -> None:
    worker = start("hold", "web-1", 1)
    assert worker.stdout is not None
    theirs = worker.stdout.readline().strip()
    worker.kill()
    worker.wait()
    lock = state.with_name(f"state.sqlite-run-{theirs}")
    was_there = lock.exists()

    with open_journal(state, REALM, clock) as journal:
        journal.begin_run(a_plan("web-2"))

    assert (was_there, lock.exists()) == (True, False)


@pytest.mark.parametrize("lines", [1, 30, 75, 120])
def test_kill_9_loses_nothing_that_was_promised(
    start: Start, state: Path, clock: ManualClock, lines: int
) -> None:
    worker = start("change", "web", 100)
    assert worker.stdout is not None
    promised = [worker.stdout.readline() for _ in range(lines)]
    worker.kill()
    promised += worker.stdout.readlines()
    worker.wait()

    plan = a_plan(*(f"web-{number}" for number in range(100)))
    with open_journal(state, REALM, clock) as journal:
        kept = rows(state, "SELECT server_id, outcome FROM changes")
        ours = journal.begin_run(plan)
        for change in plan.changes:
            journal.intend(ours, change)

    words = [line.split() for line in promised if line.endswith("\n")]
    assert {who for what, who in words if what == "intended"} <= {who for who, _ in kept}
    assert {who for what, who in words if what == "settled"} <= {
        who for who, outcome in kept if outcome == "already_done"
    }
    assert rows(state, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("lines", [1, 2, 3, 4, 17, 30])
def test_kill_9_loses_no_step_of_a_restart(
    start: Start, state: Path, clock: ManualClock, lines: int
) -> None:
    worker = start("restart", "web", 100)
    assert worker.stdout is not None
    promised = [worker.stdout.readline() for _ in range(lines)]
    worker.kill()
    promised += [line for line in worker.stdout.readlines() if line.endswith("\n")]
    worker.wait()

    with open_journal(state, REALM, clock) as journal:
        (run,) = journal.list_runs()
        cut_off = journal.list_cut_off_restarts()

    steps = [*RestartStep]
    server_id, step = promised[-1].split()
    kept = {one.item.server.id: one.attempts[-1].step for one in run.items if one.attempts}
    reached = kept[server_id]
    assert reached is not None
    assert steps.index(reached) >= steps.index(RestartStep(step))
    down = {name: at for name, at in kept.items() if at not in (None, RestartStep.RUNNING)}
    assert {one.server.id: one.step for one in cut_off} == down
    assert {one.run_id for one in cut_off} <= {run.id}


def test_processes_that_find_the_same_damage_keep_it_once(start: Start, state: Path) -> None:
    state.parent.mkdir()
    state.write_bytes(b"no database at all")
    workers = [start("observe", name, 5) for name in "abcd"]

    for worker in workers:
        worker.communicate()

    kept = {path.name: path.read_bytes() for path in state.parent.glob("*damaged*")}
    assert kept == {"state.sqlite.damaged-20261121T120000Z": b"no database at all"}
    codes = [worker.returncode for worker in workers]
    assert len(rows(state, "SELECT * FROM observations")) == 5 * codes.count(0)


@pytest.mark.parametrize("lines", [1, 2, 31, 64, 97])
def test_a_killed_run_is_resumed_without_a_second_row(
    start: Start, state: Path, clock: ManualClock, lines: int
) -> None:
    worker = start("change", "web", 60)
    assert worker.stdout is not None
    for _ in range(lines):
        worker.stdout.readline()
    worker.kill()
    worker.wait()

    with open_journal(state, REALM, clock) as journal:
        (run,) = journal.list_runs()
        was_open = [it.item for it in run.items if it.outcome is AttemptOutcome.OPEN]
        journal.resume_run(run.id)
        for change in run.open_changes:
            journal.intend(run.id, change)
        reopened = journal.get_run(run.id)
        for change in run.open_changes:
            journal.settle(run.id, AlreadyDone(change))
        journal.finish_run(run.id)
        finished = journal.get_run(run.id)

    assert run.state is RunState.INTERRUPTED
    unsettled = {server for server, _ in reopened.unsettled_attempts}
    assert unsettled == {change.server for change in run.open_changes}
    assert {change.server for change in was_open} <= unsettled
    assert [len(it.attempts) for it in finished.items] == [1] * 60
    assert (finished.state, list(finished.open_changes)) == (RunState.FINISHED, [])
    assert list(state.parent.glob("*-run-*")) == []


def test_a_run_is_resumed_once_its_process_was_killed(
    start: Start, state: Path, clock: ManualClock
) -> None:
    worker = start("hold", "web-1", 1)
    assert worker.stdout is not None
    theirs = worker.stdout.readline().strip()
    with open_journal(state, REALM, clock) as journal:
        while_it_lives = journal.get_run(theirs).state
        with pytest.raises(RefusedError, match=f"run {theirs} still goes on"):
            journal.resume_run(theirs)

        worker.kill()
        worker.wait()
        once_killed = journal.get_run(theirs).state
        journal.resume_run(theirs)

        assert journal.get_run(theirs).state is RunState.RUNNING
    assert (while_it_lives, once_killed) == (RunState.RUNNING, RunState.INTERRUPTED)


def test_of_processes_that_resume_a_run_at_once_one_gets_it(
    start: Start, state: Path, clock: ManualClock
) -> None:
    with open_journal(state, REALM, clock) as journal:
        run_id = journal.begin_run(a_plan("web-1"))
    workers = [start("resume", run_id, 1) for _ in range(6)]
    told = [worker.stdout.readline().split()[0] for worker in workers if worker.stdout is not None]

    assert sorted(told) == ["refused"] * 5 + ["resumed"]
