"""What every report of an audit tells, gathered from the document once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple

from vpcmetactl.domain.audit import AuditReport
from vpcmetactl.domain.checks import CHECKS
from vpcmetactl.domain.errors import ExitCode
from vpcmetactl.domain.fleet_counts import Shape
from vpcmetactl.domain.policy import Severity, UnknownMeans
from vpcmetactl.domain.policy_digest import policy_digest
from vpcmetactl.render.documents import Document, Scope, Status, Unread
from vpcmetactl.render.items.audits import (
    Check,
    CheckCounts,
    Finding,
    FindingsSummary,
    Waiver,
    check_item,
    finding_item,
)
from vpcmetactl.render.views.words import counted, listed

# What an exit code of an audit says (product page, exit codes).
EXIT_MEANINGS: Mapping[int, str] = {
    ExitCode.OK: "nothing that counts was found",
    ExitCode.FINDINGS: "there are findings that count",
    ExitCode.INCOMPLETE: "a part of what was asked for could not be read",
    ExitCode.INTERRUPTED: "the audit was interrupted",
    ExitCode.TERMINATED: "the audit was terminated",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWords:
    """The policy of an audit, as a report names it; ``digest`` is that of ``policy_digest``."""

    name: str
    digest: str
    unknown: UnknownMeans


class Kept(NamedTuple):
    """What findings that are counted together have in common."""

    check_id: str
    severity: Severity
    is_waived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An audit as a report tells it.

    ``findings`` are those to show, in the document's order, of ``summary.total``; ``unknowns`` is
    all that could not be judged. ``tally`` counts all findings, shown or not. ``checks`` are all
    built-in ones and ``counts`` those of the policy. ``policy`` and ``as_of`` are ``None`` only
    where the document has no audit.
    """

    generated_at: datetime
    exit_code: int
    is_complete: bool
    scope: Scope
    policy: PolicyWords | None
    as_of: date | None
    findings: Sequence[Finding]
    unknowns: Sequence[Finding]
    summary: FindingsSummary
    tally: Mapping[Kept, int]
    checks: Sequence[Check]
    shapes: Mapping[Shape, int]

    @property
    def counts(self) -> Mapping[str, CheckCounts]:
        """What each check of the policy made of the subjects, by the check's id."""
        return {counts.id: counts for counts in self.summary.checks}

    @property
    def open_findings(self) -> Sequence[Finding]:
        """The findings to show that are not waived."""
        return [finding for finding in self.findings if finding.waived is None]

    @property
    def waived_findings(self) -> Sequence[Finding]:
        """The findings to show that are waived."""
        return [finding for finding in self.findings if finding.waived is not None]

    @property
    def open_unknowns(self) -> Sequence[Finding]:
        """What could not be judged and is not waived."""
        return [finding for finding in self.unknowns if finding.waived is None]

    @property
    def unknown_fails(self) -> bool:
        """Whether what could not be judged counts as a failure."""
        return self.policy is not None and self.policy.unknown is UnknownMeans.FAIL

    @property
    def time(self) -> str:
        """When it was made, as RFC 3339 has it, in UTC and to the second."""
        return f"{self.generated_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def gather(document: Document[Finding]) -> Report:
    """Return what reports tell of a document of findings."""
    trailer = document.trailer
    audit = trailer.whole if isinstance(trailer.whole, AuditReport) else None
    policy = None
    if audit is not None:
        policy = PolicyWords(
            name=audit.policy.name or "policy without a name",
            digest=policy_digest(audit.policy),
            unknown=audit.policy.unknown,
        )
    return Report(
        generated_at=trailer.generated_at,
        exit_code=int(trailer.exit_code),
        is_complete=trailer.status is Status.COMPLETE,
        scope=trailer.scope,
        policy=policy,
        as_of=audit.as_of if audit is not None else None,
        findings=document.items,
        unknowns=[finding_item(finding) for finding in audit.unknowns] if audit is not None else (),
        summary=document.summary,
        tally=Counter(
            Kept(one.check.id, one.severity, one.waived_by is not None)
            for one in (audit.findings if audit is not None else ())
        ),
        checks=[check_item(check) for check in CHECKS],
        shapes=audit.shapes if audit is not None else {},
    )


def place_words(finding: Finding) -> str:
    """Return what a finding is about: ``web-1 (us-south)``, an address, or a waiver."""
    server = finding.server
    if server is None or not server.region or (finding.place and finding.place.address):
        return finding.label
    return f"{finding.label} ({server.region})"


def waiver_words(waiver: Waiver) -> str:
    """Return who accepted a finding, until when, and why."""
    return f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"


def unread_words(unread: Unread) -> str:
    """Return what could not be read, and why."""
    return f"{unread.words} could not be read: {unread.error}"


def by_severity(findings: Sequence[Finding]) -> str:
    """Return how many findings there are of each severity, gravest first: ``2 high, 1 low``."""
    found = Counter(finding.check.severity for finding in findings)
    return listed([(found[severity], severity.value) for severity in reversed(Severity)])


def totals(report: Report) -> str:
    """Return the counts of a report as a sentence."""
    summary = report.summary
    open_count = summary.total - summary.waived
    parts = [
        f"{counted(summary.servers, 'server')} judged",
        counted(open_count, "open finding"),
        f"{summary.waived} waived",
        f"{summary.unknown} not judged",
    ]
    if not report.is_complete:
        parts.append("incomplete")
    return ", ".join(parts)


def left_out(report: Report) -> int:
    """Return how many findings the user did not want to be shown."""
    return report.summary.total - len(report.findings)
