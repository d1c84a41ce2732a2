import json
import random
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.files.forging import NOON, Edit, a_saved_plan, edited, forged, put
from tests.support.builders import a_server_id
from tests.support.strategies import saved_plans
from vpcmetactl.domain.applying import ApplyOptions
from vpcmetactl.domain.errors import InvalidInputError, RefusedError
from vpcmetactl.domain.metadata_plans import invert_plan
from vpcmetactl.domain.plans import MetadataChange
from vpcmetactl.domain.saved_plans import SavedPlan
from vpcmetactl.files.plans import decode_plan, encode_plan

CONTENT, WRITTEN = encode_plan(a_saved_plan())
METAL, WEB_1, WEB_2 = 0, 1, 2
"""Where the servers are among the items: in order of their names."""


def refusal(content: bytes) -> str:
    with pytest.raises(InvalidInputError) as caught:
        decode_plan(content, "plan.json")
    message = str(caught.value)
    assert message.startswith("plan.json ")
    assert caught.value.hint
    return message.partition(": ")[2]


@given(saved_plans())
def test_a_plan_comes_back_as_it_was(plan: SavedPlan) -> None:
    content, written = encode_plan(plan)
    assert decode_plan(content, "plan.json") == written
    assert encode_plan(written) == (content, written)


@given(saved_plans())
def test_what_takes_a_plan_back_is_a_plan_file_too(plan: SavedPlan) -> None:
    changes = [
        change
        for change in plan.plan.changes
        if isinstance(change, MetadataChange) and change.before.protocol != "gopher"
    ]
    inverse = replace(plan, plan=invert_plan(changes), inverse_of="0" * 64)
    content, written = encode_plan(inverse)
    assert decode_plan(content, "plan.json") == written


def test_a_plan_is_written_for_reading() -> None:
    text = CONTENT.decode()
    assert text.startswith('{\n  "format": "vpcmetactl-plan",\n  "format_version": 1,\n')
    assert text.endswith("}\n")
    document = json.loads(text)
    assert document["items"][WEB_1] == {
        "decision": "change",
        "server": {
            "kind": "instance",
            "id": a_server_id("instance web-1"),
            "crn": WRITTEN.plan.items[WEB_1].server.crn,
            "name": "web-1",
            "account_id": WRITTEN.account_id,
            "region": "us-south",
        },
        "before": {"enabled": False, "protocol": "http", "response_hop_limit": 1},
        "after": {"enabled": False, "protocol": "https", "response_hop_limit": 2},
        "fields": [
            {"field": "protocol", "before": "http", "after": "https"},
            {"field": "response_hop_limit", "before": 1, "after": 2},
        ],
        "notes": [
            {
                "code": "https_needs_host_name",
                "message": "https needs the host name api.metadata.cloud.ibm.com in the guest's "
                "clients",
                "hcl": None,
            }
        ],
    }
    assert document["items"][WEB_2]["reason"] == "deleting"
    assert (document["created_at"], document["expires_at"]) == (
        "2026-11-21T12:00:00Z",
        "2026-11-22T12:00:00Z",
    )
    assert document["digest"] == f"sha256:{WRITTEN.digest}"


def test_a_plan_may_be_indented_anew_and_its_keys_put_in_another_order() -> None:
    other = json.dumps(json.loads(CONTENT), indent=7, sort_keys=True).replace("\n", "\r\n")
    assert decode_plan(b"\xef\xbb\xbf" + other.encode(), "plan.json") == WRITTEN


EDITS: dict[str, Edit] = {
    "a value": put("items", WEB_1, "after", "protocol", value="http"),
    "a time": put("expires_at", value="2027-11-22T12:00:00Z"),
    "a word": put("items", WEB_1, "notes", 0, "message", value="nothing to see"),
    "the account": put("account_id", value="another"),
    "the order": lambda document: document["items"].reverse(),
    "an item less": lambda document: document["items"].pop(),
    "the digest": put("digest", value="sha256:" + "0" * 64),
    "an option": put("options", "max_workers", value=9),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_plan_is_refused(name: str) -> None:
    with pytest.raises(RefusedError) as caught:
        decode_plan(edited(CONTENT, EDITS[name]), "plan.json")
    assert (str(caught.value), caught.value.hint) == (
        "plan.json was edited after it was made: its digest does not match",
        "nothing was done; make the plan anew with --plan-out",
    )


def remove(*path: str | int) -> Edit:
    def edit(document: Any) -> None:  # noqa: ANN401 - any JSON
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return edit


ILL_TYPED: dict[str, tuple[Edit, str]] = {
    "no object": (put("patch", value=[]), "Expected `object`, got `array` - at `$.patch`"),
    "an unknown key": (
        put("items", WEB_1, "force", value=True),
        f"Object contains unknown field `force` - at `$.items[{WEB_1}]`",
    ),
    "a key less": (
        remove("items", WEB_1, "before"),
        f"Object missing required field `before` - at `$.items[{WEB_1}]`",
    ),
    "an unknown decision": (
        put("items", WEB_1, "decision", value="maybe"),
        f"Invalid value 'maybe' - at `$.items[{WEB_1}].decision`",
    ),
    "an unknown kind": (
        put("items", WEB_1, "server", "kind", value="mainframe"),
        f"Invalid enum value 'mainframe' - at `$.items[{WEB_1}].server.kind`",
    ),
    "a hop limit of none": (
        put("patch", "response_hop_limit", value=0),
        "Expected `int` >= 1 - at `$.patch.response_hop_limit`",
    ),
    "a time of no zone": (
        put("created_at", value="2026-11-21T12:00:00"),
        "Expected `datetime` with a timezone component - at `$.created_at`",
    ),
    "too many workers": (
        put("options", "max_workers", value=10**9),
        "Expected `int` <= 256 - at `$.options.max_workers`",
    ),
    "an empty account": (
        put("account_id", value=""),
        "Expected `str` of length >= 1 - at `$.account_id`",
    ),
    "another format": (put("format", value="terraform"), 'it has no "format": "vpcmetactl-plan"'),
    "an old version": (put("format_version", value=0), "only the format versions 1 to 2 are known"),
    "a true version": (
        put("format_version", value=True),
        "only the format versions 1 to 2 are known",
    ),
}


@pytest.mark.parametrize("name", ILL_TYPED)
def test_what_is_no_plan_is_told_with_its_place(name: str) -> None:
    edit, expected = ILL_TYPED[name]
    assert refusal(edited(CONTENT, edit)) == expected


@pytest.mark.parametrize("word", ["us-south.evil.example/", "../us-south", "", "US-SOUTH", "a\n"])
def test_a_region_cannot_become_another_host(word: str) -> None:
    edit = put("items", WEB_1, "server", "region", value=word)
    assert f"`$.items[{WEB_1}].server.region`" in refusal(forged(CONTENT, edit))


@pytest.mark.parametrize("word", ["..", "", "a/b", "a?b", "0717_1\n", "x" * 129])
def test_an_id_cannot_become_another_address(word: str) -> None:
    edit = put("items", WEB_1, "server", "id", value=word)
    assert f"`$.items[{WEB_1}].server.id`" in refusal(forged(CONTENT, edit))


def two(*edits: Edit) -> Edit:
    def edit(document: Any) -> None:  # noqa: ANN401 - any JSON
        for one in edits:
            one(document)

    return edit


W1 = a_server_id("instance web-1")
M1 = a_server_id("bare metal metal-1")
CONTRADICTIONS: dict[str, tuple[Edit, str]] = {
    "fields that show less": (
        lambda document: document["items"][WEB_1]["fields"].pop(),
        f"the fields of server {W1} are not those that change",
    ),
    "fields that show else": (
        put("items", WEB_1, "fields", 1, "after", value=1),
        f"the fields of server {W1} are not those that change",
    ),
    "a number for true": (
        two(
            put("items", WEB_1, "after", "enabled", value=True),
            lambda document: document["items"][WEB_1]["fields"].insert(
                0, {"field": "enabled", "before": False, "after": 1}
            ),
        ),
        f"the fields of server {W1} are not those that change",
    ),
    "more than was asked for": (
        two(
            put("items", WEB_1, "after", "response_hop_limit", value=64),
            put("items", WEB_1, "fields", 1, "after", value=64),
        ),
        f"the change of server {W1} is not what the patch asks for",
    ),
    "a hop limit beyond all": (
        two(
            put("items", WEB_1, "after", "response_hop_limit", value=65),
            put("items", WEB_1, "fields", 1, "after", value=65),
        ),
        f"server {W1} cannot have response_hop_limit 65",
    ),
    "an unknown protocol": (
        two(
            put("items", WEB_1, "after", "protocol", value="gopher"),
            put("items", WEB_1, "fields", 0, "after", value="gopher"),
        ),
        f"server {W1} cannot have protocol 'gopher'",
    ),
    "a hop limit for bare metal": (
        two(
            put("items", METAL, "after", "response_hop_limit", value=2),
            lambda document: document["items"][METAL]["fields"].append(
                {"field": "response_hop_limit", "before": None, "after": 2}
            ),
        ),
        f"server {M1} is bare metal: it has no response_hop_limit",
    ),
    "an action that asks for else": (
        put("action", value="enable"),
        "the patch is not one of the action 'enable'",
    ),
    "a server twice": (
        lambda document: document["items"].append(document["items"][WEB_1]),
        f"server {W1} is in it twice",
    ),
    "the CRN of another server": (
        put("items", WEB_1, "server", "crn", value="crn:v1:a:b:is:us-south-1:a/c::instance:other"),
        f"the CRN of server {W1} names another one",
    ),
    "an expiry before all": (
        put("expires_at", value="2026-11-21T12:00:00Z"),
        "it expires before it was created",
    ),
    "a budget beyond all": (
        put("options", "max_failures", value="101%"),
        "options.max_failures: '101%' is neither a number of failures nor a percentage",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_forged_plan_sends_what_it_shows_or_nothing(name: str) -> None:
    edit, expected = CONTRADICTIONS[name]
    assert refusal(forged(CONTENT, edit)) == expected


def test_forging_that_changes_nothing_is_no_forgery() -> None:
    assert decode_plan(forged(CONTENT, lambda _: None), "plan.json") == WRITTEN


def test_a_key_told_twice_is_refused() -> None:
    shown = b'"protocol": "http", "protocol": "https"'
    twice = CONTENT.replace(b'"protocol": "https"', shown, 1)
    assert refusal(twice) == "an object has the key 'protocol' twice"


def test_a_plan_of_a_newer_program_asks_for_it() -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_plan(edited(CONTENT, put("format_version", value=3)), "plan.json")
    assert (str(caught.value), caught.value.hint) == (
        "plan.json has format version 3, this program reads up to 2",
        "use the newer vpcmetactl that made it",
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format":' + b"[" * 100_000,
        b'{"format":"vpcmetactl-plan","format_version":1,"x":' + b"[" * 100_000,
        b'{"format":"vpcmetactl-plan","format_version":' + b"9" * 10_000 + b"}",
        b'{"format":"\\ud800","format_version":1}',
        CONTENT[:-3],
        CONTENT + b"{}",
        CONTENT.replace(b'"web-1"', b'"\xff"'),
        CONTENT.replace(b'"web-1"', b'"\\ud800"'),
        CONTENT.replace(b'"soak": 0.0', b'"soak": 1e999'),
        CONTENT.replace(b'"canary": 1', b'"canary": ' + b"1" * 5_000),
        CONTENT.replace(b'"tool_version"', b'"' + b"x" * 100_000 + b'"'),
    ],
    ids=range(17),
)
def test_hostile_content_is_told_in_a_line(content: bytes) -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_plan(content, "plan.json")
    assert len(str(caught.value)) < 400


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(content: bytes) -> None:
    with pytest.raises(InvalidInputError):
        decode_plan(content, "plan.json")


def test_flipped_bytes_are_refused_or_change_nothing() -> None:
    chance = random.Random(20261121)  # noqa: S311 - no secret
    for _ in range(1_500):
        damaged = bytearray(CONTENT)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        with suppress(InvalidInputError, RefusedError):
            assert decode_plan(bytes(damaged), "plan.json") == WRITTEN


def test_times_beyond_the_calendar_are_no_plan() -> None:
    early = put("created_at", value="0001-01-01T00:00:00+14:00")
    assert refusal(forged(CONTENT, early)) == "date value out of range"


def test_words_of_the_command_line_that_are_no_unicode_are_written_all_the_same() -> None:
    content, _ = encode_plan(a_saved_plan(selection=("--name", "caf\udce9*")))
    assert decode_plan(content, "plan.json").selection == ("--name", "caf?*")


@pytest.mark.parametrize(
    "plan",
    [
        a_saved_plan(account_id="\ud800"),
        a_saved_plan(account_id=""),
        a_saved_plan(options=ApplyOptions(soak=1e9)),
        a_saved_plan(options=ApplyOptions(canary=2**70)),
    ],
    ids=["no unicode", "no account", "too long a soak", "too large a number"],
)
def test_what_could_not_be_read_back_is_not_written(plan: SavedPlan) -> None:
    with pytest.raises(InvalidInputError, match="the plan file cannot be written"):
        encode_plan(plan)


def test_the_digest_that_a_plan_has_already_does_not_matter() -> None:
    assert encode_plan(a_saved_plan(digest="0" * 64)) == (CONTENT, WRITTEN)
    assert WRITTEN.created_at == NOON
