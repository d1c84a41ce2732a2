"""Joining servers with the user tags that a search knows of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from vpcmetactl.domain.errors import AuthenticationError, InvalidInputError, VpcmetactlError
from vpcmetactl.domain.selection import ApiFilters, ServerSelector
from vpcmetactl.domain.servers import Server, ServerKind
from vpcmetactl.domain.tags import TaggedServer, TagIndex
from vpcmetactl.usecases.listing import Unread
from vpcmetactl.usecases.ports import Inventory

# So many servers are named in a warning.
_NAMED = 3


@dataclass(slots=True)
class Tagging:
    """The tags of the servers of one reading, where somebody asks for them.

    ``index`` is ``None`` where nobody does, or where ``error`` kept it from being read.
    """

    selector: ServerSelector
    index: TagIndex | None = None
    error: VpcmetactlError | None = None
    _listed: set[tuple[str, str]] = field(default_factory=set)

    def join(self, servers: Sequence[Server]) -> Sequence[Server]:
        """Return servers with their tags."""
        if self.index is None:
            return servers
        self._listed.update((server.region, server.id) for server in servers)
        return [replace(server, tags=self.index.tags_of(server)) for server in servers]

    def surplus(self, regions: Sequence[str], unread: Sequence[Unread]) -> str | None:
        """Tell of servers that bear a tag asked for, and that no listing has shown.

        Only of those that a listing should have shown: nothing is said where the API was asked for
        some servers only, or of a part of the fleet that could not be read.
        """
        selector = self.selector
        if not selector.tags or selector.refs or selector.api_filters() != ApiFilters():
            return None
        blind = {(part.region, part.kind) for part in unread}
        missing = [
            one
            for place, one in (self.index.found.items() if self.index else ())
            if place not in self._listed
            and one.crn.region in regions
            and blind.isdisjoint({(one.crn.region, _kind(one)), (one.crn.region, None)})
        ]
        if not missing:
            return None
        names = ", ".join(f"{one.crn.resource_id} in {one.crn.region}" for one in missing[:_NAMED])
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        return (
            f"Global Search tells of servers with a tag asked for that no listing shows: {names}"
            f"{more}; left out, for they were deleted a short while ago or are not visible to you"
        )


def read_tags(inventory: Inventory, selector: ServerSelector, *, wanted: bool) -> Tagging:
    """Read the tags of servers: those that the selection is by, or, where ``wanted``, all.

    Raises whatever keeps a selection by tags from being decided. Tags that are only ``wanted`` are
    told without: ``error`` says why. Raises AuthenticationError, and InvalidInputError for a source
    that holds none, in any case.
    """
    tagging = Tagging(selector)
    if not selector.tags and not wanted:
        return tagging
    try:
        account_id = inventory.get_caller().account_id
        found = inventory.search_tags(account_id, selector.wanted_kinds, selector.tags)
    except VpcmetactlError as error:
        if selector.tags or isinstance(error, AuthenticationError | InvalidInputError):
            raise
        tagging.error = error
    else:
        tagging.index = TagIndex.of(found)
    return tagging


def _kind(one: TaggedServer) -> ServerKind:
    return ServerKind(one.crn.resource_type.replace("-", "_"))
