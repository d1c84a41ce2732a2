"""Finding out whether the server of a link is there."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from vpcmetactl.domain.errors import AuthenticationError, NotFoundError, VpcmetactlError
from vpcmetactl.domain.links import SightedLink, Sighting
from vpcmetactl.domain.servers import ServerIdentity, ServerKind
from vpcmetactl.domain.trust import ProfileTrust, server_of_link
from vpcmetactl.usecases.bulk import Step, Task, run_tasks
from vpcmetactl.usecases.ports import Inventory


def sight_links(
    inventory: Inventory,
    trusts: Iterable[ProfileTrust],
    seen: Mapping[str, ServerIdentity],
    max_workers: int,
) -> Sequence[SightedLink]:
    """Ask by id for the server of every link that is not among those ``seen``, each once.

    ``seen`` are the servers that were listed, by their ids.
    Links of other compute types are not asked about. Raises AuthenticationError; any other error
    makes the server unreadable, which is no proof of anything.
    """
    links = [
        (trust.profile, link, server_of_link(link)) for trust in trusts for link in trust.links
    ]
    wanted = {
        _place(server): server
        for _, _, server in links
        if server is not None and server.id not in seen
    }
    tasks: Sequence[Task[tuple[_Place, _Seen]]] = [
        partial(_sight, inventory, server) for server in wanted.values()
    ]
    sighted = dict(run_tasks(tasks, max_workers))

    def sighting(server: ServerIdentity | None) -> _Seen:
        if server is None:
            return Sighting.NOT_ASKED, None
        listed = seen.get(server.id)
        return (Sighting.FOUND, listed) if listed else sighted[_place(server)]

    return [SightedLink(profile, link, *sighting(server)) for profile, link, server in links]


# CRNs may name one id in several regions: what one of them answers is nothing about the others.
_Place = tuple[str, ServerKind, str]
# What asking came to, and the server where it was found.
_Seen = tuple[Sighting, ServerIdentity | None]


def _place(server: ServerIdentity) -> _Place:
    return server.region, server.kind, server.id


def _sight(inventory: Inventory, server: ServerIdentity) -> Step[tuple[_Place, _Seen]]:
    found = None
    try:
        found = inventory.get_server(server.region, server.kind, server.id).identity
        sighting = Sighting.FOUND
    except AuthenticationError:
        raise
    except NotFoundError:
        sighting = Sighting.NOT_FOUND
    except VpcmetactlError:
        sighting = Sighting.UNREADABLE
    return Step([(_place(server), (sighting, found))])
