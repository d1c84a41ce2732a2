"""What is known of servers of one realm, in memory, by the rules of the state file."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from vpcmetactl.domain.evidence import EventKind, History, Observation, ServerEvent, Sights


class EvidenceShelf:
    """Journals that share one stand for processes on one state file."""

    def __init__(self) -> None:
        self.observations: list[Observation] = []
        self.events: list[ServerEvent] = []
        self.last_seen: dict[str, datetime] = {}

    def record(self, sights: Sights) -> None:
        """Keep the sights that differ from the one before, and when each server was seen."""
        for seen in sights.new:
            before = [it for it in self.sights_of(seen.server_id) if _is_not_later(it, seen)]
            if not before or not _looks_the_same(before[-1], seen):
                self.observations.append(seen)
            self._see(seen.server_id, seen.observed_at)
        for server_id, moment in sights.unchanged:
            self._see(server_id, moment)

    def _see(self, server_id: str, moment: datetime) -> None:
        self.last_seen[server_id] = max(moment, self.last_seen.get(server_id, moment))

    def sights_of(self, server_id: str) -> list[Observation]:
        """Return the sights of a server, oldest first."""
        found = [seen for seen in self.observations if seen.server_id == server_id]
        return sorted(found, key=lambda seen: seen.observed_at)

    def add(self, events: Iterable[ServerEvent]) -> int:
        """Keep events, each once, and of the answers to one source the first and the last."""
        before = {_identity(event) for event in self.events}
        known: dict[object, ServerEvent] = {}
        for event in (*self.events, *events):
            known.setdefault(_identity(event), event)
        kept: list[ServerEvent] = []
        for _, group in groupby(sorted(known.values(), key=_group), key=_group):
            alike = sorted(group, key=_order)
            are_answers = alike[0].kind is EventKind.ANSWERED
            kept += dict.fromkeys([alike[0], alike[-1]]) if are_answers else alike
        self.events = sorted(kept, key=_order)
        return len({_identity(event) for event in kept} - before)

    def history(self, server_id: str) -> History | None:
        """Return what is known of a server; ``None`` where that is nothing."""
        sights = self.sights_of(server_id)
        events = [event for event in self.events if event.server_id == server_id]
        if not sights and not events:
            return None
        until = max(sights[-1].observed_at, self.last_seen[server_id]) if sights else None
        return History(tuple(sights), tuple(events), until)

    def ran_after(self, server_id: str, moment: datetime) -> bool:
        """Whether a server ran when it was seen last, and that was later than ``moment``."""
        history = self.history(server_id) or History()
        if not history.sights or history.seen_until is None:
            return False
        return history.sights[-1].status == "running" and history.seen_until > moment


def _is_not_later(one: Observation, other: Observation) -> bool:
    return one.observed_at <= other.observed_at


def _looks_the_same(one: Observation, other: Observation) -> bool:
    return (one.enabled, one.status) == (other.enabled, other.status)


def _identity(event: ServerEvent) -> tuple[object, ...]:
    return (event.server_id, *_order(event))


def _order(event: ServerEvent) -> tuple[datetime, str, str, str]:
    return event.at, event.kind, event.source, event.key


def _group(event: ServerEvent) -> tuple[str, str, str]:
    return event.server_id, event.source, event.kind
