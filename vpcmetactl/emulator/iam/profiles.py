"""The operations on trusted profiles themselves."""

import base64
import re
from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.iam.asking import (
    body_of,
    flag,
    profile_of,
    require_account,
    require_one_of,
    require_tag,
)
from vpcmetactl.emulator.iam.envelope import answer, no_content, refuse
from vpcmetactl.emulator.iam.trust import TrustCall
from vpcmetactl.emulator.iam.trust_bodies import activity_body, profile_body
from vpcmetactl.emulator.iam.trusted import TrustedProfile

DEFAULT_PAGE = 20
LARGEST_PAGE = 100
LONGEST_NAME = 150
SORTS = ("name", "description", "created_at", "modified_at")
ORDERS = ("asc", "desc")

_URL = "https://iam.cloud.ibm.com/v1/profiles"
"""What page links begin with, wherever the emulator listens: the platform does so, too."""


class NewProfile(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to create a profile."""

    name: str
    account_id: str
    description: str | None = None
    email: str | None = None


class ChangedProfile(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to change a profile: what is missing stays as it is."""

    name: str | None = None
    description: str | None = None
    email: str | None = None


def list_profiles(call: TrustCall) -> Response:
    """GET /v1/profiles: a page of the account's profiles."""
    account_id = call.request.args.get("account_id")
    if not account_id:
        raise refuse(400, "The query parameter account_id is missing.")
    require_account(call, account_id)
    if "filter" in call.request.args:
        raise refuse(501, "This emulator does not emulate the query parameter filter.")
    size, offset = _page_size(call), _offset(call)
    with call.state.lock:
        found = _selected(call)
        page = [_shown(call, profile) for profile in found[offset : offset + size]]
    body: dict[str, Any] = {"offset": offset, "limit": size, "first": _link(call, None)}
    if offset > 0:
        body["previous"] = _link(call, max(offset - size, 0))
    if offset + size < len(found):
        body["next"] = _link(call, offset + size)
    return answer(call, {**body, "profiles": page})


def get_profile(call: TrustCall) -> Response:
    """GET /v1/profiles/{id}."""
    with call.state.lock:
        profile = profile_of(call)
        body = _shown(call, profile)
        if flag(call, "include_activity"):
            body["activity"] = activity_body(profile)
        return answer(call, body, tag=profile.tag)


def create_profile(call: TrustCall) -> Response:
    """POST /v1/profiles: names are unique, and so many are allowed."""
    sent = body_of(call, NewProfile)
    require_account(call, sent.account_id)
    state = call.state
    with state.lock:
        _require_free_name(call, sent.name)
        if len(state.profiles) >= state.limits.profiles:
            raise refuse(400, f"The account has {state.limits.profiles} profiles, the most.")
        now = state.now()
        profile = TrustedProfile(
            id=state.new_id("Profile"),
            account_id=sent.account_id,
            name=sent.name,
            description=sent.description or None,
            email=sent.email or None,
            created_at=now,
            modified_at=now,
        )
        state.profiles[profile.id] = profile
        return answer(call, profile_body(profile), 201, profile.tag)


def update_profile(call: TrustCall) -> Response:
    """PUT /v1/profiles/{id}: name, description and email; the empty text clears the last two."""
    sent = body_of(call, ChangedProfile)
    with call.state.lock:
        profile = profile_of(call)
        require_tag(call, profile.tag)
        if sent.name is not None and sent.name != profile.name:
            _require_free_name(call, sent.name)
            profile.name = sent.name
        if sent.description is not None:
            profile.description = sent.description or None
        if sent.email is not None:
            profile.email = sent.email or None
        profile.changed(call.state.now())
        return answer(call, profile_body(profile), tag=profile.tag)


def delete_profile(call: TrustCall) -> Response:
    """DELETE /v1/profiles/{id}: with all links, rules and identities."""
    with call.state.lock:
        del call.state.profiles[profile_of(call).id]
    return no_content(call)


def _require_free_name(call: TrustCall, name: str) -> None:
    if not 0 < len(name) <= LONGEST_NAME:
        raise refuse(400, f"A name has 1 to {LONGEST_NAME} characters.")
    if call.state.find_profile(name) is not None:
        raise refuse(409, f"The account has a trusted profile of the name {name} already.")


def _shown(call: TrustCall, profile: TrustedProfile) -> dict[str, Any]:
    history: dict[str, Any] = {"history": []} if flag(call, "include_history") else {}
    return {**profile_body(profile), **history}


def _selected(call: TrustCall) -> list[TrustedProfile]:
    query = call.request.args
    found = list(call.state.profiles.values())
    if (name := query.get("name")) is not None:
        found = [profile for profile in found if profile.name == name]
    if (sort := query.get("sort")) is not None:
        require_one_of("sort", sort, SORTS)
        key = attrgetter(sort)
        found.sort(key=lambda profile: key(profile) or "")
    order = query.get("order", "asc")
    require_one_of("order", order, ORDERS)
    return found if order == "asc" else found[::-1]


def _page_size(call: TrustCall) -> int:
    text = call.request.args.get("pagesize", str(DEFAULT_PAGE))
    if re.fullmatch(r"\d{1,9}", text, re.ASCII) is None or not 1 <= int(text) <= LARGEST_PAGE:
        raise refuse(400, f"pagesize is a whole number from 1 to {LARGEST_PAGE}.")
    return int(text)


def _offset(call: TrustCall) -> int:
    """Return where the page begins that a token stands for."""
    token = call.request.args.get("pagetoken")
    if token is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(token).decode("ascii")
    except ValueError:
        text = ""
    match = re.fullmatch(r"offset:(\d{1,9})", text, re.ASCII)
    if match is None:
        raise refuse(400, "pagetoken is not one that an earlier page gave.")
    return int(match[1])


def _link(call: TrustCall, offset: int | None) -> str:
    query = {name: text for name, text in call.request.args.items() if name != "pagetoken"}
    if offset is not None:
        query["pagetoken"] = base64.urlsafe_b64encode(f"offset:{offset}".encode()).decode()
    return f"{_URL}?{urlencode(query)}"
