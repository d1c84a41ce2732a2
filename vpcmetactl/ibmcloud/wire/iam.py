"""The IAM Identity API's bodies, as far as we read them, and what they mean in our vocabulary.

Every field may be absent or ``null`` except an ``id``, and enumerations are plain strings. An item
without an id is left out and reported; a condition of a rule is never left out, for the rule would
then hold for more servers than it does (platform notes 4.2).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from vpcmetactl.domain.trust import (
    ClaimRule,
    IdentityLimit,
    ProfileIdentity,
    ProfileLink,
    RuleCondition,
    TrustedProfile,
)
from vpcmetactl.ibmcloud.wire.tolerant import (
    Id,
    NotAsDocumentedError,
    decode_items,
    decode_object,
)
from vpcmetactl.usecases.ports import Unreadable

B = TypeVar("B")


class ProfileBody(msgspec.Struct):
    """A trusted profile."""

    id: Id
    name: str | None = None
    account_id: str | None = None
    iam_id: str | None = None
    crn: str | None = None
    description: str | None = None
    created_at: str | None = None
    modified_at: str | None = None


class LinkedBody(msgspec.Struct):
    """``link`` of a link: the compute resource that it is to."""

    crn: str | None = None
    namespace: str | None = None
    name: str | None = None
    component_type: str | None = None
    component_name: str | None = None


class LinkBody(msgspec.Struct):
    """A link of a profile."""

    id: Id
    name: str | None = None
    cr_type: str | None = None
    is_cross_account: bool | None = None
    created_at: str | None = None
    link: LinkedBody | None = None


class RuleBody(msgspec.Struct):
    """A claim rule."""

    id: Id
    name: str | None = None
    type: str | None = None
    cr_type: str | None = None
    conditions: Any = None


class IdentityBody(msgspec.Struct):
    """An identity that may assume a profile; it has no id of its own."""

    iam_id: str | None = None
    identifier: str | None = None
    type: str | None = None
    accounts: tuple[str, ...] | None = None
    description: str | None = None


class ProfilesBody(msgspec.Struct):
    """A page of trusted profiles; ``next`` is an address, and no object as in the VPC API."""

    profiles: list[msgspec.Raw]
    next: str | None = None


class _Unpaged(msgspec.Struct, kw_only=True):
    """A list that is documented to have no pages (platform notes 4.2); ``next`` would be one."""

    next: msgspec.Raw = msgspec.Raw(b"null")


class LinksBody(_Unpaged):
    """Every link of a profile."""

    links: list[msgspec.Raw]


class RulesBody(_Unpaged):
    """Every claim rule of a profile."""

    rules: list[msgspec.Raw]


class IdentitiesBody(_Unpaged):
    """Every identity that may assume a profile."""

    identities: list[msgspec.Raw]


class LimitBody(msgspec.Struct):
    """A limit; ``count`` is how much of it is used, where that was asked for."""

    limit: int | None = None
    count: int | None = None


class KeyBody(msgspec.Struct):
    """The details of an API key; the key itself is in them, too, and is skipped."""

    account_id: Id


_PROFILES = msgspec.json.Decoder(ProfilesBody)
_LINKS = msgspec.json.Decoder(LinksBody)
_RULES = msgspec.json.Decoder(RulesBody)
_IDENTITIES = msgspec.json.Decoder(IdentitiesBody)
_LIMITS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KEY = msgspec.json.Decoder(KeyBody)

UnpagedT = TypeVar("UnpagedT", bound=_Unpaged)
Unread = Callable[[Unreadable], None]


def profiles_from_wire(body: bytes, unread: Unread) -> tuple[Sequence[TrustedProfile], str | None]:
    """Read a page of profiles, and the token that the next page starts at."""
    page = _PROFILES.decode(body)
    found = _items(page.profiles, ProfileBody, unread)
    return [TrustedProfile(**msgspec.structs.asdict(item)) for item in found], _token(page.next)


def _whole(body: UnpagedT) -> UnpagedT:
    """Return a list that is whole: of a part one could not tell who is trusted."""
    if bytes(body.next) not in {b"null", b'""'}:
        raise NotAsDocumentedError("it goes on on another page, and is documented to have none")
    return body


def links_from_wire(body: bytes, profile_id: str, unread: Unread) -> Sequence[ProfileLink]:
    """Read the links of a profile."""
    found = _items(_whole(_LINKS.decode(body)).links, LinkBody, unread)
    return [_link(item, profile_id) for item in found]


def link_from_wire(body: bytes, profile_id: str) -> ProfileLink:
    """Read one link; fields that are not as documented are ``None``."""
    return _link(decode_object(body, LinkBody)[0], profile_id)


def rules_from_wire(body: bytes, profile_id: str, unread: Unread) -> Sequence[ClaimRule]:
    """Read the claim rules of a profile."""
    return [
        ClaimRule(
            id=item.id,
            profile_id=profile_id,
            type=item.type,
            cr_type=item.cr_type,
            name=item.name,
            conditions=_conditions(item.conditions),
        )
        for item in _items(_whole(_RULES.decode(body)).rules, RuleBody, unread)
    ]


def identities_from_wire(body: bytes, profile_id: str, unread: Unread) -> Sequence[ProfileIdentity]:
    """Read the identities that may assume a profile."""
    return [
        ProfileIdentity(
            profile_id=profile_id,
            type=item.type,
            identifier=item.identifier,
            iam_id=item.iam_id,
            description=item.description,
            accounts=item.accounts or (),
        )
        for item in _items(_whole(_IDENTITIES.decode(body)).identities, IdentityBody, unread)
    ]


def limits_from_wire(body: bytes) -> Sequence[IdentityLimit]:
    """Read an account's limits; what has no limit, or none that is a number, is left out."""
    limits = []
    for name, raw in _LIMITS.decode(body).items():
        try:
            found = msgspec.json.decode(raw, type=LimitBody)
        except (msgspec.ValidationError, UnicodeDecodeError):
            continue
        if found.limit is not None:
            limits.append(IdentityLimit(name=name, limit=found.limit, used=found.count))
    return limits


def account_from_wire(body: bytes) -> str:
    """Read whose account an API key belongs to."""
    return _KEY.decode(body).account_id


def link_to_wire(
    *, cr_type: str, crn: str, name: str | None, is_cross_account: bool
) -> Mapping[str, Any]:
    """Return the parameters of a new link; what is left out takes the API's default."""
    return {
        "cr_type": cr_type,
        "link": {"crn": crn},
        "name": name,
        "is_cross_account": is_cross_account or None,
    }


def _items(items: list[msgspec.Raw], kind: type[B], unread: Unread) -> list[B]:
    unreadable: list[Unreadable] = []
    found = list(decode_items(items, kind, unreadable))
    for item in unreadable:
        unread(item)
    return found


def _link(body: LinkBody, profile_id: str) -> ProfileLink:
    linked = body.link or LinkedBody()
    return ProfileLink(
        id=body.id,
        profile_id=profile_id,
        cr_type=body.cr_type,
        crn=linked.crn,
        name=body.name,
        created_at=body.created_at,
        is_cross_account=body.is_cross_account,
        namespace=linked.namespace,
        resource_name=linked.name,
        component_type=linked.component_type,
        component_name=linked.component_name,
    )


def _conditions(found: object) -> tuple[RuleCondition, ...]:
    """Keep every condition; one that is none has no claim that anybody could evaluate."""
    if found is None:
        return ()
    items = found if isinstance(found, list) else [found]
    return tuple(
        RuleCondition(*(_text(item.get(part)) for part in ("claim", "operator", "value")))
        if isinstance(item, dict)
        else RuleCondition("", "", _text(item))
        for item in items
    )


def _text(part: object) -> str:
    """Return a string as it is, and anything else as the JSON that it was."""
    if part is None:
        return ""
    return part if isinstance(part, str) else msgspec.json.encode(part).decode()


def _token(following: str | None) -> str | None:
    if not following:
        return None
    with suppress(KeyError, ValueError):
        return parse_qs(urlsplit(following).query)["pagetoken"][0]
    raise NotAsDocumentedError("the address of the next page names no pagetoken")
