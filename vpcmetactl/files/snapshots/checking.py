"""Reading a snapshot once from end to end: whether it is whole, and where in it what stands."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

import msgspec

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.snapshots import Content, Reading
from vpcmetactl.files.servers import ContradictionError
from vpcmetactl.files.snapshots import lines
from vpcmetactl.files.snapshots.values import reading_from

LONGEST = 64 * 1024 * 1024
"""A line of more bytes than this is not read."""

NOT_DECODED = (msgspec.DecodeError, UnicodeError, RecursionError, OverflowError)
"""What decoding raises for what is no such line."""

_LINE = msgspec.json.Decoder(lines.Line)
_BLOCK = 1024 * 1024
_MOST_SHOWN = 300
_ANEW = "take it anew with vpcmetactl snapshot save"
_WRITTEN_BY = "vpcmetactl snapshot save writes one; only audit run reads Terraform plans and states"


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


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of one section, one after the other; ``line`` is the number of the first."""

    section: Section
    first_id: str
    line: int
    count: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Index:
    """What a whole snapshot holds, and where; pages are in the order of the file."""

    readings: tuple[Reading, ...]
    tool_version: str
    digest: str
    pages: tuple[Page, ...]
    page_size: int


class _Head(msgspec.Struct):
    format: Any = None
    format_version: Any = None


def refuse(name: str, why: str, line: int | None = None, hint: str = _ANEW) -> NoReturn:
    """Raise InvalidInputError: the file called ``name`` is no whole snapshot."""
    place = "" if line is None else f", line {line}"
    short = why if len(why) <= _MOST_SHOWN else f"{why[:_MOST_SHOWN]}…"
    raise InvalidInputError(f"{name}{place}: {short}", hint=hint)


def check_snapshot(source: BinaryIO, copy: BinaryIO, name: str) -> Index:
    """Read a snapshot to its end, keeping a copy of its lines, and return where what stands.

    Raises InvalidInputError, naming the file called ``name`` and the line, where it is truncated,
    damaged, no snapshot, followed by something else, or of a newer format. What a line says is
    checked when it is read: here only that it is what was written.
    """
    digest = hashlib.sha256()
    header: lines.Header | None = None
    last, count, start = b"", 0, 0
    for piece in _pieces(source, name):
        count += piece.count(b"\n")
        if not piece.endswith(b"\n"):
            refuse(name, "the file ends in the middle of a line: it was cut off", count + 1)
        if header is None:
            start = piece.index(b"\n") + 1
            header = _header_from(piece[:start], name)
        # Of the last line of all the digest covers a part, for it has the digest in it.
        cut = piece.rfind(b"\n", 0, -1) + 1
        digest.update(last)
        digest.update(memoryview(piece)[:cut])
        last = piece[cut:]
        copy.write(piece)
    if header is None:
        refuse(name, "the file is empty")
    copy.flush()
    try:
        end = msgspec.json.decode(last, type=lines.End)
    except NOT_DECODED:
        _diagnose(copy, name)
        refuse(name, "the file ends here, and its last line is missing: it was cut off", count)
    digest.update(lines.before_digest(last))
    if end.digest != lines.DIGEST_PREFIX + digest.hexdigest():
        _diagnose(copy, name)
        refuse(name, "the digest does not match: the file was damaged, or edited", count)
    try:
        readings = tuple(reading_from(one) for one in header.readings)
        pages = _pages_from(end, readings, start, (count, copy.tell() - len(last)))
    except ContradictionError as error:
        refuse(name, str(error), count)
    return Index(readings, header.tool_version, end.digest, pages, end.page_size)


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


def _header_from(text: bytes, name: str) -> lines.Header:
    try:
        head = msgspec.json.decode(text, type=_Head)
    except NOT_DECODED:
        head = _Head()
    if head.format != lines.FORMAT:
        why = f'it is no snapshot: its first line has no "format": "{lines.FORMAT}"'
        refuse(name, why, 1, _WRITTEN_BY)
    version = head.format_version
    if type(version) is int and version > lines.VERSION:
        raise InvalidInputError(
            f"{name} has format version {version}, this program reads up to {lines.VERSION}",
            hint="use the newer vpcmetactl that wrote it",
        )
    try:
        return msgspec.json.decode(text, type=lines.Header)
    except NOT_DECODED as error:
        refuse(name, str(error), 1)


def _diagnose(copy: BinaryIO, name: str) -> None:
    """Name the line where a file goes wrong, if there is one: it does not end as it should."""
    copy.seek(0)
    copy.readline()
    ended = False
    for number, text in enumerate(copy, 2):
        if ended:
            why = "something follows the end of the snapshot: is it two files in one?"
            refuse(name, why, number)
        try:
            ended = isinstance(_LINE.decode(text), lines.End)
        except NOT_DECODED as error:
            refuse(name, str(error), number)


def _pages_from(
    end: lines.End, readings: Sequence[Reading], start: int, stop: tuple[int, int]
) -> tuple[Page, ...]:
    """Return the pages, which fill the file from byte ``start`` to ``stop``: a line and a byte.

    Raises ContradictionError where they do not, or are not sorted.
    """
    accounts = {reading.account_id for reading in readings}
    counts: Counter[Content] = Counter()
    pages: list[Page] = []
    place, line, offset = (-1, "", "", "", ""), 2, start
    for one in end.pages:
        section = Section(one.content, one.account_id, one.region or "", one.server_kind)
        if one.account_id not in accounts:
            raise ContradictionError(f"no reading is of account {one.account_id}")
        if (one.content is Content.SERVERS) is (one.server_kind is None):
            raise ContradictionError("servers have a kind, and nothing else has")
        if (*section.order, one.first_id) <= place:
            raise ContradictionError(f"{one.first_id} is in it twice, or not in its place")
        pages.append(Page(section, one.first_id, line, one.lines, offset, one.bytes))
        place = (*section.order, one.first_id)
        line, offset = line + one.lines, offset + one.bytes
        counts[one.content] += one.lines
    if (end.servers, end.profiles, end.templates) != tuple(counts[one] for one in Content):
        raise ContradictionError("it counts other lines than there are")
    if (line, offset) != stop:
        raise ContradictionError("its pages are not as long as the file")
    return tuple(pages)
