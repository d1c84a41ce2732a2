"""The bytes of a snapshot as they lie in a file: plain, or gzipped, by us or by somebody else.

Pages are read where they are, any at any time. Only what somebody else gzipped is unpacked first,
once, into a temporary file. Nothing here knows what lines mean.
"""

import gzip
import os
import stat
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from hashlib import sha256
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.files.snapshots.layout import LONGEST, Page, refuse
from vpcmetactl.files.snapshots.lines import DIGEST_PREFIX
from vpcmetactl.files.snapshots.packing import CUT_OFF, NotPackedError, find_members, unpack

GZIP = b"\x1f\x8b"

_BLOCK = 1024 * 1024


class Stored(Protocol):
    """The bytes of one file. Calls may come from any thread; they raise NotPackedError."""

    name: str

    def first(self) -> bytes:
        """Return the first line, or what there is of it."""

    def last(self) -> bytes:
        """Return the last line, or what there is of it."""

    def is_filled(self, pages: Sequence[Page], ends: int) -> bool:
        """Whether there is nothing but the pages and the first and last line, of ``ends`` bytes."""

    def text(self, page: Page) -> tuple[bytes, bytes | None]:
        """Return what stands where a page should, and its gzip member, if it has one of its own."""

    def lines(self) -> Iterator[bytes]:
        """Give every line, for who looks for a mistake."""

    def close(self) -> None:
        """Let go of the file."""


def read_page(stored: Stored, page: Page) -> tuple[bytes, bytes | None]:
    """Return the lines of a page, and the gzip member they lie in, if it is one of our own.

    Raises InvalidInputError where they are not as they were written.
    """
    try:
        text, member = stored.text(page)
    except NotPackedError as error:
        refuse(stored.name, str(error), page.line)
    except OSError as error:
        refuse(stored.name, error.strerror or str(error), page.line)
    if len(text) != page.length or DIGEST_PREFIX + sha256(text).hexdigest() != page.digest:
        last = page.line + page.count - 1
        why = f"the lines from here to {last} are not those that were written: their digest differs"
        refuse(stored.name, why, page.line)
    return text, member


def open_stored(path: Path) -> Stored:
    """Open a file; raises InvalidInputError where it cannot be read, or was cut off."""
    name = str(path)
    try:
        with ExitStack() as stack:
            file = stack.enter_context(path.open("rb"))
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return _Plain(name, _unpacked(file, name))
            if not file.peek(len(GZIP)).startswith(GZIP):
                stack.pop_all()
                return _Plain(name, file)
            members = find_members(file.fileno(), os.fstat(file.fileno()).st_size)
            if members is None:
                return _Plain(name, _unpacked(file, name))
            stack.pop_all()
            return _Packed(name, file, members)
    except NotPackedError as error:
        refuse(name, str(error))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInputError(
            f"{name}: {reason}", hint="check the file's name, and the room for temporary files"
        ) from None


def _unpacked(file: BufferedReader, name: str) -> BinaryIO:
    """Return a temporary file of what a file holds, unpacked where it is gzipped."""
    with ExitStack() as stack:
        copy = cast("BinaryIO", stack.enter_context(tempfile.TemporaryFile()))
        is_packed = file.peek(len(GZIP)).startswith(GZIP)
        source = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if is_packed else file
        try:
            _copy_lines(source, copy, name)
        except EOFError:
            refuse(name, CUT_OFF)
        except (gzip.BadGzipFile, zlib.error) as error:
            refuse(name, f"what is compressed is damaged: {error}")
        stack.pop_all()
    return copy


def _copy_lines(source: BinaryIO, copy: BinaryIO, name: str) -> None:
    """Copy everything; refuses a line without an end, which would fill the disk."""
    since_break = 0
    while block := source.read(_BLOCK):
        cut = block.rfind(b"\n") + 1
        since_break = len(block) - cut if cut else since_break + len(block)
        if since_break > LONGEST:
            refuse(name, "it has a line that is longer than any in a snapshot")
        copy.write(block)
    copy.flush()


class _Plain:
    def __init__(self, name: str, file: BinaryIO) -> None:
        self.name = name
        self._file = file
        self._size = os.fstat(file.fileno()).st_size

    def first(self) -> bytes:
        found = b""
        while len(found) < LONGEST and not found.endswith(b"\n"):
            block = self._read(len(found), min(_BLOCK, self._size - len(found)))
            if not block:
                break
            found += block[: block.find(b"\n") + 1] or block
        return found

    def last(self) -> bytes:
        found = b""
        while b"\n" not in found[:-1] and len(found) < min(self._size, LONGEST):
            start = max(0, self._size - len(found) - _BLOCK)
            found = self._read(start, self._size - len(found) - start) + found
        return found[found.rfind(b"\n", 0, -1) + 1 :]

    def is_filled(self, pages: Sequence[Page], ends: int) -> bool:
        return sum(page.length for page in pages) + ends == self._size

    def text(self, page: Page) -> tuple[bytes, None]:
        return self._read(page.offset, page.length), None

    def lines(self) -> Iterator[bytes]:
        with open(os.dup(self._file.fileno()), "rb") as file:  # noqa: PTH123 - it has no path
            file.seek(0)
            yield from file

    def close(self) -> None:
        self._file.close()

    def _read(self, offset: int, length: int) -> bytes:
        return os.pread(self._file.fileno(), min(length, LONGEST), offset)


class _Packed:
    def __init__(self, name: str, file: BinaryIO, members: Sequence[tuple[int, int]]) -> None:
        self.name = name
        self._file = file
        self._members = members

    def first(self) -> bytes:
        return self._unpack(0, LONGEST)

    def last(self) -> bytes:
        return self._unpack(len(self._members) - 1, LONGEST)

    def is_filled(self, pages: Sequence[Page], ends: int) -> bool:
        del ends  # they have members of their own
        return len(self._members) == len(pages) + 2

    def text(self, page: Page) -> tuple[bytes, bytes]:
        member = self._read(page.number + 1)
        return unpack(member, min(page.length, LONGEST)), member

    def lines(self) -> Iterator[bytes]:
        for number in range(len(self._members)):
            yield from BytesIO(self._unpack(number, LONGEST))

    def close(self) -> None:
        self._file.close()

    def _read(self, number: int) -> bytes:
        offset, length = self._members[number]
        return os.pread(self._file.fileno(), length, offset)

    def _unpack(self, number: int, most: int) -> bytes:
        return unpack(self._read(number), most)
