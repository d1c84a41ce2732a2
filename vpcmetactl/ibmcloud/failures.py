"""What an exception of the SDK, requests, urllib3 or PyJWT means, and what may help.

One table for what can happen on the way, one for the statuses of answers. Causes decide, not the
outermost class: a body that stalls reaches us as a ``requests.ConnectionError``. What is in no
table is a mistake in a program, and passes untouched.
"""

import http
import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto

import jwt
import msgspec
import requests.exceptions as rq
import urllib3.exceptions as u3
from ibm_cloud_sdk_core import ApiException

from vpcmetactl.domain.errors import (
    AuthenticationError,
    BadRequestError,
    CloudError,
    ConfigurationError,
    ConflictError,
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionFailedError,
    RateLimitedError,
    RedirectedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.ibmcloud.operations import Api, Operation
from vpcmetactl.ibmcloud.redaction import Secrets
from vpcmetactl.ibmcloud.transport import BodyTooSlowError, RedirectAnswerError
from vpcmetactl.ibmcloud.wire.complaints import Complaint, complaint_from_wire
from vpcmetactl.ibmcloud.wire.tolerant import NotAsDocumentedError


class Remedy(Enum):
    """What may help against a failure.

    RECONNECT is a retry of what never reached the host: where the host has not answered before,
    that is most often a mistake in the settings, and not worth a minute's wait.
    """

    NONE = auto()
    RETRY = auto()
    RECONNECT = auto()
    SLOW_DOWN = auto()
    NEW_TOKEN = auto()


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt, in our words.

    ``in_doubt`` says that the request may have been carried out all the same. ``retry_after`` is
    how many seconds the API asked to be left alone, if it did.
    """

    error: VpcmetactlError
    remedy: Remedy
    in_doubt: bool
    retry_after: float | None = None


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
    ),
    _Row(
        (BodyTooSlowError, rq.ReadTimeout, u3.ReadTimeoutError, TimeoutError),
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
        "is the endpoint that of the VPC API? otherwise report this, with the version",
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
    ),
    _Row(
        (u3.HTTPError, rq.RequestException, http.client.HTTPException, ConnectionError),
        UnavailableError,
        "the connection to {host} was lost",
        "try again; check the network and proxies on the way",
        quote=True,
    ),
)

# What ``explain`` has an answer to; anything else must not be caught.
EXPECTED = (
    ApiException,
    VpcmetactlError,
    *dict.fromkeys(cause for row in _ON_THE_WAY for cause in row.causes),
)


def explain(
    exception: BaseException, operation: Operation, secrets: Secrets, now: datetime
) -> Failure:
    """Say in our words what an expected exception means for an operation."""
    if isinstance(exception, VpcmetactlError):
        return Failure(exception, Remedy.NONE, in_doubt=False)
    chain = list(_chain(exception))
    for link in chain:
        if isinstance(link, ApiException):
            return _explain_status(link, operation, secrets, now)
    row, cause = _row_of(chain)
    sentence = row.sentence.format(host=operation.host)
    if isinstance(cause, RedirectAnswerError) and cause.host:
        sentence += f" to {cause.host}"
    quoted = secrets.hide(str(_innermost(cause))) if row.quote else ""
    error = row.error(
        f"cannot {operation.text}: {sentence}" + (f" ({quoted})" if quoted else ""),
        hint=row.hint,
        region=operation.region,
        status=cause.status if isinstance(cause, RedirectAnswerError) else None,
    )
    return Failure(error, row.remedy, row.in_doubt)


def _chain(exception: BaseException) -> Iterator[BaseException]:
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


def _innermost(exception: BaseException) -> BaseException:
    return list(_chain(exception))[-1]


def _row_of(chain: list[BaseException]) -> tuple[_Row, BaseException]:
    for row in _ON_THE_WAY:
        for link in chain:
            if isinstance(link, row.causes):
                return row, link
    raise chain[0]


# The rest of the answer is the table's: refusals that asking again cannot change, unless said here.
_BY_STATUS: dict[int, tuple[type[CloudError | NotFoundError], Remedy, str | None]] = {
    401: (
        AuthenticationError,
        Remedy.NEW_TOKEN,
        "the token has expired or was not accepted; check the credentials and the account",
    ),
    403: (PermissionDeniedError, Remedy.NONE, None),
    404: (BadRequestError, Remedy.NONE, "is the endpoint that of the VPC API?"),
    408: (UnavailableError, Remedy.RETRY, "try again, or raise --timeout"),
    409: (
        ConflictError,
        Remedy.NONE,
        "its present status does not allow this; try again when it has settled",
    ),
    412: (
        PreconditionFailedError,
        Remedy.NONE,
        "somebody else changed it in the meantime; look again, then decide again",
    ),
    429: (
        RateLimitedError,
        Remedy.SLOW_DOWN,
        "lower --max-rps or --max-workers, or raise --timeout",
    ),
}
_REFUSED_BY_IAM = (
    AuthenticationError,
    Remedy.NONE,
    "check the API key, and that it belongs to this cloud",
)
_NOT_VISIBLE = (
    NotFoundError,
    Remedy.NONE,
    "it may be gone, or exist and not be visible to you: the platform does not tell which",
)
_SERVER_ERROR_HINT = "try again later; IBM support asks for the trace"
_PASSING = frozenset({500, 502, 503, 504})


def _explain_status(
    exception: ApiException, operation: Operation, secrets: Secrets, now: datetime
) -> Failure:
    response, status = exception.http_response, exception.status_code
    complaint = complaint_from_wire(response.content, response.headers)
    kind, remedy, hint = _meaning(status, operation)
    error = kind(
        f"cannot {operation.text}: {_account(status, operation, complaint, secrets)}",
        hint=_permission_hint(operation) if kind is PermissionDeniedError else hint,
        trace=complaint.trace,
        region=operation.region,
        status=status,
    )
    return Failure(
        error,
        remedy,
        in_doubt=remedy is Remedy.RETRY,
        retry_after=_retry_after(response.headers.get("Retry-After"), now),
    )


def _meaning(
    status: int, operation: Operation
) -> tuple[type[CloudError | NotFoundError], Remedy, str | None]:
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        remedy = Remedy.RETRY if status in _PASSING else Remedy.NONE
        return (UnavailableError, remedy, _SERVER_ERROR_HINT)
    if operation.api is Api.IAM and status not in (408, 429):
        return _REFUSED_BY_IAM
    if status == http.HTTPStatus.NOT_FOUND and operation.one_server:
        return _NOT_VISIBLE
    if status < http.HTTPStatus.BAD_REQUEST:
        return (RedirectedError, Remedy.NONE, "check the endpoint and the proxy settings")
    return _BY_STATUS.get(status, (BadRequestError, Remedy.NONE, None))


def _permission_hint(operation: Operation) -> str:
    """Name every cause that the platform hides behind a 403 (platform notes 3.3, 4.4)."""
    action = f"the IAM action {operation.permission} is needed; " if operation.permission else ""
    return (
        f"{action}context-based restrictions, an expired token and a token of another account "
        "are answered in the same way"
    )


def _account(status: int, operation: Operation, complaint: Complaint, secrets: Secrets) -> str:
    details = ", ".join(
        part
        for part in (
            f"HTTP {status}",
            complaint.code,
            complaint.target and f"field {complaint.target}",
        )
        if part
    )
    if complaint.message:
        return secrets.hide(f"{complaint.message.rstrip('.')} ({details})")
    return secrets.hide(f"{operation.host} answered {details}")


def _retry_after(header: str | None, now: datetime) -> float | None:
    """Read seconds or an HTTP date; what is neither says nothing."""
    if header is None:
        return None
    try:
        if header.strip().isdecimal():
            return float(header)
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
