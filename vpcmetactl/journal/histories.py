"""Everything that is known of servers' past, of one moment of the file."""

import sqlite3
from collections.abc import Mapping, Sequence

from vpcmetactl.domain.evidence import History
from vpcmetactl.journal import events, observations
from vpcmetactl.journal.database import one_moment


def load_histories(
    connection: sqlite3.Connection, realm: int, server_ids: Sequence[str]
) -> Mapping[str, History]:
    """Return the history of each server; those of which nothing is known are absent."""
    with one_moment(connection):
        seen = observations.load(connection, realm, server_ids)
        last_seen = observations.load_last_seen(connection, realm, server_ids)
        told = events.load(connection, realm, server_ids)
    histories = {}
    for server_id in server_ids:
        sights = tuple(seen.get(server_id, ()))
        until = None
        if sights:
            last = sights[-1].observed_at
            until = max(last, last_seen.get(server_id, last))
        if sights or server_id in told:
            histories[server_id] = History(sights, told.get(server_id, ()), until)
    return histories
