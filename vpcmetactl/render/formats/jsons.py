"""JSON: the envelope, what a query makes of it, or one item a line."""

from typing import Any

import msgspec

from vpcmetactl.render.documents import Document, Status, Write
from vpcmetactl.render.envelope import envelope
from vpcmetactl.render.query import Query
from vpcmetactl.render.text import printable_json

_encoder = msgspec.json.Encoder()


def render_envelope(document: Document[Any], write: Write) -> None:
    """Write the whole envelope."""
    write(_indented(_envelope(document)))


class QueryRenderer:
    """Writes what a query selects from the envelope."""

    def __init__(self, query: Query) -> None:
        self._query = query

    def __call__(self, document: Document[Any], write: Write) -> None:
        """Write the selection, ``null`` where there is none, or why there is nothing to select."""
        if document.trailer.errors:
            render_envelope(document, write)
            return
        # Not to_builtins: JMESPath takes the tuples that it leaves for no lists.
        plain = msgspec.json.decode(msgspec.json.encode(_envelope(document)))
        write(_indented(self._query.search(plain)))


def render_lines(document: Document[Any], write: Write) -> None:
    """Write one item a line."""
    for item in document.items:
        write(line(item))


def line(item: object) -> str:
    """Return an item on one line."""
    return printable_json(_encoder.encode(item).decode()) + "\n"


def _envelope(document: Document[Any]) -> dict[str, object]:
    trailer = document.trailer
    # A command that failed counted what it had come to, which is no summary.
    summary = None if trailer.status is Status.ERROR else document.summary
    return envelope(document.view.kind, trailer, trailer.status, document.items, summary)


def _indented(value: object) -> str:
    text = msgspec.json.format(_encoder.encode(value), indent=2).decode()
    return printable_json(text) + "\n"
