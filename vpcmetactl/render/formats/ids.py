"""The ids alone, one a line, for another command to read."""

from typing import Any

from vpcmetactl.render.documents import Document, Write
from vpcmetactl.render.text import printable


def render_ids(document: Document[Any], write: Write) -> None:
    """Write each id once, in the order of the items."""
    ids = dict.fromkeys(map(document.view.identity, document.items))
    write("".join(f"{printable(item_id)}\n" for item_id in ids if item_id is not None))
