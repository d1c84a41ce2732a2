"""The tables of the state file, and how older files become newer ones.

Times are UTC, ISO 8601 with microseconds and ``Z``, so that text sorts as time does. Only what
SQLite 3.26 with JSON understands is used: some systems pair a new Python with an old SQLite.
"""

import sqlite3
from pathlib import Path

from vpcmetactl.domain.errors import StateError

# "vpmc", in the file's header: tells our files from those of other programs.
APPLICATION_ID = 0x76706D63

_REALMS_AND_OBSERVATIONS = (
    """
    CREATE TABLE realms (
        id INTEGER PRIMARY KEY,
        iam_host TEXT NOT NULL,
        vpc_endpoint TEXT NOT NULL,
        account_id TEXT NOT NULL,
        UNIQUE (iam_host, vpc_endpoint, account_id)
    )
    """,
    # Sights of one server lie side by side. "tie" keeps the order of those of one microsecond.
    """
    CREATE TABLE observations (
        realm INTEGER NOT NULL REFERENCES realms (id),
        server_id TEXT NOT NULL,
        observed_at TEXT NOT NULL,
        tie INTEGER NOT NULL,
        enabled INTEGER CHECK (enabled IN (0, 1)),
        status TEXT,
        PRIMARY KEY (realm, server_id, observed_at, tie)
    ) WITHOUT ROWID
    """,
)

_RUNS = (
    """
    CREATE TABLE runs (
        id TEXT NOT NULL PRIMARY KEY,
        realm INTEGER NOT NULL REFERENCES realms (id),
        started_at TEXT NOT NULL,
        finished_at TEXT,
        actor TEXT,
        action TEXT NOT NULL,
        patch TEXT NOT NULL,
        tool_version TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    # server, change and skip are JSON: they are read as a whole, by whoever shows or resumes a run.
    """
    CREATE TABLE plan_items (
        run TEXT NOT NULL REFERENCES runs (id),
        position INTEGER NOT NULL,
        server_id TEXT NOT NULL,
        server TEXT NOT NULL,
        change TEXT,
        skip TEXT,
        PRIMARY KEY (run, position),
        CHECK ((change IS NULL) <> (skip IS NULL))
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE changes (
        id INTEGER PRIMARY KEY,
        run TEXT NOT NULL REFERENCES runs (id),
        realm INTEGER NOT NULL REFERENCES realms (id),
        server_id TEXT NOT NULL,
        intent_at TEXT,
        outcome_at TEXT,
        outcome TEXT,
        found TEXT,
        error_code TEXT,
        error_message TEXT,
        error_trace TEXT,
        CHECK (intent_at IS NOT NULL OR outcome IS NOT NULL),
        CHECK ((outcome IS NULL) = (outcome_at IS NULL))
    )
    """,
    "CREATE INDEX changes_of_a_run ON changes (run, server_id)",
    # However many processes: a server has one change open at a time.
    "CREATE UNIQUE INDEX one_open_intent ON changes (realm, server_id) WHERE outcome IS NULL",
)

# No reference: the run that was taken back may have stayed behind on another machine.
_ROLLBACKS = ("ALTER TABLE runs ADD COLUMN rollback_of TEXT",)

_EVIDENCE_AND_RESTARTS = (
    "ALTER TABLE observations ADD COLUMN otherwise_until TEXT",
    # When a server was last seen as its last observation shows it. With rowids: writing all of them
    # anew, page by page of a listing, takes a third of the time.
    """
    CREATE TABLE last_seen (
        realm INTEGER NOT NULL REFERENCES realms (id),
        server_id TEXT NOT NULL,
        seen_at TEXT NOT NULL,
        PRIMARY KEY (realm, server_id)
    )
    """,
    # Events of one server lie side by side, in order of time; the same one is there only once.
    """
    CREATE TABLE events (
        realm INTEGER NOT NULL REFERENCES realms (id),
        server_id TEXT NOT NULL,
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        source TEXT NOT NULL,
        key TEXT NOT NULL,
        note TEXT,
        PRIMARY KEY (realm, server_id, at, kind, source, key)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX answers ON events (realm, server_id, source, at, key) WHERE kind = 'answered'",
    "ALTER TABLE changes ADD COLUMN subject TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE changes ADD COLUMN step TEXT",
    "ALTER TABLE changes ADD COLUMN step_at TEXT",
    "ALTER TABLE changes ADD COLUMN link_id TEXT",
    "ALTER TABLE changes ADD COLUMN reason TEXT",
    "DROP INDEX one_open_intent",
    # However many processes: a subject of a server has one change open at a time.
    """
    CREATE UNIQUE INDEX one_open_intent ON changes (realm, server_id, subject)
    WHERE outcome IS NULL
    """,
    """
    CREATE INDEX restarts_under_way ON changes (realm, server_id)
    WHERE step IN ('stopping', 'stopped', 'starting')
    """,
)

# The n-th entry turns version n - 1 into version n. Entries are added, never altered. A new code
# in a plan (an action, a reason, a note) is worth an entry too, even an empty one: older programs
# then leave the file alone instead of stumbling over the code.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _REALMS_AND_OBSERVATIONS,
    _RUNS,
    _ROLLBACKS,
    _EVIDENCE_AND_RESTARTS,
)
VERSION = len(MIGRATIONS)


def require_ours(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the file, 0 for one without content; changes nothing.

    Raises StateError where a newer version of this program, or another program, made the file.
    """
    version = _number(connection, "PRAGMA user_version")
    owner = _number(connection, "PRAGMA application_id")
    tables = _number(connection, "SELECT count(*) FROM sqlite_master")
    if owner != APPLICATION_ID and (owner or version or tables):
        raise StateError(
            f"{path} is a database of another program; it is left as it is",
            hint="set VPCMETACTL_STATE to a file of its own",
        )
    if version > VERSION:
        raise StateError(
            f"the state file {path} has version {version}, made by a newer vpcmetactl; "
            f"this one knows versions up to {VERSION} and leaves it as it is",
            hint="use the newer vpcmetactl, or set VPCMETACTL_STATE to another file",
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the file to ``VERSION``. Runs within a write transaction: all of it, or nothing."""
    version = require_ours(connection, path)
    if version == VERSION:
        return
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _number(connection: sqlite3.Connection, query: str) -> int:
    (number,) = connection.execute(query).fetchone()
    return int(number)
