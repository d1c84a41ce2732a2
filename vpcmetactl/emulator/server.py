"""Serves an emulator on loopback over HTTP/1.1, with latency and faults in transit.

The standard library's threading server and an HTTP handler of its own: connections stay open
between requests, so a client's pooling is exercised; a thread a connection, so a latency or a stall
holds up nobody else; and the socket is at hand, so answers can be cut, reset or dribbled.
"""

import contextlib
import logging
import socket
import ssl
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote_to_bytes

from vpcmetactl.emulator.delivery import ENVIRON_KEY, Damage, Delivery, Unanswered

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOOPBACK = "127.0.0.1"
MAX_BODY = 10_000_000
DRIBBLE_BYTES = 16
DRIBBLE_SECONDS = 0.2
SILENCE_SECONDS = 120.0
"""How long a request without an answer is left waiting: longer than any client waits."""

_log = logging.getLogger(__name__)


class EmulatorServer:
    """Listens on 127.0.0.1 from its construction, answers from `start`, ends with `close`.

    Port 0 takes a free port. A busy port raises OSError. `certificate` is a PEM file with a
    certificate and its key: the server then speaks HTTPS only. As a context manager it starts and
    closes itself. Closing cuts open connections, and no client can delay it.
    """

    def __init__(
        self, app: "WSGIApplication", *, port: int = 0, certificate: Path | None = None
    ) -> None:
        self._server = _Server((LOOPBACK, port), app, _tls(certificate))
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        scheme = "http" if self._server.tls is None else "https"
        return f"{scheme}://{LOOPBACK}:{self.port}"

    def start(self) -> Self:
        """Begin to answer, on a thread that does not keep the process alive."""
        if self._thread is None:
            serve = self._server.serve_forever
            self._thread = threading.Thread(
                target=serve, kwargs={"poll_interval": 0.05}, name="emulator", daemon=True
            )
            self._thread.start()
        return self

    def serve_forever(self) -> None:
        """Answer until another thread closes the server or the waiting is interrupted."""
        self.start()
        # A wait without a limit would not notice Ctrl-C everywhere.
        while not self._closed.wait(3600):
            continue

    def close(self) -> None:
        """Stop answering and close every connection. May be called again."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.close_all()
        self._closed.set()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()


def _tls(certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


class _Server(ThreadingMixIn, TCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(
        self, address: tuple[str, int], app: "WSGIApplication", tls: ssl.SSLContext | None
    ) -> None:
        self.app = app
        self.tls = tls
        self.closing = threading.Event()
        self._connections: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as declared by the standard library
        """Remember the connection and hand it to a thread of its own."""
        self.opened(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as declared by the standard library
        """Close without the inherited shutdown, which would send an orderly end before a reset."""
        self.close_request(request)
        self.ended(request)

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection until it has ended."""
        with self._changed:
            self._connections.add(connection)

    def ended(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._changed:
            self._connections.discard(connection)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - as declared by the standard library
        """Log what went wrong with a connection; the inherited method prints."""
        _log.debug("connection ended", exc_info=True)

    def close_all(self) -> None:
        """Close the listening socket and every connection, waking the threads that wait on them."""
        self.closing.set()
        self.server_close()
        with self._changed:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._connections, timeout=1)


class _Handler(BaseHTTPRequestHandler):
    # The reason: only this server makes handlers.
    server: _Server  # type: ignore[mutable-override]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        """Speak TLS first, on this connection's own thread, so that a slow client delays no one."""
        if self.server.tls is not None:
            self.request = self.server.tls.wrap_socket(
                self.request, server_side=True, do_handshake_on_connect=False
            )
            # Known to the server before the handshake, so that closing can interrupt it.
            self.server.opened(self.request)
            try:
                self.request.do_handshake()
            except OSError:
                self.server.shutdown_request(self.request)
                raise
        super().setup()

    def finish(self) -> None:
        """Close this connection's files; whatever could not be sent no longer matters."""
        with contextlib.suppress(OSError):
            super().finish()
        self.server.shutdown_request(self.request)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as declared by the standard library
        """Print nothing: the application keeps its own log."""

    def _answer(self) -> None:
        if (refusal := self._unreadable()) is not None:
            self.close_connection = True
            self.send_error(refusal)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        delivery = Delivery()
        status, headers, answer = self._call(body, delivery)
        if delivery.unanswered is not None:
            self._leave_unanswered(delivery.unanswered)
            return
        if delivery.latency and self.server.closing.wait(delivery.latency):
            self.close_connection = True
            return
        self._deliver(status, headers, answer, delivery.damage)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _answer  # noqa: N815 - names the standard library calls

    def _unreadable(self) -> int | None:
        """Return the status that refuses a request whose body cannot be read, or None."""
        if "Transfer-Encoding" in self.headers:
            return 411
        length = self.headers.get("Content-Length", "0")
        if not length.isascii() or not length.isdigit():
            return 400
        return 413 if int(length) > MAX_BODY else None

    def _call(self, body: bytes, delivery: Delivery) -> tuple[str, list[tuple[str, str]], bytes]:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _exc_info: object = None
        ) -> Any:  # noqa: ANN401 - WSGI's write callable, which nothing here uses
            started.append((status, headers))

        try:
            chunks = self.server.app(self._environ(body, delivery), start_response)
            answer = b"".join(chunks)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer
            _log.exception("the emulator failed")
            text = b"The emulator itself failed; its log says how.\n"
            return "500 Internal Server Error", [("Content-Type", "text/plain")], text
        return *started[-1], answer

    def _environ(self, body: bytes, delivery: Delivery) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": LOOPBACK,
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http" if self.server.tls is None else "https",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": None,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            ENVIRON_KEY: delivery,
        }
        for name, value in self.headers.items():
            environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
        return environ

    def _deliver(
        self,
        status: str,
        headers: list[tuple[str, str]],
        answer: bytes,
        damage: Damage | None,
    ) -> None:
        if damage is Damage.LOST or (damage is Damage.RESET and self.command != "GET"):
            self._reset()
            return
        self.wfile.write(self._head(status, headers, len(answer)))
        if self.command == "HEAD":
            answer = b""
        match damage:
            case None:
                self.wfile.write(answer)
            case Damage.DRIBBLE:
                self._dribble(answer)
            case _:
                self._half(answer, damage)

    def _head(self, status: str, headers: list[tuple[str, str]], length: int) -> bytes:
        code = int(status.split(" ", 1)[0])
        bodyless = code in {204, 304}
        lines = [f"{self.protocol_version} {status}"]
        lines += [f"{name}: {value}" for name, value in headers if name != "Content-Length"]
        if not bodyless:
            lines.append(f"Content-Length: {length}")
        if self.close_connection:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _half(self, answer: bytes, damage: Damage) -> None:
        """Send the first half, and then what the damage asks for."""
        self.close_connection = True
        self.wfile.write(answer[: len(answer) // 2])
        self.wfile.flush()
        if damage is Damage.STALL:
            self.server.closing.wait()
        elif damage is Damage.RESET:
            self._reset()

    def _dribble(self, answer: bytes) -> None:
        for begin in range(0, len(answer), DRIBBLE_BYTES):
            self.wfile.write(answer[begin : begin + DRIBBLE_BYTES])
            self.wfile.flush()
            if self.server.closing.wait(DRIBBLE_SECONDS):
                self.close_connection = True
                return

    def _leave_unanswered(self, how: Unanswered) -> None:
        """Send nothing: at once, or when the client leaves, the server closes, or time is up."""
        self.close_connection = True
        if how == "reset":
            self._reset()
            return
        ends = time.monotonic() + SILENCE_SECONDS
        with contextlib.suppress(OSError):
            while (left := ends - time.monotonic()) > 0:
                self.connection.settimeout(left)
                if not self.connection.recv(DRIBBLE_BYTES):
                    return

    def _reset(self) -> None:
        """Make the closing of this connection send a reset instead of an orderly end."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
