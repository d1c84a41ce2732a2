"""What an account holds: VPCs, servers, boot volumes, instance groups. State, no JSON.

Values that change are immutable objects replaced whole, so that a reader on another thread sees
either the old or the new ones and needs no lock. Writers hold the world's lock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal

from vpcmetactl.emulator.identifiers import derived_uuid
from vpcmetactl.emulator.vpc.catalog import (
    BareMetalProfile,
    InstanceProfile,
    OperatingSystem,
    Zone,
    endpoint,
    region_prefix,
)
from vpcmetactl.emulator.vpc.statuses import RUNNING, UP, Power

RestartRule = Literal["faq", "none"]
"""IBM's two readings: the FAQ's, that enabling may need a stop and start, and the later one."""


@dataclass(frozen=True, slots=True)
class MetadataService:
    """The setting this whole program is about. Bare metal has no hop limit: None."""

    enabled: bool = False
    protocol: str = "http"
    response_hop_limit: int | None = 1


@dataclass(frozen=True, slots=True)
class Named:
    """Something servers refer to: by id, CRN or name."""

    id: str
    crn: str
    href: str
    name: str
    resource_type: str


@dataclass(frozen=True, slots=True)
class ResourceGroup:
    """A resource group."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Vpc:
    """A virtual private cloud of one region."""

    id: str
    name: str
    region: str
    account_id: str
    resource_group: ResourceGroup
    created_at: datetime
    classic_access: bool = False

    @property
    def crn(self) -> str:
        """The CRN; a VPC is located in its region."""
        return f"crn:v1:bluemix:public:is:{self.region}:a/{self.account_id}::vpc:{self.id}"

    @property
    def href(self) -> str:
        """The address the platform prints."""
        return f"{endpoint(self.region)}/v1/vpcs/{self.id}"

    def filter_value(self, name: str) -> str | None:
        """Return what a list filter of this name compares with."""
        return _VPC_FILTERS[name](self)


@dataclass(slots=True, kw_only=True, eq=False)
class Instance:
    """A virtual server instance.

    `created_enabled` is what the platform knows and the API does not tell (platform notes, section
    2.4): whether the metadata service was on at creation. `power` knows the rest.
    """

    id: str
    name: str
    zone: Zone
    vpc: Vpc
    resource_group: ResourceGroup
    profile: InstanceProfile
    operating_system: OperatingSystem
    created_at: datetime
    metadata_service: MetadataService
    power: Power = RUNNING
    allowed_use: str | None = None
    instance_group: Named | None = None
    dedicated_host: Named | None = None
    placement_group: Named | None = None
    reservation: Named | None = None
    cluster_network: Named | None = None
    availability_class: str = "standard"
    enable_secure_boot: bool = False
    created_enabled: bool = False
    revision: int = 0

    @property
    def crn(self) -> str:
        """The CRN; a server is located in its zone."""
        account = f"a/{self.vpc.account_id}"
        return f"crn:v1:bluemix:public:is:{self.zone.name}:{account}::instance:{self.id}"

    @property
    def boot_volume_id(self) -> str:
        """The id of the boot volume."""
        return f"{region_prefix(self.zone.region)}-{derived_uuid(self.id, 'boot volume')}"

    @property
    def reservation_policy(self) -> str:
        """Whether the instance uses reservations."""
        return "disabled" if self.reservation is None else "manual"

    def filter_value(self, name: str) -> str | None:
        """Return what a list filter of this name compares with."""
        return _INSTANCE_FILTERS[name](self)

    def change_metadata_service(self, parts: Mapping[str, Any]) -> None:
        """Replace parts of the metadata service."""
        self.metadata_service = replace(self.metadata_service, **parts)
        self.revision += 1

    def activated(self, now: datetime) -> bool:
        """Tell whether the service was on when the instance was created or came up from stopped.

        What counts for coming up is the setting when the start began. Once so, always so.
        """
        return self.created_enabled or self.power.activated(now)

    def needs_restart(self, now: datetime, rule: RestartRule) -> bool:
        """Tell whether the service is on and does not work until the next stop and start.

        Platform notes, section 2.1: IBM's documents contradict each other, hence the rule.
        """
        if rule == "none" or not self.metadata_service.enabled:
            return False
        return self.power.status(now) in UP and not self.activated(now)

    def erasures(self, now: datetime) -> int:
        """Count how often the content of its instance storage has been lost, which a stop does."""
        return self.power.stops(now) if self.profile.disks else 0


@dataclass(slots=True, kw_only=True, eq=False)
class BareMetalServer:
    """A bare metal server. `ignores_soft_stop`: its operating system never answers one."""

    id: str
    name: str
    zone: Zone
    vpc: Vpc
    resource_group: ResourceGroup
    profile: BareMetalProfile
    created_at: datetime
    metadata_service: MetadataService
    power: Power = RUNNING
    reservation: Named | None = None
    enable_secure_boot: bool = False
    ignores_soft_stop: bool = False
    revision: int = 0

    @property
    def crn(self) -> str:
        """The CRN; a server is located in its zone."""
        account = f"a/{self.vpc.account_id}"
        return f"crn:v1:bluemix:public:is:{self.zone.name}:{account}::bare-metal-server:{self.id}"

    def change_metadata_service(self, parts: Mapping[str, Any]) -> None:
        """Replace parts of the metadata service."""
        self.metadata_service = replace(self.metadata_service, **parts)
        self.revision += 1

    def filter_value(self, name: str) -> str | None:
        """Return what a list filter of this name compares with."""
        return _BARE_METAL_FILTERS[name](self)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceTemplate:
    """What instances are made from. `metadata_service` holds what it says of that, if anything.

    `default_profile` is the id of the trusted profile that they are given; it is never linked at
    once, for groups take no such template. A template cannot be changed, except for its name.
    """

    id: str
    name: str
    zone: Zone
    vpc: Vpc
    profile: InstanceProfile
    operating_system: OperatingSystem
    created_at: datetime
    metadata_service: Mapping[str, bool | str | int] | None = None
    default_profile: str | None = None
    user_data: str | None = None

    @property
    def crn(self) -> str:
        """The CRN; a template is located in its region."""
        account = f"a/{self.vpc.account_id}"
        return f"crn:v1:bluemix:public:is:{self.vpc.region}:{account}::instance-template:{self.id}"

    @property
    def href(self) -> str:
        """The address the platform prints."""
        return f"{endpoint(self.vpc.region)}/v1/instance/templates/{self.id}"

    def filter_value(self, name: str) -> str | None:
        """Templates are listed without filters."""
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceGroup:
    """Instances made from one template, as many as are wanted. Its members name it."""

    named: Named
    vpc: Vpc
    template: InstanceTemplate
    zones: tuple[Zone, ...]
    created_at: datetime

    @property
    def id(self) -> str:
        """The id, by which members name it."""
        return self.named.id

    def filter_value(self, name: str) -> str | None:
        """Groups are listed without filters."""
        raise KeyError(name)


def _of(resource: str, part: str) -> Callable[[object], str | None]:
    """Make a getter of a part of an attribute that may be None."""
    whole, piece = attrgetter(resource), attrgetter(part)

    def get(owner: object) -> str | None:
        found = whole(owner)
        return None if found is None else str(piece(found))

    return get


def _parts(name: str, resource: str, *parts: str) -> dict[str, Callable[[object], str | None]]:
    return {f"{name}.{part}": _of(resource, part) for part in parts}


_VPC_FILTERS: dict[str, Callable[[object], str | None]] = {
    **_parts("resource_group", "resource_group", "id"),
    "classic_access": lambda vpc: "true" if attrgetter("classic_access")(vpc) else "false",
}

_BARE_METAL_FILTERS: dict[str, Callable[[object], str | None]] = {
    "name": attrgetter("name"),
    **_parts("resource_group", "resource_group", "id"),
    **_parts("reservation", "reservation", "id", "crn", "name"),
    **_parts("vpc", "vpc", "id", "crn", "name"),
}

_INSTANCE_FILTERS: dict[str, Callable[[object], str | None]] = {
    **_BARE_METAL_FILTERS,
    "availability.class": attrgetter("availability_class"),
    **_parts("cluster_network", "cluster_network", "id", "crn", "name"),
    **_parts("dedicated_host", "dedicated_host", "id", "crn", "name"),
    **_parts("instance_group_membership.instance_group", "instance_group", "id", "crn"),
    **_parts("placement_group", "placement_group", "id", "crn", "name"),
    "reservation_affinity.policy": attrgetter("reservation_policy"),
}

VPC_FILTERS = frozenset(_VPC_FILTERS)
BARE_METAL_FILTERS = frozenset(_BARE_METAL_FILTERS)
INSTANCE_FILTERS = frozenset(_INSTANCE_FILTERS)
