"""Checking a plan against who trusts its servers, before anything is sent.

Disabling the service takes from a server the rights of every profile that trusts it; another
protocol takes them from clients in the guest that were not told.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vpcmetactl.domain.access import TrustIndex
from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.plans import (
    MetadataChange,
    Note,
    NoteCode,
    Plan,
    PlanItem,
    Skip,
    SkipReason,
)
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.servers import ServerIdentity
from vpcmetactl.domain.trust import ProfileTrust

# As many profiles are named in one message.
_NAMED = 5


def concerned_servers(plan: Plan, servers: Sequence[AssessedServer]) -> Sequence[AssessedServer]:
    """Return the servers of which it matters who trusts them."""
    wanted = {
        item.server
        for item in plan.items
        if isinstance(item, MetadataChange) and (_disables(item) or _switches(item))
    }
    return [one for one in servers if one.server.identity in wanted]


def check_trust(
    plan: Plan,
    servers: Sequence[AssessedServer],
    trusts: Iterable[ProfileTrust] | VpcmetactlError,
    *,
    allow_identity_loss: bool,
) -> Plan:
    """Return the plan with what was found of who trusts its servers.

    ``servers`` are the concerned ones. ``trusts`` are the profiles of the account, or why they
    could not be read.
    """
    found = _Found()
    if isinstance(trusts, VpcmetactlError):
        found.unread.append(f"the trusted profiles could not be read ({trusts.code})")
    else:
        _hold_against(servers, trusts, found)
    who = {one.server.identity for one in servers}
    return replace(
        plan,
        items=tuple(
            _checked(item, found, allow_identity_loss=allow_identity_loss)
            if isinstance(item, MetadataChange) and item.server in who
            else item
            for item in plan.items
        ),
    )


@dataclass(slots=True)
class _Found:
    """The names of the profiles that trust each server, for certain or perhaps."""

    certain: Mapping[ServerIdentity, list[str]] = field(default_factory=lambda: defaultdict(list))
    doubtful: Mapping[ServerIdentity, list[str]] = field(default_factory=lambda: defaultdict(list))
    unread: list[str] = field(default_factory=list)


def _hold_against(
    servers: Sequence[AssessedServer], trusts: Iterable[ProfileTrust], found: _Found
) -> None:
    index = TrustIndex(servers)
    for trust in trusts:
        name = trust.profile.name or trust.profile.id
        for access in index.reach(trust):
            side = found.certain if access.is_certain else found.doubtful
            side[access.server.server.identity].append(name)
        if trust.errors:
            found.unread.append(f"the {' and '.join(trust.errors)} of {name} could not be read")


def _checked(item: MetadataChange, found: _Found, *, allow_identity_loss: bool) -> PlanItem:
    certain = sorted(found.certain.get(item.server, ()))
    doubtful = sorted(found.doubtful.get(item.server, ()))
    notes: list[Note] = []
    if certain and _disables(item):
        message = f"is trusted by {named_briefly(certain)}, whose rights it would lose"
        if not allow_identity_loss:
            way_on = "--allow-identity-loss allows it"
            return Skip(item.server, SkipReason.TRUSTED, f"{message}; {way_on}", refused=True)
        notes.append(Note(NoteCode.TRUSTED, f"loses the rights of {named_briefly(certain)}"))
    elif certain:
        message = (
            f"is trusted by {named_briefly(certain)}: clients in the guest get no token before "
            f"they ask over {item.after.protocol}"
        )
        notes.append(Note(NoteCode.TRUSTED, message))
    if doubtful or found.unread:
        told = [f"{named_briefly(doubtful)} may trust it"] if doubtful else []
        message = f"who trusts it is not fully known: {'; '.join([*told, *found.unread[:1]])}"
        notes.append(Note(NoteCode.TRUST_UNKNOWN, message))
    return replace(item, notes=(*item.notes, *notes))


def _disables(change: MetadataChange) -> bool:
    """Whether a service that is on, or may be, is turned off."""
    return change.before.enabled is not False and change.after.enabled is False


def _switches(change: MetadataChange) -> bool:
    may_be_on = change.before.enabled is not False and change.after.enabled is not False
    return may_be_on and change.before.protocol != change.after.protocol


def named_briefly(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    shown = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown
