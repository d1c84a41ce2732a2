"""The findings of an audit, gravest first, and what to do about each check that failed."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from vpcmetactl.domain import findings
from vpcmetactl.domain.audit import AuditReport
from vpcmetactl.domain.findings import Since
from vpcmetactl.domain.policy import Severity
from vpcmetactl.render.documents import Column, Document, Fit, Group, Line, Trailer, View
from vpcmetactl.render.items.audits import (
    BySeverity,
    CheckCounts,
    Finding,
    FindingsSummary,
    finding_item,
)
from vpcmetactl.render.views.words import NONE, counted, listed, severity_style

# How many of those that could not be judged are named.
_NAMED = 3


def _message(finding: Finding) -> str:
    waiver = finding.waived
    if waiver is None:
        return f"new: {finding.message}" if finding.since is Since.NEW else finding.message
    return f"{finding.message} (waived by {waiver.owner} until {waiver.expires})"


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
        text=lambda finding: finding.label,
        fit=Fit.SHORTEN,
        least=20,
    ),
    Column[Finding](
        key="server.region",
        title="REGION",
        text=lambda finding: finding.server.region if finding.server else NONE,
    ),
    Column[Finding](
        key="message",
        title="FINDING",
        text=_message,
        fit=Fit.WRAP,
        least=24,
    ),
    Column[Finding](
        key="server.id",
        title="ID",
        text=lambda finding: finding.server.id if finding.server else NONE,
        wide_only=True,
    ),
    Column[Finding](
        key="command",
        title="COMMAND",
        text=lambda finding: finding.command or finding.terraform or NONE,
        wide_only=True,
    ),
    Column[Finding](
        key="source", title="SOURCE", text=lambda finding: finding.source, wide_only=True
    ),
)


def _sort_key(finding: Finding) -> tuple[object, ...]:
    """Return the order of an audit's findings; those that share it stay as they are."""
    first = (-finding.check.severity.rank, finding.check.id)
    server, waiver = finding.server, finding.waiver
    if server is None:
        words = f"{waiver.check}\n{waiver.servers}\n{waiver.owner}" if waiver else ""
        return (*first, "", "", words)
    address = finding.place.address if finding.place else None
    key = address or server.crn or f"{server.kind}/{server.region}/{server.id}"
    return (*first, server.region, server.name or "", key)


def _summarize(items: Sequence[Finding], trailer: Trailer) -> FindingsSummary:
    report = trailer.whole if isinstance(trailer.whole, AuditReport) else None
    severities = Counter(finding.check.severity for finding in items)
    return FindingsSummary(
        total=len(items),
        waived=sum(finding.waived is not None for finding in items),
        unknown=len(report.open_unknowns) if report else 0,
        servers=report.subjects if report else 0,
        servers_with_findings=len({_subject(finding) for finding in items if finding.server}),
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
                waived=counts.waived,
            )
            for check_id, counts in (report.counts.items() if report else ())
        ),
    )


def _subject(finding: Finding) -> tuple[object, ...]:
    return _sort_key(finding)[2:]


def _remarks(document: Document[Finding]) -> Sequence[Group]:
    summary: FindingsSummary = document.summary
    # One finding of each check tells its remedy; all items of a check share it.
    failed = {finding.check.id: finding for finding in reversed(document.items)}
    commands = {one.check.id: one for one in reversed(document.items) if one.command}
    resources = {one.check.id: one for one in reversed(document.items) if one.terraform}
    counts_of = {counts.id: counts for counts in summary.checks}
    groups = [
        _check_group(finding, counts_of[check_id], commands.get(check_id), resources.get(check_id))
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
    unjudged = list(_unjudged(document.trailer.whole))
    if unjudged:
        groups.append(Group(unjudged, title="Could not be judged"))
    return [*groups, Group([Line(_totals(summary))])]


def _unjudged(whole: object) -> Iterator[Line]:
    """Name the first few subjects that each check could not judge."""
    found: dict[str, list[findings.Finding]] = defaultdict(list)
    for finding in whole.open_unknowns if isinstance(whole, AuditReport) else ():
        found[finding.check.id].append(finding)
    for check_id, some in found.items():
        named = "; ".join(f"{finding.label}: {finding.message}" for finding in some[:_NAMED])
        more = len(some) - _NAMED
        yield Line(f"{named}; and {more} more" if more > 0 else named, label=check_id)


def _check_group(
    finding: Finding, counts: CheckCounts, live: Finding | None, planned: Finding | None
) -> Group:
    """Tell of a check that failed; ``live`` and ``planned`` fail it and say what mends them."""
    check = finding.check
    lines = [
        Line(_counts(counts), label="Servers" if finding.server else "Waivers"),
        Line(finding.remedy, label="Remedy"),
    ]
    if live is not None:
        lines.append(Line(_command_for_any(live), label="Command", keep=True))
    if planned is not None and planned.terraform is not None:
        lines.append(Line(planned.terraform, label="Terraform", keep=True))
    lines.append(Line(finding.source, label="Source"))
    return Group(
        lines,
        title=f"{check.id} ({check.severity}): {check.title}",
        style=severity_style(check.severity),
    )


def _command_for_any(finding: Finding) -> str:
    """Return the command without the server that it was made for."""
    server, command = finding.server, finding.command or ""
    return command.replace(server.crn or server.id, "SERVER") if server else command


def _counts(counts: CheckCounts) -> str:
    return (
        listed(
            [
                (counts.failed, "failed"),
                (counts.waived, "waived"),
                (counts.passed, "passed"),
                (counts.unknown, "unknown"),
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
    waived = f"; {summary.waived} waived" if summary.waived else ""
    return (
        f"{judged}: {counted(summary.total, 'finding')} "
        f"on {counted(summary.servers_with_findings, 'server')} ({severities}{waived})."
    )


FINDINGS = View[findings.Finding, Finding](
    kind="findings",
    account_key="server.account_id",
    to_item=finding_item,
    sort_key=_sort_key,
    identity=lambda finding: finding.server.id if finding.server else None,
    columns=COLUMNS,
    summarize=_summarize,
    remarks=_remarks,
)
