"""An HTTP server that follows a script, for exact faults on the wire.

It knows nothing of IBM's APIs, except that requests for tokens follow a script of their own.
"""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BufferedReader
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from tests.support.tokens import a_token


@dataclass(frozen=True)
class Answer:
    """An answer; a body that is not bytes is sent as JSON."""

    status: int = 200
    body: object = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()

    def wire(self) -> bytes:
        """The answer with its headers, as it goes over the wire."""
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(self.content)),
            **self.headers,
        }
        head = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return (head + lines + "\r\n").encode() + self.content


@dataclass(frozen=True)
class Literal:
    """Bytes as they are, after which the connection is closed."""

    data: bytes


@dataclass(frozen=True)
class Reset:
    """The connection is reset, with nothing said."""


@dataclass(frozen=True)
class Cut:
    """The connection ends ``short`` bytes before the answer does."""

    answer: Answer
    short: int = 1


@dataclass(frozen=True)
class Stall:
    """Nothing more comes after all but ``short`` bytes, and the connection stays open."""

    answer: Answer
    short: int = 1


@dataclass(frozen=True)
class Dribble:
    """The headers come at once, the body a byte every so many seconds.

    With ``from_the_start`` the headers dribble, too.
    """

    answer: Answer
    seconds: float = 0.05
    from_the_start: bool = False


Step = Answer | Literal | Reset | Cut | Stall | Dribble


@dataclass(frozen=True)
class Request:
    """A request as it arrived; header names in small letters."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


def a_token_answer(token: str | None = None) -> Answer:
    """Return what IAM answers to a request for a token."""
    return Answer(body={"access_token": token or a_token(), "token_type": "Bearer"})


class ScriptedServer:
    """Listens on loopback while it is open as a context.

    Each request takes the next step of its script; the last step is for all that follow.
    ``requests`` holds those to the APIs, ``token_requests`` those for tokens; ``connections``
    counts both.
    """

    def __init__(
        self,
        steps: Iterable[Step] = (),
        tokens: Iterable[Step] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._scripts = {"api": list(steps), "token": list(tokens or [a_token_answer()])}
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self.requests: list[Request] = []
        self.token_requests: list[Request] = []
        self.connections = 0

    @property
    def url(self) -> str:
        scheme, host = ("http", "127.0.0.1") if self._tls is None else ("https", "localhost")
        return f"{scheme}://{host}:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                _hang_up(connection)
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls is not None:
                secured = self._tls.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._open.append(secured)
                connection = secured
            with connection, connection.makefile("rb") as stream:
                while (request := _read_request(stream)) is not None:
                    if not self._perform(self._next_step(request), connection):
                        return
        except OSError:
            return

    def _next_step(self, request: Request) -> Step:
        is_api = not request.path.startswith("/iam/") or request.path.startswith("/iam/v1/")
        script = "api" if is_api else "token"
        with self._lock:
            (self.token_requests if script == "token" else self.requests).append(request)
            steps = self._scripts[script]
            return steps.pop(0) if len(steps) > 1 else steps[0]

    def _perform(self, step: Step, connection: socket.socket) -> bool:
        """Return whether the connection stays open."""
        match step:
            case Answer():
                connection.sendall(step.wire())
                return True
            case Literal(data):
                connection.sendall(data)
            case Reset():
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            case Cut(answer, short):
                connection.sendall(answer.wire()[:-short])
            case Stall(answer, short):
                connection.sendall(answer.wire()[:-short])
                self._closing.wait(30)
            case Dribble(answer, seconds, from_the_start):
                wire = answer.wire()
                head = 0 if from_the_start else len(wire) - len(answer.content)
                connection.sendall(wire[:head])
                for byte in wire[head:]:
                    if self._closing.wait(seconds):
                        break
                    connection.sendall(bytes([byte]))
        return False


def _read_request(stream: BufferedReader) -> Request | None:
    lines: list[bytes] = []
    while (line := stream.readline()) != b"\r\n":
        if not line:
            return None
        lines.append(line)
    method, target, _ = lines[0].decode().split(" ", 2)
    pairs = (line.decode().rstrip("\r\n").split(": ", 1) for line in lines[1:])
    headers = {name.lower(): value for name, value in pairs}
    url = urlsplit(target)
    body = stream.read(int(headers.get("content-length", 0)))
    return Request(method, url.path, dict(parse_qsl(url.query)), headers, body)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
