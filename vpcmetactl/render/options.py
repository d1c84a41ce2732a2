"""How a result is to be shown, as the command line says it.

Imports next to nothing: every command's options are made of these words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """The formats: those that every reading command offers, and the reports of audits."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    MARKDOWN = "markdown"
    IDS = "ids"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    HTML = "html"
    PROMETHEUS = "prometheus"

    @property
    def is_report(self) -> bool:
        """Whether only ``audit run`` has it: what it tells is an audit."""
        return self in _REPORTS

    @property
    def has_columns(self) -> bool:
        """Whether ``--columns`` means something to it; the others are shaped by ``--query``."""
        return self in {Format.TABLE, Format.WIDE, Format.CSV, Format.MARKDOWN}


_REPORTS = frozenset({Format.SARIF, Format.JUNIT, Format.GITHUB, Format.HTML, Format.PROMETHEUS})


def formats_of(kind: str) -> Sequence[Format]:
    """Return the formats that documents of a kind can be had in."""
    return [one for one in Format if kind == "findings" or not one.is_report]


@dataclass(frozen=True)
class SortKey:
    """A field of the item to sort by; ``null`` comes last either way."""

    path: str
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """How a result is to be shown; ``choices`` reads ``sort`` and ``columns`` from words.

    ``room`` is how many bytes of UTF-8 a Markdown table may take, where its reader has a limit:
    rows that do not fit are left out, and counted. What stands under the table is whole.
    """

    query: str | None = None
    sort: tuple[SortKey, ...] = ()
    columns: tuple[str, ...] = ()
    limit: int | None = None
    width: int = 80
    color: bool = False
    room: int | None = None
