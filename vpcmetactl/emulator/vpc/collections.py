"""The resources of one kind in one region: found by id, listed by filter, paged by cursor."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Filterable(Protocol):
    """Something a collection can hold."""

    @property
    def id(self) -> str:
        """What the collection finds it by."""
        ...

    def filter_value(self, name: str) -> str | None:
        """Return what a list filter of this name compares with; None matches nothing."""
        ...


T = TypeVar("T", bound=Filterable)

Filters = tuple[tuple[str, str], ...]
"""Names and values, all of which must match."""

_REMEMBERED = 64
"""Filtered selections kept: enough for a listing per VPC, few enough to forget."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a selection; `next` is the id the following page starts at, None on the last."""

    items: tuple[T, ...]
    total_count: int
    next: str | None


class Selection(Generic[T]):
    """What a filter selected, in the collection's order."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = tuple(items)
        self._positions = {item.id: position for position, item in enumerate(self._items)}

    def page(self, start: str | None, limit: int) -> Page[T]:
        """Return the page that starts at an id; KeyError if the selection does not hold it."""
        begin = 0 if start is None else self._positions[start]
        end = begin + limit
        following = self._items[end].id if end < len(self._items) else None
        return Page(self._items[begin:end], len(self._items), following)


class Collection(Generic[T]):
    """Keeps the order things were added in. Selections are remembered until something changes.

    Writers hold the world's lock; readers need none.
    """

    def __init__(self) -> None:
        self._items: dict[str, T] = {}
        self._hidden: set[str] = set()
        self._selections: dict[Filters, Selection[T]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(tuple(self._items.values()))

    def get(self, identifier: str) -> T | None:
        """Return what has this id, or None."""
        return self._items.get(identifier)

    def add(self, *items: T) -> None:
        """Add things at the end; one with an id already there replaces it in its place."""
        self._items.update((item.id, item) for item in items)
        self.changed()

    def discard(self, identifier: str) -> None:
        """Forget what has this id, if anything has."""
        if self._items.pop(identifier, None) is not None:
            self.changed()

    def hide(self, identifier: str) -> None:
        """Leave something out of listings from now on, as for one who may not list it."""
        self._hidden.add(identifier)
        self.changed()

    def changed(self) -> None:
        """Say that something filters look at has changed."""
        self._selections = {}

    def select(self, filters: Filters) -> Selection[T]:
        """Return what matches all filters."""
        remembered = self._selections
        if (known := remembered.get(filters)) is not None:
            return known
        selection = Selection(
            item
            for item in self
            if item.id not in self._hidden
            and all(item.filter_value(name) == value for name, value in filters)
        )
        if len(remembered) < _REMEMBERED:
            remembered[filters] = selection
        return selection
