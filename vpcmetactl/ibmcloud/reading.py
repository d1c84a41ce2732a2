"""Answers that are read against a deadline: status line, headers and body alike.

A socket's own time-out bounds the wait for each piece, so that an answer which dribbles in outlives
it without end. Here each wait gets what is left of the operation's time, and needs no thread for
it. That holds for a proxy's answer to CONNECT, too.
"""

import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import TYPE_CHECKING, TypeVar

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager

from vpcmetactl.ibmcloud.deadlines import Deadline

if TYPE_CHECKING:
    from urllib3._base_connection import BaseHTTPConnection, BaseHTTPSConnection

T = TypeVar("T")

# Of the request that this thread is making. urllib3 hands down numbers of seconds, which cannot
# tell when they began.
_DEADLINE: ContextVar[Deadline] = ContextVar("deadline")


@contextmanager
def answers_before(deadline: Deadline) -> Iterator[None]:
    """Bound every answer that this thread begins to read; its body stays bounded afterwards."""
    token = _DEADLINE.set(deadline)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def read_in_time(manager: PoolManager) -> None:
    """Let the pools of a manager heed ``answers_before``; those of SOCKS proxies stay theirs."""
    manager.pool_classes_by_scheme = {
        scheme: _POOLS.get(pool, pool) for scheme, pool in manager.pool_classes_by_scheme.items()
    }


class _TimedStream(io.RawIOBase):
    """What a socket receives, as long as there is time; TimeoutError afterwards."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket, deadline: Deadline) -> None:
        self._stream = stream
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override] # read-only
        if self._deadline.passed:
            raise TimeoutError
        self._sock.settimeout(self._deadline.silence)
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """Reads through a ``_TimedStream`` from the first byte of the status line on."""

    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp = io.BufferedReader(_TimedStream(self.fp.detach(), sock, _DEADLINE.get()))


def _timed(connection: T) -> T:
    # A class of connections would be the obvious place; but those of the pools are what the
    # recorder of cassettes replaces.
    connection.response_class = _TimedResponse  # type: ignore[attr-defined] # http.client's
    return connection


class _TimedPool(HTTPConnectionPool):
    def _new_conn(self) -> "BaseHTTPConnection":
        return _timed(super()._new_conn())


class _TimedSecurePool(HTTPSConnectionPool):
    def _new_conn(self) -> "BaseHTTPSConnection":
        return _timed(super()._new_conn())


_POOLS: dict[type[HTTPConnectionPool], type[HTTPConnectionPool]] = {
    HTTPConnectionPool: _TimedPool,
    HTTPSConnectionPool: _TimedSecurePool,
}
