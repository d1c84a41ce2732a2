"""Lives of an instance: what truly happened to it, and what somebody came to know of it.

A life is a list of deeds in order of time; how the instance stands after each is worked out here
naively, by IBM's rule, and never from the program.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tests.support.builders import OFF, ON, a_server_id, an_instance
from vpcmetactl.domain.evidence import (
    CLOCK_TOLERANCE,
    EventKind,
    Evidence,
    History,
    Observation,
    ServerEvent,
    Source,
)
from vpcmetactl.domain.servers import Instance

SERVER_ID = a_server_id("instance web-1")
BEGINNING = datetime(2026, 11, 1, 12, tzinfo=UTC)
_KINDS = {
    "enable": EventKind.ENABLED,
    "disable": EventKind.DISABLED,
    "rename": EventKind.UPDATED,
    "stop": EventKind.STOPPED,
    "start": EventKind.STARTED,
}


@dataclass(frozen=True)
class Deed:
    """Something done, or a look, so many minutes after the one before.

    ``told``: ``""`` if Activity Tracker's event of it is not imported, ``"what"`` if it is and
    tells the values, ``"that"`` if it tells no more than that something was updated.
    """

    minutes: float
    what: str
    told: str = ""


@dataclass(frozen=True)
class Truth:
    """How the instance truly is."""

    enabled: bool
    is_up: bool = True
    works: bool = False
    """Whether it was created with the service enabled, or came up with it, at some time."""

    def after(self, what: str) -> "Truth":
        enabled = {"enable": True, "disable": False}.get(what, self.enabled)
        is_up = {"start": True, "stop": False}.get(what, self.is_up)
        works = self.works or (what in ("start", "own restart") and self.enabled)
        return Truth(enabled, is_up, works)

    def allows(self, what: str) -> bool:
        """Whether this is something that can be done, and changes something."""
        return {
            "enable": not self.enabled,
            "own enable": not self.enabled,
            "disable": self.enabled,
            "stop": self.is_up,
            "start": not self.is_up,
            "own restart": self.is_up and self.enabled,
            "answer": self.is_up and self.enabled and self.works,
            "ack": self.is_up and (self.works or not self.enabled),
        }.get(what, True)

    @property
    def needs_restart(self) -> bool:
        return self.enabled and self.is_up and not self.works

    @property
    def status(self) -> str:
        return "running" if self.is_up else "stopped"


@dataclass
class Life:
    """A life as it was lived, and the evidence of it."""

    truth: Truth
    evidence: list[Evidence] = field(default_factory=list)
    seen_until: datetime | None = None
    enabled_at: datetime | None = None
    was_enabled_unseen: bool = False
    is_all_told: bool = True
    """Whether each change is imported, or is by itself in a gap between two looks.

    By itself: of the changes of its switch it is the only one in the gap, and no event of that
    switch in the gap is imported.
    """

    @property
    def server(self) -> Instance:
        service = ON if self.truth.enabled else OFF
        return an_instance("web-1", metadata_service=service, status=self.truth.status)

    def history(self, evidence: Iterable[Evidence] | None = None) -> History:
        """Return evidence, all of it by default, as the journal gives it."""
        pieces = list(self.evidence if evidence is None else evidence)
        sights = (one for one in pieces if isinstance(one, Observation))
        events = (one for one in pieces if isinstance(one, ServerEvent))
        return History(
            tuple(sorted(sights, key=lambda sight: sight.observed_at)),
            tuple(sorted(events, key=lambda event: event.at)),
            self.seen_until,
        )


def live(created_enabled: bool, deeds: Sequence[Deed], skew: timedelta) -> Life:  # noqa: FBT001
    """Live a life; ``skew`` is how far Activity Tracker's clock is ahead of ours."""
    life = Life(Truth(enabled=created_enabled, works=created_enabled))
    scribe = _Scribe(life, skew)
    for deed in deeds:
        scribe.now += timedelta(minutes=deed.minutes)
        if life.truth.allows(deed.what):
            scribe.write(deed)
    scribe.close_gap()
    return life


class _Scribe:
    def __init__(self, life: Life, skew: timedelta) -> None:
        self.now = BEGINNING
        self._life = life
        self._skew = skew
        self._last: Observation | None = None
        self._ever_enabled = life.truth.enabled
        self._changes: list[Deed] = []

    def write(self, deed: Deed) -> None:
        match deed.what:
            case "look":
                self._look()
            case "own enable":
                self._look()
                self._step()
                self._do(Deed(0, "enable", deed.told))
                self._step()
                self._look()
            case "own restart":
                self._do(deed)
                self._record(EventKind.RESTARTED, Source.OWN_RUN)
            case "answer":
                self._record(EventKind.ANSWERED, Source.GUEST_PROBE)
            case "ack":
                self._record(EventKind.ACKNOWLEDGED, Source.OPERATOR)
            case _:
                self._do(deed)

    def _step(self) -> None:
        self.now += timedelta(seconds=1)

    def _do(self, deed: Deed) -> None:
        self._life.truth = self._life.truth.after(deed.what)
        if deed.what == "enable":
            self._life.enabled_at = self.now
        self._ever_enabled |= self._life.truth.enabled
        if deed.what == "own restart":
            return
        self._changes.append(deed)
        if deed.told:
            is_service = deed.what in ("enable", "disable", "rename")
            kind = EventKind.UPDATED if is_service and deed.told == "that" else _KINDS[deed.what]
            self._record(kind, Source.ACTIVITY_TRACKER, self._skew)

    def _record(self, kind: EventKind, source: Source, skew: timedelta = timedelta()) -> None:
        key = str(len(self._life.evidence))
        event = ServerEvent(SERVER_ID, self.now + skew, kind, source, key)
        self._life.evidence.append(event)

    def _look(self) -> None:
        life, last, truth = self._life, self._last, self._life.truth
        if last is None:
            life.was_enabled_unseen = self._ever_enabled
        self.close_gap()
        if last is None or (last.enabled, last.status) != (truth.enabled, truth.status):
            until = life.seen_until
            sight = Observation(SERVER_ID, self.now, truth.enabled, truth.status, until)
            life.evidence.append(sight)
            self._last = sight
        life.seen_until = self.now

    def close_gap(self) -> None:
        """Judge whether what happened since the last look is all told; the present is a look."""
        if self._last is None:
            self._life.was_enabled_unseen = self._ever_enabled
        for switch in (("enable", "disable", "rename"), ("stop", "start")):
            changes = [deed for deed in self._changes if deed.what in switch]
            untold = [deed for deed in changes if not deed.told and deed.what != "rename"]
            told = [deed for deed in changes if deed.told]
            if untold and (self._last is None or told or len(untold) > 1):
                self._life.is_all_told = False
        self._changes = []


_SKEWS = st.floats(-299, 299).map(lambda seconds: timedelta(seconds=seconds))
assert timedelta(seconds=299) < CLOCK_TOLERANCE

_MINUTES = st.one_of(
    st.floats(0.05, 12), st.floats(0.05, 3), st.sampled_from([60.0, 600.0, 1440.0])
)
_CHANGES = ("enable", "disable", "stop", "start", "rename", "own enable", "ack")
_PROOFS = ("own restart", "answer")
_LOOK = Deed(1, "look")


def _deeds(what: Sequence[str], told: Sequence[str]) -> st.SearchStrategy[Deed]:
    return st.builds(Deed, _MINUTES, st.sampled_from(what), st.sampled_from(told))


def _lives(deeds: st.SearchStrategy[list[Deed]]) -> st.SearchStrategy[Life]:
    return st.builds(live, st.booleans(), deeds, _SKEWS)


_TOLD = ("", "", "what", "that")
LIVES = _lives(st.lists(_deeds(("look", "look", *_CHANGES), _TOLD), max_size=14))
"""Any lives without proofs."""

PROVABLE_LIVES = _lives(st.lists(_deeds(("look", *_CHANGES, *_PROOFS), _TOLD), max_size=14))
"""Any lives, proofs among them."""

_STEPS = st.tuples(_deeds(_CHANGES, ("", "what", "that")), st.booleans(), _MINUTES)
WELL_KNOWN_LIVES = _lives(
    st.lists(_STEPS, max_size=8).map(
        lambda steps: [
            _LOOK,
            *(
                deed
                for step, is_seen, minutes in steps
                for deed in (step, *([Deed(minutes, "look")] if is_seen or not step.told else []))
            ),
            Deed(7, "start", "what"),
            Deed(7, "own enable"),
        ]
    )
).filter(lambda life: life.is_all_told)
"""Lives of which each change is imported or seen by itself."""
