"""What servers are held to where no policy is given.

IBM publishes best practices for the metadata service, and this policy has what of them can be
judged without knowing what a server is for (platform notes 6): secure access. It has nothing else.
That the service be disabled where it is not needed, and which trusted profiles a server needs, only
its owner knows; IBM recommends no number for the hop limit; the rest happens inside the guest.
"""

from dataclasses import replace

from vpcmetactl.domain.policy import Parameters, Policy, Requirement, Rule
from vpcmetactl.domain.servers import Protocol

DEFAULT_POLICY = Policy(
    name="IBM's published best practices",
    rules=(
        Rule(
            check="VPCMETA001",
            parameters=Parameters(protocol=Protocol.HTTPS),
            source="default policy: rules[0]",
        ),
    ),
)

_REQUIRED = {Requirement.DISABLED: "VPCMETA002", Requirement.ENABLED: "VPCMETA003"}


def policy_of_flags(
    require: Requirement | None = None, max_response_hop_limit: int | None = None
) -> Policy:
    """Return the default policy with what was said on the command line: for every server."""
    rules = list(DEFAULT_POLICY.rules)
    if require is not None:
        rules.append(Rule(check=_REQUIRED[require], source="--require"))
    if max_response_hop_limit is not None:
        limit = Parameters(max_response_hop_limit=max_response_hop_limit)
        source = "--max-response-hop-limit"
        rules.append(Rule(check="VPCMETA004", parameters=limit, source=source))
    return replace(DEFAULT_POLICY, rules=tuple(rules))
