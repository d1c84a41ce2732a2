"""The Global Search API's bodies, as far as we read them.

A page is read whole or not at all: a server that is left out of what was found would be left out of
what was chosen, and nobody would notice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.identifiers import Crn
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.tags import TaggedServer
from vpcmetactl.ibmcloud.wire.tolerant import NotAsDocumentedError

# Servers of the VPC service, told from others that have types of the same names.
_FAMILY = "is"


class ItemBody(msgspec.Struct):
    """A resource that was found, with the fields that were asked for."""

    crn: str
    tags: list[str] | None = None


class ScanBody(msgspec.Struct):
    """A page of what was found."""

    items: list[ItemBody]
    search_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class TagPage:
    """A page of servers with their tags; ``cursor`` leads to the next one.

    ``crns`` are of all that was found: by its type the API may find more than was meant.
    """

    crns: frozenset[str]
    servers: Sequence[TaggedServer]
    cursor: str | None


_SCAN = msgspec.json.Decoder(ScanBody)


def query_to_wire(kinds: Sequence[ServerKind], tags: Sequence[str]) -> Mapping[str, Any]:
    """Return what to search for: a query in Lucene's syntax, and the fields to be told.

    The types are those that CRNs name. No tag has a character in it that quotes cannot hold.
    """
    types = " OR ".join(f'type:"{_type(kind)}"' for kind in kinds)
    query = f"family:{_FAMILY} AND ({types})"
    if tags:
        borne = " OR ".join(f'tags:"{tag}"' for tag in tags)
        query += f" AND ({borne})"
    return {"query": query, "fields": ["crn", "tags"]}


def tags_from_wire(body: bytes, *, tags_asked: bool) -> TagPage:
    """Read a page. An empty one is the last, whatever it says.

    Where ``tags_asked``, everything on it was found by a tag: raises NotAsDocumentedError where the
    tags of a server are not told. Otherwise such a server has none.
    """
    scan = _SCAN.decode(body)
    if tags_asked and (mute := [item.crn for item in scan.items if item.tags is None]):
        raise NotAsDocumentedError(f"it does not tell the tags of {mute[0]}")
    types = {_type(kind) for kind in ServerKind}
    servers = [
        TaggedServer(crn, tuple(sorted({tag.lower() for tag in item.tags or ()})))
        for item in scan.items
        if (crn := _crn(item.crn)).resource_type in types
    ]
    crns = frozenset(item.crn for item in scan.items)
    return TagPage(crns, servers, scan.search_cursor if crns else None)


def _type(kind: ServerKind) -> str:
    return kind.value.replace("_", "-")


def _crn(text: str) -> Crn:
    try:
        return Crn.parse(text)
    except InvalidInputError as error:
        raise NotAsDocumentedError(str(error)) from None
