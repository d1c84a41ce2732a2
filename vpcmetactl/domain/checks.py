"""The built-in checks.

Their names are our own. No published control of CIS, of the Framework for Financial Services or
of Security and Compliance Center covers protocol, hop limit or links (platform notes 6).
"""

from vpcmetactl.domain.audit import NOT_APPLICABLE, PASS, UNKNOWN, Check, Judgement, Result
from vpcmetactl.domain.errors import NotFoundError
from vpcmetactl.domain.policy import Policy, Requirement, Severity
from vpcmetactl.domain.servers import BareMetalServer, Protocol, Server

_BEST_PRACTICE = "IBM Cloud docs: Security best practices for using instance metadata"
_CONFIGURE = "IBM Cloud docs: Configuring the instance metadata service"


def _fail(message: str) -> Judgement:
    return Judgement(Result.FAIL, message)


def _judge_http(server: Server, _: Policy) -> Judgement:
    metadata = server.metadata
    if metadata.enabled is None:
        return UNKNOWN
    if not metadata.enabled:
        return PASS
    if metadata.protocol is None:
        return UNKNOWN
    if metadata.protocol == Protocol.HTTP:
        return _fail("enabled over http")
    return PASS


def _judge_must_be_disabled(server: Server, policy: Policy) -> Judgement:
    if policy.require is not Requirement.DISABLED:
        return NOT_APPLICABLE
    if server.metadata.enabled is None:
        return UNKNOWN
    return _fail("the service is enabled") if server.metadata.enabled else PASS


def _judge_must_be_enabled(server: Server, policy: Policy) -> Judgement:
    if policy.require is not Requirement.ENABLED:
        return NOT_APPLICABLE
    if server.metadata.enabled is None:
        return UNKNOWN
    return PASS if server.metadata.enabled else _fail("the service is disabled")


def _judge_hop_limit(server: Server, policy: Policy) -> Judgement:
    maximum = policy.max_response_hop_limit
    if isinstance(server, BareMetalServer) or maximum is None:
        return NOT_APPLICABLE
    metadata = server.metadata
    if metadata.enabled is None:
        return UNKNOWN
    if not metadata.enabled:
        return PASS
    if metadata.response_hop_limit is None:
        return UNKNOWN
    if metadata.response_hop_limit > maximum:
        return _fail(f"response_hop_limit is {metadata.response_hop_limit}, above {maximum}")
    return PASS


CHECKS = (
    Check(
        id="VPCMETA001",
        title="The service is enabled over HTTP",
        severity=Severity.MEDIUM,
        rationale=(
            "IBM advises secure access, protocol https, for the metadata service. HTTP is the "
            "default, and IBM describes it as protected beyond the host, so this is a departure "
            "from advice rather than a hole."
        ),
        command="vpcmetactl metadata set {server} --protocol https",
        remedy=(
            "First point the clients in the guest to https://api.metadata.cloud.ibm.com: the "
            "service speaks one protocol at a time, and https does not answer at 169.254.169.254."
        ),
        source=_BEST_PRACTICE,
        judge=_judge_http,
    ),
    Check(
        id="VPCMETA002",
        title="The service is enabled where the policy says it must be disabled",
        severity=Severity.HIGH,
        rationale=(
            "Every process on a server can use the service. IBM advises to disable it where it "
            "is not needed; the policy says that it is not needed here."
        ),
        command="vpcmetactl metadata disable {server}",
        remedy=(
            "First make sure that nothing on it needs the service: IAM tokens from a trusted "
            "profile, file shares mounted with encryption in transit, vendors' license keys."
        ),
        source=_BEST_PRACTICE,
        judge=_judge_must_be_disabled,
        parameter="require",
    ),
    Check(
        id="VPCMETA003",
        title="The service is disabled where the policy says it must be enabled",
        severity=Severity.MEDIUM,
        rationale=(
            "The service is disabled by default. Without it a server gets no identity token, and "
            "so no rights from a trusted profile."
        ),
        command="vpcmetactl metadata enable {server} --protocol https",
        remedy="Every process on the server can then use it: see that this is meant.",
        source=_CONFIGURE,
        judge=_judge_must_be_enabled,
        parameter="require",
    ),
    Check(
        id="VPCMETA004",
        title="The response hop limit is above the policy's maximum",
        severity=Severity.LOW,
        rationale=(
            "The limit is the IP time to live of the service's answers, 1 by default and 64 at "
            "most: it bounds how far from the server they can travel. IBM recommends no maximum; "
            "the number is the policy's."
        ),
        command="vpcmetactl metadata set {server} --response-hop-limit 1",
        remedy=(
            "Choose any number within the policy's maximum. Too low a limit shows as time-outs in "
            "the clients: try it on one server first."
        ),
        source=_CONFIGURE,
        judge=_judge_hop_limit,
        parameter="max_response_hop_limit",
    ),
)


def get_check(check_id: str) -> Check:
    """Return the check of this id, in any case of letters.

    Raises NotFoundError naming the ids there are.
    """
    for check in CHECKS:
        if check.id == check_id.upper():
            return check
    known = ", ".join(check.id for check in CHECKS)
    raise NotFoundError(f"there is no check {check_id!r}", hint=f"the checks are {known}")
