"""What a document says besides its table: pages, and the words after the items."""

from collections.abc import Sequence
from typing import Any

from vpcmetactl.render.documents import Document, Group, Line, Style, Unread


def is_page(document: Document[Any]) -> bool:
    """Whether items are shown as pages; columns that the user chose make a table of them."""
    return document.view.page is not None and not document.options.columns


def pages(document: Document[Any]) -> Sequence[Group]:
    """Return the groups of every item's page."""
    page = document.view.page
    return [group for item in document.items for group in page(item)] if page else []


def closing(document: Document[Any]) -> Sequence[Group]:
    """Return what is said after the items: the view's remarks, and what is missing above them.

    Nothing, where an error ended the command: it is told elsewhere, and counts would mislead.
    """
    if document.trailer.errors:
        return ()
    shown = len(document.items)
    lines = [Line(f"Showing {shown} of {document.total}.")] if shown < document.total else []
    lines += map(_missing, document.trailer.scope.incomplete)
    remarks = document.view.remarks(document)
    return [*remarks, Group(lines)] if lines else remarks


def _missing(unread: Unread) -> Line:
    return Line(f"Incomplete: {unread.words} could not be read: {unread.error}", style=Style.BAD)
