"""One request to the service and its answer, within a time that is given.

Proxies, ``.netrc`` and redirects are never used: what is sent and received are the rights of this
server. Each connection is made for one request.
"""

import io
import json
import socket
import time
from typing import Any, Dict, NamedTuple, Optional, Tuple
from urllib.parse import urlencode

from vpcmetactl.guest.connecting import TIME_OUTS, connected, seconds_left
from vpcmetactl.guest.endpoints import Endpoint
from vpcmetactl.guest.failures import GuestError

MAX_BODY = 1 << 20
# Bodies are read up to their bound; this bounds all that belongs to an answer besides.
_MOST_READ = 2 * MAX_BODY
_BAD_REQUEST = 400
# How an alert of a TLS server begins, to one who expected HTTP.
_TLS_ALERT = b"\x15\x03"


class Answer(NamedTuple):
    """An answer; header names are in small letters, ``seconds`` is how long all of it took."""

    status: int
    headers: Dict[str, str]
    body: bytes
    seconds: float


class _Request(NamedTuple):
    method: str
    target: str
    headers: Dict[str, str]
    body: Optional[bytes]


def exchange(
    endpoint: Endpoint,
    method: str,
    path: str,
    *,
    query: Dict[str, str],
    headers: Dict[str, str],
    body: Optional[bytes],
    deadline: float,
    ca_bundle: Optional[str] = None,
) -> Answer:
    """Send a request and return what was answered, whatever its status.

    ``deadline`` is a moment of ``time.monotonic``. Raises GuestError where there is no answer in
    HTTP, with the stage that was reached in its message: name, connection, TLS, answer.
    """
    started = time.monotonic()
    target = endpoint.path + path + "?" + urlencode(query)
    request = _Request(method, target, dict(headers, Host=endpoint.authority), body)
    link = connected(endpoint, deadline, ca_bundle)
    try:
        status, received, content = _answered(_TimedLink(link, deadline), endpoint, request)
    finally:
        link.close()
    if endpoint.protocol == "http" and _complains_of_http(status, content):
        raise GuestError(
            "wrong_protocol", f"{endpoint.url} wants TLS: it answered 400 to plain http"
        )
    return Answer(status, received, content, time.monotonic() - started)


class _TimedReads(io.RawIOBase):
    """Reads from a socket until a deadline, however slowly the bytes come."""

    def __init__(self, link: socket.socket, deadline: float) -> None:
        super().__init__()
        self._link = link
        self._deadline = deadline
        self._count = 0
        self.head = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever can be written to
        self._link.settimeout(seconds_left(self._deadline))
        count = self._link.recv_into(buffer)
        self._count += count
        if self._count > _MOST_READ:
            raise ValueError("too long")
        if len(self.head) < len(_TLS_ALERT):
            self.head += bytes(buffer[:count])
        return count


class _TimedLink:
    """As much of a socket as ``http.client`` uses; a request is sent whole, as its answer is due.

    Who is sent half of one, and ends the connection, takes back what was said of it.
    """

    def __init__(self, link: socket.socket, deadline: float) -> None:
        self._link = link
        self._deadline = deadline
        self._parts = []  # type: list[bytes]
        self.reads = _TimedReads(link, deadline)

    def sendall(self, data: bytes) -> None:
        self._parts.append(data)

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - it only ever reads
        self._link.settimeout(seconds_left(self._deadline))
        self._link.sendall(b"".join(self._parts))
        return io.BufferedReader(self.reads)

    def close(self) -> None:
        """Leave the socket to its owner."""


def _answered(
    timed: _TimedLink, endpoint: Endpoint, request: _Request
) -> Tuple[int, Dict[str, str], bytes]:
    import http.client  # noqa: PLC0415 - dear, and of no use where nothing answers

    connection = http.client.HTTPConnection(endpoint.host, endpoint.port)
    connection.sock = timed
    try:
        connection.request(
            request.method, request.target, body=request.body, headers=request.headers
        )
        response = connection.getresponse()
        content = response.read(MAX_BODY + 1)
        # Older versions of http.client do not say that there should be more.
        if response.length and len(content) <= MAX_BODY:
            raise http.client.IncompleteRead(content)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unanswered(endpoint, error, timed.reads.head) from None
    finally:
        connection.close()
    if len(content) > MAX_BODY:
        raise GuestError("bad_answer", f"{endpoint.url} answered more than 1 MiB")
    headers = {name.lower(): str(value) for name, value in response.getheaders()}
    return response.status, headers, content


def _unanswered(endpoint: Endpoint, error: Exception, head: bytes) -> GuestError:
    import http.client  # noqa: PLC0415 - as above

    url = endpoint.url
    if head.startswith(_TLS_ALERT):
        return GuestError("wrong_protocol", f"{url} wants TLS")
    if isinstance(error, TIME_OUTS):
        return GuestError("no_answer", f"{url} accepted a connection, but did not answer in time")
    if isinstance(error, (OSError, http.client.IncompleteRead)):
        return GuestError("closed", f"{url} closed the connection before it had answered")
    return GuestError("bad_answer", f"{url} does not answer in HTTP")


def _complains_of_http(status: int, content: bytes) -> bool:
    """Say whether an answer to plain http is that of a server that expects TLS."""
    if status != _BAD_REQUEST:
        return False
    try:
        json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        text = content[:4096].lower()
        return any(word in text for word in (b"https", b"ssl", b"tls"))
    return False
