"""The VPC API: servers, what surrounds them, their metadata services and their power."""

from collections.abc import Callable, Sequence
from http import HTTPStatus

from ibm_cloud_sdk_core import DetailedResponse

from vpcmetactl.domain.plans import MetadataServicePatch, StopType
from vpcmetactl.domain.servers import (
    Instance,
    MetadataService,
    Reference,
    Region,
    Server,
    ServerIdentity,
    ServerKind,
)
from vpcmetactl.domain.trust import DefaultProfile
from vpcmetactl.ibmcloud import operations
from vpcmetactl.ibmcloud.calls import Calls, body_of, expect_status
from vpcmetactl.ibmcloud.client import ApiClient, VpcClients
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.ibmcloud.paging import every_page
from vpcmetactl.ibmcloud.wire import preflight as preflight_wire
from vpcmetactl.ibmcloud.wire import vpc as wire
from vpcmetactl.ibmcloud.wire.initialization import default_profile_from_wire
from vpcmetactl.ibmcloud.wire.tolerant import NotAsDocumentedError
from vpcmetactl.usecases.ports import PageQuery, ServerPage

# The most that the API gives (platform notes 1.3).
PAGE_LIMIT = 100
# Any region can tell of all regions; the SDK's own default is this one.
_HOME_REGION = "us-south"
# What an action is answered with (platform notes 2.3).
_ACCEPTED = {
    ServerKind.INSTANCE: HTTPStatus.CREATED,
    ServerKind.BARE_METAL_SERVER: HTTPStatus.NO_CONTENT,
}


class VpcGateway:
    """Reads servers and what surrounds them, changes metadata services, stops and starts.

    Every method may be called from any thread.
    """

    def __init__(self, clients: VpcClients, calls: Calls) -> None:
        self._clients = clients
        self._calls = calls

    def list_regions(self) -> Sequence[Region]:
        """Return the regions the API names, in its order."""
        client = self._clients.region(_HOME_REGION)
        return self._calls.run(
            operations.list_regions(client.host),
            client,
            lambda deadline: client.api.list_regions(timeout=deadline, **client.settings),
            lambda response: wire.regions_from_wire(body_of(response)),
        )

    def list_vpcs(self, region: str) -> Sequence[Reference]:
        """Return every VPC of a region, of all pages."""
        client = self._clients.region(region)

        def fetch(start: str | None) -> tuple[Sequence[Reference], str | None]:
            return self._calls.run(
                operations.list_vpcs(client.host, region),
                client,
                lambda deadline: client.api.list_vpcs(
                    start=start, limit=PAGE_LIMIT, timeout=deadline, **client.settings
                ),
                lambda response: wire.vpcs_from_wire(body_of(response)),
            )

        return list(every_page(fetch))

    def list_page(self, query: PageQuery) -> ServerPage:
        """Return one page of servers, of a hundred at most."""
        client = self._clients.region(query.region)
        is_instance = query.kind is ServerKind.INSTANCE
        method = client.api.list_instances if is_instance else client.api.list_bare_metal_servers
        return self._calls.run(
            operations.list_servers(client.host, query.region, query.kind),
            client,
            lambda deadline: method(
                start=query.start,
                limit=PAGE_LIMIT,
                timeout=deadline,
                **wire.filters_to_wire(query.filters, query.kind),
                **client.settings,
            ),
            lambda response: wire.page_from_wire(body_of(response), query, PAGE_LIMIT),
        )

    def get_server(self, region: str, kind: ServerKind, server_id: str) -> Server:
        """Return one server; raises NotFoundError where there is none, or none one may see."""
        client = self._clients.region(region)
        method = (
            client.api.get_instance
            if kind is ServerKind.INSTANCE
            else client.api.get_bare_metal_server
        )
        return self._calls.run(
            operations.get_server(client.host, region, kind, server_id),
            client,
            lambda deadline: method(server_id, timeout=deadline, **client.settings),
            lambda response: _server(response, kind, region, server_id),
        )

    def update_metadata(self, server: Server, patch: MetadataServicePatch) -> Server:
        """Send a merge patch of the fields that are set, and return the server as answered.

        Where ``server`` has an ``etag`` the change is made only if it still holds. Raises
        UnavailableError with ``maybe_done`` where the change may have been made and no usable
        answer came.
        """
        client = self._clients.region(server.region)
        body = wire.patch_to_wire(patch)

        def send(deadline: Deadline) -> DetailedResponse:
            if isinstance(server, Instance):
                return client.api.update_instance(
                    server.id, body, if_match=server.etag, timeout=deadline, **client.settings
                )
            return client.api.update_bare_metal_server(
                server.id, body, timeout=deadline, **client.settings
            )

        return self._calls.run(
            operations.update_metadata(client.host, server.region, server.kind, _label(server)),
            client,
            send,
            lambda response: _server(response, server.kind, server.region, server.id),
        )

    def stop_server(self, server: ServerIdentity, stop_type: StopType | None) -> None:
        """Ask for a stop, once; ``stop_type`` is for bare metal servers, ``None`` for instances."""

        def send(client: ApiClient, deadline: Deadline) -> DetailedResponse:
            if server.kind is ServerKind.INSTANCE:
                return _act(client, server.id, "stop", deadline)
            how = (stop_type or StopType.SOFT).value
            return client.api.stop_bare_metal_server(
                server.id, how, timeout=deadline, **client.settings
            )

        self._switch("stop", server, send)

    def start_server(self, server: ServerIdentity) -> None:
        """Ask for a start, once."""

        def send(client: ApiClient, deadline: Deadline) -> DetailedResponse:
            if server.kind is ServerKind.INSTANCE:
                return _act(client, server.id, "start", deadline)
            return client.api.start_bare_metal_server(
                server.id, timeout=deadline, **client.settings
            )

        self._switch("start", server, send)

    def _switch(
        self,
        verb: str,
        server: ServerIdentity,
        send: Callable[[ApiClient, Deadline], DetailedResponse],
    ) -> None:
        """Send an action. Nothing is read of its answer but the status (platform notes 2.3)."""
        client = self._clients.region(server.region)
        documented = _ACCEPTED[server.kind]
        self._calls.run(
            operations.switch_power(client.host, server.region, server.kind, verb, _label(server)),
            client,
            lambda deadline: send(client, deadline),
            lambda response: expect_status(response, documented),
        )

    def get_default_profile(
        self, region: str, kind: ServerKind, server_id: str
    ) -> DefaultProfile | None:
        """Return the profile a server was given when it was made; ``None`` without one.

        The answer holds passwords, too: nothing else of it is decoded (platform notes 1.5).
        """
        client = self._clients.region(region)
        method = (
            client.api.get_instance_initialization
            if kind is ServerKind.INSTANCE
            else client.api.get_bare_metal_server_initialization
        )
        return self._calls.run(
            operations.get_initialization(client.host, region, kind, server_id),
            client,
            lambda deadline: method(server_id, timeout=deadline, **client.settings),
            lambda response: default_profile_from_wire(body_of(response)),
        )

    def get_allowed_use(self, region: str, volume_id: str) -> str | None:
        """Return the expression about instances that a volume carries; ``None`` without one."""
        client = self._clients.region(region)
        return self._calls.run(
            operations.get_volume(client.host, region, volume_id),
            client,
            lambda deadline: client.api.get_volume(volume_id, timeout=deadline, **client.settings),
            lambda response: preflight_wire.allowed_use_from_wire(body_of(response)),
        )

    def get_group_metadata(self, region: str, instance_group_id: str) -> MetadataService:
        """Return what a group's template says of the metadata service: two calls, in turn."""
        client = self._clients.region(region)
        template_id = self._calls.run(
            operations.get_instance_group(client.host, region, instance_group_id),
            client,
            lambda deadline: client.api.get_instance_group(
                instance_group_id, timeout=deadline, **client.settings
            ),
            lambda response: preflight_wire.template_id_from_wire(body_of(response)),
        )
        return self._calls.run(
            operations.get_instance_template(client.host, region, template_id),
            client,
            lambda deadline: client.api.get_instance_template(
                template_id, timeout=deadline, **client.settings
            ),
            lambda response: preflight_wire.template_metadata_from_wire(body_of(response)),
        )


def _act(client: ApiClient, instance_id: str, action: str, deadline: Deadline) -> DetailedResponse:
    return client.api.create_instance_action(
        instance_id, action, force=False, timeout=deadline, **client.settings
    )


def _label(server: Server | ServerIdentity) -> str:
    return f"{server.name} ({server.id})" if server.name else server.id


def _server(response: DetailedResponse, kind: ServerKind, region: str, server_id: str) -> Server:
    """Read the server that was asked for.

    Raises NotAsDocumentedError for another one, as a cache on the way may answer: what is done next
    would be aimed at it.
    """
    etag = response.get_headers().get("ETag")
    server = wire.server_from_wire(body_of(response), kind, region, etag)
    if server.id != server_id:
        raise NotAsDocumentedError(f"it is about {server.id}, and {server_id} was asked for")
    return server
