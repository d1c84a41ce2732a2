"""Checks and findings, as JSON shows them."""

from datetime import date
from typing import Annotated, Literal

from vpcmetactl.domain import checks, findings, policy
from vpcmetactl.domain.findings import Since
from vpcmetactl.domain.policy import Severity
from vpcmetactl.domain.subjects import Location, Origin
from vpcmetactl.render.items.base import ServerIdentity, Shape, about, server_identity


class Check(Shape, frozen=True):
    """A rule that servers, or waivers, are held to."""

    id: Annotated[str, about("The check's id, stable for good.")]
    about: Annotated[Literal["servers", "waivers"], about("What it judges.")]
    title: Annotated[str, about("What a server that fails it is like.")]
    severity: Annotated[Severity, about("How much a failure weighs where the policy says nothing.")]
    rationale: Annotated[str, about("Why one should care.")]
    remedy: Annotated[str, about("What to see to before mending it.")]
    command: Annotated[
        str | None,
        about(
            "The command that mends it; words in capitals stand for what the finding is about. "
            "`null`: there is none."
        ),
    ]
    terraform: Annotated[
        str | None, about("What a Terraform resource must say; `null` where there is nothing.")
    ]
    parameter: Annotated[str | None, about("The parameter that a rule gives the check, if any.")]
    parameter_required: Annotated[bool, about("Whether every rule must give the parameter.")]
    source: Annotated[str, about("Where IBM says so.")]


class FailedCheck(Shape, frozen=True):
    """The check that fails."""

    id: Annotated[str, about("The check's id, stable for good.")]
    title: Annotated[str, about("What a server that fails it is like.")]
    severity: Annotated[Severity, about("How much the finding weighs under the policy.")]


class Place(Shape, frozen=True):
    """Where it is written down."""

    address: Annotated[str | None, about("The Terraform resource's address.")]
    file: Annotated[str | None, about("The file, as the user named it.")]


class Waiver(Shape, frozen=True):
    """That findings are accepted until a day."""

    check: Annotated[str, about("The check whose findings are accepted.")]
    servers: Annotated[str, about("The servers that it is about, in words.")]
    owner: Annotated[str, about("Who accepts them.")]
    reason: Annotated[str, about("Why.")]
    expires: Annotated[date, about("The day, in UTC, at whose end it ends.")]
    source: Annotated[str, about("Where it stands, such as `policy.toml: waivers[0]`.")]


class Finding(Shape, frozen=True):
    """A check that a server fails, or that a waiver does."""

    fingerprint: Annotated[
        str, about("Tells the finding from every other, and is the same in every audit.")
    ]
    check: Annotated[FailedCheck, about("The check that fails.")]
    origin: Annotated[Origin | None, about("What was judged; `null` for a finding about a waiver.")]
    server: Annotated[
        ServerIdentity | None,
        about(
            "The server, as it is or would be; of a template its own id and name. `null` for a "
            "finding about a waiver."
        ),
    ]
    place: Annotated[Place | None, about("Where the server is written down, for Terraform.")]
    message: Annotated[str, about("What was found.")]
    since: Annotated[
        Since | None,
        about(
            "What the baseline says: `new`, `known`, or `undetermined` where it may or may not "
            "have been there; `null` where it is waived or there is no baseline."
        ),
    ]
    waived: Annotated[Waiver | None, about("The waiver that accepts the finding.")]
    waiver: Annotated[Waiver | None, about("The waiver that the finding is about.")]
    rule: Annotated[str | None, about("The rule of the policy that decided.")]
    remedy: Annotated[str, about("What to see to before mending it.")]
    command: Annotated[
        str | None, about("The command that mends it on this server; `null`: there is none.")
    ]
    terraform: Annotated[
        str | None, about("What the Terraform resource must say; `null` for others.")
    ]
    source: Annotated[str, about("Where IBM says so.")]

    @property
    def label(self) -> str:
        """What it is about, as a reader knows it."""
        if self.place is not None and self.place.address:
            return self.place.address
        if self.server is not None:
            return self.server.label
        return f"waiver of {self.waiver.owner}" if self.waiver is not None else ""


class CheckCounts(Shape, frozen=True):
    """What one check made of the servers; only `failed` counts."""

    id: Annotated[str, about("The check's id.")]
    failed: Annotated[int, about("Servers that fail it, waived ones not included.")]
    passed: Annotated[int, about("Servers that pass it.")]
    unknown: Annotated[
        int, about("Servers it could not judge, because something it needs is not known.")
    ]
    not_applicable: Annotated[int, about("Servers it is not meant for.")]
    waived: Annotated[int, about("Servers that fail it, or could not be judged, and are waived.")]


class BySeverity(Shape, frozen=True):
    """Findings of each severity."""

    critical: Annotated[int, about("Findings of severity `critical`.")]
    high: Annotated[int, about("Findings of severity `high`.")]
    medium: Annotated[int, about("Findings of severity `medium`.")]
    low: Annotated[int, about("Findings of severity `low`.")]
    info: Annotated[int, about("Findings of severity `info`.")]


class FindingsSummary(Shape, frozen=True):
    """Counts over the whole audit, findings shown or not."""

    total: Annotated[int, about("How many findings there are, waived ones included.")]
    waived: Annotated[int, about("How many of them are waived.")]
    unknown: Annotated[int, about("How often a check could not judge a server, if not waived.")]
    servers: Annotated[int, about("How many servers were judged.")]
    servers_with_findings: Annotated[
        int, about("How many of them fail at least one check, waived or not.")
    ]
    by_severity: Annotated[BySeverity, about("The findings of each severity.")]
    checks: Annotated[
        tuple[CheckCounts, ...],
        about("Every check that the policy has a rule for, and those of waivers."),
    ]


class ChecksSummary(Shape, frozen=True):
    """How many checks there are."""

    total: Annotated[int, about("How many checks there are.")]


def check_item(check: checks.Check) -> Check:
    """Return a check as JSON shows it."""
    return Check(
        id=check.id,
        about="waivers" if check.is_about_waivers else "servers",
        title=check.title,
        severity=check.severity,
        rationale=check.rationale,
        remedy=check.remedy,
        command=check.sample(check.command),
        terraform=check.sample(check.terraform),
        parameter=check.parameter,
        parameter_required=check.needs_parameter,
        source=check.source,
    )


def finding_item(finding: findings.Finding) -> Finding:
    """Return a finding as JSON shows it."""
    check, subject = finding.check, finding.subject
    return Finding(
        fingerprint=finding.fingerprint,
        check=FailedCheck(id=check.id, title=check.title, severity=finding.severity),
        origin=subject.origin if subject is not None else None,
        server=server_identity(subject.server.identity) if subject is not None else None,
        place=_place(subject.location) if subject is not None else None,
        message=finding.message,
        since=finding.since,
        waived=_waiver(finding.waived_by),
        waiver=_waiver(finding.about),
        rule=finding.rule.source or None if finding.rule is not None else None,
        remedy=check.remedy,
        command=finding.command,
        terraform=finding.terraform,
        source=check.source,
    )


def _place(location: Location | None) -> Place | None:
    return Place(location.address, location.file) if location is not None else None


def _waiver(waiver: policy.Waiver | None) -> Waiver | None:
    if waiver is None:
        return None
    return Waiver(
        check=waiver.check,
        servers=waiver.servers.words,
        owner=waiver.owner,
        reason=waiver.reason,
        expires=waiver.expires,
        source=waiver.source,
    )
