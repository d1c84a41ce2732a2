"""Everything that can go wrong, as a user will read it.

::

    VpcmetactlError
    ├── InvalidInputError        2  an option, a value or a file that cannot be used
    ├── ConfigurationError       1  settings or credentials that are missing or contradictory
    ├── StateError               1  the state file cannot be opened or written
    │   └── UnrecordedError      6  it could not be written once changes had been sent
    ├── OutputError              1  the result cannot be written where it should go
    │   └── UntoldError          6  the same, once changes had been sent
    ├── NotFoundError            1  what was named does not exist, or may not be seen
    ├── AmbiguousServerError     1  a name that several servers bear
    ├── RefusedError             5  a guard, a mismatch or a declined confirmation
    └── CloudError               1  an API did not do what it was asked
        ├── AuthenticationError     no valid token could be had
        ├── PermissionDeniedError   403
        ├── BadRequestError         400 and every other 4xx without a class of its own
        ├── ConflictError           409
        ├── PreconditionFailedError 412
        ├── RateLimitedError        429 until the time was up
        ├── UnavailableError        5xx, no connection, a broken answer, until the time was up
        ├── MalformedResponseError  a 2xx whose body is not what the API documents
        ├── RedirectedError         3xx, never followed
        ├── StopFailedError         a server did not stop in time
        └── StartFailedError        a server that was stopped did not come up again

``NotFoundError`` stands beside ``CloudError`` because our own look-ups raise it too.
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The process's exit codes, as the reference page explains them to users."""

    OK = 0
    ERROR = 1
    USAGE = 2
    FINDINGS = 3
    INCOMPLETE = 4
    REFUSED = 5
    FAILED = 6
    INTERRUPTED = 130
    TERMINATED = 143


# Where several hold, the leftmost wins.
_PRECEDENCE = (
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
    ExitCode.USAGE,
    ExitCode.ERROR,
    ExitCode.FAILED,
    ExitCode.REFUSED,
    ExitCode.FINDINGS,
    ExitCode.INCOMPLETE,
    ExitCode.OK,
)


def strongest(*codes: ExitCode) -> ExitCode:
    """Return the exit code that wins where several hold; OK for none."""
    return min((*codes, ExitCode.OK), key=_PRECEDENCE.index)


class VpcmetactlError(Exception):
    """An error with a stable code, a message that names its object, and what to do next.

    ``str(error)`` is the message alone. ``hint``, ``trace`` (the API's own, for IBM support),
    ``region`` and ``status`` (HTTP) are ``None`` where there is none.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[ExitCode] = ExitCode.ERROR

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        trace: str | None = None,
        region: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.trace = trace
        self.region = region
        self.status = status


class InvalidInputError(VpcmetactlError):
    """An option, a value or a file that cannot be used as it is."""

    code = "invalid_input"
    exit_code = ExitCode.USAGE


class ConfigurationError(VpcmetactlError):
    """Settings or credentials are missing or contradict each other."""

    code = "configuration"


class StateError(VpcmetactlError):
    """The state file cannot be opened, read or written."""

    code = "state"


class UnrecordedError(StateError):
    """The state file could not be written any more once changes had been sent."""

    code = "unrecorded"
    exit_code = ExitCode.FAILED


class OutputError(VpcmetactlError):
    """The result cannot be written where it should go."""

    code = "output"


class UntoldError(OutputError):
    """What became of changes that were sent cannot be written where it should go."""

    code = "untold"
    exit_code = ExitCode.FAILED


class NotFoundError(VpcmetactlError):
    """What was named does not exist, or may not be seen: the platform does not tell which."""

    code = "not_found"


class AmbiguousServerError(VpcmetactlError):
    """A name that several servers bear."""

    code = "ambiguous_server"


class RefusedError(VpcmetactlError):
    """Something that would be done is not done: a guard, a mismatch, a declined confirmation."""

    code = "refused"
    exit_code = ExitCode.REFUSED


class CloudError(VpcmetactlError):
    """An API of IBM Cloud did not do what it was asked."""

    code = "cloud"


class AuthenticationError(CloudError):
    """No valid IAM token could be had with the credentials given."""

    code = "authentication_failed"


class PermissionDeniedError(CloudError):
    """The API answered 403."""

    code = "forbidden"


class BadRequestError(CloudError):
    """The API refused the request itself: 400, or another 4xx without a class of its own."""

    code = "bad_request"


class ConflictError(CloudError):
    """The API answered 409: the server's present status does not allow it."""

    code = "conflict"


class PreconditionFailedError(CloudError):
    """The API answered 412: the resource changed since it was read."""

    code = "precondition_failed"


class RateLimitedError(CloudError):
    """The API kept answering 429 until the operation's time was up."""

    code = "rate_limited"


class UnavailableError(CloudError):
    """No usable answer came before the operation's time was up.

    ``maybe_done`` is true when a change was sent and it is not known whether it took effect.
    """

    code = "unavailable"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        trace: str | None = None,
        region: str | None = None,
        status: int | None = None,
        maybe_done: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, trace=trace, region=region, status=status)
        self.maybe_done = maybe_done


class MalformedResponseError(CloudError):
    """The API answered 2xx with a body that is not what it documents."""

    code = "malformed_response"


class RedirectedError(CloudError):
    """The API answered with a redirect, which is never followed."""

    code = "redirected"


class StopFailedError(CloudError):
    """A server that was asked to stop did not do so in its time, and may yet."""

    code = "stop_failed"


class StartFailedError(CloudError):
    """A server that was stopped did not come up again: a run stops there."""

    code = "start_failed"
