"""Proofs of probes: what they tell, what they do not, and what cannot be."""

import gzip
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.files.activity_samples import (
    FOREIGN_CRN,
    METAL_CRN,
    WEB,
    WEB_CRN,
    Reading,
    a_proof,
    a_silence,
    an_event,
    lines,
)
from tests.support.builders import ACCOUNT
from tests.support.pages import fences, text_of
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.evidence import EventKind, ServerEvent, Source
from vpcmetactl.files.schemas import schema_texts

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SCHEMA = Draft202012Validator(json.loads(schema_texts()["proof.schema.json"]))


def only_event(**fields: object) -> ServerEvent:
    (event,) = Reading(lines(a_proof(**fields))).events
    return event


# What they tell.


def test_an_answer_tells_when_over_which_protocol_and_at_which_address() -> None:
    event = only_event(protocol="https", url="https://api.metadata.cloud.ibm.com")
    assert event == ServerEvent(
        WEB,
        NOON,
        EventKind.ANSWERED,
        Source.GUEST_PROBE,
        note="over https at https://api.metadata.cloud.ibm.com",
    )


@pytest.mark.parametrize(
    ("skew", "at"),
    [
        (None, NOON),
        (0, NOON),
        (0.5, NOON - timedelta(milliseconds=500)),
        (7200, NOON - timedelta(hours=2)),
        (-86400, NOON + timedelta(days=1)),
        (-(2**31 - 1), NOON + timedelta(seconds=2**31 - 1)),
    ],
)
def test_the_time_is_that_of_the_service_where_it_is_known(
    skew: float | None, at: datetime
) -> None:
    assert only_event(clock_skew_seconds=skew).at == at


def test_a_server_whose_clock_began_at_1970_is_believed_by_the_service_s_clock() -> None:
    behind = (datetime(1970, 1, 1, tzinfo=UTC) - NOON).total_seconds()
    assert only_event(probed_at="1970-01-01T00:00:00Z", clock_skew_seconds=behind).at == NOON


def test_the_account_is_that_of_the_crn_where_no_other_is_told() -> None:
    assert only_event(account_id=None).server_id == WEB
    foreign = a_proof(server={"crn": FOREIGN_CRN, "id": WEB}, account_id=None)
    assert Reading(lines(foreign)).counts == (1, 0, 1, 0, 0)


def test_what_was_not_given_does_not_matter() -> None:
    failed = {"name": "iam_token", "outcome": "profile_not_linked", "message": "", "remedy": "x"}
    assert only_event(outcome="profile_not_linked", checks=[failed]).kind is EventKind.ANSWERED
    bare = dict.fromkeys(("metadata_service", "zone", "region", "api_version"))
    assert only_event(**bare).kind is EventKind.ANSWERED


def test_the_example_in_the_documentation_is_a_proof() -> None:
    [example] = [
        code for kind, code in fences(text_of("docs/reference/proofs.md")) if kind == "json"
    ]
    assert SCHEMA.is_valid(json.loads(example))
    assert Reading(example.encode()).counts == (1, 1, 0, 0, 0)


# What they do not tell.

SETTLING_NOTHING: dict[str, tuple[dict[str, Any], str]] = {
    "silence": (
        a_silence(),
        "the service did not answer on a server that it could not name (no_answer), which can",
    ),
    "silence on a server that is known": (
        a_silence(server={"crn": WEB_CRN, "id": WEB}, account_id=ACCOUNT, outcome="no_route"),
        f"the service did not answer on server {WEB} (no_route), which can have many causes and",
    ),
    "no server": (
        a_proof(server=None, account_id=None),
        "the service answered, and the proof does not say on which server",
    ),
    "a token that somebody else asked for": (
        a_proof(
            checks=[{"name": "nonce", "outcome": "nonce_mismatch", "message": "", "remedy": None}]
        ),
        f"what answered on server {WEB} did not give a token of its own (nonce_mismatch), so it",
    ),
    "bare metal": (
        a_proof(server={"crn": METAL_CRN, "id": "0717_m"}),
        "server 0717_m is no instance, and the restart rule covers no other",
    ),
}


@pytest.mark.parametrize("name", SETTLING_NOTHING)
def test_what_settles_nothing_is_counted_and_said(name: str) -> None:
    proof, why = SETTLING_NOTHING[name]
    reading = Reading(lines(an_event(), proof))
    assert reading.counts == (2, 1, 0, 1, 0)
    (remark,) = reading.remarks
    assert (remark.startswith(f"record 2: {why}"), reading.unreadable) == (True, [])
    assert reading.summary.proven == []


@pytest.mark.parametrize("proof", [a_proof(), a_silence()], ids=["answer", "silence"])
def test_another_account_is_counted_and_not_taken(proof: dict[str, Any]) -> None:
    foreign = {**proof, "server": {"crn": FOREIGN_CRN, "id": WEB}, "account_id": "0" * 32}
    reading = Reading(lines(foreign))
    assert (reading.events, reading.counts, reading.remarks) == ([], (1, 0, 1, 0, 0), [])


def test_only_the_first_few_are_spoken_of() -> None:
    reading = Reading(lines(*[a_silence()] * 9))
    assert (reading.counts, len(reading.remarks)) == ((9, 0, 0, 9, 0), 3)


# What cannot be.

IMPOSSIBLE: dict[str, tuple[dict[str, object], str]] = {
    "a token in it": ({"token": "x"}, "Object contains unknown field `token`"),
    "no protocol": (
        {"protocol": None},
        f"a proof of server {WEB}, on which the service answered nowhere",
    ),
    "another protocol": ({"protocol": "ftp"}, "Invalid enum value 'ftp' - at `$.protocol`"),
    "a CRN that is none": (
        {"server": {"crn": "web-1", "id": WEB}},
        f"a proof of server {WEB}: 'web-1' is not the CRN of a server",
    ),
    "a server whose id is none": (
        {"server": {"crn": WEB_CRN, "id": "../x"}},
        "Expected `str` matching regex",
    ),
    "another account than the CRN's": (
        {"account_id": "0" * 32},
        f"a proof of server {WEB} whose CRN names another server or account",
    ),
    "a time before the service": (
        {"probed_at": "2021-08-09T23:59:59Z"},
        f"a proof of server {WEB} from a time without such a service: probed_at is 2021-08-09 23:",
    ),
    "a time before all times": (
        {"probed_at": "0001-01-01T00:00:00+14:00"},
        f"a proof of server {WEB} from a time without such a service",
    ),
    "a time after all times": (
        {"probed_at": "9999-12-31T23:59:59-14:00"},
        f"a proof of server {WEB} from a time without such a service",
    ),
    "a clock that is off for ever": ({"clock_skew_seconds": 1e300}, "Expected `float` <= "),
    "an endless address": ({"url": "http://" + "x" * 500}, "Expected `str` of length <= 500"),
    "no version": ({"format_version": None}, "Expected `int`, got `null` - at `$.format_version`"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_be_is_told_with_its_place(name: str) -> None:
    fields, why = IMPOSSIBLE[name]
    reading = Reading(lines(an_event(), a_proof(**fields)))
    assert reading.counts == (2, 1, 0, 0, 1)
    assert reading.unreadable[0].startswith(f"record 2: {why}")


@pytest.mark.parametrize("name", [*a_proof()][2:])
def test_every_member_must_be_there(name: str) -> None:
    proof = a_proof()
    del proof[name]
    reading = Reading(lines(an_event(), proof))
    assert reading.unreadable == [f"record 2: Object missing required field `{name}`"]


# How they come.

MANY = [a_proof(), a_silence(), a_proof(probed_at="2026-11-22T03:00:00Z")]
STREAMS: dict[str, bytes] = {
    "lines": lines(*MANY, an_event()),
    "indented": b"\n".join(json.dumps(one, indent=2).encode() for one in [*MANY, an_event()]),
    "indented, on the same line": b"".join(
        json.dumps(one, indent=2).encode() for one in [*MANY, an_event()]
    ),
    "compact, on one line": b"".join(json.dumps(one).encode() for one in [*MANY, an_event()]),
    "an array": json.dumps([*MANY, an_event()], indent=1).encode(),
    "an array and proofs": json.dumps([an_event(), MANY[0]]).encode() + lines(*MANY[1:]),
    "an array and indented proofs": b"\n".join(
        [json.dumps([an_event()]).encode(), *(json.dumps(one, indent=2).encode() for one in MANY)]
    ),
    "proofs and an array": lines(*MANY) + json.dumps([an_event()], indent=4).encode(),
    "proofs, an array, proofs": lines(MANY[0], [an_event(), MANY[1]], MANY[2]),
    "an empty array and proofs": b"[]\n" + lines(*MANY, an_event()),
    "arrays and empty arrays": b"[ ]" + lines([*MANY[:2]], [MANY[2]], [], [an_event()], []),
    "lines of Windows": lines(*MANY, an_event()).replace(b"\n", b"\r\n"),
    "user data": lines(*({"user_data": json.dumps(one)} for one in [*MANY, an_event()])),
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
def test_proofs_come_in_any_stream_among_events(name: str, packed: bool) -> None:  # noqa: FBT001 - drawn
    content = STREAMS[name]
    reading = Reading(gzip.compress(content) if packed else content)
    assert (reading.counts, reading.unreadable) == ((4, 3, 0, 1, 0), [])
    assert sorted(event.kind for event in reading.events) == ["answered", "answered", "stopped"]
    assert reading.summary.proven == [WEB]


def test_one_that_is_cut_off_leaves_the_others() -> None:
    whole = json.dumps(a_proof(), indent=2).encode()
    reading = Reading(whole + b"\n" + whole[:200] + b"\n" + whole + b"\n")
    assert len(reading.events) == 2
    assert reading.unreadable[0].startswith("line ")


def test_arrays_in_arrays_are_no_records() -> None:
    reading = Reading(lines(a_proof(), [[a_proof()]]))
    assert reading.unreadable == ["record 2: Expected `object`, got `array`"]


# Whatever they hold.

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from([WEB_CRN, METAL_CRN, "crn:::::::::", "http", "0001-01-01T00:00:00+23:59"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@st.composite
def _spoilt(draw: st.DrawFn) -> dict[str, Any]:
    """A proof with one thing in it, at any depth, replaced by something else or left out."""
    proof: dict[str, Any] = json.loads(json.dumps(draw(st.sampled_from([a_proof(), a_silence()]))))
    node: Any = proof
    while True:
        key = draw(st.sampled_from([*(range(len(node)) if isinstance(node, list) else node)]))
        if not (isinstance(node[key], dict | list) and node[key] and draw(st.booleans())):
            break
        node = node[key]
    if draw(st.booleans()):
        node[key] = draw(_JSON)
    else:
        del node[key]
    return proof


@given(_spoilt())
def test_a_spoilt_proof_is_counted_once_and_never_read_against_its_schema(
    proof: dict[str, Any],
) -> None:
    reading = Reading(lines(an_event(), proof))
    assert (reading.counts[0], sum(reading.counts[1:])) == (2, 2)
    if proof.get("format") == "vpcmetactl-proof" and not SCHEMA.is_valid(proof):
        assert reading.counts == (2, 1, 0, 0, 1)


@given(st.integers(0, 1200), st.binary(max_size=5))
def test_a_damaged_file_is_read_or_refused(place: int, junk: bytes) -> None:
    whole = json.dumps(a_proof(), indent=2).encode()
    for content in (whole[:place], whole[:place] + junk + whole[place:]):
        with suppress(InvalidInputError):
            counts = Reading(content).counts
            assert sum(counts[1:]) == counts[0]


@given(
    st.datetimes(),
    st.sampled_from(["Z", "+14:00", "-12:00"]),
    st.none() | st.floats(-(2.0**31) + 1, 2.0**31 - 1) | st.integers(-(2**31) + 1, 2**31 - 1),
)
def test_any_time_is_taken_or_refused(at: datetime, zone: str, skew: float | None) -> None:
    proof = a_proof(probed_at=f"{at.isoformat()}{zone}", clock_skew_seconds=skew)
    reading = Reading(lines(an_event(), proof))
    assert reading.counts in ((2, 2, 0, 0, 0), (2, 1, 0, 0, 1))
    assert all(event.at >= datetime(2021, 8, 10, tzinfo=UTC) for event in reading.events)
