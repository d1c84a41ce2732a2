"""Restarts that nobody brought to an end: their servers may be down still."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from vpcmetactl.domain.runs import CutOffRestart, RestartStep
from vpcmetactl.journal.database import Database, one_moment
from vpcmetactl.journal.decoding import SENSELESS, misread, server_from_json
from vpcmetactl.journal.failures import DamageError
from vpcmetactl.journal.runlocks import RunLocks

# Of each server the last attempt that got anywhere, unless its own run has refused it since: then
# the server is gone, or is another's to start. An attempt whose stop was refused stopped nothing.
# The condition on the step is that of an index, which holds but the few restarts that did not get
# to their end.
_CUT_OFF = """
    SELECT c.run, c.server_id, c.step, coalesce(c.outcome_at, c.step_at, c.intent_at)
    FROM changes c
    WHERE c.realm = :realm AND c.step IN ('stopping', 'stopped', 'starting')
        AND (c.outcome IS NULL OR c.outcome = 'unknown' OR c.outcome = 'failed'
            AND (c.step <> 'stopping' OR c.error_code IN ('stop_failed', 'start_failed')))
        AND NOT EXISTS (
            SELECT 1 FROM runs r JOIN changes later ON later.run = r.id
            WHERE r.realm = :realm AND r.action = 'restart'
                AND later.server_id = c.server_id AND later.id > c.id
                AND (later.step IS NOT NULL OR later.outcome IN ('applied', 'already_done')
                    OR later.outcome = 'refused' AND later.run = c.run)
        )
    ORDER BY c.id
"""
_LAST_SIGHT = """
    SELECT o.status, max(o.observed_at, ifnull(l.seen_at, ''))
    FROM observations o LEFT JOIN last_seen l ON l.realm = o.realm AND l.server_id = o.server_id
    WHERE o.realm = ? AND o.server_id = ? ORDER BY o.observed_at DESC, o.tie DESC LIMIT 1
"""
_SERVER = "SELECT server FROM plan_items WHERE run = ? AND server_id = ? AND change IS NOT NULL"


class _Row(NamedTuple):
    run: str
    server_id: str
    step: str
    until: str


def list_cut_off_restarts(
    database: Database, realm: int, locks: RunLocks
) -> Sequence[CutOffRestart]:
    """Return them, oldest first, without those of runs that go on."""
    runs = {row.run for row in database.read(lambda it: _select(it, realm))}
    # Asked for before they are read in earnest: what a run brings to its end in between is seen.
    ended = {run for run in runs if not locks.is_held(run)}
    if not ended:
        return []
    return database.read(lambda it: _load(it, realm, ended))


def _select(connection: sqlite3.Connection, realm: int) -> Sequence[_Row]:
    return [_Row(*row) for row in connection.execute(_CUT_OFF, {"realm": realm})]


def _load(connection: sqlite3.Connection, realm: int, ended: set[str]) -> Sequence[CutOffRestart]:
    with one_moment(connection):
        return [
            _cut_off(connection, row)
            for row in _select(connection, realm)
            if row.run in ended and not _ran_since(connection, realm, row)
        ]


def _ran_since(connection: sqlite3.Connection, realm: int, row: _Row) -> bool:
    """Whether the server ran when it was seen last, and that after the attempt.

    An earlier sight of it running does not count: a stop that was just asked for takes a while.
    """
    sight = connection.execute(_LAST_SIGHT, (realm, row.server_id)).fetchone()
    return sight is not None and sight[0] == "running" and sight[1] > row.until


def _cut_off(connection: sqlite3.Connection, row: _Row) -> CutOffRestart:
    item = connection.execute(_SERVER, (row.run, row.server_id)).fetchone()
    if item is None:
        raise DamageError(f"run {row.run}: its plan does not name server {row.server_id}")
    try:
        return CutOffRestart(row.run, server_from_json(*item), RestartStep(row.step))
    except SENSELESS as error:
        raise misread(f"run {row.run}, server {row.server_id}", error) from error
