"""Whether an audit passes: by how grave its findings are, or by which of them are new."""

from collections.abc import Sequence
from dataclasses import dataclass

from vpcmetactl.domain.audit import AuditReport
from vpcmetactl.domain.errors import ExitCode
from vpcmetactl.domain.findings import Finding, Since
from vpcmetactl.domain.policy import Severity, UnknownMeans
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.subjects import Origin, Subject


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of a fleet that was not read.

    ``None`` means every account, region or kind, and servers as well as templates.
    """

    account_id: str | None = None
    region: str | None = None
    kind: ServerKind | None = None
    origin: Origin | None = None

    def may_hold(self, subject: Subject) -> bool:
        """Whether a subject may be in it."""
        server = subject.server
        return (
            self.origin in (None, subject.origin)
            and (self.kind is None or server.kind is self.kind)
            and (self.region is None or server.region in ("", self.region))
            and (self.account_id is None or server.account_id in (None, self.account_id))
        )


@dataclass(frozen=True, slots=True)
class Baseline:
    """An earlier audit: its report, and what could not be read for it.

    Judge it by today's policy as of its own day: what was waived then and is not any more is new.
    """

    report: AuditReport
    gaps: Sequence[Gap] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The open findings of an audit, held against a baseline.

    ``new`` were not there; ``known`` were; ``undetermined`` may or may not have been: the subject
    may be in what the baseline could not read, or the check could not judge it then. ``fixed`` were
    there and are no more; of those in what could not be read now, ``missing``, nobody can say so.
    ``new_unknowns`` are subjects that could be judged then and cannot now, or were not there.
    """

    new: Sequence[Finding]
    known: Sequence[Finding]
    undetermined: Sequence[Finding]
    fixed: Sequence[Finding]
    missing: Sequence[Finding]
    new_unknowns: Sequence[Finding]

    def mark(self) -> None:
        """Tell each open finding what is known of it since the baseline."""
        marks = ((Since.NEW, self.new), (Since.KNOWN, self.known))
        for since, findings in (*marks, (Since.UNDETERMINED, self.undetermined)):
            for finding in findings:
                finding.since = since


def compare(report: AuditReport, baseline: Baseline, gaps: Sequence[Gap] = ()) -> Comparison:
    """Tell which findings are new since a baseline; ``gaps`` are what could not be read now."""
    before, now = _Reading(baseline.report, baseline.gaps), _Reading(report, gaps)
    new, known, undetermined = [], [], []
    for finding in report.open_findings:
        if finding.fingerprint in before.open:
            known.append(finding)
        elif before.may_have_missed(finding):
            undetermined.append(finding)
        else:
            new.append(finding)
    gone = [one for one in baseline.report.open_findings if one.fingerprint not in now.all]
    return Comparison(
        new=new,
        known=known,
        undetermined=undetermined,
        fixed=[one for one in gone if not now.may_have_missed(one)],
        missing=[one for one in gone if now.may_have_missed(one)],
        new_unknowns=[one for one in report.open_unknowns if not before.may_have_missed(one)],
    )


class _Reading:
    """An audit as one that may have missed something."""

    def __init__(self, report: AuditReport, gaps: Sequence[Gap]) -> None:
        self.all = {one.fingerprint for one in report.findings}
        self.open = {one.fingerprint for one in report.open_findings}
        self._unjudged = {
            (one.check.id, one.subject.key) for one in report.unknowns if one.subject is not None
        }
        self._keys = report.keys
        self._gaps = gaps

    def may_have_missed(self, finding: Finding) -> bool:
        """Whether the finding may have been there without being found."""
        subject = finding.subject
        if subject is None:
            return False
        key = subject.key
        if key in self._keys:
            return (finding.check.id, key) in self._unjudged
        return any(gap.may_hold(subject) for gap in self._gaps)


def gate(
    report: AuditReport,
    fail_on: Severity | None,
    unknown: UnknownMeans | None = None,
    since: Comparison | None = None,
) -> ExitCode:
    """Return FINDINGS where something that counts is at least as grave as ``fail_on``, else OK.

    Open findings count; with ``since``, only the new ones. What could not be judged counts as a
    failure where ``unknown``, or without it the policy, says ``fail``. ``fail_on`` ``None`` never
    fails.
    """
    if fail_on is None:
        return ExitCode.OK
    counting = list(report.open_findings if since is None else since.new)
    if (unknown or report.policy.unknown) is UnknownMeans.FAIL:
        counting += report.open_unknowns if since is None else since.new_unknowns
    is_grave = any(finding.severity.rank >= fail_on.rank for finding in counting)
    return ExitCode.FINDINGS if is_grave else ExitCode.OK
