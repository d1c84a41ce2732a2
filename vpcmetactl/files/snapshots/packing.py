"""Gzip members that tell their own length: whoever stands at one knows where the next begins.

One after the other they are a gzip file like any other. The length of the whole member stands in
an extra field of its header (RFC 1952, 2.3.1.1), which other programs pass over.
"""

import os
import struct
import zlib
from collections.abc import Sequence

_COMPRESSION = 6
# Magic number, deflate, "there is an extra field"; then neither a time nor a system, which would
# differ each time; then the extra field with one subfield, which is ours.
_BEGINNING = b"\x1f\x8b\x08\x04" + bytes(4) + b"\x00\xff" + struct.pack("<H2sH", 8, b"VM", 4)
_LENGTH = struct.Struct("<I")
_TRAILER = struct.Struct("<II")
CUT_OFF = "the file was cut off in the middle of what is compressed"
_HEAD = len(_BEGINNING) + _LENGTH.size


class NotPackedError(Exception):
    """Some bytes are no such members, or more than were promised; the text says what is wrong."""


def pack(text: bytes) -> bytes:
    """Return a member of these bytes; the same ones for the same compression library."""
    deflate = zlib.compressobj(_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(text) + deflate.flush()
    length = _LENGTH.pack(_HEAD + len(body) + _TRAILER.size)
    trailer = _TRAILER.pack(zlib.crc32(text), len(text) & 0xFFFFFFFF)
    return b"".join((_BEGINNING, length, body, trailer))


def unpack(member: bytes, most: int) -> bytes:
    """Return what a member holds; raises NotPackedError where that is more than ``most`` bytes."""
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        text = inflate.decompress(member, most + 1)
    except zlib.error as error:
        raise NotPackedError(f"what is compressed is damaged: {error}") from None
    if len(text) > most:
        raise NotPackedError("it holds more than it says")
    if not inflate.eof or inflate.unused_data:
        raise NotPackedError("what is compressed is damaged")
    return text


def find_members(descriptor: int, size: int) -> Sequence[tuple[int, int]] | None:
    """Return where the members of a file begin, and how long they are.

    ``None`` for a file that does not begin with one of ours. Raises NotPackedError where it begins
    so and goes on in another way, or not at all.
    """
    found: list[tuple[int, int]] = []
    offset = 0
    while offset < size:
        head = os.pread(descriptor, _HEAD, offset)
        if not head.startswith(_BEGINNING):
            if not found:
                return None
            if _BEGINNING.startswith(head[: len(_BEGINNING)]):
                raise NotPackedError(CUT_OFF)
            raise NotPackedError("what is compressed is followed by something else")
        length = _LENGTH.unpack(head[len(_BEGINNING) :])[0] if len(head) == _HEAD else size
        if length <= _HEAD + _TRAILER.size:
            raise NotPackedError("what is compressed is damaged")
        if offset + length > size or len(head) < _HEAD:
            raise NotPackedError(CUT_OFF)
        found.append((offset, length))
        offset += length
    return found
