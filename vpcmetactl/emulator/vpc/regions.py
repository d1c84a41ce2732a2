"""One region: its collections, and the boot volumes that come with its instances."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vpcmetactl.emulator.vpc.collections import Collection
from vpcmetactl.emulator.vpc.resources import (
    BareMetalServer,
    Instance,
    InstanceGroup,
    InstanceTemplate,
    Vpc,
)

if TYPE_CHECKING:
    from vpcmetactl.emulator.vpc.recorded import RecordedServer


@dataclass(frozen=True, slots=True)
class DefaultTrustedProfile:
    """The profile a server becomes where none is asked for, and whether it was linked at once."""

    id: str
    crn: str
    auto_link: bool = True


class Region:
    """What one regional endpoint serves. `default_profiles` are by the id of the server."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.status = "available"
        self.vpcs: Collection[Vpc] = Collection()
        self.instances: Collection[Instance | RecordedServer] = Collection()
        self.bare_metal_servers: Collection[BareMetalServer | RecordedServer] = Collection()
        self.instance_templates: Collection[InstanceTemplate] = Collection()
        self.instance_groups: Collection[InstanceGroup] = Collection()
        self.default_profiles: dict[str, DefaultTrustedProfile] = {}
        self._boot_volumes: dict[str, str] = {}

    def members_of(self, group: InstanceGroup) -> int:
        """Count the instances of a group that are left."""
        return sum(
            isinstance(instance, Instance)
            and instance.instance_group is not None
            and instance.instance_group.id == group.id
            for instance in self.instances
        )

    def instance_of_boot_volume(self, volume_id: str) -> Instance | None:
        """Return the instance that boots from a volume, or None.

        The index is built when it is first needed, not for every world: most are never asked.
        """
        if volume_id not in self._boot_volumes:
            self._boot_volumes = {
                instance.boot_volume_id: instance.id
                for instance in self.instances
                if isinstance(instance, Instance)
            }
        found = self.instances.get(self._boot_volumes.get(volume_id, ""))
        return found if isinstance(found, Instance) else None
