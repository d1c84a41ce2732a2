"""What Global Search knows: the servers of one account with their user tags, perhaps a while late.

The platform keeps tags apart from the resources they are on, and so does this. A change of tags, or
the end of a server, comes to the index when `lag` has passed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from vpcmetactl.emulator.iam.resources import Account
from vpcmetactl.emulator.routing import Call
from vpcmetactl.emulator.vpc.activity import AnyServer
from vpcmetactl.emulator.vpc.state import VpcState


@dataclass(frozen=True, slots=True)
class Resource:
    """A server as the index has it; `tags` are its user tags, in lower case."""

    crn: str
    name: str
    resource_group_id: str
    tags: tuple[str, ...]

    @property
    def account_id(self) -> str:
        """The account the CRN names."""
        return self._part(6).removeprefix("a/")

    @property
    def region(self) -> str:
        """The location the CRN names, which for a server is its zone."""
        return self._part(5)

    @property
    def service_name(self) -> str:
        """The service the CRN names."""
        return self._part(4)

    @property
    def family(self) -> str:
        """The component of the cloud; servers of the VPC service are of the family `is`."""
        return self._part(4)

    @property
    def type(self) -> str:
        """The type of resource the CRN names."""
        return self._part(8)

    @property
    def resource_id(self) -> str:
        """The id the CRN names."""
        return self._part(9)

    def _part(self, number: int) -> str:
        parts = self.crn.split(":", 9)
        return parts[number] if number < len(parts) else ""


@dataclass(frozen=True, slots=True)
class _Tagging:
    """A change of a resource's tags, and when the index learns of it."""

    tags: tuple[str, ...]
    known_at: datetime


@dataclass(frozen=True, slots=True)
class _Gone:
    """A server that is no more, and when the index learns of it."""

    resource: Resource
    known_at: datetime


class SearchState:
    """The index of one account. Changes hold the lock of the VPC state; reads need none.

    `lag` is a setting: it outlives `clear`. Servers without a CRN, which recorded ones may be, are
    not in the index; neither is any other resource.
    """

    def __init__(self, vpc: VpcState) -> None:
        self.vpc = vpc
        self.lag = timedelta()
        self.clear()

    @property
    def account(self) -> Account:
        """The account everything belongs to."""
        return self.vpc.account

    def clear(self) -> None:
        """Forget every tag, and every server that is no more."""
        self._taggings: dict[str, tuple[_Tagging, ...]] = {}
        self._gone: dict[str, _Gone] = {}

    def tag(self, crn: str, *tags: str, at: datetime | None = None) -> None:
        """Give a resource these user tags and no others; `at` a moment, now unless given.

        Tags are not case-sensitive and kept in lower case, as IBM documents.
        """
        kept = tuple(sorted({tag.lower() for tag in tags}))
        tagging = _Tagging(kept, (at or self.vpc.now()) + self.lag)
        with self.vpc.lock:
            self._taggings[crn] = (*self._taggings.get(crn, ()), tagging)

    def bury(self, server: AnyServer, at: datetime) -> None:
        """Keep a server that is deleted in the index for as long as the index lags."""
        with self.vpc.lock:
            self._gone[server.crn] = _Gone(self._resource(server, at), at + self.lag)

    def resources(self) -> Iterator[Resource]:
        """Go through what the index has now, in no particular order."""
        now = self.vpc.now()
        for region in self.vpc.regions.values():
            for servers in (region.instances, region.bare_metal_servers):
                yield from (self._resource(server, now) for server in servers if server.crn)
        yield from (gone.resource for gone in self._gone.values() if now < gone.known_at)

    def _resource(self, server: AnyServer, now: datetime) -> Resource:
        known = [one.tags for one in self._taggings.get(server.crn, ()) if one.known_at <= now]
        group = server.filter_value("resource_group.id")
        return Resource(server.crn, server.name, group or "", known[-1] if known else ())


SearchCall = Call[SearchState]
