"""The JSON values of a file of any size, in bounded memory.

A file may hold values one after the other, such as JSON lines, or a JSON array, or an array and
values after it; all of it may be gzipped. The decoder takes many values at a time, which is what
makes it fast: a piece of the file is cut off where a value seems to end. Where it then does not
decode, the place was a wrong one, or something in the piece is no JSON, and the piece is taken
apart value by value.
"""

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

import msgspec

LONGEST = 32 * 1024 * 1024
"""A value of more bytes than this is not read."""

NOT_DECODED = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What decoding raises for what is no JSON."""

Unreadable = Callable[[int, str], None]
"""Is told the line, from 1, at which something cannot be read, and why."""

_BLOCK = 1024 * 1024
_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_EMPTY = re.compile(rb"[ \t\r\n]*(?:\[[ \t\r\n]*\][ \t\r\n]*)*")
_GZIP = b"\x1f\x8b"
_FOREIGN = {
    b"PAR1": "it is a Parquet file; write the events in it out as JSON",
    b"\xff\xfe": "it is UTF-16 text, and JSON is UTF-8",
    b"\xfe\xff": "it is UTF-16 text, and JSON is UTF-8",
}
# How far from the end of a piece, and how often, a place to cut it is looked for.
_NEAR_END = 64 * 1024
_MOST_CUTS = 8
# So many parts, such as lines, are tried together where they may be one value.
_MOST_PARTS = 500


@dataclass(frozen=True)
class _Layout:
    """How values follow one another.

    ``cut`` matches what is between two values, and is seldom met within one; ``part`` matches
    wherever a value may end.
    """

    cut: re.Pattern[bytes]
    part: re.Pattern[bytes]
    decode: Callable[[bytes], list[msgspec.Raw]]


_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_VALUES = msgspec.json.Decoder(msgspec.Raw)
# Arrays that follow one another are read as one; some may be empty, and other values may follow.
_BETWEEN = re.compile(rb"(?<=\})\s*(?:,|\](?:\s*\[\s*\])*(?:\s*\[)?)\s*(?=\{)")
_END = re.compile(rb"\](?:\s*\[\s*\])*$")
_ARRAY = _Layout(_BETWEEN, _BETWEEN, lambda piece: _ELEMENTS.decode(b"[" + piece + b"]"))
_LINES = _Layout(re.compile(rb"\n(?=\{)"), re.compile(rb"\n"), _VALUES.decode_lines)


def read_values(stream: BinaryIO, unreadable: Unreadable) -> Iterator[Sequence[msgspec.Raw]]:
    """Yield the values of a file, many at a time; each is JSON.

    What cannot be read is told and passed over. Raises OSError where the stream does.
    """
    damage: list[str] = []
    splitter = _Splitter(unreadable)
    yield from splitter.split(_inflated(stream, damage))
    for why in damage:
        unreadable(splitter.line, why)


class _Splitter:
    """Takes a file apart; ``line`` is where the next piece begins."""

    def __init__(self, unreadable: Unreadable) -> None:
        self.line = 1
        self._layout = _LINES
        self._unreadable = unreadable

    def split(self, blocks: Iterator[bytes]) -> Iterator[Sequence[msgspec.Raw]]:
        head = self._head(blocks)
        for magic, why in _FOREIGN.items():
            if head.startswith(magic):
                self._unreadable(1, why)
                return
        if head.startswith(b"["):
            head, self._layout = head[1:], _ARRAY
        buffer, enough = b"", 0
        for block in chain([head], blocks):
            buffer += block
            if len(buffer) < enough:
                continue
            values, rest = self._taken(buffer)
            enough = 0 if rest else 2 * len(buffer)
            buffer = buffer[rest:]
            yield values
        values, rest = self._last(buffer)
        yield values
        if rest < len(buffer):
            yield self._last(buffer[rest:])[0]

    def _head(self, blocks: Iterator[bytes]) -> bytes:
        """Return the first block from its first character on, past blanks and empty arrays."""
        head = next(blocks, b"").removeprefix(_BOM)
        while not head.lstrip(_BLANK) and (block := next(blocks, b"")):
            self.line += head.count(b"\n")
            head = block
        text = _EMPTY.sub(b"", head, count=1)
        self.line += head.count(b"\n", 0, len(head) - len(text))
        return text

    def _taken(self, buffer: bytes) -> tuple[Sequence[msgspec.Raw], int]:
        """Return the values that are whole, and where the rest begins: 0, if more is needed."""
        layout = self._layout
        cuts = [match.span() for match in layout.cut.finditer(buffer, len(buffer) - _NEAR_END)]
        if not cuts:
            cuts = [match.span() for match in layout.cut.finditer(buffer)]
        for end, rest in reversed(cuts[-_MOST_CUTS:]):
            try:
                values = layout.decode(buffer[:end])
            except NOT_DECODED as error:
                if _ends_within(error):
                    continue
                return self._taken_apart(buffer, is_last=False)
            self.line += buffer.count(b"\n", 0, rest)
            self._pass(buffer[end:rest])
            return values, rest
        if len(buffer) > LONGEST:
            return self._taken_apart(buffer, is_last=True)
        return (), 0

    def _pass(self, between: bytes) -> bool:
        """Go on behind what is between two values, and return whether an array ended there."""
        if not between.rstrip(_BLANK).endswith(b"]"):
            return False
        self._layout = _LINES
        return True

    def _last(self, buffer: bytes) -> tuple[Sequence[msgspec.Raw], int]:
        """Return the values at the end, and where the rest begins if an array ends before it."""
        layout = self._layout
        piece = buffer.rstrip(_BLANK)
        ends = 1
        if layout is _ARRAY:
            piece, ends = _END.subn(b"", piece)
        try:
            values = layout.decode(piece)
        except NOT_DECODED:
            values, rest = self._taken_apart(piece, is_last=True)
            if self._layout is not layout:
                return values, rest
        else:
            self.line += piece.count(b"\n")
        if not ends:
            self._unreadable(self.line, "the array does not end: something is missing")
        return values, len(buffer)

    def _taken_apart(self, piece: bytes, *, is_last: bool) -> tuple[list[msgspec.Raw], int]:
        """Return the values in a piece, and where the rest begins; tell what is no JSON."""
        layout = self._layout
        ends = [match.span() for match in layout.part.finditer(piece)]
        if is_last:
            ends.append((len(piece), len(piece)))
        values: list[msgspec.Raw] = []
        start = first = told = 0
        line = self.line
        while first < len(ends):
            together = ends[first : first + _MOST_PARTS]
            try:
                found, count = _first_values(piece, start, together, layout)
                values += found
            except NOT_DECODED as error:
                if _ends_within(error) and not is_last and len(together) < _MOST_PARTS:
                    break
                line += piece.count(b"\n", told, start)
                told, count = start, 1
                self._unreadable(line, str(error))
            end, start = ends[first + count - 1]
            first += count
            if self._pass(piece[end:start]):
                break
        self.line = line + piece.count(b"\n", told, start)
        return values, start


def _first_values(
    piece: bytes, start: int, ends: Sequence[tuple[int, int]], layout: _Layout
) -> tuple[list[msgspec.Raw], int]:
    """Return what the fewest parts give that are JSON together, and how many they are."""
    for count, (end, _) in enumerate(ends, 1):
        try:
            return layout.decode(piece[start:end]), count
        except NOT_DECODED as error:
            if not _ends_within(error) or count == len(ends):
                raise
    return [], len(ends)


def _ends_within(error: Exception) -> bool:
    """Whether the decoder came to the end within a value."""
    return "truncated" in str(error)


def _inflated(stream: BinaryIO, damage: list[str]) -> Iterator[bytes]:
    """Yield the blocks of a file, or of what is gzipped in it."""
    blocks = iter(lambda: stream.read(_BLOCK), b"")
    head = next(blocks, b"")
    whole = chain([head], blocks)
    if head.startswith(_GZIP):
        try:
            yield from _gunzipped(whole)
        except (zlib.error, EOFError) as error:
            damage.append(f"the gzip data is damaged: {error}")
    else:
        yield from whole


def _gunzipped(blocks: Iterator[bytes]) -> Iterator[bytes]:
    engine, is_fresh = zlib.decompressobj(31), True
    for block in blocks:
        rest = block.lstrip(b"\0") if is_fresh else block
        while rest:
            yield engine.decompress(rest, _BLOCK)
            rest, is_fresh = engine.unconsumed_tail, False
            if engine.eof:
                rest = engine.unused_data.lstrip(b"\0")
                engine, is_fresh = zlib.decompressobj(31), True
    yield engine.flush()
    if not is_fresh:
        raise EOFError("it ends too early")
