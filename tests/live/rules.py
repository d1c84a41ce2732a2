"""How each assumption is broken: a rule that alters answers, or a fault of the emulator's."""

import json
from dataclasses import dataclass, field
from typing import Any

import jwt

from tests.live.cloud import Reply, Rule, Rules
from tests.live.reading import NO_SERVER

# A rule, what makes one that remembers, or a fault.
Break = Rule | type[Rule] | str

_SEARCH = "/resources/search"


def _list_of(reply: Reply, name: str) -> bool:
    return reply.method == "GET" and reply.path.endswith(f"/{name}") and reply.status == 200


def next_without_start(reply: Reply) -> None:
    if _list_of(reply, "instances") and "next" in reply.body:
        reply.body["next"] = {"href": "https://us-south.iaas.cloud.ibm.com/v1/instances?limit=1"}


@dataclass
class SamePage:
    """Every page of instances is the first."""

    first: dict[str, Any] = field(default_factory=dict)

    def __call__(self, reply: Reply) -> None:
        if _list_of(reply, "instances") and "limit=1&" in f"{reply.query}&":
            reply.body = self.first.setdefault(reply.path, reply.body)


def limit_refused(reply: Reply) -> None:
    if _list_of(reply, "instances") and "limit=100" in reply.query:
        reply.refuse(400, "validation_max_value")


def templates_in_pages(reply: Reply) -> None:
    if _list_of(reply, "instance/templates"):
        reply.body["next"] = {"href": "https://us-south.iaas.cloud.ibm.com/v1/x?start=abc"}


def templates_cut_short(reply: Reply) -> None:
    if _list_of(reply, "instance/templates"):
        reply.body["total_count"] += 1


def no_etag(reply: Reply) -> None:
    reply.headers.pop("ETag", None)


def lists_tell_less(reply: Reply) -> None:
    if _list_of(reply, "instances"):
        for one in reply.body["instances"]:
            del one["metadata_service"]


def own_region_only(reply: Reply) -> None:
    if _list_of(reply, "regions") and "/us-south/" not in reply.path:
        reply.body["regions"] = reply.body["regions"][:1]


def new_region(reply: Reply) -> None:
    if _list_of(reply, "regions"):
        reply.body["regions"].append({"name": "us-west", "status": "available"})


def region_in_crn(reply: Reply) -> None:
    if _list_of(reply, "instances"):
        for one in reply.body["instances"]:
            one["crn"] = one["crn"].replace(f":{one['zone']['name']}:", ":us-south:")


def bad_request_for_unknown(reply: Reply) -> None:
    if reply.path.endswith(NO_SERVER):
        reply.refuse(400, "bad_field")


def bad_request_elsewhere(reply: Reply) -> None:
    if "/instances/" in reply.path and reply.status == 404:
        reply.refuse(400, "bad_field")


def forbidden_token(reply: Reply) -> None:
    if reply.status == 401:
        reply.refuse(403, "not_authorized")


def token_without_account(rules: Rules) -> Rule:
    """Give tokens without the claim, and take them as what they were given for."""

    def rule(reply: Reply) -> None:
        if reply.path.endswith("/identity/token") and reply.status == 200:
            held = reply.body["access_token"]
            claims = jwt.decode(held, options={"verify_signature": False})
            del claims["account"]
            poor = jwt.encode(claims, "a key that is long enough for HS256", algorithm="HS256")
            rules.tokens[poor] = held
            reply.body["access_token"] = poor

    return rule


def next_as_object(reply: Reply) -> None:
    if _list_of(reply, "profiles") and reply.body.get("next"):
        reply.body["next"] = {"href": reply.body["next"]}


def next_without_token(reply: Reply) -> None:
    if _list_of(reply, "profiles") and reply.body.get("next"):
        reply.body["next"] = reply.body["next"].replace("pagetoken", "page")


def links_in_pages(reply: Reply) -> None:
    if _list_of(reply, "links"):
        reply.body["next"] = "https://iam.cloud.ibm.com/v1/x?pagetoken=abc"


def _conditions(reply: Reply) -> list[dict[str, Any]]:
    if not _list_of(reply, "rules"):
        return []
    return [one for rule in reply.body["rules"] for one in rule.get("conditions") or []]


def strange_claim(reply: Reply) -> None:
    for condition in _conditions(reply):
        condition["claim"] = "canary-claim"


def bare_words(reply: Reply) -> None:
    for condition in _conditions(reply):
        condition["value"] = "bare-word"


def no_tags(reply: Reply) -> None:
    if reply.path.endswith(_SEARCH) and reply.status == 200:
        for one in reply.body["items"]:
            one.pop("tags", None)


def nothing_found(reply: Reply) -> None:
    if reply.path.endswith(_SEARCH) and reply.status == 200:
        reply.body["items"] = []


def no_cursor(reply: Reply) -> None:
    if reply.path.endswith(_SEARCH):
        reply.body.pop("search_cursor", None)


def tags_ignored(reply: Reply) -> None:
    if reply.path.endswith(_SEARCH) and "tags:" in json.loads(reply.sent).get("query", ""):
        reply.body["items"][0]["tags"] = []


def search_limit_refused(reply: Reply) -> None:
    if reply.path.endswith(_SEARCH) and "limit=1000" in reply.query:
        reply.refuse(400, "bad_request")


# Of changes.


def _is_patch(reply: Reply) -> bool:
    return reply.method == "PATCH" and reply.status == 200


def patch_without_body(reply: Reply) -> None:
    if _is_patch(reply):
        reply.status, reply.body = 204, None


def patch_with_a_part(reply: Reply) -> None:
    if _is_patch(reply):
        reply.body = {"id": reply.body["id"], "metadata_service": reply.body["metadata_service"]}


def refused_patch(reply: Reply) -> None:
    if reply.method == "PATCH":
        reply.refuse(409, "invalid_state")


@dataclass
class Late:
    """The first reading after each patch shows what was before it."""

    last: Any = None
    is_late: bool = False

    def __call__(self, reply: Reply) -> None:
        if _is_patch(reply):
            self.is_late = True
        elif reply.method == "GET" and "/instances/" in reply.path:
            if self.is_late and self.last is not None:
                reply.body, self.is_late = self.last, False
            else:
                self.last = reply.body


def same_etag(reply: Reply) -> None:
    if reply.method == "GET" and "/instances/" in reply.path:
        reply.headers["ETag"] = 'W/"always"'


def conflict_for_stale(reply: Reply) -> None:
    if reply.status == 412:
        reply.refuse(409, "conflict")


# Inside a server.


def old_path_refused(reply: Reply) -> None:
    if "/instance_identity/" in reply.path:
        reply.refuse(400, "invalid_request")


def expired_forbidden(reply: Reply) -> None:
    if reply.status == 401:
        reply.refuse(403, "unauthorized")


def _is_iam_token(reply: Reply) -> bool:
    return reply.path.endswith("/iam_tokens")


def strange_refusal(reply: Reply) -> None:
    if _is_iam_token(reply) and reply.status != 200:
        reply.refuse(400, "unknown_field")


def token_without_profile(reply: Reply) -> None:
    if _is_iam_token(reply) and reply.status == 200:
        key = "a key that is long enough for HS256"
        reply.body["access_token"] = jwt.encode({"sub": "nobody"}, key, algorithm="HS256")


READ_BREAKS: list[tuple[str, Break]] = [
    ("A01", next_without_start),
    ("A01", SamePage),
    ("A02", limit_refused),
    ("A03", templates_in_pages),
    ("A03", templates_cut_short),
    ("A04", no_etag),
    ("A05", lists_tell_less),
    ("A06", own_region_only),
    ("A07", new_region),
    ("A08", region_in_crn),
    ("A09", bad_request_for_unknown),
    ("A10", bad_request_elsewhere),
    ("A11", "get_instance_initialization:403"),
    ("A12", "list_vpcs:403"),
    ("A13", forbidden_token),
    ("A15", "get_api_keys_details:403"),
    ("A16", next_as_object),
    ("A16", next_without_token),
    ("A17", links_in_pages),
    ("A18", "get_profile_identities:403"),
    ("A19", strange_claim),
    ("A20", bare_words),
    ("A21", "get_account_limits:403"),
    ("A22", no_tags),
    ("A22", nothing_found),
    ("A23", no_cursor),
    ("A24", tags_ignored),
    ("A25", search_limit_refused),
]
CHANGE_BREAKS: list[tuple[str, str, str, Break]] = [
    ("A26", "toggle-1", "response_hop_limit", patch_without_body),
    ("A26", "toggle-1", "response_hop_limit", patch_with_a_part),
    ("A27", "toggle-1", "response_hop_limit", refused_patch),
    ("A28", "toggle-1", "protocol", refused_patch),
    ("A28", "toggle-metal", "protocol", refused_patch),
    ("A29", "toggle-1", "response_hop_limit", Late),
    ("A30", "toggle-1", "response_hop_limit", same_etag),
    ("A31", "toggle-1", "response_hop_limit", conflict_for_stale),
    ("A32", "toggle-off", "response_hop_limit", refused_patch),
]
GUEST_BREAKS: list[tuple[str, Rule]] = [
    ("A34", old_path_refused),
    ("A35", expired_forbidden),
    ("A36", strange_refusal),
    ("A37", token_without_profile),
]
