"""The changing operations of the VPC API. Each holds the world's lock while it decides and acts."""

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.clock import timestamp
from vpcmetactl.emulator.routing import gateway_headers
from vpcmetactl.emulator.vpc.activity import AnyServer
from vpcmetactl.emulator.vpc.allowed_use import ExpressionError, evaluate
from vpcmetactl.emulator.vpc.collections import Collection
from vpcmetactl.emulator.vpc.deeds import act, refusals_left, update
from vpcmetactl.emulator.vpc.errors import refuse
from vpcmetactl.emulator.vpc.handlers import answer, bare_metal_server_of, etag_of, instance_of
from vpcmetactl.emulator.vpc.patches import BARE_METAL_PATCH, INSTANCE_PATCH, Patch
from vpcmetactl.emulator.vpc.recorded import RecordedServer
from vpcmetactl.emulator.vpc.requests import initiator_of, json_object, region_of
from vpcmetactl.emulator.vpc.resources import Instance, MetadataService
from vpcmetactl.emulator.vpc.state import VpcCall
from vpcmetactl.emulator.vpc.statuses import INSTANCE_ACTIONS

MERGE_PATCH = "application/merge-patch+json"


def update_instance(call: VpcCall) -> Response:
    """PATCH /instances/{id}: 200 with the whole instance and its new ETag."""
    patch = INSTANCE_PATCH.validated(json_object(call, MERGE_PATCH))
    with call.state.lock:
        instance = instance_of(call)
        with _refusals_left(call, instance):
            _require_match(call, instance)
            _require_changeable(call, instance)
            _require_free_name(region_of(call).instances, instance, patch.name)
            if isinstance(instance, Instance):
                _require_support(instance, patch)
                _require_allowed_use(instance, patch)
        _apply(call, instance, patch)
        if patch.name is not None:
            region_of(call).instances.changed()
    body = call.state.bodies.encode(instance, call.state.now())
    return answer(call, body, ETag=etag_of(body))


def update_bare_metal_server(call: VpcCall) -> Response:
    """PATCH /bare_metal_servers/{id}: 200 with the whole server. It has no If-Match."""
    patch = BARE_METAL_PATCH.validated(json_object(call, MERGE_PATCH))
    with call.state.lock:
        server = bare_metal_server_of(call)
        with _refusals_left(call, server):
            _require_changeable(call, server)
            _require_free_name(region_of(call).bare_metal_servers, server, patch.name)
        _apply(call, server, patch)
        if patch.name is not None:
            region_of(call).bare_metal_servers.changed()
    return answer(call, call.state.bodies.encode(server, call.state.now()))


def create_instance_action(call: VpcCall) -> Response:
    """POST /instances/{id}/actions: 201; 409 if the status does not take the action.

    The answer is what was recorded of the platform, `id` and `href` empty, except that `status`,
    which today's schema requires, is there.
    """
    sent = json_object(call, "application/json")
    action = _choice(sent, "type", tuple(INSTANCE_ACTIONS))
    force = sent.get("force", False)
    if not isinstance(force, bool):
        message = "The field is true or false."
        raise refuse(400, "validation_invalid_field_type", message, "force")
    _refuse_others(sent, {"type", "force"})
    with call.state.lock:
        state, by = call.state, initiator_of(call)
        act(state, instance_of(call), action, by, state.now(), force=force)
    body = {
        "created_at": timestamp(call.state.now()),
        "force": force,
        "href": "",
        "id": "",
        "status": "pending",
        "type": action,
    }
    return answer(call, msgspec.json.encode(body), 201)


def start_bare_metal_server(call: VpcCall) -> Response:
    """POST /bare_metal_servers/{id}/start: 204."""
    return _bare_metal_action(call, "start")


def restart_bare_metal_server(call: VpcCall) -> Response:
    """POST /bare_metal_servers/{id}/restart: 204; a power cycle."""
    return _bare_metal_action(call, "restart")


def stop_bare_metal_server(call: VpcCall) -> Response:
    """POST /bare_metal_servers/{id}/stop with a type of hard or soft: 204."""
    sent = json_object(call, "application/json")
    kind = _choice(sent, "type", ("hard", "soft"))
    _refuse_others(sent, {"type"})
    return _bare_metal_action(call, f"stop-{kind}")


def _bare_metal_action(call: VpcCall, action: str) -> Response:
    with call.state.lock:
        state, by = call.state, initiator_of(call)
        act(state, bare_metal_server_of(call), action, by, state.now())
    headers = gateway_headers(call)
    response = Response(status=204, headers=headers)
    response.headers.pop("Content-Type", None)
    return response


def _choice(sent: dict[str, object], field: str, allowed: tuple[str, ...]) -> str:
    value = sent.get(field)
    if value is None:
        raise refuse(400, "validation_required_field", "The field is required.", field)
    if not isinstance(value, str) or value not in allowed:
        message = f"The field is one of {', '.join(allowed)}."
        raise refuse(400, "validation_enum", message, field)
    return value


def _refuse_others(sent: dict[str, object], known: set[str]) -> None:
    for field in sent:
        if field not in known:
            raise refuse(400, "unknown_field", "There is no field of this name.", field)


def _refusals_left(call: VpcCall, server: AnyServer) -> AbstractContextManager[None]:
    return refusals_left(call.state, server, "update", initiator_of(call), call.state.now())


def _require_match(call: VpcCall, instance: Instance | RecordedServer) -> None:
    wanted = call.request.headers.get("If-Match")
    if wanted is None or wanted.strip() == "*":
        return
    current = etag_of(call.state.bodies.encode(instance, call.state.now()))
    if current not in (tag.strip() for tag in wanted.split(",")):
        message = "The ETag is not the instance's current one."
        raise refuse(412, "precondition_failed", message, "If-Match", "header")


def _require_changeable(call: VpcCall, server: AnyServer) -> None:
    status = server.power.status(call.state.now())
    if status == "deleting":
        raise refuse(409, "invalid_state", "A server that is being deleted takes no change.")


def _require_free_name(servers: Collection[Any], server: AnyServer, name: str | None) -> None:
    if name is None or name == server.name:
        return
    if any(other.name == name for other in servers):
        message = "Another server of the region has this name."
        raise refuse(400, "validation_unique_failed", message, "name")


def _require_support(instance: Instance, patch: Patch) -> None:
    # Documented as unsupported; what a PATCH does is not. Platform notes, section 1.8.
    if patch.metadata_service.get("enabled") and instance.profile.architecture != "amd64":
        message = f"The architecture {instance.profile.architecture} has no metadata service."
        raise refuse(400, "bad_field", message, "metadata_service.enabled")


def _require_allowed_use(instance: Instance, patch: Patch) -> None:
    if instance.allowed_use is None or not patch.metadata_service:
        return
    after = replace(instance.metadata_service, **patch.metadata_service)
    try:
        allowed = evaluate(instance.allowed_use, _variables(instance, after))
    except ExpressionError as error:
        raise refuse(400, "bad_field", f"allowed_use cannot be evaluated: {error}") from None
    if not allowed:
        message = f"The boot volume's allowed_use does not permit it: {instance.allowed_use}"
        raise refuse(400, "bad_field", message, "metadata_service")


def _variables(instance: Instance, service: MetadataService) -> dict[str, bool | int | str]:
    gpu = instance.profile.gpu
    return {
        "enable_secure_boot": instance.enable_secure_boot,
        "gpu.count": 0 if gpu is None else gpu.count,
        "gpu.manufacturer": "" if gpu is None else gpu.manufacturer,
        "gpu.memory": 0 if gpu is None else gpu.memory,
        "gpu.model": "" if gpu is None else gpu.model,
        "metadata_service.enabled": service.enabled,
        "metadata_service.protocol": service.protocol,
        "vcpu.count": instance.profile.vcpus,
    }


def _apply(call: VpcCall, server: AnyServer, patch: Patch) -> None:
    lacking = isinstance(server, RecordedServer) and server.metadata_service is None
    if lacking and patch.metadata_service:
        message = "The recorded server has no metadata_service to change."
        raise refuse(501, "not_emulated", message, "metadata_service")
    state, by = call.state, initiator_of(call)
    update(state, server, patch.metadata_service, by, state.now(), name=patch.name)
