"""Reading a fleet in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.clock import ManualClock
from tests.support.fake_cloud import InMemoryCloud
from tests.support.journal import InMemoryJournal
from tests.support.observer import RecordingObserver
from vpcmetactl.domain.identifiers import ServerRef
from vpcmetactl.domain.restarts import AssessedServer, RestartRule
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.domain.servers import Server
from vpcmetactl.usecases.fleet import FleetReader, Predicate
from vpcmetactl.usecases.listing import Unread


@dataclass
class Scene:
    """A reader with its surroundings, and what the last reading could not read."""

    cloud: InMemoryCloud
    log: InMemoryJournal = field(default_factory=InMemoryJournal)
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    clock: ManualClock = field(default_factory=ManualClock)
    unread: list[Unread] = field(default_factory=list)

    def reader(
        self, *, rule: RestartRule = RestartRule.FAQ, ignore_not_found: bool = False
    ) -> FleetReader:
        return FleetReader(
            inventory=self.cloud,
            log=self.log,
            observer=self.observer,
            clock=self.clock,
            max_workers=4,
            rule=rule,
            ignore_not_found=ignore_not_found,
        )

    def read(
        self,
        *words: str,
        where: Predicate | None = None,
        selector: ServerSelector | None = None,
        rule: RestartRule = RestartRule.FAQ,
        ignore_not_found: bool = False,
    ) -> list[AssessedServer]:
        """Read everything that the words name, or the selector chooses, in order of region."""
        reader = self.reader(rule=rule, ignore_not_found=ignore_not_found)
        reading = reader.open(selector or ServerSelector(refs=refs(*words)), where)
        self.unread = reading.unread
        found = [assessed for batch in reading for assessed in batch]
        return sorted(found, key=lambda one: (one.server.region, one.server.name or ""))

    def names(
        self,
        *words: str,
        where: Predicate | None = None,
        selector: ServerSelector | None = None,
        ignore_not_found: bool = False,
    ) -> list[str | None]:
        """Read as ``read`` does, and return the names."""
        found = self.read(*words, where=where, selector=selector, ignore_not_found=ignore_not_found)
        return [one.server.name for one in found]


def a_scene(servers: Sequence[Server], *, limit: int = 100) -> Scene:
    """Return a scene over these servers."""
    return Scene(InMemoryCloud(servers, limit=limit))


def refs(*words: str) -> tuple[ServerRef, ...]:
    return tuple(ServerRef.parse(word) for word in words)
