"""Whether an instance needs a stop and start before its metadata service works.

The rule is the one of IBM's FAQ: enabling the service on an instance that was created with it
disabled needs one stop and start, once. IBM's release notes of 9 August 2022 say that this no
longer holds; the FAQ still says it. The API itself cannot tell (platform notes 2.1 and 2.4). So
a verdict is advice, and as good as its evidence.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vpcmetactl.domain.evidence import NOTHING_KNOWN, EventKind, Evidence, History, Source
from vpcmetactl.domain.servers import BareMetalServer, Server, Support
from vpcmetactl.domain.timelines import Settled, retrace


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


EXPLANATIONS = {
    Reason.ENABLED_WHILE_RUNNING: Explanation(
        "The service was disabled, then enabled while the instance ran, "
        "and no stop is known since.",
        "Ask the service from inside the server; where it does not answer, restart the server with "
        "restarts run.",
    ),
    Reason.STOPPED_SINCE: Explanation("The instance was down after the service was enabled."),
    Reason.RESTARTED: Explanation(
        "This program stopped and started the instance with the service enabled."
    ),
    Reason.SERVICE_ANSWERED: Explanation(
        "The service answered on this server, or gave it a token."
    ),
    Reason.ACKNOWLEDGED: Explanation("An operator said that it was restarted."),
    Reason.ENABLED_BEFORE: Explanation(
        "The service had been enabled earlier; even IBM's rule asks for one restart only, "
        "the first time."
    ),
    Reason.ENABLED_AT_FIRST_SIGHT: Explanation(
        "The service was already enabled when the instance was first seen; "
        "nothing is known of the time before.",
        "Import the Activity Tracker events of the time before with restarts import-events; "
        "or ask the service from inside the server and say restarts ack where it answers.",
    ),
    Reason.ORDER_UNKNOWN: Explanation(
        "The service was enabled and the instance stopped or started between two sights, "
        "in an order that nobody saw.",
        "Import the Activity Tracker events of that time with restarts import-events; "
        "or ask the service from inside the server and say restarts ack where it answers.",
    ),
    Reason.SERVICE_DISABLED: Explanation("The service is disabled."),
    Reason.APPLIES_AT_NEXT_START: Explanation(
        "The instance does not run; it has the service once it starts."
    ),
    Reason.NOT_REPORTED: Explanation(
        "The API did not report the metadata service of this server.",
        "Read the server again later.",
    ),
    Reason.NO_RULE_FOR_BARE_METAL: Explanation("IBM states no such rule for bare metal servers."),
    Reason.UNSUPPORTED_ARCHITECTURE: Explanation(
        "IBM does not support the service on this architecture."
    ),
    Reason.RULE_OFF: Explanation('The restart rule is turned off (restart_rule = "none").'),
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
_NOTHING_KNOWN = RestartAssessment(Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT)


def _by_present_state(  # noqa: PLR0911 - one return for each case
    server: Server, rule: RestartRule
) -> RestartAssessment | None:
    if rule is RestartRule.NONE:
        return _BY_PRESENT_STATE[Reason.RULE_OFF]
    if isinstance(server, BareMetalServer):
        return _BARE_METAL
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
    proof = next((event for event in reversed(history.events) if event.is_proof), None)
    if proof is not None:
        answered = proof.kind is EventKind.ANSWERED
        reason = Reason.SERVICE_ANSWERED if answered else Reason.RESTARTED
        return RestartAssessment(Verdict.NOT_NEEDED, reason, Confidence.CERTAIN, evidence=(proof,))
    if not history.events and all(seen.enabled is not False for seen in history.sights):
        return _NOTHING_KNOWN
    story = retrace(history, server.status)
    match story.settled:
        case Settled.NO:
            return RestartAssessment(
                Verdict.NEEDED,
                Reason.ENABLED_WHILE_RUNNING,
                Confidence.PRESUMED,
                since=story.enabled_at,
                not_before=story.enabled_not_before,
                evidence=story.evidence,
            )
        case Settled.YES:
            reason = _settling_reason(story.settled_by, enabled_before=story.enabled_before)
            return RestartAssessment(
                Verdict.NOT_NEEDED, reason, Confidence.PRESUMED, evidence=story.evidence
            )
        case Settled.CANNOT_TELL if story.is_order_unknown:
            return RestartAssessment(Verdict.UNKNOWN, Reason.ORDER_UNKNOWN, evidence=story.evidence)
        case Settled.CANNOT_TELL:
            return RestartAssessment(
                Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT, evidence=story.evidence
            )


def _settling_reason(settled_by: Evidence | None, *, enabled_before: bool) -> Reason:
    if enabled_before:
        return Reason.ENABLED_BEFORE
    if getattr(settled_by, "source", None) is Source.OPERATOR:
        return Reason.ACKNOWLEDGED
    return Reason.STOPPED_SINCE
