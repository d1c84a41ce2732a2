"""What IAM and Global Search say when they are only read."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.live.assumption import Finding, UntestedError, fails, holds, judged
from tests.live.reading import Visit
from tests.live.wire import Answer
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.identifiers import Crn
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.ibmcloud.wire.search import query_to_wire

# IBM's names of the claims of VSI (platform notes 4.2).
CLAIMS = frozenset(
    {
        "resource_group_id",
        "resource_group_name",
        "resource",
        "instance_group_name",
        "region",
        "subnet_id",
        "vpc_id",
        "zone",
    }
)
_COMPUTE = ("VSI", "BMS")
# So many profiles are looked at for rules.
_PROFILES = 12
_LIMITS = ("cr_links", "cr_links_per_profile")


def token_claims(visit: Visit) -> Finding:
    """A14: the token tells its account and its life."""
    caller, lifetime = visit.wire.caller, visit.wire.token_lifetime
    told = [
        f"{name} {'told' if value is not None else 'not told'}"
        for name, value in (("account", caller.account_id), ("lifetime", lifetime))
    ]
    return judged(caller.account_id is not None and lifetime is not None, ", ".join(told))


def account_of_key(visit: Visit) -> Finding:
    """A15: an API key may ask whose it is."""
    answer = visit.wire.key_details()
    if answer.status != 200:
        return fails(f"{answer.status} {answer.code}")
    told = answer.document.get("account_id")
    is_same = isinstance(told, str) and told == (visit.wire.caller.account_id or told)
    return judged(is_same, "the token's account" if is_same else "not the token's account")


def next_profiles(visit: Visit) -> Finding:
    """A16: the address of the next page of profiles has a pagetoken."""
    page = visit.wire.iam("/v1/profiles", account_id=visit.account_id, pagesize=1)
    following = page.document.get("next")
    if page.items("profiles") and following is None:
        raise UntestedError("there is one trusted profile only")
    if not page.items("profiles"):
        raise UntestedError("there are no trusted profiles")
    if not isinstance(following, str):
        return fails(f"next is no address but {type(following).__name__}")
    query = parse_qs(urlsplit(following).query)
    if "pagetoken" not in query:
        return fails(f"next holds {', '.join(sorted(query))}")
    second = visit.wire.iam(
        "/v1/profiles",
        account_id=visit.account_id,
        pagesize=1,
        pagetoken=query["pagetoken"][0],
    ).items("profiles")
    is_new = bool(second) and second[0].get("id") != page.items("profiles")[0].get("id")
    return judged(is_new, f"next holds {', '.join(sorted(query))}; page 2 has {len(second)} of 1")


def _first_profiles(visit: Visit) -> Answer:
    """Return a page of a hundred profiles; asked once."""
    account = visit.account_id
    return visit.once(
        "profiles", lambda: visit.wire.iam("/v1/profiles", account_id=account, pagesize=100)
    )


def profiles(visit: Visit) -> list[str]:
    """Return the ids of some profiles."""
    found = [str(item.get("id")) for item in _first_profiles(visit).items("profiles")]
    if not found:
        raise UntestedError("there are no trusted profiles")
    return found[:_PROFILES]


def part_of(visit: Visit, profile_id: str, part: str) -> Answer:
    """Return the links, rules or identities of a profile; asked once."""
    path = f"/v1/profiles/{profile_id}/{part}"
    return visit.once(path, lambda: visit.wire.iam(path))


def unpaged_parts(visit: Visit) -> Finding:
    """A17: links and rules have no pages."""
    profile_id = profiles(visit)[0]
    paged = []
    for part in ("links", "rules"):
        answer = part_of(visit, profile_id, part)
        answer.items(part)
        paged += [f"{part}: {name}" for name in ("next", "limit") if answer.document.get(name)]
    return fails(", ".join(paged)) if paged else holds("neither next nor limit")


def identities(visit: Visit) -> Finding:
    """A18: who reads a profile reads its identities."""
    profile_id = profiles(visit)[0]
    part_of(visit, profile_id, "links").items("links")
    answer = part_of(visit, profile_id, "identities")
    is_list = isinstance(answer.document.get("identities"), list)
    return judged(answer.status == 200 and is_list, f"{answer.status}")


def _conditions(visit: Visit) -> list[dict[str, Any]]:
    """Return the conditions about servers of the first profile that has any."""
    for profile_id in profiles(visit):
        rules = part_of(visit, profile_id, "rules").items("rules")
        about = [rule for rule in rules if rule.get("cr_type") in _COMPUTE]
        found = [condition for rule in about for condition in rule.get("conditions") or []]
        if found:
            return found
    raise UntestedError(f"the first {_PROFILES} profiles have no rule about servers")


def claim_names(visit: Visit) -> Finding:
    """A19: rules use the claims that are documented. Others are told by their number only."""
    names = {str(condition.get("claim")) for condition in _conditions(visit)}
    known = sorted(names & CLAIMS)
    strange = len(names - CLAIMS)
    told = f"{', '.join(known) or 'none'} known, {strange} not"
    return judged(strange == 0, told)


def condition_values(visit: Visit) -> Finding:
    """A20: values are JSON in a string."""
    values = [condition.get("value") for condition in _conditions(visit)]
    good = sum(1 for value in values if _is_json(value))
    return judged(good == len(values), f"{good} of {len(values)} values")


def _is_json(value: object) -> bool:
    try:
        json.loads(value) if isinstance(value, str) else json.loads("")
    except ValueError:
        return False
    return True


def limits(visit: Visit) -> Finding:
    """A21: the limits of links are told."""
    _first_profiles(visit).items("profiles")
    path = f"/v1/accounts/{visit.account_id}/limits/identity"
    answer = visit.wire.iam(path, profiles="true", cr_links="true")
    if answer.status != 200:
        return fails(f"{answer.status} {answer.code}")
    missing = [name for name in _LIMITS if not _has_limit(answer.document.get(name))]
    used = answer.document.get("cr_links")
    count = used.get("count") if isinstance(used, dict) else None
    if missing or not isinstance(count, int):
        return fails(f"no limit: {', '.join(missing) or 'none'}; use of cr_links: {count}")
    return holds("limit of both, use of cr_links")


def _has_limit(found: object) -> bool:
    return isinstance(found, dict) and isinstance(found.get("limit"), int)


def _found(visit: Visit) -> list[dict[str, Any]]:
    """Return what the search finds of servers, up to a thousand; asked once."""
    answer = visit.once(
        "search",
        lambda: visit.wire.search(
            query_to_wire(tuple(ServerKind), ()), account_id=visit.account_id, limit=1000
        ),
    )
    if answer.status == 400:
        # Perhaps the limit alone is refused, which A25 is about.
        answer = visit.once(
            "search with the usual limit",
            lambda: visit.wire.search(
                query_to_wire(tuple(ServerKind), ()), account_id=visit.account_id
            ),
        )
    return answer.items("items")


def search_finds(visit: Visit) -> Finding:
    """A22: the search finds servers, with CRN and tags."""
    visit.instance()
    items = _found(visit)
    if not items:
        return fails("nothing was found, and there are instances")
    strange = sum(1 for item in items if not _is_server(item.get("crn")))
    untold = sum(1 for item in items if not isinstance(item.get("tags"), list))
    told = f"{len(items)} found, {strange} of another kind, {untold} without a list of tags"
    return judged(strange == 0 and untold < len(items), told)


def _is_server(crn: object) -> bool:
    try:
        kind = Crn.parse(str(crn)).resource_type
    except InvalidInputError:
        return False
    return kind in {one.value.replace("_", "-") for one in ServerKind}


def search_goes_on(visit: Visit) -> Finding:
    """A23: a cursor leads to other servers, and in the end to an empty page."""
    if len(_found(visit)) < 2:
        raise UntestedError("fewer than two servers were found")
    account = visit.account_id
    first = visit.wire.search(query_to_wire(tuple(ServerKind), ()), account_id=account, limit=1)
    cursor = first.document.get("search_cursor")
    if not isinstance(cursor, str):
        return fails("no search_cursor")
    second = visit.wire.search({"search_cursor": cursor}, account_id=account, limit=1)
    before, after = ([one.get("crn") for one in page.items("items")] for page in (first, second))
    return judged(bool(after) and before != after, f"page 2 has {len(after)} of 1")


def search_by_tag(visit: Visit) -> Finding:
    """A24: what is found by a tag bears it, and all that bear it are found."""
    items = _found(visit)
    tags = [tag for item in items for tag in item.get("tags") or []]
    tag = next((one for one in tags if ":" in one and not {'"', "\\"} & set(one)), None)
    if tag is None:
        raise UntestedError("no server that was found has a tag KEY:VALUE")
    asked = query_to_wire(tuple(ServerKind), (tag.lower(),))
    answer = visit.wire.search(asked, account_id=visit.account_id, limit=100)
    found = answer.items("items")
    without = sum(1 for item in found if tag not in (item.get("tags") or []))
    expected = sum(1 for item in items if tag in (item.get("tags") or []))
    told = f"{len(found)} found, {without} of them without the tag, {expected} expected"
    return judged(without == 0 and len(found) == min(expected, 100), told)


def search_limit(visit: Visit) -> Finding:
    """A25: the search takes a limit of 1000."""
    _found(visit)
    answer = visit.kept["search"]
    return judged(answer.status == 200, f"{answer.status}")


TRUST_CHECKS: Mapping[str, Callable[[Visit], Finding]] = {
    "A14": token_claims,
    "A15": account_of_key,
    "A16": next_profiles,
    "A17": unpaged_parts,
    "A18": identities,
    "A19": claim_names,
    "A20": condition_values,
    "A21": limits,
    "A22": search_finds,
    "A23": search_goes_on,
    "A24": search_by_tag,
    "A25": search_limit,
}
