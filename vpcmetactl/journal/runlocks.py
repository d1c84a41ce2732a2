"""Which runs are still going on.

Each run holds a lock on a file of its own beside the state. The operating system lets go of it
when the process ends, however it ends; so a run that nobody holds has ended.
"""

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path

from vpcmetactl.journal.failures import state_error
from vpcmetactl.journal.statefile import beside


def new_run_id(now: datetime) -> str:
    """Return an id that sorts by the second it was made in, and can be typed."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{os.urandom(2).hex()}"


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
        """Whether the process of a run, this one or another, still lives and has not ended it.

        The file of a run that nobody holds is removed.
        """
        try:
            lock = os.open(self._file(run_id), os.O_RDWR)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise state_error(self._state, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        self._file(run_id).unlink(missing_ok=True)
        return False

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
        return beside(self._state, f"-run-{run_id}")
