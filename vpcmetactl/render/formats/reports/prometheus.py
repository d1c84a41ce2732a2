"""Metrics in Prometheus's text format, for the textfile collector of its node exporter.

The collector wants whole files without timestamps: the time of the audit is a metric. Names and
labels of metrics are stable.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
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
class _Metric:
    name: str
    meaning: str
    samples: Mapping[Labels, float]

    def lines(self) -> Iterator[str]:
        """Give its lines; a metric without samples has none."""
        if self.samples:
            name = f"vpcmetactl_{self.name}"
            yield f"# HELP {name} {self.meaning}\n"
            yield f"# TYPE {name} gauge\n"
            for labels, value in self.samples.items():
                said = ",".join(f'{key}="{_label(text)}"' for key, text in labels)
                yield f"{name}{{{said}}} {value:.15g}\n" if said else f"{name} {value:.15g}\n"


def prometheus_text(report: Report) -> str:
    """Return the report as metrics, all of them gauges."""
    return "".join(line for metric in _metrics(report) for line in metric.lines())


def _metrics(report: Report) -> Iterator[_Metric]:
    yield _Metric("build_info", "The version of vpcmetactl.", {(("version", __version__),): 1})
    yield _Metric(
        "audit_timestamp_seconds",
        "When the audit ended, in seconds since 1970.",
        {(): int(report.generated_at.timestamp())},
    )
    yield _Metric("audit_exit_code", "The exit code of the audit.", {(): report.exit_code})
    yield _Metric(
        "audit_complete",
        "Whether everything that was asked for could be read.",
        {(): int(report.is_complete)},
    )
    yield _Metric(
        "audit_scan_success",
        "Whether the servers of a kind in a region could be read.",
        _scans(report),
    )
    yield _Metric("audit_servers", "Servers that were judged.", _servers(report))
    yield _Metric("audit_findings", "Findings, by whether they are waived.", _findings(report))
    yield _Metric(
        "audit_check_servers", "What each check made of the servers, or waivers.", _results(report)
    )


def _scans(report: Report) -> Mapping[Labels, float]:
    scope = report.scope
    read: dict[Labels, float] = {
        (("region", region), ("kind", kind.value)): float(
            not any(_concerns(unread, region, kind) for unread in scope.incomplete)
        )
        for region in scope.regions
        for kind in ServerKind
    }
    # What is missing may be in no region, such as the trusted profiles of an account.
    missing: dict[Labels, float] = {
        (("region", unread.region or _UNKNOWN), ("kind", kind.value)): 0.0
        for unread in scope.incomplete
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
