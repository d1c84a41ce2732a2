"""Which runs are still going on.

Each run holds a lock on a file of its own beside the state. The operating system lets go of it
when the process ends, however it ends; so a run that nobody holds has ended.
"""

import fcntl
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from vpcmetactl.journal.failures import DamageError, state_error
from vpcmetactl.journal.statefile import beside


def new_run_id(now: datetime) -> str:
    """Return an id that sorts by the second it was made in, and can be typed."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{os.urandom(2).hex()}"


def is_run_id(text: object) -> bool:
    """Whether this can be the id of a run, or the beginning of one; it is fit for a file name."""
    return isinstance(text, str) and _RUN_ID.fullmatch(text) is not None


# Runs that are imported may bear ids of another make.
_RUN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


class RunLocks:
    """The runs of one state file; raises StateError where a lock cannot be made or asked for."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._held: dict[str, int] = {}

    def start(self, now: datetime) -> str:
        """Return the id of a new run, held by this process until ``release``."""
        while True:
            run_id = new_run_id(now)
            try:
                # Nobody asks for the lock of a run before the run is in the state.
                lock = os.open(self._file(run_id), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                self._held[run_id] = lock
                fcntl.flock(lock, fcntl.LOCK_EX)
            except FileExistsError:
                continue
            except OSError as error:
                raise state_error(self._state, error) from error
            return run_id

    def is_held(self, run_id: str) -> bool:
        """Whether the process of a run, this one or another, still lives and has not ended it."""
        try:
            lock = os.open(self._file(run_id), os.O_RDONLY)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise state_error(self._state, error) from error
        try:
            return not _share(lock)
        finally:
            os.close(lock)

    def sweep(self, run_id: str) -> bool:
        """Return whether a run is held; remove the file of one that is not.

        Only within a write transaction of the state: nobody takes a run up meanwhile.
        """
        held = self.is_held(run_id)
        if not held:
            self._file(run_id).unlink(missing_ok=True)
        return held

    def take(self, run_id: str) -> bool:
        """Hold a run that has ended until ``release``; return False where it still goes on.

        Only within a write transaction of the state: nobody else takes it up meanwhile.
        """
        try:
            lock = _hold(self._file(run_id))
        except OSError as error:
            raise state_error(self._state, error) from error
        if lock is None:
            return False
        self._held[run_id] = lock
        return True

    def release(self, run_id: str) -> None:
        """End a run; does nothing for one that this process does not hold."""
        lock = self._held.pop(run_id, None)
        if lock is not None:
            self._file(run_id).unlink(missing_ok=True)
            os.close(lock)

    def close(self) -> None:
        """End every run."""
        for run_id in tuple(self._held):
            self.release(run_id)

    def _file(self, run_id: str) -> Path:
        if not is_run_id(run_id):
            raise DamageError(f"{run_id!r} is no id of a run")
        return beside(self._state, f"-run-{run_id}")


def _hold(path: Path) -> int | None:
    """Return a descriptor that holds the file at this path alone; ``None`` where another does."""
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        is_ours = False
        try:
            if not _share(lock):
                return None
            fcntl.flock(lock, fcntl.LOCK_EX)  # waits, if at all, for others who just ask
            # Who ended the run may have removed the file after it was opened here.
            is_ours = _is_same_file(lock, path)
            if is_ours:
                return lock
        finally:
            if not is_ours:
                os.close(lock)


def _share(lock: int) -> bool:
    """Lock a file beside all who also only ask; return False where somebody holds it alone."""
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
