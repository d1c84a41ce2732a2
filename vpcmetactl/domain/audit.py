"""Judging servers: checks in, findings and counts out."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vpcmetactl.domain.policy import Policy, Severity
from vpcmetactl.domain.servers import Server, ServerIdentity, Support


class Result(StrEnum):
    """What a check makes of one server; only ``fail`` is a finding."""

    PASS = "pass"  # noqa: S105 - a word, no secret
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A check's result on one server; ``message`` says what was found, for a failure."""

    result: Result
    message: str = ""


PASS = Judgement(Result.PASS)
UNKNOWN = Judgement(Result.UNKNOWN)
NOT_APPLICABLE = Judgement(Result.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A rule that a server is held to.

    ``id`` is stable for good. ``parameter`` names the policy's field without which the check
    judges nothing. ``judge`` is asked about servers on which the service is supported only.
    ``command`` is the command that mends it, with ``{server}`` for the server; ``remedy`` says
    what to see to first.
    """

    id: str
    title: str
    severity: Severity
    rationale: str
    command: str
    remedy: str
    source: str
    judge: Callable[[Server, Policy], Judgement]
    parameter: str | None = None

    def applies_under(self, policy: Policy) -> bool:
        """Whether the policy gives the check what it needs to judge."""
        return self.parameter is None or getattr(policy, self.parameter) is not None


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that a server fails."""

    check: Check
    server: ServerIdentity
    message: str

    @property
    def command(self) -> str:
        """The command that mends it on this server, ready to paste."""
        return self.check.command.format(server=self.server.crn or self.server.id)


@dataclass(frozen=True, slots=True)
class CheckCounts:
    """How many servers passed one check, failed it, could not be judged or are not meant."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    not_applicable: int = 0


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The findings, gravest first, and the counts of every check that judged, by its id."""

    findings: Sequence[Finding]
    counts: dict[str, CheckCounts]
    servers: int

    def findings_at_or_above(self, severity: Severity) -> Sequence[Finding]:
        """Return the findings of this severity and graver ones."""
        return [f for f in self.findings if f.check.severity.rank >= severity.rank]


def audit_servers(
    servers: Iterable[Server], checks: Sequence[Check], policy: Policy
) -> AuditReport:
    """Hold every server to every check that applies under the policy."""
    active = [check for check in checks if check.applies_under(policy)]
    tally: Counter[tuple[str, Result]] = Counter()
    findings: list[Finding] = []
    total = 0
    for server in servers:
        total += 1
        for check in active:
            judgement = judge_server(check, server, policy)
            tally[check.id, judgement.result] += 1
            if judgement.result is Result.FAIL:
                findings.append(Finding(check, server.identity, judgement.message))
    findings.sort(key=_order)
    return AuditReport(findings, {check.id: _counts(check, tally) for check in active}, total)


def judge_server(check: Check, server: Server, policy: Policy) -> Judgement:
    """Apply one check to one server.

    On an architecture without the service nothing is applicable; what the API did not report is
    unknown: neither a pass nor a failure.
    """
    if server.support is Support.UNSUPPORTED_ARCHITECTURE:
        return NOT_APPLICABLE
    return check.judge(server, policy)


def _order(finding: Finding) -> tuple[int, str, str, str, str]:
    server = finding.server
    check = finding.check
    return (-check.severity.rank, check.id, server.region, server.name or "", server.id)


def _counts(check: Check, tally: Counter[tuple[str, Result]]) -> CheckCounts:
    return CheckCounts(
        passed=tally[check.id, Result.PASS],
        failed=tally[check.id, Result.FAIL],
        unknown=tally[check.id, Result.UNKNOWN],
        not_applicable=tally[check.id, Result.NOT_APPLICABLE],
    )
