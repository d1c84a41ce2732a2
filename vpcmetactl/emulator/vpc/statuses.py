"""How the status of a server walks over time, and which actions a status takes.

A status is never stored: it is computed from the steps an action planned and the present moment,
so reading changes nothing. Which actions are refused is the platform notes' section 2.3 (running
and start; stopped and anything but start; not running and reboot); what those leave open is
refused too, except that `force` lets a stop interrupt a start or a reboot. Durations are invented.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple, Self


class Planned(NamedTuple):
    """So many seconds after an action begins the server is as this says.

    `reason` is the code of a status reason. `activates`: the server comes up here from a start
    that began while its metadata service was enabled.
    """

    after: float
    status: str
    health: str = "ok"
    reason: str | None = None
    activates: bool = False


Plan = tuple[Planned, ...]


class Step(NamedTuple):
    """From this moment on the server is as this says."""

    at: datetime
    status: str
    health: str = "ok"
    reason: str | None = None
    activates: bool = False


_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Power:
    """The statuses of one server, past and planned."""

    initial: str
    steps: tuple[Step, ...] = ()

    def step(self, now: datetime) -> Step:
        """Return what holds at a moment."""
        for step in reversed(self.steps):
            if step.at <= now:
                return step
        return Step(_BEGINNING, self.initial)

    def status(self, now: datetime) -> str:
        """Return the status at a moment."""
        return self.step(now).status

    def then(self, now: datetime, plan: Plan, pace: float = 1.0) -> Self:
        """Return what happens if this plan begins now; steps not yet reached are dropped.

        `pace` stretches the plan's seconds: 0 does everything at once.
        """
        planned = (Step(now + timedelta(seconds=pace * step.after), *step[1:]) for step in plan)
        return replace(self, steps=(*self._past(now), *planned))

    def activated(self, now: datetime) -> bool:
        """Tell whether the server has come up from a start with the metadata service enabled."""
        return any(step.activates for step in self._past(now))

    def stops(self, now: datetime) -> int:
        """Count how often the server has been stopped so far; a start that failed is no stop."""
        return sum(
            (before.status, step.status) == ("stopping", "stopped")
            for before, step in pairwise(self._past(now))
        )

    def _past(self, now: datetime) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.at <= now)


REASONS = {
    "cannot_start": "The server could not be started because of an internal error.",
    "cannot_start_capacity": "There is not enough capacity in the zone to start the server.",
    "cannot_start_compute": "No compute resources could be allocated.",
    "cannot_start_ip_address": "No IP address could be allocated.",
    "cannot_start_network": "No network resources could be allocated.",
    "cannot_start_placement_group": "The placement group has no room for the server.",
    "cannot_start_reservation_capacity": "The reservation has no capacity left.",
    "cannot_start_reservation_expired": "The reservation has expired.",
    "cannot_start_storage": "No storage resources could be allocated.",
}
"""The status reasons of a start that failed, each with what the emulator says beside it."""

RUNNING = Power("running")
STOPPED = Power("stopped")

UP = frozenset({"running", "restarting"})
"""The statuses in which a server is on its host and does not have to start."""

INSTANCE_ACTIONS: dict[str, Plan] = {
    "start": (Planned(0, "starting"), Planned(6, "running")),
    "stop": (Planned(0, "stopping"), Planned(8, "stopped")),
    "reboot": (Planned(0, "restarting"), Planned(10, "running")),
}

BARE_METAL_ACTIONS: dict[str, Plan] = {
    "start": (Planned(0, "starting"), Planned(20, "running")),
    "restart": (Planned(0, "restarting"), Planned(30, "running")),
    # There is no status `stopping` for bare metal: it runs until it is stopped.
    "stop-hard": (Planned(4, "stopped"),),
    "stop-soft": (Planned(15, "stopped"),),
}

CREATION: Plan = (Planned(0, "pending"), Planned(2, "starting"), Planned(8, "running"))
"""How a new instance comes to run."""

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
