"""Retracing what may have happened to an instance between the sights and events that are known.

At every moment an instance is in one of eight states: the service enabled or not, the instance up
or down, and *settled* or not: whether it came up with the service enabled at some time, so that
IBM's rule asks for nothing more. What is settled stays so. A set of such states is a number of
eight bits; sights narrow the set down, events move it, and what nobody saw widens it. Between two
sights no more is taken to have happened than it takes to get from one to the other.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from vpcmetactl.domain.evidence import (
    CLOCK_TOLERANCE,
    EventKind,
    Evidence,
    History,
    Observation,
    ServerEvent,
    Source,
)


class Settled(Enum):
    """Whether the instance came up at some time with the service enabled."""

    NO = auto()
    YES = auto()
    CANNOT_TELL = auto()


@dataclass(slots=True)
class Story:
    """What came of retracing.

    ``enabled_at`` and ``enabled_not_before`` bound the last time the service became enabled with
    a restart outstanding. ``settled_by`` is what settled it, ``evidence`` what it rests on.
    """

    settled: Settled = Settled.CANNOT_TELL
    settled_by: Evidence | None = None
    enabled_before: bool = False
    is_order_unknown: bool = False
    enabled_at: datetime | None = None
    enabled_not_before: datetime | None = None
    evidence: tuple[Evidence, ...] = ()


# The number of a state is the sum of what holds in it; a set of states has bit n for state n.
_SETTLED, _UP, _ENABLED = 1, 2, 4
_ALL_STATES = range(8)
_ANY = 0xFF


def _where(condition: Callable[[int], object]) -> int:
    return sum(1 << state for state in _ALL_STATES if condition(state))


_IS_SETTLED = _where(lambda state: state & _SETTLED)
_IS_ENABLED = {True: _where(lambda state: state & _ENABLED)}
_IS_ENABLED[False] = _ANY & ~_IS_ENABLED[True]
_IS_UP: dict[bool | None, int] = {None: _ANY, True: _where(lambda state: state & _UP)}
_IS_UP[False] = _ANY & ~_IS_UP[True]
# Nobody is taken to have enabled the service before somebody looked; where it was enabled already,
# nothing is known of what went before.
_AT_FIRST = _where(lambda state: state & _ENABLED or not state & _SETTLED)

_Moves = tuple[int, ...]


def _moves(step: Callable[[int], Iterable[int]]) -> _Moves:
    """Return, for every set of states, the set it becomes when ``step`` befalls each of them."""
    table = [0]
    for states in range(1, _ANY + 1):
        first = states & -states
        befallen = sum(1 << after for after in set(step(first.bit_length() - 1)))
        table.append(table[states & ~first] | befallen)
    return tuple(table)


def _started(state: int) -> int:
    return state | _UP | (_SETTLED if state & _ENABLED else 0)


def _toggled(state: int) -> int:
    return state & ~_UP if state & _UP else _started(state)


_ENABLE = _moves(lambda state: [state | _ENABLED])
_DISABLE = _moves(lambda state: [state & ~_ENABLED])
_START = _moves(lambda state: [_started(state)])
_STOP = _moves(lambda state: [state & ~_UP])
_FLIP_SERVICE = _moves(lambda state: [state ^ _ENABLED])
_FLIP_POWER = _moves(lambda state: [_toggled(state)])
_OF_EVENT = {
    EventKind.UPDATED: _moves(lambda state: [state, state | _ENABLED, state & ~_ENABLED]),
    EventKind.ENABLED: _ENABLE,
    EventKind.DISABLED: _DISABLE,
    EventKind.STOPPED: _STOP,
    EventKind.STARTED: _START,
    EventKind.RESTARTED: _START,
    EventKind.ACKNOWLEDGED: _moves(lambda state: [state | (_SETTLED if state & _ENABLED else 0)]),
    EventKind.ANSWERED: _moves(lambda state: [state | _SETTLED]),
}
_OF_SERVICE = frozenset({EventKind.UPDATED, EventKind.ENABLED, EventKind.DISABLED})
_OF_POWER = frozenset({EventKind.STOPPED, EventKind.STARTED, EventKind.RESTARTED})

# Statuses that tell whether the instance is up; one that starts has been told to, and will be.
_UP_BY_STATUS = {
    "running": True,
    "restarting": True,
    "starting": True,
    "stopping": False,
    "stopped": False,
    "pending": False,
}


@dataclass(slots=True)
class _Sight:
    enabled: bool
    status: str | None
    shown: Observation | None
    at: datetime | None

    @property
    def states(self) -> int:
        return _IS_ENABLED[self.enabled] & _IS_UP[_UP_BY_STATUS.get(self.status or "")]


@dataclass(slots=True)
class _Placed:
    """An event in a gap; an optional one may as well have happened in another place."""

    moves: _Moves
    event: ServerEvent | None = None
    is_optional: bool = False


def retrace(history: History, status: str | None) -> Story:
    """Tell what is known of an instance whose service is enabled now, in this status."""
    sights = _sights(history.sights)
    sights.append(_Sight(enabled=True, status=status, shown=None, at=None))
    gaps = _gaps(sights, history.events)
    story = Story()
    states = _first_states(gaps[0], sights[0])
    if states & ~_IS_SETTLED == 0:
        story.settled_by = _last_event(gaps[0])
    for before, sight, gap in zip(sights, sights[1:], gaps[1:], strict=False):
        was = states
        states = _walk(was, gap, before, sight)
        if sights[0].enabled and not sight.enabled and states & ~_IS_SETTLED:
            # It has been enabled before: the rule asks only the first time.
            states = _settled_all(states)
            story.enabled_before = True
            story.evidence = _shown(sights[0], sight)
        _tell(story, was, states, (before, sight), gap)
    if states & ~_IS_SETTLED == 0:
        story.settled = Settled.YES
    elif states & _IS_SETTLED == 0:
        story.settled = Settled.NO
    return story


def _sights(observations: Sequence[Observation]) -> list[_Sight]:
    """Add to each sight the last one of the state before it: they bound the change between."""
    sights: list[_Sight] = []
    for seen in observations:
        if seen.enabled is None:
            continue
        until = seen.otherwise_until
        if until is not None and sights and (sights[-1].at or until) < until:
            last = sights[-1]
            sights.append(_Sight(last.enabled, last.status, last.shown, until))
        sights.append(_Sight(seen.enabled, seen.status, seen, seen.observed_at))
    return sights


def _gaps(sights: Sequence[_Sight], events: Sequence[ServerEvent]) -> list[list[_Placed]]:
    """Place each event in the gap before a sight, or in every one that its clock allows.

    The last sight is the present one: everything that is known happened before it.
    """
    gaps: list[list[_Placed]] = [[] for _ in sights]
    if not events:
        return gaps
    times = [sight.at for sight in sights if sight.at is not None]
    for event in events:
        moves = _OF_EVENT[event.kind]
        if event.clock == Source.OBSERVATION:
            first = last = bisect_right(times, event.at)
        else:
            first = bisect_left(times, event.at - CLOCK_TOLERANCE)
            last = bisect_right(times, event.at + CLOCK_TOLERANCE, lo=first)
        for gap in gaps[first : last + 1]:
            gap.append(_Placed(moves, event, first != last))
    if len({event.clock for event in events}) > 1:
        return [_crossed(gap) for gap in gaps]
    return gaps


def _crossed(gap: list[_Placed]) -> list[_Placed]:
    """Let an operator's word about the time stand on either side of what others timed alike."""
    placed: list[_Placed] = []
    for at, one in enumerate(gap):
        if not _has_near_neighbour(gap, at):
            placed.append(one)
    return [
        copy
        for neighbour in [None, *placed]
        for copy in (
            ([neighbour] if neighbour else [])
            + [
                _Placed(one.moves, one.event, is_optional=True)
                for at, one in enumerate(gap)
                if _has_near_neighbour(gap, at)
            ]
        )
    ]


def _has_near_neighbour(gap: Sequence[_Placed], at: int) -> bool:
    event = gap[at].event
    return (
        event is not None
        and event.source is Source.OPERATOR
        and any(
            other.event is not None
            and other.event.clock != event.clock
            and abs(other.event.at - event.at) <= CLOCK_TOLERANCE
            for other in gap
        )
    )


def _first_states(gap: Sequence[_Placed], sight: _Sight) -> int:
    """Return what may be at the first sight, given the events before it.

    How the service was at the time of those events nobody saw: it may have changed at any of them.
    """
    if not gap:
        return _AT_FIRST & sight.states
    told = any(one.event and one.event.kind in _OF_SERVICE for one in gap)
    states = changed = _AT_FIRST
    for one in gap:
        if not told:
            changed |= _FLIP_SERVICE[states]
        states, changed = _befall(one, states), _befall(one, changed)
    if not told:
        changed |= _FLIP_SERVICE[states]
    found = (states | changed) & sight.states or _AT_FIRST & sight.states
    if sight.enabled or (told and not _only_updates(gap)):
        return found
    return found & ~_IS_SETTLED or found


def _only_updates(gap: Sequence[_Placed]) -> bool:
    return not any(
        one.event and one.event.kind in (EventKind.ENABLED, EventKind.DISABLED) for one in gap
    )


def _walk(states: int, gap: Sequence[_Placed], before: _Sight, sight: _Sight) -> int:
    """Return the states after a gap, of the ways through it that assume least."""
    events = [*gap]
    if sight.status == "starting" and before.status != "starting" and not _has(gap, _OF_POWER):
        events.append(_Placed(_START))  # nobody saw the stop, but it was told to start
    if not events:
        return _narrowed(states, sight)
    may_switch = not _has(gap, _OF_SERVICE)
    may_toggle = not any(one.event is None or one.event.kind in _OF_POWER for one in events)
    none, service, power, both = states, 0, 0, 0
    for one in [*events, None]:
        if may_switch:
            service |= _FLIP_SERVICE[none]
            both |= _FLIP_SERVICE[power]
        if may_toggle:
            power |= _FLIP_POWER[none]
            both |= _FLIP_POWER[service]
            if may_switch:
                both |= _FLIP_SERVICE[power]
        if one is not None:
            none, service = _befall(one, none), _befall(one, service)
            power, both = _befall(one, power), _befall(one, both)
    fitting = sight.states
    return (
        none & fitting
        or (service | power) & fitting
        or both & fitting
        or _narrowed(none | service | power | both, sight)
    )


def _narrowed(states: int, sight: _Sight) -> int:
    """Return the states of which a sight shows one, after as few unseen steps as it takes."""
    fitting = sight.states
    service, power = _FLIP_SERVICE[states], _FLIP_POWER[states]
    return (
        states & fitting
        or (service | power) & fitting
        or (_FLIP_SERVICE[power] | _FLIP_POWER[service]) & fitting
    )


def _befall(one: _Placed, states: int) -> int:
    after = one.moves[states]
    return states | after if one.is_optional else after


def _has(gap: Sequence[_Placed], kinds: frozenset[EventKind]) -> bool:
    return any(one.event is not None and one.event.kind in kinds for one in gap)


def _settled_all(states: int) -> int:
    return _OF_EVENT[EventKind.ANSWERED][states]


def _tell(
    story: Story, was: int, states: int, between: tuple[_Sight, _Sight], gap: Sequence[_Placed]
) -> None:
    """Note what a gap did to the story."""
    before, sight = between
    if not states & ~_IS_SETTLED:
        if was & ~_IS_SETTLED and not story.enabled_before:
            story.settled_by = _last_event(gap) or before.shown or sight.shown
            story.evidence += _shown(*between, gap=gap)
        return
    if sight.enabled and not before.enabled:
        enabling = [one.event for one in gap if one.event and one.event.kind in _OF_SERVICE]
        story.enabled_at = enabling[-1].at if enabling else sight.at
        story.enabled_not_before = before.at
        story.evidence = _shown(*between, gap=gap)
    if states & _IS_SETTLED and not was & _IS_SETTLED:
        story.is_order_unknown = True
        story.evidence = _merged(story.evidence, _shown(*between, gap=gap))


def _last_event(gap: Sequence[_Placed]) -> ServerEvent | None:
    return next((one.event for one in reversed(gap) if one.event is not None), None)


def _shown(*sights: _Sight, gap: Sequence[_Placed] = ()) -> tuple[Evidence, ...]:
    """Return what there is to show, in order of time, each thing once."""
    seen = [sight.shown for sight in sights if sight.shown is not None]
    events = [one.event for one in gap if one.event is not None]
    return _merged((), (*seen, *events))


def _merged(first: Sequence[Evidence], then: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return tuple(sorted(dict.fromkeys([*first, *then]), key=_moment))


def _moment(evidence: Evidence) -> datetime:
    return evidence.at if isinstance(evidence, ServerEvent) else evidence.observed_at
