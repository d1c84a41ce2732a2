"""What goes wrong on the wire, on a list, a read and a change: survived, or told by its name."""

from collections.abc import Callable

import pytest

from tests.ibmcloud.bodies import INSTANCE_ID, a_page_body, an_instance_body
from tests.support.builders import an_instance
from tests.support.clock import ManualClock
from tests.support.gateways import API_KEY, a_connection, a_gateway
from tests.support.observer import RecordingObserver
from tests.support.scripted_server import Answer, Cut, Literal, Reset, ScriptedServer, Step
from tests.support.tokens import a_token
from vpcmetactl.domain.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionFailedError,
    RateLimitedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.plans import MetadataServicePatch
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.ibmcloud.gateway import CloudGateway
from vpcmetactl.ibmcloud.wire.tolerant import NotAsDocumentedError
from vpcmetactl.usecases.ports import PageQuery

Call = Callable[[CloudGateway], object]

GOOD = {
    "list": Answer(body=a_page_body([an_instance_body()])),
    "get": Answer(body=an_instance_body()),
    "patch": Answer(body=an_instance_body()),
}
CALLS: dict[str, Call] = {
    "list": lambda gateway: gateway.list_page(PageQuery("us-south", ServerKind.INSTANCE)),
    "get": lambda gateway: gateway.get_server("us-south", ServerKind.INSTANCE, INSTANCE_ID),
    "patch": lambda gateway: gateway.update_metadata(
        an_instance(id=INSTANCE_ID, etag='W/"1"'), MetadataServicePatch(enabled=True)
    ),
}
PASSING: dict[str, Step] = {
    "429": Answer(429),
    "429 with seconds": Answer(429, headers={"Retry-After": "2"}),
    "429 with a date": Answer(429, headers={"Retry-After": "Sat, 21 Nov 2026 12:00:05 GMT"}),
    "500": Answer(500, b"oops"),
    "502": Answer(502, b"<html>Bad gateway</html>"),
    "503": Answer(503),
    "504": Answer(504),
    "reset": Reset(),
    "closed": Literal(b""),
    "half a head": Literal(b"HTTP/1.1 200 OK\r\nContent-"),
    "no HTTP": Literal(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "cut": Cut(Answer(body=a_page_body([an_instance_body()])), short=10),
    "cut JSON": Answer(body=b'{"instances": [{"id": "0717_1", "na'),
    "HTML": Answer(body=b"<html>Please log in</html>", headers={"Content-Type": "text/html"}),
    "empty": Answer(body=b""),
    "no UTF-8": Answer(body=b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_survived(fault: str, name: str) -> None:
    observer = RecordingObserver()
    with (
        ScriptedServer([PASSING[fault], PASSING[fault], GOOD[name]]) as server,
        a_gateway(a_connection(server.url), observer=observer) as gateway,
    ):
        assert CALLS[name](gateway) is not None
    assert len(observer.retries) == 2


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("fault", PASSING)
def test_what_does_not_pass_ends_within_the_deadline(fault: str, name: str) -> None:
    clock = ManualClock()
    with (
        ScriptedServer([PASSING[fault]]) as server,
        a_gateway(a_connection(server.url, timeout=20), clock) as gateway,
        pytest.raises((UnavailableError, RateLimitedError, MalformedResponseError)) as caught,
    ):
        CALLS[name](gateway)
    assert clock.monotonic() <= 20
    assert "gave up after" in str(caught.value) or "after --timeout" in str(caught.value)
    changed = name == "patch" and not fault.startswith("429")
    assert getattr(caught.value, "maybe_done", False) is changed


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (409, ConflictError),
        (412, PreconditionFailedError),
    ],
)
def test_a_refusal_is_told_by_its_name(status: int, kind: type[VpcmetactlError], name: str) -> None:
    with (
        ScriptedServer([Answer(status)]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(kind) as caught,
    ):
        CALLS[name](gateway)
    assert (caught.value.region, caught.value.status) == ("us-south", status)


@pytest.mark.parametrize("name", ["get", "patch"])
def test_a_server_that_is_not_there_may_also_not_be_visible(name: str) -> None:
    with (
        ScriptedServer([Answer(404, b"<html>")]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(NotFoundError) as caught,
    ):
        CALLS[name](gateway)
    assert caught.value.hint == (
        "it may be gone, or exist and not be visible to you: the platform does not tell which"
    )


def test_an_answer_about_another_server_is_malformed() -> None:
    other = Answer(body=an_instance_body(id="0717_other"))
    with (
        ScriptedServer([other]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(MalformedResponseError) as caught,
    ):
        CALLS["get"](gateway)
    assert f"(it is about 0717_other, and {INSTANCE_ID} was asked for)" in str(caught.value)
    assert len(server.requests) == 1


def test_an_answer_to_a_change_about_another_server_leaves_the_change_in_doubt() -> None:
    other = Answer(body=an_instance_body(id="0717_other"))
    with (
        ScriptedServer([other]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(UnavailableError, match="is about 0717_other, and") as caught,
    ):
        CALLS["patch"](gateway)
    assert caught.value.maybe_done
    assert isinstance(caught.value.__cause__, NotAsDocumentedError)
    assert len(server.requests) == 1


@pytest.mark.parametrize("step", [Reset(), Answer(504), Cut(GOOD["patch"])], ids=repr)
def test_a_change_that_took_effect_though_its_answer_was_lost_is_in_doubt_and_no_conflict(
    step: Step,
) -> None:
    """The 412 may come from our own first try: only reading the server again can tell."""
    with (
        ScriptedServer([step, Answer(412)]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(UnavailableError) as caught,
    ):
        CALLS["patch"](gateway)
    assert caught.value.maybe_done
    assert [request.method for request in server.requests] == ["PATCH", "PATCH"]
    assert server.requests[0].body == server.requests[1].body


def test_a_pause_asked_for_by_one_answer_holds_for_every_call_to_the_region() -> None:
    clock = ManualClock()
    limited = Answer(429, headers={"Retry-After": "30"})
    with (
        ScriptedServer([limited, GOOD["list"], GOOD["get"]]) as server,
        a_gateway(a_connection(server.url), clock) as gateway,
    ):
        CALLS["list"](gateway)
        CALLS["get"](gateway)
    assert clock.monotonic() >= 30


def test_the_cap_on_requests_a_second_is_kept() -> None:
    clock = ManualClock()
    with (
        ScriptedServer([GOOD["get"]]) as server,
        a_gateway(a_connection(server.url, max_rps=2), clock) as gateway,
    ):
        for _ in range(9):
            CALLS["get"](gateway)
    assert clock.monotonic() == pytest.approx(4)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 429, 500])
def test_an_answer_that_echoes_our_secrets_is_told_without_them(status: int, name: str) -> None:
    token = a_token()
    echo = f"you sent Bearer {token} for {API_KEY}"
    body = {"errors": [{"code": API_KEY, "message": echo}], "trace": "t", "instances": echo}
    with (
        ScriptedServer([Answer(status, body)]) as server,
        a_gateway(a_connection(server.url, timeout=2)) as gateway,
        pytest.raises(VpcmetactlError) as caught,
    ):
        CALLS[name](gateway)
    told = f"{caught.value} {caught.value.hint} {caught.value.trace}"
    assert API_KEY not in told
    assert token[:30] not in told
