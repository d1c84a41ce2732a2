"""Every server of the chosen regions and kinds, page by page, as fast as the API allows.

Regions and kinds are listed at the same time. Within one of them pages form a chain: each names
the next. A long chain is split by VPC, which is the one filter that divides a region.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock

from vpcmetactl.domain.errors import InvalidInputError, MalformedResponseError, VpcmetactlError
from vpcmetactl.domain.selection import ApiFilters
from vpcmetactl.domain.servers import Server, ServerKind
from vpcmetactl.usecases.bulk import Step, run_in_turn, run_tasks
from vpcmetactl.usecases.ports import Inventory, Observer, PageQuery, ServerPage, Unreadable

# A chain of more pages than this is split: below, asking for the VPCs costs more than it gains.
_LONG_CHAIN = 10


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of the fleet that could not be read, and why; ``kind`` is ``None`` for both."""

    region: str
    kind: ServerKind | None
    error: VpcmetactlError


Part = Sequence[Server] | Unread


def iter_servers(
    inventory: Inventory,
    observer: Observer,
    regions: Sequence[str],
    kinds: Sequence[ServerKind],
    *,
    filters: ApiFilters,
    max_workers: int,
) -> Iterator[Part]:
    """Yield servers in order of arrival, each once, and every part that could not be read.

    Raises nothing for a region that fails: it is an ``Unread`` among the rest. InvalidInputError is
    raised: what is read then is a file, and it is unusable.
    """
    listings = [
        _Listing(inventory, observer, PageQuery(region, kind, filters))
        for region in regions
        for kind in kinds
    ]
    tasks = [listing.first_page for listing in listings]
    yield from run_tasks(tasks, max_workers) if max_workers > 1 else run_in_turn(tasks)


@dataclass(slots=True)
class _Listing:
    """One kind in one region."""

    inventory: Inventory
    observer: Observer
    query: PageQuery
    _lock: Lock = field(default_factory=Lock)
    # What has been seen and told: pages may overlap, and VPCs and chain show the same twice.
    _seen: set[str] = field(default_factory=set)
    _told: set[Unreadable] = field(default_factory=set)
    _asked: set[PageQuery] = field(default_factory=set)
    # Used once the chain is split: what is still to be read.
    _open_vpcs: int = 0
    _failed: bool = False

    def first_page(self) -> Step[Part]:
        page = self._read(self.query)
        if isinstance(page, Unread):
            return Step([page])
        parts = self._unseen(page)
        if page.next_start is None:
            return Step(parts)
        if not self._worth_splitting(page):
            return Step(parts, [partial(self._chain, page)])
        return Step(parts, [partial(self._split, page)])

    def _worth_splitting(self, page: ServerPage) -> bool:
        by_vpc = self.query.filters
        divided = by_vpc.vpc_id or by_vpc.vpc_name or by_vpc.vpc_crn or by_vpc.name
        return not divided and (page.total_count or 0) > _LONG_CHAIN * page.limit

    def _chain(self, page: ServerPage) -> Step[Part]:
        """Read the page after this one, and so on to the last."""
        following = self._read(replace(page.query, start=page.next_start))
        if isinstance(following, Unread):
            return Step([following])
        parts = self._unseen(following)
        if following.next_start is None:
            return Step(parts)
        return Step(parts, [partial(self._chain, following)])

    def _split(self, first: ServerPage) -> Step[Part]:
        """Go on by VPC, if there are fewer of them than pages, else along the chain."""
        vpcs = self._vpcs()
        pages = (first.total_count or 0) / first.limit
        if not vpcs or len(vpcs) >= pages:
            return self._chain(first)
        self._open_vpcs = len(vpcs)
        queries = [
            replace(self.query, filters=replace(self.query.filters, vpc_id=vpc)) for vpc in vpcs
        ]
        return Step([], [partial(self._vpc, query, first) for query in queries])

    def _vpcs(self) -> Sequence[str]:
        try:
            vpcs = self.inventory.list_vpcs(self.query.region)
        except VpcmetactlError:
            return ()  # not allowed, or not now: the chain needs no VPCs
        ids = dict.fromkeys(vpc.id for vpc in vpcs if vpc.id)
        return tuple(ids) if all(vpc.id for vpc in vpcs) else ()

    def _vpc(self, query: PageQuery, first: ServerPage) -> Step[Part]:
        """Read one page of one VPC; the last page of the last VPC settles the whole."""
        page = self._read(query)
        if isinstance(page, Unread):
            self._failed = True
            return self._vpc_ends([page], first)
        parts = self._unseen(page)
        if page.next_start is None:
            return self._vpc_ends(parts, first)
        following = replace(query, start=page.next_start)
        return Step(parts, [partial(self._vpc, following, first)])

    def _vpc_ends(self, parts: Sequence[Part], first: ServerPage) -> Step[Part]:
        with self._lock:
            self._open_vpcs -= 1
            complete = len(self._seen) >= (first.total_count or 0)
            over = self._open_vpcs == 0
        if not over or complete or self._failed:
            return Step(parts)
        # Servers were missed, in no VPC or new meanwhile: the chain shows them.
        return Step(parts, [partial(self._chain, first)])

    def _unseen(self, page: ServerPage) -> Sequence[Part]:
        """Return what a page shows for the first time."""
        with self._lock:
            servers = [server for server in page.servers if server.id not in self._seen]
            self._seen.update(server.id for server in servers)
            unreadable = [item for item in page.unreadable if item not in self._told]
            self._told.update(unreadable)
        self.observer.read(self.query.region, self.query.kind, len(servers))
        parts: list[Part] = [servers]
        for item in unreadable:
            if item.server_id is None:
                parts.append(self._unread(MalformedResponseError(item.message)))
            else:
                self.observer.warn(f"{self.query.region}: {item.server_id}: {item.message}")
        return parts

    def _read(self, query: PageQuery) -> ServerPage | Unread:
        with self._lock:
            if query in self._asked:
                return self._unread(MalformedResponseError("its pages go round in a circle"))
            self._asked.add(query)
        try:
            page = self.inventory.list_page(query)
        except InvalidInputError:
            raise
        except VpcmetactlError as error:
            return self._unread(error)
        if query == self.query and page.total_count is not None:
            self.observer.expect(query.region, query.kind, page.total_count)
        return page

    def _unread(self, error: VpcmetactlError) -> Unread:
        return Unread(self.query.region, self.query.kind, error)
