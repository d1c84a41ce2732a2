"""The streams: the result goes to stdout, everything else to stderr."""

import io
import os
import shutil
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from vpcmetactl.domain.errors import VpcmetactlError

_PIPED_WIDTH = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Where the program speaks and listens.

    ``quiet`` silences notes and progress, never errors; ``verbose`` adds retries. A stderr that
    nobody reads any more stops nothing: what is said there is about the work, and not the work.
    """

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    quiet: bool = False
    verbose: bool = False

    @property
    def stdin_bytes(self) -> BinaryIO:
        """What comes in, as bytes."""
        buffer: BinaryIO | None = getattr(self.stdin, "buffer", None)
        return buffer or io.BytesIO(self.stdin.read().encode())

    @property
    def color(self) -> bool:
        """Whether stdout should be coloured: NO_COLOR wins, then CLICOLOR_FORCE."""
        if self.environ.get("NO_COLOR"):
            return False
        forced = self.environ.get("CLICOLOR_FORCE", "0")
        return forced not in ("", "0") or self.stdout.isatty()

    @property
    def width(self) -> int:
        """The width of stdout in columns; 80 where it is no terminal."""
        if not self.stdout.isatty():
            return _PIPED_WIDTH
        return shutil.get_terminal_size((_PIPED_WIDTH, 24)).columns

    @property
    def interactive(self) -> bool:
        """Whether someone is there to be asked."""
        return self.stdin.isatty() and self.stderr.isatty()

    @property
    def shows_progress(self) -> bool:
        """Whether stderr is a terminal on which a line may be drawn over."""
        return self.stderr.isatty() and not self.quiet and self.environ.get("TERM") != "dumb"

    def say(self, message: str) -> None:
        """Write a line to stderr."""
        self.write_error(f"{printable(message)}\n")

    def write_error(self, text: str) -> None:
        """Write to stderr as it is; for text that is known to be printable."""
        try:
            self.stderr.write(text)
            self.stderr.flush()
        except OSError:
            _settle(self.stderr)

    def note(self, message: str) -> None:
        """Write a line to stderr that a quiet run can do without."""
        if not self.quiet:
            self.say(message)

    def report(self, error: VpcmetactlError) -> None:
        """Write an error: its message, the API's trace and what to do next."""
        self.say(f"error: {error}")
        if error.trace:
            self.say(f"trace: {error.trace} (give it to IBM support)")
        if error.hint:
            self.say(f"hint: {error.hint}")

    def report_unexpected(self, error: Exception) -> None:
        """Write that the program itself is wrong; the traceback only where it is asked for."""
        self.say(f"error: this is a bug in vpcmetactl: {type(error).__name__}")
        if self.environ.get("VPCMETACTL_DEBUG"):
            self.write_error("".join(traceback.format_exception(error)))
        else:
            self.say("hint: run it again with VPCMETACTL_DEBUG=1 and report what it prints")


def printable(text: str) -> str:
    """Escape what could steer a terminal: names in messages come from the cloud."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


def standard_terminal(environ: Mapping[str, str]) -> Terminal:
    """Return the process's own streams, which escape what their encoding does not have.

    A stream that was closed before we came is replaced by one that swallows everything.
    """
    stdin = sys.stdin or _nowhere("r")
    stdout, stderr = sys.stdout or _nowhere("w"), sys.stderr or _nowhere("w")
    for stream in (stdout, stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return Terminal(stdin=stdin, stdout=stdout, stderr=stderr, environ=environ)


def _nowhere(mode: str) -> TextIO:
    return cast("TextIO", Path(os.devnull).open(mode, encoding="utf-8"))


def settle_stdout() -> None:
    """Write what is held back; where that fails, keep the interpreter from trying once more."""
    _settle(sys.stdout)


def _settle(stream: TextIO) -> None:
    try:
        stream.flush()
    except OSError:
        with suppress(OSError):  # it is no file of the process
            _swallow(stream.fileno())
    except (AttributeError, ValueError):
        return  # it was closed before


def _swallow(descriptor: int) -> None:
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, descriptor)
    os.close(devnull)
