"""What is so of a server, although no API tells it: for tests of whoever has to infer it."""

from dataclasses import dataclass

from vpcmetactl.emulator.vpc.activity import AnyServer
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance, RestartRule
from vpcmetactl.emulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The truth of one moment. None where there is none, or none is known.

    `activated`: the service was on when the instance was created, or when a start of it began
    that brought it up. `erasures`: how often a stop took the content of its instance storage;
    None without such storage.
    """

    id: str
    crn: str
    name: str
    status: str
    enabled: bool | None
    created_enabled: bool | None
    activated: bool | None
    needs_restart: bool | None
    restart_rule: RestartRule
    erasures: int | None
    instance_group: str | None


def truth_of(world: World, server: AnyServer) -> Truth:
    """Return the truth of a server now. Of one that was loaded from a file little is known."""
    world.vpc.catch_up()
    now = world.now()
    instance = server if isinstance(server, Instance) else None
    group = None if instance is None else instance.instance_group
    return Truth(
        id=server.id,
        crn=server.crn,
        name=server.name,
        status=server.power.status(now),
        enabled=_enabled(server),
        created_enabled=None if instance is None else instance.created_enabled,
        activated=None if instance is None else instance.activated(now),
        needs_restart=None if instance is None else world.needs_restart(instance),
        restart_rule=world.restart_rule,
        erasures=instance.erasures(now) if instance and instance.profile.disks else None,
        instance_group=None if group is None else group.name,
    )


def _enabled(server: AnyServer) -> bool | None:
    if isinstance(server, Instance | BareMetalServer):
        return server.metadata_service.enabled
    enabled = (server.metadata_service or {}).get("enabled")
    return enabled if isinstance(enabled, bool) else None
