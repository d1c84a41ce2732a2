"""How the services in a server say no: `errors[]` with a code each, the status once more, a trace.

Platform notes, sections 3.3 and 5.4. The messages are this emulator's own.
"""

from typing import Any, Literal

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.routing import Call, Refusal

JSON = "application/json; charset=utf-8"
MORE_INFO = "https://cloud.ibm.com/docs/vpc?topic=vpc-imd-configure-service"

CODES: dict[str, frozenset[int]] = {
    "invalid_request": frozenset({400}),
    "invalid_value": frozenset({400, 404}),
    "missing_field": frozenset({400}),
    "missing_value": frozenset({400}),
    "not_found": frozenset({400, 404}),
    "profile_not_linked": frozenset({400}),
    "service_error": frozenset({500}),
    "unauthenticated": frozenset({401}),
    "unauthorized": frozenset({403}),
    "unknown_field": frozenset({400}),
}
"""The documented codes, with the HTTP statuses each is documented for."""

TargetType = Literal["field", "parameter", "header"]


class GuestRefusal(Refusal):
    """An error of the Metadata or Identity API. `error` is its entry in `errors[]`."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.status = status
        self.error = error

    def response(self, call: Call[Any]) -> Response:
        """Return the error in the envelope both APIs share."""
        body = {"errors": [self.error], "status_code": self.status, "trace": call.trace}
        return Response(msgspec.json.encode(body), status=self.status, content_type=JSON)


def refuse(
    status: int,
    code: str,
    message: str,
    target_name: str | None = None,
    target_type: TargetType | None = None,
    *,
    value: str | None = None,
) -> GuestRefusal:
    """Make an error with one entry; raise it. Without a type, a target is a field of the body."""
    error: dict[str, Any] = {"code": code, "message": message, "more_info": MORE_INFO}
    if target_name is not None:
        error["target"] = {"name": target_name, "type": target_type or "field"}
        if value is not None:
            error["target"]["value"] = value
    return GuestRefusal(status, error)


_BY_STATUS = {
    400: ("invalid_request", "The request cannot be understood."),
    401: ("unauthenticated", "The token has expired or is malformed."),
    403: ("unauthorized", "The metadata service is not enabled on this server."),
    404: ("not_found", "There is no such resource."),
}


def refusal_for(status: int) -> GuestRefusal:
    """Make the error that an HTTP status stands for, for injected faults.

    Of the statuses nothing is documented for, all get the code of an internal error: a guess.
    """
    code, message = _BY_STATUS.get(status, ("service_error", "The request could not be processed."))
    return refuse(status, code, message)
