"""Which of the evidence a verdict rests on: when the service was enabled, and what came after."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from vpcmetactl.domain.evidence import (
    CLOCK_TOLERANCE,
    EventKind,
    Evidence,
    Observation,
    ServerEvent,
)
from vpcmetactl.domain.stories import POWER_OF_STATUS, Power
from vpcmetactl.domain.timelines import Moment


class Enabling(NamedTuple):
    """The last time the service became enabled.

    It did so after ``not_before`` and by ``since``, as far as each is known; a time that was
    imported may be off by ``CLOCK_TOLERANCE``. ``shown`` is what tells so, in order of time.
    """

    since: datetime | None
    not_before: datetime | None
    shown: tuple[Evidence, ...]


def find_enabling(moments: Sequence[Moment], events: Sequence[ServerEvent]) -> Enabling:
    """Find the last enabling among moments, the last of which may be the present, and events."""
    off, on = _last_turn(moments)
    since_off = _between(events, off.at, moments[-1].at)
    told = _last(since_off, EventKind.ENABLED)
    told = told or _last(_between(since_off, None, on.at), EventKind.UPDATED)
    if told is None:
        return Enabling(on.at, off.at, in_order([off.shown, on.shown]))
    disabled = _last(_between(since_off, None, told.at), EventKind.DISABLED)
    if disabled is None or disabled.at > told.at:
        # Told well after it was seen enabled: it was disabled in between, and nobody told.
        is_anew = on.at is not None and told.at > on.at + CLOCK_TOLERANCE
        since = told.at if is_anew else min(told.at, on.at or told.at)
        return Enabling(max(since, off.at or since), off.at, in_order([off.shown, told]))
    not_before = max(disabled.at, off.at or disabled.at)
    shown = in_order([off.shown, disabled, told])
    return Enabling(max(told.at, not_before), not_before, shown)


def _last_turn(moments: Sequence[Moment]) -> tuple[Moment, Moment]:
    """Return the last looks between which the service went from disabled to enabled."""
    off = on = Moment(None, None)
    last = on
    for moment in moments:
        if moment.enabled and not last.enabled:
            off, on = last, moment
        if moment.enabled is not None:
            last = moment
    return off, on


def find_settling(moments: Sequence[Moment], events: Sequence[ServerEvent]) -> Evidence | None:
    """Return what shows, at the last moment, that the instance came up or need not do so."""
    now, *earlier = reversed(moments)
    before = next((moment for moment in earlier if moment.look), Moment(None, None))
    started = _last(_between(events, before.at, now.at), EventKind.STARTED, EventKind.RESTARTED)
    said = _last(_between(events, before.at, now.at), EventKind.ACKNOWLEDGED)
    if started is not None or said is not None:
        return started or said
    downs = (moment.shown for moment in (before, now) if _is_low(moment))
    return next((shown for shown in downs if shown is not None), None)


def find_use_before(
    moments: Sequence[Moment], events: Sequence[ServerEvent]
) -> tuple[Evidence, ...]:
    """Return what shows that the service had been enabled, and was disabled later."""
    on = next((moment.shown for moment in moments if moment.enabled), None)
    off = moments[-1].shown if moments[-1].enabled is False else None
    told = _last(_between(events, None, moments[-1].at), EventKind.DISABLED)
    return in_order([on, off, None if on and off else told])


def in_order(evidence: Iterable[Evidence | None]) -> tuple[Evidence, ...]:
    """Return evidence in order of time, each piece once."""
    return tuple(sorted({one for one in evidence if one is not None}, key=_moment))


def _moment(evidence: Evidence) -> tuple[datetime, str]:
    if isinstance(evidence, Observation):
        return evidence.observed_at, ""
    return evidence.at, f"{evidence.kind} {evidence.source} {evidence.key}"


def _is_low(moment: Moment) -> bool:
    status = None if moment.look is None else moment.look.status
    return POWER_OF_STATUS.get(status, Power.UP) is not Power.UP


def _last(events: Sequence[ServerEvent], *kinds: EventKind) -> ServerEvent | None:
    return next((event for event in reversed(events) if event.kind in kinds), None)


def _between(
    events: Sequence[ServerEvent], first: datetime | None, last: datetime | None
) -> Sequence[ServerEvent]:
    """Return the events that may have happened between two moments of our clock."""
    at = attrgetter("at")
    begin = 0 if first is None else bisect_right(events, first - CLOCK_TOLERANCE, key=at)
    end = len(events) if last is None else bisect_left(events, last + CLOCK_TOLERANCE, key=at)
    return events[begin:end]
