"""Puts servers into a world: what the scenarios are written with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vpcmetactl.emulator.iam.trusted import Link, TrustedProfile
from vpcmetactl.emulator.vpc.catalog import (
    BARE_METAL_PROFILES,
    INSTANCE_PROFILES,
    OPERATING_SYSTEMS,
    ZONES,
    endpoint,
    region_prefix,
)
from vpcmetactl.emulator.vpc.regions import DefaultTrustedProfile
from vpcmetactl.emulator.vpc.resources import (
    BareMetalServer,
    Instance,
    InstanceGroup,
    InstanceTemplate,
    MetadataService,
    Named,
    ResourceGroup,
    Vpc,
)
from vpcmetactl.emulator.vpc.statuses import RUNNING, STOPPED, Power
from vpcmetactl.emulator.world import World

OFF = MetadataService()
HTTP = MetadataService(enabled=True)
HTTPS = MetadataService(enabled=True, protocol="https")

_KINDS = {
    "instance_group": ("instance-group", "instance_groups", True),
    "dedicated_host": ("dedicated-host", "dedicated_hosts", False),
    "placement_group": ("placement-group", "placement_groups", True),
    "reservation": ("reservation", "reservations", False),
    "cluster_network": ("cluster-network", "cluster_networks", False),
}


def hops(service: MetadataService, limit: int) -> MetadataService:
    """Return a metadata service with another hop limit."""
    return MetadataService(service.enabled, service.protocol, limit)


@dataclass(slots=True)
class Fleet:
    """Adds to one world. Names decide identifiers, whatever the order of calls."""

    world: World
    _created: int = field(default=0)

    def resource_group(self, name: str) -> ResourceGroup:
        """Return the account's resource group of this name."""
        return ResourceGroup(self.world.ids.hex(f"resource group {name}"), name)

    def vpc(self, region: str, name: str, group: str = "Default") -> Vpc:
        """Add a VPC to a region."""
        identifier = f"{region_prefix(region)}-{self.world.ids.uuid(f'{region} vpc {name}')}"
        vpc = Vpc(
            identifier,
            name,
            region,
            self.world.account_id,
            self.resource_group(group),
            self.world.created_at - timedelta(days=900),
        )
        self.world.regions[region].vpcs.add(vpc)
        return vpc

    def named(self, kind: str, region: str, name: str) -> Named:
        """Return something servers refer to: a kind is the property that will name it."""
        crn_type, collection, regional = _KINDS[kind]
        prefix = region_prefix(region) if regional else ZONES[region][0].prefix
        location = region if regional else ZONES[region][0].name
        identifier = f"{prefix}-{self.world.ids.uuid(f'{region} {kind} {name}')}"
        scope = f"{location}:a/{self.world.account_id}"
        return Named(
            identifier,
            f"crn:v1:bluemix:public:is:{scope}::{crn_type}:{identifier}",
            f"{endpoint(region)}/v1/{collection}/{identifier}",
            name,
            kind,
        )

    def instance_template(
        self,
        vpc: Vpc,
        name: str,
        service: Mapping[str, bool | str | int] | None = None,
        *,
        default_profile: str | None = None,
        user_data: str | None = None,
    ) -> InstanceTemplate:
        """Add a template to a region; `service` is what it says of the metadata service."""
        zone = ZONES[vpc.region][0]
        template = InstanceTemplate(
            id=f"{zone.prefix}-{self.world.ids.uuid(f'{vpc.region} instance template {name}')}",
            name=name,
            zone=zone,
            vpc=vpc,
            profile=INSTANCE_PROFILES["bx2-2x8"],
            operating_system=OPERATING_SYSTEMS["ubuntu-24-04-amd64"],
            created_at=self.world.created_at - timedelta(days=800),
            metadata_service=service,
            default_profile=default_profile,
            user_data=user_data,
        )
        self.world.regions[vpc.region].instance_templates.add(template)
        return template

    def instance_group(self, vpc: Vpc, name: str, template: InstanceTemplate) -> Named:
        """Add an instance group to a region, and return what its members refer to."""
        named = self.named("instance_group", vpc.region, name)
        group = InstanceGroup(
            named=named,
            vpc=vpc,
            template=template,
            zones=ZONES[vpc.region],
            created_at=self.world.created_at - timedelta(days=799),
        )
        self.world.regions[vpc.region].instance_groups.add(group)
        return named

    def instance(
        self,
        vpc: Vpc,
        name: str,
        service: MetadataService = OFF,
        *,
        tags: Sequence[str] = (),
        **more: Any,  # noqa: ANN401 - whatever else prepared_instance takes
    ) -> Instance:
        """Add an instance to a VPC; `tags` are its user tags."""
        instance = self.prepared_instance(vpc, name, service, **more)
        self.world.regions[vpc.region].instances.add(instance)
        self._tag(instance, tags)
        return instance

    def prepared_instance(
        self,
        vpc: Vpc,
        name: str,
        service: MetadataService = OFF,
        *,
        zone: int = 1,
        profile: str = "bx2-2x8",
        status: str = "running",
        **more: Any,  # noqa: ANN401 - whatever else Instance takes
    ) -> Instance:
        """Return an instance its region does not hold yet, for adding many at once.

        `zone` is 1 to 3; `more` goes to Instance.
        """
        place = ZONES[vpc.region][zone - 1]
        machine = INSTANCE_PROFILES[profile]
        system = f"ubuntu-24-04-{machine.architecture}"
        return Instance(
            id=f"{place.prefix}_{self.world.ids.uuid(f'{vpc.region} instance {name}')}",
            name=name,
            zone=place,
            vpc=vpc,
            profile=machine,
            operating_system=OPERATING_SYSTEMS[system],
            created_at=self._next_creation(),
            metadata_service=service,
            power=_power(status),
            **{"resource_group": vpc.resource_group, "created_enabled": service.enabled, **more},
        )

    def bare_metal_server(
        self,
        vpc: Vpc,
        name: str,
        service: MetadataService = OFF,
        *,
        zone: int = 1,
        profile: str = "bx2-metal-96x384",
        status: str = "running",
        tags: Sequence[str] = (),
        **more: Any,  # noqa: ANN401 - whatever else BareMetalServer takes
    ) -> BareMetalServer:
        """Add a bare metal server to a VPC. Its metadata service has no hop limit."""
        place = ZONES[vpc.region][zone - 1]
        server = BareMetalServer(
            id=f"{place.prefix}-{self.world.ids.uuid(f'{vpc.region} bare metal {name}')}",
            name=name,
            zone=place,
            vpc=vpc,
            profile=BARE_METAL_PROFILES[profile],
            created_at=self._next_creation(),
            metadata_service=MetadataService(service.enabled, service.protocol, None),
            power=_power(status),
            **{"resource_group": vpc.resource_group, **more},
        )
        self.world.regions[vpc.region].bare_metal_servers.add(server)
        self._tag(server, tags)
        return server

    def default_profile(
        self, server: Instance | BareMetalServer, profile: TrustedProfile, *, auto_link: bool = True
    ) -> None:
        """Give a server a default trusted profile, as if at its creation: linked, unless not."""
        region = self.world.regions[server.zone.region]
        region.default_profiles[server.id] = DefaultTrustedProfile(
            profile.id, profile.crn, auto_link
        )
        if auto_link:
            self.link(profile, server, created_at=server.created_at)

    def link(
        self,
        profile: TrustedProfile,
        server: Instance | BareMetalServer,
        name: str | None = None,
        created_at: datetime | None = None,
    ) -> Link:
        """Link a server to a profile; a month ago unless told otherwise."""
        return self.world.trust.add_link(
            profile,
            "VSI" if isinstance(server, Instance) else "BMS",
            {"crn": server.crn},
            name=name,
            created_at=created_at or self.minutes_ago(60 * 24 * 30),
        )

    def minutes_ago(self, minutes: int) -> datetime:
        """Return a moment before the world began."""
        return self.world.created_at - timedelta(minutes=minutes)

    def _tag(self, server: Instance | BareMetalServer, tags: Sequence[str]) -> None:
        if tags:
            self.world.search.tag(server.crn, *tags, at=server.created_at)

    def _next_creation(self) -> datetime:
        self._created += 1
        age = timedelta(days=2 + self._created * 7 % 700, minutes=self._created % 1440)
        return self.world.created_at - age


def _power(status: str) -> Power:
    return {"running": RUNNING, "stopped": STOPPED}.get(status) or Power(status)
