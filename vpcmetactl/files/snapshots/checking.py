"""Whether a snapshot is whole, and where in it what stands."""

import os
from collections import Counter
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Any

import msgspec

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.snapshots import Content, Reading
from vpcmetactl.files.servers import ContradictionError
from vpcmetactl.files.snapshots import lines
from vpcmetactl.files.snapshots.layout import NOT_DECODED, Index, Page, Section, refuse
from vpcmetactl.files.snapshots.packing import NotPackedError
from vpcmetactl.files.snapshots.stored import Stored, read_page
from vpcmetactl.files.snapshots.values import reading_from
from vpcmetactl.usecases.bulk import Step, run_tasks

_LINE = msgspec.json.Decoder(lines.Line)
_MANY_BYTES = 4 * 1024 * 1024
_WRITTEN_BY = "vpcmetactl snapshot save writes one; only audit run reads Terraform plans and states"


class _Head(msgspec.Struct):
    format: Any = None
    format_version: Any = None


def read_index(stored: Stored) -> Index:
    """Read the first and the last line of a snapshot, and return where what stands.

    Raises InvalidInputError, naming the file and the line, where it was cut off, is damaged, is no
    snapshot, is followed by something else, or is of a newer format. Whether the pages are as they
    were written is found out when each is read.
    """
    name = stored.name
    try:
        first, last = stored.first(), stored.last()
    except NotPackedError as error:
        refuse(name, str(error))
    except OSError as error:
        raise InvalidInputError(
            f"{name}: {error.strerror or error}", hint="check the file's name"
        ) from None
    if not first:
        refuse(name, "the file is empty")
    header = _header_from(first, name) if first.endswith(b"\n") else None
    if header is None or not last.endswith(b"\n"):
        why = "the file ends in the middle of a line: it was cut off"
        refuse(name, why, sum(1 for _ in stored.lines()))
    end = _end_from(last)
    if end is None:
        number = _diagnose(stored)
        refuse(name, "the file ends here, and its last line is missing: it was cut off", number)
    digest = sha256(first + lines.before_digest(last)).hexdigest()
    number = 2 + sum(page.lines for page in end.pages)
    if end.digest != lines.DIGEST_PREFIX + digest:
        number = _diagnose(stored)
        why = "the digest does not match: the first or the last line was damaged, or edited"
        refuse(name, why, number)
    try:
        readings = tuple(reading_from(one) for one in header.readings)
        pages = _pages_from(end, readings, len(first))
    except ContradictionError as error:
        refuse(name, str(error), number)
    if not stored.is_filled(pages, len(first) + len(last)):
        number = _diagnose(stored)
        refuse(name, "its pages are not as long as the file", number)
    return Index(readings, header.readings, header.tool_version, end.digest, pages, end.page_size)


def check_pages(stored: Stored, pages: Sequence[Page]) -> None:
    """Read every page once; raises InvalidInputError for one that is not as it was written."""

    def check(page: Page) -> Step[None]:
        read_page(stored, page)
        return Step()

    # Unpacking and computing digests let other threads run; a few pages are not worth any.
    tasks = [partial(check, page) for page in pages]
    if sum(page.length for page in pages) < _MANY_BYTES:
        for task in tasks:
            task()
        return
    for _ in run_tasks(tasks, os.cpu_count() or 1):
        pass


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


def _end_from(text: bytes) -> lines.End | None:
    try:
        return msgspec.json.decode(text, type=lines.End)
    except NOT_DECODED:
        return None


def _diagnose(stored: Stored) -> int:
    """Refuse a file, which does not end as it should, at the line where it goes wrong.

    Returns the number of its last line where every line is one of a snapshot's.
    """
    ended, number = False, 1
    try:
        for number, text in enumerate(islice(stored.lines(), 1, None), 2):
            if ended:
                why = "something follows the end of the snapshot: is it two files in one?"
                refuse(stored.name, why, number)
            ended = isinstance(_LINE.decode(text), lines.End)
    except NOT_DECODED as error:
        refuse(stored.name, str(error), number + 1)
    except NotPackedError as error:
        refuse(stored.name, str(error), number + 1)
    return number


def _pages_from(end: lines.End, readings: Sequence[Reading], start: int) -> tuple[Page, ...]:
    """Return the pages, the first of which begins at byte ``start``.

    Raises ContradictionError where they are not sorted, or are not what the rest says.
    """
    accounts = {reading.account_id for reading in readings}
    counts: Counter[Content] = Counter()
    pages: list[Page] = []
    place: tuple[Any, ...] = ("", -1)
    line, offset = 2, start
    for number, one in enumerate(end.pages):
        section = Section(one.content, one.account_id, one.region or "", one.server_kind)
        if one.account_id not in accounts:
            raise ContradictionError(f"no reading is of account {one.account_id}")
        if (one.content is Content.SERVERS) is (one.server_kind is None):
            raise ContradictionError("servers have a kind, and nothing else has")
        if (*section.order, one.first_id) <= place:
            raise ContradictionError(f"{one.first_id} is in it twice, or not in its place")
        pages.append(
            Page(section, one.first_id, number, line, one.lines, offset, one.bytes, one.digest)
        )
        place = (*section.order, one.first_id)
        line, offset = line + one.lines, offset + one.bytes
        counts[one.content] += one.lines
    if (end.servers, end.profiles, end.templates) != tuple(counts[one] for one in Content):
        raise ContradictionError("it counts other lines than there are")
    return tuple(pages)
