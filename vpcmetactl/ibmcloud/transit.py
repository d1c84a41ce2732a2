"""What can go wrong on the way to an API and back: one table for every library's exceptions.

Causes decide, not the outermost class: a body that stalls reaches us as a
``requests.ConnectionError``.
"""

import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import jwt
import msgspec
import requests.exceptions as rq
import urllib3.exceptions as u3

from vpcmetactl.domain.errors import (
    AuthenticationError,
    ConfigurationError,
    MalformedResponseError,
    RedirectedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.ibmcloud.operations import Operation
from vpcmetactl.ibmcloud.redaction import Secrets
from vpcmetactl.ibmcloud.remedies import Failure, Remedy
from vpcmetactl.ibmcloud.transport import RedirectAnswerError
from vpcmetactl.ibmcloud.wire.tolerant import NotAsDocumentedError


@dataclass(frozen=True, slots=True)
class _Row:
    causes: tuple[type[BaseException], ...]
    error: type[VpcmetactlError]
    sentence: str
    hint: str | None
    remedy: Remedy = Remedy.RETRY
    in_doubt: bool = True
    # Whether the cause's own words help; never those that may quote a body or a header.
    quote: bool = False


# The first row of which a cause occurs anywhere in the chain decides: from the most telling cause
# to those that only say that something went wrong.
_ON_THE_WAY = (
    _Row(
        (RedirectAnswerError, rq.TooManyRedirects),
        RedirectedError,
        "{host} answered with a redirect",
        "redirects are never followed; check the endpoint and the proxy settings",
        Remedy.NONE,
        in_doubt=False,
    ),
    _Row(
        (rq.ProxyError, u3.ProxyError),
        UnavailableError,
        "the proxy on the way to {host} did not let us through",
        "check HTTPS_PROXY and NO_PROXY",
        remedy=Remedy.RECONNECT,
        in_doubt=False,
        quote=True,
    ),
    _Row(
        (ssl.SSLCertVerificationError, ssl.CertificateError),
        UnavailableError,
        "the certificate of {host} could not be verified",
        "where a proxy opens TLS, give its authority with --ca-bundle; a wrong clock does this too",
        Remedy.NONE,
        in_doubt=False,
        quote=True,
    ),
    _Row(
        (u3.NameResolutionError, socket.gaierror, socket.herror),
        UnavailableError,
        "the name {host} could not be resolved",
        "check DNS, the spelling of the region, and the endpoint",
        remedy=Remedy.RECONNECT,
        in_doubt=False,
    ),
    _Row(
        (ConnectionRefusedError,),
        UnavailableError,
        "{host} refused the connection",
        "check the endpoint and, for the emulator, that it is running",
        remedy=Remedy.RECONNECT,
        in_doubt=False,
    ),
    _Row(
        (u3.NewConnectionError,),
        UnavailableError,
        "no connection to {host} could be made",
        "check the network and the endpoint",
        remedy=Remedy.RECONNECT,
        in_doubt=False,
        quote=True,
    ),
    _Row(
        (rq.ConnectTimeout, u3.ConnectTimeoutError),
        UnavailableError,
        "{host} accepted no connection in time",
        "check the network, firewalls and proxy settings; --endpoints private is for servers only",
        in_doubt=False,
        remedy=Remedy.RECONNECT,
    ),
    _Row(
        (rq.ReadTimeout, u3.ReadTimeoutError, TimeoutError),
        UnavailableError,
        "{host} did not answer in time",
        "try again, or raise --timeout",
    ),
    _Row(
        (
            u3.IncompleteRead,
            u3.InvalidChunkLength,
            u3.ResponseNotChunked,
            u3.BodyNotHttplibCompatible,
            http.client.IncompleteRead,
            rq.ChunkedEncodingError,
        ),
        UnavailableError,
        "the answer of {host} broke off",
        "try again; check proxies on the way",
    ),
    _Row(
        (
            rq.InvalidURL,
            rq.InvalidSchema,
            rq.MissingSchema,
            rq.InvalidHeader,
            rq.URLRequired,
            u3.LocationValueError,
            u3.ProxySchemeUnknown,
            u3.ProxySchemeUnsupported,
            http.client.InvalidURL,
            http.client.UnknownProtocol,
        ),
        ConfigurationError,
        "no request can be made to {host}",
        "check the endpoint and the proxy settings",
        Remedy.NONE,
        in_doubt=False,
        quote=True,
    ),
    _Row(
        (NotAsDocumentedError, msgspec.ValidationError),
        MalformedResponseError,
        "the answer of {host} is not what the API documents",
        "is the endpoint that of the {api}? otherwise report this, with the version",
        Remedy.NONE,
        quote=True,
    ),
    _Row(
        (
            msgspec.DecodeError,
            UnicodeDecodeError,
            rq.ContentDecodingError,
            rq.InvalidJSONError,
            u3.DecodeError,
        ),
        MalformedResponseError,
        "the answer of {host} is no JSON, or broke off",
        "a proxy or a login page on the way may answer instead of the API",
    ),
    _Row(
        (jwt.PyJWTError,),
        AuthenticationError,
        "the token is no IAM token",
        "give what `ibmcloud iam oauth-tokens` prints, without line breaks",
        Remedy.NONE,
        in_doubt=False,
    ),
    _Row(
        (ssl.SSLError, u3.SSLError, rq.SSLError),
        UnavailableError,
        "the secure connection to {host} failed",
        "where a proxy opens TLS, give its authority with --ca-bundle; check the endpoint",
        quote=True,
        remedy=Remedy.RECONNECT,
    ),
    _Row(
        (u3.HTTPError, rq.RequestException, http.client.HTTPException, ConnectionError),
        UnavailableError,
        "the connection to {host} was lost",
        "try again; check the network and proxies on the way",
        quote=True,
    ),
)

# Every exception that the table knows.
CAUSES = tuple(dict.fromkeys(cause for row in _ON_THE_WAY for cause in row.causes))


def explain_transit(links: list[BaseException], operation: Operation, secrets: Secrets) -> Failure:
    """Say what an exception, with everything that it comes from, means for an operation."""
    row, cause = _row_of(links)
    sentence = row.sentence.format(host=operation.host)
    if isinstance(cause, RedirectAnswerError) and cause.host:
        sentence += f" to {cause.host}"
    quoted = secrets.hide(str(list(chain(cause))[-1])) if row.quote else ""
    error = row.error(
        f"cannot {operation.text}: {sentence}" + (f" ({quoted})" if quoted else ""),
        hint=row.hint and row.hint.format(api=operation.api),
        region=operation.region,
        status=cause.status if isinstance(cause, RedirectAnswerError) else None,
    )
    return Failure(error, row.remedy, row.in_doubt)


def chain(exception: BaseException) -> Iterator[BaseException]:
    """Walk from an exception to everything that it says it comes from, each once."""
    seen: set[int] = set()
    waiting: list[object] = [exception]
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            reason = getattr(link, "reason", None)
            waiting += [reason, *link.args, link.__cause__, link.__context__]


def _row_of(chain: list[BaseException]) -> tuple[_Row, BaseException]:
    for row in _ON_THE_WAY:
        for link in chain:
            if isinstance(link, row.causes):
                return row, link
    raise chain[0]
