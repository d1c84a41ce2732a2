"""What SQLite and the operating system say, in the words of ``StateError``."""

import sqlite3
from pathlib import Path

from vpcmetactl.domain.errors import StateError

BUSY_SECONDS = 10.0

ELSEWHERE = "set VPCMETACTL_STATE to a file you may write; reading commands also take --no-state"
_TRY_AGAIN = "run again when the other command has ended"
_FREE_SPACE = f"what was journaled so far is kept; free some space, or {ELSEWHERE}"


class DamageError(Exception):
    """The content of the file is not what this program writes; never leaves this package."""


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code; ``SQLITE_ERROR`` where Python's module raised itself."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection holds a lock that this one needs."""
    return primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def damage_reason(error: BaseException) -> str | None:
    """Return what is wrong with the file itself; ``None`` where its surroundings are to blame."""
    match error:
        case DamageError():
            return _printable(str(error))
        case UnicodeDecodeError():
            return _NO_TEXT  # in SQLite's own message, which quotes the file
        case sqlite3.OperationalError() if not hasattr(error, "sqlite_errorcode"):
            return _NO_TEXT  # in a column; Python's module says so without a code
        case sqlite3.Error() if primary_code(error) in _DAMAGE:
            return _printable(str(error))
        case _:
            return None


_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NO_TEXT = "what should be text is none"


def _printable(text: str) -> str:
    """Return SQLite's words without the control characters that it may quote from the file."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def state_error(path: Path, error: sqlite3.Error | OSError | UnicodeDecodeError) -> StateError:
    """Return the error a user reads; one instance for each who is told."""
    if isinstance(error, OSError):
        return _unusable(path, _reason(path, error))
    if isinstance(error, UnicodeDecodeError):
        return _unusable(path, _NO_TEXT)
    match primary_code(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StateError(
                f"another process has kept the state file {path} locked for {BUSY_SECONDS:g} s",
                hint=_TRY_AGAIN,
            )
        case sqlite3.SQLITE_FULL:
            return StateError(f"no space left to write the state file {path}", hint=_FREE_SPACE)
        case _:
            return _unusable(path, _printable(str(error)))


def _reason(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    blamed = error.filename
    return reason if blamed in (None, str(path)) else f"{reason}: {blamed}"


def _unusable(path: Path, reason: str) -> StateError:
    return StateError(f"cannot use the state file {path}: {reason}", hint=ELSEWHERE)
