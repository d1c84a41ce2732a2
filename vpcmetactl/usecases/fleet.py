"""From a user's selection to assessed servers, and to what could not be read on the way."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from vpcmetactl.domain.errors import (
    AmbiguousServerError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    InvalidInputError,
    MalformedResponseError,
    NotFoundError,
    VpcmetactlError,
)
from vpcmetactl.domain.evidence import NOTHING_KNOWN, History, Observation, Sights
from vpcmetactl.domain.identifiers import BUILT_IN_REGIONS, ServerRef
from vpcmetactl.domain.restarts import AssessedServer, RestartRule, assess_restart
from vpcmetactl.domain.selection import ApiFilters, ServerSelector, refers_to
from vpcmetactl.domain.servers import Server, ServerKind
from vpcmetactl.domain.suggestions import did_you_mean
from vpcmetactl.usecases.bulk import Step, Task, run_tasks
from vpcmetactl.usecases.listing import Part, Unread, iter_servers
from vpcmetactl.usecases.ports import (
    Clock,
    EvidenceLog,
    Inventory,
    Observer,
    PageQuery,
    PastVerdicts,
)
from vpcmetactl.usecases.tagging import Tagging, read_tags

# More names than this are cheaper to find in a listing of everything than one by one.
_FEW = 4
# What was seen is written down in one transaction, or in several where a fleet is very large.
_SIGHTS_HELD = 20_000

Predicate = Callable[[AssessedServer], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReader:
    """Reads the part of a fleet that a user chose.

    ``where`` is asked last, about assessed servers. ``ignore_not_found`` passes over named servers
    that match nothing; one that matches several is an error all the same. With ``verdicts`` servers
    are assessed as they were then: ``rule`` and ``log`` are not asked, and nothing is remembered.
    ``regions`` are meant where the selection names none, and ``excluded`` ones are never read.
    """

    inventory: Inventory
    log: EvidenceLog
    observer: Observer
    clock: Clock
    max_workers: int
    rule: RestartRule = RestartRule.FAQ
    ignore_not_found: bool = False
    verdicts: PastVerdicts | None = None
    regions: Sequence[str] = ()
    excluded: Sequence[str] = ()

    def open(
        self,
        selector: ServerSelector,
        where: Predicate | None = None,
        *,
        with_tags: bool = False,
    ) -> "FleetReading":
        """Find out which regions are meant, and return the reading, to be iterated once.

        Servers come with their user tags where they are chosen by these, or ``with_tags``. Raises
        NotFoundError for a named region that does not exist, AuthenticationError, and whatever
        keeps a selection by tags from being decided; a list of regions that cannot be had otherwise
        is replaced by the built-in one.
        """
        regions = _regions(self, selector)
        tagging = read_tags(self.inventory, selector, wanted=with_tags)
        return FleetReading(self, selector, where, regions, tagging)


@dataclass(slots=True)
class FleetReading:
    """Iterates over batches of assessed servers that match, in order of arrival.

    After the last batch ``unread`` holds every part of the fleet that could not be read, and
    ``missing`` the named servers that were not found, where these are passed over; ``tagging``
    says why no tags are told, where they were only to be told. Where servers are named one by one,
    nothing is yielded before each name is known to match one. Raises the error of the first part
    where no part could be read at all, and InvalidInputError where the source is a file that turns
    out to be unusable.
    """

    reader: FleetReader
    selector: ServerSelector
    where: Predicate | None
    regions: Sequence[str]
    tagging: Tagging
    unread: list[Unread] = field(default_factory=list)
    missing: Sequence[ServerRef] = ()
    _units_read: int = 0
    # By server: one that is found twice, by its id and its name, was seen once. A moment stands for
    # a server that is as it was.
    _unwritten: dict[str, Observation | datetime] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Sequence[AssessedServer]]:
        batches = self._named() if self.selector.refs else self._batches(self._listing())
        yield from batches
        self._write_sights()
        for warning in self.tagging.warnings(self.regions, self.unread):
            self.reader.observer.warn(warning)
        if self.unread and not self._units_read:
            raise self.unread[0].error

    def _listing(self) -> Iterator[Part]:
        reader = self.reader
        # A word may be a server's id, so what is asked of the API must not filter by name.
        return iter_servers(
            reader.inventory,
            reader.observer,
            self.regions,
            self.selector.wanted_kinds,
            filters=self.selector.api_filters(),
            max_workers=reader.max_workers,
        )

    def _batches(self, parts: Iterator[Part]) -> Iterator[Sequence[AssessedServer]]:
        is_everything = self.selector.is_empty and self.where is None
        for part in parts:
            if isinstance(part, Unread):
                self._add_unread(part)
                continue
            self._units_read += 1
            batch = self._assess(self.tagging.join(part))
            if not is_everything:
                batch = [one for one in batch if self._matches(one)]
            if batch:
                yield batch

    def _add_unread(self, part: Unread) -> None:
        """Remember what could not be read; a part that fails for many names fails once."""
        if self.selector.refs and any(
            (known.region, known.kind, known.error.code)
            == (part.region, part.kind, part.error.code)
            for known in self.unread
        ):
            return
        self.unread.append(part)

    def _matches(self, assessed: AssessedServer) -> bool:
        return self.selector.matches(assessed.server) and (
            self.where is None or self.where(assessed)
        )

    def _named(self) -> Iterator[Sequence[AssessedServer]]:
        refs = self.selector.refs
        parts = self._look_up(refs) if len(refs) <= _FEW else self._listing()
        found: dict[tuple[str, str], AssessedServer] = {}
        matches: dict[ServerRef, list[Server]] = {ref: [] for ref in refs}
        for batch in self._batches(parts):
            for assessed in batch:
                server = assessed.server
                key = (server.region, server.id)
                named = [ref for ref in refs if refers_to(ref, server)] if key not in found else []
                for ref in named:
                    matches[ref].append(server)
                    found[key] = assessed
        self._demand_one_each(matches)
        yield list(found.values())

    def _look_up(self, refs: Sequence[ServerRef]) -> Iterator[Part]:
        tasks: list[Task[Part]] = [
            partial(self._find, ref, region, kind)
            for ref in refs
            for region in self.regions
            for kind in self.selector.wanted_kinds
            if ref.crn is None or _may_be(ref, region, kind)
        ]
        return run_tasks(tasks, self.reader.max_workers)

    def _find(self, ref: ServerRef, region: str, kind: ServerKind) -> Step[Part]:
        """Ask for one server by id, by name, or by both where the word may be either."""
        inventory = self.reader.inventory
        is_id = ref.crn is not None or ref.looks_like_id
        try:
            if is_id or not ref.may_be_name:
                server_id = ref.crn.resource_id if ref.crn else ref.text
                return Step([[inventory.get_server(region, kind, server_id)]])
        except NotFoundError:
            if ref.crn is not None or (is_id and not ref.may_be_name):
                return Step([[]])
        except InvalidInputError:
            raise
        except VpcmetactlError as error:
            # A word of no known form may be a name all the same, whatever the API says of its id.
            if is_id or not isinstance(error, BadRequestError):
                return Step([Unread(region, kind, error)])
        try:
            page = inventory.list_page(PageQuery(region, kind, ApiFilters(name=ref.text)))
        except InvalidInputError:
            raise
        except VpcmetactlError as error:
            return Step([Unread(region, kind, error)])
        lost = [
            Unread(region, kind, MalformedResponseError(item.message))
            for item in page.unreadable
            if item.server_id is None
        ]
        return Step([page.servers, *lost])

    def _demand_one_each(self, matches: dict[ServerRef, list[Server]]) -> None:
        for ref, servers in matches.items():
            if len(servers) > 1:
                raise _ambiguous(ref, servers)
        self.missing = [ref for ref, servers in matches.items() if not servers]
        if self.missing and not self.reader.ignore_not_found:
            if self.unread and not self._units_read:
                raise self.unread[0].error
            raise not_found(self.missing, self.selector, self.unread)
        if all(_has_id(ref, servers) for ref, servers in matches.items()):
            # An id exists once: whatever could not be read holds no second server of it.
            self.unread.clear()

    def _assess(self, servers: Sequence[Server]) -> Sequence[AssessedServer]:
        reader = self.reader
        if reader.verdicts is not None:
            return reader.verdicts.recall(servers)
        now = reader.clock.now()
        histories = reader.log.load_histories([server.id for server in servers])
        assessed = []
        for server in servers:
            history = histories.get(server.id, NOTHING_KNOWN)
            if server.metadata.enabled is not None:
                seen = _sight(server, history, now)
                self._unwritten[server.id] = seen or now
                if seen:
                    history = History((*history.sights, seen), history.events)
            assessed.append(AssessedServer(server, assess_restart(server, history, reader.rule)))
        if len(self._unwritten) >= _SIGHTS_HELD:
            self._write_sights()
        return assessed

    def _write_sights(self) -> None:
        if self._unwritten:
            new = [seen for seen in self._unwritten.values() if isinstance(seen, Observation)]
            unchanged = [
                (server_id, at)
                for server_id, at in self._unwritten.items()
                if isinstance(at, datetime)
            ]
            self.reader.log.record_sights(Sights(new, unchanged))
            self._unwritten = {}


def _sight(server: Server, history: History, now: datetime) -> Observation | None:
    """Return what is seen of a server where that is not what was seen last."""
    enabled, status = server.metadata.enabled, server.status
    last = history.sights[-1] if history.sights else None
    if last is not None and last.enabled == enabled and last.status == status:
        return None
    until = (history.seen_until or last.observed_at) if last else None
    return Observation(server.id, now, enabled, status, until)


def _regions(reader: FleetReader, selector: ServerSelector) -> Sequence[str]:
    """Return the regions meant; those that a user named are never asked before they are known."""
    refused = [region for region in selector.regions if region in reader.excluded]
    if refused:
        raise InvalidInputError(
            f"--region {refused[0]}: is excluded by the context",
            hint="take it out of exclude_regions in the configuration file to read it",
        )
    wanted = selector.regions or tuple(reader.regions)
    if selector.refs and all(ref.crn for ref in selector.refs):
        named = dict.fromkeys(ref.crn.region for ref in selector.refs if ref.crn)
        wanted = tuple(region for region in named if not wanted or region in wanted)
        if not wanted:
            return ()
    if not wanted or not all(region in BUILT_IN_REGIONS for region in wanted):
        wanted = tuple(find_regions(reader.inventory, reader.observer, wanted))
    return tuple(region for region in dict.fromkeys(wanted) if region not in reader.excluded)


def find_regions(
    inventory: Inventory, observer: Observer, wanted: Sequence[str] = ()
) -> Sequence[str]:
    """Return the regions that are wanted, or all there are.

    Raises NotFoundError for one that does not exist, and AuthenticationError; a list of regions
    that cannot be had otherwise is replaced by the built-in one.
    """
    known = _known_regions(inventory, observer)
    for region in wanted:
        if region not in known:
            raise NotFoundError(
                f"there is no region {region!r}",
                hint=did_you_mean(region, sorted(known), "regions"),
            )
    return tuple(dict.fromkeys(wanted)) or tuple(known)


def _known_regions(inventory: Inventory, observer: Observer) -> Sequence[str]:
    try:
        return [region.name for region in inventory.list_regions()]
    except (AuthenticationError, ConfigurationError):
        raise
    except VpcmetactlError as error:
        observer.warn(f"the list of regions could not be read, the built-in one is used: {error}")
        return BUILT_IN_REGIONS


def _may_be(ref: ServerRef, region: str, kind: ServerKind) -> bool:
    """Whether a CRN can name a server of this kind in this region."""
    if ref.crn is None or ref.crn.region != region:
        return False
    return ref.crn.resource_type == kind.value.replace("_", "-")


def _has_id(ref: ServerRef, servers: Sequence[Server]) -> bool:
    """Whether a server was named by what no other one bears, and was found."""
    return bool(servers) and (ref.crn is not None or servers[0].id == ref.text)


def _ambiguous(ref: ServerRef, servers: Sequence[Server]) -> AmbiguousServerError:
    places = ", ".join(f"{s.id} ({s.kind.words} in {s.region})" for s in servers)
    return AmbiguousServerError(
        f"{len(servers)} servers bear the name {ref.text!r}: {places}",
        hint="name the one that is meant by its id or CRN, or narrow the search with --region",
    )


def not_found(
    missing: Sequence[ServerRef], selector: ServerSelector, unread: Sequence[Unread]
) -> NotFoundError:
    """Return the error for named servers that were not found, as far as could be read."""
    names = ", ".join(repr(ref.text) for ref in missing)
    places = f" in {', '.join(selector.regions)}" if selector.regions else ""
    blind = sorted({part.region for part in unread})
    if blind:
        return NotFoundError(
            f"no server matches {names}{places} as far as could be read; {unread[0].error}",
            hint=f"{', '.join(blind)} could not be read in full: it may be there",
            trace=unread[0].error.trace,
        )
    return NotFoundError(
        f"no server matches {names}{places}",
        hint="the name must be exact; the API also hides servers that one may not see; "
        "--name takes globs, --ignore-not-found passes over what is not there",
    )
