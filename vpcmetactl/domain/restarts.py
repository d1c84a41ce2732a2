"""Whether an instance needs a stop and start before its metadata service works.

The rule is the one of IBM's FAQ: enabling the service on an instance that was created with it
disabled needs one stop and start, once. IBM's release notes of 9 August 2022 say that this no
longer holds; the FAQ still says it. The API itself cannot tell (platform notes 2.1 and 2.4). So
a verdict is advice, and as good as its evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from vpcmetactl.domain.evidence import (
    NOTHING_KNOWN,
    EventKind,
    Evidence,
    History,
    Observation,
    ServerEvent,
)
from vpcmetactl.domain.grounds import find_enabling, find_settling, find_use_before, in_order
from vpcmetactl.domain.servers import BareMetalServer, Server, Support
from vpcmetactl.domain.stories import Standing
from vpcmetactl.domain.timelines import Story, retrace


class Verdict(StrEnum):
    """Whether a stop and start is outstanding."""

    NEEDED = "needed"
    NOT_NEEDED = "not_needed"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How much a verdict can be relied on.

    ``presumed`` takes for granted that nobody had enabled the service before it was first looked
    at, and that nothing was done and undone between two sights that no event tells of. A verdict
    ``needed`` is never more: the API does not tell when an instance was started last.
    """

    CERTAIN = "certain"
    PRESUMED = "presumed"


class Reason(StrEnum):
    """Why a verdict is what it is."""

    ENABLED_WHILE_RUNNING = "enabled_while_running"
    STOPPED_SINCE = "stopped_since"
    RESTARTED = "restarted"
    SERVICE_ANSWERED = "service_answered"
    ACKNOWLEDGED = "acknowledged"
    ENABLED_BEFORE = "enabled_before"
    ENABLED_AT_FIRST_SIGHT = "enabled_at_first_sight"
    ORDER_UNKNOWN = "order_unknown"
    SERVICE_DISABLED = "service_disabled"
    APPLIES_AT_NEXT_START = "applies_at_next_start"
    NOT_REPORTED = "not_reported"
    NO_RULE_FOR_BARE_METAL = "no_rule_for_bare_metal"
    UNSUPPORTED_ARCHITECTURE = "unsupported_architecture"
    RULE_OFF = "rule_off"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a reason means, and the cheapest way to settle it; ``None`` where nothing is open."""

    meaning: str
    remedy: str | None = None


_FIND_OUT = (
    "Import the Activity Tracker events of that time with restarts import-events FILE. Or run "
    "guest probe -o json in the server, and import its proof in the same way."
)

EXPLANATIONS = {
    Reason.ENABLED_WHILE_RUNNING: Explanation(
        "The service was disabled, then enabled while the instance ran, and no start is known "
        "since. IBM's FAQ asks for a stop and start then.",
        "Run guest probe -o json in the server. Where it answers, import the proof with restarts "
        "import-events; where it does not, restart the server with restarts run.",
    ),
    Reason.STOPPED_SINCE: Explanation("The instance came up with the service enabled."),
    Reason.RESTARTED: Explanation(
        "This program stopped and started the instance with the service enabled."
    ),
    Reason.SERVICE_ANSWERED: Explanation(
        "The service answered on this server, or gave it a token."
    ),
    Reason.ACKNOWLEDGED: Explanation("An operator said that no restart is outstanding."),
    Reason.ENABLED_BEFORE: Explanation(
        "The service was enabled when it was first known of, disabled later and enabled again; "
        "IBM's rule asks for one restart only, the first time."
    ),
    Reason.ENABLED_AT_FIRST_SIGHT: Explanation(
        "The service was enabled when the instance was first seen, and what is known of the time "
        "before does not tell whether the instance was created so.",
        _FIND_OUT,
    ),
    Reason.ORDER_UNKNOWN: Explanation(
        "The service was enabled and the instance came up at about the same time, in an order "
        "that nothing tells.",
        _FIND_OUT,
    ),
    Reason.SERVICE_DISABLED: Explanation(
        "The service is disabled: there is nothing to restart for."
    ),
    Reason.APPLIES_AT_NEXT_START: Explanation(
        "The instance does not run, and has to start anyway."
    ),
    Reason.NOT_REPORTED: Explanation(
        "The API did not report the metadata service of this server.",
        "Read the server again later with servers show.",
    ),
    Reason.NO_RULE_FOR_BARE_METAL: Explanation("IBM states no such rule for bare metal servers."),
    Reason.UNSUPPORTED_ARCHITECTURE: Explanation(
        "IBM does not support the service on this architecture."
    ),
    Reason.RULE_OFF: Explanation("The restart rule is turned off (--restart-rule none)."),
}


class RestartRule(StrEnum):
    """Which of IBM's two statements to go by."""

    FAQ = "faq"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RestartAssessment:
    """A verdict with its reason and evidence.

    ``since`` is when the service was seen or set enabled, in UTC, for the verdict ``needed``, and
    ``not_before`` when it was last known to be otherwise. ``confidence`` is ``None`` for
    ``unknown``. ``evidence`` is in order of time.
    """

    verdict: Verdict
    reason: Reason
    confidence: Confidence | None = None
    since: datetime | None = None
    not_before: datetime | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def remedy(self) -> str | None:
        """The cheapest way to settle it; ``None`` where nothing is open."""
        return EXPLANATIONS[self.reason].remedy


@dataclass(frozen=True, slots=True)
class AssessedServer:
    """A server together with its restart assessment."""

    server: Server
    restart: RestartAssessment


def assess_restart(
    server: Server, history: History = NOTHING_KNOWN, rule: RestartRule = RestartRule.FAQ
) -> RestartAssessment:
    """Judge one server by its present state and what is known of its past.

    ``history`` may or may not end with the present sight.
    """
    return _by_present_state(server, rule) or _by_history(server, history)


# One object for each verdict that needs no evidence: a fleet has thousands of them.
_BY_PRESENT_STATE = {
    reason: RestartAssessment(Verdict.NOT_NEEDED, reason, Confidence.CERTAIN)
    for reason in (
        Reason.RULE_OFF,
        Reason.UNSUPPORTED_ARCHITECTURE,
        Reason.SERVICE_DISABLED,
        Reason.APPLIES_AT_NEXT_START,
    )
}
# IBM says nothing of bare metal servers, which proves nothing.
_BARE_METAL = RestartAssessment(
    Verdict.NOT_NEEDED, Reason.NO_RULE_FOR_BARE_METAL, Confidence.PRESUMED
)
_NOT_REPORTED = RestartAssessment(Verdict.UNKNOWN, Reason.NOT_REPORTED)
# For servers of which nobody asks whether a restart is outstanding.
NOT_ASKED = _NOT_REPORTED
_NOTHING_KNOWN = RestartAssessment(Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT)


def _by_present_state(  # noqa: PLR0911 - one return for each case
    server: Server, rule: RestartRule
) -> RestartAssessment | None:
    if rule is RestartRule.NONE:
        return _BY_PRESENT_STATE[Reason.RULE_OFF]
    if isinstance(server, BareMetalServer):
        return _NOT_REPORTED if server.metadata.enabled is None else _BARE_METAL
    if server.support is Support.UNSUPPORTED_ARCHITECTURE:
        return _BY_PRESENT_STATE[Reason.UNSUPPORTED_ARCHITECTURE]
    enabled = server.metadata.enabled
    if enabled is None:
        return _NOT_REPORTED
    if not enabled:
        return _BY_PRESENT_STATE[Reason.SERVICE_DISABLED]
    if server.status in ("stopped", "stopping"):
        return _BY_PRESENT_STATE[Reason.APPLIES_AT_NEXT_START]
    return None


def _by_history(server: Server, history: History) -> RestartAssessment:
    if not history.events:
        return _by_sights(server, history)
    return _by_proof(history.events) or _judged(retrace(history, server.status), history.events)


_PROVING = frozenset({EventKind.ANSWERED, EventKind.RESTARTED})


class _Outline(NamedTuple):
    """A verdict whose evidence is told by the numbers of the sights."""

    judged: RestartAssessment
    shown: Sequence[int]
    enabled: int | None
    disabled: int | None


def _by_sights(server: Server, history: History) -> RestartAssessment:
    """Judge by sights alone: it is their order that counts, and few orders occur in a fleet."""
    sights = history.sights
    looks = tuple([(seen.enabled, seen.status) for seen in sights])
    judged, shown, enabled, disabled = _outline(looks, server.status)
    if not shown:
        return judged
    not_before = None
    if disabled is not None:
        after = disabled + 1
        until = sights[after].otherwise_until if after < len(sights) else history.seen_until
        not_before = until or sights[disabled].observed_at
    return RestartAssessment(
        judged.verdict,
        judged.reason,
        judged.confidence,
        since=None if enabled is None else sights[enabled].observed_at,
        not_before=not_before,
        evidence=tuple(dict.fromkeys(sights[number] for number in shown)),
    )


@lru_cache(maxsize=1 << 14)
def _outline(looks: Sequence[tuple[bool | None, str | None]], status: str | None) -> _Outline:
    times = [_ANY_DAY + timedelta(hours=number) for number in range(len(looks))]
    sights = [Observation("", at, *look) for at, look in zip(times, looks, strict=True)]
    judged = _judged(retrace(History(sights), status), ())
    shown = [number for number, seen in enumerate(sights) if seen in judged.evidence]
    enabled = None if judged.since is None else times.index(judged.since)
    disabled = None if judged.not_before is None else times.index(judged.not_before)
    return _Outline(judged, shown, enabled, disabled)


_ANY_DAY = datetime(2022, 8, 9, tzinfo=UTC)


def _by_proof(events: Sequence[ServerEvent]) -> RestartAssessment | None:
    if _PROVING.isdisjoint([event.kind for event in events]):
        return None
    proofs = [event for event in events if event.is_proof]
    if not proofs:
        return None
    proof = max(proofs, key=lambda event: (event.at, event.kind))
    is_answer = proof.kind is EventKind.ANSWERED
    reason = Reason.SERVICE_ANSWERED if is_answer else Reason.RESTARTED
    return RestartAssessment(Verdict.NOT_NEEDED, reason, Confidence.CERTAIN, evidence=(proof,))


def _judged(story: Story, events: Sequence[ServerEvent]) -> RestartAssessment:
    match story.standing:
        case Standing.UNTOLD:
            return _NOTHING_KNOWN
        case Standing.ENABLED_BEFORE:
            evidence = find_use_before(story.moments, events)
            return _presumed_not_needed(Reason.ENABLED_BEFORE, evidence)
        case Standing.OUTSTANDING:
            return _needed(story, events)
        case Standing.SETTLED:
            settling = find_settling(story.moments, events)
            is_said = isinstance(settling, ServerEvent) and settling.kind is EventKind.ACKNOWLEDGED
            reason = Reason.ACKNOWLEDGED if is_said else Reason.STOPPED_SINCE
            shown = find_enabling(story.moments, events).shown
            return _presumed_not_needed(reason, in_order([*shown, settling]))
        case Standing.ORDER_UNKNOWN:
            shown = find_enabling(story.moments, events).shown
            looks = [moment.shown for moment in story.moments[-2:]]
            evidence = in_order([*shown, find_settling(story.moments, events), *looks])
            return RestartAssessment(Verdict.UNKNOWN, Reason.ORDER_UNKNOWN, evidence=evidence)


def _needed(story: Story, events: Sequence[ServerEvent]) -> RestartAssessment:
    enabling = find_enabling(story.moments, events)
    return RestartAssessment(
        Verdict.NEEDED,
        Reason.ENABLED_WHILE_RUNNING,
        Confidence.PRESUMED,
        since=enabling.since,
        not_before=enabling.not_before,
        evidence=enabling.shown,
    )


def _presumed_not_needed(reason: Reason, evidence: tuple[Evidence, ...]) -> RestartAssessment:
    return RestartAssessment(Verdict.NOT_NEEDED, reason, Confidence.PRESUMED, evidence=evidence)
