r"""CSV as RFC 4180 has it, but for the line ends, which are ``\n`` for the sake of Unix tools.

The columns are the fields of the item, under their JSON paths and with their JSON values: nothing
is lost on the way to another program. ``null`` is an empty cell, a list is JSON. What a spreadsheet
would take for a formula gets a ``'`` before it, and characters that do not print are escaped, so
no cell holds a line end.
"""

import csv
import io
from typing import Any

from vpcmetactl.render.documents import Document, Write
from vpcmetactl.render.paths import getter, plain_text
from vpcmetactl.render.schemas.reading import column_keys
from vpcmetactl.render.text import defused, printable


def render_csv(document: Document[Any], write: Write) -> None:
    """Write a header row and a row for each item."""
    keys = document.options.columns or column_keys(document.view.kind)
    getters = [getter(key) for key in keys]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(keys)
    writer.writerows([_cell(read(item)) for read in getters] for item in document.items)
    write(out.getvalue())


def _cell(value: object) -> str:
    text = printable(plain_text(value))
    return defused(text) if isinstance(value, str) else text
