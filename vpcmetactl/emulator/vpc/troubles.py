"""Troubles on demand: how stops and starts of servers go wrong, of which servers, how often.

A trouble is written `SERVERS:TROUBLE[:HOW OFTEN]`.

SERVERS is a name or an id, or a pattern of them such as `db-*`; `*` is all servers.

TROUBLE is one of

* `cannot_start_capacity`, or any other reason the API has for a start that failed
  (`cannot_start`, `cannot_start_compute`, …): the server goes through `starting` back to
  `stopped`, with this reason;
* `start-fails`: the server goes through `starting` to `failed`;
* `start=SECONDS`, `stop=SECONDS`, `restart=SECONDS`, `soft-stop=SECONDS`: how long it takes.
  `soft-stop` is for bare metal, where `stop` is the hard one; `restart` also means a reboot;
* `soft-stop=never`: the operating system does not answer a soft stop; a hard one ends it;
* `degraded=SECONDS`, `faulted=SECONDS`: the server runs after a start or restart, and has this
  `health_state` for so long.

HOW OFTEN is as in faults, and counts the actions of these servers that the trouble is about.
Troubles that match the same action add up: healths follow one another, and of others about the
same thing the last one written wins. Seconds are stretched by the emulator's pace.
"""

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from vpcmetactl.emulator.frequency import ALWAYS, HowOften, Tally, parse_how_often
from vpcmetactl.emulator.vpc.statuses import REASONS, Plan, Planned

_ABOUT = {
    "start-fails": {"start"},
    "start": {"start"},
    "stop": {"stop", "stop-hard"},
    "restart": {"reboot", "restart"},
    "soft-stop": {"stop-soft"},
    "degraded": {"start", "reboot", "restart"},
    "faulted": {"start", "reboot", "restart"},
    **{code: {"start"} for code in REASONS},
}
_DURATIONS = {"start", "stop", "restart", "soft-stop"}
_HEALTH = {"degraded", "faulted"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble. `seconds` is None where it has no duration, or will never end."""

    text: str
    servers: str
    name: str
    seconds: float | None = None
    how_often: HowOften = ALWAYS

    def concerns(self, server_id: str, server_name: str, action: str) -> bool:
        """Tell whether an action of a server counts for this trouble."""
        named = any(fnmatchcase(called, self.servers) for called in (server_id, server_name))
        return named and action in _ABOUT[self.name]

    def changed(self, plan: Plan) -> Plan:
        """Return what becomes of a plan with this trouble."""
        if self.name in REASONS:
            return (*plan[:-1], Planned(plan[-1].after, "stopped", reason=self.name))
        if self.name == "start-fails":
            return (*plan[:-1], Planned(plan[-1].after, "failed", reason="cannot_start"))
        if self.seconds is None:
            return ()
        if self.name in _DURATIONS:
            return (*plan[:-1], plan[-1]._replace(after=self.seconds))
        if plan[-1].status != "running":
            return plan
        well = Planned(plan[-1].after + self.seconds, "running")
        return (*plan[:-1], plan[-1]._replace(health=self.name), well)


def parse_trouble(text: str) -> Trouble:
    """Read a trouble; ValueError with a sentence that says what is wrong."""
    parts = text.split(":")
    if len(parts) not in {2, 3} or not all(parts):
        raise ValueError(f"trouble {text!r} is not of the form SERVERS:TROUBLE[:HOW OFTEN]")
    name, equals, value = parts[1].partition("=")
    if name not in _ABOUT or (name in _DURATIONS | _HEALTH) != bool(equals):
        timed = [f"{name}=SECONDS" for name in sorted(_DURATIONS | _HEALTH)]
        names = ", ".join([*REASONS, "start-fails", "soft-stop=never", *timed])
        raise ValueError(f"trouble {text!r} is none there is; there are {names}")
    seconds = _seconds(name, value, text) if equals else None
    how_often = parse_how_often(parts[2], f"trouble {text!r}") if parts[2:] else ALWAYS
    return Trouble(text, parts[0], name, seconds, how_often)


def _seconds(name: str, value: str, whole: str) -> float | None:
    if (name, value) == ("soft-stop", "never"):
        return None
    if re.fullmatch(r"\d{1,6}(\.\d{1,3})?", value, re.ASCII) is None:
        raise ValueError(f"trouble {whole!r} has {value!r} where a number of seconds is expected")
    return float(value)


class Troubles:
    """The troubles in force, each with its own count and its own seeded dice."""

    def __init__(self, seed: str = "") -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self.set(())

    def set(self, troubles: Iterable[Trouble]) -> None:
        """Replace all troubles; counts and dice start anew."""
        with self._lock:
            self.troubles = tuple(troubles)
            self._tallies = [
                Tally(one.how_often, f"{self._seed}/{one.text}") for one in self.troubles
            ]

    def changed(self, server_id: str, server_name: str, action: str, plan: Plan) -> Plan:
        """Count an action of a server, and return what becomes of its plan."""
        with self._lock:
            struck = [
                trouble
                for trouble, tally in zip(self.troubles, self._tallies, strict=True)
                if trouble.concerns(server_id, server_name, action) and tally.strikes()
            ]
        # How long it takes comes before how it ends, and that before how well it is afterwards.
        for trouble in sorted(struck, key=_order):
            plan = trouble.changed(plan) if plan else plan
        return plan


def _order(trouble: Trouble) -> int:
    if trouble.name in _DURATIONS:
        return 0
    return 2 if trouble.name in _HEALTH else 1
