"""The state file and the journal in memory, each as two processes and two realms see it."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from tests.journal.scenes import REALM
from tests.support.clock import ManualClock
from tests.support.journal import InMemoryJournal, RunShelf
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
        return open_journal(folder / "state.db", realm, clock, actor=ACTOR)

    return Subject(start, clock)


def in_memory(folder: Path, clock: ManualClock) -> Subject:
    del folder
    shelf = RunShelf()

    def start(realm: Realm) -> InMemoryJournal:
        return InMemoryJournal(clock=clock, realm=realm, actor=ACTOR, shelf=shelf)

    return Subject(start, clock)
