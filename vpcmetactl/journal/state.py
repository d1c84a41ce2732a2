"""The state file of commands that change something, as one realm sees it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from vpcmetactl.domain.restarts import Observation
from vpcmetactl.journal import observations as sights
from vpcmetactl.journal.database import Database
from vpcmetactl.journal.opening import open_database
from vpcmetactl.journal.realms import enter_realm
from vpcmetactl.usecases.ports import Clock, Realm


class SqliteJournal:
    """The state of one realm; every method may be called from any thread.

    What a method has returned from is on the disk. Raises StateError where the file cannot be
    read or written; what was committed before stays as it was.
    """

    def __init__(self, database: Database, realm: Realm) -> None:
        self._database = database
        self._realm = database.write(lambda connection: enter_realm(connection, realm))

    def load_observations(self, server_ids: Sequence[str]) -> Mapping[str, Sequence[Observation]]:
        """Return what is kept of each server, oldest first; servers never seen are absent."""
        return self._database.read(lambda it: sights.load(it, self._realm, server_ids))

    def record_observations(self, observations: Iterable[Observation]) -> None:
        """Keep, in one transaction, each sight that differs from the one before it."""
        seen = tuple(observations)
        self._database.write(lambda it: sights.record(it, self._realm, seen))

    def close(self) -> None:
        """Close the file; does nothing the second time."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_journal(path: Path, realm: Realm, clock: Clock) -> SqliteJournal:
    """Open the state, to be closed by the caller.

    File and folder are made where they are missing, readable by the user alone. Raises StateError
    where the state cannot be written, is damaged (it is then set aside under the name that the
    error tells) or was made by a newer version.
    """
    database = open_database(path, clock)
    try:
        return SqliteJournal(database, realm)
    except BaseException:
        database.close()
        raise
