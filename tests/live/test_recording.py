"""What is recorded of an account holds nothing of it, and can be replayed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from vcr import VCR, stubs
from vcr.record_mode import RecordMode

from tests.live.assumption import Outcome
from tests.live.changing import plan_toggle, run_toggle
from tests.live.cloud import Stage, stage
from tests.live.reading import Visit
from tests.live.recording import FOLDER, record, written
from tests.live.running import run_reading
from tests.live.scrubbing import REDACTED, Scrubber
from tests.live.wire import Answer, Exchange, Wire
from tests.support.cassettes import _Response
from tests.support.clock import ManualClock
from tests.support.tokens import a_token
from vpcmetactl.ibmcloud.connection import BearerToken, Connection

CANARY = "canary-7f3e"


@pytest.fixture(scope="module")
def recorded() -> Iterator[tuple[Stage, str, Visit]]:
    """A cassette of a whole run: of every reading, and of a toggle."""
    with stage() as cloud, cloud.wire() as wire:
        visit = Visit(wire)
        run_reading(visit)
        run_toggle(wire, plan_toggle(wire, "jp-tok", "toggle-1", None))
        yield cloud, written(wire.exchanges), visit


def _strings(found: object) -> Iterator[str]:
    match found:
        case dict():
            for one in found.values():
                yield from _strings(one)
        case list():
            for one in found:
                yield from _strings(one)
        case str():
            yield found
        case _:
            pass


def test_nothing_of_the_account_is_recorded(recorded: tuple[Stage, str, Visit]) -> None:
    cloud, text, visit = recorded
    world = cloud.world
    own = {world.account_id, world.api_key, world.iam.iam_id, world.iam.api_key_id}
    own |= {part for one in world.servers() for part in (one.id, one.crn, one.id[5:])}
    own |= {one.name for one in world.servers() if len(one.name) > 3}
    own |= {profile.id for profile in world.trust.profiles.values()}
    own |= {profile.name for profile in world.trust.profiles.values() if len(profile.name) > 5}
    own |= {"canary-tag", "canary-owner", "127.0.0.1", "Bearer", "eyJ"}
    answers = [one.answer.document for one in visit.wire.exchanges]
    own |= {text for text in _strings(answers) if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", text)}
    own |= {text for text in _strings(answers) if len(text) > 40 and "cloud.ibm.com" not in text}
    assert len(own) > 60
    assert sorted(one for one in own if one in text) == []


def test_secrets_are_not_even_replaced_by_words(recorded: tuple[Stage, str, Visit]) -> None:
    _, text, visit = recorded
    assert any('"password"' in one.answer.body.decode() for one in visit.wire.exchanges)
    found = re.findall(r'"(?:password|keys)": (.*)', text)
    assert found
    assert {one.rstrip(",") for one in found} <= {f'"{REDACTED}"', "[]"}
    assert f'"password": "{REDACTED}"' in text


def test_the_same_thing_has_the_same_word_everywhere(
    recorded: tuple[Stage, str, Visit],
) -> None:
    _, text, _ = recorded
    interactions = yaml.safe_load(text)["interactions"]
    [patched] = {
        re.search(r"/instances/([^?]+)", one["request"]["uri"])[1]  # type: ignore[index]
        for one in interactions
        if one["request"]["method"] == "PATCH"
    }
    bodies = [
        json.loads(one["response"]["body"]["string"])
        for one in interactions
        if f"/instances/{patched}?" in one["request"]["uri"]
    ]
    assert {body["id"] for body in bodies if "id" in body} == {patched}
    assert all(body["crn"].endswith(patched) for body in bodies if "crn" in body)


def test_replayed_every_check_comes_to_the_same(tmp_path: Path) -> None:
    with stage() as cloud, cloud.visit() as visit:
        expected = run_reading(visit)
        path = record(visit.wire.exchanges, "reading", tmp_path)
    [account] = set(re.findall(r"account_id=(\w+)", path.read_text("utf-8")))
    connection = Connection(
        credentials=BearerToken(a_token(account=account)),
        vpc_url="https://{region}.iaas.cloud.ibm.com/v1",
        iam_url="https://iam.cloud.ibm.com",
    )
    vcr = VCR(
        match_on=("method", "scheme", "host", "path", "query"),
        custom_patches=((stubs, "VCRHTTPResponse", _Response),),
        record_mode=RecordMode.NONE,
    )
    with vcr.use_cassette(str(path)):
        wire = Wire(connection, ManualClock())
        found = run_reading(Visit(wire))
        wire.close()
    # A token that was brought has no key that could ask for its account.
    assert found["A15"].outcome is Outcome.UNTESTED
    assert {**found, "A15": None} == {**expected, "A15": None}


TEXTS = st.sampled_from(
    [
        CANARY,
        f"{CANARY} and more",
        f"crn:v1:bluemix:public:is:us-south-1:a/{CANARY}::instance:{CANARY}",
        f"crn:{CANARY}",
        f"https://{CANARY}.example/{CANARY}?{CANARY}={CANARY}",
        f"https://us-south.iaas.cloud.ibm.com/v1/instances/{CANARY}?start={CANARY}&name={CANARY}",
        f"https://{CANARY}.cloud.ibm.com/v1/instances",
        f"http://[{CANARY}",
        f'family:is AND (tags:"env:{CANARY}")',
        f"env:{CANARY}",
        f"Profile-{CANARY}",
        f'"{CANARY}"',
        f"2026-01-01T00:00:00Z{CANARY}",
        f"us-south-{CANARY}",
        f"a.b.{CANARY}",
    ]
)
KEYS = st.sampled_from(
    ["name", "id", "crn", "href", "status", "code", "message", "query", "tags", "user_data", "keys"]
) | st.sampled_from(["password", "zone", "next", CANARY, f"{CANARY}: x", "trace", "value"])
DOCUMENTS = st.recursive(
    TEXTS | st.booleans() | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(document=DOCUMENTS, text=TEXTS)
def test_no_text_of_any_document_gets_through(document: object, text: str) -> None:
    body = json.dumps(document).encode()
    headers = {"etag": f'W/"{CANARY}"', "x-request-id": CANARY, "content-type": CANARY}
    headers |= {"retry-after": CANARY, "set-cookie": CANARY}
    answer = Answer(200, headers, body, {})
    url = f"https://us-south.iaas.cloud.ibm.com/v1/instances/{text.replace('/', '')}?{CANARY}=1"
    exchange = Exchange("PATCH", url, {"metadata_service": document}, f'"{CANARY}"', answer)
    assert CANARY not in written([exchange])


def test_a_body_that_is_no_json_is_left_out() -> None:
    answer = Answer(502, {}, f"<html>{CANARY}".encode(), {})
    text = written([Exchange("GET", "https://iam.cloud.ibm.com/v1/profiles", None, None, answer)])
    assert CANARY not in text
    assert REDACTED in text


def test_what_is_ibms_own_stays() -> None:
    document = {
        "status": "running",
        "metadata_service": {"enabled": True, "protocol": "https", "response_hop_limit": 2},
        "zone": {"name": "eu-de-3"},
        "errors": [{"code": "precondition_failed"}],
    }
    assert Scrubber().document(document) == document


def test_a_cassette_is_scrubbed_wherever_it_is_looked_at(
    recorded: tuple[Stage, str, Visit],
) -> None:
    _, text, _ = recorded
    assert _strange(text) == []
    assert _strange(re.sub(r'"name": "text-\d+"', '"name": "my-server"', text)) != []


def test_every_cassette_of_a_real_account_is_scrubbed() -> None:
    for path in FOLDER.glob("*.yaml"):
        text = path.read_text("utf-8")
        assert not re.search(r"eyJ|(?i:bearer|authorization|apikey=)", text), path.name
        assert _strange(text) == [], path.name


def _strange(cassette: str) -> list[str]:
    """The lines of bodies that scrubbing again would alter in more than a number."""
    found = []
    for one in yaml.safe_load(cassette)["interactions"]:
        body = one["response"]["body"]["string"]
        if body not in ("", REDACTED):
            pairs = zip(body.splitlines(), Scrubber().body(body.encode()).splitlines(), strict=True)
            found += [old for old, new in pairs if _form(old) != _form(new)]
    return found


def _form(line: str) -> str:
    return re.sub(r"\d+", "0", line)
