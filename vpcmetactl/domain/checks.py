"""The built-in checks.

Their names are our own. No published control of CIS, of the Framework for Financial Services or
of Security and Compliance Center covers protocol, hop limit or links (platform notes 6).

Instance templates and Terraform resources are held to the same checks as servers: they are subjects
like them, and there is no check of their own for them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vpcmetactl.domain import judging
from vpcmetactl.domain.errors import NotFoundError
from vpcmetactl.domain.judging import Judgement
from vpcmetactl.domain.policy import NO_PARAMETERS, Parameters, Severity
from vpcmetactl.domain.restarts import Verdict
from vpcmetactl.domain.servers import Protocol
from vpcmetactl.domain.subjects import Subject
from vpcmetactl.domain.suggestions import did_you_mean

_BEST_PRACTICE = "IBM Cloud docs: Security best practices for using instance metadata"
_CONFIGURE = "IBM Cloud docs: Configuring the instance metadata service"
_TRUST = "IBM Cloud docs: Using a trusted profile to call IAM-enabled services"
_FAQ = "IBM Cloud docs: FAQs for instance metadata"
_OWN = "vpcmetactl docs: Policy files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Something that a policy can hold servers to, or waivers.

    ``id`` is stable for good. ``severity`` is meant where a rule gives none. ``command`` is the
    command that mends it on a server that exists, and ``terraform`` what a resource must say; in
    both ``{server}``, ``{protocol}``, ``{limit}`` and ``{profile}`` stand for what the finding is
    about. ``remedy`` says what to see to first. ``judge`` is ``None`` for checks of waivers; it is
    asked only about subjects on whose architecture the service is supported, or may be.
    ``parameter`` names the field of ``Parameters`` that the check takes; where ``default`` does not
    have it, every rule must give it.
    """

    id: str
    title: str
    severity: Severity
    rationale: str
    remedy: str
    source: str
    command: str | None = None
    terraform: str | None = None
    judge: Callable[[Subject, Parameters], Judgement] | None = None
    parameter: str | None = None
    default: Parameters = NO_PARAMETERS

    @property
    def is_about_waivers(self) -> bool:
        """Whether it judges waivers, not servers; it then needs no rule to judge."""
        return self.judge is None

    @property
    def needs_parameter(self) -> bool:
        """Whether every rule must give the parameter."""
        return self.parameter is not None and getattr(self.default, self.parameter) is None

    def sample(self, text: str | None) -> str | None:
        """Return its command, or what a resource must say, with words in capitals to replace."""
        if text is None:
            return None
        protocol = self.default.protocol or "PROTOCOL"
        return text.format(server="SERVER", protocol=protocol, limit="LIMIT", profile="PROFILE")

    def complete(self, given: Parameters) -> Parameters:
        """Return the parameters that a rule gives, or the check's own.

        Raises ValueError where the check needs one that is not given.
        """
        if self.parameter is None or getattr(given, self.parameter) is not None:
            return given
        if self.needs_parameter:
            raise ValueError(f"{self.id} needs {self.parameter}")
        return self.default


CHECKS = (
    Check(
        id="VPCMETA001",
        title="The service is enabled over another protocol than the required one",
        severity=Severity.MEDIUM,
        rationale=(
            "IBM advises secure access, protocol https, for the metadata service. HTTP is the "
            "default, and IBM describes it as protected beyond the host, so this is a departure "
            "from advice rather than a hole."
        ),
        command="vpcmetactl metadata set {server} --protocol {protocol}",
        terraform='metadata_service {{ protocol = "{protocol}" }}',
        remedy=(
            "For https, first point the clients in the guest to "
            "https://api.metadata.cloud.ibm.com: the service speaks one protocol at a time, and "
            "https does not answer at 169.254.169.254."
        ),
        source=_BEST_PRACTICE,
        judge=judging.judge_protocol,
        parameter="protocol",
        default=Parameters(protocol=Protocol.HTTPS),
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
        terraform="metadata_service {{ enabled = false }}",
        remedy=(
            "First make sure that nothing on it needs the service: IAM tokens from a trusted "
            "profile, file shares mounted with encryption in transit, vendors' license keys."
        ),
        source=_BEST_PRACTICE,
        judge=judging.judge_must_be_disabled,
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
        terraform="metadata_service {{ enabled = true }}",
        remedy="Every process on the server can then use it: see that this is meant.",
        source=_CONFIGURE,
        judge=judging.judge_must_be_enabled,
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
        command="vpcmetactl metadata set {server} --response-hop-limit {limit}",
        terraform="metadata_service {{ response_hop_limit = {limit} }}",
        remedy=(
            "Choose any number within the policy's maximum. Too low a limit shows as time-outs in "
            "the clients: try it on one server first."
        ),
        source=_CONFIGURE,
        judge=judging.judge_hop_limit,
        parameter="max_response_hop_limit",
    ),
    Check(
        id="VPCMETA005",
        title="None of the trusted profiles that the policy requires trusts the server",
        severity=Severity.MEDIUM,
        rationale=(
            "A server gets IAM rights without stored keys when a trusted profile trusts it: by a "
            "link, a claim rule or an identity. The policy says that one of these profiles must. "
            "Whether the server can make use of it now, with its service on, is not asked here."
        ),
        command="vpcmetactl links create --profile {profile} {server}",
        remedy=(
            "Choose the profile with the fewest rights that is enough: every process on the server "
            "can become it."
        ),
        source=_TRUST,
        judge=judging.judge_required_profile,
        parameter="profiles",
    ),
    Check(
        id="VPCMETA006",
        title="The server can become a trusted profile that the policy forbids it",
        severity=Severity.HIGH,
        rationale=(
            "IBM advises few trusted profiles, or none, on servers, with the least rights: every "
            "process on a server can become every profile that trusts it, once the service is "
            "enabled. Profiles of other accounts that trust the server are invisible to us."
        ),
        command="vpcmetactl access list {server}",
        remedy=(
            "Look by which way the profile trusts the server: delete the link, or narrow the claim "
            "rule, which may let in other servers too."
        ),
        source=_BEST_PRACTICE,
        judge=judging.judge_forbidden_profile,
        parameter="profiles",
    ),
    Check(
        id="VPCMETA007",
        title="A stop and start is outstanding before the service works",
        severity=Severity.LOW,
        rationale=(
            "By IBM's FAQ, enabling the service on an instance that was created with it disabled "
            "needs one stop and start. IBM's release notes of 9 August 2022 say that this no "
            "longer holds; the FAQ still says it. So the verdict is advice, and no policy of IBM."
        ),
        command="vpcmetactl restarts run {server}",
        remedy=(
            "Run guest probe -o json in the server first: where it answers, no restart is needed, "
            "and restarts import-events takes the proof."
        ),
        source=_FAQ,
        judge=judging.judge_restart,
        parameter="verdicts",
        default=Parameters(verdicts=(Verdict.NEEDED,)),
    ),
    Check(
        id="VPCMETA101",
        title="A waiver has expired",
        severity=Severity.LOW,
        rationale=(
            "A waiver accepts findings until a day that its owner gave. From then on they count "
            "again, and a waiver that is left behind hides that nobody decided anew."
        ),
        remedy="Delete the waiver, or have its owner decide anew until when it holds.",
        source=_OWN,
    ),
    Check(
        id="VPCMETA102",
        title="A waiver matches nothing",
        severity=Severity.LOW,
        rationale=(
            "No finding is accepted by the waiver: what it was for is mended or gone, or the "
            "waiver names something else than was meant. It would accept a finding that comes "
            "later, unseen. Not judged where only a part of the fleet was audited."
        ),
        remedy="Delete the waiver, or mend its check or its servers.",
        source=_OWN,
    ),
    Check(
        id="VPCMETA103",
        title="A waiver expires within 14 days",
        severity=Severity.INFO,
        rationale="What the waiver accepts will count again soon.",
        remedy="Mend what it is for in time, or have its owner decide anew.",
        source=_OWN,
    ),
)

_BY_ID = {check.id: check for check in CHECKS}


def get_check(check_id: str) -> Check:
    """Return the check of this id, in any case of letters.

    Raises NotFoundError naming the ids there are.
    """
    check = _BY_ID.get(check_id.upper())
    if check is None:
        hint = did_you_mean(check_id, _BY_ID, "checks")
        raise NotFoundError(f"there is no check {check_id!r}", hint=hint)
    return check
