import gzip
import io
import json
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.caller import Caller
from tests.files.activity_samples import (
    FOREIGN_CRN,
    METAL_CRN,
    PROFILE_CRN,
    WEB,
    WEB_CRN,
    Reading,
    a_proof,
    a_silence,
    an_event,
    lines,
)
from tests.support.builders import ACCOUNT
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.evidence import EventKind, ServerEvent, Source
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.files.activity import open_evidence

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
UPDATE = "is.instance.instance.update"
ACTION = "is.instance.action.create"
TOKEN = "is.metadata.jwt-token.create"
LOGIN = "iam-identity.computeresource-token.login"


def enabled(value: object) -> dict[str, Any]:
    return {"metadata_service": {"enabled": value}}


def change(old: object, new: object) -> dict[str, Any]:
    return {"initialValue": enabled(old), "newValue": enabled(new)}


TELLING: dict[str, tuple[dict[str, Any], EventKind]] = {
    "a stop": (an_event(), EventKind.STOPPED),
    "a stop for want of a key": (
        an_event("is.instance.instance.volume-stop"),
        EventKind.STOPPED,
    ),
    "a start": (an_event("is.instance.instance.start"), EventKind.STARTED),
    "an update": (an_event(UPDATE), EventKind.UPDATED),
    "an update of the name": (an_event(UPDATE, requestData={"name": "x"}), EventKind.UPDATED),
    "an answer that shows everything": (
        an_event(UPDATE, responseData=enabled(value=True)),
        EventKind.UPDATED,
    ),
    "an enabling": (an_event(UPDATE, requestData=change(old=False, new=True)), EventKind.ENABLED),
    "a disabling": (an_event(UPDATE, requestData=change(old=True, new=False)), EventKind.DISABLED),
    "an enabling in the answer": (
        an_event(UPDATE, responseData=change(old=False, new=True)),
        EventKind.ENABLED,
    ),
    "an enabling in a string": (
        an_event(UPDATE, requestData=json.dumps(change(old=False, new=True))),
        EventKind.ENABLED,
    ),
    "a new value alone, which may be the old one": (
        an_event(UPDATE, requestData=enabled(value=True)),
        EventKind.UPDATED,
    ),
    "a value that is none": (an_event(UPDATE, requestData=enabled("true")), EventKind.UPDATED),
    "a string that is no JSON": (an_event(UPDATE, requestData="{"), EventKind.UPDATED),
    "an action to stop": (an_event(ACTION, requestData={"type": "stop"}), EventKind.STOPPED),
    "an action to start": (an_event(ACTION, responseData={"type": "start"}), EventKind.STARTED),
    "a token": (an_event(TOKEN), EventKind.ANSWERED),
    "a token of the initiator": (
        an_event(TOKEN, target={"id": PROFILE_CRN}, initiator={"id": WEB_CRN}),
        EventKind.ANSWERED,
    ),
    "a login": (
        an_event(LOGIN, target={"id": PROFILE_CRN}, initiator={"authnId": f"crn-{WEB_CRN}"}),
        EventKind.ANSWERED,
    ),
    "a login told in the data": (
        an_event(LOGIN, target={}, requestData={"instance": {"crn": WEB_CRN}}),
        EventKind.ANSWERED,
    ),
    "a code in a string": (an_event(reason={"reasonCode": "200"}), EventKind.STOPPED),
    "no reason": (an_event(reason=None), EventKind.STOPPED),
}


@pytest.mark.parametrize("name", TELLING)
def test_an_event_tells(name: str) -> None:
    event, kind = TELLING[name]
    reading = Reading(lines(event))
    at = NOON + timedelta(milliseconds=250)
    assert reading.events == [ServerEvent(WEB, at, kind, Source.ACTIVITY_TRACKER, "c-1")]
    assert reading.counts == (1, 1, 0, 0, 0)
    assert (reading.summary.by_kind, reading.summary.earliest) == ({kind: 1}, at)


TELLING_NOTHING = {
    "an unknown action": an_event("is.volume.volume.update"),
    "bare metal": an_event("is.bare-metal-server.bare-metal-server.stop"),
    "a failure": an_event(outcome="failure"),
    "what is pending": an_event(outcome="pending"),
    "no outcome": an_event(outcome=None),
    "a conflict": an_event(reason={"reasonCode": 409}),
    "a conflict in a string": an_event(reason={"reasonCode": "409"}),
    "a reboot": an_event(ACTION, requestData={"type": "reboot"}),
    "an action of no type": an_event(ACTION),
    "an action of two types": an_event(
        ACTION, requestData={"type": "stop"}, responseData={"type": "start"}
    ),
    "an enabling of what was enabled": an_event(UPDATE, requestData=change(old=True, new=True)),
    "another target": an_event(target={"id": PROFILE_CRN}),
    "no target": an_event(target=None),
    "a token of bare metal": an_event(TOKEN, target={"id": METAL_CRN}),
    "a token of nobody": an_event(TOKEN, target={"id": PROFILE_CRN}),
    "a token of two": an_event(TOKEN, initiator={"id": WEB_CRN + "x"}),
    "a proof of silence": a_silence(),
    "a proof of bare metal": a_proof(server={"crn": METAL_CRN, "id": "0717_m"}),
    "another format": {"format": "vpcmetactl-plan"},
    "a log entry": {"user_data": json.dumps({"text": "hello"})},
    "a log entry of no JSON": {"user_data": "hello"},
}


@pytest.mark.parametrize("name", TELLING_NOTHING)
def test_what_tells_nothing_is_counted(name: str) -> None:
    reading = Reading(lines(TELLING_NOTHING[name]))
    assert (reading.events, reading.counts) == ([], (1, 0, 0, 1, 0))


FOREIGN = {
    "a stop": an_event(target={"id": FOREIGN_CRN}),
    "a login": an_event(LOGIN, target={}, initiator={"authnId": f"crn-{FOREIGN_CRN}"}),
    "a proof": a_proof(server={"crn": FOREIGN_CRN, "id": WEB}, account_id="0" * 32),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_accounts_are_counted(name: str) -> None:
    reading = Reading(lines(FOREIGN[name]))
    assert (reading.events, reading.counts) == ([], (1, 0, 1, 0, 0))


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ("2026-11-21T12:00:00.00+0000", NOON),
        ("2026-11-21T12:00:00Z", NOON),
        ("2026-11-21T17:30:00+05:30", NOON),
        ("2026-11-21T12:00:00", NOON),
        ("2026-11-21 12:00:00.123456789Z", NOON + timedelta(microseconds=123456)),
        (1795262400000, NOON),
        ("1795262400000", NOON),
        (1795262400000.0, NOON),
    ],
)
def test_times_are_understood(told: object, at: datetime) -> None:
    assert [event.at for event in Reading(lines(an_event(eventTime=told))).events] == [at]


UNREADABLE = {
    "no time": (an_event(eventTime=None), "an event whose eventTime is 'None'"),
    "a day": (an_event(eventTime="2026-11-21"), "an event whose eventTime is '2026-11-21'"),
    "seconds": (an_event(eventTime=1795262400), "an event whose eventTime is '1795262400'"),
    "no calendar's": (
        an_event(eventTime="0001-01-01T00:00:00+14:00"),
        "an event whose eventTime is '0001-01-01T00:00:00+14:00'",
    ),
    "a number for an action": (an_event(5), "Expected `str | null`, got `int` - at `$.action`"),
    "a number": (7, "Expected `object`, got `int`"),
    "no event": ({"name": "x"}, "a JSON object that is no event: it has no action"),
    "a newer proof": (
        a_proof(format_version=2, more=1),
        "a proof of format version 2; 1 is known",
    ),
    "a proof of another": (
        a_proof(server={"crn": WEB_CRN, "id": "0717_x"}),
        "a proof of server 0717_x whose CRN names another server or account",
    ),
    "a proof of no time": (
        a_proof(probed_at="noon"),
        "Invalid RFC3339 encoded datetime - at `$.probed_at`",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_understood_is_told_with_its_place(name: str) -> None:
    value, why = UNREADABLE[name]
    reading = Reading(lines(an_event(), value))
    assert reading.counts == (2, 1, 0, 0, 1)
    assert reading.unreadable == [f"record 2: {why}"]


def test_a_file_of_nothing_else_is_refused() -> None:
    with pytest.raises(InvalidInputError) as caught:
        Reading(b"web-1,stopped\nweb-2,stopped\n")
    assert str(caught.value) == (
        "a.jsonl has nothing in it that can be read: line 1: "
        "JSON is malformed: invalid character (byte 0)"
    )
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"", b"\n\n", b"[]", b" [ ] ", b"\xef\xbb\xbf"])
def test_an_export_may_be_empty(content: bytes) -> None:
    assert Reading(content).counts == (0, 0, 0, 0, 0)


def test_a_proof_is_the_guests_word() -> None:
    (event,) = Reading(json.dumps(a_proof(), indent=2).encode()).events
    note = "over http at http://169.254.169.254"
    assert event == ServerEvent(WEB, NOON, EventKind.ANSWERED, Source.GUEST_PROBE, note=note)


WRAPPED = {
    "user data": {"user_data": an_event()},
    "user data in a string": {"user_data": json.dumps(an_event()), "labels": []},
    "a row of the archive": {"src_obj__user_data": json.dumps(an_event())},
    "a text": {"user_data": {"text": json.dumps(an_event())}},
    "an answer": {"result": {"results": [{"user_data": json.dumps(an_event())}]}},
}


@pytest.mark.parametrize("name", WRAPPED)
def test_events_are_unwrapped(name: str) -> None:
    reading = Reading(lines(WRAPPED[name]))
    assert reading.events == Reading(lines(an_event())).events
    assert reading.counts == (1, 1, 0, 0, 0)


def test_an_answer_holds_many_entries() -> None:
    rows = [{"user_data": json.dumps(an_event(eventTime=1795262400000 + n))} for n in range(5)]
    reading = Reading(lines({"result": {"results": [*rows, {"user_data": "x"}, {}]}}))
    assert reading.counts == (7, 5, 0, 2, 0)


def test_wraps_in_wraps_come_to_an_end() -> None:
    value: object = an_event()
    for _ in range(50):
        value = {"user_data": value}
    assert Reading(lines(value)).counts == (1, 0, 0, 1, 0)


def test_an_event_without_a_correlation_id_is_told_from_others_by_what_it_says() -> None:
    one = an_event(correlationId=None)
    first, again, other = Reading(lines(one, one, {**one, "id": "2"})).events
    assert first == again
    assert (first.key == other.key, len(first.key)) == (False, 16)


@pytest.mark.parametrize("tells_values", [False, True])
def test_what_the_emulator_exports_is_understood(tells_values: bool) -> None:  # noqa: FBT001 - drawn
    clock = ManualClock(NOON)
    caller = Caller(Emulator(build_world("demo", clock=clock)))
    caller.client.put("/_emulator/settings", json={"update_values": tells_values})
    (server,) = caller.app.world.find_servers("web-1")
    caller.client.delete("/_emulator/activity")
    path = caller.path_of("web-1")
    caller.patch(path, enabled(value=True))
    caller.post(f"{path}/actions", {"type": "start"})
    for action in ("stop", "start", "reboot"):
        caller.post(f"{path}/actions", {"type": action})
        clock.advance(timedelta(minutes=1))
    content = caller.client.get("/_emulator/activity").data
    reading = Reading(content, account_id=server.crn.split(":")[6][2:])
    update = EventKind.ENABLED if tells_values else EventKind.UPDATED
    stops, starts = [EventKind.STOPPED] * 2, [EventKind.STARTED] * 2
    assert [event.kind for event in reading.events] == [update, *stops, *starts]
    assert {event.server_id for event in reading.events} == {server.id}
    assert reading.counts == (7, 5, 0, 2, 0)
    assert Reading(content, account_id="another").counts == (7, 0, 5, 2, 0)


def test_a_file_is_opened_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "activity.json"
    path.write_bytes(gzip.compress(lines(an_event())))
    with open_evidence(str(path), ACCOUNT, io.BytesIO()) as reader:
        assert len(list(reader.events())) == 1
    with open_evidence("-", ACCOUNT, io.BytesIO(lines(an_event()))) as reader:
        assert len(list(reader.events())) == 1


@pytest.mark.parametrize("name", ["missing.json", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_told(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with (
        pytest.raises(InvalidInputError, match="^" + name.replace(".", r"\.")) as caught,
        open_evidence(name, ACCOUNT, io.BytesIO()) as reader,
    ):
        list(reader.events())
    assert caught.value.hint


SOME = [event for event, _ in TELLING.values()] + [*TELLING_NOTHING.values(), *FOREIGN.values()]


@given(st.lists(st.sampled_from(SOME), max_size=12), st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters(
    events: list[dict[str, Any]], chance: random.Random
) -> None:
    once = Reading(lines(*events))
    twice = [*events, *events]
    chance.shuffle(twice)
    again = Reading(lines(*twice))
    assert set(again.events) == set(once.events)
    assert again.counts == tuple(2 * count for count in once.counts)
    assert Reading(json.dumps(twice).encode()).events == again.events


@given(st.binary(max_size=300) | st.binary(max_size=300).map(gzip.compress))
def test_no_bytes_crash_the_reader(content: bytes) -> None:
    for text in (content, b"[" + content, lines(an_event()) + content):
        with suppress(InvalidInputError):
            counts = Reading(text).counts
            assert counts[0] == sum(counts[1:])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(WEB_CRN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from([*an_event(), *a_proof(), "user_data", "result", "text"])


@given(
    st.sampled_from([UPDATE, ACTION, TOKEN, LOGIN, "is.instance.instance.stop"]),
    st.dictionaries(FIELDS, JSON, max_size=4),
    st.booleans(),
)
def test_no_values_crash_the_reader(action: str, fields: dict[str, Any], is_proof: bool) -> None:  # noqa: FBT001 - drawn
    value = {**(a_proof() if is_proof else an_event(action)), **fields}
    reading = Reading(lines(an_event(), value))
    assert sum(reading.counts[1:]) == reading.counts[0]
