"""What a fleet is held to: rules, waivers, and what may be left unknown.

A policy is a list of rules, each of one check. For a check and a server the first rule that is
about the server decides, and no other is asked. That way exceptions stand above what they are
exceptions from, a rule can be read without the rest of the file, and a file that extends another
one puts its rules before that one's. A check without a rule for a server does not judge it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from vpcmetactl.domain.restarts import Verdict
from vpcmetactl.domain.servers import Protocol
from vpcmetactl.domain.subject_selection import EVERY_SERVER, Predicate, SubjectSelector


class Severity(StrEnum):
    """How much a finding weighs, lightest first."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The severity's place in the order, from 0."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Requirement(StrEnum):
    """The state in which the service must be."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class UnknownMeans(StrEnum):
    """What it means for the gate that a check could not judge a server."""

    PASS = "pass"  # noqa: S105 - a word, no secret
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a rule tells its check; each check takes one of these, or none.

    ``protocol``: what the service must speak. ``max_response_hop_limit``: 1 to 64. ``profiles``:
    trusted profiles by id, or by globs of their names. ``verdicts``: the restart verdicts that
    fail.
    """

    protocol: Protocol | None = None
    max_response_hop_limit: int | None = None
    profiles: tuple[str, ...] | None = None
    verdicts: tuple[Verdict, ...] | None = None


NO_PARAMETERS = Parameters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """That a check judges these servers, or, with ``enabled`` false, that it does not.

    ``severity`` is ``None`` where the check's own is meant. ``source`` says where the rule stands,
    such as ``policy.toml: rules[2]``, for whoever asks why.
    """

    check: str
    servers: SubjectSelector = EVERY_SERVER
    enabled: bool = True
    severity: Severity | None = None
    parameters: Parameters = NO_PARAMETERS
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """That findings of a check on these servers are accepted until a day, by whom and why.

    It ends at 24:00 UTC of the day ``expires``.
    """

    check: str
    servers: SubjectSelector
    owner: str
    reason: str
    expires: date
    source: str = ""

    def is_expired(self, as_of: date) -> bool:
        """Whether it no longer holds on a day in UTC."""
        return self.expires < as_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Rules in the order in which they are asked, waivers, and what unknown means."""

    rules: tuple[Rule, ...]
    waivers: tuple[Waiver, ...] = ()
    unknown: UnknownMeans = UnknownMeans.WARN
    name: str | None = None

    def compiled(self, compile_where: Callable[[str, str], Predicate]) -> "Policy":
        """Return the policy with a predicate for every ``where`` expression.

        ``compile_where`` is given an expression and where it stands, such as
        ``policy.toml: rules[2]``, and may raise InvalidInputError.
        """

        def ready(servers: SubjectSelector, source: str) -> SubjectSelector:
            if servers.where is None:
                return servers
            return replace(servers, predicate=compile_where(servers.where, source))

        return replace(
            self,
            rules=tuple(
                replace(rule, servers=ready(rule.servers, rule.source)) for rule in self.rules
            ),
            waivers=tuple(
                replace(one, servers=ready(one.servers, one.source)) for one in self.waivers
            ),
        )
