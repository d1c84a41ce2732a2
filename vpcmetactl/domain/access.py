"""Which servers can become which trusted profile, how, and whether they can now.

IBM has no call that tells: links, claim rules and identities of every profile are held against
every server (platform notes 4.2). Profiles of other accounts that trust a server are invisible.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vpcmetactl.domain.bitsets import members
from vpcmetactl.domain.claims import ClaimIndex, Doubt
from vpcmetactl.domain.restarts import AssessedServer, Verdict
from vpcmetactl.domain.servers import ServerIdentity, ServerKind, Support
from vpcmetactl.domain.trust import (
    DefaultProfile,
    ProfileLink,
    ProfileTrust,
    TrustedProfile,
    server_of_crn,
    server_of_link,
)


class WayKind(StrEnum):
    """The kinds of trust."""

    LINK = "link"
    RULE = "rule"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Way:
    """One way for a server to become a profile.

    ``id`` is the link's, the rule's, or what the identity is told by: the server's CRN. With a
    ``doubt`` it cannot be told whether the rule lets the server in.
    """

    kind: WayKind
    id: str
    name: str | None = None
    doubt: Doubt | None = None


class Obstacle(StrEnum):
    """Why a server that is trusted cannot make use of it now, or may not be able to."""

    SERVICE_DISABLED = "service_disabled"
    SERVICE_NOT_REPORTED = "service_not_reported"
    UNSUPPORTED_ARCHITECTURE = "unsupported_architecture"
    ARCHITECTURE_NOT_REPORTED = "architecture_not_reported"
    NOT_RUNNING = "not_running"
    STATUS_NOT_REPORTED = "status_not_reported"
    RESTART_NEEDED = "restart_needed"
    RESTART_UNKNOWN = "restart_unknown"

    @property
    def is_certain(self) -> bool:
        """Whether it stands in the way; the others may or may not."""
        return self in _CERTAIN


OBSTACLE_MEANINGS = {
    Obstacle.SERVICE_DISABLED: "The server's metadata service, which gives out tokens, is "
    "disabled.",
    Obstacle.SERVICE_NOT_REPORTED: "The API did not report whether the metadata service is "
    "enabled.",
    Obstacle.UNSUPPORTED_ARCHITECTURE: "IBM does not support the metadata service on the server's "
    "architecture.",
    Obstacle.ARCHITECTURE_NOT_REPORTED: "The API did not report the architecture, and IBM supports "
    "the service on amd64 only.",
    Obstacle.NOT_RUNNING: "The server does not run.",
    Obstacle.STATUS_NOT_REPORTED: "The API did not report whether the server runs.",
    Obstacle.RESTART_NEEDED: "A stop and start is outstanding before the service works.",
    Obstacle.RESTART_UNKNOWN: "Whether a stop and start is outstanding is not known.",
}
_CERTAIN = frozenset(
    {
        Obstacle.SERVICE_DISABLED,
        Obstacle.UNSUPPORTED_ARCHITECTURE,
        Obstacle.NOT_RUNNING,
    }
)


# Values like the rest, and not frozen for the reason that servers are not: there are many.
@dataclass(slots=True)
class Access:
    """A server that a profile trusts, or may trust.

    ``is_default`` says whether it is the profile that the server was given when it was made, which
    is no way in by itself; ``None`` where that was not asked. ``obstacles`` are about the server
    alone.
    """

    server: AssessedServer
    profile: TrustedProfile
    ways: tuple[Way, ...]
    is_default: bool | None
    obstacles: tuple[Obstacle, ...]

    @property
    def is_certain(self) -> bool:
        """Whether at least one of the ways is open beyond doubt."""
        # A loop takes half the time of any(), and there are hundreds of thousands of these.
        for way in self.ways:  # noqa: SIM110
            if way.doubt is None:
                return True
        return False

    @property
    def is_usable(self) -> bool | None:
        """Whether the server can get a token for its profile now; ``None``: it cannot be told."""
        return usable_with(self.obstacles)


def usable_with(obstacles: Sequence[Obstacle]) -> bool | None:
    """Return whether a server with these obstacles can get a token; ``None``: not to be told."""
    if any(obstacle.is_certain for obstacle in obstacles):
        return False
    return None if obstacles else True


@dataclass(frozen=True, slots=True)
class TrustedServer(AssessedServer):
    """A server with the profiles that trust it, or may, in the order of their names."""

    accesses: tuple[Access, ...] = ()


def find_obstacles(assessed: AssessedServer) -> tuple[Obstacle, ...]:
    """Return what keeps a server from using the trust that is put in it."""
    return tuple(_obstacles(assessed))


def _obstacles(assessed: AssessedServer) -> Iterator[Obstacle]:
    server, enabled = assessed.server, assessed.server.metadata.enabled
    if not enabled:
        yield Obstacle.SERVICE_NOT_REPORTED if enabled is None else Obstacle.SERVICE_DISABLED
    if server.support is Support.UNSUPPORTED_ARCHITECTURE:
        yield Obstacle.UNSUPPORTED_ARCHITECTURE
    if server.support is Support.NOT_REPORTED:
        yield Obstacle.ARCHITECTURE_NOT_REPORTED
    if server.status != "running":
        yield Obstacle.STATUS_NOT_REPORTED if server.status is None else Obstacle.NOT_RUNNING
    if assessed.restart.verdict is Verdict.NEEDED:
        yield Obstacle.RESTART_NEEDED
    if assessed.restart.verdict is Verdict.UNKNOWN and enabled:
        yield Obstacle.RESTART_UNKNOWN


def join_profiles(
    servers: Sequence[AssessedServer], trusts: Iterable[ProfileTrust]
) -> Sequence[TrustedServer]:
    """Return the servers, in their order, each with every profile that trusts it or may."""
    index = TrustIndex(servers)
    found: dict[tuple[ServerKind, str], list[Access]] = defaultdict(list)
    for trust in trusts:
        for access in index.reach(trust):
            found[access.server.server.kind, access.server.server.id].append(access)
    for accesses in found.values():
        accesses.sort(key=lambda access: (access.profile.name or "", access.profile.id))
    return [
        TrustedServer(one.server, one.restart, tuple(found[one.server.kind, one.server.id]))
        for one in servers
    ]


_NOT_ASKED: Mapping[str, DefaultProfile | None] = {}


class TrustIndex:
    """Servers, ready to be held against many profiles.

    ``defaults`` has, by server id, what was learnt of the default profile: ``None`` for a server
    without one; servers that were not asked are absent.
    """

    def __init__(
        self,
        servers: Sequence[AssessedServer],
        defaults: Mapping[str, DefaultProfile | None] = _NOT_ASKED,
    ) -> None:
        self.servers = servers
        self._defaults = defaults
        self._claims = ClaimIndex([assessed.server for assessed in servers])
        self._positions = {(a.server.kind, a.server.id): i for i, a in enumerate(servers)}
        self._obstacles: dict[int, tuple[Obstacle, ...]] = {}

    def reach(self, trust: ProfileTrust) -> Iterator[Access]:
        """Give the servers that a profile trusts or may trust, in the order of the servers.

        A server's ways are its links, then rules, then identities, in the order of ``trust``. What
        of the profile could not be read opens no way here.
        """
        ways = self._ways(trust)
        for position in sorted(ways):
            assessed = self.servers[position]
            yield Access(
                server=assessed,
                profile=trust.profile,
                ways=tuple(ways[position]),
                is_default=self._is_default(assessed.server.id, trust.profile),
                obstacles=self.obstacles_at(position),
            )

    def is_seen(self, link: ProfileLink) -> bool:
        """Whether a link is to one of the servers."""
        return self._position(server_of_link(link)) is not None

    def count(self, account_id: str | None, kind: ServerKind) -> int:
        """Return how many of the servers of a kind belong to an account."""
        return self._claims.count(account_id, kind)

    def obstacles_at(self, position: int) -> tuple[Obstacle, ...]:
        """Return what keeps a server from using trust."""
        found = self._obstacles.get(position)
        if found is None:
            found = self._obstacles[position] = find_obstacles(self.servers[position])
        return found

    def _ways(self, trust: ProfileTrust) -> Mapping[int, Sequence[Way]]:
        ways: dict[int, list[Way]] = defaultdict(list)
        for link in trust.links:
            position = self._position(server_of_link(link))
            if position is not None:
                ways[position].append(Way(WayKind.LINK, link.id, link.name))
        for rule in trust.rules:
            found = self._claims.match(rule, trust.profile.account_id)
            for who, doubt in ((found.yes, None), *found.doubts):
                way = Way(WayKind.RULE, rule.id, rule.name, doubt)
                for position in members(who):
                    ways[position].append(way)
        for identity in trust.identities:
            position = self._position(server_of_crn(identity.identifier))
            if position is not None:
                way = Way(WayKind.IDENTITY, identity.identifier or "", identity.description)
                ways[position].append(way)
        return ways

    def _position(self, named: ServerIdentity | None) -> int | None:
        """Return where the server is that a CRN names: by kind, id and account.

        The zone in the CRN is of no account. A server whose account is not reported has no other.
        """
        position = self._positions.get((named.kind, named.id)) if named else None
        if named is None or position is None:
            return None
        account = self.servers[position].server.account_id
        return position if account in (None, named.account_id) else None

    def _is_default(self, server_id: str, profile: TrustedProfile) -> bool | None:
        if server_id not in self._defaults:
            return None
        default = self._defaults[server_id]
        if default is None:
            return False
        if default.profile_id is not None:
            return default.profile_id == profile.id
        return default.crn == profile.crn if default.crn and profile.crn else None
