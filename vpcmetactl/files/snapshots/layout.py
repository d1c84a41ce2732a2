"""Where in a snapshot what stands, and the error for a file that is no whole one."""

from dataclasses import dataclass
from typing import NoReturn

import msgspec

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.snapshots import Content, Reading
from vpcmetactl.files.snapshots.lines import ReadingShape

LONGEST = 64 * 1024 * 1024
"""A line, or a page, of more bytes than this is not read."""

NOT_DECODED = (msgspec.DecodeError, UnicodeError, RecursionError, OverflowError)
"""What decoding raises for what is no such line."""

_MOST_SHOWN = 300
_ANEW = "take it anew with vpcmetactl snapshot save"


@dataclass(frozen=True, slots=True)
class Section:
    """What stands together: servers of one kind in a region, or all profiles of an account."""

    content: Content
    account_id: str | None
    region: str = ""
    kind: ServerKind | None = None

    @property
    def order(self) -> tuple[str, int, str, str]:
        """What sections are sorted by."""
        rank = tuple(Content).index(self.content)
        return (self.account_id or "", rank, self.region, self.kind or "")

    @property
    def words(self) -> str:
        """The section as it reads in a sentence."""
        what = f"{self.kind.words}s" if self.kind else _WORDS[self.content]
        place = f" of {self.region}" if self.region else ""
        return f"{what}{place} in account {self.account_id}"


_WORDS = {
    Content.SERVERS: "servers",
    Content.PROFILES: "trusted profiles",
    Content.TEMPLATES: "instance templates",
}


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of one section, one after the other.

    ``number`` is its place, from 0, among the pages of the file; ``line`` is the number of its
    first line. ``offset`` and ``length`` are in bytes, without compression; ``digest`` is of those.
    """

    section: Section
    first_id: str
    number: int
    line: int
    count: int
    offset: int
    length: int
    digest: str


@dataclass(frozen=True, slots=True)
class Index:
    """What a whole snapshot holds, and where; pages are in the order of the file.

    ``shapes`` are the readings as the first line has them.
    """

    readings: tuple[Reading, ...]
    shapes: tuple[ReadingShape, ...]
    tool_version: str
    digest: str
    pages: tuple[Page, ...]
    page_size: int


def refuse(name: str, why: str, line: int | None = None, hint: str = _ANEW) -> NoReturn:
    """Raise InvalidInputError: the file called ``name`` is no whole snapshot."""
    place = "" if line is None else f", line {line}"
    short = why if len(why) <= _MOST_SHOWN else f"{why[:_MOST_SHOWN]}…"
    raise InvalidInputError(f"{name}{place}: {short}", hint=hint)
