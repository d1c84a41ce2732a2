"""Following a list from page to page."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from vpcmetactl.domain.errors import MalformedResponseError

T = TypeVar("T")


def every_page(
    fetch: Callable[[str | None], tuple[Sequence[T], str | None]],
) -> Iterator[T]:
    """Yield the items of every page; ``fetch`` returns a page and where the next one starts.

    Raises MalformedResponseError where the pages lead back to one that was read.
    """
    start: str | None = None
    seen: set[str] = set()
    while True:
        items, start = fetch(start)
        yield from items
        if start is None:
            return
        if start in seen:
            raise MalformedResponseError("the pages of a list lead back to one that was read")
        seen.add(start)
