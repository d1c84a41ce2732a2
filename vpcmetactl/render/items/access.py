"""Who can become what, as JSON shows it."""

from collections.abc import Sequence
from functools import cache
from typing import Annotated

from vpcmetactl.domain import access
from vpcmetactl.domain.access import Obstacle, WayKind
from vpcmetactl.domain.access_findings import AccessFinding, FindingCode
from vpcmetactl.domain.claims import DoubtReason
from vpcmetactl.render.documents import Trailer
from vpcmetactl.render.items.base import (
    MetadataService,
    ServerIdentity,
    Shape,
    about,
    metadata_service,
    server_identity,
)
from vpcmetactl.render.items.trust import ProfileName, profile_name


class AccessServer(ServerIdentity, frozen=True):
    """The server that can become the profile."""

    status: Annotated[str | None, about("The server's status, such as `running`.")]
    metadata_service: Annotated[
        MetadataService | None,
        about("The metadata service; `null` where the API reported none."),
    ]


class Doubt(Shape, frozen=True):
    """Why it cannot be told whether a rule lets the server in."""

    reason: Annotated[DoubtReason, about("The stable code of the reason.")]
    message: Annotated[str, about("The reason in words.")]


class Way(Shape, frozen=True):
    """One way for the server to become the profile."""

    kind: Annotated[WayKind, about("Whether it is a link, a claim rule or an identity.")]
    id: Annotated[str, about("The id of the link or rule; the CRN that the identity is told by.")]
    name: Annotated[str | None, about("The name of the link or rule, the identity's description.")]
    certain: Annotated[bool, about("Whether the way is open beyond doubt.")]
    doubt: Annotated[Doubt | None, about("Why that cannot be told; `null` where it can.")]


class Usable(Shape, frozen=True):
    """Whether the server can make use of the trust now."""

    now: Annotated[
        bool | None,
        about("Whether the server can get a token for the profile now; `null`: it cannot be told."),
    ]
    obstacles: Annotated[
        tuple[Obstacle, ...], about("What stands in the way of that, or may stand in it.")
    ]


class Access(Shape, frozen=True):
    """A server that a profile trusts, or may trust."""

    server: Annotated[AccessServer, about("The server.")]
    profile: Annotated[ProfileName, about("The profile.")]
    ways: Annotated[tuple[Way, ...], about("How: links first, then rules, then identities.")]
    certain: Annotated[bool, about("Whether at least one of the ways is open beyond doubt.")]
    is_default: Annotated[
        bool | None,
        about(
            "Whether the server was given the profile when it was made, which is no way in by "
            "itself; `null`: not asked."
        ),
    ]
    usable: Annotated[Usable, about("Whether the server can make use of it now.")]


class ServerProfile(ProfileName, frozen=True):
    """A profile that trusts the server, or may."""

    ways: Annotated[tuple[Way, ...], about("How: links first, then rules, then identities.")]
    certain: Annotated[bool, about("Whether at least one of the ways is open beyond doubt.")]
    usable: Annotated[Usable, about("Whether the server can make use of it now.")]


class FindingLink(Shape, frozen=True):
    """The link that a finding is about."""

    id: Annotated[str, about("The link's id.")]
    name: Annotated[str | None, about("The link's own name.")]
    crn: Annotated[str | None, about("The CRN that it names.")]


class FindingRule(Shape, frozen=True):
    """The rule that a finding is about."""

    id: Annotated[str, about("The rule's id.")]
    name: Annotated[str | None, about("The rule's name.")]


class Finding(Shape, frozen=True):
    """Something that stands out; what it is not about is `null`."""

    code: Annotated[FindingCode, about("The stable code of what stands out.")]
    message: Annotated[str, about("The finding in words.")]
    server: Annotated[ServerIdentity | None, about("The server it is about.")]
    profile: Annotated[ProfileName | None, about("The profile it is about.")]
    link: Annotated[FindingLink | None, about("The link it is about.")]
    rule: Annotated[FindingRule | None, about("The rule it is about.")]
    count: Annotated[int | None, about("How many servers or profiles, where that is told.")]


class AccessSummary(Shape, frozen=True):
    """Counts over all pairs of server and profile, shown or not; and what stands out."""

    total: Annotated[int, about("How many pairs there are.")]
    servers: Annotated[int, about("How many servers are in them.")]
    profiles: Annotated[int, about("How many profiles are in them.")]
    certain: Annotated[int, about("Pairs with at least one way that is open beyond doubt.")]
    cannot_tell: Annotated[int, about("Pairs with none, but one of which that cannot be told.")]
    usable_now: Annotated[int, about("Pairs of which the server can make use now, as far as told.")]
    findings: Annotated[
        tuple[Finding, ...] | None,
        about("What stands out in the whole account; `null` where only a part was looked at."),
    ]


def access_item(value: access.Access) -> Access:
    """Return a server with a profile that trusts it, as JSON shows it."""
    server = value.server.server
    ways = tuple(map(_way, value.ways))
    return Access(
        server=AccessServer(
            kind=server.kind,
            id=server.id,
            crn=server.crn,
            name=server.name,
            account_id=server.account_id,
            region=server.region,
            status=server.status,
            metadata_service=metadata_service(server.metadata_service),
        ),
        profile=profile_name(value.profile),
        ways=ways,
        certain=value.is_certain,
        is_default=value.is_default,
        usable=_usable(value.obstacles),
    )


def server_profile(value: access.Access) -> ServerProfile:
    """Return a profile that trusts a server, as JSON shows it with the server."""
    return ServerProfile(
        id=value.profile.id,
        name=value.profile.name,
        ways=tuple(map(_way, value.ways)),
        certain=value.is_certain,
        usable=_usable(value.obstacles),
    )


def finding_items(trailer: Trailer) -> tuple[Finding, ...] | None:
    """Return what stands out in an account as JSON shows it, in an order of its own.

    Those that merely inform come last, and of one code those with the largest count first.
    """
    whole = trailer.whole
    if not isinstance(whole, Sequence):
        return None
    order = {code: place for place, code in enumerate(FindingCode)}

    def key(finding: Finding) -> tuple[object, ...]:
        server, profile = finding.server, finding.profile
        return (
            order[finding.code],
            -(finding.count or 0),
            (server.region, server.label) if server else (),
            profile.label if profile else "",
            finding.message,
        )

    return tuple(sorted(map(_finding, whole), key=key))


def _way(way: access.Way) -> Way:
    doubt = way.doubt
    told = None if doubt is None else Doubt(doubt.reason, doubt.message)
    return Way(way.kind, way.id, way.name, doubt is None, told)


# Obstacles are about the server alone, and few differ.
@cache
def _usable(obstacles: tuple[Obstacle, ...]) -> Usable:
    return Usable(access.usable_with(obstacles), obstacles)


def _finding(finding: AccessFinding) -> Finding:
    link, rule = finding.link, finding.rule
    return Finding(
        code=finding.code,
        message=finding.message,
        server=None if finding.server is None else server_identity(finding.server),
        profile=None if finding.profile is None else profile_name(finding.profile),
        link=None if link is None else FindingLink(link.id, link.name, link.crn),
        rule=None if rule is None else FindingRule(rule.id, rule.name),
        count=finding.count,
    )
