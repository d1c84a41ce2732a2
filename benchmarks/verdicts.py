"""Measures how often a restart verdict is unknown, or presumed and wrong, in a simulated fleet.

``python -m benchmarks.verdicts`` prints the table of docs/explanation/restarts.md. Nothing is
measured on a real account: every figure follows from the assumptions below.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vpcmetactl.domain.evidence import EventKind, History, Observation, ServerEvent, Source
from vpcmetactl.domain.restarts import Confidence, Verdict, assess_restart
from vpcmetactl.domain.servers import Instance, MetadataService

INSTANCES = 1000
DAYS = 90
AGE_AT_FIRST_LISTING = 60  # days, at most
CREATED_DISABLED = 0.7
ENABLED_LATER = 0.8  # of those created disabled, at some time until the end
ENABLED_BY_US = 0.5  # of those enabled after the first listing
CLOCK_ERROR = timedelta(minutes=2)  # of Activity Tracker's clock, at most, either way
BEGIN = datetime(2026, 8, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=DAYS)

_KINDS = {"enable": EventKind.UPDATED, "stop": EventKind.STOPPED, "start": EventKind.STARTED}


@dataclass(frozen=True)
class Fleet:
    """What differs between the rows of the table.

    Hours between listings, days between restarts and minutes that one takes, both on average, and
    whether Activity Tracker's events are imported.
    """

    hours: float
    days: float
    minutes: float
    imports: bool


@dataclass(frozen=True)
class Deed:
    """Something that was done to an instance; by this program, it looked before and after."""

    at: datetime
    what: str
    is_ours: bool = False


@dataclass(frozen=True)
class State:
    """How an instance is, and whether it came up with the service enabled, or was created so."""

    enabled: bool
    is_up: bool
    works: bool

    def after(self, what: str) -> "State":
        """Return the state after something was done."""
        enabled, is_up = self.enabled or what == "enable", what != "stop"
        return State(enabled, is_up, self.works or (what == "start" and self.enabled))


def restarts(fleet: Fleet, chance: random.Random, created: datetime) -> list[Deed]:
    """Return stops and starts at random moments."""
    deeds: list[Deed] = []
    at = created
    while True:
        at += timedelta(days=chance.expovariate(1 / fleet.days))
        up = at + timedelta(minutes=1 + chance.expovariate(1 / fleet.minutes))
        if up >= END:
            return deeds
        deeds += [Deed(at, "stop"), Deed(up, "start")]
        at = up


def live(fleet: Fleet, chance: random.Random) -> tuple[State, History]:
    """Let one instance live; return how it is in the end, and what is known of it."""
    created = BEGIN - timedelta(days=chance.uniform(0, AGE_AT_FIRST_LISTING))
    is_off = chance.random() < CREATED_DISABLED
    deeds = restarts(fleet, chance, created)
    if is_off and chance.random() < ENABLED_LATER:
        at = created + chance.random() * (END - created)
        deeds.append(Deed(at, "enable", at > BEGIN and chance.random() < ENABLED_BY_US))
    deeds.sort(key=lambda deed: deed.at)
    states = [State(not is_off, is_up=True, works=not is_off)]
    for deed in deeds:
        states.append(states[-1].after(deed.what))
    events = imported(deeds, chance) if fleet.imports else ()
    sights, until = looks(fleet, deeds, states, BEGIN + timedelta(hours=chance.random()))
    return states[-1], History(sights, events, until)


def imported(deeds: Sequence[Deed], chance: random.Random) -> tuple[ServerEvent, ...]:
    """Return the events since the first listing; of an update they tell no values."""
    skew = chance.uniform(-1, 1) * CLOCK_ERROR
    return tuple(
        ServerEvent("", deed.at + skew, _KINDS[deed.what], Source.ACTIVITY_TRACKER)
        for deed in deeds
        if deed.at > BEGIN
    )


def looks(
    fleet: Fleet, deeds: Sequence[Deed], states: Sequence[State], first: datetime
) -> tuple[tuple[Observation, ...], datetime]:
    """Return what listings, and our own changes, have seen; and when that was last."""
    times = [first]
    while (at := times[-1] + timedelta(hours=fleet.hours)) < END:
        times.append(at)
    second = timedelta(seconds=1)
    times += [at for deed in deeds if deed.is_ours for at in (deed.at - second, deed.at + second)]
    sights: list[Observation] = []
    until, done = first, 0
    for at in sorted(times):
        while done < len(deeds) and deeds[done].at <= at:
            done += 1
        enabled, status = states[done].enabled, "running" if states[done].is_up else "stopped"
        if not sights or (sights[-1].enabled, sights[-1].status) != (enabled, status):
            sights.append(Observation("", at, enabled, status, until if sights else None))
        until = at
    return tuple(sights), until


def count(fleet: Fleet) -> Counter[str]:
    """Count the verdicts on instances that run with the service enabled in the end."""
    chance = random.Random(4)  # noqa: S311 - the same fleet each time
    counts: Counter[str] = Counter()
    for _ in range(INSTANCES):
        state, history = live(fleet, chance)
        if not (state.enabled and state.is_up):
            continue
        service = MetadataService(enabled=True)
        found = assess_restart(
            Instance(id="", region="us-south", status="running", metadata_service=service), history
        )
        counts["enabled"] += 1
        counts[found.verdict] += 1
        is_needed = not state.works
        counts["truly needed"] += is_needed
        if found.confidence is Confidence.PRESUMED and is_needed is not (
            found.verdict is Verdict.NEEDED
        ):
            counts[f"wrongly {found.verdict}"] += 1
    return counts


COLUMNS = (
    *("enabled", "truly needed", "needed", "wrongly needed"),
    *("not_needed", "wrongly not_needed", "unknown"),
)


def main() -> None:
    """Print a row for each fleet."""
    print("| listed | restarts | down for | events | " + " | ".join(COLUMNS) + " |")
    print("|" + " --- |" * (4 + len(COLUMNS)))
    for imports in (False, True):
        for hours in (1, 24):
            for days, minutes in ((30, 10), (30, 120), (7, 10)):
                counts = count(Fleet(hours, days, minutes, imports))
                told = "imported" if imports else "none"
                how = ("hourly" if hours == 1 else "daily", f"{days} days", f"{minutes} min", told)
                cells = [*how, *(str(counts[column]) for column in COLUMNS)]
                print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
