"""Which columns a document is shown with."""

from collections.abc import Callable, Sequence
from typing import Any

from vpcmetactl.render.documents import Column, Document, Fit, ItemT, Text
from vpcmetactl.render.paths import getter, word


def chosen_columns(document: Document[ItemT], *, wide: bool) -> Sequence[Column[ItemT]]:
    """Return the columns the user chose, else those the view has for a narrow or wide table.

    A field that the view has no column for gets a plain one.
    """
    columns = document.view.columns
    if not document.options.columns:
        return [column for column in columns if wide or not column.wide_only]
    by_key = {column.key: column for column in columns}
    return [by_key.get(key) or _plain_column(key) for key in document.options.columns]


def _plain_column(key: str) -> Column[Any]:
    return Column(key=key, title=key.upper(), text=_text(key), fit=Fit.SHORTEN)


def _text(key: str) -> Callable[[object], Text]:
    read = getter(key)
    return lambda item: word(read(item))
