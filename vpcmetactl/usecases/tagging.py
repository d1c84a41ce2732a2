"""Joining servers with the user tags that a search knows of them."""

from collections.abc import Iterator, Sequence
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

    def warnings(self, regions: Sequence[str], unread: Sequence[Unread]) -> Iterator[str]:
        """Tell, once all is read, what makes one doubt that the servers chosen are all there are.

        ``unread`` is what could not be read of the fleet in these ``regions``.
        """
        if not self.selector.tags or self.index is None:
            return
        if not self.index.found:
            yield (
                f"Global Search knows no server tagged {' or '.join(self.selector.tags)}; a tag "
                "attached a short while ago may not have come to it yet"
            )
        missing = [one for one in self._unlisted(regions) if not _is_within(one, unread)]
        if missing:
            names = ", ".join(
                f"{one.crn.resource_id} in {one.crn.region}" for one in missing[:_NAMED]
            )
            more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            yield (
                "servers that bear a tag asked for, as Global Search tells, are in no listing: "
                f"{names}{more}; left out, for they were deleted a short while ago or are not "
                "visible to you"
            )

    def _unlisted(self, regions: Sequence[str]) -> Sequence[TaggedServer]:
        """Return what was found and not listed, unless the API was asked for some servers only."""
        if self.index is None or self.selector.refs or self.selector.api_filters() != ApiFilters():
            return ()
        return [
            one
            for place, one in self.index.found.items()
            if place not in self._listed and one.crn.region in regions
        ]


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


def _is_within(one: TaggedServer, unread: Sequence[Unread]) -> bool:
    kind = ServerKind(one.crn.resource_type.replace("-", "_"))
    return any(part.region == one.crn.region and part.kind in (kind, None) for part in unread)
