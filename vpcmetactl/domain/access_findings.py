"""What stands out in who can become what; how much it weighs is for others to say."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vpcmetactl.domain.access import Access, Obstacle, TrustIndex, WayKind
from vpcmetactl.domain.servers import ServerIdentity, ServerKind
from vpcmetactl.domain.trust import (
    ClaimRule,
    ProfileLink,
    ProfileTrust,
    TrustedProfile,
    server_of_link,
)

# A profile that so many servers can become is worth a line.
MANY_SERVERS = 100


class FindingCode(StrEnum):
    """What a finding is about; those that merely inform come last."""

    TRUSTED_SERVICE_OFF = "trusted_service_off"
    LINK_NOT_VISIBLE = "link_not_visible"
    RULE_OF_EVERYBODY = "rule_of_everybody"
    REACHABLE_FROM_MANY = "reachable_from_many"
    SERVICE_ON_UNTRUSTED = "service_on_untrusted"


@dataclass(frozen=True, slots=True)
class FindingExplanation:
    """What findings of a code mean: as a title over them, at length, and what to do."""

    title: str
    meaning: str
    remedy: str


EXPLANATIONS = {
    FindingCode.TRUSTED_SERVICE_OFF: FindingExplanation(
        "Trusted, and the metadata service is disabled",
        "Profiles trust the server, and it cannot get a token from its metadata service; the count "
        "is of profiles.",
        "Enable the service; or take the trust away, if nothing on the server needs it.",
    ),
    FindingCode.LINK_NOT_VISIBLE: FindingExplanation(
        "Links to servers that are not visible",
        "A link is to a server that the listing does not show. It may exist all the same: listings "
        "are narrowed by permissions.",
        "vpcmetactl links prune --dry-run shows which of these links could be cleared out.",
    ),
    FindingCode.RULE_OF_EVERYBODY: FindingExplanation(
        "Rules that every instance satisfies",
        "A claim rule lets in every virtual server of the account, those yet to be made included; "
        "the count is of servers.",
        "Narrow the rule, unless every server is meant.",
    ),
    FindingCode.REACHABLE_FROM_MANY: FindingExplanation(
        "Profiles that many servers can become",
        f"At least {MANY_SERVERS} servers can become the profile; the count is of servers. How "
        "much the profile may do is not looked at.",
        "See whether that many are meant.",
    ),
    FindingCode.SERVICE_ON_UNTRUSTED: FindingExplanation(
        "Enabled, and no profile trusts the server",
        "The metadata service is enabled, and no profile of the account trusts the server. Plain "
        "metadata and the certificates of file shares need no profile.",
        "Nothing, if the metadata is used; otherwise disable the service.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFinding:
    """Something that stands out; what it is not about is ``None``."""

    code: FindingCode
    message: str
    server: ServerIdentity | None = None
    profile: TrustedProfile | None = None
    link: ProfileLink | None = None
    rule: ClaimRule | None = None
    count: int | None = None


class AccessReview:
    """Passes accesses on while it looks at them; holds no more than counts and findings.

    The index must hold every server of the account that may be seen, not a selection: else links
    are to servers that are not seen, and rules let everybody in.
    """

    def __init__(self, index: TrustIndex, many: int = MANY_SERVERS) -> None:
        self._index = index
        self._many = many
        self._findings: list[AccessFinding] = []
        self._certain: Counter[tuple[ServerKind, str]] = Counter()
        self._doubtful: set[tuple[ServerKind, str]] = set()
        self._is_whole = True

    def reach(self, trust: ProfileTrust) -> Iterator[Access]:
        """Give what ``TrustIndex.reach`` gives; it counts once it was taken to the end."""
        satisfied: Counter[str] = Counter()
        servers = 0
        for access in self._index.reach(trust):
            is_certain = access.is_certain
            servers += is_certain
            self._note(access, is_certain=is_certain)
            for way in access.ways:
                if way.kind is WayKind.RULE and way.doubt is None:
                    satisfied[way.id] += 1
            yield access
        self._is_whole = self._is_whole and not trust.errors
        self._findings.extend(self._of_profile(trust, satisfied, servers))

    def findings(self) -> Sequence[AccessFinding]:
        """Return the findings on profiles in the order they came, then those on servers in theirs.

        Where part of any profile could not be read, no server is said to be trusted by none.
        """
        return [*self._findings, *self._of_servers()]

    def _note(self, access: Access, *, is_certain: bool) -> None:
        server = access.server.server
        who = (server.kind, server.id)
        if is_certain:
            self._certain[who] += 1
        else:
            self._doubtful.add(who)

    def _of_profile(
        self, trust: ProfileTrust, satisfied: Counter[str], servers: int
    ) -> Iterator[AccessFinding]:
        profile = trust.profile
        for link in trust.links:
            if server_of_link(link) is not None and not self._index.is_seen(link):
                yield AccessFinding(
                    code=FindingCode.LINK_NOT_VISIBLE,
                    message=f"link {link.id} is to a server that is not visible: {link.crn}",
                    profile=profile,
                    link=link,
                )
        everybody = self._index.count(profile.account_id, ServerKind.INSTANCE)
        for rule in trust.rules:
            if satisfied[rule.id] == everybody > 1:
                yield AccessFinding(
                    code=FindingCode.RULE_OF_EVERYBODY,
                    message=f"rule {rule.name or rule.id} lets in all {everybody} instances",
                    profile=profile,
                    rule=rule,
                    count=everybody,
                )
        if servers >= self._many:
            yield AccessFinding(
                code=FindingCode.REACHABLE_FROM_MANY,
                message=f"{servers} servers can become {profile.name or profile.id}",
                profile=profile,
                count=servers,
            )

    def _of_servers(self) -> Iterator[AccessFinding]:
        for position, assessed in enumerate(self._index.servers):
            server = assessed.server
            who = (server.kind, server.id)
            count = self._certain[who]
            if count and Obstacle.SERVICE_DISABLED in self._index.obstacles_at(position):
                yield AccessFinding(
                    code=FindingCode.TRUSTED_SERVICE_OFF,
                    message=f"is trusted by {count} profile{'s' if count > 1 else ''}, "
                    "and its metadata service is disabled",
                    server=server.identity,
                    count=count,
                )
            untrusted = not count and who not in self._doubtful and self._is_whole
            if untrusted and server.metadata.enabled:
                yield AccessFinding(
                    code=FindingCode.SERVICE_ON_UNTRUSTED,
                    message="its metadata service is enabled, and no profile trusts it",
                    server=server.identity,
                )
