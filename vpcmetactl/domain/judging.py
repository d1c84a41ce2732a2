"""What each check makes of one subject: pass, fail, unknown or not applicable, and why.

The service must be supported on the subject's architecture: ``judge_subject`` of ``audit`` sees to
that. What was not reported, and what is not known before it is made, is unknown: neither a pass nor
a failure.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from vpcmetactl.domain.policy import Parameters
from vpcmetactl.domain.restarts import EXPLANATIONS, Reason, Verdict
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.subjects import Subject


class Result(StrEnum):
    """What a check makes of one subject."""

    PASS = "pass"  # noqa: S105 - a word, no secret
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class Detail(NamedTuple):
    """One of several things that a subject fails a check for, each a finding of its own.

    ``key`` tells it from the others and stays the same from one audit to the next.
    """

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """A check's result on one subject, and in words why; ``details`` only where it fails."""

    result: Result
    reason: str
    details: tuple[Detail, ...] = ()


def passed(reason: str) -> Judgement:
    """Return a pass."""
    return Judgement(Result.PASS, reason)


def failed(reason: str) -> Judgement:
    """Return a failure."""
    return Judgement(Result.FAIL, reason)


def unknown(reason: str) -> Judgement:
    """Return that it cannot be told."""
    return Judgement(Result.UNKNOWN, reason)


def not_applicable(reason: str) -> Judgement:
    """Return that the check is not meant for the subject."""
    return Judgement(Result.NOT_APPLICABLE, reason)


# One object for each judgement that says nothing of the subject: there are many subjects.
_OFF = passed("the service is disabled")
_ON = passed("the service is enabled")
_IS_ON = failed("the service is enabled")
_IS_OFF = failed("the service is disabled")
_WITHIN = passed("the hop limit is within the maximum")
_SPEAKS_IT = passed("the service speaks the required protocol")
_ENABLED_UNKNOWN = unknown("whether the service is enabled is not known")
_PROTOCOL_UNKNOWN = unknown("the protocol is not known")
_LIMIT_UNKNOWN = unknown("the response hop limit is not known")
_NO_LIMIT = not_applicable("bare metal servers have no hop limit")
_TRUST_NOT_READ = unknown("which trusted profiles trust it was not read")
_TRUST_INCOMPLETE = unknown("not every trusted profile could be read")
_UNTRUSTED = passed("none of these profiles trusts it")
_NOT_MADE = not_applicable("it is not made yet, so nothing is outstanding")
_RESTART_NOT_READ = unknown("whether a restart is outstanding was not assessed")


def judge_protocol(subject: Subject, parameters: Parameters) -> Judgement:
    """Fail where the service is enabled and speaks another protocol than the required one."""
    metadata = subject.server.metadata_service
    if metadata is None or metadata.enabled is None:
        return _ENABLED_UNKNOWN
    if not metadata.enabled:
        return _OFF
    if metadata.protocol is None:
        return _PROTOCOL_UNKNOWN
    if metadata.protocol == parameters.protocol:
        return _SPEAKS_IT
    return failed(f"enabled over {metadata.protocol}, not {parameters.protocol}")


def judge_must_be_disabled(subject: Subject, _: Parameters) -> Judgement:
    """Fail where the service is enabled."""
    metadata = subject.server.metadata_service
    if metadata is None or metadata.enabled is None:
        return _ENABLED_UNKNOWN
    return _IS_ON if metadata.enabled else _OFF


def judge_must_be_enabled(subject: Subject, _: Parameters) -> Judgement:
    """Fail where the service is disabled."""
    metadata = subject.server.metadata_service
    if metadata is None or metadata.enabled is None:
        return _ENABLED_UNKNOWN
    return _ON if metadata.enabled else _IS_OFF


def judge_hop_limit(subject: Subject, parameters: Parameters) -> Judgement:
    """Fail where the service is enabled on an instance and its answers travel too far."""
    server = subject.server
    if server.kind is ServerKind.BARE_METAL_SERVER:
        return _NO_LIMIT
    metadata = server.metadata_service
    if metadata is None or metadata.enabled is None:
        return _ENABLED_UNKNOWN
    if not metadata.enabled:
        return _OFF
    limit, maximum = metadata.response_hop_limit, parameters.max_response_hop_limit
    if limit is None:
        return _LIMIT_UNKNOWN
    if maximum is None or limit <= maximum:
        return _WITHIN
    return failed(f"response_hop_limit is {limit}, above {maximum}")


def judge_required_profile(subject: Subject, parameters: Parameters) -> Judgement:
    """Fail where none of the profiles trusts the server, whether it could use that or not."""
    trust = subject.trust
    words = parameters.profiles or ()
    if trust is None:
        return _TRUST_NOT_READ
    doubtful = False
    for profile in trust.profiles:
        found = profile.is_one_of(words)
        if found and profile.is_certain:
            return passed(f"{profile.label} trusts it")
        doubtful = doubtful or found is not False
    if doubtful:
        return unknown(f"whether one of {', '.join(words)} trusts it cannot be told")
    if not trust.is_complete:
        return _TRUST_INCOMPLETE
    return failed(f"none of these profiles trusts it: {', '.join(words)}")


def judge_forbidden_profile(subject: Subject, parameters: Parameters) -> Judgement:
    """Fail for each of the profiles that trusts the server, whether it could use that or not."""
    trust = subject.trust
    if trust is None:
        return _TRUST_NOT_READ
    details = []
    doubtful = None
    for profile in trust.profiles:
        found = profile.is_one_of(parameters.profiles or ())
        if found and profile.is_certain:
            key = profile.id or profile.name or ""
            details.append(Detail(key, f"it can become {profile.label}"))
        elif found is not False:
            doubtful = profile
    if details:
        details.sort(key=lambda detail: detail.key)
        reason = "; ".join(detail.reason for detail in details)
        return Judgement(Result.FAIL, reason, tuple(details))
    if doubtful is not None:
        return unknown(f"whether it can become {doubtful.label} cannot be told")
    return _UNTRUSTED if trust.is_complete else _TRUST_INCOMPLETE


_NO_RULE = {
    reason: not_applicable(EXPLANATIONS[reason].meaning)
    for reason in (Reason.NO_RULE_FOR_BARE_METAL, Reason.RULE_OFF, Reason.UNSUPPORTED_ARCHITECTURE)
}
_RESTARTS = {
    (result, reason): Judgement(result, EXPLANATIONS[reason].meaning)
    for result in (Result.PASS, Result.FAIL, Result.UNKNOWN)
    for reason in Reason
}


def judge_restart(subject: Subject, parameters: Parameters) -> Judgement:
    """Fail where the restart verdict is one that counts.

    A verdict that is unknown and does not count is unknown here too.
    """
    if not subject.origin.exists:
        return _NOT_MADE
    restart = subject.restart
    if restart is None:
        return _RESTART_NOT_READ
    if restart.reason in _NO_RULE:
        return _NO_RULE[restart.reason]
    if restart.verdict in (parameters.verdicts or ()):
        result = Result.FAIL
    else:
        result = Result.UNKNOWN if restart.verdict is Verdict.UNKNOWN else Result.PASS
    return _RESTARTS[result, restart.reason]
