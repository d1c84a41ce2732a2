"""One request to the service and its answer, within a time that is given.

Proxies, ``.netrc`` and redirects are never used: what is sent and received are the rights of this
server. Each connection is made for one request.
"""

# ruff: noqa: FA100 - Python 3.6 knows no such import

import http.client
import io
import json
import socket
import ssl
import threading
import time
from typing import Any, Dict, List, NamedTuple, Optional, Tuple
from urllib.parse import urlencode

from vpcmetactl.guest.endpoints import Endpoint
from vpcmetactl.guest.failures import GuestError
from vpcmetactl.guest.texts import printable

MAX_BODY = 1 << 20
_MOST_ADDRESSES = 4
# Of several addresses: something was there, nothing was there, nothing could be sent.
_MOST_TELLING = ("refused", "closed", "no_answer", "no_route")
# What an alert of a TLS server looks like to one who expected HTTP.
_TLS_ALERT = b"\x15\x03"
# What OpenSSL calls it, over the years, where plain text comes instead of TLS.
_PLAIN_TEXT = {
    "WRONG_VERSION_NUMBER",
    "UNKNOWN_PROTOCOL",
    "HTTP_REQUEST",
    "HTTPS_PROXY_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
}


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

    ``deadline`` is a moment of ``time.monotonic``. Raises GuestError where there is no answer, with
    the stage that was reached in the message: name, connection, TLS, answer.
    """
    started = time.monotonic()
    link = _connected(endpoint, deadline)
    try:
        if endpoint.protocol == "https":
            link = _secured(link, endpoint, deadline, ca_bundle)
        request = _Request(method, endpoint.path + path + "?" + urlencode(query), headers, body)
        status, received, content = _asked(_TimedLink(link, deadline), endpoint, request)
    finally:
        link.close()
    if endpoint.protocol == "http" and _is_from_tls_server(status, content):
        raise GuestError(
            "wrong_protocol", f"{endpoint.url} wants TLS: it answered 400 to plain http"
        )
    return Answer(status, received, content, time.monotonic() - started)


def _left(deadline: float) -> float:
    """Return the seconds that are left; raises socket.timeout where there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise socket.timeout("time is up")
    return seconds


def _connected(endpoint: Endpoint, deadline: float) -> socket.socket:
    found = _looked_up(endpoint, deadline)[:_MOST_ADDRESSES]
    failures = []  # type: List[GuestError]
    for tried, (family, address) in enumerate(found):
        link = socket.socket(family, socket.SOCK_STREAM)
        try:
            link.settimeout(_left(deadline) / (len(found) - tried))
            link.connect(address)
        except OSError as error:
            link.close()
            failures.append(_unconnected(endpoint, error))
        else:
            return link
    # The one that tells most: something was there, nothing was there, it could not be sent.
    raise min(
        failures, key=lambda each: ("refused", "closed", "no_answer", "no_route").index(each.code)
    )


def _looked_up(endpoint: Endpoint, deadline: float) -> List[Tuple[int, Any]]:
    """Return families and addresses, IPv4 first.

    The system's look-up cannot be stopped: it is left behind in its thread when time is up.
    """
    found = []  # type: List[Any]
    failures = []  # type: List[Exception]

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(endpoint.host, endpoint.port, 0, socket.SOCK_STREAM))
        except (OSError, ValueError) as error:
            failures.append(error)

    started = time.monotonic()
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(max(deadline - started, 0))
    if failures:
        raise GuestError(
            "name_not_found",
            f"the name {endpoint.host} has no address: {_said(failures[0])}",
        )
    if not found:
        waited = time.monotonic() - started
        raise GuestError(
            "name_not_found",
            f"the name {endpoint.host} could not be looked up within {waited:.1f} s",
        )
    pairs = sorted({(each[0] != socket.AF_INET, int(each[0]), each[4]) for each in found})
    return [(family, address) for _, family, address in pairs]


def _unconnected(endpoint: Endpoint, error: OSError) -> GuestError:
    where = f"{endpoint.host} port {endpoint.port}"
    if isinstance(error, ConnectionRefusedError):
        return GuestError("refused", f"{where} refuses connections")
    if isinstance(error, (ConnectionResetError, ConnectionAbortedError)):
        return GuestError("closed", f"{where} closed the connection at once")
    if isinstance(error, (socket.timeout, TimeoutError)):
        return GuestError("no_answer", f"{where} did not accept a connection in time")
    return GuestError("no_route", f"nothing can be sent to {where}: {_said(error)}")


def _secured(
    link: socket.socket, endpoint: Endpoint, deadline: float, ca_bundle: Optional[str]
) -> ssl.SSLSocket:
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:
        raise GuestError(
            "tls_failed",
            f"the CA bundle {ca_bundle} cannot be used: {_said(error)}",
            "Name a file with certificates in PEM form.",
        ) from None
    secured = None
    try:
        secured = context.wrap_socket(
            link, server_hostname=endpoint.host, do_handshake_on_connect=False
        )
        secured.settimeout(_left(deadline))
        secured.do_handshake()
    except (OSError, ValueError) as error:
        if secured is not None:
            secured.close()
        raise _unsecured(endpoint, error) from None
    return secured


def _unsecured(endpoint: Endpoint, error: Exception) -> GuestError:
    if isinstance(error, socket.timeout):
        return GuestError("no_answer", f"{endpoint.url} did not finish the TLS handshake in time")
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) or not isinstance(
        error, (ssl.SSLError, ValueError)
    ):
        return GuestError("closed", f"{endpoint.url} closed the connection in the TLS handshake")
    if getattr(error, "reason", None) in _PLAIN_TEXT:
        return GuestError("wrong_protocol", f"{endpoint.url} does not speak TLS")
    return GuestError("tls_failed", f"TLS with {endpoint.url} failed: {_said(error)}")


class _TimedReads(io.RawIOBase):
    """Reads from a socket until a deadline, however slowly the bytes come."""

    def __init__(self, link: socket.socket, deadline: float) -> None:
        super().__init__()
        self._link = link
        self._deadline = deadline
        self.head = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever can be written to
        self._link.settimeout(_left(self._deadline))
        count = self._link.recv_into(buffer)
        if len(self.head) < len(_TLS_ALERT):
            self.head += bytes(buffer[:count])
        return count


class _TimedLink:
    """As much of a socket as ``http.client`` uses."""

    def __init__(self, link: socket.socket, deadline: float) -> None:
        self._link = link
        self._deadline = deadline
        self.reads = _TimedReads(link, deadline)

    def sendall(self, data: bytes) -> None:
        self._link.settimeout(_left(self._deadline))
        self._link.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - it only ever reads
        return io.BufferedReader(self.reads)

    def close(self) -> None:
        """Leave the socket to its owner."""


def _asked(
    timed: _TimedLink, endpoint: Endpoint, request: _Request
) -> Tuple[int, Dict[str, str], bytes]:
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port)
    connection.sock = timed
    try:
        connection.request(
            request.method, request.target, body=request.body, headers=request.headers
        )
        response = connection.getresponse()
        content = response.read(MAX_BODY + 1)
        received = {name.lower(): value for name, value in response.getheaders()}
    except (OSError, http.client.HTTPException) as error:
        raise _unanswered(endpoint, error, timed.reads.head) from None
    finally:
        connection.close()
    if len(content) > MAX_BODY:
        raise GuestError("bad_answer", f"{endpoint.url} answered more than 1 MiB")
    return response.status, received, content


def _unanswered(endpoint: Endpoint, error: Exception, head: bytes) -> GuestError:
    if head.startswith(_TLS_ALERT):
        return GuestError("wrong_protocol", f"{endpoint.url} wants TLS")
    if isinstance(error, socket.timeout):
        return GuestError(
            "no_answer", f"{endpoint.url} accepted the connection and did not answer in time"
        )
    if isinstance(error, (http.client.RemoteDisconnected, OSError)):
        return GuestError("closed", f"{endpoint.url} closed the connection before it had answered")
    return GuestError("bad_answer", f"{endpoint.url} did not answer in HTTP")


def _is_from_tls_server(status: int, content: bytes) -> bool:
    """Say whether an answer to plain http is the complaint of a server that expects TLS."""
    if status != http.client.BAD_REQUEST:
        return False
    try:
        json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        text = content[:4096].lower()
        return b"https" in text or b"ssl" in text or b"tls" in text
    return False


def _said(error: Exception) -> str:
    """Return what the system says of an error, on one printable line."""
    said = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or str(error)
    return printable(" ".join(str(said).split()))
