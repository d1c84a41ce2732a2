"""Words about restart verdicts and what they rest on."""

from collections.abc import Sequence
from datetime import datetime

from vpcmetactl.domain.evidence import Source
from vpcmetactl.domain.restarts import EXPLANATIONS, Reason, Verdict
from vpcmetactl.render.documents import Line, Style
from vpcmetactl.render.items.servers import Evidence, Restart, Shows
from vpcmetactl.render.views.words import UNREPORTED, age_words, moment, on_off

# As much evidence as one line has room for, and as one looks through on a page.
_IN_A_LINE = 3
_ON_A_PAGE = 20

_HAPPENED = {
    Shows.UPDATED: "something was changed",
    Shows.ENABLED: "service enabled",
    Shows.DISABLED: "service disabled",
    Shows.STOPPED: "stopped",
    Shows.STARTED: "started",
    Shows.RESTARTED: "stopped and started",
    Shows.ANSWERED: "the service answered",
    Shows.ACKNOWLEDGED: "said to need no restart",
}
_PROBED = "a probe in the server got an answer"
_SOURCES = {
    Source.OBSERVATION: "Seen",
    Source.OWN_RUN: "Own run",
    Source.ACTIVITY_TRACKER: "Activity Tracker",
    Source.GUEST_PROBE: "Guest probe",
    Source.OPERATOR: "Operator",
}


def reason_words(reason: Reason) -> str:
    """Return a reason without its underscores."""
    return reason.value.replace("_", " ")


def verdict_style(verdict: Verdict) -> Style | None:
    """Return how a verdict stands out."""
    if verdict is Verdict.UNKNOWN:
        return None
    return Style.ATTENTION if verdict is Verdict.NEEDED else Style.FAINT


def since_words(restart: Restart, now: datetime) -> str:
    """Return the day since which a restart is outstanding, and its age."""
    if restart.since is None:
        return UNREPORTED
    return f"{moment(restart.since)[:10]} ({age_words(restart.since, now)})"


def evidence_words(evidence: Sequence[Evidence]) -> str:
    """Return in one line what was seen or happened when, and who says so: the last of it."""
    told = [f"{moment(known.at)} {_what(known)}{_by(known)}" for known in evidence[-_IN_A_LINE:]]
    earlier = len(evidence) - len(told)
    return "; ".join([f"{earlier} earlier", *told] if earlier else told) or UNREPORTED


def restart_lines(restart: Restart) -> Sequence[Line]:
    """Return what there is to tell of a verdict: what it rests on, and how to settle it."""
    verdict = restart.verdict.value.replace("_", " ")
    if restart.confidence is not None:
        verdict += f" ({restart.confidence})"
    style = Style.ATTENTION if restart.verdict is Verdict.NEEDED else None
    lines = [
        *_evidence_lines(restart.evidence),
        Line(verdict, label="Verdict", style=style),
        Line(EXPLANATIONS[restart.reason].meaning, label="Because"),
    ]
    if restart.since is not None:
        lines.append(Line(_interval(restart.since, restart.not_before), label="Since"))
    if restart.remedy is not None:
        lines.append(Line(restart.remedy, label="To settle it"))
    return lines


def _evidence_lines(evidence: Sequence[Evidence]) -> Sequence[Line]:
    shown = evidence[-_ON_A_PAGE:]
    lines = [Line(_told(known), label=_SOURCES[known.source]) for known in shown]
    earlier = len(evidence) - len(shown)
    if earlier:
        lines.insert(0, Line(f"{earlier} more, in --output json", label="Earlier"))
    return lines


def _told(known: Evidence) -> str:
    text = f"{moment(known.at)}  {_what(known)}"
    if known.not_before is not None:
        text += f" (otherwise until {moment(known.not_before)})"
    return f"{text}: {known.note}" if known.note else text


def _what(known: Evidence) -> str:
    if known.source is Source.GUEST_PROBE:
        return _PROBED
    if known.shows is not Shows.SEEN:
        return _HAPPENED[known.shows]
    service = "not reported" if known.enabled is None else on_off(known.enabled)
    return f"service {service}, {known.status or 'status not reported'}"


def _by(known: Evidence) -> str:
    if known.source is Source.GUEST_PROBE:
        return f" {known.note}" if known.note else ""
    return "" if known.shows is Shows.SEEN else f" ({_SOURCES[known.source]})"


def _interval(since: datetime, not_before: datetime | None) -> str:
    if not_before is None or not_before == since:
        return moment(since)
    return f"{moment(since)}, and not before {moment(not_before)}"
