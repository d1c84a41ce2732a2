"""Reading items by the dotted paths of their JSON fields."""

from collections.abc import Callable, Sequence
from datetime import date
from operator import attrgetter
from typing import Any

import msgspec

from vpcmetactl.render.documents import ItemT
from vpcmetactl.render.options import SortKey


def getter(path: str) -> Callable[[object], object]:
    """Return what reads the field at ``path``; ``None`` where an object on the way is ``None``."""
    names = path.split(".")
    if len(names) == 1:
        return attrgetter(path)

    def get(item: object) -> object:
        value = item
        for name in names:
            if value is None:
                return None
            value = getattr(value, name)
        return value

    return get


def plain_text(value: object) -> str:
    """Return a field's value as CSV tells it: nothing for ``null``, JSON for a list.

    A text and a time have no quotes around them.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        # Also turns members of a StrEnum into their value.
        return str.__str__(value)
    if isinstance(value, date):
        return str(msgspec.to_builtins(value))
    return msgspec.json.encode(value).decode()


def word(value: object) -> str:
    """Return a field's value as a table tells it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain_text(value) or "-"


def sort_by(items: Sequence[ItemT], keys: Sequence[SortKey]) -> Sequence[ItemT]:
    """Return the items by the first key first; equals keep their order and ``None`` comes last."""
    for key in reversed(keys):
        read = getter(key.path)
        known = [item for item in items if read(item) is not None]
        missing = [item for item in items if read(item) is None]
        known.sort(key=_orderable(read), reverse=key.descending)
        items = [*known, *missing]
    return items


def _orderable(read: Callable[[object], object]) -> Callable[[object], Any]:
    """Tell mypy what the schema promises: the values of one field can be compared."""
    return read
