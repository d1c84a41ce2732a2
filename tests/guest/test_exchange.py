"""One request and its answer: every stage, and every way in which it fails."""

import errno
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.guest.listeners import Speaker, full, refusing, silent, speaking
from tests.support.scripted_server import (
    Answer,
    Cut,
    Dribble,
    Literal,
    Reset,
    ScriptedServer,
    Stall,
)
from vpcmetactl.guest import exchange as module
from vpcmetactl.guest.endpoints import endpoint_of
from vpcmetactl.guest.exchange import MAX_BODY, exchange
from vpcmetactl.guest.failures import GuestError

TLS = Path(__file__).parents[1] / "ibmcloud" / "tls"
AUTHORITY = str(TLS / "authority.pem")
SOON = 0.3


def ask(url: str, seconds: float = 5, ca_bundle: str | None = None) -> module.Answer:
    return exchange(
        endpoint_of(url),
        "PUT",
        "/identity/v1/token",
        query={"version": "2025-08-26"},
        headers={"Metadata-Flavor": "ibm"},
        body=b"{}",
        deadline=time.monotonic() + seconds,
        ca_bundle=ca_bundle,
    )


def failure_at(url: str, seconds: float = 5, ca_bundle: str | None = None) -> GuestError:
    began = time.monotonic()
    with pytest.raises(GuestError) as raised:
        ask(url, seconds, ca_bundle)
    assert time.monotonic() - began < seconds + 0.5
    assert raised.value.message.isprintable()
    return raised.value


def code_at(port: int, protocol: str = "http", seconds: float = 5) -> str:
    return failure_at(f"{protocol}://127.0.0.1:{port}", seconds).code


def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "localhost.pem")
    return context


@pytest.fixture(scope="module")
def speaker() -> Iterator[Speaker]:
    one = Speaker()
    with speaking(one):
        yield one


def test_an_answer_is_handed_back_whatever_its_status() -> None:
    with ScriptedServer([Answer(418, b"tea", {"X-Kind": "Pot"})]) as server:
        url = server.url
        answer = ask(f"{url}/guest/1/")

    [request] = server.requests
    assert (answer.status, answer.body, answer.headers["x-kind"]) == (418, b"tea", "Pot")
    assert 0 < answer.seconds < 5
    assert (request.method, request.path) == ("PUT", "/guest/1/identity/v1/token")
    assert (dict(request.query), request.body) == ({"version": "2025-08-26"}, b"{}")
    assert request.headers["metadata-flavor"] == "ibm"
    assert request.headers["host"] == url.removeprefix("http://")


def test_over_tls_the_certificate_is_verified() -> None:
    with ScriptedServer([Answer(body=b"{}")], tls=tls()) as server:
        assert ask(server.url, ca_bundle=AUTHORITY).body == b"{}"
        failure = failure_at(server.url)

    assert failure.code == "tls_failed"
    assert "certificate" in failure.message
    assert "--ca-bundle" in failure.remedy


def test_a_certificate_for_another_host_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, *rest: genuine("127.0.0.1", *rest))
    with ScriptedServer([Answer()], tls=tls()) as server:
        failure = failure_at(server.url.replace("localhost", "other.example"), ca_bundle=AUTHORITY)

    assert failure.code == "tls_failed"
    assert "other.example" in failure.message


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_bundle_that_cannot_be_used_is_named(content: str | None, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    with silent() as port:
        failure = failure_at(f"https://127.0.0.1:{port}", ca_bundle=str(bundle))

    assert failure.code == "tls_failed"
    assert str(bundle) in failure.message
    assert "PEM" in failure.remedy


def test_a_port_at_which_nobody_listens_refuses() -> None:
    with refusing() as port:
        assert code_at(port) == "refused"


def test_where_no_connection_is_accepted_that_is_the_stage_at_which_time_ran_out() -> None:
    with full() as port:
        failure = failure_at(f"http://127.0.0.1:{port}", SOON)

    assert failure.code == "no_answer"
    assert "accepted no connection" in failure.message


def test_where_no_tls_begins_that_is_the_stage_at_which_time_ran_out() -> None:
    with silent() as port:
        failure = failure_at(f"https://127.0.0.1:{port}", SOON)

    assert failure.code == "no_answer"
    assert "no TLS" in failure.message


def test_where_no_answer_comes_that_is_the_stage_at_which_time_ran_out() -> None:
    with silent() as port:
        failure = failure_at(f"http://127.0.0.1:{port}", SOON)

    assert failure.code == "no_answer"
    assert "did not answer" in failure.message


@pytest.mark.parametrize("secured", [False, True])
@pytest.mark.parametrize(
    "step",
    [
        Stall(Answer(body=b"{}")),
        Dribble(Answer(body=b" " * 100)),
        Dribble(Answer(), from_the_start=True),
    ],
    ids=repr,
)
def test_an_answer_that_does_not_end_in_time_is_none(
    step: Stall | Dribble, *, secured: bool
) -> None:
    with ScriptedServer([step], tls=tls() if secured else None) as server:
        assert failure_at(server.url, SOON, AUTHORITY).code == "no_answer"


@pytest.mark.parametrize("step", [Reset(), Literal(b""), Cut(Answer(body=b"{}"))], ids=repr)
def test_a_connection_that_ends_before_its_answer_is_closed(step: Any) -> None:  # noqa: ANN401 - any step
    with ScriptedServer([step]) as server:
        assert failure_at(server.url).code == "closed"


@pytest.mark.parametrize("then", ["close", "reset"])
def test_a_connection_that_ends_instead_of_beginning_tls_is_closed(
    then: str, speaker: Speaker
) -> None:
    speaker.says, speaker.then = b"", then

    assert code_at(speaker.port, "https") == "closed"


@pytest.mark.parametrize(
    "says", [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n"]
)
def test_plain_text_instead_of_tls_is_the_wrong_protocol(says: bytes, speaker: Speaker) -> None:
    speaker.says, speaker.then = says, "close"

    assert code_at(speaker.port, "https") == "wrong_protocol"


@pytest.mark.parametrize(("then", "seconds"), [("close", 5), ("stay", SOON)])
def test_a_tls_alert_instead_of_an_answer_is_the_wrong_protocol(
    then: str, seconds: float, speaker: Speaker
) -> None:
    speaker.says, speaker.then = b"\x15\x03\x01\x00\x02\x02\x46", then

    assert code_at(speaker.port, "http", seconds) == "wrong_protocol"


@pytest.mark.parametrize(
    "complaint",
    [
        b"<html>The plain HTTP request was sent to HTTPS port</html>",
        b"Client sent an HTTP request to an HTTPS server.\n",
        b"You're speaking plain HTTP to an SSL-enabled server port.",
    ],
)
def test_a_tls_server_that_complains_of_http_is_the_wrong_protocol(complaint: bytes) -> None:
    with ScriptedServer([Answer(400, complaint)]) as server:
        assert failure_at(server.url).code == "wrong_protocol"


def test_a_service_that_complains_of_something_else_is_heard() -> None:
    with ScriptedServer([Answer(400, {"errors": [{"message": "use https"}]})]) as server:
        assert ask(server.url).status == 400


def test_openssl_itself_is_found_to_be_the_wrong_protocol_or_to_close() -> None:
    with ScriptedServer([Answer()], tls=tls()) as server:
        port = int(server.url.rpartition(":")[2])

        assert code_at(port) in ("wrong_protocol", "closed")


@pytest.mark.parametrize("says", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\0" * 99])
def test_what_is_no_http_is_a_bad_answer(says: bytes, speaker: Speaker) -> None:
    speaker.says, speaker.then = says, "close"

    assert code_at(speaker.port) == "bad_answer"


@pytest.mark.parametrize(
    "step",
    [
        Answer(body=b" " * (MAX_BODY + 1)),
        Answer(body=b" " * 3 * MAX_BODY, headers={"Content-Length": str(10**15)}),
        Literal(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + b" " * 3 * MAX_BODY
        ),
        Literal(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n"),
    ],
    ids=["body", "length", "chunk", "headers"],
)
def test_an_answer_of_any_length_is_not_read(step: Answer | Literal) -> None:
    with ScriptedServer([step]) as server:
        assert failure_at(server.url).code == "bad_answer"


@given(
    says=st.binary(max_size=200)
    | st.binary(max_size=100).map(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n".__add__)
    | st.binary(max_size=100).map(b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n".__add__)
    | st.binary(max_size=100).map(b"HTTP/1.1 200 OK\r\nX: ".__add__)
)
def test_whatever_bytes_come_it_is_an_answer_or_an_explained_failure(
    says: bytes, speaker: Speaker
) -> None:
    speaker.says, speaker.then = says, "close"
    try:
        outcome = str(ask(f"http://127.0.0.1:{speaker.port}").status)
    except GuestError as failure:
        outcome = failure.code

    assert outcome.isdigit() or outcome in ("closed", "bad_answer", "wrong_protocol")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENETUNREACH, "no_route"),
        (errno.EHOSTUNREACH, "no_route"),
        (errno.ENETDOWN, "no_route"),
        (errno.EADDRNOTAVAIL, "no_route"),
        (errno.EACCES, "no_route"),
        (errno.EPERM, "no_route"),
        (errno.ECONNREFUSED, "refused"),
        (errno.ECONNRESET, "closed"),
        (errno.ECONNABORTED, "closed"),
        (errno.ETIMEDOUT, "no_answer"),
    ],
    ids=lambda value: errno.errorcode.get(value, value) if isinstance(value, int) else value,
)
def test_what_the_system_says_of_a_connection_has_its_code(
    number: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, "as the system puts it")

    monkeypatch.setattr(socket.socket, "connect", fail)

    failure = failure_at("http://127.0.0.1")

    assert failure.code == code
    assert "127.0.0.1 port 80" in failure.message
    assert ("as the system puts it" in failure.message) is (code == "no_route")


def test_a_name_without_an_address_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    failure = failure_at("https://api.metadata.cloud.ibm.com")

    assert failure.code == "name_not_found"
    assert failure.message == (
        "the name api.metadata.cloud.ibm.com has no address: Name or service not known"
    )


def test_a_look_up_that_does_not_end_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def wait(_host: str, _port: int, _family: int, _type: int, *numeric_only: int) -> list[Any]:
        if numeric_only:
            raise socket.gaierror(socket.EAI_NONAME, "not an address")
        ended.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    try:
        failure = failure_at("https://api.metadata.cloud.ibm.com", SOON)
    finally:
        ended.set()

    assert failure.code == "name_not_found"
    assert "could not be looked up within 0.3 s" in failure.message


def _resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", one) for one in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)


def test_of_several_addresses_one_that_answers_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing() as dead, full() as deaf, ScriptedServer([Answer(204)]) as server:
        live = int(server.url.rpartition(":")[2])
        _resolving_to(monkeypatch, *sorted(("127.0.0.1", port) for port in (dead, deaf, live)))

        assert ask("http://service.example", 0.9).status == 204


def test_of_several_addresses_that_fail_the_one_that_says_most_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with refusing() as dead, full() as deaf:
        _resolving_to(monkeypatch, ("127.0.0.1", dead), ("127.0.0.1", deaf))

        assert failure_at("http://service.example", 0.4).code == "refused"


def test_proxies_and_netrc_are_never_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\ndefault login me password secret")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    with ScriptedServer([Answer(204)]) as proxy, ScriptedServer([Answer(204)]) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        ask(server.url)

    assert proxy.connections == 0
    assert "authorization" not in server.requests[0].headers


def test_a_redirect_is_never_followed() -> None:
    with ScriptedServer([Answer(204)]) as other:
        away = Answer(302, b"", {"Location": other.url})
        with ScriptedServer([away]) as server:
            assert ask(server.url).status == 302

    assert other.connections == 0
    assert server.connections == 1
