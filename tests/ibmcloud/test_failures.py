"""Every exception that the libraries can raise has a sentence, and no sentence holds a secret."""

import http.client
import inspect
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType

import ibm_cloud_sdk_core.api_exception
import jwt.exceptions
import msgspec
import pytest
import requests
import requests.exceptions
import urllib3
import urllib3.connection
import urllib3.exceptions
from ibm_cloud_sdk_core import ApiException

from tests.ibmcloud.answers import answered
from tests.support.tokens import a_token
from vpcmetactl.domain.errors import (
    AuthenticationError,
    BadRequestError,
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
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.ibmcloud import operations
from vpcmetactl.ibmcloud.failures import EXPECTED, explain
from vpcmetactl.ibmcloud.redaction import Secrets
from vpcmetactl.ibmcloud.remedies import Failure, Remedy
from vpcmetactl.ibmcloud.transport import RedirectAnswerError

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOST = "us-south.iaas.cloud.ibm.com"
LISTING = operations.list_servers(HOST, "us-south", ServerKind.INSTANCE)
READING = operations.get_server(HOST, "us-south", ServerKind.INSTANCE, "0717_1")
TOKEN = operations.get_token("iam.cloud.ibm.com")
MODULES = (
    requests.exceptions,
    urllib3.exceptions,
    jwt.exceptions,
    http.client,
    ssl,
    socket,
    ibm_cloud_sdk_core.api_exception,
)
# Mistakes in how a library is used, which only a program can make.
MISUSE = {
    "UnrewindableBodyError",
    "StreamConsumedError",
    "ImproperConnectionState",
    "CannotSendRequest",
    "CannotSendHeader",
    "ResponseNotReady",
    "NotConnected",
}
BUILT_IN = (
    ConnectionError,
    ConnectionResetError,
    ConnectionRefusedError,
    ConnectionAbortedError,
    BrokenPipeError,
    TimeoutError,
    UnicodeDecodeError,
)


def _exceptions_of(module: ModuleType) -> Iterator[type[Exception]]:
    """Yield the exceptions that a module makes itself, and shows."""
    for name, kind in inspect.getmembers(module, inspect.isclass):
        if (
            issubclass(kind, Exception)
            and not issubclass(kind, Warning)
            and kind.__module__ == module.__name__
            and not name.startswith("_")
            and name not in MISUSE
        ):
            yield kind


ALL = sorted(
    {kind for module in MODULES for kind in _exceptions_of(module)}
    | {*BUILT_IN, msgspec.ValidationError, msgspec.DecodeError, socket.gaierror},
    key=lambda kind: f"{kind.__module__}.{kind.__qualname__}",
)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_every_exception_of_the_libraries_becomes_one_of_ours(kind: type[Exception]) -> None:
    if kind is ApiException:
        exception: Exception = answered(500, b"")
    else:
        exception = kind.__new__(kind)
    assert isinstance(exception, EXPECTED)
    error = _explained(exception).error
    assert isinstance(error, VpcmetactlError)
    assert str(error).startswith("cannot list instances in us-south: ")
    assert error.hint


def test_a_mistake_in_a_program_is_not_explained_away() -> None:
    for kind in (KeyError, TypeError, AttributeError, AssertionError, ValueError, OSError):
        assert not issubclass(kind, EXPECTED)


def _url3(reason: Exception) -> requests.exceptions.ConnectionError:
    """What requests makes of a failed connection, however it failed."""
    pool = urllib3.HTTPSConnectionPool(HOST)
    return requests.exceptions.ConnectionError(
        urllib3.exceptions.MaxRetryError(pool, "/v1/instances", reason)
    )


def _new_connection(cause: Exception) -> urllib3.exceptions.NewConnectionError:
    connection = urllib3.connection.HTTPConnection(HOST)
    error = urllib3.exceptions.NewConnectionError(connection, "Failed to establish")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("exception", "kind", "sentence", "remedy", "in_doubt"),
    [
        (
            _url3(
                urllib3.exceptions.NameResolutionError(
                    HOST,
                    urllib3.connection.HTTPConnection(HOST),
                    socket.gaierror(-2, "Name or service not known"),
                )
            ),
            UnavailableError,
            f"the name {HOST} could not be resolved",
            Remedy.RECONNECT,
            False,
        ),
        (
            _url3(_new_connection(ConnectionRefusedError(111, "Connection refused"))),
            UnavailableError,
            f"{HOST} refused the connection",
            Remedy.RECONNECT,
            False,
        ),
        (
            _url3(_new_connection(OSError(101, "Network is unreachable"))),
            UnavailableError,
            f"no connection to {HOST} could be made ([Errno 101] Network is unreachable)",
            Remedy.RECONNECT,
            False,
        ),
        (
            requests.exceptions.SSLError(
                urllib3.exceptions.SSLError(
                    ssl.SSLCertVerificationError(1, "certificate verify failed: own")
                )
            ),
            UnavailableError,
            f"the certificate of {HOST} could not be verified (certificate verify failed: own)",
            Remedy.NONE,
            False,
        ),
        (
            requests.exceptions.ProxyError(
                urllib3.exceptions.ProxyError(
                    "Unable to connect to proxy",
                    ConnectionRefusedError(111, "No"),
                )
            ),
            UnavailableError,
            f"the proxy on the way to {HOST} did not let us through ([Errno 111] No)",
            Remedy.RECONNECT,
            False,
        ),
        (
            # A body that stalls reaches us as a ConnectionError.
            requests.exceptions.ConnectionError(
                urllib3.exceptions.ReadTimeoutError(
                    urllib3.HTTPSConnectionPool(HOST), "/", "Read timed out."
                )
            ),
            UnavailableError,
            f"{HOST} did not answer in time",
            Remedy.RETRY,
            True,
        ),
        (
            requests.exceptions.ChunkedEncodingError(
                urllib3.exceptions.ProtocolError(
                    "Connection broken", http.client.IncompleteRead(b"", 5)
                )
            ),
            UnavailableError,
            f"the answer of {HOST} broke off",
            Remedy.RETRY,
            True,
        ),
        (
            requests.exceptions.ConnectionError(
                urllib3.exceptions.ProtocolError(
                    "Connection aborted.", OSError("Tunnel connection failed: 403 Forbidden")
                )
            ),
            UnavailableError,
            f"the connection to {HOST} was lost (Tunnel connection failed: 403 Forbidden)",
            Remedy.RETRY,
            True,
        ),
        (
            msgspec.DecodeError("Input data was truncated"),
            MalformedResponseError,
            f"the answer of {HOST} is no JSON, or broke off",
            Remedy.RETRY,
            True,
        ),
        (
            requests.exceptions.InvalidSchema("No adapters for 'ftp://x'"),
            ConfigurationError,
            f"no request can be made to {HOST} (No adapters for 'ftp://x')",
            Remedy.NONE,
            False,
        ),
        (
            RedirectAnswerError(302, "evil.example"),
            RedirectedError,
            f"{HOST} answered with a redirect to evil.example",
            Remedy.NONE,
            False,
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_the_cause_decides_and_not_the_outermost_class(
    exception: Exception,
    kind: type[VpcmetactlError],
    sentence: str,
    remedy: Remedy,
    in_doubt: bool,  # noqa: FBT001 - a table's column
) -> None:
    failure = _explained(exception)
    assert type(failure.error) is kind
    assert str(failure.error) == f"cannot list instances in us-south: {sentence}"
    assert (failure.remedy, failure.in_doubt) == (remedy, in_doubt)


VPC_ERROR = (
    b'{"errors": [{"code": "bad_field", "message": "Hop limit is too high.",'
    b' "target": {"name": "metadata_service.response_hop_limit", "type": "field"}}],'
    b' "trace": "7afcb6f0"}'
)
IAM_ERROR = (
    b'{"context": {"requestId": "iam-req-1"}, "errorCode": "BXNIM0415E",'
    b' "errorMessage": "Provided API key could not be found."}'
)


@pytest.mark.parametrize(
    ("status", "operation", "kind", "remedy"),
    [
        (400, READING, BadRequestError, Remedy.NONE),
        (401, READING, AuthenticationError, Remedy.NEW_TOKEN),
        (403, READING, PermissionDeniedError, Remedy.NONE),
        (404, READING, NotFoundError, Remedy.NONE),
        (404, LISTING, BadRequestError, Remedy.NONE),
        (408, READING, UnavailableError, Remedy.RETRY),
        (409, READING, ConflictError, Remedy.NONE),
        (412, READING, PreconditionFailedError, Remedy.NONE),
        (422, READING, BadRequestError, Remedy.NONE),
        (429, READING, RateLimitedError, Remedy.SLOW_DOWN),
        (500, READING, UnavailableError, Remedy.RETRY),
        (501, READING, UnavailableError, Remedy.NONE),
        (502, READING, UnavailableError, Remedy.RETRY),
        (503, READING, UnavailableError, Remedy.RETRY),
        (504, READING, UnavailableError, Remedy.RETRY),
        (304, READING, RedirectedError, Remedy.NONE),
        (400, TOKEN, AuthenticationError, Remedy.NONE),
        (401, TOKEN, AuthenticationError, Remedy.NONE),
        (403, TOKEN, AuthenticationError, Remedy.NONE),
        (404, TOKEN, AuthenticationError, Remedy.NONE),
        (429, TOKEN, RateLimitedError, Remedy.SLOW_DOWN),
        (503, TOKEN, UnavailableError, Remedy.RETRY),
    ],
)
def test_a_status_means_what_it_means_to_the_operation(
    status: int,
    operation: operations.Operation,
    kind: type[VpcmetactlError],
    remedy: Remedy,
) -> None:
    failure = _explained(answered(status, b"<html>"), operation)
    assert (type(failure.error), failure.remedy) == (kind, remedy)
    assert failure.error.status == status


def test_the_apis_own_words_field_and_trace_are_told() -> None:
    error = _explained(answered(400, VPC_ERROR), READING).error
    assert str(error) == (
        "cannot read instance 0717_1 in us-south: Hop limit is too high "
        "(HTTP 400, bad_field, field metadata_service.response_hop_limit)"
    )
    assert (error.trace, error.region) == ("7afcb6f0", "us-south")


def test_iams_other_envelope_is_read_too() -> None:
    error = _explained(answered(400, IAM_ERROR), TOKEN).error
    assert str(error) == (
        "cannot get an IAM token: Provided API key could not be found (HTTP 400, BXNIM0415E)"
    )
    assert error.trace == "iam-req-1"


@pytest.mark.parametrize(
    "body", [b"", b"<html>Not found</html>", b"[]", b'{"errors": []}', b"\xff"]
)
def test_a_body_that_says_nothing_leaves_status_host_and_the_headers_trace(body: bytes) -> None:
    error = _explained(answered(503, body, {"X-Request-Id": "req-9"}), READING).error
    assert str(error) == f"cannot read instance 0717_1 in us-south: {HOST} answered HTTP 503"
    assert error.trace == "req-9"


def test_a_403_names_the_action_that_is_needed_and_what_else_it_may_be() -> None:
    hint = _explained(answered(403, b""), READING).error.hint
    assert hint == (
        "the IAM action is.instance.instance.read is needed; context-based restrictions, an "
        "expired token and a token of another account are answered in the same way"
    )


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Sat, 21 Nov 2026 12:01:30 GMT", 90.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("", None),
        ("²", None),
        ("Thu, 01 Jan 99999999999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    failure = _explained(answered(429, b"", {"Retry-After": header}), READING)
    assert failure.retry_after == seconds


CANARY_KEY = "canary+key/with=signs 42"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 429, 500, 503])
@pytest.mark.parametrize("operation", [READING, TOKEN], ids=["vpc", "iam"])
def test_no_secret_that_an_answer_echoes_is_ever_told(
    status: int, operation: operations.Operation
) -> None:
    token = a_token()
    echo = (
        f"key {CANARY_KEY} canary%2Bkey%2Fwith%3Dsigns%2042 Authorization: Bearer abcdef12 {token}"
    )
    body = {
        "errors": [{"code": token, "message": echo, "target": {"name": token}}],
        "errorMessage": echo,
    }
    error = _explained(answered(status, msgspec.json.encode(body)), operation).error
    told = f"{error} {error.hint} {error.trace}"
    for secret in (CANARY_KEY, "canary", "abcdef12", token, token[:40]):
        assert secret not in told


def test_a_message_stays_on_one_line_and_within_bounds() -> None:
    body = msgspec.json.encode({"errors": [{"message": "a\nb\t" + "c" * 5000}]})
    text = str(_explained(answered(500, body)).error)
    assert text.startswith("cannot list instances in us-south: a b ccc")
    assert len(text) < 400


def _explained(exception: Exception, operation: operations.Operation = LISTING) -> Failure:
    secrets = Secrets()
    secrets.add(CANARY_KEY)
    return explain(exception, operation, secrets, NOW)
