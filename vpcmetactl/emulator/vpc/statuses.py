"""How the status of a server walks over time, and which actions a status takes.

A status is never stored: it is computed from the steps an action planned and the present moment,
so reading changes nothing. Which actions are refused is the platform notes' section 2.3 (running
and start; stopped and anything but start; not running and reboot); what those leave open is
refused too, except that `force` lets a stop interrupt a start or a reboot. Durations are invented.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Self


class Step(NamedTuple):
    """From this moment on the status is this."""

    at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class Power:
    """The statuses of one server, past and planned."""

    initial: str
    steps: tuple[Step, ...] = ()

    def status(self, now: datetime) -> str:
        """Return the status at a moment."""
        return next((step.status for step in reversed(self.steps) if step.at <= now), self.initial)

    def then(self, now: datetime, plan: "Plan") -> Self:
        """Return what happens if this plan begins now; steps not yet reached are dropped."""
        past = tuple(step for step in self.steps if step.at <= now)
        planned = tuple(Step(now + timedelta(seconds=after), status) for after, status in plan)
        return replace(self, steps=past + planned)

    def came_up_since(self, moment: datetime, now: datetime) -> bool:
        """Tell whether the server went from stopped through starting after a moment."""
        return any(step.status == "starting" and moment <= step.at <= now for step in self.steps)


Plan = tuple[tuple[float, str], ...]

RUNNING = Power("running")
STOPPED = Power("stopped")

INSTANCE_ACTIONS: dict[str, Plan] = {
    "start": ((0, "starting"), (6, "running")),
    "stop": ((0, "stopping"), (8, "stopped")),
    "reboot": ((0, "restarting"), (10, "running")),
}

BARE_METAL_ACTIONS: dict[str, Plan] = {
    "start": ((0, "starting"), (20, "running")),
    "restart": ((0, "restarting"), (30, "running")),
    # There is no status `stopping` for bare metal: it runs until it is stopped.
    "stop-hard": ((4, "stopped"),),
    "stop-soft": ((15, "stopped"),),
}

_ACCEPTED = {
    "running": {"stop", "reboot", "stop-hard", "stop-soft", "restart"},
    "stopped": {"start"},
}
_FORCED = {"starting": {"stop"}, "restarting": {"stop"}}


def accepts(status: str, action: str, *, force: bool = False) -> bool:
    """Tell whether a server of this status takes this action."""
    if action in _ACCEPTED.get(status, ()):
        return True
    return force and action in _FORCED.get(status, ())
