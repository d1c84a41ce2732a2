"""The VPC API behind the ports ``Inventory``, ``MetadataWriter`` and ``PreflightReader``."""

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TypeVar

import requests
from ibm_cloud_sdk_core import DetailedResponse

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.plans import MetadataServicePatch
from vpcmetactl.domain.servers import (
    Instance,
    MetadataService,
    Reference,
    Region,
    Server,
    ServerKind,
)
from vpcmetactl.ibmcloud import operations
from vpcmetactl.ibmcloud.client import RegionClient, VpcClients, silence_loggers
from vpcmetactl.ibmcloud.connection import Connection
from vpcmetactl.ibmcloud.credentials import CallerAuthenticator, token_source
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.ibmcloud.operations import Operation
from vpcmetactl.ibmcloud.paging import every_page
from vpcmetactl.ibmcloud.redaction import Secrets
from vpcmetactl.ibmcloud.retries import Retries
from vpcmetactl.ibmcloud.tokens import Tokens
from vpcmetactl.ibmcloud.transport import open_session
from vpcmetactl.ibmcloud.wire import preflight as preflight_wire
from vpcmetactl.ibmcloud.wire import vpc as wire
from vpcmetactl.ibmcloud.wire.tolerant import NotAsDocumentedError
from vpcmetactl.usecases.ports import Caller, Clock, Observer, PageQuery, ServerPage

T = TypeVar("T")

# The most that the API gives (platform notes 1.3).
PAGE_LIMIT = 100
# Any region can tell of all regions; the SDK's own default is this one.
_HOME_REGION = "us-south"


def assemble(
    connection: Connection, clock: Clock, observer: Observer, chance: random.Random
) -> "VpcGateway":
    """Put a gateway together; the token is requested in a thread while the SDK is imported."""
    silence_loggers()
    secrets = Secrets()
    session = open_session(connection)
    try:
        retries = Retries(clock, observer, chance, secrets, connection.timeout)
        tokens = Tokens(token_source(connection, session, retries, secrets), clock)
        first_token = threading.Thread(target=_fetch, args=[tokens], daemon=True, name="iam-token")
        first_token.start()
        clients = VpcClients(connection, session, CallerAuthenticator(tokens.get))
        if connection.max_connections == 1:
            first_token.join()
    except BaseException:
        session.close()
        raise
    return VpcGateway(clients, tokens, retries, session)


def _fetch(tokens: Tokens) -> None:
    """Fail in silence: the first call that needs the token meets the same error."""
    with suppress(VpcmetactlError):
        tokens.get()


class VpcGateway:
    """Reads servers and what surrounds them, and changes metadata services.

    Every method may be called from any thread. ``close`` ends idle connections; no call may be
    made afterwards.
    """

    def __init__(
        self,
        clients: VpcClients,
        tokens: Tokens,
        retries: Retries,
        session: requests.Session,
    ) -> None:
        self._clients = clients
        self._tokens = tokens
        self._retries = retries
        self._session = session

    def close(self) -> None:
        """Close every idle connection."""
        self._session.close()

    def get_caller(self) -> Caller:
        """Return whom the token belongs to; raises AuthenticationError where there is none."""
        return self._tokens.get().caller

    def list_regions(self) -> Sequence[Region]:
        """Return the regions the API names, in its order."""
        client = self._clients.region(_HOME_REGION)
        return self._call(
            operations.list_regions(client.host),
            client,
            lambda deadline: client.api.list_regions(timeout=deadline, **client.settings),
            lambda response: wire.regions_from_wire(_body(response)),
        )

    def list_vpcs(self, region: str) -> Sequence[Reference]:
        """Return every VPC of a region, of all pages."""
        client = self._clients.region(region)

        def fetch(start: str | None) -> tuple[Sequence[Reference], str | None]:
            return self._call(
                operations.list_vpcs(client.host, region),
                client,
                lambda deadline: client.api.list_vpcs(
                    start=start, limit=PAGE_LIMIT, timeout=deadline, **client.settings
                ),
                lambda response: wire.vpcs_from_wire(_body(response)),
            )

        return list(every_page(fetch))

    def list_page(self, query: PageQuery) -> ServerPage:
        """Return one page of servers, of a hundred at most."""
        client = self._clients.region(query.region)
        method = (
            client.api.list_instances
            if query.kind is ServerKind.INSTANCE
            else client.api.list_bare_metal_servers
        )
        return self._call(
            operations.list_servers(client.host, query.region, query.kind),
            client,
            lambda deadline: method(
                start=query.start,
                limit=PAGE_LIMIT,
                timeout=deadline,
                **asdict(query.filters),
                **client.settings,
            ),
            lambda response: wire.page_from_wire(_body(response), query, PAGE_LIMIT),
        )

    def get_server(self, region: str, kind: ServerKind, server_id: str) -> Server:
        """Return one server; raises NotFoundError where there is none, or none one may see."""
        client = self._clients.region(region)
        method = (
            client.api.get_instance
            if kind is ServerKind.INSTANCE
            else client.api.get_bare_metal_server
        )
        return self._call(
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
        label = f"{server.name} ({server.id})" if server.name else server.id
        body = wire.patch_to_wire(patch)

        def send(deadline: Deadline) -> DetailedResponse:
            if isinstance(server, Instance):
                return client.api.update_instance(
                    server.id, body, if_match=server.etag, timeout=deadline, **client.settings
                )
            return client.api.update_bare_metal_server(
                server.id, body, timeout=deadline, **client.settings
            )

        return self._call(
            operations.update_metadata(client.host, server.region, server.kind, label),
            client,
            send,
            lambda response: _server(response, server.kind, server.region, server.id),
        )

    def get_allowed_use(self, region: str, volume_id: str) -> str | None:
        """Return the expression about instances that a volume carries; ``None`` without one."""
        client = self._clients.region(region)
        return self._call(
            operations.get_volume(client.host, region, volume_id),
            client,
            lambda deadline: client.api.get_volume(volume_id, timeout=deadline, **client.settings),
            lambda response: preflight_wire.allowed_use_from_wire(_body(response)),
        )

    def get_group_metadata(self, region: str, instance_group_id: str) -> MetadataService:
        """Return what a group's template says of the metadata service: two calls, in turn."""
        client = self._clients.region(region)
        template_id = self._call(
            operations.get_instance_group(client.host, region, instance_group_id),
            client,
            lambda deadline: client.api.get_instance_group(
                instance_group_id, timeout=deadline, **client.settings
            ),
            lambda response: preflight_wire.template_id_from_wire(_body(response)),
        )
        return self._call(
            operations.get_instance_template(client.host, region, template_id),
            client,
            lambda deadline: client.api.get_instance_template(
                template_id, timeout=deadline, **client.settings
            ),
            lambda response: preflight_wire.template_metadata_from_wire(_body(response)),
        )

    def _call(
        self,
        operation: Operation,
        client: RegionClient,
        send: Callable[[Deadline], DetailedResponse],
        read: Callable[[DetailedResponse], T],
    ) -> T:
        """Run an operation: a token, the call, its body, and decoding, as often as it takes."""
        used = ""

        def attempt(deadline: Deadline) -> T:
            nonlocal used
            used = self._tokens.get(deadline).value
            return read(send(deadline))

        return self._retries.run(
            operation,
            client.pace,
            attempt,
            renew_token=lambda deadline: self._renew(used, deadline),
        )

    def _renew(self, rejected: str, deadline: Deadline) -> None:
        self._tokens.renew(rejected, deadline)


def _body(response: DetailedResponse) -> bytes:
    """Return the bytes of an answer, which the transport has read whole."""
    body: bytes = response.get_result().raw.read()
    return body


def _server(response: DetailedResponse, kind: ServerKind, region: str, server_id: str) -> Server:
    """Read the server that was asked for.

    Raises NotAsDocumentedError for another one, as a cache on the way may answer: what is done next
    would be aimed at it.
    """
    etag = response.get_headers().get("ETag")
    server = wire.server_from_wire(_body(response), kind, region, etag)
    if server.id != server_id:
        raise NotAsDocumentedError(f"it is about {server.id}, and {server_id} was asked for")
    return server
