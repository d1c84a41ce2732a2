"""Which columns a document is shown with."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from vpcmetactl.render.documents import Column, Document, Fit, ItemT, Text
from vpcmetactl.render.paths import getter, word


def chosen_columns(document: Document[ItemT], *, wide: bool) -> Sequence[Column[ItemT]]:
    """Return the columns the user chose, else those the view has for a narrow or wide table.

    A field that the view has no column for gets a plain one.
    """
    now = document.trailer.generated_at
    columns = [_told_the_time(column, now) for column in document.view.columns]
    if not document.options.columns:
        shown = [
            column
            for column in columns
            if (wide or not column.wide_only)
            and (not column.optional or any(map(column.text, document.items)))
        ]
        key = document.view.account_key
        if key is not None and len(document.trailer.scope.accounts) > 1:
            shown.insert(0, replace(_plain_column(key), title="ACCOUNT"))
        return shown
    by_key = {column.key: column for column in columns}
    return [by_key.get(key) or _plain_column(key) for key in document.options.columns]


def _told_the_time(column: Column[ItemT], now: datetime) -> Column[ItemT]:
    text_at = column.text_at
    if text_at is None:
        return column
    return replace(column, text=lambda item: text_at(item, now))


def _plain_column(key: str) -> Column[Any]:
    return Column(key=key, title=key.upper(), text=_text(key), fit=Fit.SHORTEN)


def _text(key: str) -> Callable[[object], Text]:
    read = getter(key)
    return lambda item: word(read(item))
