"""Trusted profiles, and what makes them trust a server (platform notes 4.2).

Names are the API's own. What is not known here (compute types, operators, claims) is kept as the
API wrote it.
"""

from dataclasses import dataclass, field

from vpcmetactl.domain.errors import InvalidInputError, VpcmetactlError
from vpcmetactl.domain.identifiers import Crn
from vpcmetactl.domain.servers import ServerIdentity, ServerKind

# The compute types of servers; the API has others, for clusters and for Code Engine.
CR_TYPES = {ServerKind.INSTANCE: "VSI", ServerKind.BARE_METAL_SERVER: "BMS"}
_KINDS = {
    "instance": ServerKind.INSTANCE,
    "bare-metal-server": ServerKind.BARE_METAL_SERVER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedProfile:
    """A trusted profile."""

    id: str
    name: str | None = None
    account_id: str | None = None
    iam_id: str | None = None
    crn: str | None = None
    description: str | None = None
    created_at: str | None = None
    modified_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileLink:
    """A link of a profile to a compute resource; ``crn`` is that resource's.

    ``namespace`` and ``resource_name`` tell a cluster's service account apart, ``component_type``
    and ``component_name`` a part of Code Engine; servers have none of them.
    """

    id: str
    profile_id: str
    cr_type: str | None = None
    crn: str | None = None
    name: str | None = None
    created_at: str | None = None
    is_cross_account: bool | None = None
    namespace: str | None = None
    resource_name: str | None = None
    component_type: str | None = None
    component_name: str | None = None


@dataclass(frozen=True, slots=True)
class RuleCondition:
    """A condition of a claim rule; ``value`` is JSON in a string, as the API has it."""

    claim: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRule:
    """A claim rule; all of its conditions must hold. ``Profile-CR`` rules are about compute."""

    id: str
    profile_id: str
    type: str | None = None
    cr_type: str | None = None
    name: str | None = None
    conditions: tuple[RuleCondition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileIdentity:
    """A user, service id or CRN that may assume the profile by itself."""

    profile_id: str
    type: str | None = None
    identifier: str | None = None
    iam_id: str | None = None
    description: str | None = None
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileTrust:
    """A profile with everything that makes it trust somebody.

    What could not be read is empty, and ``errors`` says why: by the part's name, which is
    ``links``, ``rules`` or ``identities``.
    """

    profile: TrustedProfile
    links: tuple[ProfileLink, ...] = ()
    rules: tuple[ClaimRule, ...] = ()
    identities: tuple[ProfileIdentity, ...] = ()
    errors: dict[str, VpcmetactlError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLimit:
    """One limit of an account, such as ``cr_links_per_profile``, and how much of it is used."""

    name: str
    limit: int | None = None
    used: int | None = None


@dataclass(frozen=True, slots=True)
class DefaultProfile:
    """The profile that a server was given when it was made; what it shows may be stale."""

    profile_id: str | None
    crn: str | None
    auto_link: bool | None


def server_of_crn(crn: str | None) -> ServerIdentity | None:
    """Return the server that a CRN names, without its name; ``None`` where it names none.

    The server may be gone. Its region is that of the zone in the CRN (platform notes 4.2).
    """
    if crn is None or crn.split(":")[4:5] != ["is"]:
        return None
    try:
        parsed = Crn.parse(crn)
    except InvalidInputError:
        return None
    kind = _KINDS.get(parsed.resource_type)
    if kind is None:
        return None
    return ServerIdentity(
        kind=kind,
        id=parsed.resource_id,
        crn=crn,
        name=None,
        account_id=parsed.account_id or None,
        region=parsed.region,
    )


def server_of_link(link: ProfileLink) -> ServerIdentity | None:
    """Return the server that a link is to; ``None`` for a link to anything else.

    The compute type must be that of the server's kind, or not be reported.
    """
    server = server_of_crn(link.crn)
    if server is None or link.cr_type not in (None, CR_TYPES[server.kind]):
        return None
    return server
