"""What a probe writes is what the desk reads, whatever the probe found."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.files.activity_samples import Reading
from tests.guest.fake_service import (
    ACCOUNT,
    INSTANCE,
    PROFILE,
    PROFILE_NAME,
    SECRET,
    FakeService,
    serving,
)
from tests.support.clock import RealClock
from vpcmetactl.domain.evidence import EventKind, Source
from vpcmetactl.files.schemas import schema_texts
from vpcmetactl.guest.claims import identity_of
from vpcmetactl.guest.diagnosis import Attempt, Check, Surroundings, diagnosed
from vpcmetactl.guest.endpoints import Endpoint
from vpcmetactl.guest.failures import EXPLANATIONS
from vpcmetactl.guest.probing import probe
from vpcmetactl.guest.report import Report, Seen

SCHEMA = Draft202012Validator(json.loads(schema_texts()["proof.schema.json"]))


def proof_of(report: Report) -> dict[str, Any]:
    """The proof as it comes out of a file, once it was found to be what its schema says."""
    text = json.dumps(report.document("0.3.0"), indent=2)
    proof: dict[str, Any] = json.loads(text)
    assert [error.message for error in SCHEMA.iter_errors(proof)] == []
    assert SECRET not in text
    return proof


def read(proof: dict[str, Any], account: str = ACCOUNT) -> Reading:
    reading = Reading(json.dumps(proof).encode(), account)
    assert reading.unreadable == []
    return reading


def probed(service: FakeService, profile: str | None = None) -> Report:
    with serving(service) as url:
        return probe([Endpoint(url)], profile)


# Of a service.


@pytest.mark.parametrize("old_paths", [False, True], ids=["new paths", "old paths"])
def test_an_answer_is_evidence_for_its_own_server_and_account(old_paths: bool) -> None:  # noqa: FBT001 - drawn
    proof = proof_of(probed(FakeService(old_paths=old_paths), PROFILE_NAME))

    assert (proof["outcome"], proof["api_version"], proof["profile"]) == (
        "answered",
        "2022-03-01" if old_paths else "2025-08-26",
        PROFILE,
    )
    (event,) = read(proof).events
    assert (event.server_id, event.kind, event.source, event.note) == (
        INSTANCE,
        EventKind.ANSWERED,
        Source.GUEST_PROBE,
        f"over http at {proof['url']}",
    )
    assert abs(event.at - RealClock().now()) < timedelta(minutes=1)
    assert read(proof, account="0" * 32).counts == (1, 0, 1, 0, 0)


def test_the_time_of_the_evidence_is_the_service_s_and_not_the_server_s() -> None:
    service = FakeService()
    _, token = service.answer("PUT", "/identity/v1/token", {"Metadata-Flavor": "ibm"}, {})
    late = {**token, "created_at": "2026-01-01T00:00:00Z"}

    proof = proof_of(probed(FakeService(overrides={"/identity/v1/token": (200, late)})))

    (event,) = read(proof).events
    assert abs(event.at - datetime(2026, 1, 1, tzinfo=UTC)) < timedelta(seconds=5)


def test_that_a_profile_is_not_linked_takes_nothing_from_the_answer() -> None:
    missing = probed(FakeService(), "another-profile")
    no_default = probed(FakeService(default_profile=False))

    assert (missing.exit_code, no_default.exit_code) == (3, 0)
    for report in (missing, no_default):
        proof = proof_of(report)
        assert (proof["answered"], proof["profile"]) == (True, None)
        assert read(proof).counts == (1, 1, 0, 0, 0)


def test_bare_metal_is_told_and_settles_nothing() -> None:
    proof = proof_of(probed(FakeService(bare_metal=True)))

    assert (proof["answered"], proof["metadata_service"]) == (True, None)
    reading = read(proof)
    assert (reading.counts, "is no instance" in reading.remarks[0]) == ((1, 0, 0, 1, 0), True)


def test_a_refusal_is_no_answer() -> None:
    refusal = {"errors": [{"code": "unauthorized", "message": "The service is not enabled."}]}
    service = FakeService(overrides={"/identity/v1/token": (403, refusal)})

    proof = proof_of(probed(service))

    assert (proof["answered"], proof["outcome"], proof["server"]) == (False, "not_enabled", None)
    assert "(not_enabled)" in read(proof).remarks[0]


# Of none.


@contextmanager
def _closed() -> Iterator[str]:
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{port.getsockname()[1]}"


@contextmanager
def _silent() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as port:
        yield f"http://127.0.0.1:{port.getsockname()[1]}"


@pytest.mark.parametrize(("place", "code"), [(_closed, "refused"), (_silent, "no_answer")])
def test_silence_is_told_and_settles_nothing(place: Any, code: str) -> None:  # noqa: ANN401 - drawn
    with place() as url:
        proof = proof_of(probe([Endpoint(url)], timeout=0.2))

    assert (proof["answered"], proof["outcome"], proof["checks"]) == (False, code, [])
    reading = read(proof)
    assert (reading.counts, f"({code})" in reading.remarks[0]) == ((1, 0, 0, 1, 0), True)


# Of whatever else.

CODES = st.sampled_from([*EXPLANATIONS])
TEXT = st.text(max_size=20)
URLS = st.sampled_from(["http://169.254.169.254", "https://api.metadata.cloud.ibm.com"])
REMEDIES = st.none() | st.text(min_size=1, max_size=20)
ATTEMPTS = st.lists(
    st.builds(
        lambda url, outcome, message, remedy, seconds: Attempt(
            url, url.partition(":")[0], outcome, message, remedy, seconds
        ),
        *(URLS, st.just("answered") | CODES, TEXT, REMEDIES, st.floats(0, 9999)),
    ),
    min_size=1,
    max_size=3,
)
CHECKS = st.builds(
    Check,
    st.sampled_from(["identity_token", "nonce", "iam_token", "metadata", "clock"]),
    st.sampled_from(["ok", "skipped"]) | CODES.filter(lambda code: code != "nonce_mismatch"),
    TEXT,
    REMEDIES,
)
CLAIMS = st.sampled_from(["instance", "bare-metal-server"]).map(
    lambda kind: {"iaas": {"crn": f"crn:v1:bluemix:public:is:eu-de-1:a/{ACCOUNT}::{kind}:0717-a"}}
)
SERVICES = st.fixed_dictionaries(
    {
        "enabled": st.none() | st.booleans(),
        "protocol": st.sampled_from([None, "http", "https"]),
        "response_hop_limit": st.none() | st.integers(1, 64),
    }
)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    attempts = draw(ATTEMPTS)
    answered = next((each for each in attempts if each.outcome == "answered"), None)
    seen = answered and Seen(
        answered.url,
        answered.protocol,
        draw(st.sampled_from(["2025-08-26", "2022-03-01"])),
        identity_of(draw(CLAIMS | st.just({}))),
        draw(st.sampled_from([None, PROFILE])),
        draw(st.none() | SERVICES),
        draw(st.none() | st.floats(-1e6, 1e6)),
        tuple(draw(st.lists(CHECKS, max_size=4))),
    )
    asked = draw(st.booleans())
    checks = seen.checks if seen else ()
    diagnosis = diagnosed(attempts, checks, Surroundings(), profile_asked=asked)
    return Report("2026-11-22T03:00:00Z", tuple(attempts), diagnosis, seen)


@given(reports())
def test_whatever_a_probe_found_is_read_and_counts_where_an_instance_got_an_answer(
    report: Report,
) -> None:
    reading = read(proof_of(report))

    identity = report.seen.identity if report.seen else None
    is_evidence = identity is not None and not identity.bare_metal
    assert reading.counts == (1, is_evidence, 0, not is_evidence, 0)
    assert len(reading.remarks) == (not is_evidence)
