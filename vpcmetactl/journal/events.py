"""Events of servers, as others recorded them: each is there once, however often it is added."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

import msgspec

from vpcmetactl.domain.evidence import EventKind, ServerEvent, Source
from vpcmetactl.journal.decoding import UnknownCodeError, known, misread
from vpcmetactl.journal.failures import DamageError
from vpcmetactl.journal.times import to_text

_Values = tuple[str | int | None, ...]

_INSERT = """
    INSERT OR IGNORE INTO events (realm, server_id, at, kind, source, key, note)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_ANSWERS = """
    SELECT at, key FROM events
    WHERE realm = ? AND server_id = ? AND kind = 'answered' AND source = ?
"""
_FORGET = """
    DELETE FROM events
    WHERE realm = ? AND server_id = ? AND at = ? AND kind = 'answered' AND source = ? AND key = ?
"""

# One text for all events of a server, of which objects are made without the interpreter: a million
# take two thirds of the time of a row each.
_SELECT = """
    SELECT json_group_array(json_object('server_id', server_id, 'at', at, 'kind', kind,
        'source', source, 'key', key, 'note', note))
    FROM events WHERE realm = ? AND server_id = ?
"""
_EVENTS = msgspec.json.Decoder(list[ServerEvent])
_MOMENT = attrgetter("at")

_Place = tuple[str, str]
_Answers = dict[tuple[str, Source], dict[_Place, ServerEvent]]


def add(connection: sqlite3.Connection, realm: int, events: Iterable[ServerEvent]) -> int:
    """Keep events, and return how many are new.

    Of those of one server and source that say that the service answered only the first and the
    last are kept.
    """
    told: list[ServerEvent] = []
    answers: _Answers = {}
    for event in events:
        if event.kind is EventKind.ANSWERED:
            of_source = answers.setdefault((event.server_id, event.source), {})
            of_source.setdefault((to_text(event.at), event.key), event)
        else:
            told.append(event)
    before = connection.total_changes
    # In the order of the table: a page of it is then written once, whatever order events come in.
    told.sort(key=lambda event: (event.server_id, event.at))
    connection.executemany(_INSERT, _rows(realm, told))
    return connection.total_changes - before + _add_answers(connection, realm, answers)


def _rows(realm: int, events: Iterable[ServerEvent]) -> Iterator[_Values]:
    for event in events:
        at = to_text(event.at)
        kind, source = event.kind.value, event.source.value
        yield realm, event.server_id, at, kind, source, event.key, event.note


def _add_answers(connection: sqlite3.Connection, realm: int, answers: _Answers) -> int:
    added: list[ServerEvent] = []
    outdone: list[_Values] = []
    for (server_id, source), told in answers.items():
        kept: set[_Place] = set(connection.execute(_ANSWERS, (realm, server_id, source.value)))
        moments = kept | told.keys()
        ends = {min(moments), max(moments)}
        added.extend(told[moment] for moment in ends - kept)
        outdone.extend((realm, server_id, at, source.value, key) for at, key in kept - ends)
    connection.executemany(_INSERT, _rows(realm, added))
    connection.executemany(_FORGET, outdone)
    return len(added)


def load(
    connection: sqlite3.Connection, realm: int, server_ids: Sequence[str]
) -> Mapping[str, Sequence[ServerEvent]]:
    """Return the events of each server, oldest first; servers without any are absent.

    Raises DamageError for a senseless row, and StateError for a code of a newer version.
    """
    has_any = connection.execute("SELECT 1 FROM events WHERE realm = ? LIMIT 1", (realm,))
    if has_any.fetchone() is None:
        return {}
    found = {}
    for server_id in server_ids:
        ((text,),) = connection.execute(_SELECT, (realm, server_id)).fetchall()
        try:
            events = _EVENTS.decode(text)
        except msgspec.DecodeError as error:
            _require_known(connection, realm, server_id)
            raise DamageError(f"events of server {server_id}: {error}") from error
        if events:
            # They come in the order of the table, which is this one, though nothing promises it.
            events.sort(key=_MOMENT)
            found[server_id] = tuple(events)
    return found


def _require_known(connection: sqlite3.Connection, realm: int, server_id: str) -> None:
    """Raise StateError where a newer version may have meant what is not understood."""
    query = "SELECT DISTINCT kind, source FROM events WHERE realm = ? AND server_id = ?"
    for kind, source in connection.execute(query, (realm, server_id)):
        try:
            known(EventKind, kind)
            known(Source, source)
        except UnknownCodeError as error:
            raise misread(f"an event of server {server_id}", error) from error
