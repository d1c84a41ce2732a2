"""Finding out whether the server of a link is there."""

from collections.abc import Collection, Iterable, Sequence
from functools import partial

from vpcmetactl.domain.errors import AuthenticationError, NotFoundError, VpcmetactlError
from vpcmetactl.domain.links import SightedLink, Sighting
from vpcmetactl.domain.servers import ServerIdentity
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
    links = [(trust.profile, link) for trust in trusts for link in trust.links]
    servers = {link.id: server_of_link(link) for _, link in links}
    wanted = {
        (server.kind, server.id): server
        for server in servers.values()
        if server is not None and server.id not in seen
    }
    tasks: Sequence[Task[tuple[str, Sighting]]] = [
        partial(_sight, inventory, server) for server in wanted.values()
    ]
    sighted = dict(run_tasks(tasks, max_workers))

    def sighting(server: ServerIdentity | None) -> Sighting:
        if server is None:
            return Sighting.NOT_ASKED
        return Sighting.FOUND if server.id in seen else sighted[server.id]

    return [SightedLink(profile, link, sighting(servers[link.id])) for profile, link in links]


def _sight(inventory: Inventory, server: ServerIdentity) -> Step[tuple[str, Sighting]]:
    try:
        inventory.get_server(server.region, server.kind, server.id)
    except AuthenticationError:
        raise
    except NotFoundError:
        return Step([(server.id, Sighting.NOT_FOUND)])
    except VpcmetactlError:
        return Step([(server.id, Sighting.UNREADABLE)])
    return Step([(server.id, Sighting.FOUND)])
