"""How Global Search answers and says no.

IBM publishes no error of it: the envelope, its codes and its headers are guesses, made like those
of its other platform services.
"""

from typing import Any

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.routing import Call, Refusal


class SearchRefusal(Refusal):
    """An error of Global Search."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "message": message}

    def response(self, call: Call[Any]) -> Response:
        """Return the error in the API's envelope."""
        body = {"errors": [self.error], "status_code": self.status, "trace": call.trace}
        return answer(call, body, self.status)


_BY_STATUS = {
    400: ("bad_request", "The request cannot be understood."),
    401: ("unauthorized", "The access token is missing, expired or invalid."),
    403: ("forbidden", "The caller lacks the access this search needs."),
    404: ("not_found", "There is no such resource."),
    409: ("conflict", "The request conflicts with what is there."),
    412: ("precondition_failed", "A precondition of the request does not hold."),
    415: ("unsupported_media_type", "The body is not of the expected type."),
    429: ("too_many_requests", "Too many requests within a short time."),
    500: ("internal_error", "An internal error occurred."),
    501: ("not_emulated", "This emulator does not do that."),
    502: ("bad_gateway", "The index gave no usable answer."),
    503: ("service_unavailable", "The index cannot be searched now."),
    504: ("gateway_timeout", "The index gave no answer in time."),
}


def refusal_for(status: int) -> SearchRefusal:
    """Make the error that an HTTP status stands for, for injected faults."""
    return SearchRefusal(status, *_BY_STATUS[status])


def refuse(status: int, message: str) -> SearchRefusal:
    """Make an error with a message of its own; raise it."""
    return SearchRefusal(status, _BY_STATUS[status][0], message)


def answer(call: Call[Any], body: object, status: int = 200) -> Response:
    """Make an answer of JSON."""
    headers = {
        "Cache-Control": "no-cache, no-store, must-revalidate",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "X-Correlation-Id": call.request.headers.get("X-Correlation-Id") or call.trace,
        "X-Request-Id": call.request_id,
    }
    return Response(
        msgspec.json.encode(body), status=status, headers=headers, content_type="application/json"
    )
