"""How the IAM Identity API answers and says no: `errors[]` with a message code each.

The shape is that of IBM's SDK and of an answer that a user published: a number as `status_code`, no
context, the header Transaction-Id again as `trace`. Codes and message codes are guesses, for IBM
publishes none.
"""

from typing import Any

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.routing import Call, Refusal


class IdentityRefusal(Refusal):
    """An error of the IAM Identity API. `details` says what of the request it is about."""

    def __init__(
        self, status: int, code: str, message_code: str, message: str, details: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "message_code": message_code, "message": message}
        if details is not None:
            self.error["details"] = details

    def response(self, call: Call[Any]) -> Response:
        """Return the error in the API's envelope."""
        body = {"status_code": self.status, "errors": [self.error], "trace": call.trace}
        return answer(call, body, self.status)


_BY_STATUS = {
    400: ("invalid_request", "BXNIM0109E", "The request cannot be understood."),
    401: ("not_authenticated", "BXNIM0408E", "The access token is missing, expired or invalid."),
    403: ("not_authorized", "BXNIM0513E", "The caller lacks the access this operation needs."),
    404: ("not_found", "BXNIM0102E", "There is no such resource, or it may not be seen."),
    409: ("conflict", "BXNIM0501E", "The request conflicts with what is there."),
    412: ("precondition_failed", "BXNIM0502E", "A precondition of the request does not hold."),
    415: ("invalid_request", "BXNIM0109E", "The body is not of the expected type."),
    429: ("too_many_requests", "BXNIM0137E", "Too many requests within a short time."),
    500: ("internal_error", "BXNIM0503E", "An internal error occurred."),
    501: ("not_emulated", "not_emulated", "This emulator does not do that."),
    502: ("bad_gateway", "BXNIM0504E", "A service behind IAM gave no usable answer."),
    503: ("service_unavailable", "BXNIM0505E", "The service cannot take the request now."),
    504: ("gateway_timeout", "BXNIM0506E", "A service behind IAM gave no answer in time."),
}


def refusal_for(status: int) -> IdentityRefusal:
    """Make the error that an HTTP status stands for, for injected faults."""
    return IdentityRefusal(status, *_BY_STATUS[status])


def refuse(status: int, details: str) -> IdentityRefusal:
    """Make an error that says what of the request it is about; raise it."""
    return IdentityRefusal(status, *_BY_STATUS[status], details)


def answer(call: Call[Any], body: object, status: int = 200, tag: str | None = None) -> Response:
    """Make an answer of JSON, with the entity tag of what it shows."""
    response = no_content(call)
    response.status_code = status
    response.content_type = "application/json"
    response.data = msgspec.json.encode(body)
    if tag is not None:
        response.headers["ETag"] = tag
    return response


def no_content(call: Call[Any]) -> Response:
    """Make the answer to something deleted."""
    headers = {
        "Cache-Control": "no-cache, no-store, must-revalidate",
        "Content-Language": "en-US",
        "Expires": "0",
        "Pragma": "no-cache",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "Transaction-Id": call.trace,
        "X-Content-Type-Options": "nosniff",
        "X-Correlation-Id": call.trace,
        "X-Request-Id": call.request_id,
    }
    response = Response(status=204, headers=headers)
    response.headers.remove("Content-Type")
    return response
