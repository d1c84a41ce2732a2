"""Metrics in Prometheus's text format, for the textfile collector of its node exporter.

The collector wants whole files without timestamps: the time of the audit is a metric. Names and
labels of metrics are stable.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from vpcmetactl import __version__
from vpcmetactl.domain.policy import Severity
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.render.documents import Unread
from vpcmetactl.render.formats.reports.gathering import Report
from vpcmetactl.render.text import printable

Labels = tuple[tuple[str, str], ...]

_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Metric:
    """A gauge, by the end of its name; ``read`` takes its samples from a report."""

    end: str
    meaning: str
    labels: tuple[str, ...]
    read: Callable[[Report], Mapping[Labels, float]]

    @property
    def name(self) -> str:
        """The whole name."""
        return f"vpcmetactl_{self.end}"

    def lines(self, report: Report) -> Iterator[str]:
        """Give its lines; a metric without samples has none."""
        samples = self.read(report)
        if samples:
            yield f"# HELP {self.name} {self.meaning}\n"
            yield f"# TYPE {self.name} gauge\n"
        for labels, value in samples.items():
            said = ",".join(f'{key}="{_label(text)}"' for key, text in labels)
            yield f"{self.name}{{{said}}} {value:.15g}\n" if said else f"{self.name} {value:.15g}\n"


def prometheus_text(report: Report) -> str:
    """Return the report as metrics, all of them gauges."""
    return "".join(line for metric in METRICS for line in metric.lines(report))


def _scans(report: Report) -> Mapping[Labels, float]:
    scope = report.scope
    # Trusted profiles and templates are no servers; audit_complete tells of them.
    incomplete = [unread for unread in scope.incomplete if unread.content == "servers"]
    read: dict[Labels, float] = {
        (("region", region), ("kind", kind.value)): float(
            not any(_concerns(unread, region, kind) for unread in incomplete)
        )
        for region in scope.regions
        for kind in ServerKind
    }
    # Which region it is in may not be known.
    missing: dict[Labels, float] = {
        (("region", unread.region or _UNKNOWN), ("kind", kind.value)): 0.0
        for unread in incomplete
        for kind in ([unread.kind] if unread.kind is not None else ServerKind)
    }
    return read | missing


def _concerns(unread: Unread, region: str, kind: ServerKind) -> bool:
    return unread.region == region and unread.kind in (None, kind)


def _servers(report: Report) -> Mapping[Labels, float]:
    counts: Counter[Labels] = Counter()
    for shape, count in report.shapes.items():
        enabled = _UNKNOWN if shape.enabled is None else str(shape.enabled).lower()
        labels = (
            ("region", shape.region or _UNKNOWN),
            ("kind", shape.kind.value),
            ("origin", shape.origin.value),
            ("enabled", enabled),
            ("protocol", shape.protocol or _UNKNOWN),
        )
        counts[labels] += count
    return dict(sorted(counts.items()))


def _findings(report: Report) -> Mapping[Labels, float]:
    """Count findings; every check of the policy has a sample at least, so that none goes stale."""
    counts: Counter[Labels] = Counter()
    for check in report.checks:
        if check.id in report.counts:
            counts[_finding_labels(check.id, check.severity, is_waived=False)] = 0
    for kept, count in report.tally.items():
        counts[_finding_labels(kept.check_id, kept.severity, is_waived=kept.is_waived)] += count
    return dict(sorted(counts.items()))


def _finding_labels(check_id: str, severity: Severity, *, is_waived: bool) -> Labels:
    return (
        ("check", check_id),
        ("severity", severity.value),
        ("waived", str(is_waived).lower()),
    )


def _results(report: Report) -> Mapping[Labels, float]:
    return {
        (("check", check_id), ("result", result)): float(count)
        for check_id, counts in report.counts.items()
        for result, count in (
            ("pass", counts.passed),
            ("fail", counts.failed),
            ("unknown", counts.unknown),
            ("not_applicable", counts.not_applicable),
            ("waived", counts.waived),
        )
    }


def _label(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')


METRICS = (
    Metric(
        "build_info",
        "The version of vpcmetactl, as a label of the number 1.",
        ("version",),
        lambda _: {(("version", __version__),): 1},
    ),
    Metric(
        "audit_timestamp_seconds",
        "When the audit ended, in seconds since 1970.",
        (),
        lambda report: {(): int(report.generated_at.timestamp())},
    ),
    Metric(
        "audit_exit_code",
        "The exit code of the audit.",
        (),
        lambda report: {(): report.exit_code},
    ),
    Metric(
        "audit_complete",
        "Whether everything that was asked for could be read: 1 or 0.",
        (),
        lambda report: {(): int(report.is_complete)},
    ),
    Metric(
        "audit_scan_success",
        "Whether the servers of a kind in a region could be read: 1 or 0.",
        ("region", "kind"),
        _scans,
    ),
    Metric(
        "audit_servers",
        "Servers that were judged.",
        ("region", "kind", "origin", "enabled", "protocol"),
        _servers,
    ),
    Metric(
        "audit_findings",
        "Findings, by whether they are waived.",
        ("check", "severity", "waived"),
        _findings,
    ),
    Metric(
        "audit_check_servers",
        "What each check made of the servers, or of waivers: "
        "pass, fail, unknown, not_applicable or waived.",
        ("check", "result"),
        _results,
    ),
)
