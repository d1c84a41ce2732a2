"""The calls of the emulator's control that are about servers: truth, troubles, deeds, activity."""

from datetime import timedelta
from typing import Any

from werkzeug.wrappers import Response

from vpcmetactl.emulator.controlling import (
    ControlCall,
    ControlRefusal,
    Handlers,
    answer,
    json_object,
)
from vpcmetactl.emulator.guest.presence import SERVICE_DISABLED, WRONG_PROTOCOL
from vpcmetactl.emulator.truth import truth_of
from vpcmetactl.emulator.vpc.activity import AnyServer
from vpcmetactl.emulator.vpc.errors import VpcRefusal
from vpcmetactl.emulator.vpc.state import RESTART_RULES
from vpcmetactl.emulator.vpc.troubles import parse_trouble

_CHOICES = {
    "restart_rule": RESTART_RULES,
    "service_disabled": SERVICE_DISABLED,
    "wrong_protocol": WRONG_PROTOCOL,
}
_PARTS: dict[str, type] = {"enabled": bool, "protocol": str, "response_hop_limit": int}


def _settings(call: ControlCall) -> Response:
    return answer(_current(call))


def _set_settings(call: ControlCall) -> Response:
    current, sent = _current(call), json_object(call)
    if unknown := sent.keys() - current.keys():
        raise ControlRefusal(400, f"There is no setting {', '.join(sorted(unknown))}.")
    wanted = {**current, **sent}
    for name, choices in _CHOICES.items():
        if wanted[name] not in choices:
            raise ControlRefusal(400, f"`{name}` is one of {', '.join(choices)}.")
    if not isinstance(wanted["update_values"], bool):
        raise ControlRefusal(400, "`update_values` is true or false.")
    vpc, absence = call.state.world.vpc, call.state.world.guest.absence
    lag = _seconds(wanted["search_lag"], "search_lag")
    vpc.pace = _seconds(wanted["pace"], "pace")
    call.state.world.search.lag = timedelta(seconds=lag)
    vpc.restart_rule, vpc.activity.tells_values = wanted["restart_rule"], wanted["update_values"]
    absence.service_disabled = wanted["service_disabled"]
    absence.wrong_protocol = wanted["wrong_protocol"]
    return _settings(call)


def _current(call: ControlCall) -> dict[str, Any]:
    vpc, absence = call.state.world.vpc, call.state.world.guest.absence
    return {
        "restart_rule": vpc.restart_rule,
        "pace": vpc.pace,
        "update_values": vpc.activity.tells_values,
        "service_disabled": absence.service_disabled,
        "wrong_protocol": absence.wrong_protocol,
        "search_lag": call.state.world.search.lag.total_seconds(),
    }


def _troubles(call: ControlCall) -> Response:
    troubles = call.state.world.vpc.troubles.troubles
    return answer({"troubles": [trouble.text for trouble in troubles]})


def _set_troubles(call: ControlCall) -> Response:
    texts = json_object(call).get("troubles")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ControlRefusal(400, "`troubles` is a list of strings.")
    try:
        call.state.world.vpc.troubles.set([parse_trouble(text) for text in texts])
    except ValueError as error:
        raise ControlRefusal(400, str(error)) from None
    return _troubles(call)


def _clear_troubles(call: ControlCall) -> Response:
    call.state.world.vpc.troubles.set(())
    return _troubles(call)


def _truth(call: ControlCall) -> Response:
    return answer(truth_of(call.state.world, _server(call)))


def _all_truths(call: ControlCall) -> Response:
    world = call.state.world
    return answer({"servers": [truth_of(world, server) for server in world.servers()]})


def _do(call: ControlCall) -> Response:
    world, server, sent = call.state.world, _server(call), json_object(call)
    after = _seconds(sent.pop("after", 0), "after")
    try:
        match sent:
            case {"action": str(action), **rest} if not rest.keys() - {"force"}:
                world.act(server, action, force=bool(rest.get("force")), after=after)
            case {"metadata_service": dict(parts), **rest} if not rest:
                world.change_metadata_service(server, after=after, **_parts(parts))
            case {"tags": list(tags), **rest} if not rest:
                world.tag(server, *_texts(tags), after=after)
            case _:
                message = (
                    "Either `action`, with or without `force`, or `metadata_service`, or `tags`."
                )
                raise ControlRefusal(400, message)
    except ValueError as error:
        raise ControlRefusal(400, str(error)) from None
    except VpcRefusal as refusal:
        raise ControlRefusal(refusal.status, str(refusal)) from None
    return answer(truth_of(world, server))


def _activity(call: ControlCall) -> Response:
    lines = call.state.world.vpc.activity.lines()
    return Response(lines, content_type="application/x-ndjson")


def _clear_activity(call: ControlCall) -> Response:
    call.state.world.vpc.activity.clear()
    return Response(b"", content_type="application/x-ndjson")


def _server(call: ControlCall) -> AnyServer:
    for server in call.state.world.servers():
        if server.id == call.arguments["id"]:
            return server
    raise ControlRefusal(404, "There is no server of this id in any region.")


def _texts(sent: list[Any]) -> list[str]:
    if not all(isinstance(text, str) and text for text in sent):
        raise ControlRefusal(400, "`tags` is a list of strings.")
    return sent


def _parts(sent: dict[str, Any]) -> dict[str, Any]:
    wrong = [name for name, value in sent.items() if type(value) is not _PARTS.get(name)]
    if wrong or not sent:
        raise ControlRefusal(400, f"`metadata_service` has some of {', '.join(_PARTS)}.")
    return sent


def _seconds(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ControlRefusal(400, f"`{name}` is a number, not negative.")
    return value


HANDLERS: Handlers = {
    ("GET", "/settings"): _settings,
    ("PUT", "/settings"): _set_settings,
    ("GET", "/troubles"): _troubles,
    ("PUT", "/troubles"): _set_troubles,
    ("DELETE", "/troubles"): _clear_troubles,
    ("GET", "/truth"): _all_truths,
    ("GET", "/servers/<id>/truth"): _truth,
    ("POST", "/servers/<id>"): _do,
    ("GET", "/activity"): _activity,
    ("DELETE", "/activity"): _clear_activity,
}
