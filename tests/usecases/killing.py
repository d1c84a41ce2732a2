"""Processes that are killed at any moment, on a cloud and a journal in memory."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.fake_cloud import InMemoryCloud
from tests.support.journal import InMemoryJournal


class KilledError(BaseException):
    """The process is gone: nothing of it runs any more."""


class StagedCloud(InMemoryCloud):
    """A cloud that also says when a change has taken effect and its answer is on its way."""

    on_answer: Callable[[str], None] = staticmethod(lambda _: None)

    def _answer(self, operation: str) -> None:
        self.on_answer(operation)
        super()._answer(operation)


class StagedJournal(InMemoryJournal):
    """A journal that says when it is asked to write something down, before it does."""

    on_call: Callable[[str], None] = staticmethod(lambda _: None)

    def _arrive(self, operation: str, about: object) -> None:
        super()._arrive(operation, about)
        self.on_call(operation)


@dataclass
class Killer:
    """Kills the process at the n-th thing it does: any call, and any answer to a change."""

    cloud: StagedCloud
    journal: StagedJournal
    at: int
    moments: int = 0

    def __post_init__(self) -> None:
        self.cloud.before(lambda _: self.pass_by())
        self.cloud.on_answer = lambda _: self.pass_by()
        self.journal.on_call = lambda _: self.pass_by()

    def pass_by(self) -> None:
        if self.moments == self.at:
            self.at = -1
            raise KilledError
        self.moments += self.at >= 0

    def strike(self, run: Callable[[], object]) -> bool:
        """Run until the process is killed; return whether it was."""
        try:
            run()
        except KilledError:
            return True
        finally:
            self.at = -1
        return False
