"""Links beside the servers that can be seen."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from vpcmetactl.domain.servers import Server, ServerIdentity
from vpcmetactl.domain.trust import ProfileLink, TrustedProfile, server_of_link


class Visibility(StrEnum):
    """Whether the server of a link is seen; one that is not may exist all the same.

    ``not_read``: its region could not be read. ``other_compute_type``: the link is to no server.
    """

    VISIBLE = "visible"
    NOT_VISIBLE = "not_visible"
    NOT_READ = "not_read"
    OTHER_COMPUTE_TYPE = "other_compute_type"


@dataclass(frozen=True, slots=True)
class LinkSight:
    """A link of a profile; ``server`` is as it was listed, or else as its CRN tells."""

    profile: TrustedProfile
    link: ProfileLink
    visibility: Visibility
    server: ServerIdentity | None


def sight_of(
    profile: TrustedProfile,
    link: ProfileLink,
    servers: Mapping[str, Server],
    unread: Collection[str],
) -> LinkSight:
    """Look for the server of a link among those that were listed, by their ids.

    ``unread`` are the regions of which not everything could be read.
    """
    named = server_of_link(link)
    if named is None:
        return LinkSight(profile, link, Visibility.OTHER_COMPUTE_TYPE, None)
    server = servers.get(named.id)
    if server is not None and server.kind is named.kind:
        return LinkSight(profile, link, Visibility.VISIBLE, server.identity)
    seen = Visibility.NOT_READ if named.region in unread else Visibility.NOT_VISIBLE
    return LinkSight(profile, link, seen, named)
