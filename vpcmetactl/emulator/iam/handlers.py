"""The token operation of IAM, and IAM's own way of saying no.

Platform notes, section 4.1. The error envelope is the one that recordings and public threads show:
`errorCode` and `errorMessage` with HTTP 400, never `errors[]`. The codes about tokens of compute
resources are guesses.
"""

from typing import Any
from urllib.parse import parse_qsl

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.iam.resources import (
    APIKEY_GRANT,
    CR_TOKEN_GRANT,
    AccessToken,
    Account,
    CannotBecomeError,
)
from vpcmetactl.emulator.routing import Call, Refusal

_PROFILE = ("profile_id", "profile_crn", "profile_name")


class IamRefusal(Refusal):
    """An error of IAM."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self, call: Call[Any]) -> Response:
        """Return the error in IAM's envelope."""
        body = {
            "context": {"requestId": call.trace, "requestType": "incoming.Identity_Token"},
            "errorCode": self.code,
            "errorMessage": self.message,
        }
        return _answer(call, body, self.status)


_BY_STATUS = {
    400: ("BXNIM0109E", "A parameter of the request is missing or empty."),
    401: ("BXNIM0408E", "The request is not authenticated."),
    403: ("BXNIM0513E", "The request is not authorized."),
    404: ("BXNIM0102E", "There is nothing at this address."),
    409: ("BXNIM0501E", "The request conflicts with another one."),
    412: ("BXNIM0502E", "A precondition of the request does not hold."),
    429: ("BXNIM0137E", "Too many requests within a short time."),
    500: ("BXNIM0503E", "An internal error occurred."),
    502: ("BXNIM0504E", "A service behind IAM gave no usable answer."),
    503: ("BXNIM0505E", "The service cannot take the request now."),
    504: ("BXNIM0506E", "A service behind IAM gave no answer in time."),
}


def refusal_for(status: int) -> IamRefusal:
    """Make the error that an HTTP status stands for, for injected faults."""
    return IamRefusal(status, *_BY_STATUS[status])


def guard(_call: Call[Account]) -> None:
    """Let every request through: the operation itself checks who asks."""


def create_token(call: Call[Account]) -> Response:
    """POST /identity/token: an access token for an API key, or for a compute resource's token."""
    form = _form(call)
    match _given(form, "grant_type"):
        case grant if grant == APIKEY_GRANT:
            token = _of_api_key(call.state, form)
        case grant if grant == CR_TOKEN_GRANT:
            token = _of_compute_resource(call.state, form)
        case grant:
            message = f"This emulator grants tokens for API keys and CR tokens, not for {grant}."
            raise IamRefusal(400, "BXNIM0106E", message)
    return _answer(
        call,
        {
            "access_token": token.text,
            "refresh_token": "not_supported",
            "token_type": "Bearer",
            "expires_in": int((token.expires_at - token.issued_at).total_seconds()),
            "expiration": int(token.expires_at.timestamp()),
            "scope": "ibm openid",
        },
    )


def _of_api_key(account: Account, form: dict[str, str]) -> AccessToken:
    if _given(form, "apikey") != account.api_key:
        raise IamRefusal(400, "BXNIM0415E", "The provided API key could not be found.")
    return account.issue_token()


def _of_compute_resource(account: Account, form: dict[str, str]) -> AccessToken:
    cr_token = _given(form, "cr_token")
    named = [name for name in _PROFILE if form.get(name)]
    if len(named) != 1:
        raise IamRefusal(400, "BXNIM0109E", f"Exactly one of {', '.join(_PROFILE)} is needed.")
    if account.compute_resources is None:
        raise IamRefusal(400, "BXNIM0408E", "There is no compute resource to have such a token.")
    try:
        return account.compute_resources.become(
            cr_token, named[0].removeprefix("profile_"), form[named[0]]
        )
    except CannotBecomeError as error:
        raise IamRefusal(400, "BXNIM0408E", str(error)) from None


def _given(form: dict[str, str], name: str) -> str:
    if not (text := form.get(name)):
        raise IamRefusal(400, "BXNIM0109E", f"The parameter {name} is missing or empty.")
    return text


def _form(call: Call[Account]) -> dict[str, str]:
    if call.request.mimetype != "application/x-www-form-urlencoded":
        message = "The body is expected as application/x-www-form-urlencoded."
        raise IamRefusal(400, "BXNIM0109E", message)
    return dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))


def _answer(call: Call[Any], body: dict[str, Any], status: int = 200) -> Response:
    headers = {
        "Cache-Control": "no-cache, no-store, must-revalidate",
        "Expires": "0",
        "Pragma": "no-cache",
        "Transaction-Id": call.trace,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(
        msgspec.json.encode(body), status=status, headers=headers, content_type="application/json"
    )


def fallback(call: Call[Account]) -> Response:
    """501: what IAM may have at this address, this emulator has not."""
    method, path = call.request.method, call.arguments["rest"]
    raise IamRefusal(501, "not_emulated", f"This emulator does not emulate {method} /{path}.")
