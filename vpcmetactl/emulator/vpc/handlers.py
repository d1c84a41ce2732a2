"""The reading operations of the VPC API."""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.routing import gateway_headers
from vpcmetactl.emulator.vpc.bodies import region_body, vpc_body
from vpcmetactl.emulator.vpc.catalog import endpoint
from vpcmetactl.emulator.vpc.collections import Collection, Filterable, Page
from vpcmetactl.emulator.vpc.errors import JSON, VpcRefusal, refuse
from vpcmetactl.emulator.vpc.groups import (
    instance_group_body,
    instance_template_body,
    membership_body,
)
from vpcmetactl.emulator.vpc.recorded import RecordedServer
from vpcmetactl.emulator.vpc.requests import DEFAULT_LIMIT, filters_of, limit_of, region_of
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance, InstanceGroup
from vpcmetactl.emulator.vpc.state import VpcCall
from vpcmetactl.emulator.vpc.volumes import boot_volume_body

T = TypeVar("T", bound=Filterable)


def answer(call: VpcCall, body: bytes, status: int = 200, **headers: str) -> Response:
    """Make an answer of JSON that is encoded already."""
    return Response(
        body + b"\n", status=status, headers=gateway_headers(call, **headers), content_type=JSON
    )


def etag_of(body: bytes) -> str:
    """Return the weak ETag of an encoded resource: it changes with anything the body shows."""
    return f'W/"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def list_regions(call: VpcCall) -> Response:
    """GET /regions: all of them, not paged."""
    regions = [region_body(region.name, region.status) for region in call.state.regions.values()]
    return answer(call, msgspec.json.encode({"regions": regions}))


def get_region(call: VpcCall) -> Response:
    """GET /regions/{name}: any region, from any region."""
    region = call.state.regions.get(call.arguments["name"])
    if region is None:
        raise not_found("region", "name")
    return answer(call, msgspec.json.encode(region_body(region.name, region.status)))


def list_instances(call: VpcCall) -> Response:
    """GET /instances."""
    return _listing(call, "instances", region_of(call).instances, _encoder(call))


def list_bare_metal_servers(call: VpcCall) -> Response:
    """GET /bare_metal_servers."""
    servers = region_of(call).bare_metal_servers
    return _listing(call, "bare_metal_servers", servers, _encoder(call))


def list_vpcs(call: VpcCall) -> Response:
    """GET /vpcs."""
    return _listing(
        call, "vpcs", region_of(call).vpcs, lambda vpc: msgspec.json.encode(vpc_body(vpc))
    )


def get_instance(call: VpcCall) -> Response:
    """GET /instances/{id}, with a weak ETag."""
    body = call.state.bodies.encode(instance_of(call), call.state.now())
    return answer(call, body, ETag=etag_of(body))


def get_bare_metal_server(call: VpcCall) -> Response:
    """GET /bare_metal_servers/{id}; it has no ETag."""
    return answer(call, call.state.bodies.encode(bare_metal_server_of(call), call.state.now()))


def get_volume(call: VpcCall) -> Response:
    """GET /volumes/{id}: boot volumes of instances."""
    instance = region_of(call).instance_of_boot_volume(call.arguments["id"])
    if instance is None:
        raise not_found("volume")
    body = msgspec.json.encode(boot_volume_body(instance))
    return answer(call, body, ETag=etag_of(body))


def list_instance_groups(call: VpcCall) -> Response:
    """GET /instance_groups."""
    region = region_of(call)
    return _listing(
        call,
        "instance_groups",
        region.instance_groups,
        lambda group: msgspec.json.encode(instance_group_body(group, region.members_of(group))),
    )


def get_instance_group(call: VpcCall) -> Response:
    """GET /instance_groups/{id}."""
    region, group = region_of(call), _instance_group_of(call)
    return answer(call, msgspec.json.encode(instance_group_body(group, region.members_of(group))))


def list_instance_group_memberships(call: VpcCall) -> Response:
    """GET /instance_groups/{id}/memberships."""
    group = _instance_group_of(call)
    members: Collection[Instance] = Collection()
    for instance in region_of(call).instances:
        if isinstance(instance, Instance) and instance.instance_group == group.named:
            members.add(instance)
    return _listing(
        call,
        "memberships",
        members,
        lambda member: msgspec.json.encode(membership_body(group, member)),
        f"instance_groups/{group.id}/memberships",
    )


def _instance_group_of(call: VpcCall) -> InstanceGroup:
    group = region_of(call).instance_groups.get(call.arguments["id"])
    if group is None:
        raise not_found("instance group")
    return group


def list_instance_templates(call: VpcCall) -> Response:
    """GET /instance/templates: all of them on one page, for the operation takes no start."""
    templates = [instance_template_body(item) for item in region_of(call).instance_templates]
    url = f"{endpoint(call.arguments['region'])}/v1/instance/templates"
    limit = max(DEFAULT_LIMIT, len(templates))
    body = {
        "first": {"href": f"{url}?limit={limit}"},
        "limit": limit,
        "templates": templates,
        "total_count": len(templates),
    }
    return answer(call, msgspec.json.encode(body))


def get_instance_template(call: VpcCall) -> Response:
    """GET /instance/templates/{id}."""
    template = region_of(call).instance_templates.get(call.arguments["id"])
    if template is None:
        raise not_found("instance template")
    return answer(call, msgspec.json.encode(instance_template_body(template)))


def instance_of(call: VpcCall) -> Instance | RecordedServer:
    """Return the instance the path names; a refusal if there is none."""
    found = region_of(call).instances.get(call.arguments["id"])
    if found is None:
        raise not_found("instance")
    return found


def bare_metal_server_of(call: VpcCall) -> BareMetalServer | RecordedServer:
    """Return the bare metal server the path names; a refusal if there is none."""
    found = region_of(call).bare_metal_servers.get(call.arguments["id"])
    if found is None:
        raise not_found("bare metal server")
    return found


def not_found(what: str, parameter: str = "id") -> VpcRefusal:
    """Make the 404 of the API, which also stands for what one may not see."""
    return refuse(
        404, "not_found", f"There is no such {what} in this region.", parameter, "parameter"
    )


def _encoder(call: VpcCall) -> Callable[[Instance | BareMetalServer | RecordedServer], bytes]:
    now, bodies = call.state.now(), call.state.bodies
    return lambda server: bodies.encode(server, now)


def _listing(
    call: VpcCall,
    name: str,
    collection: Collection[T],
    encode: Callable[[T], bytes],
    path: str | None = None,
) -> Response:
    limit = limit_of(call)
    page = _page(call, collection, limit)
    url = f"{endpoint(call.arguments['region'])}/v1/{path or name}?limit={limit}"
    body: dict[str, Any] = {
        "first": {"href": url},
        name: [msgspec.Raw(encode(item)) for item in page.items],
        "limit": limit,
        "total_count": page.total_count,
    }
    if page.next is not None:
        # As the platform prints it: without the version, the generation and the filters.
        body["next"] = {"href": f"{url}&start={page.next}"}
    return answer(call, msgspec.json.encode(body))


def _page(call: VpcCall, collection: Collection[T], limit: int) -> Page[T]:
    start = call.request.args.get("start")
    try:
        return collection.select(filters_of(call)).page(start, limit)
    except KeyError:
        message = "The token is not one that an earlier page of this listing gave."
        raise refuse(400, "bad_field", message, "start", "parameter") from None
