"""Checks and findings, as JSON shows them."""

from typing import Annotated

from vpcmetactl.domain import audit
from vpcmetactl.domain.policy import Severity
from vpcmetactl.render.items.base import ServerIdentity, Shape, about, server_identity


class Check(Shape, frozen=True):
    """A rule that servers are held to."""

    id: Annotated[str, about("The check's id, stable for good.")]
    title: Annotated[str, about("What a server that fails it is like.")]
    severity: Annotated[Severity, about("How much a failure weighs.")]
    rationale: Annotated[str, about("Why one should care.")]
    remedy: Annotated[str, about("What to see to before mending it.")]
    command: Annotated[str, about("The command that mends it; `{server}` stands for the server.")]
    parameter: Annotated[
        str | None,
        about("The field of the policy without which the check judges nothing."),
    ]
    source: Annotated[str, about("Where IBM says so.")]


class FailedCheck(Shape, frozen=True):
    """The check that the server fails."""

    id: Annotated[str, about("The check's id, stable for good.")]
    title: Annotated[str, about("What a server that fails it is like.")]
    severity: Annotated[Severity, about("How much the finding weighs.")]


class Finding(Shape, frozen=True):
    """A check that a server fails."""

    check: Annotated[FailedCheck, about("The check that the server fails.")]
    server: Annotated[ServerIdentity, about("The server.")]
    message: Annotated[str, about("What was found.")]
    remedy: Annotated[str, about("What to see to before mending it.")]
    command: Annotated[str, about("The command that mends it on this server.")]
    source: Annotated[str, about("Where IBM says so.")]


class CheckCounts(Shape, frozen=True):
    """What one check made of the servers; only `failed` gives findings."""

    id: Annotated[str, about("The check's id.")]
    failed: Annotated[int, about("Servers that fail it.")]
    passed: Annotated[int, about("Servers that pass it.")]
    unknown: Annotated[
        int, about("Servers it could not judge, because the API did not report what it needs.")
    ]
    not_applicable: Annotated[int, about("Servers it is not meant for.")]


class BySeverity(Shape, frozen=True):
    """Findings of each severity."""

    critical: Annotated[int, about("Findings of severity `critical`.")]
    high: Annotated[int, about("Findings of severity `high`.")]
    medium: Annotated[int, about("Findings of severity `medium`.")]
    low: Annotated[int, about("Findings of severity `low`.")]
    info: Annotated[int, about("Findings of severity `info`.")]


class FindingsSummary(Shape, frozen=True):
    """Counts over the whole audit, findings shown or not."""

    total: Annotated[int, about("How many findings there are.")]
    servers: Annotated[int, about("How many servers were judged.")]
    servers_with_findings: Annotated[int, about("How many of them fail at least one check.")]
    by_severity: Annotated[BySeverity, about("The findings of each severity.")]
    checks: Annotated[
        tuple[CheckCounts, ...],
        about("Every check that judged; one whose parameter the policy lacks did not."),
    ]


class ChecksSummary(Shape, frozen=True):
    """How many checks there are."""

    total: Annotated[int, about("How many checks there are.")]


def check_item(check: audit.Check) -> Check:
    """Return a check as JSON shows it."""
    return Check(
        id=check.id,
        title=check.title,
        severity=check.severity,
        rationale=check.rationale,
        remedy=check.remedy,
        command=check.command,
        parameter=check.parameter,
        source=check.source,
    )


def finding_item(finding: audit.Finding) -> Finding:
    """Return a finding as JSON shows it."""
    check = finding.check
    return Finding(
        check=FailedCheck(id=check.id, title=check.title, severity=check.severity),
        server=server_identity(finding.server),
        message=finding.message,
        remedy=check.remedy,
        command=finding.command,
        source=check.source,
    )
