"""Reaching a host before anything is asked of it: name, TLS, proxy, and what time it has."""

import socket
import threading
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from requests.utils import select_proxy

from vpcmetactl.domain.errors import UnavailableError, VpcmetactlError
from vpcmetactl.ibmcloud.connection import Connection
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.ibmcloud.failures import EXPECTED, explain
from vpcmetactl.ibmcloud.operations import Operation
from vpcmetactl.ibmcloud.redaction import Secrets
from vpcmetactl.ibmcloud.transport import host_of, open_session, settings_for
from vpcmetactl.usecases.ports import Clock, HostSight


class Hosts:
    """``HostLooker`` over the network; asks for nothing that needs a token."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._session = open_session(connection)

    def close(self) -> None:
        """Close every idle connection."""
        self._session.close()

    def look(self, url: str) -> HostSight:
        """Send an empty question to a host; any answer at all shows that it can be reached.

        Raises UnavailableError and ConfigurationError, as any call to it would.
        """
        host, deadline = host_of(url), Deadline.after(self._clock, self._connection.timeout)
        settings = settings_for(url)
        proxy = select_proxy(url, settings["proxies"])
        looked_up = None if proxy else self._look_up(url, deadline)
        begun = self._clock.monotonic()
        operation = Operation(text=f"reach {host}", host=host)
        try:
            answer = self._session.request("HEAD", url, timeout=deadline, **settings)  # type: ignore[arg-type] # as our transport understands it
        except EXPECTED as error:
            failure = explain(error, operation, Secrets(), self._clock.now())
            raise failure.error from None
        return HostSight(
            host=host,
            name_seconds=looked_up,
            seconds=self._clock.monotonic() - begun,
            proxy=host_of(proxy) if proxy else None,
            clock_skew=_skew(answer, self._clock.now()),
        )

    def _look_up(self, url: str, deadline: Deadline) -> float:
        """Look the name up, on a thread: the resolver knows no deadline."""
        parts = urlsplit(url)
        begun, problem = self._clock.monotonic(), list[OSError]()

        def resolve() -> None:
            try:
                socket.getaddrinfo(parts.hostname, parts.port or 443)
            except OSError as error:
                problem.append(error)

        thread = threading.Thread(target=resolve, daemon=True)
        thread.start()
        thread.join(deadline.connect)
        if thread.is_alive():
            raise _unnamed(parts.hostname or "", "no answer in time")
        if problem:
            raise _unnamed(parts.hostname or "", problem[0].strerror or str(problem[0]))
        return self._clock.monotonic() - begun


def _unnamed(host: str, why: str) -> VpcmetactlError:
    return UnavailableError(
        f"the name {host} cannot be looked up: {why}",
        hint="check the network and DNS of this machine; behind a proxy set HTTPS_PROXY",
    )


def _skew(answer: requests.Response, now: datetime) -> float | None:
    """Return how far this machine's clock is ahead, in seconds; the header has whole ones."""
    try:
        theirs = parsedate_to_datetime(answer.headers["Date"])
        return (now - theirs).total_seconds()
    except (KeyError, ValueError, TypeError):
        return None
