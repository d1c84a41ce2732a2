"""What the IAM Identity operations ask of a request: a token, parameters they know, a body."""

from typing import TypeVar

import msgspec

from vpcmetactl.emulator.iam.envelope import refuse
from vpcmetactl.emulator.iam.resources import TokenState
from vpcmetactl.emulator.iam.trust import TrustCall
from vpcmetactl.emulator.iam.trusted import TrustedProfile

T = TypeVar("T")


def guard(call: TrustCall) -> None:
    """Refuse what no operation should see: no token or right, a parameter nobody knows."""
    scheme, _, token = call.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise refuse(401, "The request has no bearer token.")
    account, token = call.state.account, token.strip()
    if account.check_token(token) is not TokenState.VALID:
        raise refuse(401, "The bearer token has expired, or is not one of this account.")
    if lacking := account.lacking(token, call.route.operation):
        raise refuse(403, f"The profile of the token lacks the action {lacking}.")
    for name, values in call.request.args.lists():
        if name not in call.route.parameters:
            raise refuse(400, f"{call.route.operation} has no query parameter {name}.")
        if len(values) > 1:
            raise refuse(400, f"The query parameter {name} is given twice.")


def profile_of(call: TrustCall) -> TrustedProfile:
    """Return the profile the path names; a refusal if there is none."""
    profile = call.state.profiles.get(call.arguments["profile_id"])
    if profile is None:
        raise refuse(404, "There is no trusted profile of this id.")
    return profile


def require_account(call: TrustCall, account_id: str) -> None:
    """Refuse what is asked about another account."""
    if account_id != call.state.account.account_id:
        raise refuse(403, f"The token is not one of account {account_id}.")


def require_tag(call: TrustCall, tag: str) -> None:
    """Refuse a change of a version that is no longer the present one."""
    given = call.request.headers.get("If-Match")
    if not given:
        raise refuse(400, "The header If-Match is missing.")
    if given not in {"*", tag}:
        raise refuse(409, "The entity tag in If-Match is not the present one.")


def flag(call: TrustCall, name: str) -> bool:
    """Return a query parameter that is true or false, and false unless given."""
    text = call.request.args.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise refuse(400, f"The query parameter {name} is neither true nor false.")
    return text == "true"


def body_of(call: TrustCall, kind: type[T]) -> T:
    """Return the JSON that was sent, which has this shape and nothing else."""
    if call.request.mimetype != "application/json":
        raise refuse(415, f"{call.route.operation} takes a body of type application/json.")
    try:
        return msgspec.json.decode(call.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise refuse(400, str(error)) from None


def require_one_of(what: str, given: str | None, known: tuple[str, ...]) -> None:
    """Refuse a value that is not one of those there are."""
    if given not in known:
        raise refuse(400, f"{what} is one of {', '.join(known)}.")
