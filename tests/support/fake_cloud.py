"""A cloud in memory: the ports that the SDK adapter implements, without SDK and HTTP.

``tests/contract`` holds it to the same behaviour as the adapter in front of the emulator.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tests.support.builders import ACCOUNT
from tests.support.fake_calls import Call
from tests.support.fake_power import Power, State
from tests.support.fake_trust import InMemoryTrust
from vpcmetactl.domain.errors import (
    BadRequestError,
    NotFoundError,
    PreconditionFailedError,
    UnavailableError,
)
from vpcmetactl.domain.identifiers import Crn
from vpcmetactl.domain.plans import MetadataServicePatch, StopType
from vpcmetactl.domain.selection import ApiFilters
from vpcmetactl.domain.servers import (
    Instance,
    MetadataService,
    Reference,
    Region,
    Server,
    ServerIdentity,
    ServerKind,
)
from vpcmetactl.domain.tags import TaggedServer
from vpcmetactl.domain.templates import InstanceTemplate, TemplateGroup
from vpcmetactl.domain.trust import DefaultProfile
from vpcmetactl.usecases.ports import Caller, Clock, PageQuery, ServerPage, Unreadable

__all__ = ["Call", "InMemoryCloud"]

MAX_HOP_LIMIT = 64


class InMemoryCloud(InMemoryTrust):
    """Every port of the cloud over a list of servers.

    Every boot volume permits everything, except where ``allowed_use`` says otherwise by its id;
    ``group_metadata`` holds what the template of each instance group says, by the group's id.
    ``default_profiles`` holds what servers were made with, by the server's id. ``templates`` are
    instance templates with the groups that use them, ``template_bodies`` more of them by their ids.
    ``unreadable`` is reported on the first page of its region and kind. ``power`` says how servers
    stop and start; with ``clock`` they take seconds to, without it readings. ``tags`` are user
    tags, by the server's CRN; those of a server that is not there, or in no listing, are found all
    the same.
    """

    def __init__(
        self,
        servers: Iterable[Server] = (),
        *,
        regions: Sequence[Region] | None = None,
        caller: Caller | None = None,
        limit: int = 100,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self.power = Power(clock)
        self._servers = {server.id: server for server in servers}
        self._versions = dict.fromkeys(self._servers, 1)
        names = dict.fromkeys(server.region for server in self._servers.values())
        self.regions = regions or [Region(name, "available") for name in names]
        self.caller = caller or Caller(ACCOUNT, "IBMid-550000TEST", None)
        self.limit = limit
        self.allowed_use: dict[str, str | None] = {}
        self.group_metadata: dict[str, MetadataService] = {}
        self.default_profiles: dict[str, DefaultProfile] = {}
        self.templates: list[InstanceTemplate] = []
        self.template_bodies: dict[str, Mapping[str, object]] = {}
        self.tags: dict[str, tuple[str, ...]] = {}
        self.unreadable: dict[tuple[str, ServerKind], list[Unreadable]] = {}

    # What a test arranges and asks.

    def put(self, server: Server) -> None:
        """Add a server, or replace the one with its id; its version moves on."""
        with self._lock:
            self._servers[server.id] = server
            self._versions[server.id] = self._versions.get(server.id, 0) + 1

    def remove(self, server_id: str) -> None:
        """Delete a server, and with it every link to it."""
        with self._lock:
            gone = self._servers.pop(server_id)
        if gone.crn is not None:
            self.remove_links_to(gone.crn)

    def peek(self, server_id: str) -> Server:
        """Return a server without this counting as a call."""
        with self._lock:
            self._become(server_id, self.power.present(server_id))
            return self._servers[server_id]

    # The ports.

    def get_caller(self) -> Caller:
        self._arrive(Call("get_caller"))
        return self.caller

    def search_tags(
        self, account_id: str | None, kinds: Sequence[ServerKind], tags: Sequence[str] = ()
    ) -> Sequence[TaggedServer]:
        self._arrive(Call("search_tags", detail=(account_id, tuple(tags))))
        with self._lock:
            known = {server.crn: () for server in self._servers.values() if server.crn}
            all_tags: dict[str, tuple[str, ...]] = {**known, **self.tags}
        found = [TaggedServer(Crn.parse(crn), borne) for crn, borne in all_tags.items()]
        types = [kind.value.replace("_", "-") for kind in kinds]
        return [
            one
            for one in found
            if one.crn.resource_type in types and (not tags or not set(tags).isdisjoint(one.tags))
        ]

    def list_regions(self) -> Sequence[Region]:
        self._arrive(Call("list_regions"))
        return list(self.regions)

    def list_vpcs(self, region: str) -> Sequence[Reference]:
        self._arrive(Call("list_vpcs", region))
        with self._lock:
            found = (server.vpc for server in self._servers.values() if server.region == region)
            return list(dict.fromkeys(vpc for vpc in found if vpc is not None))

    def list_page(self, query: PageQuery) -> ServerPage:
        self._arrive(Call("list_page", query.region, query.kind, query.start))
        with self._lock:
            found = [
                _as_listed(self._read(server))
                for server in list(self._servers.values())
                if server.region == query.region
                and server.kind is query.kind
                and _passes(query.filters, server)
            ]
        first = int(query.start or 0)
        last = first + self.limit
        return ServerPage(
            query=query,
            servers=found[first:last],
            next_start=str(last) if last < len(found) else None,
            total_count=len(found),
            limit=self.limit,
            unreadable=[] if first else self.unreadable.get((query.region, query.kind), []),
        )

    def get_server(self, region: str, kind: ServerKind, server_id: str) -> Server:
        self._arrive(Call("get_server", region, kind, server_id))
        with self._lock:
            return self._current(self._read(self._find_server(region, kind, server_id)))

    def update_metadata(self, server: Server, patch: MetadataServicePatch) -> Server:
        self._arrive(Call("update_metadata", server.region, server.kind, patch))
        with self._lock:
            present = self._find_server(server.region, server.kind, server.id)
            _validate(server.kind, patch)
            if isinstance(server, Instance) and server.etag not in (None, self._etag(server.id)):
                raise PreconditionFailedError(
                    f"{server.kind.words} {server.id} changed since it was read",
                    region=server.region,
                    status=412,
                )
            after = replace(present, metadata_service=_merged(present.metadata, patch))
            self.put(after)
            answer = self._current(after)
        self._answer("update_metadata")
        return answer

    def stop_server(self, server: ServerIdentity, stop_type: StopType | None) -> None:
        self._arrive(Call("stop_server", server.region, server.kind, server.id))
        with self._lock:
            self._find_server(server.region, server.kind, server.id)
            self._become(server.id, self.power.stop(self.peek(server.id), stop_type))
        self._answer("stop_server")

    def start_server(self, server: ServerIdentity) -> None:
        self._arrive(Call("start_server", server.region, server.kind, server.id))
        with self._lock:
            self._find_server(server.region, server.kind, server.id)
            self._become(server.id, self.power.start(self.peek(server.id)))
        self._answer("start_server")

    def get_default_profile(
        self, region: str, kind: ServerKind, server_id: str
    ) -> DefaultProfile | None:
        self._arrive(Call("get_default_profile", region, kind, server_id))
        with self._lock:
            return self.default_profiles.get(self._find_server(region, kind, server_id).id)

    def get_allowed_use(self, region: str, volume_id: str) -> str | None:
        self._arrive(Call("get_allowed_use", region, detail=volume_id))
        with self._lock:
            volumes = {
                server.boot_volume.id
                for server in self._servers.values()
                if isinstance(server, Instance) and server.boot_volume and server.region == region
            }
            if volume_id not in volumes:
                raise NotFoundError(f"there is no volume {volume_id}", region=region, status=404)
            return self.allowed_use.get(volume_id, "true")

    def get_group_metadata(self, region: str, instance_group_id: str) -> MetadataService:
        self._arrive(Call("get_group_metadata", region, detail=instance_group_id))
        with self._lock:
            groups = {
                server.instance_group.id
                for server in self._servers.values()
                if isinstance(server, Instance)
                and server.instance_group
                and server.region == region
            }
            if instance_group_id not in groups:
                raise NotFoundError(
                    f"there is no instance group {instance_group_id}", region=region, status=404
                )
            return self.group_metadata.get(instance_group_id, MetadataService())

    def list_templates(self, region: str) -> Sequence[InstanceTemplate]:
        self._arrive(Call("list_templates", region))
        return [replace(one, groups=()) for one in self.templates if one.region == region]

    def list_groups(self, region: str) -> Mapping[str, Sequence[TemplateGroup]]:
        self._arrive(Call("list_groups", region))
        return {one.id: one.groups for one in self.templates if one.region == region and one.groups}

    def get_template_body(self, region: str, template_id: str) -> Mapping[str, object]:
        self._arrive(Call("get_template_body", region, detail=template_id))
        if not any((one.region, one.id) == (region, template_id) for one in self.templates):
            raise NotFoundError(
                f"there is no instance template {template_id}", region=region, status=404
            )
        return self.template_bodies[template_id]

    def close(self) -> None:
        """There is nothing to close; the adapter has this too."""

    def _arrive(self, call: Call) -> None:
        super()._arrive(call)
        known = {region.name for region in self.regions}
        if call.region is not None and call.region not in known:
            raise UnavailableError(f"there is no region {call.region}", region=call.region)

    def _read(self, server: Server) -> Server:
        self._become(server.id, self.power.read(server.id))
        return self._servers[server.id]

    def _become(self, server_id: str, state: State | None) -> None:
        if state is not None:
            self.put(
                replace(
                    self._servers[server_id],
                    status=state.status,
                    status_reasons=state.status_reasons,
                )
            )

    def _find_server(self, region: str, kind: ServerKind, server_id: str) -> Server:
        found = self._servers.get(server_id)
        if found is None or (found.region, found.kind) != (region, kind):
            raise NotFoundError(
                f"{kind.words} {server_id} not found in {region}", region=region, status=404
            )
        return found

    def _etag(self, server_id: str) -> str:
        return f'W/"{self._versions[server_id]}"'

    def _current(self, server: Server) -> Server:
        """Only instances have an ETag."""
        if isinstance(server, Instance):
            return replace(server, etag=self._etag(server.id))
        return server


def _as_listed(server: Server) -> Server:
    return replace(server, etag=None) if isinstance(server, Instance) else server


def _passes(filters: ApiFilters, server: Server) -> bool:
    vpc = server.vpc or Reference()
    group = server.resource_group or Reference()
    members = (isinstance(server, Instance) and server.instance_group) or Reference()
    pairs = (
        (filters.name, server.name),
        (filters.vpc_id, vpc.id),
        (filters.vpc_name, vpc.name),
        (filters.vpc_crn, vpc.crn),
        (filters.resource_group_id, group.id),
        (filters.instance_group_id, members.id),
        (filters.instance_group_crn, members.crn),
    )
    return all(wanted in (None, actual) for wanted, actual in pairs)


def _validate(kind: ServerKind, patch: MetadataServicePatch) -> None:
    hops = patch.response_hop_limit
    if hops is None:
        return
    if kind is ServerKind.BARE_METAL_SERVER:
        raise BadRequestError("bare metal servers have no response_hop_limit", status=400)
    if not 1 <= hops <= MAX_HOP_LIMIT:
        raise BadRequestError(f"response_hop_limit {hops} is not within 1..64", status=400)


def _merged(before: MetadataService, patch: MetadataServicePatch) -> MetadataService:
    return MetadataService(
        enabled=before.enabled if patch.enabled is None else patch.enabled,
        protocol=before.protocol if patch.protocol is None else patch.protocol.value,
        response_hop_limit=(
            before.response_hop_limit
            if patch.response_hop_limit is None
            else patch.response_hop_limit
        ),
    )
