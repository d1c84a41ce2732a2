"""Columns and items as aligned text: what each cell says at which width is decided here.

tabulate draws it. With wcwidth beside it, East Asian characters take the two columns that they
take on a terminal.
"""

from collections.abc import Sequence
from functools import cache
from itertools import repeat
from typing import Any, NamedTuple

from tabulate import tabulate

from vpcmetactl.render.documents import Column, Fit, ItemT, Style
from vpcmetactl.render.text import display_width, printable, shortened, styled, wrapped

_GAP = "  "


class _Cell(NamedTuple):
    lines: tuple[str, ...]
    style: Style | None

    @property
    def width(self) -> int:
        """The width of its widest line."""
        return max(map(display_width, self.lines), default=0)


def draw_table(
    columns: Sequence[Column[ItemT]], items: Sequence[ItemT], width: int | None, *, color: bool
) -> str:
    """Return a table; a ``width`` of ``None`` narrows nothing."""
    grid = [_cells(column, items, color=color) for column in columns]
    # Few cells of a column differ: each is measured, and below drawn, once.
    natural = [max(cell.width for cell in set(cells)) for cells in grid]
    kept = list(range(len(columns)))
    if width is not None:
        kept = _without_optional(columns, natural, width)
    shown = [columns[i] for i in kept]
    widths = [natural[i] for i in kept]
    if width is not None:
        widths = _narrowed(shown, widths, width)
    texts = [
        _texts(column, grid[i], size, color=color)
        for i, column, size in zip(kept, shown, widths, strict=True)
    ]
    table = tabulate(
        list(zip(*texts, strict=True)),
        tablefmt="plain",
        disable_numparse=True,
        colalign=["right" if column.right else "left" for column in shown],
    )
    return "".join(f"{line.rstrip()}\n" for line in table.splitlines())


def _cells(column: Column[ItemT], items: Sequence[ItemT], *, color: bool) -> Sequence[_Cell]:
    """Return a column's cells, its title first."""
    styles = map(column.style, items) if color else repeat(None)
    return [
        _Cell((column.title,), Style.STRONG),
        *(
            _Cell(
                (printable(text),) if isinstance(text, str) else tuple(map(printable, text)), style
            )
            for text, style in zip(map(column.text, items), styles, strict=False)
        ),
    ]


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


def _texts(
    column: Column[Any], cells: Sequence[_Cell], width: int, *, color: bool
) -> Sequence[str]:
    """Return each cell as text no wider than this, lines apart, colour included."""

    @cache
    def text(cell: _Cell) -> str:
        if column.fit is Fit.WRAP:
            parts = [part for line in cell.lines for part in wrapped(line, width)]
        else:
            parts = [shortened(line, width) for line in cell.lines]
        return "\n".join(styled(part, cell.style, color=color) for part in parts)

    return [text(cell) for cell in cells]
