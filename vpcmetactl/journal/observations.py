"""What was seen of servers: one row for each sight that differs from the one before it.

A server that is as it was costs no row: when it was last seen is kept beside, once a server.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from vpcmetactl.domain.evidence import Observation, Sights
from vpcmetactl.journal.failures import DamageError
from vpcmetactl.journal.times import from_text, to_text

_Values = Mapping[str, str | int | None]

# Older SQLite takes 999 variables in a statement.
_CHUNK = 500

# The sight before is the last one not later than this: two processes may record out of order.
_INSERT_IF_DIFFERENT = """
    INSERT INTO observations (realm, server_id, observed_at, tie, enabled, status, otherwise_until)
    SELECT :realm, :server_id, :observed_at,
        (SELECT count(*) FROM observations
         WHERE realm = :realm AND server_id = :server_id AND observed_at = :observed_at),
        :enabled, :status, :until
    WHERE NOT EXISTS (
        SELECT 1 FROM (
            SELECT enabled, status FROM observations
            WHERE realm = :realm AND server_id = :server_id AND observed_at <= :observed_at
            ORDER BY observed_at DESC, tie DESC LIMIT 1
        ) WHERE enabled IS :enabled AND status IS :status
    )
"""

# All servers of one moment in one statement: for 10,000 of them half the time of one each.
_SEE = """
    INSERT INTO last_seen (realm, server_id, seen_at)
    SELECT ?, value, ? FROM json_each(?) WHERE true
    ON CONFLICT (realm, server_id) DO UPDATE SET seen_at = excluded.seen_at
    WHERE excluded.seen_at > seen_at
"""


def record(connection: sqlite3.Connection, realm: int, sights: Sights) -> None:
    """Keep what differs from the sight before it of the same server, and when each was seen."""
    connection.executemany(_INSERT_IF_DIFFERENT, _rows(realm, sights.new))
    for moment, server_ids in _by_moment(sights).items():
        connection.execute(_SEE, (realm, to_text(moment), json.dumps(server_ids)))


def _rows(realm: int, observations: Iterable[Observation]) -> Iterator[_Values]:
    # The servers of one page share one moment; writing it out takes longest of all.
    text = cache(to_text)
    for seen in observations:
        before = seen.otherwise_until
        until = None if before is None else text(before)
        yield {
            "realm": realm,
            "server_id": seen.server_id,
            "observed_at": text(seen.observed_at),
            "enabled": seen.enabled,
            "status": seen.status,
            "until": until,
        }


def _by_moment(sights: Sights) -> Mapping[datetime, Sequence[str]]:
    moments: dict[datetime, list[str]] = {}
    for seen in sights.new:
        moments.setdefault(seen.observed_at, []).append(seen.server_id)
    for server_id, moment in sights.unchanged:
        moments.setdefault(moment, []).append(server_id)
    return moments


def load(
    connection: sqlite3.Connection, realm: int, server_ids: Sequence[str]
) -> Mapping[str, Sequence[Observation]]:
    """Return the sights of each server, oldest first; raises DamageError for a senseless row."""
    moment = cache(_moment)
    found: dict[str, list[Observation]] = {}
    for server_id, observed_at, enabled, status, until in _select(
        connection,
        "SELECT server_id, observed_at, enabled, status, otherwise_until FROM observations",
        realm,
        server_ids,
        order="server_id, observed_at, tie",
    ):
        found.setdefault(server_id, []).append(
            Observation(
                server_id,
                moment(observed_at),
                None if enabled is None else bool(enabled),
                status,
                None if until is None else moment(until),
            )
        )
    return found


def load_last_seen(
    connection: sqlite3.Connection, realm: int, server_ids: Sequence[str]
) -> Mapping[str, datetime]:
    """Return when each server was seen last; raises DamageError for a senseless row."""
    moment = cache(_moment)
    query = "SELECT server_id, seen_at FROM last_seen"
    rows = _select(connection, query, realm, server_ids, order="server_id")
    return {server_id: moment(seen_at) for server_id, seen_at in rows}


def _select(
    connection: sqlite3.Connection, query: str, realm: int, server_ids: Sequence[str], *, order: str
) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(server_ids), _CHUNK):
        chunk = server_ids[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        where = f" WHERE realm = ? AND server_id IN ({marks}) ORDER BY {order}"
        yield from connection.execute(query + where, (realm, *chunk)).fetchall()


def _moment(text: str) -> datetime:
    try:
        return from_text(text)
    except (TypeError, ValueError) as error:
        raise DamageError(f"{text!r} is no time") from error
