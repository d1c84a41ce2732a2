"""What one Activity Tracker event tells of a server.

Read in IBM's documentation:

* "Event fields" (Activity Tracker Event Routing): ``action``; ``outcome``, which is ``success``,
  ``pending`` or ``failure``; ``reason.reasonCode``, an HTTP status; ``target.id``, the CRN of what
  was acted on; ``eventTime``, in UTC, such as ``2017-10-19T19:07:50.32+0000``; ``correlationId``,
  which events of several services may share; ``id``; ``requestData`` and ``responseData``, whose
  content each service decides. In IBM's own samples these two are also JSON in a string.
* "Activity tracking events for VPC": the actions of instances and of the metadata service, and
  that an instance action is told to be ``start``, ``stop`` or ``reboot``, though not where. The
  actions of the metadata service "should not be used for automation".
* "Monitoring login sessions for trusted profiles": in ``iam-identity.computeresource-token.login``
  the compute resource is ``initiator.authnId``, its CRN after ``crn-``.
* "Activity tracking events" of Key Protect: updates tell ``initialValue`` and ``newValue``.

What no page tells is decided here, and always so that rather too little is believed:

* Only ``success`` counts. ``pending`` tells what was asked for, not what happened.
* That VPC tells old and new values of an update is not documented (platform notes 2.4). Where one
  does not, it is only known that something was changed.
* Who called the metadata service is not documented: the one instance that the event names, in its
  target, its initiator or its data; where it names several, nobody knows which.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from vpcmetactl.domain.evidence import EventKind, ServerEvent, Source

_CRN_PARTS = 10
_ERROR = 400
_LONGEST_ID = 100
_DEEPEST = 4
# Times in milliseconds; others are no times of this platform.
_EARLIEST = 10**12
_LATEST = 10**13


_ABSENT = msgspec.Raw(b"null")


class Event(msgspec.Struct, gc=False):
    """The fields of an event that are used; any of them may be missing, or something else."""

    action: Any = None
    event_time: Any = msgspec.field(default=None, name="eventTime")
    outcome: Any = None
    reason: Any = None
    target: Any = None
    initiator: msgspec.Raw = _ABSENT
    correlation_id: Any = msgspec.field(default=None, name="correlationId")
    id: Any = None
    request: Any = msgspec.field(default=None, name="requestData")
    response: Any = msgspec.field(default=None, name="responseData")


class ForeignError(Exception):
    """An event of a server of another account."""


def server_event(event: Event, account_id: str) -> ServerEvent | None:
    """Return what an event tells of a server of the account; ``None``: nothing.

    Raises ForeignError for a server of another account, and ValueError, saying why, for an event
    that lacks what every such event has.
    """
    read = _READERS[event.action]
    if not _has_happened(event):
        return None
    kind = read(event)
    if kind is None:
        return None
    named = _caller(event) if kind is EventKind.ANSWERED else _instance(_member(event.target, "id"))
    if named is None:
        return None
    account, server_id = named
    if account != account_id:
        raise ForeignError
    return ServerEvent(
        server_id, _moment(event.event_time), kind, Source.ACTIVITY_TRACKER, _key(event)
    )


def _updated(event: Event) -> EventKind | None:
    """Tell an enabling from a disabling where the event has both values, and they differ.

    A new value alone may be what it was before.
    """
    before, after = _values(event)
    if before is None or after is None:
        return EventKind.UPDATED
    if before is after:
        return None
    return EventKind.ENABLED if after else EventKind.DISABLED


def _acted(event: Event) -> EventKind | None:
    told = {
        kind
        for data in (_data(event.request), _data(event.response))
        if isinstance(kind := _member(data, "type") or _member(data, "action"), str)
    }
    return _ACTION_TYPES.get(told.pop()) if len(told) == 1 else None


_ACTION_TYPES = {"stop": EventKind.STOPPED, "start": EventKind.STARTED}
_READERS: dict[Any, Callable[[Event], EventKind | None]] = {
    "is.instance.instance.update": _updated,
    "is.instance.instance.stop": lambda _: EventKind.STOPPED,
    "is.instance.instance.volume-stop": lambda _: EventKind.STOPPED,
    "is.instance.instance.start": lambda _: EventKind.STARTED,
    "is.instance.action.create": _acted,
    "is.metadata.jwt-token.create": lambda _: EventKind.ANSWERED,
    "iam-identity.computeresource-token.login": lambda _: EventKind.ANSWERED,
}
ACTIONS = frozenset(_READERS)
"""The actions that may tell something."""


def _has_happened(event: Event) -> bool:
    code = _member(event.reason, "reasonCode")
    if isinstance(code, str) and code.isdecimal() and len(code) < _LONGEST_ID:
        code = int(code)
    is_error = isinstance(code, int | float) and code >= _ERROR
    return event.outcome == "success" and not is_error


def _values(event: Event) -> tuple[bool | None, bool | None]:
    """Return whether the service was enabled before an update, and after, where it is told."""
    before = after = None
    for data in (_data(event.request), _data(event.response)):
        old, new = (_enabled(_member(data, name)) for name in ("initialValue", "newValue"))
        before, after = (before if old is None else old), (after if new is None else new)
    # A request holds what was asked to change; an answer would hold everything.
    return before, _enabled(_data(event.request)) if after is None else after


def _enabled(data: object) -> bool | None:
    value = _member(_member(data, "metadata_service"), "enabled")
    return value if isinstance(value, bool) else None


def _caller(event: Event) -> tuple[str, str] | None:
    named = {
        found
        for part in (event.target, _initiator(event), _data(event.request), _data(event.response))
        for text in _texts(part, _DEEPEST)
        if (found := _instance(text)) is not None
    }
    return named.pop() if len(named) == 1 else None


def _initiator(event: Event) -> object:
    return msgspec.json.decode(event.initiator)


def _instance(crn: object) -> tuple[str, str] | None:
    """Return the account and the id of the instance that a CRN names."""
    if not isinstance(crn, str):
        return None
    parts = crn.removeprefix("crn-").split(":")
    if len(parts) != _CRN_PARTS or parts[0] != "crn" or parts[4] != "is" or parts[8] != "instance":
        return None
    account, server_id = parts[6].removeprefix("a/"), parts[9]
    return (account, server_id) if account and server_id else None


def _texts(node: object, deepest: int) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif deepest and isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from _texts(child, deepest - 1)


def _data(data: object) -> object:
    """Return the data of a request or an answer, which may be JSON in a string."""
    if not isinstance(data, str):
        return data
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _member(node: object, name: str) -> object:
    return node.get(name) if isinstance(node, dict) else None


def _moment(told: object) -> datetime:
    """Return a time in UTC, told in ISO 8601 or in milliseconds since 1970."""
    try:
        if isinstance(told, str) and told[10:11] in ("T", " "):
            at = datetime.fromisoformat(told)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        number = int(told) if isinstance(told, str) and len(told) < _LONGEST_ID else told
        if isinstance(number, int | float) and _EARLIEST <= number < _LATEST:
            return datetime.fromtimestamp(number / 1000, UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"an event whose eventTime is {str(told)[:_LONGEST_ID]!r}")


def _key(event: Event) -> str:
    if isinstance(event.correlation_id, str) and 0 < len(event.correlation_id) <= _LONGEST_ID:
        return event.correlation_id
    fields = (event.action, event.id, event.event_time, event.target, _initiator(event))
    return hashlib.blake2b(msgspec.json.encode(fields, order="sorted"), digest_size=8).hexdigest()
