"""Reading and writing whole files."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from vpcmetactl.domain.errors import InvalidInputError, OutputError

MOST_BYTES = 512 * 1024 * 1024


def read_bytes(path: Path) -> bytes:
    """Return a file's content; raises InvalidInputError where it cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInputError(f"{path}: {reason}", hint="check the file's name") from None
    if len(content) > MOST_BYTES:
        raise InvalidInputError(f"{path} is larger than {MOST_BYTES // 1024**2} MiB")
    return content


def write_whole(path: Path, content: bytes) -> None:
    """Write a file as ``writing_whole`` does."""
    with writing_whole(path) as file:
        file.write(content)


@contextmanager
def writing_whole(path: Path) -> Iterator[BinaryIO]:
    """Give what to write a file with, durably: after a crash it is there whole, or as before.

    A link stays, and what it points to is replaced; a file keeps its mode, a new one gets the
    usual one, for it is meant to be reviewed and committed. A device or a pipe is written to.
    Raises OutputError.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
        else:
            with _replacing(path.resolve()) as file:
                yield file
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{path}: {reason}", hint="nothing was written to it") from None


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    mode = path.stat().st_mode & 0o777 if path.exists() else None
    temporary = path.with_name(f".{secrets.token_hex(8)}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            if mode is not None:
                os.fchmod(descriptor, mode)
            yield file
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, where the file system has a way to."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
