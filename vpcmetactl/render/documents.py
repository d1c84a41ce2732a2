"""What views, formats and callers agree on: columns, views, trailers, documents.

Imports neither msgspec nor any format: an error before the first item is shown without them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from vpcmetactl.domain.errors import ExitCode, VpcmetactlError

if TYPE_CHECKING:
    # Only named here; a usage error does not wait until they are loaded.
    from vpcmetactl.domain.access_findings import AccessFinding
    from vpcmetactl.domain.audit import AuditReport
    from vpcmetactl.domain.diffing import DiffSummary
    from vpcmetactl.domain.plans import Plan
    from vpcmetactl.domain.saved_plans import SavedPlan
    from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.render.options import OutputOptions

ValueT = TypeVar("ValueT")
ItemT = TypeVar("ItemT")

# What a cell says: one line, or several.
Text = str | tuple[str, ...]
Write = Callable[[str], None]


class Style(StrEnum):
    """How a text may stand out where colour is wanted; the values are SGR codes."""

    STRONG = "1"
    FAINT = "2"
    BAD = "31"
    GOOD = "32"
    ATTENTION = "33"


class Fit(StrEnum):
    """What becomes of a column whose text is wider than the room there is."""

    WHOLE = "whole"
    SHORTEN = "shorten"
    WRAP = "wrap"


def _plain(_: object) -> None:
    return None


def _everything(items: Sequence[Any]) -> Sequence[Any]:
    return items


@dataclass(frozen=True, kw_only=True)
class Column(Generic[ItemT]):
    """One column of a table.

    ``key`` is the path of the JSON field it tells, which is its name for ``--columns``.
    ``text_at``, where it is set, takes the place of ``text`` and is told the time of the document,
    for ages. ``least`` is the width below which a column is not shortened or wrapped. An
    ``optional`` column is left out where nobody chose it and no cell has anything in it, and of a
    ``table`` that would be too wide with it.
    """

    key: str
    title: str
    text: Callable[[ItemT], Text]
    text_at: Callable[[ItemT, datetime], Text] | None = None
    style: Callable[[ItemT], Style | None] = _plain
    fit: Fit = Fit.WHOLE
    least: int = 12
    optional: bool = False
    wide_only: bool = False
    right: bool = False


@dataclass(frozen=True)
class Line:
    """A line of prose, wrapped to the width unless it is to be copied (``keep``)."""

    text: str
    label: str | None = None
    keep: bool = False
    style: Style | None = None


@dataclass(frozen=True)
class Rows(Generic[ItemT]):
    """A table within a page."""

    columns: Sequence[Column[ItemT]]
    items: Sequence[ItemT]


@dataclass(frozen=True)
class Group:
    """Lines that belong together, under a title where it has one; ``rows`` stand below them."""

    lines: Sequence[Line]
    title: str | None = None
    style: Style | None = None
    rows: Rows[Any] | None = None


_THINGS = {
    "profiles": "trusted profiles",
    "templates": "instance templates",
    "terraform": "planned resources",
    "tags": "user tags",
}


@dataclass(frozen=True)
class Unread:
    """Something that could not be read.

    ``kind`` is ``None`` where that is a whole region, or no server. ``content`` is the value of a
    ``domain.snapshots.Content``, ``tags`` of servers, ``terraform`` where a plan does not tell
    everything, or ``account`` where that is all of one.
    """

    account_id: str | None
    region: str | None
    kind: "ServerKind | None"
    error: VpcmetactlError
    content: str = "servers"

    @property
    def things(self) -> str | None:
        """What is missing, in the plural; ``None`` where it is everything in a region."""
        return f"{self.kind.words}s" if self.kind is not None else _THINGS.get(self.content)

    @property
    def words(self) -> str:
        """What is missing and where: ``instances in eu-de``."""
        if self.content == "account":
            return f"account {self.account_id}" if self.account_id else "an account"
        if self.things is None:
            return self.region or "a region"
        return f"{self.things} in {self.region}" if self.region else self.things


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Where the items come from, and what is missing among them."""

    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    excluded: Sequence[str] = ()
    incomplete: Sequence[Unread] = ()
    endpoint: str | None = None
    snapshot: str | None = None
    taken_at: datetime | None = None


class Status(StrEnum):
    """Whether the items are everything that was asked for."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    ERROR = "error"


_CUT_SHORT = frozenset({ExitCode.INCOMPLETE, ExitCode.INTERRUPTED, ExitCode.TERMINATED})


@dataclass(frozen=True, kw_only=True)
class Trailer:
    """What is known at the end only.

    ``whole`` is the report, plan or comparison that the items are from, or what stands out in the
    account they are of, where there is one: a summary may count what is no item, such as the
    servers that passed, and a plan that was put aside has more to tell. ``run_id`` names the run of
    an apply.
    """

    generated_at: datetime
    exit_code: ExitCode = ExitCode.OK
    scope: Scope = field(default_factory=Scope)
    errors: Sequence[VpcmetactlError] = ()
    whole: "AuditReport | DiffSummary | Plan | SavedPlan | Sequence[AccessFinding] | None" = None
    run_id: str | None = None

    @property
    def status(self) -> Status:
        """``error`` where an error ended the command, ``incomplete`` where anything is missing."""
        if self.errors or self.exit_code in (ExitCode.ERROR, ExitCode.USAGE):
            return Status.ERROR
        if self.scope.incomplete or self.exit_code in _CUT_SHORT:
            return Status.INCOMPLETE
        return Status.COMPLETE


@dataclass(frozen=True, kw_only=True)
class View(Generic[ValueT, ItemT]):
    """How values of one kind are shown, in whatever format.

    ``to_item`` gives the msgspec Struct that JSON shows and every other format reads. ``identity``
    is the id that the format ``ids`` prints; an item without one is left out. ``summarize`` counts
    all items, shown or not, into the Struct under ``summary``. ``remarks`` stand under the items.
    Where ``page`` is set, tables give way to a page for each item. ``brief`` picks the items that
    the narrow table shows; every other format shows all. ``account_key`` is the path of the item's
    account, which a table begins with where several accounts were read.
    """

    kind: str
    to_item: Callable[[ValueT], ItemT]
    sort_key: Callable[[ItemT], Any]
    identity: Callable[[ItemT], str | None]
    columns: Sequence[Column[ItemT]]
    summarize: Callable[[Sequence[ItemT], Trailer], Any]
    remarks: Callable[["Document[ItemT]"], Sequence[Group]]
    page: Callable[[ItemT], Sequence[Group]] | None = None
    account_key: str | None = None
    brief: Callable[[Sequence[ItemT]], Sequence[ItemT]] = _everything


@dataclass(frozen=True, kw_only=True)
class Document(Generic[ItemT]):
    """A result that is complete: what a format turns into text.

    ``items`` are those to show, in order; ``total`` counts those there are.
    """

    view: View[Any, ItemT]
    items: Sequence[ItemT]
    total: int
    summary: Any
    trailer: Trailer
    options: OutputOptions
