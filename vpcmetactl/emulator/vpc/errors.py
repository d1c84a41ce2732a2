"""How the VPC API says no: `errors[]` with a code each, and a trace.

Platform notes, section 3.3. Codes are those of IBM's archived list where it has one; the notes of
each operation say which codes are this emulator's own guess.
"""

from dataclasses import dataclass
from typing import Any

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.routing import Call, Refusal, gateway_headers

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Target:
    """What of the request an error is about. `type` is field, parameter or header."""

    name: str
    type: str = "field"


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of `errors[]`."""

    code: str
    message: str
    target: Target | None = None

    def body(self) -> dict[str, Any]:
        """Return the entry as JSON has it."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target is not None:
            body["target"] = {"name": self.target.name, "type": self.target.type}
        return body


class VpcRefusal(Refusal):
    """An error of the VPC API."""

    def __init__(self, status: int, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.status = status
        self.problems = problems

    def response(self, call: Call[Any]) -> Response:
        """Return the error in the VPC API's envelope."""
        body = {"errors": [problem.body() for problem in self.problems], "trace": call.trace}
        return Response(
            msgspec.json.encode(body) + b"\n",
            status=self.status,
            headers=gateway_headers(call),
            content_type=JSON,
        )


def refuse(
    status: int,
    code: str,
    message: str,
    target: str | None = None,
    kind: str = "field",
) -> VpcRefusal:
    """Make an error with one entry; raise it."""
    about = None if target is None else Target(target, kind)
    return VpcRefusal(status, Problem(code, message, about))


_BY_STATUS = {
    400: ("bad_field", "The request has a field the operation does not accept."),
    401: ("not_authorized", "The token in the request has expired."),
    403: ("not_authorized", "The request is not authorized."),
    404: ("not_found", "The resource does not exist, or may not be seen with this token."),
    409: ("invalid_state", "The action is not supported in the resource's current status."),
    412: ("precondition_failed", "The ETag in If-Match is not the resource's current one."),
    429: ("rate_limit_exceeded", "Too many requests within a short time."),
    500: ("internal_error", "An internal error occurred."),
    502: ("bad_gateway", "A service behind the API gave no usable answer."),
    503: ("service_unavailable", "The service cannot take the request now."),
    504: ("gateway_timeout", "A service behind the API gave no answer in time."),
}


def refusal_for(status: int) -> VpcRefusal:
    """Make the error that an HTTP status stands for, for injected faults."""
    code, message = _BY_STATUS[status]
    return refuse(status, code, message)
