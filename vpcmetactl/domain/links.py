"""Planning links between trusted profiles and servers: making, taking away, clearing out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from vpcmetactl.domain.plans import (
    Action,
    LinkChange,
    LinkOperation,
    MetadataServicePatch,
    Note,
    NoteCode,
    Plan,
    PlanItem,
    Skip,
    SkipReason,
)
from vpcmetactl.domain.servers import Server, ServerIdentity, ServerKind, Support
from vpcmetactl.domain.trust import (
    CR_TYPES,
    ProfileLink,
    TrustedProfile,
    server_of_crn,
    server_of_link,
)

# The platform removes the links of a deleted server itself, and a new server may not be found yet.
PRUNE_AGE = timedelta(hours=1)

_NO_PATCH = MetadataServicePatch()


def plan_links(
    servers: Iterable[Server],
    profile: TrustedProfile,
    links: Sequence[ProfileLink],
    *,
    named: bool,
    link_name: str | None = None,
    cross_account: bool = False,
) -> Plan:
    """Plan to link servers with a profile that has these links.

    ``named`` says that the user named each server: what one of them cannot have is then refused,
    while in a selection it is skipped. ``cross_account`` allows servers of other accounts.
    """
    existing = _by_server(links)

    def plan_one(server: Server) -> PlanItem:
        present = _links_to(server, existing)
        if present:
            message = f"already linked, by {present[0].id}"
            return Skip(server.identity, SkipReason.ALREADY_SO, message)
        obstacle = _obstacle(server, profile, named=named, cross_account=cross_account)
        return obstacle or _creation(server, profile, link_name)

    return Plan(Action.CREATE_LINKS, _NO_PATCH, tuple(map(plan_one, _ordered(servers))))


def plan_unlinks(
    servers: Iterable[Server], profile: TrustedProfile, links: Sequence[ProfileLink]
) -> Plan:
    """Plan to take away every link between these servers and a profile that has these links."""
    existing = _by_server(links)
    items: list[PlanItem] = []
    for server in _ordered(servers):
        present = _links_to(server, existing)
        items.extend(_deletion(server.identity, profile, link) for link in present)
        if not present:
            items.append(Skip(server.identity, SkipReason.ALREADY_SO, "is not linked"))
    return Plan(Action.DELETE_LINKS, _NO_PATCH, tuple(items))


class Sighting(StrEnum):
    """What reading the server of a link by its id came to; ``not_found`` is a 404."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    UNREADABLE = "unreadable"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class SightedLink:
    """A link of a profile, and whether its server was found, with that server where it was."""

    profile: TrustedProfile
    link: ProfileLink
    sighting: Sighting
    server: ServerIdentity | None = None


def plan_prune(links: Iterable[SightedLink], *, account_id: str, now: datetime) -> Plan:
    """Plan to take away the links whose servers are gone.

    That is only where the server was not found by its id, its CRN is of ``account_id``, and the
    link is older than ``PRUNE_AGE``. A link that names no server is none of ours, and left out.
    """
    found = []
    for sighted in links:
        server = server_of_crn(sighted.link.crn)
        if server is not None:
            item = _pruned(server, sighted, account_id, now)
            found.append((server.region, server.id, sighted.profile.id, sighted.link.id, item))
    found.sort(key=lambda entry: entry[:4])
    return Plan(Action.PRUNE_LINKS, _NO_PATCH, tuple(item for *_, item in found))


_INVERSES = {
    Action.CREATE_LINKS: Action.DELETE_LINKS,
    Action.DELETE_LINKS: Action.CREATE_LINKS,
    Action.PRUNE_LINKS: Action.CREATE_LINKS,
}


def invert_links(
    action: Action,
    changes: Sequence[LinkChange],
    present: Mapping[str, Sequence[ProfileLink]] | None = None,
) -> Plan:
    """Plan to take back the changes of a plan with this action.

    A change that made a link carries its id where that is known; without, the link between the
    profile and the server is meant. With ``present``, the links of each profile as they are now by
    its id, what is already so is skipped, and a link that is not the one that was made is refused.
    Without, that shows when the plan is applied. Raises KeyError for an action without links.
    """
    return Plan(_INVERSES[action], _NO_PATCH, tuple(_inverted(one, present) for one in changes))


def _inverted(
    change: LinkChange, present: Mapping[str, Sequence[ProfileLink]] | None
) -> LinkChange | Skip:
    existing = None if present is None else _present_links(change, present)
    if change.operation is LinkOperation.DELETE:
        return _remade(change, existing)
    return _unmade(change, existing)


def _remade(change: LinkChange, existing: Sequence[ProfileLink] | None) -> LinkChange | Skip:
    if existing:
        message = f"already linked, by {existing[0].id}"
        return Skip(change.server, SkipReason.ALREADY_SO, message)
    note = Note(NoteCode.NEW_LINK_ID, "the link is made anew, with an id of its own")
    return replace(change, operation=LinkOperation.CREATE, link_id=None, notes=(note,))


def _unmade(change: LinkChange, existing: Sequence[ProfileLink] | None) -> LinkChange | Skip:
    undone = replace(change, operation=LinkOperation.DELETE, notes=())
    if existing is None:
        return undone
    if not existing:
        return Skip(change.server, SkipReason.ALREADY_SO, "is not linked")
    if change.link_id is None and len(existing) == 1:
        return replace(undone, link_id=existing[0].id)
    if change.link_id in {link.id for link in existing}:
        return undone
    message = "the link that is there now is not known to be the one that was made"
    return Skip(change.server, SkipReason.DRIFTED, message, refused=True)


def _present_links(
    change: LinkChange, present: Mapping[str, Sequence[ProfileLink]]
) -> Sequence[ProfileLink]:
    meant = server_of_crn(change.crn)
    links = _by_server(present.get(change.profile_id, ()))
    return links.get((meant.kind, meant.id), ()) if meant else ()


def _pruned(
    server: ServerIdentity, sighted: SightedLink, account_id: str, now: datetime
) -> PlanItem:
    link = sighted.link
    if link.cr_type != CR_TYPES[server.kind]:
        message = f"link {link.id} is of compute type {link.cr_type or '(not told)'}"
        return Skip(server, SkipReason.OTHER_COMPUTE_TYPE, message)
    if server.account_id != account_id:
        message = f"is of another account: {server.account_id or '(not told)'}"
        return Skip(server, SkipReason.FOREIGN_ACCOUNT, message)
    if sighted.sighting is Sighting.FOUND:
        message = f"is there, so its link to {sighted.profile.name or sighted.profile.id} stays"
        return Skip(sighted.server or server, SkipReason.VISIBLE, message)
    if sighted.sighting is not Sighting.NOT_FOUND:
        message = "could not be read, so that it is not known to be gone"
        return Skip(server, SkipReason.NOT_REPORTED, message, refused=True)
    return _too_recent(server, link, now) or _deletion(server, sighted.profile, link)


def _too_recent(server: ServerIdentity, link: ProfileLink, now: datetime) -> Skip | None:
    created_at = _moment(link.created_at)
    if created_at is None:
        message = f"when link {link.id} was made cannot be read: {link.created_at or 'not told'}"
        return Skip(server, SkipReason.TOO_RECENT, message, refused=True)
    if now - created_at > PRUNE_AGE:
        return None
    message = f"link {link.id} was made less than an hour ago"
    return Skip(server, SkipReason.TOO_RECENT, message)


def _moment(text: str | None) -> datetime | None:
    """Read a time; one without its zone could be hours off, and is as good as none."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _creation(server: Server, profile: TrustedProfile, link_name: str | None) -> PlanItem:
    if server.crn is None:
        message = "the API does not report its CRN, by which a link names it"
        return Skip(server.identity, SkipReason.NO_CRN, message, refused=True)
    notes: tuple[Note, ...] = ()
    if server.support is Support.NOT_REPORTED:
        message = "its architecture is not reported; the service is supported on amd64 only"
        notes = (Note(NoteCode.ARCHITECTURE_NOT_REPORTED, message),)
    return LinkChange(
        server=server.identity,
        operation=LinkOperation.CREATE,
        profile_id=profile.id,
        profile_name=profile.name,
        cr_type=CR_TYPES[server.kind],
        crn=server.crn,
        link_name=link_name,
        is_cross_account=not _is_of_account(server, profile),
        notes=notes,
    )


def _obstacle(
    server: Server, profile: TrustedProfile, *, named: bool, cross_account: bool
) -> Skip | None:
    who = server.identity
    if server.status == "deleting" or server.lifecycle_state == "deleting":
        return Skip(who, SkipReason.DELETING, "is being deleted", refused=True)
    if server.support is Support.UNSUPPORTED_ARCHITECTURE:
        message = f"the metadata service is not supported on {server.architecture}"
        return Skip(who, SkipReason.UNSUPPORTED_ARCHITECTURE, message, refused=named)
    if server.crn is not None and not cross_account and not _is_of_account(server, profile):
        message = (
            f"is of account {server.account_id or '(not told)'}, the profile of "
            f"{profile.account_id or '(not told)'}; --cross-account links them all the same"
        )
        return Skip(who, SkipReason.FOREIGN_ACCOUNT, message, refused=True)
    return None


def _is_of_account(server: Server, profile: TrustedProfile) -> bool:
    return server.account_id is not None and server.account_id == profile.account_id


def _deletion(server: ServerIdentity, profile: TrustedProfile, link: ProfileLink) -> LinkChange:
    return LinkChange(
        server=server,
        operation=LinkOperation.DELETE,
        profile_id=profile.id,
        profile_name=profile.name,
        cr_type=CR_TYPES[server.kind],
        crn=link.crn or "",
        link_id=link.id,
        link_name=link.name,
        is_cross_account=bool(link.is_cross_account),
    )


_Links = Mapping[tuple[ServerKind, str], Sequence[ProfileLink]]


def _by_server(links: Iterable[ProfileLink]) -> _Links:
    found: dict[tuple[ServerKind, str], list[ProfileLink]] = defaultdict(list)
    for link in links:
        server = server_of_link(link)
        if server is not None and link.cr_type is not None:
            found[server.kind, server.id].append(link)
    return found


def _links_to(server: Server, links: _Links) -> Sequence[ProfileLink]:
    """Return the links to a server: by kind, id and, where it is known, account."""
    named = links.get((server.kind, server.id), ())
    if server.account_id is None:
        return named
    return [link for link in named if _account(link) == server.account_id]


def _account(link: ProfileLink) -> str | None:
    server = server_of_crn(link.crn)
    return server.account_id if server else None


def _ordered(servers: Iterable[Server]) -> Sequence[Server]:
    return sorted(servers, key=lambda server: (server.region, server.name or "", server.id))
