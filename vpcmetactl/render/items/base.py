"""Shapes that several kinds of item share."""

from datetime import datetime
from typing import Annotated

import msgspec

from vpcmetactl.domain import servers
from vpcmetactl.domain.servers import ServerKind

# A point in time, always with its offset.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


def about(text: str) -> msgspec.Meta:
    """Describe a field; the description goes into the JSON Schema and the documentation."""
    return msgspec.Meta(description=text)


class Shape(msgspec.Struct, frozen=True, gc=False):
    """Base of every shape: a tree of values, which the garbage collector need not follow."""


class MetadataService(Shape, frozen=True):
    """A server's metadata service, as the API reported it."""

    enabled: Annotated[bool | None, about("Whether the service is enabled.")]
    protocol: Annotated[
        str | None, about("`http` or `https`: the service speaks one protocol at a time.")
    ]
    response_hop_limit: Annotated[
        int | None, about("How many network hops an answer may travel; bare metal has none.")
    ]


class ServerIdentity(Shape, frozen=True):
    """The server that the item is about."""

    kind: Annotated[ServerKind, about("The kind of server.")]
    id: Annotated[str, about("The server's id.")]
    crn: Annotated[str | None, about("The server's CRN.")]
    name: Annotated[str | None, about("The server's name.")]
    account_id: Annotated[str | None, about("The account the server belongs to.")]
    region: Annotated[str, about("The region the server is in.")]

    @property
    def label(self) -> str:
        """The server as a reader knows it: its name, or its id where it has none."""
        return self.name or self.id


def server_identity(server: servers.ServerIdentity) -> ServerIdentity:
    """Return who a server is, as JSON shows it."""
    return ServerIdentity(
        kind=server.kind,
        id=server.id,
        crn=server.crn,
        name=server.name,
        account_id=server.account_id,
        region=server.region,
    )


def metadata_service(service: servers.MetadataService | None) -> MetadataService | None:
    """Return a metadata service as JSON shows it; ``None`` where the API reported none."""
    if service is None:
        return None
    return MetadataService(service.enabled, service.protocol, service.response_hop_limit)
