"""Stops and starts: sent once, answered by a status alone, refused in words that help."""

import json
from collections.abc import Callable

import pytest

from tests.support.builders import a_bare_metal_server, an_instance
from tests.support.clock import ManualClock
from tests.support.gateways import a_connection, a_gateway
from tests.support.scripted_server import Answer, Cut, Literal, Reset, ScriptedServer, Step
from tests.support.tokens import a_token
from vpcmetactl.domain.errors import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.plans import StopType
from vpcmetactl.ibmcloud.gateway import CloudGateway

Call = Callable[[CloudGateway], None]

WEB = an_instance("web-1", id="0717_1").identity
METAL = a_bare_metal_server("metal-1", id="0717_2").identity
VERSION = {"version": "2025-08-26", "generation": "2"}
CREATED = Answer(201, {"type": "stop", "force": False, "id": "", "href": ""})
NO_CONTENT = Literal(b"HTTP/1.1 204 No Content\r\n\r\n")
CALLS: dict[str, Call] = {
    "stop instance": lambda gateway: gateway.stop_server(WEB, None),
    "start instance": lambda gateway: gateway.start_server(WEB),
    "stop bare metal": lambda gateway: gateway.stop_server(METAL, StopType.HARD),
    "start bare metal": lambda gateway: gateway.start_server(METAL),
}
GOOD: dict[str, Step] = {name: CREATED if "inst" in name else NO_CONTENT for name in CALLS}


@pytest.mark.parametrize(
    ("call", "answer", "path", "body"),
    [
        (
            CALLS["stop instance"],
            CREATED,
            "instances/0717_1/actions",
            {"type": "stop", "force": False},
        ),
        (
            CALLS["start instance"],
            CREATED,
            "instances/0717_1/actions",
            {"type": "start", "force": False},
        ),
        (
            CALLS["stop bare metal"],
            NO_CONTENT,
            "bare_metal_servers/0717_2/stop",
            {"type": "hard"},
        ),
        (
            lambda gateway: gateway.stop_server(METAL, StopType.SOFT),
            NO_CONTENT,
            "bare_metal_servers/0717_2/stop",
            {"type": "soft"},
        ),
        (
            lambda gateway: gateway.stop_server(METAL, None),
            NO_CONTENT,
            "bare_metal_servers/0717_2/stop",
            {"type": "soft"},
        ),
        (CALLS["start bare metal"], NO_CONTENT, "bare_metal_servers/0717_2/start", None),
    ],
)
def test_an_action_is_sent_as_it_is_documented(
    call: Call, answer: Step, path: str, body: object
) -> None:
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        call(gateway)
    [request] = server.requests
    assert (request.method, request.path) == ("POST", f"/vpc/us-south/v1/{path}")
    assert dict(request.query) == VERSION
    assert (json.loads(request.body) if request.body else None) == body


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff", b'{"status": 5}', b"[]", {"status": "pending"}]
)
def test_nothing_is_read_of_the_body_of_an_answer(body: object) -> None:
    with (
        ScriptedServer([Answer(201, body)]) as server,
        a_gateway(a_connection(server.url)) as gateway,
    ):
        gateway.stop_server(WEB, None)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "step",
    [
        Reset(),
        Literal(b""),
        Literal(b"HTTP/1.1 "),
        Cut(CREATED),
        Answer(200, b"<html>Please log in</html>"),
        Answer(202),
        Answer(408),
        Answer(500),
        Answer(502),
        Answer(503, headers={"Retry-After": "1"}),
        Answer(504),
    ],
    ids=repr,
)
def test_an_action_whose_answer_is_lost_is_in_doubt_and_not_sent_again(
    step: Step, name: str
) -> None:
    clock = ManualClock()
    with (
        ScriptedServer([step, GOOD[name]]) as server,
        a_gateway(a_connection(server.url), clock) as gateway,
        pytest.raises(UnavailableError) as caught,
    ):
        CALLS[name](gateway)
    assert caught.value.maybe_done
    assert caught.value.hint == (
        "it is not known whether the change was made: read the server to see"
    )
    assert len(server.requests) == 1
    assert clock.monotonic() == 0


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("step", [Answer(429), Answer(401)], ids=repr)
def test_an_action_that_was_turned_away_at_the_door_is_sent_again(step: Step, name: str) -> None:
    with (
        ScriptedServer([step, GOOD[name]]) as server,
        a_gateway(a_connection(server.url)) as gateway,
    ):
        CALLS[name](gateway)
    assert len(server.requests) == 2


def test_an_action_that_never_reached_the_host_is_not_in_doubt() -> None:
    with ScriptedServer() as server:
        url = server.url
    connection = a_connection(url, credentials=None)
    with a_gateway(connection) as gateway, pytest.raises(VpcmetactlError) as caught:
        gateway.start_server(WEB)
    assert not getattr(caught.value, "maybe_done", False)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("status", "kind"), [(409, ConflictError), (404, NotFoundError)])
def test_a_refusal_is_told_by_its_name(status: int, kind: type[VpcmetactlError], name: str) -> None:
    body = {"errors": [{"code": "invalid_state", "message": "Not now."}], "trace": "t-1"}
    with (
        ScriptedServer([Answer(status, body)]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(kind) as caught,
    ):
        CALLS[name](gateway)
    verb = name.split(maxsplit=1)[0]
    assert str(caught.value).startswith(f"cannot {verb} ")
    assert str(caught.value).endswith(f" in us-south: Not now (HTTP {status}, invalid_state)")
    assert (caught.value.trace, caught.value.region) == ("t-1", "us-south")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        (
            "stop instance",
            (
                "the IAM action is.instance.instance.operate is needed, which comes with the roles "
                "Operator, Editor and Administrator, and, by a known issue of IBM's, "
                "is.instance.instance.update, which does not come with Operator; "
            ),
        ),
        (
            "start bare metal",
            (
                "the IAM action is.bare-metal-server.bare-metal-server.operate is needed, which "
                "comes with the roles Operator, Editor and Administrator; "
            ),
        ),
    ],
)
def test_a_missing_right_is_told_with_the_roles_that_have_it(name: str, hint: str) -> None:
    with (
        ScriptedServer([Answer(403)]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(PermissionDeniedError) as caught,
    ):
        CALLS[name](gateway)
    assert (caught.value.hint or "").startswith(hint)


@pytest.mark.parametrize("name", CALLS)
def test_a_refusal_that_echoes_our_token_is_told_without_it(name: str) -> None:
    token = a_token()
    body = {"errors": [{"code": token, "message": f"you sent {token}"}], "trace": token}
    with (
        ScriptedServer([Answer(400, body)]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(VpcmetactlError) as caught,
    ):
        CALLS[name](gateway)
    assert token[:30] not in f"{caught.value} {caught.value.hint} {caught.value.trace}"
