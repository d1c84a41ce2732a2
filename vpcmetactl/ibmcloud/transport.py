"""HTTP as requests speaks it, with what it leaves open settled: whole bodies, in time.

urllib3's read time-out bounds the wait for each piece, so that an answer that dribbles in outlives
it without end; and nothing repeats a request whose body was cut short. Here an answer is handed
over only when all of it has been read, before the operation's deadline.
"""

import io
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse, ProxyManager
from urllib3.util.ssl_ import create_urllib3_context

from vpcmetactl.domain.errors import ConfigurationError
from vpcmetactl.ibmcloud.connection import Connection
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.ibmcloud.reading import answers_before, read_in_time

# As much as a socket buffer holds; read1 returns what has arrived and does not wait for more.
_PIECE = 256 * 1024
# One pool for each host: every region and IAM.
_HOSTS = 64
# This machine, and the metadata service of this server (platform notes 5.1).
_LOCAL = {"localhost", "::1", "169.254.169.254", "api.metadata.cloud.ibm.com"}


class RedirectAnswerError(Exception):
    """The answer is a redirect; ``host`` is where it points to, where that can be told."""

    def __init__(self, status: int, host: str | None) -> None:
        super().__init__(status, host)
        self.status = status
        self.host = host


class WholeBodies(HTTPAdapter):
    """Sends a request and reads the whole answer before a ``Deadline``, given as ``timeout``."""

    def __init__(self, tls: ssl.SSLContext | None, connections: int) -> None:
        self._tls = tls
        super().__init__(pool_connections=_HOSTS, pool_maxsize=connections, max_retries=0)
        read_in_time(self.poolmanager)

    def build_connection_pool_key_attributes(  # type: ignore[override]
        self,
        request: requests.PreparedRequest,
        verify: object,  # noqa: ARG002 - verification cannot be turned off
        cert: Any = None,  # noqa: ANN401 - as requests declares it
    ) -> tuple[Any, dict[str, Any]]:
        """Let every connection share one TLS context, in which the CA bundle is loaded."""
        host, _ = super().build_connection_pool_key_attributes(request, True, cert)  # noqa: FBT003
        return host, {"ssl_context": self._tls, "cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: object, url: object, verify: object, cert: object) -> None:
        """Do nothing: requests would load the CA bundle again for each new connection (25 ms)."""

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> ProxyManager:  # noqa: ANN401
        """Trust a proxy that is itself reached through TLS by the same CA bundle."""
        manager: ProxyManager = super().proxy_manager_for(
            proxy, proxy_ssl_context=self._tls, **proxy_kwargs
        )
        read_in_time(manager)
        return manager

    def send(  # type: ignore[override]
        self,
        request: requests.PreparedRequest,
        *,
        timeout: Deadline,
        proxies: Mapping[str, str] | None = None,
        **_: object,
    ) -> requests.Response:
        """Return the answer with its body in memory.

        Raises RedirectAnswerError for a redirect: following one would turn a PATCH into a GET, and
        might hand our token to another host.
        """
        with answers_before(timeout):
            response = super().send(
                request,
                stream=True,
                timeout=(timeout.connect, timeout.silence),
                proxies=proxies,
            )
        try:
            body = _read(response.raw)
        finally:
            response.close()
        if response.is_redirect:
            raise RedirectAnswerError(response.status_code, _host(response.headers["Location"]))
        response.raw = io.BytesIO(body)
        return response


def _read(raw: BaseHTTPResponse) -> bytes:
    """Read a body to its end; in pieces, for a length that a header claims may be a lie."""
    pieces = []
    while piece := raw.read1(_PIECE, decode_content=True):
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _host(location: str) -> str | None:
    try:
        return urlsplit(location).hostname
    except ValueError:
        return None


class LeanSession(requests.Session):
    """A session without what requests does for browsers: cookies, redirects, ~/.netrc, hooks.

    That is most of what a request costs there, and an account may need thousands of them. The
    environment is asked once, in ``settings_for``; an entry of ~/.netrc would replace our bearer
    token.
    """

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Return a request as it is sent, with this session's headers unless it has its own."""
        prepared = requests.PreparedRequest()
        prepared.prepare(
            method=request.method,
            url=request.url,
            headers={**self.headers, **(request.headers or {})},
            params=request.params,
            data=request.data,
            json=request.json,
            auth=_unchanged,
        )
        return prepared

    def merge_environment_settings(  # type: ignore[override]
        self,
        url: object,  # noqa: ARG002 - as requests calls it
        proxies: Mapping[str, str],
        stream: object,  # noqa: ARG002 - bodies are in memory
        verify: object,  # noqa: ARG002 - verification cannot be turned off
        cert: object,  # noqa: ARG002 - there is none
    ) -> dict[str, Any]:
        """Return what the adapter is to be told of a request besides its time."""
        return {"proxies": proxies}

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - as requests declares it
        """Return the answer of the adapter; it raises RedirectAnswerError for a redirect."""
        return self.get_adapter(url=request.url or "").send(request, **kwargs)


def open_session(connection: Connection) -> requests.Session:
    """Return the one session of all threads.

    Raises ConfigurationError for a CA bundle that cannot be read.
    """
    session = LeanSession()
    tls = _tls_context(connection)
    session.mount("https://", WholeBodies(tls, connection.max_connections))
    session.mount("http://", WholeBodies(tls, connection.max_connections))
    return session


def settings_for(url: str) -> Mapping[str, Any]:
    """Return the keyword arguments of every request to a host.

    Proxies come from the environment; loopback and this server's own metadata service are never
    reached through one.
    """
    environment = _environment(url)
    return {"proxies": {} if _is_local(url) else environment["proxies"]}


def _environment(url: str) -> Mapping[str, Any]:
    with requests.Session() as session:
        return session.merge_environment_settings(url, {}, stream=None, verify=None, cert=None)


def host_of(url: str) -> str:
    """Return the host of a URL as messages name it, with a port where there is one."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in _LOCAL or host.startswith("127.")


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep the Authorization header as it is; a user and password in a URL would replace it."""
    return request


def _tls_context(connection: Connection) -> ssl.SSLContext | None:
    """Load the CA bundle, once: --ca-bundle, else REQUESTS_CA_BUNDLE, else certifi's."""
    if connection.ca_bundle is None and not _speaks_tls(connection):
        return None
    from_environment = _environment(connection.iam_url)["verify"]
    chosen = from_environment if isinstance(from_environment, str) else DEFAULT_CA_BUNDLE_PATH
    path = connection.ca_bundle or Path(chosen)
    context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
    try:
        if path.is_dir():
            context.load_verify_locations(capath=str(path))
        else:
            context.load_verify_locations(cafile=str(path))
    except OSError as error:
        raise ConfigurationError(
            f"the CA bundle {path} cannot be used: {error.strerror or error}",
            hint="--ca-bundle and REQUESTS_CA_BUNDLE name a file of PEM certificates",
        ) from error
    return context


def _speaks_tls(connection: Connection) -> bool:
    """A context that nobody needs would cost the emulator's users 15 ms."""
    return not (connection.vpc_url.startswith("http:") and connection.iam_url.startswith("http:"))
