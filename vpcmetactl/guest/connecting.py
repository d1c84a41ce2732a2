"""A connection to the service, stage by stage: name, connection, TLS.

Each stage ends when time is up, and says so in its own words.
"""

import socket
import threading
import time
from typing import Any, List, Optional, Tuple

from vpcmetactl.guest.endpoints import Endpoint
from vpcmetactl.guest.failures import GuestError
from vpcmetactl.guest.texts import printable

TIME_OUTS = (socket.timeout, TimeoutError)
_MOST_ADDRESSES = 4
# Of several addresses: something was there, nothing was there, nothing could be sent.
_MOST_TELLING = ("refused", "closed", "no_answer", "no_route")
# What OpenSSL has called it, over the years, where plain text comes instead of TLS.
_PLAIN_TEXT = (
    "WRONG_VERSION_NUMBER",
    "UNKNOWN_PROTOCOL",
    "HTTP_REQUEST",
    "HTTPS_PROXY_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
)


def connected(endpoint: Endpoint, deadline: float, ca_bundle: Optional[str]) -> socket.socket:
    """Return a connection, over TLS where the endpoint's protocol is https.

    ``deadline`` is a moment of ``time.monotonic``. Raises GuestError.
    """
    link = _linked(endpoint, deadline)
    if endpoint.protocol == "http":
        return link
    try:
        return _secured(link, endpoint, deadline, ca_bundle)
    except GuestError:
        link.close()
        raise


def seconds_left(deadline: float) -> float:
    """Return how many seconds are left; raises socket.timeout where there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise socket.timeout("time is up")
    return seconds


def said(error: Exception) -> str:
    """Return what the system says of an error, on one printable line."""
    words = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or error
    return printable(" ".join(str(words).split()))


def _linked(endpoint: Endpoint, deadline: float) -> socket.socket:
    addresses = _addresses(endpoint, deadline)
    failures = []  # type: List[GuestError]
    for tried, (family, address) in enumerate(addresses):
        link = None
        try:
            link = socket.socket(family, socket.SOCK_STREAM)
            link.settimeout(seconds_left(deadline) / (len(addresses) - tried))
            link.connect(address)
        except OSError as error:
            if link is not None:
                link.close()
            failures.append(_unlinked(endpoint, error))
        else:
            return link
    raise min(failures, key=lambda failure: _MOST_TELLING.index(failure.code))


def _addresses(endpoint: Endpoint, deadline: float) -> List[Tuple[int, Any]]:
    """Return families and addresses, IPv4 first."""
    # As bytes: for a str, Python loads all that it knows of names in other alphabets.
    host, port = endpoint.host, endpoint.port
    exactly = (host.encode("ascii"), port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
    try:
        found = socket.getaddrinfo(*exactly)  # type: List[Any]
    except OSError:
        found = _looked_up(host, port, deadline)
    pairs = {(each[0] != socket.AF_INET, int(each[0]), each[4]) for each in found}
    return [(family, address) for _, family, address in sorted(pairs)][:_MOST_ADDRESSES]


def _looked_up(host: str, port: int, deadline: float) -> List[Any]:
    """Return what the system knows of a name.

    It cannot be stopped while it looks: it is left behind in its thread when time is up.
    """
    found = []  # type: List[Any]
    failures = []  # type: List[Exception]

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host.encode("ascii"), port, 0, socket.SOCK_STREAM))
        except OSError as error:
            failures.append(error)

    started = time.monotonic()
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(max(deadline - started, 0))
    if failures:
        raise GuestError("name_not_found", f"the name {host} has no address: {said(failures[0])}")
    if not found:
        waited = time.monotonic() - started
        raise GuestError(
            "name_not_found", f"the name {host} could not be looked up within {waited:.1f} s"
        )
    return found


def _unlinked(endpoint: Endpoint, error: OSError) -> GuestError:
    where = f"{endpoint.host} port {endpoint.port}"
    if isinstance(error, ConnectionRefusedError):
        return GuestError("refused", f"{where} refuses connections")
    if isinstance(error, ConnectionError):
        return GuestError("closed", f"{where} closed the connection at once")
    if isinstance(error, TIME_OUTS):
        return GuestError("no_answer", f"{where} accepted no connection in time")
    return GuestError("no_route", f"nothing can be sent to {where}: {said(error)}")


def _secured(
    link: socket.socket, endpoint: Endpoint, deadline: float, ca_bundle: Optional[str]
) -> socket.socket:
    import ssl  # noqa: PLC0415 - dear, and plain http does without

    try:
        context = ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:
        raise GuestError(
            "tls_failed",
            f"the CA bundle {ca_bundle} cannot be used: {said(error)}",
            "Name a file with certificates in PEM form.",
        ) from None
    secured = None
    try:
        secured = context.wrap_socket(
            link, server_hostname=endpoint.host, do_handshake_on_connect=False
        )
        secured.settimeout(seconds_left(deadline))
        secured.do_handshake()
    # Python 3.6 calls a certificate for another host a ValueError.
    except (OSError, ValueError) as error:
        if secured is not None:
            secured.close()
        raise _unsecured(endpoint, error) from None
    return secured


def _unsecured(endpoint: Endpoint, error: Exception) -> GuestError:
    url = endpoint.url
    if isinstance(error, TIME_OUTS):
        return GuestError("no_answer", f"{url} accepted a connection, but began no TLS in time")
    if getattr(error, "reason", None) in _PLAIN_TEXT:
        return GuestError("wrong_protocol", f"{url} does not speak TLS")
    import ssl  # noqa: PLC0415 - as above

    closed = isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
    if closed or not isinstance(error, (ssl.SSLError, ValueError)):
        return GuestError("closed", f"{url} closed the connection instead of beginning TLS")
    return GuestError("tls_failed", f"TLS with {url} failed: {said(error)}")
