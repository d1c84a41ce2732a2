"""Findings: what an audit found, each to be known again in the next one."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from vpcmetactl.domain.checks import Check
from vpcmetactl.domain.judging import Result
from vpcmetactl.domain.policy import NO_PARAMETERS, Parameters, Rule, Severity, Waiver
from vpcmetactl.domain.servers import ServerIdentity
from vpcmetactl.domain.subjects import Origin, Subject

_FINGERPRINT_VERSION = "1"


class Since(StrEnum):
    """What an earlier audit says of a finding.

    ``new``: it was not there. ``known``: it was. ``undetermined``: it may or may not have been.
    """

    NEW = "new"
    KNOWN = "known"
    UNDETERMINED = "undetermined"


# Not frozen for the reason that servers are not: a fleet may have a hundred thousand.
@dataclass(slots=True)
class Finding:
    """A check that a subject fails, or one that could not judge it; or what is wrong with a waiver.

    ``result`` is ``fail`` or ``unknown``. ``subject`` is in brief, and ``None`` for a finding about
    a waiver, which ``about`` is then. ``rule`` is the rule that decided. ``detail`` tells several
    findings of one check on one subject apart. A finding with ``waived_by`` is accepted: it is
    shown and does not count. ``since`` is ``None`` where nothing earlier was compared with.
    """

    check: Check
    result: Result
    severity: Severity
    message: str
    subject: Subject | None = None
    rule: Rule | None = None
    detail: str = ""
    waived_by: Waiver | None = None
    about: Waiver | None = None
    since: Since | None = None

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that tell this finding from every other, in every audit.

        A hash over the check, what the finding is about and ``detail``; not over messages, values,
        severities or the policy, so that a finding stays the same one until it is mended. Whether
        something fails or cannot be told makes a difference.
        """
        about = waiver_key(self.about) if self.about is not None else ""
        if self.subject is not None:
            about = self.subject.key
        parts = (_FINGERPRINT_VERSION, self.check.id, self.result, about, self.detail)
        return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def server(self) -> ServerIdentity | None:
        """The identity of the server that it is about."""
        return self.subject.server.identity if self.subject is not None else None

    @property
    def label(self) -> str:
        """What it is about, as it reads in a sentence."""
        if self.subject is not None:
            return self.subject.label
        return f"the waiver of {self.about.owner}" if self.about is not None else ""

    @property
    def command(self) -> str | None:
        """The command that mends it on this server, ready to paste; only for one that exists."""
        subject = self.subject
        if subject is None or subject.origin is not Origin.SERVER or self.check.command is None:
            return None
        return self._filled(self.check.command, subject.server.crn or subject.server.id)

    @property
    def terraform(self) -> str | None:
        """What the Terraform resource must say; only for one of Terraform's."""
        subject = self.subject
        if subject is None or not subject.origin.is_terraform or self.check.terraform is None:
            return None
        return self._filled(self.check.terraform, subject.label)

    def _filled(self, text: str, server: str) -> str:
        given = self.rule.parameters if self.rule is not None else NO_PARAMETERS
        return fill(text, self.check, given, server)


def fill(text: str, check: Check, given: Parameters, server: str) -> str:
    """Put the server and the rule's parameters, or the check's own, into a command."""
    protocol = given.protocol or check.default.protocol
    profiles = given.profiles or ("PROFILE",)
    return text.format(
        server=server,
        protocol=protocol or "PROTOCOL",
        limit=given.max_response_hop_limit or "LIMIT",
        profile=profiles[0],
    )


def waiver_key(waiver: Waiver) -> str:
    """What tells a waiver from the others of a policy: what it accepts, and whose it is."""
    return f"{waiver.check}\n{waiver.servers.words}\n{waiver.owner}"
