"""Servers as the VPC API describes them, in its own words.

Every field that the API may leave out is ``None`` when it did: absent is never told as false.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class ServerKind(StrEnum):
    """The two kinds of server that have a metadata service."""

    INSTANCE = "instance"
    BARE_METAL_SERVER = "bare_metal_server"

    @property
    def words(self) -> str:
        """The kind as it reads in a sentence."""
        return self.value.replace("_", " ")


class Support(StrEnum):
    """Whether IBM supports the metadata service on a server (platform notes 1.8)."""

    SUPPORTED = "supported"
    UNSUPPORTED_ARCHITECTURE = "unsupported_architecture"
    NOT_REPORTED = "not_reported"


_SUPPORT = {"amd64": Support.SUPPORTED, "s390x": Support.UNSUPPORTED_ARCHITECTURE}


class Protocol(StrEnum):
    """The protocols that the service can be told to speak; it speaks one at a time."""

    HTTP = "http"
    HTTPS = "https"


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the VPC API; ``status`` may take values that are not known yet."""

    name: str
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """Another resource as a body refers to it."""

    id: str | None = None
    name: str | None = None
    crn: str | None = None


@dataclass(frozen=True, slots=True)
class StatusReason:
    """Why a server is in its status, in the API's code and words."""

    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of instance storage, or of a bare metal server; ``size`` in gigabytes."""

    id: str | None = None
    name: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class MetadataService:
    """A server's metadata service; ``response_hop_limit`` never exists on bare metal."""

    enabled: bool | None = None
    protocol: str | None = None
    response_hop_limit: int | None = None


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """What tells one server from every other; enough to find it again."""

    kind: ServerKind
    id: str
    crn: str | None
    name: str | None
    account_id: str | None
    region: str

    @property
    def label(self) -> str:
        """The server as it reads in a sentence: its name, or its id where it has none."""
        return self.name or self.id


# Servers are values like the rest, and nothing may assign to them. They are not frozen because a
# fleet has tens of thousands, and a frozen dataclass of so many fields takes twice as long to make.
@dataclass(slots=True, kw_only=True)
class _ServerFields:
    id: str
    region: str
    crn: str | None = None
    account_id: str | None = None
    name: str | None = None
    zone: str | None = None
    status: str | None = None
    status_reasons: tuple[StatusReason, ...] | None = None
    lifecycle_state: str | None = None
    health_state: str | None = None
    vpc: Reference | None = None
    resource_group: Reference | None = None
    profile: str | None = None
    architecture: str | None = None
    created_at: str | None = None
    disks: tuple[Disk, ...] | None = None
    metadata_service: MetadataService | None = None
    # User tags, in lower case; the VPC API tells none, so they are there only where asked for.
    tags: tuple[str, ...] | None = None

    @property
    def support(self) -> Support:
        """Whether the architecture is one on which IBM supports the service."""
        return _SUPPORT.get(self.architecture or "", Support.NOT_REPORTED)

    @property
    def metadata(self) -> MetadataService:
        """The metadata service, with every field unreported where the API left it out."""
        return self.metadata_service or MetadataService()


@dataclass(slots=True, kw_only=True)
class Instance(_ServerFields):
    """A virtual server instance."""

    kind: ClassVar[ServerKind] = ServerKind.INSTANCE

    availability_class: str | None = None
    boot_volume: Reference | None = None
    instance_group: Reference | None = None
    dedicated_host: Reference | None = None
    gpu_count: int | None = None
    # Whether its address is a reserved IP, which stays its own while it is stopped.
    has_reserved_ip: bool | None = None
    # The subnets that its network attachments or interfaces are in, each once.
    subnet_ids: tuple[str, ...] | None = None
    # The version that was read, for If-Match; only a GET of one instance may tell it.
    etag: str | None = None

    @property
    def identity(self) -> ServerIdentity:
        """What tells this server from every other."""
        return _identity(self)


@dataclass(slots=True, kw_only=True)
class BareMetalServer(_ServerFields):
    """A bare metal server."""

    kind: ClassVar[ServerKind] = ServerKind.BARE_METAL_SERVER

    @property
    def identity(self) -> ServerIdentity:
        """What tells this server from every other."""
        return _identity(self)


Server = Instance | BareMetalServer


def _identity(server: Server) -> ServerIdentity:
    return ServerIdentity(
        kind=server.kind,
        id=server.id,
        crn=server.crn,
        name=server.name,
        account_id=server.account_id,
        region=server.region,
    )
