"""What every VPC operation asks of a request: a token, a version, parameters it knows.

The platform documents neither the order of these checks nor, for tokens, their status codes.
Chosen here, from the platform notes' section 3.3: a missing token is 401 `token_missing`, one that
is not a token of this account 401 `token_invalid`, an expired one 401 `not_authorized` (the one
code IBM does document for expired tokens). 403 is left for lacking rights, as faults make it and
as tokens of trusted profiles may have it: 401 is what a client may answer by fetching a new token,
403 is not.
"""

import re
from datetime import date

import jwt
import msgspec

from vpcmetactl.emulator.iam.resources import APIKEY_GRANT, TokenState
from vpcmetactl.emulator.routing import version_date
from vpcmetactl.emulator.vpc.activity import Initiator
from vpcmetactl.emulator.vpc.collections import Filters
from vpcmetactl.emulator.vpc.errors import refuse
from vpcmetactl.emulator.vpc.regions import Region
from vpcmetactl.emulator.vpc.state import VpcCall

FIRST_VERSION = date(2019, 1, 1)
DEFAULT_LIMIT = 50
MAX_LIMIT = 100


def guard(call: VpcCall) -> None:
    """Refuse a request that no operation should see."""
    _require_region(call)
    _require_token(call)
    _require_version(call)
    _require_generation(call)
    _refuse_unknown_parameters(call)


def region_of(call: VpcCall) -> Region:
    """Return the region the request is addressed to."""
    return call.state.regions[call.arguments["region"]]


def initiator_of(call: VpcCall) -> Initiator:
    """Return who sent a request, by its token, which the guard has looked at."""
    token = call.request.headers["Authorization"].partition(" ")[2].strip()
    claims = jwt.decode(token, options={"verify_signature": False})
    agent = call.request.headers.get("User-Agent", "")
    credential = "apikey" if claims["grant_type"] == APIKEY_GRANT else "token"
    return Initiator(claims["iam_id"], claims["sub"], credential, agent=agent)


def _require_region(call: VpcCall) -> None:
    region = call.arguments["region"]
    if region not in call.state.regions:
        known = ", ".join(call.state.regions)
        raise refuse(
            501, "not_emulated", f"This emulator has no region {region!r}; it has {known}."
        )


def _require_token(call: VpcCall) -> None:
    scheme, _, token = call.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise refuse(401, "token_missing", "The request has no bearer token.")
    account, token = call.state.account, token.strip()
    state = account.check_token(token)
    if state is TokenState.INVALID:
        raise refuse(401, "token_invalid", "The bearer token is not one of this account.")
    if state is TokenState.EXPIRED:
        raise refuse(401, "not_authorized", "The bearer token has expired.")
    if lacking := account.lacking(token, call.route.operation):
        raise refuse(403, "not_authorized", f"The profile of the token lacks {lacking}.")


def _require_version(call: VpcCall) -> None:
    text = call.request.args.get("version")
    if text is None:
        raise refuse(400, "missing_version", "The parameter is required.", "version", "parameter")
    version = version_date(text)
    if version is None:
        message = "The parameter is not a date of the form YYYY-MM-DD."
        raise refuse(400, "invalid_version", message, "version", "parameter")
    if not FIRST_VERSION <= version <= call.state.now().date():
        message = f"The date lies before {FIRST_VERSION} or after today (UTC)."
        raise refuse(400, "invalid_version_range", message, "version", "parameter")


def _require_generation(call: VpcCall) -> None:
    generation = call.request.args.get("generation")
    if generation is None:
        message = "The parameter is required."
        raise refuse(400, "missing_generation_parameter", message, "generation", "parameter")
    if generation != "2":
        message = "The only generation is 2."
        raise refuse(400, "invalid_generation_parameter", message, "generation", "parameter")


def _refuse_unknown_parameters(call: VpcCall) -> None:
    known = call.route.parameters | {"version", "generation"}
    for name, values in call.request.args.lists():
        if name not in known:
            message = f"{call.route.operation} has no query parameter of this name."
            raise refuse(400, "bad_field", message, name, "parameter")
        if len(values) > 1:
            raise refuse(400, "bad_field", "The parameter is given twice.", name, "parameter")


def filters_of(call: VpcCall) -> Filters:
    """Return the filters of a listing; paging is not one."""
    common = {"version", "generation", "start", "limit"}
    return tuple(sorted((k, v) for k, v in call.request.args.items() if k not in common))


def limit_of(call: VpcCall) -> int:
    """Return the page size, 50 unless given."""
    text = call.request.args.get("limit", str(DEFAULT_LIMIT))
    if re.fullmatch(r"-?\d{1,9}", text, re.ASCII) is None:
        message = "The parameter is not a whole number."
        raise refuse(400, "validation_invalid_field_type", message, "limit", "parameter")
    limit = int(text)
    if limit < 1:
        raise refuse(400, "validation_min_value", "The least limit is 1.", "limit", "parameter")
    if limit > MAX_LIMIT:
        message = f"The greatest limit is {MAX_LIMIT}."
        raise refuse(400, "validation_max_value", message, "limit", "parameter")
    return limit


def json_object(call: VpcCall, content_type: str) -> dict[str, object]:
    """Return the JSON object that was sent as this content type."""
    if call.request.mimetype != content_type:
        message = f"{call.route.operation} takes a body of type {content_type}."
        raise refuse(415, "unsupported_media_type", message, "Content-Type", "header")
    try:
        return msgspec.json.decode(call.body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise refuse(400, "invalid_request", "The body is not a JSON object.") from None
