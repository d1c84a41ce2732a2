"""Changes to servers on which containers run, as their user tags say.

A response may make as many network hops as the hop limit allows. Containers that are not on their
host's own network are one hop further away: by the rules of IP, for IBM's pages say nothing of them
(platform notes 5.5).
"""

from collections.abc import Sequence
from dataclasses import replace

from vpcmetactl.domain.plans import MetadataChange, Note, NoteCode, Plan
from vpcmetactl.domain.servers import Server

_ONLY_THE_HOST = 1


def mark_container_hosts(plan: Plan, servers: Sequence[Server], tags: Sequence[str]) -> Plan:
    """Return the plan with a note on each change that leaves a container host a hop limit of 1.

    A container host is a server that bears one of the user ``tags``; ``servers`` come with theirs.
    """
    hosts = {
        server.identity: borne
        for server in servers
        if (borne := [tag for tag in tags if tag in (server.tags or ())])
    }
    items = [
        replace(item, notes=(*item.notes, _note(hosts[item.server])))
        if isinstance(item, MetadataChange) and item.server in hosts and _is_too_near(item)
        else item
        for item in plan.items
    ]
    return replace(plan, items=tuple(items))


def _is_too_near(change: MetadataChange) -> bool:
    after = change.after
    return after.enabled is not False and after.response_hop_limit == _ONLY_THE_HOST


def _note(tags: Sequence[str]) -> Note:
    return Note(
        NoteCode.CONTAINER_HOST,
        f"is tagged {' and '.join(tags)}, as a container host: with a response hop limit of 1 "
        "containers that are not on the host's own network get no answer; --response-hop-limit 2 "
        "lets them have one",
    )
