"""How an instance may stand with IBM's rule, and what events and looks make of that.

A story is one way things may have gone, and a state is where a story stands: stories that stand the
same are one. Everything here takes a set of states to another. IBM's rule is in ``switched`` and
``started``: an instance that comes up with the service enabled has done what the rule asks for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum, auto
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

from vpcmetactl.domain.evidence import EventKind


class Standing(IntEnum):
    """How an instance stands with IBM's rule, as far as can be told.

    ``OUTSTANDING``: it did not come up with the service enabled. ``SETTLED``: it did, at some time.
    ``ENABLED_BEFORE``: the service was enabled when it was first told of, and disabled later.
    ``UNTOLD``: the service was enabled when it was first told of. ``ORDER_UNKNOWN``: it was enabled
    about when the instance came up, and either may have been first.
    """

    OUTSTANDING = auto()
    SETTLED = auto()
    ENABLED_BEFORE = auto()
    UNTOLD = auto()
    ORDER_UNKNOWN = auto()


class Look(NamedTuple):
    """What a sight showed; ``None`` where the API did not report it."""

    enabled: bool | None
    status: str | None


class Power(IntEnum):
    """Where an instance is on its way; of one that is coming up it is not told what it reads."""

    DOWN = auto()
    COMING_UP = auto()
    UP = auto()


POWER_OF_STATUS: Mapping[str | None, Power] = {
    "running": Power.UP,
    "restarting": Power.UP,
    "starting": Power.COMING_UP,
    "pending": Power.COMING_UP,
    "stopping": Power.DOWN,
    "stopped": Power.DOWN,
}
"""Statuses that tell whether the instance is up; others tell nothing."""


class _Change(IntEnum):
    """Whether a switch changed since it was last seen, and who told."""

    NONE = auto()
    TOLD = auto()
    UNTOLD = auto()


class _State(NamedTuple):
    """Where one story stands."""

    standing: Standing
    enabled: bool
    power: Power
    service: _Change = _Change.NONE
    start_stop: _Change = _Change.NONE


States = frozenset[_State]
"""Where stories stand; those that stand the same are one."""

# Of equal sets there is one object, so that what was worked out for it is found at once.
_KNOWN: dict[States, States] = {}


def _set(states: Iterable[_State]) -> States:
    found = frozenset(states)
    return _KNOWN.setdefault(found, found)


def switched(state: _State) -> Iterator[_State]:
    """The service is enabled or disabled."""
    standing = state.standing
    if standing is Standing.UNTOLD:
        standing = Standing.ENABLED_BEFORE
    yield state._replace(enabled=not state.enabled, standing=standing)
    if state.power is Power.COMING_UP and standing is Standing.OUTSTANDING:
        yield state._replace(enabled=not state.enabled, standing=Standing.SETTLED)


def started(state: _State) -> _State:
    """The instance begins to come up."""
    standing = Standing.SETTLED if state.enabled else state.standing
    return state._replace(power=Power.COMING_UP, standing=standing)


def _stopped_or_started(state: _State) -> _State:
    if state.power is Power.DOWN:
        return started(state)
    return state._replace(power=Power.DOWN)


def _told_of_service(state: _State, kind: EventKind) -> Iterator[_State]:
    is_news = state.enabled is not (kind is EventKind.ENABLED)
    state = state._replace(service=_Change.TOLD)
    if kind is EventKind.UPDATED:
        yield state
    if kind is EventKind.UPDATED or is_news:
        yield from switched(state)


def _told_of_power(state: _State, kind: EventKind) -> Iterator[_State]:
    was, is_first = state.power, state.start_stop is _Change.NONE
    state = state._replace(start_stop=_Change.TOLD)
    if kind is EventKind.STOPPED:
        yield state._replace(power=Power.DOWN)
    elif kind is EventKind.RESTARTED or was is Power.DOWN:
        yield started(state)._replace(power=Power.UP)
    elif was is Power.COMING_UP:
        yield state._replace(power=Power.UP)
    elif not is_first:
        # Activity Tracker tells of a start twice: when it is asked for, and when it is done. Or
        # nobody told of a stop between two starts.
        yield state
        yield started(state)._replace(power=Power.UP)


_OF_SERVICE = frozenset({EventKind.UPDATED, EventKind.ENABLED, EventKind.DISABLED})
_OF_POWER = frozenset({EventKind.STOPPED, EventKind.STARTED, EventKind.RESTARTED})


def told(state: _State, kind: EventKind) -> Iterator[_State]:
    """An event happens to an instance: none of the results means that it cannot have."""
    if kind in _OF_SERVICE:
        if state.service is not _Change.UNTOLD:
            yield from _told_of_service(state, kind)
    elif kind in _OF_POWER:
        if state.start_stop is not _Change.UNTOLD:
            yield from _told_of_power(state, kind)
    elif state.enabled and state.power is Power.UP:
        yield state._replace(standing=Standing.SETTLED)  # acknowledged
    else:
        yield state


def told_regardless(state: _State, kind: EventKind) -> Iterator[_State]:
    """An event happens to an instance, whatever must have gone before that nobody told of."""
    found = list(told(state, kind))
    if found or kind in (EventKind.UPDATED, EventKind.STOPPED):
        yield from found or [state]
    elif kind in _OF_POWER:
        yield started(state)._replace(power=Power.UP)
    elif state.enabled is (kind is EventKind.ENABLED):
        yield state
    else:
        yield from switched(state)


def _with_untold(states: States) -> States:
    """Add what may have become of them that nobody told of, one change of each switch at most."""
    found: set[_State] = set()
    new = set(states)
    while new:
        found |= new
        new = {after for state in new for after in _untold_once(state)} - found
    return frozenset(found)


def _untold_once(state: _State) -> Iterator[_State]:
    if state.service is _Change.NONE:
        for after in switched(state):
            yield after._replace(service=_Change.UNTOLD)
    if state.start_stop is _Change.NONE:
        yield _stopped_or_started(state)._replace(start_stop=_Change.UNTOLD)
    if state.power is Power.COMING_UP:
        yield state._replace(power=Power.UP)


Step = Callable[[_State, EventKind], Iterator[_State]]
"""What an event makes of one state: ``told``, or ``told_regardless``."""

# The same few steps are taken for every instance of a fleet, so each is worked out once.
_once = lru_cache(maxsize=1 << 14)


class Effect(dict[States, States]):
    """What events of one time, in whichever order, make of states; worked out when asked for."""

    def __init__(self, kinds: tuple[EventKind, ...], step: Step) -> None:
        super().__init__()
        self.kinds = kinds
        self._step = step

    def __missing__(self, states: States) -> States:
        found: set[_State] = set()
        for order in permutations(self.kinds):
            now = states
            for kind in order:
                now = _set(after for one in _with_untold(now) for after in self._step(one, kind))
            found |= now
        self[states] = _set(found)
        return self[states]


effect_of = _once(Effect)
"""Return the effect of events of these kinds, in order of their values."""

EFFECTS = {kind: effect_of((kind,), told) for kind in EventKind}


AT_FIRST = _set(
    _State(standing, enabled, power, start_stop=_Change.TOLD)
    for enabled, standing in ((False, Standing.OUTSTANDING), (True, Standing.UNTOLD))
    for power in Power
    if enabled or power is not Power.COMING_UP
)
"""Where stories stand when evidence begins; where the service was enabled, it is unknown why."""


@_once
def looked_back(states: States, look: Look) -> States:
    """Judge the time before the first look at the service.

    Where it was enabled then, and events do not tell since when, that was at any time. Where it was
    disabled, it was never enabled before, unless events leave no other way.
    """
    fitting = _set(state for state in _with_untold(states) if state.enabled is look.enabled)
    if not look.enabled:
        never = _set(state for state in fitting if state.standing is Standing.OUTSTANDING)
        return never or fitting or states
    is_open = standing_of(fitting) is Standing.ORDER_UNKNOWN
    return _set(
        state._replace(standing=Standing.UNTOLD)
        if is_open or state.service is _Change.UNTOLD
        else state
        for state in fitting or states
    )


@_once
def seen(states: States, look: Look) -> States:
    """Return the states that agree with a look; changes of what it shows count anew from here."""
    power = POWER_OF_STATUS.get(look.status)
    return _set(
        state._replace(
            service=state.service if look.enabled is None else _Change.NONE,
            start_stop=state.start_stop if power is None else _Change.NONE,
        )
        for state in _with_untold(states)
        if look.enabled in (None, state.enabled) and power in (None, state.power)
    )


@_once
def seen_regardless(states: States, look: Look) -> States:
    """Do the same after as many untold changes as it takes, of the power rather than of both."""
    found = seen(states, look)
    while not found:
        states = _set(state._replace(start_stop=_Change.NONE) for state in _with_untold(states))
        found = seen(states, look)
        states = _set(state._replace(service=_Change.NONE) for state in states)
    return found


@_once
def either(some: States, others: States) -> States:
    """Return the states of stories that went one way or another."""
    return _set(some | others)


@_once
def standing_of(states: States) -> Standing:
    """Return what all stories agree on, or why they do not; ``SETTLED`` of none."""
    found = {state.standing for state in states}
    if Standing.UNTOLD in found:
        return Standing.UNTOLD
    if Standing.OUTSTANDING not in found:
        return Standing.ENABLED_BEFORE if Standing.ENABLED_BEFORE in found else Standing.SETTLED
    if len(found) == 1:
        return Standing.OUTSTANDING
    return Standing.UNTOLD if Standing.ENABLED_BEFORE in found else Standing.ORDER_UNKNOWN
