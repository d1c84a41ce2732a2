"""The findings of an audit, gravest first, and what to do about each check that failed."""

from collections import Counter
from collections.abc import Sequence

from vpcmetactl.domain import audit
from vpcmetactl.domain.audit import AuditReport
from vpcmetactl.domain.policy import Severity
from vpcmetactl.render.documents import Column, Document, Fit, Group, Line, Trailer, View
from vpcmetactl.render.items.audits import (
    BySeverity,
    CheckCounts,
    Finding,
    FindingsSummary,
    finding_item,
)
from vpcmetactl.render.views.words import counted, listed, server_sort_key, severity_style

COLUMNS = (
    Column[Finding](
        key="check.severity",
        title="SEVERITY",
        text=lambda finding: finding.check.severity.value,
        style=lambda finding: severity_style(finding.check.severity),
    ),
    Column[Finding](key="check.id", title="CHECK", text=lambda finding: finding.check.id),
    Column[Finding](
        key="server.name",
        title="SERVER",
        text=lambda finding: finding.server.label,
        fit=Fit.SHORTEN,
        least=20,
    ),
    Column[Finding](
        key="server.region", title="REGION", text=lambda finding: finding.server.region
    ),
    Column[Finding](
        key="message",
        title="FINDING",
        text=lambda finding: finding.message,
        fit=Fit.WRAP,
        least=24,
    ),
    Column[Finding](
        key="server.id", title="ID", text=lambda finding: finding.server.id, wide_only=True
    ),
    Column[Finding](
        key="command", title="COMMAND", text=lambda finding: finding.command, wide_only=True
    ),
    Column[Finding](
        key="source", title="SOURCE", text=lambda finding: finding.source, wide_only=True
    ),
)


def _sort_key(finding: Finding) -> tuple[object, ...]:
    return (-finding.check.severity.rank, finding.check.id, server_sort_key(finding.server))


def _summarize(findings: Sequence[Finding], trailer: Trailer) -> FindingsSummary:
    report = trailer.whole if isinstance(trailer.whole, AuditReport) else AuditReport((), {}, 0)
    severities = Counter(finding.check.severity for finding in findings)
    return FindingsSummary(
        total=len(findings),
        servers=report.servers,
        servers_with_findings=len({finding.server.id for finding in findings}),
        by_severity=BySeverity(
            critical=severities[Severity.CRITICAL],
            high=severities[Severity.HIGH],
            medium=severities[Severity.MEDIUM],
            low=severities[Severity.LOW],
            info=severities[Severity.INFO],
        ),
        checks=tuple(
            CheckCounts(
                id=check_id,
                failed=counts.failed,
                passed=counts.passed,
                unknown=counts.unknown,
                not_applicable=counts.not_applicable,
            )
            for check_id, counts in report.counts.items()
        ),
    )


def _remarks(document: Document[Finding]) -> Sequence[Group]:
    summary: FindingsSummary = document.summary
    # One finding of each check tells its remedy; all items of a check share it.
    failed = {finding.check.id: finding for finding in reversed(document.items)}
    counts_of = {counts.id: counts for counts in summary.checks}
    groups = [
        _check_group(finding, counts_of[check_id])
        for check_id, finding in sorted(failed.items(), key=lambda pair: _sort_key(pair[1]))
        if check_id in counts_of
    ]
    others = [
        Line(_counts(counts), label=counts.id)
        for counts in summary.checks
        if counts.id not in failed
    ]
    if others:
        groups.append(Group(others))
    return [*groups, Group([Line(_totals(summary))])]


def _check_group(finding: Finding, counts: CheckCounts) -> Group:
    check = finding.check
    return Group(
        [
            Line(_counts(counts), label="Servers"),
            Line(finding.remedy, label="Remedy"),
            Line(_command_for_any(finding), label="Command", keep=True),
            Line(finding.source, label="Source"),
        ],
        title=f"{check.id} ({check.severity}): {check.title}",
        style=severity_style(check.severity),
    )


def _command_for_any(finding: Finding) -> str:
    """Return the command without the server that it was made for."""
    server = finding.server
    return finding.command.replace(server.crn or server.id, "SERVER")


def _counts(counts: CheckCounts) -> str:
    return (
        listed(
            [
                (counts.failed, "failed"),
                (counts.passed, "passed"),
                (counts.unknown, "unknown (not reported)"),
                (counts.not_applicable, "not applicable"),
            ]
        )
        or "no servers"
    )


def _totals(summary: FindingsSummary) -> str:
    judged = f"{counted(summary.servers, 'server')} judged"
    if not summary.total:
        return f"{judged}: no findings."
    by = summary.by_severity
    severities = listed(
        [
            (by.critical, "critical"),
            (by.high, "high"),
            (by.medium, "medium"),
            (by.low, "low"),
            (by.info, "info"),
        ]
    )
    return (
        f"{judged}: {counted(summary.total, 'finding')} "
        f"on {counted(summary.servers_with_findings, 'server')} ({severities})."
    )


FINDINGS = View[audit.Finding, Finding](
    kind="findings",
    to_item=finding_item,
    sort_key=_sort_key,
    identity=lambda finding: finding.server.id,
    columns=COLUMNS,
    summarize=_summarize,
    remarks=_remarks,
)
