"""What is done to servers, by a request or by somebody else, and what follows from it later.

Each deed holds the world's lock, leaves an event, and happens at a moment that may lie in the past
or be the moment of a schedule.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from vpcmetactl.emulator.identifiers import derived_uuid
from vpcmetactl.emulator.vpc.activity import PLATFORM, AnyServer, Initiator
from vpcmetactl.emulator.vpc.errors import VpcRefusal, refuse
from vpcmetactl.emulator.vpc.recorded import RecordedServer
from vpcmetactl.emulator.vpc.resources import (
    BareMetalServer,
    Instance,
    InstanceGroup,
    MetadataService,
)
from vpcmetactl.emulator.vpc.state import VpcState
from vpcmetactl.emulator.vpc.statuses import (
    BARE_METAL_ACTIONS,
    CREATION,
    INSTANCE_ACTIONS,
    REASONS,
    Plan,
    Power,
    Step,
    accepts,
)

_LASTING = {"running", "stopped", "failed"}
_START_FAILED = 500


def actions_of(server: AnyServer) -> dict[str, Plan]:
    """Return the actions a server has, each with what comes of it if nothing goes wrong."""
    return BARE_METAL_ACTIONS if _is_bare_metal(server) else INSTANCE_ACTIONS


def act(
    state: VpcState,
    server: AnyServer,
    action: str,
    by: Initiator,
    at: datetime,
    *,
    force: bool = False,
) -> None:
    """Begin to start, stop or restart a server; a refusal if its status does not take that."""
    verb, request = _verb(server, action), {"type": action, "force": force}
    code = 204 if _is_bare_metal(server) else 201
    with state.lock, refusals_left(state, server, verb, by, at):
        status = server.power.status(at)
        if not accepts(status, action, force=force):
            message = f"The action is not supported in the status {status!r}."
            raise refuse(409, "invalid_state", message)
        state.activity.add(server, verb, at, by, code=code, request=request)
        if plan := _plan(state, server, action):
            server.power = server.power.then(at, plan, state.pace)
            _revise(server)
            _follow_up(state, server, action, by, server.power.steps[-len(plan) :])


def update(
    state: VpcState,
    server: AnyServer,
    parts: Mapping[str, Any],
    by: Initiator,
    at: datetime,
    *,
    name: str | None = None,
) -> None:
    """Change a server's name, or parts of its metadata service, past every check."""
    with state.lock:
        before = _values(server, parts)
        if isinstance(server, RecordedServer):
            names = {} if name is None else {"name": name}
            server.change({**names, **({"metadata_service": parts} if parts else {})})
        else:
            server.name = name or server.name
            server.change_metadata_service(parts)
        request: dict[str, Any] = {}
        if state.activity.tells_values and parts:
            request = {"initialValue": before, "newValue": _values(server, parts)}
        state.activity.add(server, "update", at, by, request=request)


def delete(state: VpcState, server: AnyServer, by: Initiator, at: datetime) -> None:
    """Take a server away."""
    with state.lock:
        for region in state.regions.values():
            region.instances.discard(server.id)
            region.bare_metal_servers.discard(server.id)
        state.activity.add(server, "delete", at, by)


@contextmanager
def refusals_left(
    state: VpcState, server: AnyServer, verb: str, by: Initiator, at: datetime
) -> Iterator[None]:
    """Leave the event of what is refused within the block."""
    try:
        yield
    except VpcRefusal as refusal:
        state.activity.add(server, verb, at, by, code=refusal.status, reason=str(refusal))
        raise


def _plan(state: VpcState, server: AnyServer, action: str) -> Plan:
    """Return what will come of an action: nothing, if the operating system ignores it."""
    if action == "stop-soft" and isinstance(server, BareMetalServer) and server.ignores_soft_stop:
        return ()
    plan = actions_of(server)[action]
    if action == "start" and isinstance(server, Instance) and server.metadata_service.enabled:
        plan = (*plan[:-1], plan[-1]._replace(activates=True))
    return state.troubles.changed(server.id, server.name, action, plan)


def _follow_up(
    state: VpcState, server: AnyServer, action: str, by: Initiator, planned: tuple[Step, ...]
) -> None:
    """Have done what comes with the end of a start or stop, unless something interrupts it."""
    if action not in {"start", "stop"} or _is_bare_metal(server):
        return
    end = next(step for step in planned if step.status in _LASTING)

    def follow(at: datetime) -> None:
        if not any(step is end for step in server.power.steps):
            return
        code, reason = (200, "") if end.reason is None else (_START_FAILED, REASONS[end.reason])
        state.activity.add(server, action, at, by, code=code, reason=reason)
        if isinstance(server, Instance) and action == "stop":
            _replace_member(state, server, at)

    state.schedule.add(end.at, follow)


def _replace_member(state: VpcState, member: Instance, at: datetime) -> None:
    """Have the group of a stopped member make another one from its template, and let it go."""
    region = state.regions[member.zone.region]
    if member.instance_group is None or region.instances.get(member.id) is not member:
        return
    group = region.instance_groups.get(member.instance_group.id)
    member.instance_group = None
    _revise(member)
    region.instances.changed()
    if group is not None:
        new = _new_member(group, member, at, state.pace)
        region.instances.add(new)
        state.activity.add(new, "create", at, PLATFORM)


def _new_member(group: InstanceGroup, old: Instance, at: datetime, pace: float) -> Instance:
    uuid, template = derived_uuid(old.id, "replacement"), group.template
    parts: dict[str, Any] = dict(template.metadata_service or {})
    service = replace(MetadataService(), **parts)
    return Instance(
        id=f"{old.zone.prefix}_{uuid}",
        name=f"{group.named.name[:52]}-{uuid[-10:]}",
        zone=old.zone,
        vpc=group.vpc,
        resource_group=group.vpc.resource_group,
        profile=template.profile,
        operating_system=template.operating_system,
        created_at=at,
        metadata_service=service,
        created_enabled=service.enabled,
        power=Power("pending").then(at, CREATION, pace),
        instance_group=group.named,
    )


def _verb(server: AnyServer, action: str) -> str:
    """Return how the event of a request for an action ends: bare metal has one for each action."""
    return action.partition("-")[0] if _is_bare_metal(server) else "action.create"


def _is_bare_metal(server: AnyServer) -> bool:
    if isinstance(server, RecordedServer):
        return server.is_bare_metal
    return isinstance(server, BareMetalServer)


def _revise(server: AnyServer) -> None:
    if not isinstance(server, RecordedServer):
        server.revision += 1


def _values(server: AnyServer, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the present values of these parts of a server's metadata service."""
    service = server.metadata_service
    if isinstance(service, MetadataService):
        return {"metadata_service": {part: getattr(service, part) for part in parts}}
    return {"metadata_service": {part: (service or {}).get(part) for part in parts}}
