"""The operations of the Identity API: a token, an IAM token for a profile, a certificate.

Platform notes, section 5.2.
"""

from werkzeug.wrappers import Response

from vpcmetactl.emulator.guest.errors import refuse
from vpcmetactl.emulator.guest.state import GuestCall, server_of
from vpcmetactl.emulator.guest.tokens import IdentityToken


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
    raise refuse(501, "not_emulated", f"{call.route.operation} is not emulated yet.")


def create_iam_token(call: GuestCall) -> Response:
    """POST /identity/v1/iam_tokens: an IAM token for a trusted profile of the server."""
    raise refuse(501, "not_emulated", f"{call.route.operation} is not emulated yet.")


def create_certificate(call: GuestCall) -> Response:
    """POST /identity/v1/certificates: a certificate of the server for a key of its own."""
    raise refuse(501, "not_emulated", f"{call.route.operation} is not emulated yet.")
