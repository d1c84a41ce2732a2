"""What was seen of servers: one row for each sight that differs from the one before it."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence

from vpcmetactl.domain.restarts import Observation
from vpcmetactl.journal.failures import DamageError
from vpcmetactl.journal.times import from_text, to_text

_Row = tuple[str, str, int | None, str | None]

# Older SQLite takes 999 variables in a statement.
_CHUNK = 500

# The sight before is the last one not later than this: two processes may record out of order.
_INSERT_IF_DIFFERENT = """
    INSERT INTO observations (realm, server_id, observed_at, tie, enabled, status)
    SELECT ?1, ?2, ?3,
        (SELECT count(*) FROM observations
         WHERE realm = ?1 AND server_id = ?2 AND observed_at = ?3),
        ?4, ?5
    WHERE NOT EXISTS (
        SELECT 1 FROM (
            SELECT enabled, status FROM observations
            WHERE realm = ?1 AND server_id = ?2 AND observed_at <= ?3
            ORDER BY observed_at DESC, tie DESC LIMIT 1
        ) WHERE enabled IS ?4 AND status IS ?5
    )
"""


def record(connection: sqlite3.Connection, realm: int, observations: Iterable[Observation]) -> None:
    """Keep what differs from the sight before it of the same server."""
    connection.executemany(_INSERT_IF_DIFFERENT, _rows(realm, observations))


def _rows(
    realm: int, observations: Iterable[Observation]
) -> Iterator[tuple[int, str, str, bool | None, str | None]]:
    moment, text = None, ""
    for seen in observations:
        # The servers of one page share one moment; writing it out takes longest of all.
        if seen.observed_at is not moment:
            moment = seen.observed_at
            text = to_text(moment)
        yield realm, seen.server_id, text, seen.enabled, seen.status


def load(
    connection: sqlite3.Connection, realm: int, server_ids: Sequence[str]
) -> Mapping[str, Sequence[Observation]]:
    """Return the sights of each server, oldest first; raises DamageError for a senseless row."""
    found: dict[str, list[Observation]] = {}
    for chunk in _chunks(server_ids):
        for row in _select(connection, realm, chunk):
            found.setdefault(row[0], []).append(_observation(row))
    return found


def _select(
    connection: sqlite3.Connection, realm: int, server_ids: Sequence[str]
) -> Iterable[_Row]:
    marks = ",".join("?" * len(server_ids))
    query = f"""
        SELECT server_id, observed_at, enabled, status FROM observations
        WHERE realm = ? AND server_id IN ({marks}) ORDER BY server_id, observed_at, tie
    """  # noqa: S608 - nothing but question marks is put in
    return connection.execute(query, (realm, *server_ids))


def _observation(row: _Row) -> Observation:
    server_id, observed_at, enabled, status = row
    try:
        moment = from_text(observed_at)
    except (TypeError, ValueError) as error:
        raise DamageError(f"{observed_at!r} is no time") from error
    return Observation(server_id, moment, None if enabled is None else bool(enabled), status)


def _chunks(server_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(server_ids), _CHUNK):
        yield server_ids[start : start + _CHUNK]
