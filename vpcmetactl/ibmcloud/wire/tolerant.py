"""Decoding that gives up as little as it can: a page, an item, a field, in this order.

A body that is no JSON at all raises ``msgspec.DecodeError`` or ``UnicodeDecodeError``; it was cut
or is not the API's, and may come out right when asked for again. What is JSON and not as documented
will be the same next time: it is left out and reported.
"""

import dataclasses
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import msgspec

from vpcmetactl.usecases.ports import Unreadable

T = TypeVar("T")
Id = Annotated[str, msgspec.Meta(min_length=1)]

_NOT_AS_DOCUMENTED = (msgspec.ValidationError, UnicodeDecodeError)
_MEMBERS: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(
    dict[str, msgspec.Raw]
)


class _Identified(msgspec.Struct):
    id: Id


_IDENTIFIED = msgspec.json.Decoder(_Identified)


class NotAsDocumentedError(Exception):
    """A body that is JSON, but so far from what is documented that nothing can be made of it."""


def decode_items(
    items: list[msgspec.Raw], kind: type[T], unreadable: list[Unreadable]
) -> Iterator[T]:
    """Decode what can be decoded of each item, and append what cannot to ``unreadable``.

    An item whose ``id`` is unusable is left out.
    """
    decoder = msgspec.json.Decoder(kind)
    for raw in items:
        try:
            yield decoder.decode(raw)
        except _NOT_AS_DOCUMENTED:
            item = _salvage(raw, kind, unreadable)
            if item is not None:
                yield item


def decode_object(body: bytes, kind: type[T]) -> tuple[T, list[Unreadable]]:
    """Decode a body that is one item, and return it with what could not be understood in it.

    Raises NotAsDocumentedError where its ``id`` is unusable.
    """
    unreadable: list[Unreadable] = []
    for item in decode_items([msgspec.Raw(body)], kind, unreadable):
        return item, unreadable
    raise NotAsDocumentedError(unreadable[0].message)


def _salvage(raw: msgspec.Raw, kind: type[T], unreadable: list[Unreadable]) -> T | None:
    try:
        server_id = _IDENTIFIED.decode(raw).id
    except _NOT_AS_DOCUMENTED as error:
        unreadable.append(Unreadable(None, None, f"an item without a usable id: {error}"))
        return None
    return _salvage_fields(raw, kind, server_id, "", unreadable)


def _salvage_fields(
    raw: msgspec.Raw, kind: type[T], server_id: str, path: str, unreadable: list[Unreadable]
) -> T:
    members = _MEMBERS.decode(raw)
    values: dict[str, Any] = {}
    for attribute, name, declared in _fields(kind):
        if name in members:
            values[attribute] = _salvage_value(
                members[name], declared, server_id, path + name, unreadable
            )
    return kind(**values)


def _salvage_value(
    raw: msgspec.Raw, declared: object, server_id: str, path: str, unreadable: list[Unreadable]
) -> object:
    try:
        value: object = msgspec.json.decode(raw, type=declared)
    except _NOT_AS_DOCUMENTED as error:
        inner = _object_type(declared)
        if inner is not None and bytes(raw).lstrip()[:1] == b"{":
            return _salvage_fields(raw, inner, server_id, f"{path}.", unreadable)
        unreadable.append(Unreadable(server_id, path, f"{path} is not as documented: {error}"))
        return None
    return value


def _object_type(declared: object) -> type[object] | None:
    """Return the class that an optional field holds, where it holds an object."""
    for candidate in (declared, *get_args(declared)):
        if isinstance(candidate, type) and (
            dataclasses.is_dataclass(candidate) or issubclass(candidate, msgspec.Struct)
        ):
            return candidate
    return None


def _fields(kind: type[object]) -> list[tuple[str, str, object]]:
    """Return the attribute, the name in JSON and the declared type of each field."""
    if issubclass(kind, msgspec.Struct):
        return [
            (field.name, field.encode_name, field.type) for field in msgspec.structs.fields(kind)
        ]
    hints = get_type_hints(kind)
    attributes = dataclasses.fields(kind)  # type: ignore[arg-type] # it is one, else a Struct
    return [(field.name, field.name, hints[field.name]) for field in attributes]
