"""`/_emulator/…`: what a test or an operator does to the emulator itself over HTTP.

Everything here is a thin layer over methods of Emulator and World, for whoever has them in hand.

| call | does |
|---|---|
| GET /state | seed, scenario, time, counts, faults, latency |
| POST /reset | back to the beginning |
| POST /clock `{"advance": seconds}` | moves a manual clock; 409 for the machine's own |
| GET, PUT, DELETE /faults `{"faults": [text, …]}` | reads, replaces, clears |
| GET, DELETE /requests | what was asked, secrets left out; forgets it |
| POST /tokens/expire | expires every token issued so far |
| GET /guest/keys | what identity tokens are signed with, as a JSON web key set |
| GET /guest/ca | the root of the authority that signs certificates, as PEM |
| GET /coverage | the emulated operations |
| GET, PUT /settings `{"restart_rule": "faq" or "none", "pace": number, "update_values": flag, \
"service_disabled": "no_answer" or "forbidden", "wrong_protocol": "no_answer" or "refused", \
"search_lag": seconds}` | \
reads or changes: whether anything ever needs a restart, how fast stops and starts go (0 is at \
once), whether update events tell old and new values, what a server gets at its metadata address \
while its service is disabled, and by the protocol the service is not set to, how late a change \
of tags and the end of a server come to Global Search |
| GET, PUT, DELETE /troubles `{"troubles": [text, …]}` | reads, replaces, clears |
| GET /truth | what no API tells of the servers |
| GET /servers/ID/truth | the same of one of them |
| POST /servers/ID `{"action": "stop"}`, `{"metadata_service": {…}}` or `{"tags": [text, …]}`, \
with `"after": seconds` | does it as somebody else would, now or then |
| GET, DELETE /activity | what was done to servers, as an Activity Tracker export in JSON lines; \
forgets it |
"""

from datetime import timedelta

from werkzeug.wrappers import Response

from vpcmetactl.emulator import steering
from vpcmetactl.emulator.clock import ManualClock, timestamp
from vpcmetactl.emulator.controlling import (
    ControlCall,
    Controlled,
    ControlRefusal,
    Handlers,
    answer,
    json_object,
)
from vpcmetactl.emulator.coverage import coverage
from vpcmetactl.emulator.faults import parse_fault
from vpcmetactl.emulator.routing import Route, Service


def service(emulator: Controlled) -> Service[Controlled]:
    """Make the control service of an call.state."""
    return Service(
        name="control",
        prefix="/_emulator",
        state=emulator,
        routes=tuple(
            Route(f"{method} {path}", method, path, handler, "")
            for (method, path), handler in _HANDLERS.items()
        ),
        guard=lambda _call: None,
        refusal=lambda status: ControlRefusal(status, "fault"),
        fallback=_unknown,
    )


def _unknown(_call: ControlCall) -> Response:
    raise ControlRefusal(404, "The emulator's control has no such call.")


def _state(call: ControlCall) -> Response:
    world = call.state.world
    return answer(
        {
            "scenario": world.scenario,
            "seed": world.seed,
            "now": timestamp(world.now()),
            "account_id": world.account_id,
            "latency": call.state.latency,
            "faults": [fault.text for fault in call.state.faults.faults],
            "requests": len(call.state.requests),
            "regions": {
                region.name: {
                    "status": region.status,
                    "instances": len(region.instances),
                    "bare_metal_servers": len(region.bare_metal_servers),
                    "vpcs": len(region.vpcs),
                }
                for region in world.regions.values()
            },
        }
    )


def _reset(call: ControlCall) -> Response:
    call.state.reset()
    return answer({"reset": True})


def _clock(call: ControlCall) -> Response:
    clock = call.state.world.clock
    if not isinstance(clock, ManualClock):
        raise ControlRefusal(409, "This emulator runs on the machine's clock.")
    seconds = json_object(call).get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise ControlRefusal(400, "`advance` is a number of seconds, not negative.")
    return answer({"now": timestamp(clock.advance(timedelta(seconds=seconds)))})


def _faults(call: ControlCall) -> Response:
    return answer({"faults": [fault.text for fault in call.state.faults.faults]})


def _set_faults(call: ControlCall) -> Response:
    texts = json_object(call).get("faults")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ControlRefusal(400, "`faults` is a list of strings.")
    try:
        call.state.set_faults([parse_fault(text) for text in texts])
    except ValueError as error:
        raise ControlRefusal(400, str(error)) from None
    return _faults(call)


def _clear_faults(call: ControlCall) -> Response:
    call.state.set_faults(())
    return _faults(call)


def _requests(call: ControlCall) -> Response:
    return answer({"requests": call.state.requests})


def _clear_requests(call: ControlCall) -> Response:
    call.state.clear_requests()
    return answer({"requests": []})


def _expire_tokens(call: ControlCall) -> Response:
    return answer({"expired": call.state.world.expire_tokens()})


def _guest_keys(call: ControlCall) -> Response:
    return answer(call.state.world.guest.tokens.published_keys())


def _guest_ca(call: ControlCall) -> Response:
    root = call.state.world.guest.authority.root_pem
    return Response(root, content_type="application/x-pem-file")


def _coverage(_call: ControlCall) -> Response:
    return answer({"operations": coverage()})


_HANDLERS: Handlers = {
    **steering.HANDLERS,
    ("GET", "/state"): _state,
    ("POST", "/reset"): _reset,
    ("POST", "/clock"): _clock,
    ("GET", "/faults"): _faults,
    ("PUT", "/faults"): _set_faults,
    ("DELETE", "/faults"): _clear_faults,
    ("GET", "/requests"): _requests,
    ("DELETE", "/requests"): _clear_requests,
    ("POST", "/tokens/expire"): _expire_tokens,
    ("GET", "/guest/keys"): _guest_keys,
    ("GET", "/guest/ca"): _guest_ca,
    ("GET", "/coverage"): _coverage,
}
