"""Writing down what to create an instance template with: user data and all, for its owner only."""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from vpcmetactl.domain.errors import OutputError

_OWNER_ONLY = 0o600


def write_template_body(path: Path, body: Mapping[str, object]) -> None:
    """Write a body as JSON, readable by its owner only, whatever was there before.

    The file is there whole, or as before. Raises OutputError; also for what is no regular file,
    such as a terminal or a pipe, where others could read it.
    """
    content = msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"
    try:
        if path.exists() and not path.is_file():
            raise OutputError(
                f"{path} is no regular file, and the body may hold secrets in its user data",
                hint="name a file that only you can read",
            )
        _replace(path.resolve(), content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{path}: {reason}", hint="nothing was written to it") from None


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{secrets.token_hex(8)}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
