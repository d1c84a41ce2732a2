"""Groups of lines as plain text: what stands under a table, and whole pages."""

from collections.abc import Iterator, Sequence
from typing import Any

from vpcmetactl.render.documents import Group, Line, Rows, Style
from vpcmetactl.render.formats.grids import draw_table
from vpcmetactl.render.text import display_width, padded, printable, styled, wrapped

_INDENT = "  "
# Prose wider than this is hard to read, however wide the terminal is.
_WIDEST = 120


def draw_groups(groups: Sequence[Group], width: int, *, color: bool, wide: bool = False) -> str:
    """Return the groups with a blank line between them, wrapped to a width.

    Tables among them fit the width too, unless they are ``wide``.
    """

    def draw(group: Group) -> Iterator[str]:
        yield from _group(group, min(width, _WIDEST), color)
        if group.rows is not None:
            yield from _rows(group.rows, None if wide else width, color)

    return "\n".join("".join(draw(group)) for group in groups)


def _rows(
    rows: Rows[Any],
    width: int | None,
    color: bool,  # noqa: FBT001 - private
) -> Iterator[str]:
    columns = [column for column in rows.columns if width is None or not column.wide_only]
    room = None if width is None else width - len(_INDENT)
    table = draw_table(columns, rows.items, room, color=color)
    yield from (f"{_INDENT}{line}" for line in table.splitlines(keepends=True))


def _group(group: Group, width: int, color: bool) -> Iterator[str]:  # noqa: FBT001 - private
    indent = ""
    if group.title is not None:
        for text in wrapped(printable(group.title), width):
            yield styled(text, group.style or Style.STRONG, color=color) + "\n"
        indent = _INDENT
    labels = max((display_width(printable(line.label or "")) for line in group.lines), default=0)
    for line in group.lines:
        yield from _line(line, indent, labels, width, color)


def _line(
    line: Line,
    indent: str,
    labels: int,
    width: int,
    color: bool,  # noqa: FBT001 - private
) -> Iterator[str]:
    first = hanging = indent
    if line.label is not None:
        first = indent + padded(printable(line.label), labels) + _INDENT
        hanging = " " * display_width(first)
    text = printable(line.text)
    # A command must be one line to be copied, whatever the width.
    texts = [text] if line.keep else wrapped(text, max(width - display_width(first), 1))
    for number, part in enumerate(texts):
        start = hanging if number else first
        yield f"{start}{styled(part, line.style, color=color)}".rstrip() + "\n"
