"""Writing the file of a snapshot: first line, pages in their order, last line."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from vpcmetactl.domain.snapshots import Content
from vpcmetactl.files.sealing import NO_DIGEST
from vpcmetactl.files.snapshots import lines
from vpcmetactl.files.snapshots.layout import Page, Section
from vpcmetactl.files.snapshots.packing import pack
from vpcmetactl.files.storage import writing_whole

PAGE_SIZE = 500
"""How many lines a page has at most, unless somebody wants them shorter."""

LARGE = 8 * 1024 * 1024
"""A page of so many bytes takes no more lines."""


class ReadyPage(NamedTuple):
    """A page as it will lie in the file, and what the last line says of it."""

    shape: lines.PageShape
    data: bytes


def ready_page(
    section: Section, first_id: str, count: int, text: bytes, *, packed: bool
) -> ReadyPage:
    """Make a page of some lines; this is where time goes, and other threads may run meanwhile."""
    digest = lines.DIGEST_PREFIX + sha256(text).hexdigest()
    shape = _shape(section, first_id, count, len(text), digest)
    return ReadyPage(shape, pack(text) if packed else text)


def page_shape(page: Page) -> lines.PageShape:
    """Return what the last line says of a page that is copied as it is."""
    return _shape(page.section, page.first_id, page.count, page.length, page.digest)


def _shape(
    section: Section, first_id: str, count: int, length: int, digest: str
) -> lines.PageShape:
    return lines.PageShape(
        content=section.content,
        account_id=section.account_id,
        region=section.region or None,
        server_kind=section.kind,
        first_id=first_id,
        lines=count,
        bytes=length,
        digest=digest,
    )


class Composer:
    """Takes the pages of a file in their order; ``packed`` says that each becomes gzip."""

    def __init__(self, file: BinaryIO, first: bytes, *, packed: bool) -> None:
        self.packed = packed
        self._file = file
        self._first = first
        self._pages: list[lines.PageShape] = []
        self._write(first)

    def add(self, page: ReadyPage) -> None:
        """Write one page."""
        self._pages.append(page.shape)
        self._file.write(page.data)

    def finish(self, page_size: int) -> str:
        """Write the last line, and return the file's digest in hexadecimal."""
        counts: Counter[Content] = Counter()
        for page in self._pages:
            counts[page.content] += page.lines
        end = lines.End(
            servers=counts[Content.SERVERS],
            profiles=counts[Content.PROFILES],
            templates=counts[Content.TEMPLATES],
            pages=tuple(self._pages),
            page_size=page_size,
            digest=NO_DIGEST,
        )
        before = lines.before_digest(msgspec.json.encode(end))
        digest = sha256(self._first + before).hexdigest()
        end = msgspec.structs.replace(end, digest=lines.DIGEST_PREFIX + digest)
        self._write(msgspec.json.encode(end) + b"\n")
        return digest

    def _write(self, line: bytes) -> None:
        self._file.write(pack(line) if self.packed else line)


@contextmanager
def composing(path: Path, header: lines.Header) -> Iterator[Composer]:
    """Give what writes a file, which is there whole or not at all; raises OutputError.

    Gzipped where the name ends with ``.gz``.
    """
    first = msgspec.json.encode(header) + b"\n"
    with writing_whole(path) as file:
        yield Composer(file, first, packed=path.suffix == ".gz")
