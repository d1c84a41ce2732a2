"""Retracing what may have happened to an instance, from what was seen of it and what is told.

Nobody saw everything, so there are several *stories* of how things went. All of them are followed
at once, step by step; one that a sight or an event contradicts is dropped; if those that are left
agree at the end on whether a restart is outstanding, that is the answer.

An instance has two switches, the service and the power. Between two sights of a switch, stories
keep to one rule: **where events tell of a switch, they tell all; where none does, it changed once
if it looks different, and not at all if it looks the same.** Within that, things happened in any
order that the clocks leave open. Where no story can keep to it, because some events are missing,
each does with the fewest changes that nobody told of.

Before the first sight, too, what events tell is all; where they tell nothing of the service, it
may have been enabled at any time. Where it was first seen disabled, nobody is taken to have enabled
it earlier.

Two clocks count: ours, for sights and for what an operator says; and that of Activity Tracker.
The events of one clock are in order; a time of ours and one of theirs closer than
``CLOCK_TOLERANCE`` prove no order.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import attrgetter
from typing import NamedTuple

from vpcmetactl.domain.evidence import (
    CLOCK_TOLERANCE,
    EventKind,
    Evidence,
    History,
    ServerEvent,
    Source,
)
from vpcmetactl.domain.stories import (
    AT_FIRST,
    EFFECTS,
    Effect,
    Look,
    Standing,
    States,
    Step,
    effect_of,
    either,
    looked_back,
    seen,
    seen_regardless,
    standing_of,
    told,
    told_regardless,
)


class Moment(NamedTuple):
    """A moment of our clock: a look at the instance, or an event.

    ``at`` is ``None`` for the present. ``shown`` is the sight or event itself.
    """

    at: datetime | None
    look: Look | None
    shown: Evidence | None = None
    event: EventKind | None = None

    @property
    def enabled(self) -> bool | None:
        """How the service was, if that was seen."""
        return None if self.look is None else self.look.enabled


@dataclass(frozen=True, slots=True)
class Story:
    """What came of retracing: the standing, and the moments up to the one that made it so.

    Where a restart is outstanding, that is up to the present: it might have been settled since.
    """

    standing: Standing
    moments: Sequence[Moment]


# What an instance came up with stays so, and what was enabled once was enabled before.
_FINAL = frozenset({Standing.SETTLED, Standing.ENABLED_BEFORE})

# The stories, filed under how many entries of the log have happened in them.
_Stories = Mapping[int, States]


def retrace(history: History, status: str | None) -> Story:
    """Tell what is known of an instance whose service is enabled now, in this status."""
    logged = [event for event in history.events if event.source is Source.ACTIVITY_TRACKER]
    moments = _moments(history, has_events=len(logged) < len(history.events))
    moments.append(Moment(None, Look(enabled=True, status=status)))
    log = _Log(logged)
    stories: _Stories = {0: AT_FIRST}
    standing, turn, has_looked = Standing.UNTOLD, 0, False
    for number, moment in enumerate(moments):
        is_first_look = not has_looked and moment.enabled is not None
        has_looked |= is_first_look
        stories = log.follow(stories, moment, is_first_look=is_first_look)
        found = standing_of(reduce(either, stories.values()))
        if found is not standing:
            standing, turn = found, number
        if found in _FINAL:
            break
    if standing is Standing.OUTSTANDING:
        turn = len(moments) - 1
    return Story(standing, moments[: turn + 1])


def _moments(history: History, *, has_events: bool) -> list[Moment]:
    """Return the moments of our clock.

    To each sight belongs the last one that showed the same: the two bound what changed after.
    """
    moments: list[Moment] = []
    last = Moment(None, None)
    for sight in history.sights:
        _add_bound(moments, last, sight.otherwise_until)
        last = Moment(sight.observed_at, Look(sight.enabled, sight.status), sight)
        moments.append(last)
    _add_bound(moments, last, history.seen_until)
    if has_events:
        moments += (
            Moment(event.at, None, event, event.kind)
            for event in history.events
            if event.source is not Source.ACTIVITY_TRACKER
        )
        moments.sort(key=attrgetter("at"))
    return moments


def _add_bound(moments: list[Moment], last: Moment, until: datetime | None) -> None:
    if until is not None and last.at is not None and last.at < until:
        moments.append(last._replace(at=until))


class _Log:
    """The events of Activity Tracker's clock, in order; those of one time are one entry."""

    def __init__(self, events: Sequence[ServerEvent]) -> None:
        self._times = [event.at for event in events]
        self._effects = [EFFECTS[event.kind] for event in events]
        if len(set(self._times)) < len(self._times):
            self._join_those_of_one_time()

    def _join_those_of_one_time(self) -> None:
        kinds: dict[datetime, set[EventKind]] = {}
        for at, effect in zip(self._times, self._effects, strict=True):
            kinds.setdefault(at, set()).update(effect.kinds)
        self._times = list(kinds)
        self._effects = [effect_of(tuple(sorted(joined)), told) for joined in kinds.values()]

    def follow(self, stories: _Stories, moment: Moment, *, is_first_look: bool) -> _Stories:
        """Return what the stories have become at a moment of our clock."""
        first, last = self._happened_by(moment.at)
        reached = _run(stories, self._effects, first, last)
        found = {
            number: after
            for number, states in reached.items()
            if (after := _met(states, moment, told, is_first_look=is_first_look))
        }
        if found:
            return found
        # Something is missing, or contradicts the rest: so each goes on as well as it can.
        effects = [effect_of(effect.kinds, told_regardless) for effect in self._effects]
        reached = _run(stories, effects, first, last)
        return {
            number: _met(states, moment, told_regardless, is_first_look=is_first_look)
            for number, states in reached.items()
        }

    def _happened_by(self, at: datetime | None) -> tuple[int, int]:
        """Return how many entries have happened by a moment of our clock, at least and at most."""
        if at is None or not self._times:
            return len(self._times), len(self._times)
        first = bisect_right(self._times, at - CLOCK_TOLERANCE)
        return first, bisect_left(self._times, at + CLOCK_TOLERANCE, lo=first)


def _run(stories: _Stories, effects: Sequence[Effect], first: int, last: int) -> _Stories:
    """Let entries of the log happen until at least ``first`` have, and at most ``last``."""
    begin = min(stories)
    states, reached = stories[begin], {}
    sure = max(begin, first) if len(stories) == 1 else begin
    for effect in effects[begin:sure]:
        states = effect[states]
    for number in range(sure, last + 1):
        if number > sure and number in stories:
            states = either(states, stories[number])
        if number >= first and states:
            reached[number] = states
        if number < last:
            states = effects[number][states]
    return reached


def _met(states: States, moment: Moment, step: Step, *, is_first_look: bool) -> States:
    """Let a moment of our clock come; ``step`` says whether anything may be ruled out by it."""
    if moment.event is not None:
        return effect_of((moment.event,), step)[states]
    look = moment.look
    if look is None:
        return states
    if is_first_look:
        states = looked_back(states, look)
    return seen(states, look) if step is told else seen_regardless(states, look)
