"""Faults on demand: what goes wrong, with which operation, how often.

A fault is written `OPERATION[@REGION]:FAULT[:HOW OFTEN]`.

OPERATION is an operation's id as IBM's SDK calls it (`list_instances`, `get_instance`,
`update_instance`, `create_token`, …), or `*` for all of them, or an IAM action
(`iam-identity.profile.get`, `is.instance.instance.update`, …) for all that need it: with 403 the
caller lacks that right. REGION narrows it to one region.

FAULT is one of

* an HTTP status: 400, 401, 403, 404, 409, 412, 429, 500, 502, 503, 504, in the envelope of the
  API concerned; nothing is done. `429-retry-after=3` and `503-retry-after=3` add that header, in
  seconds;
* `expired`: the request's token counts as expired (401); nothing is done;
* `html`: 200 with a page of HTML; `garbage`: 200 with bytes that are neither JSON nor UTF-8;
  `redirect`: 302 to a place that is not there; nothing is done;
* `reset`: the connection is reset: in the middle of the answer to a reading operation, before
  any answer to a changing one, which is not done;
* `lost`: the request is done, then the connection is reset without an answer;
* `truncate`: the request is done and the connection closed in the middle of the answer;
* `stall`: the request is done, half the answer is sent, then nothing more;
* `dribble`: the request is done and the answer sent a few bytes at a time.

HOW OFTEN is `always` (which it is when left out), `2%` of the matching requests at random by the
world's seed, `3` for the first three, `@5` for the fifth alone. Where several faults match a
request, the first one written wins.
"""

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from vpcmetactl.emulator.clock import Clock
from vpcmetactl.emulator.coverage import operations
from vpcmetactl.emulator.delivery import Damage
from vpcmetactl.emulator.frequency import ALWAYS, HowOften, Tally, parse_how_often
from vpcmetactl.emulator.permissions import ACTIONS, actions_of
from vpcmetactl.emulator.vpc.catalog import REGIONS

STATUSES = frozenset({400, 401, 403, 404, 409, 412, 429, 500, 502, 503, 504})


class Replacement(Enum):
    """What comes instead of an answer."""

    EXPIRED = "expired"
    HTML = "html"
    GARBAGE = "garbage"
    REDIRECT = "redirect"


@dataclass(frozen=True, slots=True)
class Status:
    """An error status instead of an answer."""

    code: int
    retry_after: int | None = None


Effect = Damage | Replacement | Status


def effect_name(effect: Effect) -> str:
    """Return an effect as it is written in a fault."""
    match effect:
        case Status(code, None):
            return str(code)
        case Status(code, retry_after):
            return f"{code}-retry-after={retry_after}"
        case Damage() | Replacement():
            return str(effect.value)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, with which operation, how often. `text` is how it was written."""

    text: str
    operation: str
    region: str | None
    effect: Effect
    how_often: HowOften = ALWAYS

    def concerns(self, operation: str, region: str | None) -> bool:
        """Tell whether a request of this operation and region counts for this fault."""
        named = {"*", operation, *actions_of(operation)}
        return self.operation in named and self.region in {None, region}


def parse_fault(text: str) -> Fault:
    """Read a fault; ValueError with a sentence that says what is wrong."""
    parts = text.split(":")
    if len(parts) not in {2, 3} or not all(parts):
        raise ValueError(f"fault {text!r} is not of the form OPERATION[@REGION]:FAULT[:HOW OFTEN]")
    operation, _, region = parts[0].partition("@")
    if operation not in (known := {"*", *operations(), *ACTIONS}):
        names = ", ".join(sorted(known))
        raise ValueError(f"fault {text!r} names no operation there is; there are {names}")
    if region and region not in REGIONS:
        raise ValueError(f"fault {text!r} names no region there is; there are {', '.join(REGIONS)}")
    how_often = parse_how_often(parts[2], f"fault {text!r}") if parts[2:] else ALWAYS
    return Fault(text, operation, region or None, _effect(parts[1], text), how_often)


def _effect(text: str, whole: str) -> Effect:
    if match := re.fullmatch(r"(\d{3})(?:-retry-after=(\d{1,5}))?", text, re.ASCII):
        code, retry_after = int(match[1]), match[2]
        if code in STATUSES and (retry_after is None or code in {429, 503}):
            return Status(code, None if retry_after is None else int(retry_after))
    for kind in (Damage, Replacement):
        if text in {effect.value for effect in kind}:
            return kind(text)
    names = [*map(str, sorted(STATUSES)), *(e.value for k in (Damage, Replacement) for e in k)]
    raise ValueError(
        f"fault {whole!r} has the unknown effect {text!r}; there are {', '.join(names)}, "
        "429-retry-after=SECONDS and 503-retry-after=SECONDS"
    )


class FaultPlan:
    """The faults in force, each with its own count and its own seeded dice."""

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self.faults: tuple[Fault, ...] = ()
        self.set(faults)

    def set(self, faults: Iterable[Fault]) -> None:
        """Replace all faults; counts and dice start anew."""
        with self._lock:
            self.faults = tuple(faults)
            self._tallies = [
                Tally(fault.how_often, f"{self._seed}/{fault.text}") for fault in self.faults
            ]

    def strike(self, operation: str, region: str | None) -> Effect | None:
        """Count a request and return what goes wrong with it, if anything."""
        with self._lock:
            struck = [
                fault.effect
                for fault, tally in zip(self.faults, self._tallies, strict=True)
                if fault.concerns(operation, region) and tally.strikes()
            ]
        return struck[0] if struck else None


BURST = 20


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests a second each region takes. `retry_after` adds that header, in seconds."""

    per_second: float
    burst: int = BURST
    retry_after: int | None = None


class TokenBuckets:
    """A bucket for each region: full at first, refilled by the emulator's clock."""

    def __init__(self, limit: RateLimit, clock: Clock) -> None:
        self.limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, region: str) -> bool:
        """Take one token; False if there is none."""
        with self._lock:
            now = self._clock.now().timestamp()
            level, at = self._levels.get(region, (float(self.limit.burst), now))
            level = min(self.limit.burst, level + (now - at) * self.limit.per_second)
            taken = level >= 1
            self._levels[region] = (level - taken, now)
        return taken


_RATE = re.compile(
    r"(\d+(?:\.\d+)?)(?:/s)?(?:,burst=(\d{1,5}))?(?:,retry-after=(\d{1,5}))?", re.ASCII
)


def parse_rate_limit(text: str) -> RateLimit:
    """Read `RATE/s[,burst=N][,retry-after=SECONDS]`; ValueError if it is not of this form."""
    match = _RATE.fullmatch(text.strip())
    if match is None or float(match[1]) <= 0:
        raise ValueError(f"{text!r} is not a rate such as 20/s or 20/s,burst=40,retry-after=2")
    burst = BURST if match[2] is None else int(match[2])
    return RateLimit(float(match[1]), burst, None if match[3] is None else int(match[3]))


def parse_latency(text: str) -> float:
    """Read `50ms`, `0.5s` or `2s` as seconds; ValueError if it is none of them."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", text.strip(), re.ASCII)
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as 50ms or 1.5s")
    return float(match[1]) / (1000 if match[2] == "ms" else 1)
