"""How a result is to be shown, as the command line says it.

Imports next to nothing: every command's options are made of these words.
"""

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """The formats that every reading command offers."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    MARKDOWN = "markdown"
    IDS = "ids"

    @property
    def has_columns(self) -> bool:
        """Whether ``--columns`` means something to it; the others are shaped by ``--query``."""
        return self in {Format.TABLE, Format.WIDE, Format.CSV, Format.MARKDOWN}


@dataclass(frozen=True)
class SortKey:
    """A field of the item to sort by; ``null`` comes last either way."""

    path: str
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """How a result is to be shown; ``choices`` reads ``sort`` and ``columns`` from words."""

    query: str | None = None
    sort: tuple[SortKey, ...] = ()
    columns: tuple[str, ...] = ()
    limit: int | None = None
    width: int = 80
    color: bool = False
