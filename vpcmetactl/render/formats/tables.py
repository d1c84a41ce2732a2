"""Tables for terminals: ``table`` fits the width, ``wide`` shows everything.

Drawn here and not by a library: the widths are those a terminal shows (East Asian characters take
two columns), cells may have several lines, and ten thousand rows take a tenth of the time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from vpcmetactl.render.columns import chosen_columns
from vpcmetactl.render.documents import Column, Document, Fit, Group, ItemT, Line, Style, Write
from vpcmetactl.render.formats.prose import draw_groups
from vpcmetactl.render.text import display_width, padded, printable, shortened, styled, wrapped

_GAP = "  "


def render_table(document: Document[Any], write: Write) -> None:
    """Write a table no wider than the options say, as far as its columns can be narrowed."""
    _render(document, write, wide=False)


def render_wide(document: Document[Any], write: Write) -> None:
    """Write a table with every column in full."""
    _render(document, write, wide=True)


def _render(document: Document[Any], write: Write, *, wide: bool) -> None:
    options = document.options
    page = document.view.page
    if page is not None and not options.columns:
        for item in document.items:
            write(draw_groups(page(item), options.width, color=options.color))
    elif document.items:
        columns = chosen_columns(document, wide=wide)
        fit_to = None if wide else options.width
        write(draw_table(columns, document.items, fit_to, color=options.color))
    groups = closing(document)
    if groups:
        if document.items:
            write("\n")
        write(draw_groups(groups, options.width, color=options.color))


def closing(document: Document[Any]) -> Sequence[Group]:
    """Return what is to be said after the items: the view's remarks, and what is not shown."""
    said = [] if document.total else [Line(document.view.empty)]
    if len(document.items) < document.total:
        said.append(Line(f"Showing {len(document.items)} of {document.total}."))
    said += [
        Line(
            f"Incomplete: {_unread_place(unread.region, unread.kind)} could not be read: "
            f"{unread.error}",
            style=Style.BAD,
        )
        for unread in document.trailer.scope.incomplete
    ]
    remarks = document.view.remarks(document) if document.total else []
    return [*remarks, Group(said)] if said else remarks


def _unread_place(region: str | None, kind: str | None) -> str:
    place = region or "a region"
    return f"{kind.replace('_', ' ')}s of {place}" if kind else place


@dataclass(frozen=True, slots=True)
class _Cell:
    lines: Sequence[str]
    style: Style | None = None


def draw_table(
    columns: Sequence[Column[ItemT]], items: Sequence[ItemT], width: int | None, *, color: bool
) -> str:
    """Return a table; a ``width`` of ``None`` narrows nothing."""
    grid = [[_cell(column, item) for item in items] for column in columns]
    natural = [
        max(display_width(column.title), *(_width(cell) for cell in cells))
        for column, cells in zip(columns, grid, strict=True)
    ]
    kept = list(range(len(columns)))
    if width is not None:
        kept = _without_optional(columns, natural, width)
    shown = [columns[i] for i in kept]
    widths = [natural[i] for i in kept]
    if width is not None:
        widths = _narrowed(shown, widths, width)
    header = [_Cell((column.title,), Style.STRONG) for column in shown]
    rows = [header, *zip(*(grid[i] for i in kept), strict=True)]
    return "".join(line for row in rows for line in _row(shown, widths, row, color=color))


def _cell(column: Column[ItemT], item: ItemT) -> _Cell:
    text = column.text(item)
    lines = (text,) if isinstance(text, str) else text
    return _Cell([printable(line) for line in lines], column.style(item))


def _width(cell: _Cell) -> int:
    return max(map(display_width, cell.lines), default=0)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _least(column: Column[Any], natural: int) -> int:
    if column.fit is Fit.WHOLE:
        return natural
    return min(natural, max(column.least, display_width(column.title)))


def _without_optional(
    columns: Sequence[Column[Any]], natural: Sequence[int], width: int
) -> list[int]:
    """Return the columns that stay: optional ones go, the last first, until the rest can fit."""
    kept = list(range(len(columns)))
    for i in reversed(range(len(columns))):
        if _total([_least(columns[k], natural[k]) for k in kept]) <= width:
            break
        if columns[i].optional:
            kept.remove(i)
    return kept


def _narrowed(columns: Sequence[Column[Any]], natural: Sequence[int], width: int) -> list[int]:
    """Return the widths with the widest narrowable column narrowed, again and again."""
    widths = list(natural)
    least = [_least(column, size) for column, size in zip(columns, natural, strict=True)]
    while _total(widths) > width:
        room = [i for i in range(len(widths)) if widths[i] > least[i]]
        if not room:
            break
        widths[max(room, key=widths.__getitem__)] -= 1
    return widths


def _row(
    columns: Sequence[Column[Any]], widths: Sequence[int], cells: Sequence[_Cell], *, color: bool
) -> Iterator[str]:
    fitted = [
        _fitted(column, cell, width)
        for column, cell, width in zip(columns, cells, widths, strict=True)
    ]
    for parts in zip_longest(*fitted, fillvalue=""):
        texts = [
            _painted(padded(part, width, right=column.right), part, cell.style, color=color)
            for column, width, cell, part in zip(columns, widths, cells, parts, strict=True)
        ]
        yield _GAP.join(texts).rstrip() + "\n"


def _fitted(column: Column[Any], cell: _Cell, width: int) -> Sequence[str]:
    if column.fit is Fit.WRAP:
        return [part for line in cell.lines for part in wrapped(line, width)]
    return [shortened(line, width) for line in cell.lines]


def _painted(padded_text: str, text: str, style: Style | None, *, color: bool) -> str:
    """Colour the text alone, not the blanks beside it."""
    if not color or style is None or not text:
        return padded_text
    return padded_text.replace(text, styled(text, style, color=True), 1)
