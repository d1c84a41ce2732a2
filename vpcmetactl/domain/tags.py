"""User tags of servers, which the platform keeps apart from the servers themselves.

Whoever attaches or detaches one tells Global Tagging; which servers bear it, Global Search knows, a
while later.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.identifiers import Crn
from vpcmetactl.domain.servers import Server

# IBM's rules for the name of a tag, https://cloud.ibm.com/docs/account?topic=account-tag.
_MOST = 128
_TAG = re.compile(r"[A-Za-z0-9_.:-]+( +[A-Za-z0-9_.:-]+)*")


def parse_tag(text: str, option: str = "--tag") -> str:
    """Read a tag, ``key:value`` or a plain label; in lower case, as the platform keeps it.

    Raises InvalidInputError for what no tag can be.
    """
    tag = text.strip()
    if not _TAG.fullmatch(tag) or len(tag) > _MOST:
        raise InvalidInputError(
            f"{option} {text!r}: is not a user tag",
            hint="a tag is like env:prod, of letters, digits, spaces, _ - . and :, "
            f"{_MOST} characters at most; repeat {option} for several",
        )
    return tag.lower()


@dataclass(frozen=True, slots=True)
class TaggedServer:
    """A server as Global Search tells of it, with all its user tags."""

    crn: Crn
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TagIndex:
    """What a search has found, by region and id."""

    found: Mapping[tuple[str, str], TaggedServer]

    @classmethod
    def of(cls, servers: Iterable[TaggedServer]) -> Self:
        """Return an index of what was found."""
        return cls({(one.crn.region, one.crn.resource_id): one for one in servers})

    def tags_of(self, server: Server) -> tuple[str, ...] | None:
        """Return the user tags of a server; ``None`` where the search did not find it."""
        found = self.found.get((server.region, server.id))
        return None if found is None else found.tags
