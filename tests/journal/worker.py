"""A process of its own that journals, for tests of several processes and of sudden death.

``python worker.py STATE MODE NAME COUNT`` prints what it has been promised, a line each.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from tests.journal.scenes import REALM, a_plan, a_restart_plan, record, seen
from tests.support.builders import ON
from tests.support.clock import ManualClock
from vpcmetactl.domain.errors import RefusedError
from vpcmetactl.domain.plans import AlreadyDone, Applied
from vpcmetactl.domain.runs import RestartStep
from vpcmetactl.journal.state import SqliteJournal, open_journal


class WaitingClock(ManualClock):
    """A clock whose waits take their time: other processes need it."""

    def wait(self, seconds: float) -> None:
        Event().wait(seconds)
        super().wait(seconds)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def observe(journal: SqliteJournal, name: str, count: int) -> None:
    """Record sights one by one."""
    for number in range(count):
        record(journal, seen(number, server_id=f"{name}-{number}"))
        say(f"seen {name}-{number}")


def change(journal: SqliteJournal, name: str, count: int) -> None:
    """Change servers from four threads at once."""
    plan = a_plan(*(f"{name}-{number}" for number in range(count)))
    run_id = journal.begin_run(plan)

    def make(number: int) -> None:
        step = plan.changes[number]
        journal.intend(run_id, step)
        say(f"intended {step.server.id}")
        journal.settle(run_id, AlreadyDone(step))
        say(f"settled {step.server.id}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, range(count)))
    journal.finish_run(run_id)


def restart(journal: SqliteJournal, name: str, count: int) -> None:
    """Restart servers one after the other, step by step, until somebody kills us."""
    plan = a_restart_plan(*(f"{name}-{number}" for number in range(count)))
    run_id = journal.begin_run(plan)
    for step in plan.changes:
        journal.intend(run_id, step)
        for reached in RestartStep:
            journal.reach(run_id, step, reached, [seen(0, server_id=step.server.id)])
            say(f"{step.server.id} {reached}")
        journal.settle(run_id, Applied(step, ON))
    sys.stdin.read()


def hold(journal: SqliteJournal, name: str, count: int) -> None:
    """Leave the first change open until somebody kills us."""
    plan = a_plan(*[name] * min(count, 1))
    run_id = journal.begin_run(plan)
    journal.intend(run_id, plan.changes[0])
    say(run_id)
    sys.stdin.read()


def resume(journal: SqliteJournal, name: str, count: int) -> None:
    """Try so often to take up a run, looking at all the others in between, and keep it."""
    for _ in range(count):
        journal.list_runs()
        try:
            journal.resume_run(name)
        except RefusedError as error:
            say(f"refused {error}")
        else:
            say(f"resumed {name}")
    sys.stdin.read()


def main() -> None:
    state, mode, name, count = sys.argv[1:]
    work = {
        "observe": observe,
        "change": change,
        "hold": hold,
        "resume": resume,
        "restart": restart,
    }[mode]
    with open_journal(Path(state), REALM, WaitingClock()) as journal:
        work(journal, name, int(count))


if __name__ == "__main__":
    main()
