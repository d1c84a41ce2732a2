"""From a path to an open database of the present version."""

import sqlite3
from pathlib import Path

from vpcmetactl.domain.errors import StateError
from vpcmetactl.journal.database import Database
from vpcmetactl.journal.failures import BUSY_SECONDS, ELSEWHERE, damage_reason, is_busy, state_error
from vpcmetactl.journal.schema import VERSION, migrate, require_ours
from vpcmetactl.journal.statefile import ReadOnlyFile, StateFile, beside
from vpcmetactl.usecases.ports import Clock

_RETRY_SECONDS = 0.02


def open_database(path: Path, clock: Clock) -> Database:
    """Open the state for reading and writing, made or migrated where needed.

    Raises StateError where that cannot be done, and where the file is damaged: it is then set
    aside under the name that the error tells.
    """
    file = StateFile(path, clock)
    try:
        return Database(_open_writable(file, clock), file)
    except BaseException:
        file.close()
        raise


def _open_writable(file: StateFile, clock: Clock) -> sqlite3.Connection:
    try:
        connection = _connect(file.path, "mode=rw")
        try:
            _prepare(connection, file, clock)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _opening_failure(file, error) from error
    return connection


def _opening_failure(file: StateFile, error: sqlite3.Error | UnicodeDecodeError) -> StateError:
    damage = damage_reason(error)
    if damage is not None:
        return file.set_aside(damage)
    return state_error(file.path, error)


def _prepare(connection: sqlite3.Connection, file: StateFile, clock: Clock) -> None:
    """Check before touching; then take the write lock once, which proves that writing works."""
    require_ours(connection, file.path)
    file.make_private()
    _use_write_ahead_log(connection, file.path, clock)
    # FULL: an acknowledged intent survives a power failure; fullfsync: on macOS, too.
    for pragma in ("synchronous = FULL", "fullfsync = ON", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN IMMEDIATE")
    migrate(connection, file.path)
    connection.execute("COMMIT")


def _use_write_ahead_log(connection: sqlite3.Connection, path: Path, clock: Clock) -> None:
    deadline = clock.monotonic() + BUSY_SECONDS
    while (mode := _ask_for_log(connection, last_chance=clock.monotonic() > deadline)) is None:
        clock.wait(_RETRY_SECONDS)
    if mode != "wal":
        raise StateError(
            f"cannot use the state file {path}: its file system keeps no shared memory",
            hint="set VPCMETACTL_STATE to a file on a local disk",
        )


def _ask_for_log(connection: sqlite3.Connection, *, last_chance: bool) -> str | None:
    """Return the mode the file is in now, or ``None`` while another process is busy with it.

    Where two processes turn the log on at once, SQLite does not wait by itself: it would be a
    deadlock.
    """
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    except sqlite3.OperationalError as error:
        if last_chance or not is_busy(error):
            raise
        return None
    return str(mode)


def open_read_only(path: Path) -> Database:
    """Open a state that may not be written; the file and its folder are left as they are.

    Raises StateError where it cannot be read, is damaged, or is not of the present version.
    """
    try:
        return Database(_open_readable(path), ReadOnlyFile(path))
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise state_error(path, error) from error


def _open_readable(path: Path) -> sqlite3.Connection:
    try:
        return _open_checked(path, "mode=ro")
    except sqlite3.OperationalError:
        # Without the right to make a -shm file SQLite reads a database only when it is told that
        # nobody writes it, which holds where no log lies beside it.
        if beside(path, "-wal").exists():
            raise
        return _open_checked(path, "mode=ro&immutable=1")


def _open_checked(path: Path, mode: str) -> sqlite3.Connection:
    connection = _connect(path, mode)
    try:
        _require_present_version(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_present_version(connection: sqlite3.Connection, path: Path) -> None:
    version = require_ours(connection, path)
    if version != VERSION:
        raise StateError(
            f"the state file {path} has version {version} and cannot be brought to {VERSION}",
            hint=ELSEWHERE,
        )


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,  # transactions begin and end where this package says so
        check_same_thread=False,  # Database gives one thread at a time its turn
    )
