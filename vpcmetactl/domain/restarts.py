"""Whether an instance needs a stop and start before its metadata service works.

The rule is the one of IBM's FAQ: enabling the service on an instance that was created with it
disabled needs one stop and start, once. IBM's release notes of 9 August 2022 say that this no
longer holds; the FAQ still says it. The API itself cannot tell (platform notes 2.1 and 2.4). So
a verdict is advice, and as good as its evidence: what we saw of the server, in order of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vpcmetactl.domain.servers import BareMetalServer, Server, Support


class Verdict(StrEnum):
    """Whether a stop and start is outstanding."""

    NEEDED = "needed"
    NOT_NEEDED = "not_needed"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How much a verdict can be relied on."""

    CERTAIN = "certain"
    PRESUMED = "presumed"


class Reason(StrEnum):
    """Why a verdict is what it is."""

    ENABLED_WHILE_RUNNING = "enabled_while_running"
    STOPPED_SINCE = "stopped_since"
    ENABLED_BEFORE = "enabled_before"
    ENABLED_AT_FIRST_SIGHT = "enabled_at_first_sight"
    ORDER_UNKNOWN = "order_unknown"
    SERVICE_DISABLED = "service_disabled"
    APPLIES_AT_NEXT_START = "applies_at_next_start"
    NOT_REPORTED = "not_reported"
    NO_RULE_FOR_BARE_METAL = "no_rule_for_bare_metal"
    UNSUPPORTED_ARCHITECTURE = "unsupported_architecture"
    RULE_OFF = "rule_off"


MEANINGS = {
    Reason.ENABLED_WHILE_RUNNING: (
        "The service was seen disabled, then enabled while the instance ran, "
        "and no stop was seen since."
    ),
    Reason.STOPPED_SINCE: "The instance was seen down after the service was enabled.",
    Reason.ENABLED_BEFORE: (
        "The service had been enabled earlier; even IBM's rule asks for one restart only, "
        "the first time."
    ),
    Reason.ENABLED_AT_FIRST_SIGHT: (
        "The service was already enabled when the instance was first seen; "
        "nothing is known of the time before."
    ),
    Reason.ORDER_UNKNOWN: (
        "The service was enabled and the instance stopped or started between two sights, "
        "in an order that nobody saw."
    ),
    Reason.SERVICE_DISABLED: "The service is disabled.",
    Reason.APPLIES_AT_NEXT_START: "The instance does not run; it has the service once it starts.",
    Reason.NOT_REPORTED: "The API did not report the metadata service of this server.",
    Reason.NO_RULE_FOR_BARE_METAL: "IBM states no such rule for bare metal servers.",
    Reason.UNSUPPORTED_ARCHITECTURE: "IBM does not support the service on this architecture.",
    Reason.RULE_OFF: 'The restart rule is turned off (restart_rule = "none").',
}


class RestartRule(StrEnum):
    """Which of IBM's two statements to go by."""

    FAQ = "faq"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of a server at a moment; only what differs from the last sight is kept."""

    server_id: str
    observed_at: datetime
    enabled: bool | None
    status: str | None


@dataclass(frozen=True, slots=True)
class RestartAssessment:
    """A verdict with its reason and evidence.

    ``since`` is when the service was seen or set enabled, in UTC, for the verdict ``needed``.
    ``confidence`` is ``None`` for ``unknown``.
    """

    verdict: Verdict
    reason: Reason
    confidence: Confidence | None = None
    since: datetime | None = None
    evidence: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True)
class AssessedServer:
    """A server together with its restart assessment."""

    server: Server
    restart: RestartAssessment


# Statuses in which the instance does not run, or has been stopped to get where it is.
_DOWN = frozenset({"stopped", "stopping", "starting"})


def assess_restart(
    server: Server,
    history: Sequence[Observation] = (),
    rule: RestartRule = RestartRule.FAQ,
) -> RestartAssessment:
    """Judge one server by its present state and what was seen of it before.

    ``history`` is in order of time and may or may not end with the present sight.
    """
    settled = _without_history(server, rule)
    if settled is not None:
        return settled
    return _from_history(server, history)


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


def _without_history(  # noqa: PLR0911 - one return for each case
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


def _from_history(server: Server, history: Sequence[Observation]) -> RestartAssessment:
    sights = _steps([seen for seen in history if seen.enabled is not None])
    off = next((i for i, seen in enumerate(sights) if not seen.enabled), None)
    if off is None:
        return _NOTHING_KNOWN
    if off > 0:
        return RestartAssessment(
            Verdict.NOT_NEEDED,
            Reason.ENABLED_BEFORE,
            Confidence.PRESUMED,
            evidence=(sights[0], sights[off]),
        )
    on = next((i for i, seen in enumerate(sights) if seen.enabled), len(sights))
    return _first_enabled(server, sights, on)


def _first_enabled(server: Server, sights: Sequence[Observation], on: int) -> RestartAssessment:
    """Judge what came of the step from the last sight with the service off to the first with it on.

    ``on`` is that first sight; there is none where only the present shows the service on. A stop
    counts while the service is on. Turning it off and on again settles nothing by itself; a stop
    that falls into such a gap proves no order.
    """
    evidence = sights[on - 1 : on + 1]
    states = [(bool(seen.enabled), seen.status) for seen in sights]
    if states[-1] != (True, server.status):
        states.append((True, server.status))
    settled = next((i for i in range(on, len(states)) if _is_down_while_on(states, i)), None)
    if settled is not None:
        return _stopped_since(*evidence, *sights[max(settled, on + 1) : settled + 1])
    gap = next((seen for seen in sights[on + 1 :] if seen.status in _DOWN), None)
    if gap is not None:
        return _order_unknown(*evidence, gap)
    if states[on - 1][1] in _DOWN or states[on][1] in _DOWN:
        return _order_unknown(*evidence)
    return RestartAssessment(
        Verdict.NEEDED,
        Reason.ENABLED_WHILE_RUNNING,
        Confidence.PRESUMED,
        since=sights[on].observed_at if on < len(sights) else None,
        evidence=tuple(evidence),
    )


def _is_down_while_on(states: Sequence[tuple[bool, str | None]], i: int) -> bool:
    """Whether a start follows this moment, or began just before it, with the service on.

    Where the service is first seen on while the instance starts, it may have been enabled before
    the start or during it.
    """
    enabled, status = states[i]
    if status == "starting":
        return enabled and states[i - 1][0]
    return enabled and status in ("stopped", "stopping")


def _steps(sights: Sequence[Observation]) -> Sequence[Observation]:
    """Leave out what shows the same as the sight before it."""
    return [
        seen
        for i, seen in enumerate(sights)
        if i == 0 or (seen.enabled, seen.status) != (sights[i - 1].enabled, sights[i - 1].status)
    ]


def _stopped_since(*evidence: Observation) -> RestartAssessment:
    return RestartAssessment(
        Verdict.NOT_NEEDED, Reason.STOPPED_SINCE, Confidence.PRESUMED, evidence=evidence
    )


def _order_unknown(*evidence: Observation) -> RestartAssessment:
    return RestartAssessment(Verdict.UNKNOWN, Reason.ORDER_UNKNOWN, evidence=evidence)
