"""Finding out whether the server of a link is there."""

from collections.abc import Collection, Iterable, Sequence
from functools import partial

from vpcmetactl.domain.errors import AuthenticationError, NotFoundError, VpcmetactlError
from vpcmetactl.domain.links import SightedLink, Sighting
from vpcmetactl.domain.servers import ServerIdentity, ServerKind
from vpcmetactl.domain.trust import ProfileTrust, server_of_link
from vpcmetactl.usecases.bulk import Step, Task, run_tasks
from vpcmetactl.usecases.ports import Inventory


def sight_links(
    inventory: Inventory, trusts: Iterable[ProfileTrust], seen: Collection[str], max_workers: int
) -> Sequence[SightedLink]:
    """Ask by id for the server of every link that is not among those ``seen``, each once.

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
    tasks: Sequence[Task[tuple[_Place, Sighting]]] = [
        partial(_sight, inventory, server) for server in wanted.values()
    ]
    sighted = dict(run_tasks(tasks, max_workers))

    def sighting(server: ServerIdentity | None) -> Sighting:
        if server is None:
            return Sighting.NOT_ASKED
        return Sighting.FOUND if server.id in seen else sighted[_place(server)]

    return [SightedLink(profile, link, sighting(server)) for profile, link, server in links]


# CRNs may name one id in several regions: what one of them answers is nothing about the others.
_Place = tuple[str, ServerKind, str]


def _place(server: ServerIdentity) -> _Place:
    return server.region, server.kind, server.id


def _sight(inventory: Inventory, server: ServerIdentity) -> Step[tuple[_Place, Sighting]]:
    try:
        inventory.get_server(server.region, server.kind, server.id)
    except AuthenticationError:
        raise
    except NotFoundError:
        return Step([(_place(server), Sighting.NOT_FOUND)])
    except VpcmetactlError:
        return Step([(_place(server), Sighting.UNREADABLE)])
    return Step([(_place(server), Sighting.FOUND)])
