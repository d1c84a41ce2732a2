"""The search: a page of what matches, and a cursor for the page after it.

The cursor holds the query and the last CRN that was given, as the one that IBM's documentation
shows seems to: pages may be asked for again, and what is added meanwhile behind it is found.
"""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.iam.resources import TokenState
from vpcmetactl.emulator.search.envelope import answer, refuse
from vpcmetactl.emulator.search.query import (
    FIELDS,
    NotEmulatedError,
    Predicate,
    QuerySyntaxError,
    parse_query,
)
from vpcmetactl.emulator.search.state import Resource, SearchCall

DEFAULT_LIMIT = 10
MAX_LIMIT = 1000
DEFAULT_FIELDS = ("account_id", "name", "type", "family", "crn")

EMULATED = frozenset({"account_id", "limit", "timeout"})
NOT_EMULATED = frozenset(
    {
        "can_tag",
        "impersonate_user",
        "is_deleted",
        "is_project_resource",
        "is_public",
        "is_reclaimed",
        "sort",
    }
)
READS = {"instance": "get_instance", "bare-metal-server": "get_bare_metal_server"}
"""The types of resources there are, with the operations that read them."""


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked for: a query first, a cursor on every page after it."""

    query: str = "*"
    fields: list[str] | None = None
    search_cursor: str | None = None


class Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What a cursor stands for: an array, for as an object it would look like a token."""

    query: str
    fields: list[str] | None
    after: str


def guard(call: SearchCall) -> None:
    """Refuse a request that no operation should see: without a token, with unknown parameters."""
    scheme, _, token = _authorization(call)
    if scheme.lower() != "bearer" or not token:
        raise refuse(401, "The request has no bearer token.")
    if call.state.account.check_token(token.strip()) is not TokenState.VALID:
        raise refuse(401, "The bearer token has expired, or is not one of this account.")
    for name, values in call.request.args.lists():
        if name in NOT_EMULATED:
            raise refuse(501, f"The query parameter {name} is not emulated.")
        if name not in call.route.parameters:
            raise refuse(400, f"{call.route.operation} has no query parameter {name}.")
        if len(values) > 1:
            raise refuse(400, f"The query parameter {name} is given twice.")


def search(call: SearchCall) -> Response:
    """POST /v3/resources/search: what matches, in the order of the CRNs."""
    limit = _number(call, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    _number(call, "timeout", 0, 0, 600_000)
    account = call.request.args.get("account_id", call.state.account.account_id)
    if account != call.state.account.account_id:
        raise refuse(403, f"The token is not one of account {account}.")
    cursor = _asked(_sent(call))
    fields = _fields(cursor.fields)
    matches, visible = _predicate(cursor.query), _visible(call)
    found = sorted(
        (
            one
            for one in call.state.resources()
            if one.crn > cursor.after and one.type in visible and matches(one)
        ),
        key=lambda resource: resource.crn,
    )[:limit]
    body: dict[str, Any] = {"items": [_item(one, fields) for one in found], "limit": limit}
    if found:
        body["search_cursor"] = _written(Cursor(cursor.query, cursor.fields, found[-1].crn))
    return answer(call, body)


def fallback(call: SearchCall) -> Response:
    """501: what Global Search may have at this address, this emulator has not."""
    method, path = call.request.method, call.arguments["rest"]
    raise refuse(501, f"This emulator does not emulate {method} /{path}.")


def _authorization(call: SearchCall) -> tuple[str, str, str]:
    return call.request.headers.get("Authorization", "").partition(" ")


def _visible(call: SearchCall) -> frozenset[str]:
    """Return the types of resources that the caller may read: a search shows nothing else."""
    token = _authorization(call)[2].strip()
    account = call.state.account
    return frozenset(kind for kind, reads in READS.items() if not account.lacking(token, reads))


def _sent(call: SearchCall) -> Sent:
    if call.request.mimetype != "application/json":
        raise refuse(415, f"{call.route.operation} takes a body of type application/json.")
    try:
        return msgspec.json.decode(call.body, type=Sent)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise refuse(400, str(error)) from None


def _asked(sent: Sent) -> Cursor:
    """Return where to go on, and with what; beside a cursor nothing else counts."""
    if sent.search_cursor is None:
        return Cursor(sent.query, sent.fields, "")
    try:
        raw = base64.urlsafe_b64decode(sent.search_cursor.encode())
        return msgspec.json.decode(raw, type=Cursor)
    except (ValueError, msgspec.DecodeError):
        raise refuse(400, "The search_cursor is not one that was given.") from None


def _written(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode()


def _predicate(query: str) -> Predicate:
    try:
        return parse_query(query)
    except QuerySyntaxError as error:
        raise refuse(400, f"The query cannot be parsed: {error}.") from None
    except NotEmulatedError as error:
        raise refuse(501, f"This emulator does not know the query: {error}.") from None


def _fields(wanted: Sequence[str] | None) -> Sequence[str]:
    if wanted is None:
        return DEFAULT_FIELDS
    if list(wanted) == ["*"]:
        return tuple(FIELDS)
    if unknown := [name for name in wanted if name not in FIELDS]:
        raise refuse(501, f"The field {unknown[0]!r} is not emulated.")
    return tuple(dict.fromkeys(["crn", *wanted]))


def _item(resource: Resource, fields: Sequence[str]) -> dict[str, object]:
    return {name: FIELDS[name](resource) for name in fields}


def _number(call: SearchCall, name: str, default: int, least: int, most: int) -> int:
    text = call.request.args.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
        raise refuse(400, f"The query parameter {name} is a number from {least} to {most}.")
    return int(text)
