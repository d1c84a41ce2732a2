"""Where whole texts go: stdout, and the files of ``-o FORMAT=FILE``.

For ``guest``, whose commands must start at once wherever they run: what ``output`` needs for
lists of servers, which come in parts, takes longer to load than a server takes to answer.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TextIO

from vpcmetactl.domain.errors import InvalidInputError, OutputError

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("table", "json")


class PlainTarget(NamedTuple):
    """One ``-o``: a format, and a file where it does not go to stdout."""

    format: str
    path: str | None = None


def read_targets(words: Sequence[str]) -> Sequence[PlainTarget]:
    """Read the values of ``-o``; a table goes to stdout where nothing else does.

    Raises InvalidInputError for what cannot be.
    """
    targets = [_target(word) for word in words]
    return targets if has_stdout(targets) else [PlainTarget("table"), *targets]


def has_stdout(targets: "Sequence[tuple[str, Path | str | None]]") -> bool:
    """Return whether one of these pairs of format and file goes to stdout.

    Raises InvalidInputError where several do, or a file is named twice.
    """
    on_stdout = [format_ for format_, path in targets if path is None]
    if len(on_stdout) > 1:
        raise InvalidInputError(
            f"--output {' and '.join(on_stdout)}: only one format can go to stdout",
            hint="send the others into files: --output FORMAT=FILE",
        )
    paths = [path for _, path in targets if path is not None]
    for path in paths:
        if paths.count(path) > 1:
            raise InvalidInputError(
                f"--output: {path} is named twice", hint="send each format into a file of its own"
            )
    return bool(on_stdout)


def file_of(word: str) -> str | None:
    """Return the file of ``FORMAT[=FILE]``; raises InvalidInputError for a name left out."""
    name, equals, path = word.partition("=")
    if equals and not path:
        raise InvalidInputError(
            f"--output {word}: there is no file name behind the '='",
            hint=f"write --output {name}=FILE, or --output {name} for stdout",
        )
    return path or None


def _target(word: str) -> PlainTarget:
    name = word.partition("=")[0]
    if name.lower() not in FORMATS:
        raise InvalidInputError(
            f"--output {word}: there is no format {name!r} here",
            hint=f"the formats here are {' and '.join(FORMATS)}",
        )
    return PlainTarget(name.lower(), file_of(word))


def write_targets(
    stdout: TextIO, targets: Sequence[PlainTarget], texts: Mapping[str, Callable[[], str]]
) -> None:
    """Write the text of each target's format.

    Raises OutputError for what cannot be written; a file is there whole, or as it was before.
    """
    for format_, path in targets:
        text = texts[format_]()
        if path is None:
            write_stdout(stdout, text)
        else:
            _write_file(path, text)


def write_stdout(stdout: TextIO, text: str) -> None:
    """Write to stdout, to the last byte; raises OutputError, or BrokenPipeError."""
    try:
        stdout.write(text)
        stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"stdout cannot be written to: {error.strerror}") from None


def _write_file(name: str, text: str) -> None:
    from pathlib import Path  # noqa: PLC0415 - dear, and most results go to stdout

    path, content = Path(name), text.encode()
    try:
        if path.exists() and not path.is_file():
            _write(os.open(path, os.O_WRONLY), content)  # a device, or a pipe
        else:
            _replace(path.resolve(), content)  # a link stays, and what it points to is replaced
    except OSError as error:
        raise OutputError(
            f"--output: {path}: {error.strerror}", hint="nothing was written to it"
        ) from None


def _replace(path: "Path", content: bytes) -> None:
    """Write beside a file, and put it in its place."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        if path.exists():
            os.fchmod(descriptor, path.stat().st_mode & 0o777)
        _write(descriptor, content)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _write(descriptor: int, content: bytes) -> None:
    with open(descriptor, "wb") as file:
        file.write(content)
