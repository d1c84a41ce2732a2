"""Markdown tables as GitHub reads them, for comments and reports."""

from collections.abc import Iterator, Sequence
from typing import Any

from vpcmetactl.render.closing import closing, is_page, pages
from vpcmetactl.render.columns import chosen_columns
from vpcmetactl.render.documents import Column, Document, Group, Line, Text, Write
from vpcmetactl.render.text import display_width, markdown_escaped, padded, printable


def render_markdown(document: Document[Any], write: Write) -> None:
    """Write the narrow table's columns in full, and under them what the table says there."""
    groups = closing(document)
    if is_page(document):
        groups = [*pages(document), *groups]
    elif document.items:
        lines = list(_table(chosen_columns(document, wide=False), document.items))
        write("".join(_fitting(lines, document.options.room)))
        if groups:
            write("\n")
    write("\n".join("".join(_group(group)) for group in groups))


def _fitting(lines: Sequence[str], room: int | None) -> Iterator[str]:
    """Give as many lines as there is room for, and say how many rows had none."""
    for place, line in enumerate(lines):
        if room is not None:
            room -= len(line.encode())
            if room < 0:
                yield f"\n{len(lines) - place} more are left out here, for want of room.\n"
                return
        yield line


def _table(columns: Sequence[Column[Any]], items: Sequence[Any]) -> Iterator[str]:
    rows = [[_cell(column.text(item)) for column in columns] for item in items]
    titles = [_escaped(column.title) for column in columns]
    widths = [max(3, *map(display_width, cells)) for cells in zip(titles, *rows, strict=True)]
    yield _line(titles, widths)
    yield _line(
        [
            "-" * (width - 1) + (":" if column.right else "-")
            for column, width in zip(columns, widths, strict=True)
        ],
        widths,
    )
    for row in rows:
        yield _line(row, widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded_cells = (padded(cell, width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded_cells)} |\n"


def _cell(text: Text) -> str:
    lines = (text,) if isinstance(text, str) else text
    return "<br>".join(map(_escaped, lines))


def _group(group: Group) -> Iterator[str]:
    if group.title is not None:
        yield f"**{_escaped(group.title)}**\n\n"
    elif len(group.lines) == 1 and group.lines[0].label is None:
        yield f"{_said(group.lines[0])}\n"
        return
    # A list: Markdown would run lines of their own together.
    yield from map(_list_item, group.lines)
    if group.rows is not None:
        yield "\n" if group.lines else ""
        columns = [column for column in group.rows.columns if not column.wide_only]
        yield from _table(columns, group.rows.items)


def _list_item(line: Line) -> str:
    label = f"{_escaped(line.label)}: " if line.label else ""
    return f"- {label}{_said(line)}\n"


def _said(line: Line) -> str:
    return _code(printable(line.text)) if line.keep else _escaped(line.text)


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _escaped(text: str) -> str:
    return markdown_escaped(printable(text))
