"""Taking back what a plan did, or is to do."""

from collections.abc import Mapping, Sequence

from vpcmetactl.domain.errors import RefusedError
from vpcmetactl.domain.links import invert_links
from vpcmetactl.domain.metadata_plans import invert_plan
from vpcmetactl.domain.plans import LinkChange, MetadataChange, Plan, RestartChange
from vpcmetactl.domain.servers import Server
from vpcmetactl.domain.trust import ProfileLink


def take_back(
    plan: Plan,
    *,
    servers: Sequence[Server] | None = None,
    links: Mapping[str, Sequence[ProfileLink]] | None = None,
) -> Plan:
    """Plan the undo of every change of a plan.

    With ``servers`` or ``links`` (of each profile, by its id), as they are now, what was changed
    since is refused; without, that shows when the undo is applied. Raises RefusedError for a plan
    of restarts.
    """
    changes = plan.changes
    if any(isinstance(change, RestartChange) for change in changes):
        raise RefusedError(
            "a restart cannot be taken back", hint="nothing was changed; the servers run as before"
        )
    about_links = [change for change in changes if isinstance(change, LinkChange)]
    if about_links:
        return invert_links(plan.action, about_links, links)
    about_metadata = [change for change in changes if isinstance(change, MetadataChange)]
    return invert_plan(about_metadata, servers)


def is_about_metadata(plan: Plan) -> bool:
    """Whether a plan changes metadata services."""
    return all(isinstance(change, MetadataChange) for change in plan.changes)
