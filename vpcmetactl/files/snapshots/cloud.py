"""A snapshot in the place of the cloud: the same ports, and everything as it was then."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from vpcmetactl.domain.errors import InvalidInputError, NotFoundError
from vpcmetactl.domain.restarts import AssessedServer, RestartAssessment
from vpcmetactl.domain.selection import ApiFilters
from vpcmetactl.domain.servers import Instance, Reference, Region, Server, ServerKind
from vpcmetactl.domain.snapshots import Content, Gap, Reading
from vpcmetactl.domain.tags import TaggedServer
from vpcmetactl.domain.templates import InstanceTemplate, TemplateGroup
from vpcmetactl.domain.trust import (
    ClaimRule,
    DefaultProfile,
    IdentityLimit,
    ProfileIdentity,
    ProfileLink,
    ProfileTrust,
    TrustedProfile,
)
from vpcmetactl.files.snapshots.layout import Page, Section
from vpcmetactl.files.snapshots.reading import Snapshot
from vpcmetactl.usecases.ports import NO_FILTERS, Caller, PageQuery, ServerPage


class SnapshotCloud:
    """One account of a snapshot, in place of the cloud.

    It has the ports ``Inventory``, ``TrustReader``, ``PastVerdicts`` and ``TemplateReader``.
    What could not be read then raises the same error now, after whatever was read of it. What was
    not asked for then raises NotFoundError, and what no snapshot holds InvalidInputError.
    """

    def __init__(self, snapshot: Snapshot, account_id: str | None) -> None:
        self._snapshot = snapshot
        self._account = account_id
        self.readings: Sequence[Reading] = [
            one for one in snapshot.readings if one.account_id == account_id
        ]

    # Inventory.

    def get_caller(self) -> Caller:
        """Return the account; who read it is not kept."""
        return Caller(self._account, None, None)

    def list_regions(self) -> Sequence[Region]:
        """Return the regions that were asked, by name."""
        names = {name for reading in self.readings for name in reading.regions}
        return [Region(name) for name in sorted(names)]

    def list_vpcs(self, region: str) -> Sequence[Reference]:
        """Return the VPCs that servers of a region are in."""
        found: dict[Reference, None] = {}
        for kind in ServerKind:
            for page in self._snapshot.pages(self._section(region, kind)):
                found.update(dict.fromkeys(self._snapshot.vpcs_on(page)))
        return list(found)

    def list_page(self, query: PageQuery) -> ServerPage:
        """Return one page of servers, in order of their ids.

        ``limit`` is told so large that nobody divides the listing: every part would cost as much
        as the whole.
        """
        gap = self._gap_of(query.region, query.kind)
        pages = self._snapshot.pages(self._section(query.region, query.kind))
        first = int(query.start or 0)
        # Whoever asks for a name takes the first page for all.
        if gap is not None and (first >= len(pages) or query.filters.name is not None):
            raise gap.error.with_traceback(None)
        servers, following = self._gather(pages, first, query.filters)
        is_last = following == len(pages) and gap is None
        total: int | None = None
        if query.filters == NO_FILTERS and gap is None:
            total = sum(page.count for page in pages)
        elif is_last and not first:
            total = len(servers)
        return ServerPage(
            query=query,
            servers=servers,
            next_start=None if is_last else str(following),
            total_count=total,
            limit=max(self._snapshot.page_size, total or 0),
        )

    def get_server(self, region: str, kind: ServerKind, server_id: str) -> Server:
        """Return one server as it was."""
        gap = self._gap_of(region, kind)
        page = self._snapshot.page_of(self._section(region, kind), server_id)
        for server in () if page is None else self._snapshot.servers_on(page):
            if server.id == server_id:
                return server
        if gap is not None:
            raise gap.error.with_traceback(None)
        raise NotFoundError(
            f"{self._snapshot.name} has no {kind.words} {server_id} in {region}",
            hint="it may have been made since, or not have been visible",
            region=region,
            status=404,
        )

    def search_tags(
        self, account_id: str | None, kinds: Sequence[ServerKind], tags: Sequence[str] = ()
    ) -> Sequence[TaggedServer]:
        """No snapshot holds user tags: raises InvalidInputError."""
        del account_id, kinds, tags
        raise self._never_held("the user tags of servers")

    # PastVerdicts.

    def recall(self, servers: Sequence[Server]) -> Sequence[AssessedServer]:
        """Return servers with their assessments as they were."""
        place: tuple[str, ServerKind] | None = None
        restarts: Mapping[str, RestartAssessment] = {}
        found = []
        for server in servers:
            # Servers come page by page, so that most are on the page of the one before.
            if server.id not in restarts or place != (server.region, server.kind):
                place = (server.region, server.kind)
                page = self._snapshot.page_of(self._section(*place), server.id)
                if page is None:
                    raise KeyError(server.id)
                restarts = self._snapshot.restarts_on(page)
            found.append(AssessedServer(server, restarts[server.id]))
        return found

    # TrustReader.

    def list_profiles(self, account_id: str) -> Sequence[TrustedProfile]:
        """Return the trusted profiles; raises the error with which they could not be listed."""
        if account_id != self._account:
            raise NotFoundError(f"{self._snapshot.name} holds no account {account_id}")
        self._demand(Content.PROFILES, "trusted profiles")
        return [trust.profile for trust in self._trusts.values()]

    def list_links(self, profile_id: str) -> Sequence[ProfileLink]:
        """Return the links of a profile."""
        return self._trust(profile_id, "links").links

    def list_rules(self, profile_id: str) -> Sequence[ClaimRule]:
        """Return the claim rules of a profile."""
        return self._trust(profile_id, "rules").rules

    def list_identities(self, profile_id: str) -> Sequence[ProfileIdentity]:
        """Return the identities that may assume a profile."""
        return self._trust(profile_id, "identities").identities

    def list_limits(self, account_id: str) -> Sequence[IdentityLimit]:
        """No snapshot holds limits: raises InvalidInputError."""
        raise self._never_held(f"the limits of account {account_id}")

    def get_default_profile(
        self, region: str, kind: ServerKind, server_id: str
    ) -> DefaultProfile | None:
        """No snapshot holds the profiles that servers were made with: raises InvalidInputError."""
        raise self._never_held(f"the default profile of {kind.words} {server_id} in {region}")

    # Templates.

    def list_templates(self, region: str) -> Sequence[InstanceTemplate]:
        """Return the instance templates of a region; raises the error where they were not read."""
        found = self._templates(region)
        if not found:
            self._demand(Content.TEMPLATES, "instance templates", region)
        return found

    def list_groups(self, region: str) -> Mapping[str, Sequence[TemplateGroup]]:
        """Return the instance groups of a region by the template that each uses.

        Raises the error where they were not read, be it that the templates were.
        """
        self._demand(Content.TEMPLATES, "instance groups", region)
        return {one.id: one.groups for one in self._templates(region)}

    def _templates(self, region: str) -> Sequence[InstanceTemplate]:
        section = Section(Content.TEMPLATES, self._account, region)
        return [
            template
            for page in self._snapshot.pages(section)
            for template in self._snapshot.templates_on(page)
        ]

    def _section(self, region: str, kind: ServerKind) -> Section:
        return Section(Content.SERVERS, self._account, region, kind)

    def _gap_of(self, region: str, kind: ServerKind) -> Gap | None:
        """Return why servers were not read in full; NotFoundError where nobody asked for them."""
        asked = [one for one in self.readings if region in one.regions]
        if not asked:
            regions = ", ".join(one.name for one in self.list_regions()) or "none"
            raise NotFoundError(
                f"{self._snapshot.name} does not hold region {region}",
                hint=f"it holds {regions}",
                region=region,
            )
        asked = [one for one in asked if kind in one.kinds]
        if not asked:
            raise NotFoundError(
                f"{self._snapshot.name} holds no {kind.words}s: they were not asked for",
                hint="choose the other kind with --kind",
                region=region,
            )
        gaps = (one.gap_of(Content.SERVERS, region, kind) for one in asked)
        return next((gap for gap in gaps if gap is not None), None)

    def _gather(
        self, pages: Sequence[Page], first: int, filters: ApiFilters
    ) -> tuple[Sequence[Server], int]:
        """Return what passes the filters on as few pages as fill one, and where the next begins."""
        if filters == NO_FILTERS:
            servers = self._snapshot.servers_on(pages[first]) if first < len(pages) else ()
            return servers, min(first + 1, len(pages))
        found: list[Server] = []
        position = first
        while position < len(pages) and len(found) < self._snapshot.page_size:
            servers = self._snapshot.servers_on(pages[position])
            found += [server for server in servers if _passes(filters, server)]
            position += 1
        return found, position

    @cached_property
    def _trusts(self) -> Mapping[str, ProfileTrust]:
        pages = self._snapshot.pages(Section(Content.PROFILES, self._account))
        trusts = (trust for page in pages for trust in self._snapshot.profiles_on(page))
        return {trust.profile.id: trust for trust in trusts}

    def _trust(self, profile_id: str, part: str) -> ProfileTrust:
        trust = self._trusts.get(profile_id)
        if trust is None:
            raise NotFoundError(
                f"{self._snapshot.name} has no trusted profile {profile_id}", status=404
            )
        error = trust.errors.get(part)
        if error is not None:
            raise error.with_traceback(None)
        return trust

    def _demand(self, content: Content, words: str, region: str | None = None) -> None:
        """Raise what kept a content from being read, or say that nobody asked for it."""
        asked = [
            one
            for one in self.readings
            if content in one.contents and (region is None or region in one.regions)
        ]
        if not asked:
            place = "" if region is None else f" of {region}"
            raise NotFoundError(
                f"{self._snapshot.name} holds no {words}{place}: they were not asked for",
                hint="take a snapshot that has them",
                region=region,
            )
        for reading in asked:
            gap = reading.gap_of(content, region)
            if gap is not None:
                raise gap.error.with_traceback(None)

    def _never_held(self, what: str) -> InvalidInputError:
        return InvalidInputError(
            f"{self._snapshot.name} is a snapshot, and none holds {what}",
            hint="ask the cloud: leave --source out",
        )


def _passes(filters: ApiFilters, server: Server) -> bool:
    vpc, group = server.vpc or Reference(), server.resource_group or Reference()
    members = (isinstance(server, Instance) and server.instance_group) or Reference()
    return (
        filters.name in (None, server.name)
        and filters.vpc_id in (None, vpc.id)
        and filters.vpc_name in (None, vpc.name)
        and filters.vpc_crn in (None, vpc.crn)
        and filters.resource_group_id in (None, group.id)
        and filters.instance_group_id in (None, members.id)
        and filters.instance_group_crn in (None, members.crn)
    )
