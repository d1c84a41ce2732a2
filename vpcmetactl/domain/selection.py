"""Which servers a command is about.

A repeated option means *or*, different options mean *and*. What the API can filter on is sent to
it; what it cannot is decided here, and what was sent is checked here again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase

from vpcmetactl.domain.identifiers import ServerRef, account_of_crn
from vpcmetactl.domain.servers import Instance, Reference, Server, ServerKind

_WILDCARDS = frozenset("*?[")
# The id of a VPC or of an instance group starts with the region's number.
_REGIONAL_ID = re.compile(r"r[0-9]{3}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The list operations take no group name.
_GROUP_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class ApiFilters:
    """What the list operations filter on, one value each (platform notes 1.3).

    Only that of instances knows instance groups.
    """

    name: str | None = None
    vpc_id: str | None = None
    vpc_name: str | None = None
    vpc_crn: str | None = None
    resource_group_id: str | None = None
    instance_group_id: str | None = None
    instance_group_crn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSelector:
    """What a user said about the servers meant; everything empty means every server.

    ``vpcs``, ``resource_groups`` and ``instance_groups`` hold ids, CRNs or exact names; ``names``
    hold globs, matched case-sensitively; a server without a name matches no glob. ``tags`` are in
    lower case, and a server whose tags are not known bears none of them. ``--where`` is a predicate
    that travels beside the selector, for it needs the rendered item.
    """

    refs: tuple[ServerRef, ...] = ()
    regions: tuple[str, ...] = ()
    kinds: tuple[ServerKind, ...] = ()
    vpcs: tuple[str, ...] = ()
    resource_groups: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    instance_groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said, so that every server is meant."""
        return not any(getattr(self, field.name) for field in fields(self))

    @property
    def wanted_kinds(self) -> Sequence[ServerKind]:
        """The kinds to list: those that were named, else both; no group has bare metal in it."""
        return self.kinds or ((ServerKind.INSTANCE,) if self.instance_groups else tuple(ServerKind))

    def matches(self, server: Server) -> bool:
        """Whether a server satisfies every option; the servers named one by one are not asked."""
        return (
            (not self.kinds or server.kind in self.kinds)
            and (not self.regions or server.region in self.regions)
            and (not self.zones or server.zone in self.zones)
            and (not self.statuses or server.status in self.statuses)
            and (not self.vpcs or _is_one_of(server.vpc, self.vpcs))
            and (
                not self.resource_groups or _is_one_of(server.resource_group, self.resource_groups)
            )
            and (not self.names or any(_glob(server.name, glob) for glob in self.names))
            and (not self.instance_groups or _is_member(server, self.instance_groups))
            and (not self.tags or not set(self.tags).isdisjoint(server.tags or ()))
        )

    def api_filters(self) -> ApiFilters:
        """The part of the selection that the API can filter on: options with a single value."""
        vpc = _only(self.vpcs)
        group = _only(self.resource_groups)
        name = _only(self.names)
        members = _only(self.instance_groups)
        is_id = vpc is not None and _REGIONAL_ID.fullmatch(vpc) is not None
        return ApiFilters(
            name=name if name and not _WILDCARDS & set(name) else None,
            vpc_crn=vpc if vpc and vpc.startswith("crn:") else None,
            vpc_id=vpc if is_id else None,
            vpc_name=vpc if vpc and ":" not in vpc and not is_id else None,
            resource_group_id=group if group and _GROUP_ID.fullmatch(group) else None,
            instance_group_id=members if members and _REGIONAL_ID.fullmatch(members) else None,
            instance_group_crn=members if members and members.startswith("crn:") else None,
        )


def refers_to(ref: ServerRef, server: Server) -> bool:
    """Whether a user's word names this server: its id, its CRN or its exact name."""
    if ref.crn is not None:
        return ref.text == server.crn or (
            ref.crn.resource_id == server.id
            and ref.crn.region == server.region
            and account_of_crn(server.crn) in (None, ref.crn.account_id)
        )
    return ref.text in (server.id, server.name)


def _only(values: tuple[str, ...]) -> str | None:
    return values[0] if len(values) == 1 else None


def _glob(name: str | None, glob: str) -> bool:
    return name is not None and fnmatchcase(name, glob)


def _is_member(server: Server, groups: tuple[str, ...]) -> bool:
    return isinstance(server, Instance) and _is_one_of(server.instance_group, groups)


def _is_one_of(reference: Reference | None, words: tuple[str, ...]) -> bool:
    if reference is None:
        return False
    return any(word in (reference.id, reference.crn, reference.name) for word in words)
