"""From servers to subjects, and from subjects to a report."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from vpcmetactl.domain.access import TrustIndex
from vpcmetactl.domain.audit import AuditReport, audit
from vpcmetactl.domain.policy import Policy
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.subjects import Subject, Trust, TrustingProfile
from vpcmetactl.domain.trust import ProfileTrust
from vpcmetactl.usecases.fleet import FleetReading


def audit_fleet(
    reading: FleetReading,
    policy: Policy,
    as_of: date,
    trusts: Iterable[ProfileTrust] | None = None,
) -> AuditReport:
    """Read the fleet and judge every server; the reading knows what is missing.

    ``trusts`` are all trusted profiles of the account, where the policy asks for them
    (``domain.audit.needs_trust``). They are asked for once the servers are read, and then every
    server is held at once; without them servers are judged as they come.
    """

    def is_whole() -> bool:
        return reading.selector.is_empty and reading.where is None and not reading.unread

    servers = (assessed for batch in reading for assessed in batch)
    subjects = server_subjects(servers) if trusts is None else trusted_subjects(servers, trusts)
    return audit(subjects, policy, as_of, is_whole)


def server_subjects(servers: Iterable[AssessedServer]) -> Iterator[Subject]:
    """Give each server as a subject of which nobody asked who trusts it."""
    for assessed in servers:
        yield Subject(assessed.server, restart=assessed.restart)


def trusted_subjects(
    servers: Iterable[AssessedServer],
    trusts: Iterable[ProfileTrust],
    *,
    is_complete: bool = True,
) -> Iterator[Subject]:
    """Give each server as a subject with the profiles that trust it.

    ``is_complete`` is false where some of the account's profiles could not be listed. What of a
    profile could not be read makes every server's trust incomplete: it may be about any of them.
    """
    fleet = list(servers)
    found: dict[tuple[ServerKind, str], list[TrustingProfile]] = defaultdict(list)
    index = TrustIndex(fleet)
    for trust in trusts:
        is_complete = is_complete and not trust.errors
        for access in index.reach(trust):
            profile = TrustingProfile(trust.profile.id, trust.profile.name, access.is_certain)
            server = access.server.server
            found[server.kind, server.id].append(profile)
    yield from _with_trust(fleet, found, is_complete=is_complete)


def _with_trust(
    fleet: Sequence[AssessedServer],
    found: Mapping[tuple[ServerKind, str], Sequence[TrustingProfile]],
    *,
    is_complete: bool,
) -> Iterator[Subject]:
    nobody = Trust(is_complete=is_complete)
    for assessed in fleet:
        server = assessed.server
        profiles = found.get((server.kind, server.id))
        trust = Trust(_in_order(profiles), is_complete) if profiles else nobody
        yield Subject(server, restart=assessed.restart, trust=trust)


def _in_order(profiles: Sequence[TrustingProfile]) -> tuple[TrustingProfile, ...]:
    """Put profiles in an order that does not depend on when each was read."""
    return tuple(sorted(profiles, key=lambda profile: (profile.name or "", profile.id or "")))
