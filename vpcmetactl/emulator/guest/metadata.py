"""The operations of the Metadata API: an instance reads about itself, and about nothing else."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.guest import bodies
from vpcmetactl.emulator.guest.errors import JSON, refuse
from vpcmetactl.emulator.guest.identity import require_token
from vpcmetactl.emulator.guest.requests import instance_of
from vpcmetactl.emulator.guest.state import GuestCall, GuestState
from vpcmetactl.emulator.vpc.resources import Instance

Members = Callable[[Instance, datetime], list[bodies.Body]]
"""What a collection of an instance holds at a moment."""

Handler = Callable[[GuestCall], Response]

DEFAULT_LIMIT = 50
MAX_LIMIT = 100

_ID = re.compile(r"[-0-9a-z_]{1,64}")
_ADDRESS = "http://169.254.169.254"


def get_instance(call: GuestCall) -> Response:
    """GET /metadata/v1/instance."""
    instance = _asking(call)
    return _answer(bodies.instance_metadata(instance, call.state.now()))


def get_instance_initialization(call: GuestCall) -> Response:
    """GET /metadata/v1/instance/initialization, the one place where user data are read."""
    instance = _asking(call)
    default = call.state.default_profile(instance)
    return _answer(bodies.initialization(instance, default, _user_data(call.state, instance)))


def listing(name: str, members: Members) -> Handler:
    """Make the operation that lists a collection, all of it at once."""

    def handle(call: GuestCall) -> Response:
        return _answer({name: members(_asking(call), call.state.now())})

    return handle


def retrieval(what: str, members: Members) -> Handler:
    """Make the operation that reads one member of a collection by its id."""

    def handle(call: GuestCall) -> Response:
        found = {one["id"]: one for one in members(_asking(call), call.state.now())}
        identifier = call.arguments["id"]
        if _ID.fullmatch(identifier) is None:
            message = "This is not of the form of an id."
            raise refuse(404, "invalid_value", message, "id", "parameter", value=identifier)
        if identifier not in found:
            message = f"The instance has no such {what}."
            raise refuse(404, "not_found", message, "id", "parameter", value=identifier)
        return _answer(found[identifier])

    return handle


def list_placement_groups(call: GuestCall) -> Response:
    """GET /metadata/v1/placement_groups: the one listing that IBM's pages show as a page."""
    groups = bodies.placement_groups(_asking(call), call.state.now())
    limit = _limit(call)
    if (start := call.request.args.get("start")) is not None:
        message = "The token is not one that an earlier page of this listing gave."
        raise refuse(400, "invalid_value", message, "start", "parameter", value=start)
    first = {"href": f"{_ADDRESS}/v1/placement_groups?limit={limit}"}
    shown = {"placement_groups": groups, "total_count": len(groups)}
    return _answer({"first": first, "limit": limit, **shown})


def _asking(call: GuestCall) -> Instance:
    """Return the instance that asks, once it has shown its identity token."""
    require_token(call)
    return instance_of(call)


def _user_data(state: GuestState, instance: Instance) -> str | None:
    """Return the user data an instance was made with: those of its group's template, or none."""
    if instance.instance_group is None:
        return None
    groups = state.vpc.regions[instance.zone.region].instance_groups
    group = groups.get(instance.instance_group.id)
    return None if group is None else group.template.user_data


def _limit(call: GuestCall) -> int:
    text = call.request.args.get("limit", str(DEFAULT_LIMIT))
    if re.fullmatch(r"\d{1,9}", text, re.ASCII) is None or not 1 <= int(text) <= MAX_LIMIT:
        message = f"The `limit` is a whole number from 1 to {MAX_LIMIT}."
        raise refuse(400, "invalid_value", message, "limit", "parameter", value=text)
    return int(text)


def _answer(body: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(body) + b"\n", content_type=JSON)
