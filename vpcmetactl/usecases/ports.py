"""What the use cases need from the world; each port is as small as the use case that asks for it.

An adapter raises only errors of ``domain.errors``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.evidence import History, Observation, ServerEvent, Sights
from vpcmetactl.domain.plans import Change, MetadataServicePatch, Outcome, Plan, StopType
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.runs import CutOffRestart, RestartStep, RunRecord
from vpcmetactl.domain.selection import ApiFilters
from vpcmetactl.domain.servers import (
    MetadataService,
    Reference,
    Region,
    Server,
    ServerIdentity,
    ServerKind,
)
from vpcmetactl.domain.tags import TaggedServer
from vpcmetactl.domain.templates import InstanceTemplate, TemplateGroup
from vpcmetactl.domain.trust import (
    ClaimRule,
    DefaultProfile,
    IdentityLimit,
    ProfileIdentity,
    ProfileLink,
    TrustedProfile,
)

NO_FILTERS = ApiFilters()


@dataclass(frozen=True, slots=True)
class PageQuery:
    """One page of one list operation; ``start`` is the token that the page before gave."""

    region: str
    kind: ServerKind
    filters: ApiFilters = NO_FILTERS
    start: str | None = None


@dataclass(frozen=True, slots=True)
class ServerPage:
    """One page of servers.

    ``next_start`` is ``None`` on the last page. ``total_count`` counts all pages of the query, and
    is ``None`` where the API did not say. ``limit`` is the page size that was asked for.
    ``unreadable`` says, item by item, what on this page could not be understood: the servers it
    belongs to are missing from ``servers`` (no usable id) or have the field as ``None``.
    """

    query: PageQuery
    servers: Sequence[Server]
    next_start: str | None
    total_count: int | None
    limit: int
    unreadable: Sequence["Unreadable"] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something in a body that is not what the API documents.

    ``server_id`` is ``None`` where the whole item had to be given up: its region is incomplete.
    """

    server_id: str | None
    field: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom the token in use belongs to, as its claims say; ``None`` where they do not."""

    account_id: str | None
    iam_id: str | None
    expires_at: datetime | None


class TagSearch(Protocol):
    """Knows the user tags of servers. Every call may be made from any thread."""

    def search_tags(
        self, account_id: str | None, kinds: Sequence[ServerKind], tags: Sequence[str] = ()
    ) -> Sequence[TaggedServer]:
        """Return the servers of an account that bear one of ``tags``, with all the tags of each.

        Without ``tags`` return every server that the search knows. What it knows is narrowed to
        what the caller may see, and lags behind: a server that was made or deleted a short while
        ago, or tagged, may not be told of as it is now. What is told is everything it knows:
        raises an error otherwise.
        """


class Inventory(TagSearch, Protocol):
    """Reads servers. Every call may be made from any thread, at the same time as others."""

    def get_caller(self) -> Caller:
        """Return whom the token belongs to; raises AuthenticationError where there is none."""

    def list_regions(self) -> Sequence[Region]:
        """Return the regions the API names, in its order."""

    def list_vpcs(self, region: str) -> Sequence[Reference]:
        """Return every VPC of a region."""

    def list_page(self, query: PageQuery) -> ServerPage:
        """Return one page of servers of one kind in one region."""

    def get_server(self, region: str, kind: ServerKind, server_id: str) -> Server:
        """Return one server; raises NotFoundError where there is none, or none one may see."""


class MetadataWriter(Protocol):
    """Changes metadata services. Calls may come from any thread."""

    def get_server(self, region: str, kind: ServerKind, server_id: str) -> Server:
        """Return one server as it is now."""

    def update_metadata(self, server: Server, patch: MetadataServicePatch) -> Server:
        """Send the fields of ``patch`` that are set, and return the server the API answered with.

        ``server`` is as it was just read; where it has an ``etag``, the change is made only if it
        still holds (PreconditionFailedError otherwise). Raises UnavailableError with
        ``maybe_done`` where the request was sent and no answer came.
        """


class PowerSwitch(Protocol):
    """Stops and starts servers. Calls may come from any thread.

    Both calls ask for it and return: whether it came to that shows in the server's status. They
    raise ConflictError where the server's status does not allow it (platform notes 2.3), and
    UnavailableError with ``maybe_done`` where the request was sent and no answer came.
    """

    def get_server(self, region: str, kind: ServerKind, server_id: str) -> Server:
        """Return one server as it is now."""

    def stop_server(self, server: ServerIdentity, stop_type: StopType | None) -> None:
        """Ask for a stop; ``stop_type`` is for bare metal servers, ``None`` for instances."""

    def start_server(self, server: ServerIdentity) -> None:
        """Ask for a start."""


class TrustReader(Protocol):
    """Reads trusted profiles. Calls may come from any thread, at the same time as others.

    Each raises PermissionDeniedError, whose hint names the IAM action, where it may not be read.
    """

    def list_profiles(self, account_id: str) -> Sequence[TrustedProfile]:
        """Return every trusted profile of an account, of all pages."""

    def list_links(self, profile_id: str) -> Sequence[ProfileLink]:
        """Return the links of a profile, of every compute type."""

    def list_rules(self, profile_id: str) -> Sequence[ClaimRule]:
        """Return the claim rules of a profile, of every type."""

    def list_identities(self, profile_id: str) -> Sequence[ProfileIdentity]:
        """Return the identities that may assume a profile."""

    def list_limits(self, account_id: str) -> Sequence[IdentityLimit]:
        """Return the account's limits on identities and how much of each is used."""

    def get_default_profile(
        self, region: str, kind: ServerKind, server_id: str
    ) -> DefaultProfile | None:
        """Return the profile a server was given when it was made; ``None`` without one."""


class LinkWriter(Protocol):
    """Makes and takes away links of trusted profiles. Calls may come from any thread.

    Both raise UnavailableError with ``maybe_done`` where the request was sent and no answer came;
    neither is ever sent twice.
    """

    def list_links(self, profile_id: str) -> Sequence[ProfileLink]:
        """Return the links of a profile, of every compute type."""

    def create_link(
        self,
        profile_id: str,
        *,
        cr_type: str,
        crn: str,
        name: str | None,
        is_cross_account: bool,
    ) -> ProfileLink:
        """Make a link, and return it as the API answered."""

    def delete_link(self, profile_id: str, link_id: str) -> None:
        """Take a link away; raises NotFoundError where there is none."""


class EvidenceLog(Protocol):
    """Remembers what was seen of servers between runs of the program."""

    def load_histories(self, server_ids: Sequence[str]) -> Mapping[str, History]:
        """Return what is known of each server; those of which nothing is are absent."""

    def record_sights(self, sights: Sights) -> None:
        """Keep what was seen, in one transaction."""

    def list_cut_off_restarts(self) -> Sequence[CutOffRestart]:
        """Return the restarts that nobody brought to an end and of which the server may be down.

        Left out are those of runs that go on, and of servers that were seen running since.
        """


class PastVerdicts(Protocol):
    """Tells how servers were judged when they were read, where that was before, as in a snapshot.

    Calls may come from any thread.
    """

    def recall(self, servers: Sequence[Server]) -> Sequence[AssessedServer]:
        """Return servers of the same source with their assessments, in the same order."""


class ChangeLog(Protocol):
    """The journal of changes: each is written down before it is made."""

    def begin_run(self, plan: Plan, rollback_of: str | None = None) -> str:
        """Open a run, durably, and return its id."""

    def intend(self, run_id: str, change: Change) -> None:
        """Commit, durably, that this change is about to be made.

        Raises RefusedError where another run has a change of this server open.
        """

    def reach(
        self, run_id: str, change: Change, step: RestartStep, seen: Iterable[Observation] = ()
    ) -> None:
        """Commit, durably, how far an intended restart has got, and what was ``seen`` of it."""

    def settle(
        self,
        run_id: str,
        outcome: Outcome,
        seen: Iterable[Observation] = (),
        events: Iterable[ServerEvent] = (),
    ) -> None:
        """Commit what became of a change; one that was intended, or one that never was.

        What was ``seen`` of its server, and what it proves, is kept in the same transaction.
        """

    def finish_run(self, run_id: str) -> None:
        """Close a run."""


class RunReader(Protocol):
    """Reads the journal of changes back."""

    def list_runs(self) -> Sequence[RunRecord]:
        """Return every run of the realm, newest first, with its items."""

    def get_run(self, run_id: str) -> RunRecord:
        """Return the run of this id, or of the only one that begins so.

        Raises NotFoundError, naming the latest runs, where there is none, and RefusedError for a
        run of another realm.
        """


class RunLog(RunReader, Protocol):
    """Goes on with runs that were interrupted, and takes runs in from elsewhere."""

    def resume_run(self, run_id: str) -> None:
        """Take an interrupted or finished run up again, so that changes can be intended in it.

        Wants the whole id. Raises RefusedError where its process still goes on.
        """

    def import_run(self, record: RunRecord) -> None:
        """Add a run from elsewhere; one that is known already, and the same, changes nothing.

        Raises RefusedError where it is of another realm, or differs from the one of its id, and
        InvalidInputError for a record that contradicts itself.
        """


class Journal(EvidenceLog, ChangeLog, RunLog, Protocol):
    """The whole state file, as one realm sees it."""

    def add_events(self, events: Iterable[ServerEvent]) -> int:
        """Keep events, in one transaction, and return how many of them were not known before.

        Of the events of one server and source that say that the service answered, the first and
        the last are enough.
        """


class PreflightReader(Protocol):
    """Reads what a change must be checked against. Calls may come from any thread."""

    def get_allowed_use(self, region: str, volume_id: str) -> str | None:
        """Return the ``allowed_use.instance`` expression of a boot volume, ``None`` without one."""

    def get_group_metadata(self, region: str, instance_group_id: str) -> MetadataService:
        """Return the metadata service that an instance group's template gives new members.

        Fields that the template does not set are ``None``: the platform's defaults apply.
        """


class TemplateReader(Protocol):
    """Reads instance templates. Calls may come from any thread, at the same time as others."""

    def list_templates(self, region: str) -> Sequence[InstanceTemplate]:
        """Return every instance template of a region; the groups in it may be missing."""

    def list_groups(self, region: str) -> Mapping[str, Sequence[TemplateGroup]]:
        """Return the instance groups of a region, by the id of the template that each uses."""


class TemplateBodyReader(Protocol):
    """Reads a template whole. Nothing else does, for its user data may hold secrets."""

    def get_template_body(self, region: str, template_id: str) -> Mapping[str, object]:
        """Return all that the API says of a template; raises NotFoundError where there is none."""


class Clock(Protocol):
    """The time, and waiting."""

    def now(self) -> datetime:
        """Return the present time in UTC."""

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""

    def wait(self, seconds: float) -> None:
        """Return after this many seconds."""


class Observer(Protocol):
    """Is told what happens while it happens, from any thread; never part of a result."""

    def expect(self, region: str, kind: ServerKind, total: int) -> None:
        """A listing has said how many servers to expect."""

    def read(self, region: str, kind: ServerKind, count: int) -> None:
        """Servers have been read."""

    def settled(self, server: ServerIdentity, outcome: Outcome) -> None:
        """A change has come to its end."""

    def warn(self, message: str) -> None:
        """Something is worth a line, and nothing is stopped by it."""

    def retrying(self, what: str, error: VpcmetactlError, seconds: float) -> None:
        """A request failed and is repeated after so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSight:
    """How a host was reached; seconds throughout.

    ``name_seconds`` is ``None`` behind a ``proxy``, which looks names up itself. ``clock_skew`` is
    how far this machine's clock is ahead of the host's; ``None`` where the host does not tell.
    """

    host: str
    name_seconds: float | None
    seconds: float
    proxy: str | None
    clock_skew: float | None


class HostLooker(Protocol):
    """Reaches hosts without asking anything of them."""

    def look(self, url: str) -> HostSight:
        """Reach a host; raises UnavailableError and ConfigurationError."""


@dataclass(frozen=True, slots=True)
class Realm:
    """Which cloud, as whom: state of one realm is never used in another."""

    iam_host: str
    vpc_endpoint: str
    account_id: str
