"""Files that tell when they were edited: JSON whose digest covers everything but itself.

The digest is of the compact encoding, so a file may be indented anew, or its keys put in another
order. It is no signature: whoever can compute it can forge it. That is why what a file holds is
checked beside it, key by key.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

import msgspec

from vpcmetactl.domain.errors import InvalidInputError, RefusedError
from vpcmetactl.files.shapes import Digest, Shape

VERSION = 2
NO_DIGEST = "sha256:" + "0" * 64

_PREFIX = "sha256:"
_BOM = b"\xef\xbb\xbf"
_LONGEST = 300


class Sealed(Shape, frozen=True):
    """Base of a whole file."""

    format: str
    format_version: int
    digest: Digest


FileT = TypeVar("FileT", bound=Sealed)


@dataclass(frozen=True)
class FileFormat(Generic[FileT]):
    """One of our formats: its name in the file, and in a sentence, and how to make it anew."""

    name: str
    words: str
    shape: type[FileT]
    remedy: str

    def seal(self, shape: FileT) -> tuple[bytes, str]:
        """Return the file's text and its digest in hexadecimal; the shape's own is ignored.

        The same shape gives the same text. Raises InvalidInputError for what could not be read
        back: text that is no Unicode, and numbers out of bounds.
        """
        try:
            compact = _compact(shape)
            msgspec.json.decode(compact, type=self.shape)
        except (UnicodeEncodeError, OverflowError, msgspec.ValidationError) as error:
            raise InvalidInputError(f"the {self.words} cannot be written: {error}") from None
        digest = _digest(compact, shape)
        sealed = compact.replace(_member(shape.digest), _member(_PREFIX + digest), 1)
        return msgspec.json.format(sealed, indent=2) + b"\n", digest

    def open(self, content: bytes, name: str) -> FileT:
        """Return what the file called ``name`` holds.

        Raises InvalidInputError for what is no such file, or of a format that is not known, and
        RefusedError for one that was edited.
        """
        content = content.removeprefix(_BOM)
        try:
            self._check_head(content, name)
            shape = msgspec.json.decode(content, type=self.shape)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            self.reject(name, str(error))
        compact = _compact(shape)
        if shape.digest != _PREFIX + _digest(compact, shape):
            raise RefusedError(
                f"{name} was edited after it was made: its digest does not match",
                hint=f"nothing was done; {self.remedy}",
            )
        if msgspec.json.format(content, indent=-1) != compact:
            self._refuse_keys_told_twice(content, name)
        return shape

    def reject(self, name: str, why: str) -> NoReturn:
        """Raise InvalidInputError: the file called ``name`` cannot be what it should be."""
        short = why if len(why) <= _LONGEST else f"{why[:_LONGEST]}…"
        raise InvalidInputError(f"{name} is no {self.words}: {short}", hint=self.remedy)

    def _check_head(self, content: bytes, name: str) -> None:
        head = msgspec.json.decode(content, type=_Head)
        if head.format != self.name:
            self.reject(name, f'it has no "format": "{self.name}"')
        version = head.format_version
        if type(version) is int and version > VERSION:
            raise InvalidInputError(
                f"{name} has format version {version}, this program reads up to {VERSION}",
                hint="use the newer vpcmetactl that made it",
            )
        if type(version) is not int or version < 1:
            self.reject(name, f"only the format versions 1 to {VERSION} are known")

    def _refuse_keys_told_twice(self, content: bytes, name: str) -> None:
        """Of a key that is told twice the first may be seen and the last is read."""

        def refuse(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
            read = dict(pairs)
            if len(read) < len(pairs):
                keys = [key for key, _ in pairs]
                twice = next(key for key in keys if keys.count(key) > 1)
                self.reject(name, f"an object has the key {twice!r} twice")
            return read

        json.loads(content, object_pairs_hook=refuse)


class _Head(msgspec.Struct):
    format: Any = None
    format_version: Any = None


def _compact(shape: Sealed) -> bytes:
    return msgspec.json.encode(shape)


def _digest(compact: bytes, shape: Sealed) -> str:
    """Return the digest of an encoded file without the member that holds the digest."""
    return hashlib.sha256(compact.replace(_member(shape.digest) + b",", b"", 1)).hexdigest()


def _member(digest: str) -> bytes:
    return b'"digest":"' + digest.encode() + b'"'


def encodable(text: str) -> str:
    """Return the text without lone surrogates, which arguments may hold and UTF-8 cannot."""
    return text.encode(errors="replace").decode()
