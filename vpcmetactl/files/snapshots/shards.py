"""A snapshot that is to become part of a larger one, and what each of its readings asked for."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

import msgspec

from vpcmetactl.domain.snapshots import Content
from vpcmetactl.files.snapshots import lines
from vpcmetactl.files.snapshots.checking import read_index
from vpcmetactl.files.snapshots.layout import NOT_DECODED, Index, Page, Section, refuse
from vpcmetactl.files.snapshots.stored import Stored, open_stored, read_page

# In a string the quotes would have backslashes before them.
_NUMBER = re.compile(rb'"reading":(\d{1,9}),"id":')


class _Named(msgspec.Struct, gc=False):
    id: str


_ID = msgspec.json.Decoder(_Named)


@dataclass(frozen=True, slots=True)
class Shard:
    """A snapshot whose first and last line were read; its file is opened when it is needed."""

    path: Path
    index: Index

    @classmethod
    def read(cls, path: Path) -> "Shard":
        """Read the first and the last line of a file; raises InvalidInputError."""
        with opened(path) as stored:
            return cls(path, read_index(stored))

    @property
    def name(self) -> str:
        """The file, as errors name it."""
        return str(self.path)

    @property
    def accounts(self) -> Sequence[str | None]:
        """The accounts in it, each once."""
        return list(dict.fromkeys(one.account_id for one in self.index.shapes))

    def readings_of(self, account: str | None) -> Sequence[lines.ReadingShape]:
        """Return the readings of an account; lines name them by their place here."""
        return [one for one in self.index.shapes if one.account_id == account]

    def pages_of(self, account: str | None) -> Sequence[Page]:
        """Return the pages of an account."""
        return [page for page in self.index.pages if page.section.account_id == account]

    def claims(self, account: str | None) -> Iterator["Claim"]:
        """Give what this file says of each section of an account, be it that it is empty."""
        asking: dict[Section, list[lines.ReadingShape]] = {}
        for reading in self.readings_of(account):
            for section in sections_asked(reading):
                asking.setdefault(section, []).append(reading)
        pages: dict[Section, list[Page]] = {}
        for page in self.pages_of(account):
            pages.setdefault(page.section, []).append(page)
        for section in asking | pages:
            # Lines of what nobody asked for are of any of the readings.
            readings = asking.get(section) or self.readings_of(account)
            yield Claim(self, section, readings, pages.get(section, ()))


@dataclass(frozen=True, slots=True)
class Claim:
    """What one file says of one section."""

    shard: Shard
    section: Section
    readings: Sequence[lines.ReadingShape]
    pages: Sequence[Page]

    @property
    def taken_at(self) -> datetime:
        """When it was read last."""
        return max(reading.taken_at for reading in self.readings)

    @property
    def is_chosen(self) -> bool:
        """Whether only chosen servers were read."""
        is_servers = self.section.content is Content.SERVERS
        return is_servers and all(reading.selection for reading in self.readings)

    @property
    def is_incomplete(self) -> bool:
        """Whether it could not be read, or only in part."""
        return any(
            self.section in sections_missed(reading, part)
            for reading in self.readings
            for part in reading.incomplete
        )

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Give each line with the id in it.

        Raises InvalidInputError where they are not as they were written, or not sorted.
        """
        last = ""
        with opened(self.shard.path) as stored:
            for page in self.pages:
                for number, line in enumerate(BytesIO(read_page(stored, page)[0]), page.line):
                    try:
                        found = _ID.decode(line).id
                    except NOT_DECODED as error:
                        refuse(stored.name, str(error), number)
                    if found <= last:
                        refuse(stored.name, "the lines from here on are not sorted by id", number)
                    yield found, line
                    last = found


@contextmanager
def opened(path: Path) -> Iterator[Stored]:
    """Open a file for a while: there may be more shards than files may be open."""
    stored = open_stored(path)
    try:
        yield stored
    finally:
        stored.close()


def sections_asked(reading: lines.ReadingShape) -> Iterator[Section]:
    """Give every section that a reading asked for."""
    account = reading.account_id
    for content in reading.contents:
        match content:
            case Content.SERVERS:
                for region in reading.regions:
                    for kind in reading.server_kinds:
                        yield Section(content, account, region, kind)
            case Content.PROFILES:
                yield Section(content, account)
            case Content.TEMPLATES:
                for region in reading.regions:
                    yield Section(content, account, region)


def sections_missed(reading: lines.ReadingShape, part: lines.Incomplete) -> Sequence[Section]:
    """Return the sections of which something that could not be read was a part."""
    region, account = part.region or "", reading.account_id
    if part.content is not Content.SERVERS:
        return [Section(part.content, account, region)]
    kinds = reading.server_kinds if part.server_kind is None else [part.server_kind]
    return [Section(part.content, account, region, kind) for kind in kinds]


def bare(line: bytes) -> bytes:
    """Return a line without its reading, to be compared with one of another file."""
    return _NUMBER.sub(b'"id":', line, 1)


def renumbered(
    name: str, text: bytes, numbers: Sequence[int | None], line: int | None = None
) -> bytes:
    """Return lines with the new numbers of the readings that they are of.

    Raises InvalidInputError, naming the file and its ``line``, for lines that do not say which.
    """
    found = 0

    def number(match: re.Match[bytes]) -> bytes:
        nonlocal found
        old = int(match[1])
        new = numbers[old] if old < len(numbers) else None
        found += new is not None
        return b'"reading":%d,"id":' % (old if new is None else new)

    text = _NUMBER.sub(number, text)
    if found != text.count(b"\n"):
        refuse(name, "a line from here on does not say of which reading it is", line)
    return text
