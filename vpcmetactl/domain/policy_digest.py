"""A digest of a policy, so that a report can say which one it was made with."""

from collections.abc import Iterator
from hashlib import sha256

from vpcmetactl.domain.policy import Policy

_VERSION = "1"


def policy_digest(policy: Policy) -> str:
    """Return 64 hexadecimal digits over everything that a policy decides by.

    The order of rules and waivers counts, for it decides. The policy's name, and where its parts
    stand, do not.
    """
    return sha256("\n".join(_parts(policy)).encode("utf-8", "surrogatepass")).hexdigest()


def _parts(policy: Policy) -> Iterator[str]:
    yield repr((_VERSION, policy.unknown.value))
    for rule in policy.rules:
        given = rule.parameters
        severity = rule.severity.value if rule.severity is not None else None
        protocol = given.protocol.value if given.protocol is not None else None
        verdicts = None
        if given.verdicts is not None:
            verdicts = tuple(verdict.value for verdict in given.verdicts)
        parameters = (protocol, given.max_response_hop_limit, given.profiles, verdicts)
        yield repr(("rule", rule.check, rule.servers.words, rule.enabled, severity, parameters))
    for waiver in policy.waivers:
        until = waiver.expires.isoformat()
        yield repr(
            ("waiver", waiver.check, waiver.servers.words, waiver.owner, waiver.reason, until)
        )
