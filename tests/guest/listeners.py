"""Ports of loopback that do anything but serve."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field


@contextmanager
def refusing() -> Iterator[int]:
    """Give a port at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@contextmanager
def silent() -> Iterator[int]:
    """Give a port that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def full() -> Iterator[int]:
    """Give a port that accepts no connection, and refuses none: its queue is full."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@dataclass
class Speaker:
    """Says the same whatever it hears; ``then`` is ``close``, ``reset`` or ``stay``."""

    says: bytes = b""
    then: str = "close"
    heard: list[bytes] = field(default_factory=list)
    port: int = 0


@contextmanager
def speaking(speaker: Speaker) -> Iterator[int]:
    """Give the port of a speaker, who may change what they say."""
    stay: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        speaker.port = listener.getsockname()[1]
        thread = threading.Thread(target=_speak, args=(listener, speaker, stay), daemon=True)
        thread.start()
        try:
            yield speaker.port
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for link in stay:
                link.close()


def _speak(listener: socket.socket, speaker: Speaker, stay: list[socket.socket]) -> None:
    while True:
        try:
            link, _ = listener.accept()
        except OSError:
            return
        with suppress(OSError):
            speaker.heard.append(link.recv(65536))
            link.sendall(speaker.says)
        if speaker.then == "stay":
            stay.append(link)
            continue
        if speaker.then == "reset":
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.close()
