"""Runs, what they planned, and what they attempted.

``changes`` holds one row for each attempt: an intent that was committed before the call, and what
became of it; or only the latter, where nothing had to be sent. A planned change without a row was
not attempted.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from vpcmetactl.domain.errors import RefusedError, StateError
from vpcmetactl.domain.plans import Change, NotAttempted, Outcome, Plan, PlanItem, Skip, SkipReason
from vpcmetactl.domain.runs import RestartStep
from vpcmetactl.domain.servers import ServerIdentity
from vpcmetactl.journal.encoding import (
    SettledColumns,
    change_to_json,
    patch_to_json,
    server_to_json,
    settled_columns,
    skip_to_json,
)


@dataclass(frozen=True, slots=True)
class Start:
    """What is known of a run when it begins; ``actor`` is an IAM id.

    ``rollback_of`` is the run whose changes this one takes back.
    """

    run_id: str
    started_at: str
    actor: str | None
    tool_version: str
    rollback_of: str | None = None


def begin(connection: sqlite3.Connection, realm: int, start: Start, plan: Plan) -> bool:
    """Write a run and its plan down; return False where the id is taken.

    A server that was already as asked is left out: a fleet has thousands of them each time.
    """
    run = connection.execute(
        "INSERT OR IGNORE INTO runs"
        " (id, realm, started_at, actor, action, patch, tool_version, rollback_of)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            start.run_id,
            realm,
            start.started_at,
            start.actor,
            plan.action.value,
            patch_to_json(plan.patch),
            start.tool_version,
            start.rollback_of,
        ),
    )
    if run.rowcount == 0:
        return False
    connection.executemany(
        "INSERT INTO plan_items (run, position, server_id, server, change, skip)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        _items(start.run_id, plan),
    )
    return True


def _items(run_id: str, plan: Plan) -> Iterator[tuple[str | int | None, ...]]:
    for position, item in enumerate(plan.items):
        if not (isinstance(item, Skip) and item.reason is SkipReason.ALREADY_SO):
            server = item.server
            yield run_id, position, server.id, server_to_json(server), *_decision(item)


def _decision(item: PlanItem) -> tuple[str | None, str | None]:
    if isinstance(item, Change):
        return change_to_json(item), None
    return None, skip_to_json(item)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who attempts a change of what of which server, and when it was written down."""

    realm: int
    run_id: str
    server: ServerIdentity
    subject: str
    at: str

    @property
    def place(self) -> tuple[int, str, str]:
        """What has one change open at a time."""
        return self.realm, self.server.id, self.subject


def intend(
    connection: sqlite3.Connection, attempt: Attempt, is_held: Callable[[str], bool]
) -> None:
    """Open an intent; one that is open already stays as it is.

    Raises RefusedError where another run has one open for the same and still goes on. Where
    that run has ended, its intent is closed as unknown: nobody is left to say what became of it.
    """
    if make_way(connection, attempt, is_held):
        connection.execute(
            "INSERT INTO changes (run, realm, server_id, subject, intent_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (attempt.run_id, *attempt.place, attempt.at),
        )


def make_way(
    connection: sqlite3.Connection, attempt: Attempt, is_held: Callable[[str], bool]
) -> bool:
    """Let nobody else have an intent open for the same, as ``intend`` says.

    Returns whether this run has none open either.
    """
    server = attempt.server
    holder = connection.execute(
        "SELECT run FROM changes"
        " WHERE realm = ? AND server_id = ? AND subject = ? AND outcome IS NULL",
        attempt.place,
    ).fetchone()
    if holder is not None:
        (other,) = holder
        if other == attempt.run_id:
            return False
        if is_held(other):
            raise RefusedError(
                f"{server.kind.words} {server.label} is just being changed by run {other}",
                hint="run again when that run has ended",
                region=server.region,
            )
        _close(connection, attempt, other, _abandoned(attempt.run_id))
    return True


def reach(connection: sqlite3.Connection, attempt: Attempt, step: RestartStep) -> None:
    """Write down how far an open restart has got.

    Raises StateError where it is not open: another process took it for abandoned.
    """
    reached = connection.execute(
        "UPDATE changes SET step = ?, step_at = ?"
        " WHERE realm = ? AND server_id = ? AND subject = ? AND run = ? AND outcome IS NULL",
        (step.value, attempt.at, *attempt.place, attempt.run_id),
    )
    if reached.rowcount == 0:
        server = attempt.server
        raise StateError(
            f"the restart of {server.kind.words} {server.label} is no longer open in run "
            f"{attempt.run_id}: another run went on with it",
            hint=f"see what became of it: vpcmetactl runs show {attempt.run_id}",
        )


def settle(connection: sqlite3.Connection, attempt: Attempt, outcome: Outcome) -> None:
    """Close the intent with its outcome; without one, write the outcome down by itself."""
    columns = settled_columns(outcome)
    if _close(connection, attempt, attempt.run_id, columns) or isinstance(outcome, NotAttempted):
        return
    connection.execute(
        "INSERT INTO changes (run, realm, server_id, subject, outcome_at, outcome, found,"
        " error_code, error_message, error_trace, link_id, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (attempt.run_id, *attempt.place, attempt.at, *columns),
    )


def _close(
    connection: sqlite3.Connection, attempt: Attempt, run_id: str, columns: SettledColumns
) -> bool:
    """Close the open intent of a run; return whether there was one."""
    closed = connection.execute(
        "UPDATE changes SET outcome_at = ?, outcome = ?, found = ?, error_code = ?,"
        " error_message = ?, error_trace = ?, link_id = ?, reason = ?"
        " WHERE realm = ? AND server_id = ? AND subject = ? AND run = ? AND outcome IS NULL",
        (attempt.at, *columns, *attempt.place, run_id),
    )
    return closed.rowcount > 0


def _abandoned(successor: str) -> SettledColumns:
    message = f"the run ended without saying what became of it; run {successor} went on"
    return SettledColumns("unknown", None, "abandoned", message)


def list_unfinished(connection: sqlite3.Connection) -> Sequence[str]:
    """Return the runs, of every realm, that go on or ended without saying so."""
    found = connection.execute("SELECT id FROM runs WHERE finished_at IS NULL").fetchall()
    return [run_id for (run_id,) in found]


def finish(connection: sqlite3.Connection, run_id: str, finished_at: str) -> None:
    """Write down that a run has ended."""
    connection.execute("UPDATE runs SET finished_at = ? WHERE id = ?", (finished_at, run_id))


def reopen(connection: sqlite3.Connection, run_id: str) -> None:
    """Write down that a run goes on after all."""
    connection.execute("UPDATE runs SET finished_at = NULL WHERE id = ?", (run_id,))
