"""Calls the services in a server over real sockets, where silence is an answer, too."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from tests.emulator.guest.inside import TODAY, TOKEN
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.server import EmulatorServer

MOMENT = 0.02
"""Seconds to wait for what must not come, once the emulator has decided."""

PATIENCE = 10.0
"""Seconds to wait for what must come: a machine may be slow."""


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    ends, pause = time.monotonic() + PATIENCE, threading.Event()
    while not condition():
        assert time.monotonic() < ends
        pause.wait(0.005)


def handlers() -> int:
    """How many threads answer connections."""
    return sum("process_request_thread" in thread.name for thread in threading.enumerate())


class Line:
    """A connection that was opened to the metadata address of one server."""

    def __init__(self, opened: socket.socket, server_id: str) -> None:
        self.socket = opened
        self._path = f"/guest/{server_id}{TOKEN}?version={TODAY}"

    def request(self) -> Self:
        """Ask for an identity token."""
        lines = (f"PUT {self._path} HTTP/1.1", "Host: x", "Metadata-Flavor: ibm", "", "")
        self.socket.sendall("\r\n".join(lines).encode())
        return self

    def hears(self, seconds: float) -> bytes | None:
        """What comes within a time: None for silence, nothing for an end."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(100)
        except TimeoutError:
            return None


class Wire:
    """An emulator that listens for http, and for https with the authority of its world."""

    def __init__(self, app: Emulator, folder: Path) -> None:
        authority = app.world.guest.authority
        certificate = folder / "listener.pem"
        certificate.write_text(authority.listener_pem())
        self.app = app
        self.listeners = {
            "http": EmulatorServer(app),
            "https": EmulatorServer(app, certificate=certificate),
        }
        self._trust = ssl.create_default_context(cadata=authority.root_pem)

    @contextlib.contextmanager
    def line(self, server_id: str, protocol: str = "http") -> Iterator[Line]:
        """Open a connection for one server."""
        address = ("127.0.0.1", self.listeners[protocol].port)
        with socket.create_connection(address, timeout=PATIENCE) as opened:
            if protocol == "http":
                yield Line(opened, server_id)
                return
            with self._trust.wrap_socket(opened, server_hostname="localhost") as secure:
                yield Line(secure, server_id)

    def status(self, server_id: str, protocol: str = "http") -> int:
        """The status of the answer to a server, which it must get."""
        with self.line(server_id, protocol) as line:
            heard = line.request().hears(PATIENCE)
        assert heard
        return int(heard.split()[1])

    def is_silent(self, server_id: str, protocol: str = "http") -> bool:
        """Whether a server gets no answer, although its request has arrived."""
        before = len(self.app.requests)
        with self.line(server_id, protocol) as line:
            line.request()
            wait_for(lambda: len(self.app.requests) > before)
            return line.hears(MOMENT) is None


@contextlib.contextmanager
def wired(app: Emulator, folder: Path) -> Iterator[Wire]:
    """Listen until the block ends."""
    wire = Wire(app, folder)
    with contextlib.ExitStack() as stack:
        for listener in wire.listeners.values():
            stack.enter_context(listener)
        yield wire
