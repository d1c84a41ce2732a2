"""Reading a snapshot once from end to end: whether it is whole, and where in it what stands."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

import msgspec

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.snapshots import Content, Reading
from vpcmetactl.files.servers import ContradictionError
from vpcmetactl.files.shapes import Count, RegionName, Word
from vpcmetactl.files.snapshots import lines
from vpcmetactl.files.snapshots.values import reading_from

LONGEST = 64 * 1024 * 1024
"""A line of more bytes than this is not read."""

NOT_DECODED = (msgspec.DecodeError, UnicodeError, RecursionError, OverflowError)
"""What decoding raises for what is no such line."""

_BLOCK = 1024 * 1024
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
    def order(self) -> tuple[int, str, str, str]:
        """What sections are sorted by."""
        rank = tuple(Content).index(self.content)
        return (rank, self.account_id or "", self.region, self.kind or "")


@dataclass(slots=True)
class Page:
    """Some lines of one section, one after the other; ``line`` is the number of the first."""

    section: Section
    first_id: str
    line: int
    offset: int
    length: int = 0
    count: int = 0


@dataclass(slots=True)
class Index:
    """What a whole snapshot holds, and where; pages are in the order of the file."""

    readings: tuple[Reading, ...]
    tool_version: str
    digest: str
    pages: list[Page]


class _Keyed(msgspec.Struct, gc=False):
    """As much of a line as its place depends on; the rest is checked when it is read."""

    reading: Count
    id: Word


class _Regional(_Keyed, gc=False):
    region: RegionName


class _Instance(_Regional, gc=False, tag_field="kind", tag="instance"):
    pass


class _BareMetal(_Regional, gc=False, tag_field="kind", tag="bare_metal_server"):
    pass


class _Profile(_Keyed, gc=False, tag_field="kind", tag="trusted_profile"):
    pass


class _Template(_Regional, gc=False, tag_field="kind", tag="instance_template"):
    pass


_Item = _Instance | _BareMetal | _Profile | _Template
_ITEM = msgspec.json.Decoder(_Item | lines.End)
_CONTENTS: Mapping[type[_Item], tuple[Content, ServerKind | None]] = {
    _BareMetal: (Content.SERVERS, ServerKind.BARE_METAL_SERVER),
    _Instance: (Content.SERVERS, ServerKind.INSTANCE),
    _Profile: (Content.PROFILES, None),
    _Template: (Content.TEMPLATES, None),
}


class _Head(msgspec.Struct):
    format: Any = None
    format_version: Any = None


def refuse(name: str, why: str, line: int | None = None) -> NoReturn:
    """Raise InvalidInputError: the file called ``name`` is no whole snapshot."""
    place = "" if line is None else f", line {line}"
    short = why if len(why) <= _MOST_SHOWN else f"{why[:_MOST_SHOWN]}…"
    raise InvalidInputError(f"{name}{place}: {short}", hint=_ANEW)


def check_snapshot(source: BinaryIO, copy: BinaryIO, name: str, page_size: int) -> Index:
    """Read a snapshot to its end, keeping a copy of its lines, and return where what stands.

    Raises InvalidInputError, naming the file called ``name`` and the line, where it is truncated,
    damaged, no snapshot, followed by something else, or of a newer format.
    """
    checker = _Checker(name, page_size)
    for piece in _pieces(source, name):
        if not piece.endswith(b"\n"):
            checker.refuse_unfinished(piece)
        checker.take(piece)
        copy.write(piece)
    copy.flush()
    return checker.finish()


def _pieces(source: BinaryIO, name: str) -> Iterator[bytes]:
    """Give whole lines, many at a time; what follows the last line break comes last."""
    rest: list[bytes] = []
    size = 0
    while block := source.read(_BLOCK):
        cut = block.rfind(b"\n") + 1
        if cut:
            yield b"".join([*rest, block[:cut]])
            rest, size = [block[cut:]], len(block) - cut
        else:
            rest.append(block)
            size += len(block)
            if size > LONGEST:
                refuse(name, "it has a line that is longer than any in a snapshot")
    if size:
        yield b"".join(rest)


class _Checker:
    """Takes a snapshot in, some lines at a time."""

    def __init__(self, name: str, page_size: int) -> None:
        self._name = name
        self._page_size = page_size
        self._digest = hashlib.sha256()
        self._line = 0
        self._header: lines.Header | None = None
        self._pager = _Pager((), page_size)
        self._end: lines.End | None = None

    def refuse(self, why: str) -> NoReturn:
        refuse(self._name, why, self._line)

    def refuse_unfinished(self, piece: bytes) -> NoReturn:
        """Refuse a file whose last line has no end."""
        self._line += piece.count(b"\n") + 1
        self.refuse("the file ends in the middle of a line: it was cut off")

    def take(self, piece: bytes) -> None:
        """Take whole lines in."""
        if self._header is None:
            head, _, piece = piece.partition(b"\n")
            self._take_header(head)
        texts = piece.split(b"\n")
        texts.pop()
        for item, length in zip(self._decoded(piece, texts), map(len, texts), strict=True):
            self._line += 1
            if self._end is not None:
                self.refuse("something follows the end of the snapshot: is it two files in one?")
            if isinstance(item, lines.End):
                self._end = item
                piece = piece[: -length - 1]
            else:
                try:
                    self._pager.take(item, self._line, length + 1)
                except ContradictionError as error:
                    self.refuse(str(error))
        self._digest.update(piece)
        if self._end is not None:
            self._check_end(self._end)

    def finish(self) -> Index:
        """Return the index of the whole."""
        if self._header is None:
            refuse(self._name, "the file is empty")
        if self._end is None:
            self.refuse("the file ends here, and its last line is missing: it was cut off")
        pager = self._pager
        return Index(pager.readings, self._header.tool_version, self._end.digest, pager.pages)

    def _take_header(self, text: bytes) -> None:
        self._line = 1
        try:
            head = msgspec.json.decode(text, type=_Head)
        except NOT_DECODED:
            head = _Head()
        if head.format != lines.FORMAT:
            self.refuse(f'it is no snapshot: its first line has no "format": "{lines.FORMAT}"')
        version = head.format_version
        if type(version) is int and version > lines.VERSION:
            raise InvalidInputError(
                f"{self._name} has format version {version}, "
                f"this program reads up to {lines.VERSION}",
                hint="use the newer vpcmetactl that wrote it",
            )
        try:
            self._header = msgspec.json.decode(text, type=lines.Header)
            readings = tuple(reading_from(one) for one in self._header.readings)
        except NOT_DECODED as error:
            self.refuse(str(error))
        self._digest.update(text + b"\n")
        self._pager = _Pager(readings, self._page_size, offset=len(text) + 1)

    def _decoded(self, piece: bytes, texts: Sequence[bytes]) -> Sequence[_Item | lines.End]:
        try:
            items = _ITEM.decode_lines(piece)
        except NOT_DECODED:
            items = []
        # A blank line, which the decoder passes over, is none of ours.
        return items if len(items) == len(texts) else self._one_by_one(texts)

    def _one_by_one(self, texts: Sequence[bytes]) -> Sequence[_Item | lines.End]:
        """Decode lines one after the other, and name the one that is not what it should be."""
        items = []
        for number, text in enumerate(texts, self._line + 1):
            try:
                items.append(_ITEM.decode(text))
            except NOT_DECODED as error:
                refuse(self._name, str(error), number)
        return items

    def _check_end(self, end: lines.End) -> None:
        if end.digest != lines.DIGEST_PREFIX + self._digest.hexdigest():
            self.refuse("the digest does not match: the file was damaged, or edited")
        counts = self._pager.count()
        if (end.servers, end.profiles, end.templates) != tuple(counts[one] for one in Content):
            self.refuse("it counts other lines than there are")


class _Pager:
    """Divides lines into sections and pages, and demands that they are in their order."""

    def __init__(self, readings: tuple[Reading, ...], page_size: int, offset: int = 0) -> None:
        self.readings = readings
        self.pages: list[Page] = []
        self._page_size = page_size
        self._offset = offset
        self._accounts = [reading.account_id for reading in readings]
        self._group: tuple[type[_Item], str | None, str] | None = None
        self._last_id = ""

    def take(self, item: _Item, line: int, length: int) -> None:
        """Take a line in, of so many bytes; raises ContradictionError."""
        if item.reading >= len(self._accounts):
            raise ContradictionError(f"the first line has no reading {item.reading}")
        region = "" if isinstance(item, _Profile) else item.region
        group = (type(item), self._accounts[item.reading], region)
        if group != self._group:
            self._begin_section(group, item.id, line)
        elif item.id <= self._last_id:
            raise ContradictionError(f"{item.id} is in it twice, or not in its place")
        elif self.pages[-1].count >= self._page_size:
            self._begin_page(self.pages[-1].section, item.id, line)
        page = self.pages[-1]
        page.count += 1
        page.length += length
        self._offset += length
        self._last_id = item.id

    def count(self) -> Counter[Content]:
        """Return how many lines there are of each content."""
        counts: Counter[Content] = Counter()
        for page in self.pages:
            counts[page.section.content] += page.count
        return counts

    def _begin_section(
        self, group: tuple[type[_Item], str | None, str], item_id: str, line: int
    ) -> None:
        shape, account, region = group
        content, kind = _CONTENTS[shape]
        section = Section(content, account, region, kind)
        if self.pages and section.order <= self.pages[-1].section.order:
            raise ContradictionError(f"{item_id} is not in its place: lines are sorted")
        self._group = group
        self._begin_page(section, item_id, line)

    def _begin_page(self, section: Section, item_id: str, line: int) -> None:
        self.pages.append(Page(section, item_id, line, self._offset))
