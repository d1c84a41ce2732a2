"""The state file and the journal in memory, each as two processes and two realms see it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from tests.journal.scenes import NOON, REALM, a_plan, at, metadata_changes
from tests.support.builders import ON
from tests.support.clock import ManualClock
from tests.support.journal import InMemoryJournal
from tests.support.run_shelf import RunShelf
from vpcmetactl import __version__
from vpcmetactl.domain.plans import Action, Applied, Change, MetadataServicePatch
from vpcmetactl.domain.restarts import Reason, RestartAssessment, Verdict
from vpcmetactl.domain.runs import Attempt, AttemptOutcome, RunItem, RunRecord, RunState
from vpcmetactl.journal.state import SqliteJournal, open_journal
from vpcmetactl.usecases.ports import Journal, Realm

ACTOR = "iam-ServiceId-1"


class OpenJournal(Journal, Protocol):
    """A journal whose process can end."""

    def close(self) -> None:
        """End the process."""


class Subject:
    """``journal`` is ours; ``another`` opens the same state as another process would."""

    def __init__(self, start: Callable[[Realm], OpenJournal], clock: ManualClock) -> None:
        self._start = start
        self._opened: list[OpenJournal] = []
        self.clock = clock
        self.journal = self.another()

    def another(self, realm: Realm = REALM) -> OpenJournal:
        journal = self._start(realm)
        self._opened.append(journal)
        return journal

    def die(self) -> None:
        """End our process, and go on with the next one."""
        self.journal.close()
        self.journal = self.another()

    def close(self) -> None:
        for journal in self._opened:
            journal.close()


def in_a_file(folder: Path, clock: ManualClock) -> Subject:
    def start(realm: Realm) -> SqliteJournal:
        return open_journal(folder / "state.sqlite", realm, clock, actor=ACTOR)

    return Subject(start, clock)


def in_memory(folder: Path, clock: ManualClock) -> Subject:
    del folder
    shelf = RunShelf()

    def start(realm: Realm) -> InMemoryJournal:
        return InMemoryJournal(clock=clock, realm=realm, actor=ACTOR, shelf=shelf)

    return Subject(start, clock)


IMPLEMENTATIONS = {"in a file": in_a_file, "in memory": in_memory}

PLAN = a_plan("web-1", "web-2")
WEB_1, WEB_2 = metadata_changes(PLAN)
OURS = "account account-1 at https://{region}.iaas.cloud.ibm.com (IAM iam.cloud.ibm.com)"
THEIRS = OURS.replace("account-1", "account-2")


def a_record(run_id: str, **fields: object) -> RunRecord:
    """What is read back of a run of PLAN that has just begun, unless the test says otherwise."""
    record = RunRecord(
        id=run_id,
        account_id=REALM.account_id,
        vpc_endpoint=REALM.vpc_endpoint,
        iam_host=REALM.iam_host,
        state=RunState.RUNNING,
        started_at=NOON,
        finished_at=None,
        actor=ACTOR,
        action=Action.ENABLE,
        patch=MetadataServicePatch(enabled=True),
        tool_version=__version__,
        items=(RunItem(WEB_1), RunItem(WEB_2)),
    )
    return replace(record, **fields)  # type: ignore[arg-type] # fields are those of RunRecord


def applied(change: Change) -> Applied:
    return Applied(change, ON, RestartAssessment(Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT))


def attempt(outcome: AttemptOutcome, minute: float | None, until: float | None) -> Attempt:
    return Attempt(
        outcome=outcome,
        intent_at=None if minute is None else at(minute),
        outcome_at=None if until is None else at(until),
    )


def an_interrupted_run(subject: Subject) -> RunRecord:
    """One change applied, the other one open, and the process gone."""
    run_id = subject.journal.begin_run(PLAN)
    subject.journal.intend(run_id, WEB_1)
    subject.journal.settle(run_id, applied(WEB_1))
    subject.journal.intend(run_id, WEB_2)
    subject.die()
    return subject.journal.get_run(run_id)
