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


def load_realm(connection: sqlite3.Connection, number: int) -> Realm:
    """Return the realm of a number that some row bears."""
    row = connection.execute(
        "SELECT iam_host, vpc_endpoint, account_id FROM realms WHERE id = ?", (number,)
    ).fetchone()
    if row is None:
        raise DamageError(f"realm {number} is not there")
    return Realm(*row)


def describe(realm: Realm) -> str:
    """Return the realm as it reads in a sentence."""
    return f"account {realm.account_id} at {realm.vpc_endpoint} (IAM {realm.iam_host})"


def _key(realm: Realm) -> tuple[str, str, str]:
    return realm.iam_host, realm.vpc_endpoint, realm.account_id
