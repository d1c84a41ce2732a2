"""What the status and the body of an answer mean to the operation that it answers."""

import http
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ibm_cloud_sdk_core import ApiException

from vpcmetactl.domain.errors import (
    AuthenticationError,
    BadRequestError,
    CloudError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionFailedError,
    RateLimitedError,
    RedirectedError,
    UnavailableError,
)
from vpcmetactl.ibmcloud.operations import Api, Operation
from vpcmetactl.ibmcloud.redaction import Secrets
from vpcmetactl.ibmcloud.remedies import Failure, Remedy
from vpcmetactl.ibmcloud.wire.complaints import Complaint, complaint_from_wire

# Any other 4xx is a refusal that asking again cannot change.
_BY_STATUS: dict[int, tuple[type[CloudError | NotFoundError], Remedy, str | None]] = {
    401: (
        AuthenticationError,
        Remedy.NEW_TOKEN,
        "the token has expired or was not accepted; check the credentials and the account",
    ),
    403: (PermissionDeniedError, Remedy.NONE, None),
    404: (BadRequestError, Remedy.NONE, "is the endpoint that of the {api}?"),
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
_REFUSED_BY_METADATA = (
    AuthenticationError,
    Remedy.NONE,
    (
        "run vpcmetactl guest probe --profile PROFILE on this server: it tells whether the "
        "service, the profile or its link is the trouble"
    ),
)
_REFUSED_BY = {Api.TOKENS: _REFUSED_BY_IAM, Api.METADATA: _REFUSED_BY_METADATA}
_NOT_VISIBLE = (
    NotFoundError,
    Remedy.NONE,
    "it may be gone, or exist and not be visible to you: the platform does not tell which",
)
_CONFLICT_IN_IAM = (
    ConflictError,
    Remedy.NONE,
    "IAM may have one already: list the profile's links, then decide again",
)
_SERVER_ERROR_HINT = "try again later; IBM support asks for the trace"
_PASSING = frozenset({500, 502, 503, 504})


def explain_status(
    exception: ApiException, operation: Operation, secrets: Secrets, now: datetime
) -> Failure:
    """Say what an answer other than 2xx means for an operation."""
    response, status = exception.http_response, exception.status_code
    complaint = complaint_from_wire(response.content, response.headers)
    kind, remedy, hint = _meaning(status, operation)
    error = kind(
        f"cannot {operation.text}: {_account(status, operation, complaint, secrets)}",
        hint=_permission_hint(operation)
        if kind is PermissionDeniedError
        else hint and hint.format(api=operation.api),
        trace=complaint.trace and secrets.hide(complaint.trace),
        region=operation.region,
        status=status,
    )
    return Failure(
        error,
        remedy,
        in_doubt=remedy is Remedy.RETRY or _may_come_from_the_way(status),
        retry_after=_retry_after(response.headers, now),
    )


def _meaning(
    status: int, operation: Operation
) -> tuple[type[CloudError | NotFoundError], Remedy, str | None]:
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        remedy = Remedy.RETRY if status in _PASSING else Remedy.NONE
        return (UnavailableError, remedy, _SERVER_ERROR_HINT)
    if operation.api in _REFUSED_BY and status not in (408, 429):
        return _REFUSED_BY[operation.api]
    if operation.api is Api.IAM and status == http.HTTPStatus.CONFLICT:
        return _CONFLICT_IN_IAM
    if status == http.HTTPStatus.NOT_FOUND and operation.one_resource:
        return _NOT_VISIBLE
    if status < http.HTTPStatus.BAD_REQUEST:
        return (RedirectedError, Remedy.NONE, "check the endpoint and the proxy settings")
    return _BY_STATUS.get(status, (BadRequestError, Remedy.NONE, None))


def _may_come_from_the_way(status: int) -> bool:
    """Tell whether a proxy may have lost the answer; only 501 says that nothing was done."""
    said_no = http.HTTPStatus.NOT_IMPLEMENTED
    return status >= http.HTTPStatus.INTERNAL_SERVER_ERROR and status != said_no


def _permission_hint(operation: Operation) -> str:
    """Name every cause that the platform hides behind a 403 (platform notes 3.3, 4.4)."""
    action = ""
    if operation.permission:
        action = f"the IAM action {operation.permission} is needed{operation.permission_note}; "
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


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read seconds or an HTTP date; what is neither says nothing.

    A date is compared with that of the answer: our own clock may be wrong.
    """
    header = headers.get("Retry-After")
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    moment = _moment(header)
    if moment is None:
        return None
    sent = _moment(headers.get("Date", ""))
    return max(0.0, (moment - (sent or now)).total_seconds())


def _moment(header: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
