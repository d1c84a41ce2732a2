"""Realms: rows of one are never seen by another."""

import sqlite3

from vpcmetactl.journal.failures import DamageError
from vpcmetactl.usecases.ports import Realm


def enter_realm(connection: sqlite3.Connection, realm: Realm) -> int:
    """Return the number of a realm, which is given one the first time."""
    found = find_realm(connection, realm)
    if found is None:
        connection.execute(
            "INSERT INTO realms (iam_host, vpc_endpoint, account_id) VALUES (?, ?, ?)", _key(realm)
        )
        found = find_realm(connection, realm)
    if found is None:
        raise DamageError("a realm that was just written is not there")
    return found


def find_realm(connection: sqlite3.Connection, realm: Realm) -> int | None:
    """Return the number of a realm, ``None`` for one that never wrote here."""
    row = connection.execute(
        "SELECT id FROM realms WHERE iam_host = ? AND vpc_endpoint = ? AND account_id = ?",
        _key(realm),
    ).fetchone()
    return None if row is None else int(row[0])


def _key(realm: Realm) -> tuple[str, str, str]:
    return realm.iam_host, realm.vpc_endpoint, realm.account_id
