"""What is known of a server's past: sights of it, and events that somebody else recorded.

The API keeps no memory (platform notes 2.4): whether an instance was created with the service
disabled, when it was enabled, and whether it was stopped since, can only be told by those who
looked or logged. Times are UTC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

# Clocks of different machines: two of their times closer than this prove no order.
CLOCK_TOLERANCE = timedelta(minutes=5)


class Source(StrEnum):
    """Who says so."""

    OBSERVATION = "observation"
    OWN_RUN = "own_run"
    ACTIVITY_TRACKER = "activity_tracker"
    GUEST_PROBE = "guest_probe"
    OPERATOR = "operator"


class EventKind(StrEnum):
    """What happened.

    ``updated``: something of the instance was changed, and it is not told what. ``enabled`` and
    ``disabled``: the service became so, and was not so before. ``restarted``: a stop and a start.
    ``answered``: the metadata service answered software on the server, or gave it a token.
    ``acknowledged``: an operator says that no restart is outstanding; it counts where the service
    was enabled and the instance up at the time.
    """

    UPDATED = "updated"
    ENABLED = "enabled"
    DISABLED = "disabled"
    STOPPED = "stopped"
    STARTED = "started"
    RESTARTED = "restarted"
    ANSWERED = "answered"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of a server at a moment; only what differs from the last sight is kept.

    ``otherwise_until`` is when the server was last seen as it was before; ``None`` for a first
    sight. What changed did so between the two.
    """

    server_id: str
    observed_at: datetime
    enabled: bool | None
    status: str | None
    otherwise_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """Something that happened to a server, as somebody recorded it.

    ``key`` tells it from others of its kind and moment, so that recording it twice changes
    nothing. ``note`` is in the words of whoever recorded it.
    """

    server_id: str
    at: datetime
    kind: EventKind
    source: Source
    key: str = ""
    note: str | None = None

    @property
    def is_proof(self) -> bool:
        """Whether the service can be relied on since, whatever happened before or after.

        It answered; or this program stopped and started the server with the service enabled.
        """
        return self.kind is EventKind.ANSWERED or (
            self.kind is EventKind.RESTARTED and self.source is Source.OWN_RUN
        )


Evidence = Observation | ServerEvent


@dataclass(frozen=True, slots=True)
class History:
    """What is known of one server's past, each part oldest first.

    ``seen_until`` is when it was last seen as the last sight shows it.
    """

    sights: Sequence[Observation] = ()
    events: Sequence[ServerEvent] = ()
    seen_until: datetime | None = None


NOTHING_KNOWN = History()


@dataclass(frozen=True, slots=True)
class Sights:
    """What a reading saw: what is new, and which servers are as they were, and when."""

    new: Sequence[Observation] = ()
    unchanged: Sequence[tuple[str, datetime]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """What came of importing events that somebody else recorded: every record is counted once.

    ``kept`` events are new, ``known`` ones were there already; ``foreign`` ones are of another
    account, ``ignored`` ones tell nothing of a server's past, ``unreadable`` ones are not what the
    source documents. ``by_kind`` counts what is kept or known; ``earliest`` and ``latest`` are the
    first and last moments of these, in UTC. ``proven`` are the ids of the servers on which the
    service answered.
    """

    read: int
    kept: int
    known: int
    foreign: int
    ignored: int
    unreadable: int
    earliest: datetime | None = None
    latest: datetime | None = None
    by_kind: Mapping[EventKind, int] = field(default_factory=dict)
    proven: Sequence[str] = ()
