"""A user who gives one command after another, on a cloud and a journal in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.support.app import KeptTrust, a_terminal, an_app, use
from tests.support.clock import ManualClock
from tests.support.fake_cloud import InMemoryCloud
from tests.support.journal import InMemoryJournal
from tests.support.program import Ran
from vpcmetactl.domain.evidence import Observation
from vpcmetactl.domain.servers import Server


@dataclass
class Desk:
    """Cloud, journal, cache and clock, which commands share; each command is a process of its own.

    The servers of ``enabled`` were seen with their service off two hours ago, while they ran.
    """

    servers: Sequence[Server] = ()
    enabled: Sequence[Server] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    clock: ManualClock = field(default_factory=ManualClock)
    cache: KeptTrust = field(default_factory=KeptTrust)

    def __post_init__(self) -> None:
        self.cloud = InMemoryCloud([*self.servers, *self.enabled], clock=self.clock)
        earlier = self.clock.now() - timedelta(hours=2)
        off = [
            Observation(one.id, earlier, enabled=False, status="running") for one in self.enabled
        ]
        self.journal = InMemoryJournal(off, clock=self.clock)

    def do(self, *words: str | Path, answers: str | None = None) -> Ran:
        """Give a command; ``answers`` is typed where the terminal is interactive."""
        app = an_app(
            self.cloud,
            journal=self.journal,
            environ=self.environ,
            terminal=a_terminal(
                self.environ, answers=answers or "", interactive=answers is not None
            ),
            trust_cache=self.cache,
            clock=self.clock,
        )
        try:
            return use(app, *map(str, words))
        finally:
            self.journal.close()

    def show(self, *words: str | Path) -> Ran:
        """Give a command whose result is JSON."""
        return self.do(*words, "-o", "json")

    def sent(self) -> list[str]:
        """Return what was changed in the cloud, in order."""
        return [name for name in self.cloud.operations() if name.split("_")[0] in _CHANGES]

    def names(self, *words: str | Path) -> list[str]:
        """Give a command, and return the names of the servers in its result."""
        items = self.show(*words).answer["items"]
        return [(item.get("server") or item)["name"] for item in items]


_CHANGES = {"update", "stop", "start", "create", "delete"}
