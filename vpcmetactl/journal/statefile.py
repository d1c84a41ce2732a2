"""The state file as the operating system sees it: made, guarded, and set aside when damaged.

Beside the file lies ``…-lock``. Every process that has the state open holds it shared; whoever
renames a damaged file holds it alone. Renaming a database that another process has open would let
that process go on writing into a file which nobody reads any more.
"""

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

from vpcmetactl.domain.errors import StateError
from vpcmetactl.journal.failures import ELSEWHERE, state_error
from vpcmetactl.usecases.ports import Clock

# What a state file is called unless somebody names it.
USUAL_NAME = "state.sqlite"
_MAGIC = b"SQLite format 3\0"
_CREATE = os.O_RDWR | os.O_CREAT
_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
# The file itself comes last: a rename that is cut short leaves a file which is found damaged again.
_PARTS = ("-wal", "-shm", "")


class StateFile:
    """A regular file that exists, and that no other process sets aside until ``close``.

    Making one creates folder and file where they are missing; raises StateError where that cannot
    be done, with the operating system's reason.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        # SQLite follows links and keeps -wal and -shm beside the target; so must the rest.
        self.path = Path(os.path.realpath(path))
        self._clock = clock
        try:
            self._lock = _lock(self.path)
            try:
                _create(self.path)
                self._identity = _identity(self.path)
                self._require_content()
            except BaseException:
                self.close()
                raise
        except OSError as error:
            raise state_error(self.path, error) from error

    def _require_content(self) -> None:
        if _lost_its_content(self.path):
            raise self.set_aside("it is empty, yet has a write-ahead log")

    def make_private(self) -> None:
        """Take away what others may do with the file, where it is ours."""
        with suppress(PermissionError):
            if stat.S_IMODE(self.path.stat().st_mode) != _PRIVATE_FILE:
                self.path.chmod(_PRIVATE_FILE)

    def set_aside(self, reason: str) -> StateError:
        """Rename the damaged file, and return the error that says what happened.

        The caller has closed its connection, and opens none again. Nothing is renamed while
        another process has the file open, nor where another process has already done it.
        """
        damaged = f"the state file {self.path} is damaged ({reason})"
        if not self._may_be_ours():
            return StateError(f"{self.path} is no state file; it is left as it is", hint=ELSEWHERE)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            target = self._rename()
        except BlockingIOError:
            return StateError(
                f"{damaged}, and another process has it open",
                hint="end that process and run again: the file is then set aside",
            )
        except OSError as error:
            message = f"{damaged} and cannot be set aside: {error.strerror}"
            return StateError(message, hint=ELSEWHERE)
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)
        if target is None:
            return StateError(f"{damaged}; another process has set it aside", hint="run again")
        return StateError(
            f"{damaged}; it is kept as {target}",
            hint="run again: a new state file is made, which knows nothing of earlier runs",
        )

    def _may_be_ours(self) -> bool:
        """Whether this was a state file before it was damaged, and not a file named by mistake.

        One of another name than the usual has at least a database's first bytes.
        """
        if self.path.name == USUAL_NAME:
            return True
        try:
            with self.path.open("rb") as file:
                return file.read(len(_MAGIC)) in (_MAGIC, b"")
        except OSError:
            return False

    def _rename(self) -> Path | None:
        """Return the new name; ``None`` where what lies there is no longer what was opened."""
        if _identity(self.path) != self._identity:
            return None
        target = self._free_name()
        for part in _PARTS:
            with suppress(FileNotFoundError):
                beside(self.path, part).rename(beside(target, part))
        return target

    def _free_name(self) -> Path:
        name = beside(self.path, f".damaged-{self._clock.now():%Y%m%dT%H%M%SZ}")
        number = 1
        target = name
        while target.exists():
            number += 1
            target = beside(name, f".{number}")
        return target

    def close(self) -> None:
        """Let go of the file. Called once."""
        os.close(self._lock)


class ReadOnlyFile:
    """A state file that this process may not write, and so never renames."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def set_aside(self, reason: str) -> StateError:
        """Return the error that says the file is damaged; leave it where it is."""
        return StateError(f"the state file {self.path} is damaged ({reason})", hint=ELSEWHERE)

    def close(self) -> None:
        """Do nothing."""


def beside(path: Path, suffix: str) -> Path:
    """Return the path whose name is longer by ``suffix``."""
    return path.with_name(path.name + suffix)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _lock(path: Path) -> int:
    """Return a descriptor that keeps others from renaming the file."""
    path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    _require_regular(path)
    lock = os.open(beside(path, "-lock"), _CREATE, _PRIVATE_FILE)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _require_regular(path: Path) -> None:
    if path.exists() and not path.is_file():
        kind = "it is a folder" if path.is_dir() else "it is not a regular file"
        raise StateError(f"cannot use the state file {path}: {kind}", hint=ELSEWHERE)


def _create(path: Path) -> None:
    """Make an empty file, only ours to read, unless there is one.

    An existing file is not opened here: closing any descriptor of a file drops every lock that
    SQLite holds on it in this process.
    """
    try:
        descriptor = os.open(path, _CREATE | os.O_EXCL, _PRIVATE_FILE)
    except FileExistsError:
        return
    os.close(descriptor)
    # SQLite syncs what it writes into the file, not the folder that names it.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _lost_its_content(path: Path) -> bool:
    """Whether the file is empty beside a log with content, which SQLite would delete unasked.

    An empty file alone is a new one: that is how ``mktemp`` and a process that is just starting
    leave it.
    """
    log = beside(path, "-wal")
    return path.stat().st_size == 0 and log.exists() and log.stat().st_size > 0
