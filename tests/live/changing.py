"""What the VPC API does when one setting of one server is changed, and changed back."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.live.assumption import Finding, UntestedError, fails, holds, judged, untested
from tests.live.wire import Answer, Wire

# Of a whole toggle, with everything that may have to be asked again to put it back.
MOST_REQUESTS = 24
HIGHEST_LIMIT = 64
_TRIES = 3
_READINGS = 4
_PAUSE = 2.0
_PARTS = {
    "instances": {"enabled", "protocol", "response_hop_limit"},
    "bare_metal_servers": {"enabled", "protocol"},
}
_OTHER_PROTOCOL = {"http": "https", "https": "http"}


@dataclass(frozen=True, slots=True)
class Toggle:
    """One setting of one server, what it is now, and what it is to be for some seconds.

    ``collection`` is ``instances`` or ``bare_metal_servers``. ``command`` sets it as it is now.
    """

    region: str
    collection: str
    server_id: str
    name: str
    field: str
    before: str | int
    during: str | int
    status: str
    is_enabled: bool

    @property
    def command(self) -> str:
        """What a human types to put it back."""
        option = "--protocol" if self.field == "protocol" else "--response-hop-limit"
        return (
            f"vpcmetactl metadata set {self.server_id} --region {self.region} "
            f"{option} {self.before}"
        )


class NotRestoredError(Exception):
    """The setting could not be put back, or it is not known whether it was."""


def plan_toggle(wire: Wire, region: str, server: str, field: str | None) -> Toggle:
    """Find a server by its id or its exact name, and say what would be changed.

    ``field`` is ``response_hop_limit`` or ``protocol``; the former where a server has it, else the
    latter. Raises UntestedError where there is no such server, or not just one.
    """
    collection, found = _server(wire, region, server)
    service = found.get("metadata_service")
    if not isinstance(service, dict):
        raise UntestedError("the server tells nothing of its metadata service")
    wanted = field or ("response_hop_limit" if "response_hop_limit" in service else "protocol")
    before = service.get(wanted)
    during: str | int | None = None
    if wanted == "protocol":
        during = _OTHER_PROTOCOL.get(str(before))
    elif isinstance(before, int):
        during = before + 1 if before < HIGHEST_LIMIT else before - 1
    if before is None or during is None:
        raise UntestedError(f"the server tells no {wanted} that could be changed")
    return Toggle(
        region=region,
        collection=collection,
        server_id=str(found["id"]),
        name=str(found.get("name")),
        field=wanted,
        before=before,
        during=during,
        status=str(found.get("status")),
        is_enabled=service.get("enabled") is True,
    )


def _server(wire: Wire, region: str, server: str) -> tuple[str, dict[str, Any]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for collection in _PARTS:
        one = wire.vpc(region, f"/{collection}/{server}")
        if one.status == 200 and one.document.get("id") == server:
            return collection, one.document
        items = wire.vpc(region, f"/{collection}", name=server, limit=100).items(collection)
        found += [(collection, item) for item in items if item.get("name") == server]
    if len(found) != 1:
        number = len(found) or "no"
        raise UntestedError(f"{number} servers of that id or name are in {region}")
    return found[0]


@dataclass(slots=True)
class _Seen:
    """The answers of a toggle, in order; ``None`` for what was not reached."""

    first: Answer
    changed: Answer | None = None
    read_back: Answer | None = None
    stale: Answer | None = None
    after_stale: Answer | None = None


def run_toggle(wire: Wire, toggle: Toggle) -> Mapping[str, Finding]:
    """Make the change, look, try an outdated change, and put everything back whatever happens.

    Raises NotRestoredError where the setting may not be what it was, and UntestedError where
    nothing was changed.
    """
    wire.allow(MOST_REQUESTS)
    first = _read(wire, toggle)
    if _value(first, toggle) != toggle.before:
        raise UntestedError("the server has changed since the plan was made")
    seen = _Seen(first)
    reason = "not reached"
    try:
        _walk(wire, toggle, seen)
    except UntestedError as error:
        reason = str(error)
    finally:
        _restore(wire, toggle)
    return {check: _found(judge, toggle, seen, reason) for check, judge in _JUDGES.items()}


def _walk(wire: Wire, toggle: Toggle, seen: _Seen) -> None:
    old = seen.first.headers.get("etag")
    if toggle.collection != "instances":
        old = None
    seen.changed = _patch(wire, toggle, toggle.during, old)
    if not 200 <= seen.changed.status < 300:
        return
    seen.read_back = _read(wire, toggle)
    if old is not None:
        seen.stale = _patch(wire, toggle, toggle.before, old)
        seen.after_stale = _read(wire, toggle)


def _patch(wire: Wire, toggle: Toggle, value: str | int, if_match: str | None) -> Answer:
    patch = {"metadata_service": {toggle.field: value}}
    return wire.vpc(toggle.region, _path(toggle), method="PATCH", patch=patch, if_match=if_match)


def _read(wire: Wire, toggle: Toggle) -> Answer:
    return wire.vpc(toggle.region, _path(toggle)).expect(200, "the server")


def _path(toggle: Toggle) -> str:
    return f"/{toggle.collection}/{toggle.server_id}"


def _service(answer: Answer) -> dict[str, Any]:
    found = answer.document.get("metadata_service")
    return found if isinstance(found, dict) else {}


def _value(answer: Answer, toggle: Toggle) -> Any:  # noqa: ANN401 - whatever JSON holds
    return _service(answer).get(toggle.field)


def _restore(wire: Wire, toggle: Toggle) -> None:
    """Set what was, until two readings in a row show it: one may be older than the last change.

    It is sent even where a reading shows it already: what came first may still be on its way.
    """
    try:
        if any(_is_put_back(wire, toggle) for _ in range(_TRIES)):
            return
    except (Exception, KeyboardInterrupt) as error:
        raise _not_restored(toggle) from error
    raise _not_restored(toggle)


def _is_put_back(wire: Wire, toggle: Toggle) -> bool:
    with suppress(UntestedError):
        _patch(wire, toggle, toggle.before, None)
        shown = 0
        for _ in range(_READINGS):
            shown = shown + 1 if _value(_read(wire, toggle), toggle) == toggle.before else 0
            if shown == 2:
                return True
            wire.wait(_PAUSE)
    wire.wait(_PAUSE)
    return False


def _not_restored(toggle: Toggle) -> NotRestoredError:
    return NotRestoredError(f"{toggle.field} of {toggle.name} may not be {toggle.before} again")


Judge = Callable[[Toggle, _Seen], Finding]


def _found(judge: Judge, toggle: Toggle, seen: _Seen, reason: str) -> Finding:
    try:
        return judge(toggle, seen)
    except _NotReachedError:
        return untested(reason)
    except UntestedError as error:
        return untested(str(error))


class _NotReachedError(Exception):
    """The toggle ended before."""


def _reached(answer: Answer | None) -> Answer:
    if answer is None:
        raise _NotReachedError
    return answer


def _accepted(seen: _Seen) -> Answer:
    changed = _reached(seen.changed)
    if not 200 <= changed.status < 300:
        raise UntestedError(f"the patch was refused with {changed.status} {changed.code}")
    return changed


def whole_answer(toggle: Toggle, seen: _Seen) -> Finding:
    """A26: 200, and the whole server."""
    answer = _accepted(seen)
    missing = sorted(set(seen.first.document) - set(answer.document))
    parts = _PARTS[toggle.collection] - set(_service(answer))
    is_same = answer.document.get("id") == toggle.server_id
    is_whole = is_same and not missing and not parts and _value(answer, toggle) == toggle.during
    lacking = ", ".join([*missing, *sorted(parts)]) or "the change"
    told = "whole" if is_whole else f"without {lacking}"
    return judged(answer.status == 200 and is_whole, f"{answer.status}, {told}")


def _running_change(field: str) -> Judge:
    def judge(toggle: Toggle, seen: _Seen) -> Finding:
        if toggle.field != field:
            raise UntestedError(f"another setting was changed; add --change {field}")
        if toggle.status != "running":
            raise UntestedError(f"the server is {toggle.status}")
        changed = _reached(seen.changed)
        if not 200 <= changed.status < 300:
            return fails(f"{changed.status} {changed.code}")
        after = _reached(seen.read_back).document.get("status")
        return judged(after == "running", f"{changed.status}, then {after}")

    return judge


def read_your_writes(toggle: Toggle, seen: _Seen) -> Finding:
    """A29: the next reading shows it."""
    _accepted(seen)
    is_shown = _value(_reached(seen.read_back), toggle) == toggle.during
    return judged(is_shown, "shown" if is_shown else "the old value is shown")


def etag_changes(toggle: Toggle, seen: _Seen) -> Finding:
    """A30: another setting is another ETag."""
    old = _old_etag(toggle, seen)
    _accepted(seen)
    new = _reached(seen.read_back).headers.get("etag")
    return judged(new not in (None, old), "another" if new not in (None, old) else "the same")


def stale_refused(toggle: Toggle, seen: _Seen) -> Finding:
    """A31: an outdated If-Match is a 412, and changes nothing."""
    _old_etag(toggle, seen)
    _accepted(seen)
    stale, after = _reached(seen.stale), _reached(seen.after_stale)
    is_kept = _value(after, toggle) == toggle.during
    told = f"{stale.status} {stale.code}, {'not made' if is_kept else 'made all the same'}"
    return judged(stale.status == 412 and is_kept, told)


def _old_etag(toggle: Toggle, seen: _Seen) -> str:
    found = seen.first.headers.get("etag")
    if toggle.collection != "instances" or found is None:
        raise UntestedError("the server has no ETag")
    return found


def set_while_disabled(toggle: Toggle, seen: _Seen) -> Finding:
    """A32: settings can be changed while the service is off."""
    if toggle.is_enabled:
        raise UntestedError("the service of the server is enabled")
    changed = _reached(seen.changed)
    if not 200 <= changed.status < 300:
        return fails(f"{changed.status} {changed.code}")
    return holds(f"{changed.status}")


_JUDGES: Mapping[str, Judge] = {
    "A26": whole_answer,
    "A27": _running_change("response_hop_limit"),
    "A28": _running_change("protocol"),
    "A29": read_your_writes,
    "A30": etag_changes,
    "A31": stale_refused,
    "A32": set_while_disabled,
}
