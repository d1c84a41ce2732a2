"""Tables for terminals: ``table`` fits the width, ``wide`` shows everything."""

from typing import Any

from vpcmetactl.render.closing import closing, is_page, pages
from vpcmetactl.render.columns import chosen_columns
from vpcmetactl.render.documents import Document, Write
from vpcmetactl.render.formats.grids import draw_table
from vpcmetactl.render.formats.prose import draw_groups


def render_table(document: Document[Any], write: Write) -> None:
    """Write a table no wider than the options say, as far as its columns can be narrowed."""
    _render(document, write, wide=False)


def render_wide(document: Document[Any], write: Write) -> None:
    """Write a table with every column in full."""
    _render(document, write, wide=True)


def _render(document: Document[Any], write: Write, *, wide: bool) -> None:
    options = document.options
    groups = closing(document)
    if is_page(document):
        groups = [*pages(document), *groups]
    elif document.items:
        fit_to = None if wide else options.width
        columns = chosen_columns(document, wide=wide)
        items = document.items if wide else document.view.brief(document.items)
        if items:
            write(draw_table(columns, items, fit_to, color=options.color))
        if items and groups:
            write("\n")
    write(draw_groups(groups, options.width, color=options.color, wide=wide))
