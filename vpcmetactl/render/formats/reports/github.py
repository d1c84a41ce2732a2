"""Workflow commands of GitHub Actions: annotations of a run.

GitHub shows ten of each level for a step, and says nothing of the rest; so the tenth here says how
many there are. Nothing else is written: whatever else a line held, the runner might take it for a
command.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from vpcmetactl.domain.policy import Severity, UnknownMeans
from vpcmetactl.render.formats.reports.gathering import (
    Report,
    by_severity,
    left_out,
    place_words,
    totals,
    unread_words,
)
from vpcmetactl.render.items.audits import Finding
from vpcmetactl.render.text import printable
from vpcmetactl.render.views.words import counted

MOST_SHOWN = 10

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}
_UNKNOWN_LEVELS = {
    UnknownMeans.PASS: "notice",
    UnknownMeans.WARN: "warning",
    UnknownMeans.FAIL: "error",
}


class _Annotation(NamedTuple):
    level: str
    title: str
    message: str
    file: str | None = None

    @property
    def text(self) -> str:
        """The command, on a line."""
        properties = {"file": self.file, "line": "1" if self.file else None, "title": self.title}
        said = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
        return f"::{self.level} {said}::{_data(self.message)}\n"


def github_text(report: Report) -> str:
    """Return the report as workflow commands, errors first."""
    levels: Mapping[str, list[_Annotation]] = {"error": [], "warning": [], "notice": []}
    for annotation in _annotations(report):
        levels[annotation.level].append(annotation)
    return "".join(one.text for level in levels.values() for one in _bounded(level))


def _bounded(annotations: Sequence[_Annotation]) -> Iterator[_Annotation]:
    if len(annotations) <= MOST_SHOWN:
        yield from annotations
        return
    shown = MOST_SHOWN - 1
    yield from annotations[:shown]
    level, more = annotations[0].level, len(annotations) - shown
    yield _Annotation(
        level,
        f"{more} more",
        f"{more} more of level {level} are not shown: GitHub shows {MOST_SHOWN} for a step. "
        "The other outputs have all findings.",
    )


def _annotations(report: Report) -> Iterator[_Annotation]:
    yield _Annotation("notice", "vpcmetactl audit", _summary(report))
    for unread in report.scope.incomplete:
        yield _Annotation("error", "Incomplete", unread_words(unread))
    yield from _unjudged(report)
    yield from map(_of_finding, report.open_findings)


def _summary(report: Report) -> str:
    parts = [totals(report)]
    if severities := by_severity(report.open_findings):
        parts.append(severities)
    if hidden := left_out(report):
        parts.append(f"{counted(hidden, 'finding')} left out by --limit")
    return "; ".join(parts)


def _unjudged(report: Report) -> Iterator[_Annotation]:
    means = report.policy.unknown if report.policy is not None else UnknownMeans.WARN
    for check_id, counts in report.counts.items():
        if counts.unknown:
            yield _Annotation(
                _UNKNOWN_LEVELS[means],
                f"{check_id} not judged",
                f"{counted(counts.unknown, 'server')} could not be judged, "
                "because something that is needed for it is not known",
            )


def _of_finding(finding: Finding) -> _Annotation:
    check = finding.check
    lines = [f"{place_words(finding)}: {finding.message}", check.title]
    mending = finding.command or finding.terraform
    lines += [mending] if mending else [finding.remedy]
    lines.append(f"Fingerprint: {finding.fingerprint}")
    return _Annotation(
        _LEVELS[check.severity],
        f"{check.id} ({check.severity}{f', {finding.since}' if finding.since else ''})",
        "\n".join(map(printable, lines)),
        finding.place.file if finding.place is not None else None,
    )


def _data(text: str) -> str:
    lines = map(printable, text.split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")
