"""The emulator over real sockets: connections, latency, TLS, and answers damaged on their way."""

import http.client
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.faults import parse_fault
from vpcmetactl.emulator.server import EmulatorServer
from vpcmetactl.emulator.world import World

QUERY = "version=2026-10-06&generation=2"
REGIONS = f"/vpc/us-south/v1/regions?{QUERY}"


class Visitor:
    """A connection that stays open between requests."""

    def __init__(self, server: EmulatorServer, world: World, timeout: float = 5) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
        self.headers = {"Authorization": f"Bearer {world.iam.issue_token().text}"}

    def request(
        self, path: str, method: str = "GET", body: str | None = None
    ) -> http.client.HTTPResponse:
        headers = {**self.headers, "Content-Type": "application/merge-patch+json"}
        self.connection.request(method, path, body, headers)
        return self.connection.getresponse()

    def status(self, path: str) -> int:
        answer = self.request(path)
        answer.read()
        return answer.status


@contextmanager
def visit(app: Emulator, timeout: float = 5) -> Iterator[Visitor]:
    with EmulatorServer(app) as server:
        visitor = Visitor(server, app.world, timeout)
        try:
            yield visitor
        finally:
            visitor.connection.close()


def with_fault(world: World, text: str) -> Emulator:
    return Emulator(world, faults=[parse_fault(text)])


def test_one_connection_serves_many_requests(app: Emulator) -> None:
    with visit(app) as visitor:
        assert visitor.status(REGIONS) == 200
        socket_before = visitor.connection.sock
        assert [visitor.status(REGIONS) for _ in range(5)] == [200] * 5
        assert visitor.status("/nowhere") == 404
        assert visitor.connection.sock is socket_before


def test_a_change_over_the_wire_is_a_change(app: Emulator, world: World) -> None:
    (server,) = world.find_servers("web-1")
    path = f"/vpc/us-south/v1/instances/{server.id}?{QUERY}"
    body = '{"metadata_service": {"enabled": true}}'
    with visit(app) as visitor:
        answer = json.loads(visitor.request(path, "PATCH", body).read())
        assert answer["metadata_service"]["enabled"] is True
        assert json.loads(visitor.request(path).read()) == answer


def test_what_has_no_body_says_no_length(app: Emulator, world: World) -> None:
    (server,) = world.find_servers("metal-1")
    path = f"/vpc/us-south/v1/bare_metal_servers/{server.id}/restart?{QUERY}"
    with visit(app) as visitor:
        answer = visitor.request(path, "POST", "")
        assert (answer.status, answer.read(), answer.getheader("Content-Length")) == (
            204,
            b"",
            None,
        )
        assert visitor.status(REGIONS) == 200


def test_an_encoded_id_reaches_the_server_it_names(app: Emulator) -> None:
    with visit(app) as visitor:
        answer = visitor.request(f"/vpc/us-south/v1/instances/id%3A547?{QUERY}")
        assert (answer.status, b"not_found" in answer.read()) == (404, True)


def test_it_listens_on_loopback_only_and_gives_its_port_back(app: Emulator) -> None:
    with EmulatorServer(app) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        with pytest.raises(OSError, match="in use"):
            EmulatorServer(app, port=server.port)
    with EmulatorServer(app, port=server.port) as again:
        assert again.port == server.port


def test_closing_does_not_wait_for_clients_that_keep_connections_open(app: Emulator) -> None:
    with EmulatorServer(app) as server:
        visitor = Visitor(server, app.world)
        assert visitor.status(REGIONS) == 200
        idle = socket.create_connection(("127.0.0.1", server.port))
        began = time.monotonic()
    assert time.monotonic() - began < 1
    visitor.connection.close()
    idle.close()


def test_closing_twice_is_closing_once(app: Emulator) -> None:
    server = EmulatorServer(app)
    server.start()
    server.close()
    server.close()
    never_started = EmulatorServer(app)
    never_started.close()


def test_serving_forever_ends_when_the_server_is_closed(app: Emulator) -> None:
    server = EmulatorServer(app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    server.close()
    thread.join(2)
    assert not thread.is_alive()


def test_latency_delays_each_answer_and_not_the_others(world: World) -> None:
    app = Emulator(world, latency=0.2)
    with EmulatorServer(app) as server:
        visitors = [Visitor(server, world) for _ in range(8)]
        threads = [threading.Thread(target=v.status, args=(REGIONS,)) for v in visitors]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 0.2 <= time.monotonic() - began < 0.8
        for visitor in visitors:
            visitor.connection.close()


@pytest.mark.parametrize("fault", ["reset", "lost"])
def test_a_reset_connection_is_reset(world: World, fault: str) -> None:
    with visit(with_fault(world, f"list_regions:{fault}:1")) as visitor:
        with pytest.raises(ConnectionResetError):
            visitor.request(REGIONS).read()
        visitor.connection.close()
        assert visitor.status(REGIONS) == 200


@pytest.mark.parametrize(("fault", "done"), [("reset", False), ("lost", True)])
def test_a_change_whose_answer_is_reset_may_have_been_done(
    world: World, fault: str, *, done: bool
) -> None:
    (server,) = world.find_servers("web-1")
    path = f"/vpc/us-south/v1/instances/{server.id}?{QUERY}"
    with visit(with_fault(world, f"update_instance:{fault}")) as visitor:
        with pytest.raises(ConnectionResetError):
            visitor.request(path, "PATCH", '{"metadata_service": {"enabled": true}}')
        visitor.connection.close()
        body = json.loads(visitor.request(path).read())
    assert body["metadata_service"]["enabled"] is done


def test_a_truncated_answer_promises_more_than_it_gives(world: World) -> None:
    with (
        visit(with_fault(world, "list_regions:truncate")) as visitor,
        pytest.raises(http.client.IncompleteRead) as caught,
    ):
        visitor.request(REGIONS).read()
    assert b'"regions":[' in caught.value.partial


def test_a_stalled_answer_begins_and_never_ends(world: World) -> None:
    with visit(with_fault(world, "list_regions:stall"), timeout=0.3) as visitor:
        answer = visitor.request(REGIONS)
        assert answer.status == 200
        with pytest.raises(TimeoutError):
            answer.read()


def test_a_dribbling_answer_outlives_a_read_timeout(world: World) -> None:
    with visit(with_fault(world, "list_instances:dribble"), timeout=0.5) as visitor:
        answer = visitor.request(f"/vpc/br-sao/v1/instances?{QUERY}")
        began = time.monotonic()
        assert json.loads(answer.read())["instances"] == []
        assert time.monotonic() - began > 0.5


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Transfer-Encoding: chunked", 411),
        ("Content-Length: -1", 400),
        ("Content-Length: lots", 400),
        ("Content-Length: 99999999", 413),
    ],
)
def test_a_body_that_cannot_be_read_whole_is_refused(app: Emulator, head: str, status: int) -> None:
    with (
        EmulatorServer(app) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as client,
    ):
        client.sendall(f"POST /iam/identity/token HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
        assert client.recv(65536).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_failure_of_the_application_is_an_answer_and_not_a_hang() -> None:
    def broken(_environ: object, _start_response: object) -> list[bytes]:
        raise RuntimeError("a defect")

    with EmulatorServer(broken) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:19]) == (500, b"The emulator itself")
        connection.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    command += " -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout key -out cert"
    try:
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no openssl to make a certificate with")
    pem = folder / "both.pem"
    pem.write_text((folder / "cert").read_text() + (folder / "key").read_text())
    return pem


def test_with_a_certificate_it_speaks_https_only(app: Emulator, certificate: Path) -> None:
    with EmulatorServer(app, certificate=certificate) as server:
        assert server.url.startswith("https://")
        context = ssl.create_default_context(cafile=str(certificate))
        secure = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=5, context=context)
        for _ in range(2):
            secure.request("GET", "/_emulator/state")
            assert secure.getresponse().read()[:11] == b'{"scenario"'
        plain = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        plain.request("GET", "/_emulator/state")
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            plain.getresponse()
        plain.close()
        began = time.monotonic()
    assert time.monotonic() - began < 1
    secure.close()
