"""A trusted profile for tests, and what makes it trust servers."""

from tests.support.builders import ACCOUNT
from vpcmetactl.domain.restarts import AssessedServer, Reason, RestartAssessment, Verdict
from vpcmetactl.domain.servers import Server
from vpcmetactl.domain.trust import (
    CR_TYPES,
    ClaimRule,
    ProfileIdentity,
    ProfileLink,
    ProfileTrust,
    RuleCondition,
    TrustedProfile,
)

PROFILE = TrustedProfile(id="Profile-1", name="backup-writer", account_id=ACCOUNT, crn="crn:p1")
FINE = RestartAssessment(Verdict.NOT_NEEDED, Reason.STOPPED_SINCE)


def assessed(*servers: Server, restart: RestartAssessment = FINE) -> list[AssessedServer]:
    """Return servers that need no restart, unless ``restart`` says otherwise."""
    return [AssessedServer(server, restart) for server in servers]


def a_link(server: Server, **fields: str | None) -> ProfileLink:
    """Return a link of the profile to a server, with the fields that a test sets."""
    defaults: dict[str, str | None] = {
        "id": f"link-{server.name}",
        "cr_type": CR_TYPES[server.kind],
        "crn": server.crn,
    }
    return ProfileLink(profile_id=PROFILE.id, **{**defaults, **fields})  # type: ignore[arg-type]


def a_rule(claim: str = "zone", value: str = '"us-south-1"', rule_id: str = "rule-1") -> ClaimRule:
    """Return a rule with one condition about instances, which every one in zone 1 satisfies."""
    return ClaimRule(
        id=rule_id,
        profile_id=PROFILE.id,
        type="Profile-CR",
        cr_type="VSI",
        name="all",
        conditions=(RuleCondition(claim, "EQUALS", value),),
    )


def an_identity(server: Server) -> ProfileIdentity:
    """Return the identity that is a server, told by its CRN."""
    return ProfileIdentity(profile_id=PROFILE.id, type="crn", identifier=server.crn)


def a_trust(**parts: tuple[object, ...]) -> ProfileTrust:
    """Return the profile with these links, rules and identities."""
    return ProfileTrust(profile=PROFILE, **parts)  # type: ignore[arg-type]
