"""What requests leaves open and our transport settles: TLS, proxies, ~/.netrc, whole bodies."""

import gzip
import http.client
import logging
import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.ibmcloud.bodies import a_page_body, an_instance_body
from tests.support.builders import an_instance
from tests.support.clock import RealClock
from tests.support.gateways import a_connection, a_gateway
from tests.support.scripted_server import (
    Answer,
    Cut,
    Dribble,
    Literal,
    ScriptedServer,
    Stall,
    a_token_answer,
)
from tests.support.tokens import a_token
from vpcmetactl.domain.errors import ConfigurationError, RedirectedError, UnavailableError
from vpcmetactl.domain.plans import MetadataServicePatch
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.ibmcloud.connection import BearerToken
from vpcmetactl.usecases.ports import PageQuery

TLS = Path(__file__).parent / "tls"
AUTHORITY = TLS / "authority.pem"
REGIONS = Answer(body={"regions": [{"name": "us-south", "status": "available"}]})
INSTANCES = PageQuery("us-south", ServerKind.INSTANCE)


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "localhost.pem")
    return context


def test_the_ca_bundle_given_is_the_one_trusted() -> None:
    with (
        ScriptedServer([REGIONS], tls=_tls()) as server,
        a_gateway(a_connection(server.url, ca_bundle=AUTHORITY)) as gateway,
    ):
        assert len(gateway.list_regions()) == 1


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environments_ca_bundle_is_honoured(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(AUTHORITY))
    with (
        ScriptedServer([REGIONS], tls=_tls()) as server,
        a_gateway(a_connection(server.url)) as gateway,
    ):
        assert len(gateway.list_regions()) == 1


def test_an_authority_that_is_not_trusted_ends_it_at_once_with_a_hint() -> None:
    with (
        ScriptedServer([REGIONS], tls=_tls()) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(
            UnavailableError, match=r"certificate of localhost:.* could not be"
        ) as caught,
    ):
        gateway.list_regions()
    assert caught.value.hint == (
        "where a proxy opens TLS, give its authority with --ca-bundle; a wrong clock does this too"
    )
    assert server.token_requests == []


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_ca_bundle_that_cannot_be_used_is_an_error_of_configuration(
    content: str | None, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    connection = a_connection("https://localhost:1", ca_bundle=bundle)
    with pytest.raises(ConfigurationError, match=r"the CA bundle .*ca\.pem cannot be used"):
        a_gateway(connection).__enter__()


def test_the_ca_bundle_is_loaded_once_however_many_connections_are_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Loaded for each connection, as requests does, it costs 25 ms of processor time each."""
    loads: list[object] = []
    original = ssl.SSLContext.load_verify_locations

    def counting(
        self: ssl.SSLContext,
        cafile: str | None = None,
        capath: str | None = None,
        cadata: str | bytes | None = None,
    ) -> None:
        loads.append(cafile)
        original(self, cafile, capath, cadata)

    # It closes the connection after each answer.
    slow = Dribble(REGIONS, seconds=0.001)
    with ScriptedServer([slow], tls=_tls()) as server:
        with a_gateway(a_connection(server.url, ca_bundle=AUTHORITY)) as gateway:
            monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counting)
            workers = [threading.Thread(target=gateway.list_regions) for _ in range(8)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        assert server.connections >= 8
    assert loads == []


def test_connections_are_used_again() -> None:
    with ScriptedServer([REGIONS]) as server, a_gateway(a_connection(server.url)) as gateway:
        for _ in range(20):
            gateway.list_regions()
    assert len(server.requests) == 20
    assert server.connections == 1


def test_a_netrc_entry_replaces_neither_our_token_nor_iams_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("default login netrc-user password netrc-password\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    with ScriptedServer([REGIONS]) as server, a_gateway(a_connection(server.url)) as gateway:
        gateway.list_regions()
    assert server.requests[0].headers["authorization"].startswith("Bearer eyJ")
    assert "authorization" not in server.token_requests[0].headers


def test_a_user_in_an_address_does_not_replace_our_token() -> None:
    with ScriptedServer([REGIONS]) as server:
        url = server.url.replace("http://", "http://user:password@")
        with a_gateway(a_connection(url)) as gateway:
            gateway.list_regions()
    assert server.requests[0].headers["authorization"].startswith("Bearer eyJ")


def test_loopback_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with ScriptedServer([REGIONS]) as server, a_gateway(a_connection(server.url)) as gateway:
        assert len(gateway.list_regions()) == 1


def test_other_hosts_are_reached_through_the_environments_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ScriptedServer([REGIONS]) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        with a_gateway(a_connection("http://cloud.example")) as gateway:
            gateway.list_regions()
        # To a proxy the whole address is sent; what comes before the path is its host.
        assert proxy.requests[-1].path == "/vpc/us-south/v1/regions"
        assert proxy.requests[-1].headers["host"] == "cloud.example"


def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer([REGIONS]) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "cloud.invalid")
        with (
            a_gateway(a_connection("http://cloud.invalid", timeout=5)) as gateway,
            pytest.raises(UnavailableError, match=r"the name cloud\.invalid could not be resolved"),
        ):
            gateway.list_regions()
        assert proxy.connections == 0


def test_a_proxy_that_is_not_there_is_named_as_the_trouble(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with (
        a_gateway(a_connection("https://cloud.invalid")) as gateway,
        pytest.raises(UnavailableError, match=r"proxy on the way to cloud\.invalid") as caught,
    ):
        gateway.list_regions()
    assert caught.value.hint == "check HTTPS_PROXY and NO_PROXY"


def test_cookies_are_not_kept() -> None:
    answer = Answer(body=REGIONS.body, headers={"Set-Cookie": "a=b; Path=/"})
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        gateway.list_regions()
        gateway.list_regions()
    assert "cookie" not in server.requests[1].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed_and_only_its_host_is_told(status: int) -> None:
    location = "http://elsewhere.example/path?token=secret"
    answer = Answer(status, headers={"Location": location})
    patch = MetadataServicePatch(enabled=True)
    with (
        ScriptedServer([answer]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(RedirectedError, match=r"redirect to elsewhere\.example$") as caught,
    ):
        gateway.update_metadata(an_instance(), patch)
    assert caught.value.status == status
    assert len(server.requests) == 1


def test_a_redirect_to_nowhere_is_told_as_well() -> None:
    answer = Answer(302, headers={"Location": "http://[broken"})
    with (
        ScriptedServer([answer]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(RedirectedError, match=r"answered with a redirect$"),
    ):
        gateway.list_regions()


def test_a_compressed_body_is_read() -> None:
    content = gzip.compress(REGIONS.content)
    answer = Answer(body=content, headers={"Content-Encoding": "gzip"})
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        assert len(gateway.list_regions()) == 1


def test_a_chunked_body_is_read() -> None:
    content = REGIONS.content
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in content)
    with (
        ScriptedServer([Literal(head + chunks + b"0\r\n\r\n")]) as server,
        a_gateway(a_connection(server.url)) as gateway,
    ):
        assert len(gateway.list_regions()) == 1


@pytest.mark.parametrize("ending", [b"", b"5\r\nab"])
def test_a_chunked_body_that_is_cut_is_asked_for_again(ending: bytes) -> None:
    cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n" + ending
    with (
        ScriptedServer([Literal(cut), REGIONS]) as server,
        a_gateway(a_connection(server.url)) as gateway,
    ):
        assert len(gateway.list_regions()) == 1


def test_a_body_that_stalls_is_given_up_in_time_to_ask_again() -> None:
    page = Answer(body=a_page_body([an_instance_body()]))
    with (
        ScriptedServer([Stall(page), page]) as server,
        a_gateway(a_connection(server.url, timeout=1.5), RealClock()) as gateway,
    ):
        assert len(gateway.list_page(INSTANCES).servers) == 1
    assert len(server.requests) == 2


def test_a_body_that_always_stalls_does_not_outlive_the_deadline() -> None:
    _gives_up_within(1.0, Stall(Answer(body=a_page_body([an_instance_body()]))))


def test_a_body_that_dribbles_does_not_outlive_the_deadline() -> None:
    """Each byte comes well within any read time-out: with that alone, this lasts 70 seconds."""
    _gives_up_within(1.0, Dribble(Answer(body=a_page_body([an_instance_body()]))))


def test_an_error_body_that_dribbles_does_not_outlive_the_deadline() -> None:
    """The SDK reads the bodies of errors itself, without any limit of time."""
    _gives_up_within(1.0, Dribble(Answer(500, b"x" * 1000)))


@pytest.mark.parametrize("tls", [None, _tls()], ids=["plain", "TLS"])
def test_headers_that_dribble_do_not_outlive_the_deadline(tls: ssl.SSLContext | None) -> None:
    page = Answer(body=a_page_body([an_instance_body()]))
    _gives_up_within(1.0, Dribble(page, from_the_start=True), tls)


def test_a_proxys_answer_that_dribbles_does_not_outlive_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    established = Dribble(Answer(headers={"Via": "x" * 100}), from_the_start=True)
    with ScriptedServer([established]) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        connection = a_connection(
            "https://cloud.invalid", credentials=BearerToken(a_token()), timeout=1
        )
        began = time.monotonic()
        with (
            a_gateway(connection, RealClock()) as gateway,
            pytest.raises(UnavailableError, match="did not answer in time"),
        ):
            gateway.list_regions()
        assert time.monotonic() - began < 1.5


def test_a_length_that_no_memory_could_hold_is_read_like_any_other() -> None:
    cut = Literal(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\n{}")
    with (
        ScriptedServer([cut, REGIONS]) as server,
        a_gateway(a_connection(server.url)) as gateway,
    ):
        assert len(gateway.list_regions()) == 1


def test_a_body_that_ends_with_the_connection_does_not_outlive_the_deadline() -> None:
    step = Stall(Answer(body=b"[" * 100, headers={"Connection": "close"}), short=50)
    _gives_up_within(1.0, step)


def test_a_token_that_dribbles_does_not_outlive_the_deadline() -> None:
    with (
        ScriptedServer([REGIONS], [Dribble(a_token_answer())]) as server,
        a_gateway(a_connection(server.url, timeout=1), RealClock()) as gateway,
    ):
        began = time.monotonic()
        with pytest.raises(UnavailableError, match=r"cannot get an IAM token: .* in time"):
            gateway.list_regions()
        assert time.monotonic() - began < 1.5


def _gives_up_within(
    seconds: float, step: Stall | Dribble | Cut, tls: ssl.SSLContext | None = None
) -> None:
    with (
        ScriptedServer([step], tls=tls) as server,
        a_gateway(
            a_connection(server.url, timeout=seconds, ca_bundle=AUTHORITY), RealClock()
        ) as gateway,
    ):
        gateway.get_caller()
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="did not answer in time"):
            gateway.list_page(INSTANCES)
        assert time.monotonic() - began < seconds + 0.4


def test_the_libraries_log_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK logs a traceback for each TLS error, and would print requests when debugging."""
    told: list[logging.LogRecord] = []
    handler = logging.Handler()
    monkeypatch.setattr(handler, "emit", told.append)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [handler])
    monkeypatch.setattr(root, "level", logging.DEBUG)
    with (
        ScriptedServer([Answer(503), REGIONS]) as server,
        a_gateway(a_connection(server.url)) as gateway,
    ):
        gateway.list_regions()
    assert told == []
    assert http.client.HTTPConnection.debuglevel == 0


def test_a_host_that_speaks_no_tls_is_not_tried_for_a_whole_minute() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer_in_plain_text, args=[listener], daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with (
            a_gateway(a_connection(url)) as gateway,
            pytest.raises(UnavailableError, match=r"the secure connection to .* failed") as caught,
        ):
            gateway.list_regions()
        listener.shutdown(socket.SHUT_RDWR)
    assert "gave up after 4 attempts" in str(caught.value)


def _answer_in_plain_text(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(4096)
