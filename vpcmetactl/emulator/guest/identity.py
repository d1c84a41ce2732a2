"""The operations of the Identity API: a token, an IAM token for a profile, a certificate.

Platform notes, section 5.2. Guesses: that the header Metadata-Flavor is asked for by the first one
only, that the type of content is not looked at, the greatest length of a nonce, the bounds of a
certificate's lifetime, and the codes where no default trusted profile can be used.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.clock import timestamp
from vpcmetactl.emulator.guest.certificates import certify
from vpcmetactl.emulator.guest.errors import JSON, refuse
from vpcmetactl.emulator.guest.state import GuestCall, Server, server_of
from vpcmetactl.emulator.guest.tokens import IdentityToken
from vpcmetactl.emulator.iam.resources import CannotBecomeError
from vpcmetactl.emulator.iam.trusted import TrustedProfile

FLAVOR = "ibm"
LIFETIMES = range(5, 3601)
"""Seconds that identity tokens and certificates may live."""

DEFAULT_LIFETIME, DEFAULT_CERTIFICATE_LIFETIME = 300, 3600
LONGEST_NONCE = 256

_PROFILE = ("id", "crn", "name")


def require_token(call: GuestCall) -> IdentityToken:
    """Return the identity token a request shows; a refusal unless it is one of this server's."""
    scheme, _, text = call.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        message = "The request has no bearer token: get an identity token first."
        raise refuse(401, "unauthenticated", message, "Authorization", "header")
    token = call.state.tokens.find(text.strip())
    if token is None or token.server_id != server_of(call).id:
        message = "The bearer token is not an identity token of this server."
        raise refuse(401, "unauthenticated", message, "Authorization", "header")
    if token.expires_at <= call.state.now():
        message = "The identity token has expired: get another one."
        raise refuse(401, "unauthenticated", message, "Authorization", "header")
    return token


def create_access_token(call: GuestCall) -> Response:
    """PUT /identity/v1/token: an identity token."""
    _require_flavor(call)
    sent = _object(call, ("expires_in", "nonce"))
    lifetime = _lifetime(sent, DEFAULT_LIFETIME)
    token = call.state.tokens.issue(server_of(call), lifetime, _nonce(sent))
    return _answer(
        {
            "access_token": token.text,
            "created_at": _milliseconds(token.created_at),
            "expires_at": _milliseconds(token.expires_at),
            "expires_in": int(lifetime.total_seconds()),
        }
    )


def create_iam_token(call: GuestCall) -> Response:
    """POST /identity/v1/iam_tokens: an IAM token for a trusted profile of the server."""
    require_token(call)
    server = server_of(call)
    profile = _profile(call, server)
    try:
        token = call.state.iam_token(server, profile)
    except CannotBecomeError as error:
        raise refuse(400, "profile_not_linked", str(error), "trusted_profile") from None
    return _answer(
        {
            "access_token": token.text,
            "created_at": timestamp(token.issued_at),
            "expires_at": timestamp(token.expires_at),
            "expires_in": int((token.expires_at - token.issued_at).total_seconds()),
        }
    )


def create_certificate(call: GuestCall) -> Response:
    """POST /identity/v1/certificates: a certificate of the server for a key of its own."""
    require_token(call)
    sent = _object(call, ("csr", "expires_in"))
    if "csr" not in sent:
        raise refuse(400, "missing_field", "The `csr` field is required.", "csr")
    if not isinstance(sent["csr"], str):
        raise refuse(400, "invalid_value", "The `csr` field is not a string.", "csr")
    lifetime = _lifetime(sent, DEFAULT_CERTIFICATE_LIFETIME)
    issued = certify(call.state, server_of(call).id, sent["csr"], lifetime)
    return _answer(
        {
            "certificates": issued.chain,
            "created_at": timestamp(issued.created_at),
            "expires_at": timestamp(issued.expires_at),
            "expires_in": int(lifetime.total_seconds()),
            "id": issued.id,
        }
    )


def _require_flavor(call: GuestCall) -> None:
    flavor = call.request.headers.get("Metadata-Flavor")
    if not flavor:
        message = "The header `Metadata-Flavor` is required."
        raise refuse(400, "missing_value", message, "Metadata-Flavor", "header")
    if flavor != FLAVOR:
        message = f"The header `Metadata-Flavor` must be `{FLAVOR}`."
        raise refuse(400, "invalid_value", message, "Metadata-Flavor", "header", value=flavor)


def _object(call: GuestCall, fields: Iterable[str]) -> dict[str, Any]:
    """Return the JSON object that was sent, with no fields but these. No body is an empty one."""
    try:
        sent = msgspec.json.decode(call.body.strip() or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise refuse(400, "invalid_request", "The body is not a JSON object.") from None
    _require_known(sent, fields)
    return sent


def _require_known(sent: dict[str, Any], fields: Iterable[str], within: str = "") -> None:
    for name in sent:
        if name not in fields:
            message = f"The operation has no field `{within}{name}`."
            raise refuse(400, "unknown_field", message, f"{within}{name}")


def _lifetime(sent: dict[str, Any], default: int) -> timedelta:
    seconds = sent.get("expires_in", default)
    if type(seconds) is not int:
        message = "The `expires_in` field is not a whole number of seconds."
    elif seconds < LIFETIMES[0]:
        message = f"The `expires_in` field must be at least `{LIFETIMES[0]}`."
    elif seconds > LIFETIMES[-1]:
        message = f"The `expires_in` field must not be greater than `{LIFETIMES[-1]}`."
    else:
        return timedelta(seconds=seconds)
    value = msgspec.json.encode(seconds).decode()
    raise refuse(400, "invalid_value", message, "expires_in", value=value)


def _nonce(sent: dict[str, Any]) -> str | None:
    nonce = sent.get("nonce")
    if "nonce" in sent and not (isinstance(nonce, str) and 0 < len(nonce) <= LONGEST_NONCE):
        message = f"The `nonce` field is a string of 1 to {LONGEST_NONCE} characters."
        raise refuse(400, "invalid_value", message, "nonce")
    return nonce


def _profile(call: GuestCall, server: Server) -> TrustedProfile:
    """Return the trusted profile that is asked for: by what names it, or the default one."""
    sent = _object(call, ("trusted_profile",))
    if "trusted_profile" not in sent:
        return _default_profile(call, server)
    named = sent["trusted_profile"]
    if not isinstance(named, dict):
        message = "The `trusted_profile` field is not an object."
        raise refuse(400, "invalid_value", message, "trusted_profile")
    _require_known(named, _PROFILE, "trusted_profile.")
    if len(named) != 1:
        message = f"The `trusted_profile` field has exactly one of {', '.join(_PROFILE)}."
        code = "invalid_request" if named else "missing_field"
        raise refuse(400, code, message, "trusted_profile")
    ((kind, value),) = named.items()
    if not isinstance(value, str) or not value:
        message = f"The `trusted_profile.{kind}` field is not a string with something in it."
        raise refuse(400, "invalid_value", message, f"trusted_profile.{kind}")
    profile = call.state.find_profile(kind, value)
    if profile is None:
        message = f"The account has no trusted profile of this {kind}."
        raise refuse(400, "not_found", message, f"trusted_profile.{kind}", value=value)
    return profile


def _default_profile(call: GuestCall, server: Server) -> TrustedProfile:
    default = call.state.default_profile(server)
    if default is None:
        message = "The server has no default trusted profile, and the request names none."
        raise refuse(400, "missing_field", message, "trusted_profile")
    profile = call.state.find_profile("id", default.id)
    if profile is None:
        message = "The default trusted profile of the server is no longer there."
        raise refuse(400, "not_found", message, "trusted_profile", value=default.id)
    return profile


def _milliseconds(moment: datetime) -> str:
    """Write a moment as the platform does in identity tokens' answers: UTC, milliseconds, a Z."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _answer(body: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(body), content_type=JSON)
