"""What tokens say, however they are made; and the moments and texts that come with them."""

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.guest.claims import Identity, claims_of, identity_of, profile_of
from vpcmetactl.guest.moments import moment_of, seconds_of, seconds_of_date
from vpcmetactl.guest.texts import folded, printable, told, word_of

ACCOUNT = "af6443f619a949c9919c1eb1625d6cc5"
INSTANCE = "7389_bca3d8e4-b8b4-42e0-881e-761a01a89f20"
CRN = f"crn:v1:staging:public:is:us-south-3:a/{ACCOUNT}::instance:{INSTANCE}"
PROFILE = "Profile-11111111-2222-4333-8444-555555555555"
# As IBM shows them.
IAAS = {
    "crn": CRN,
    "accountID": ACCOUNT,
    "instanceID": INSTANCE,
    "zone": "us-south-3",
    "region": "us-south",
    "profile_name": "bx2-2x8",
}


def a_jwt(payload: bytes) -> str:
    return f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.c2ln"


def test_claims_are_read_from_the_middle_of_a_token() -> None:
    assert claims_of(a_jwt(json.dumps({"iaas": IAAS}).encode())) == {"iaas": IAAS}


@pytest.mark.parametrize(
    "token",
    [
        "",
        "opaque",
        "a.b",
        "a.b.c.d",
        "e30.!!!!.c2ln",
        "e30.A.c2ln",
        "e30.\u00fc.c2ln",
        a_jwt(b"[]"),
        a_jwt(b"\xff"),
        a_jwt(b"{"),
        a_jwt(b'{"a":' * 50_000),
        a_jwt(b'{"a":' + b"9" * 5000 + b"}"),
    ],
    ids=range(12),
)
def test_what_is_no_token_has_no_claims(token: str) -> None:
    assert claims_of(token) == {}


@given(st.text(max_size=50) | st.binary(max_size=50).map(a_jwt))
def test_any_text_has_claims_or_none(token: str) -> None:
    assert isinstance(claims_of(token), dict)


def test_the_server_is_named_by_its_token() -> None:
    assert identity_of({"iaas": IAAS}) == Identity(
        CRN, INSTANCE, ACCOUNT, "us-south-3", "us-south", bare_metal=False
    )


def test_a_crn_is_enough_to_know_a_bare_metal_server() -> None:
    crn = f"crn:v1:bluemix:public:is:us-east-1:a/{ACCOUNT}::bare-metal-server:0757-11"

    assert identity_of({"iaas": {"crn": crn}}) == Identity(
        crn, "0757-11", ACCOUNT, "us-east-1", "us-east", bare_metal=True
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"crn": None},
        {"crn": "crn:v1:bluemix"},
        {"crn": CRN.replace("a/", "s/")},
        {"crn": CRN.replace("us-south-3", "US!")},
        {"crn": CRN + "\x1b[2J"},
        {"crn": CRN.replace("instance:", ":")},
        {"crn": CRN + "/.."},
        {"accountID": "another"},
        {"instanceID": "another"},
        {"instanceID": ["another"]},
    ],
    ids=str,
)
def test_a_token_that_names_no_server_or_two_names_none(changed: dict[str, Any]) -> None:
    assert identity_of({"iaas": {**IAAS, **changed}}) is None


@pytest.mark.parametrize("iaas", [None, [], "x"])
def test_a_token_without_a_server_names_none(iaas: object) -> None:
    assert identity_of({"iaas": iaas}) is None
    assert identity_of({}) is None


def test_zone_and_region_are_words_or_read_from_the_crn() -> None:
    identity = identity_of({"iaas": {**IAAS, "zone": "\x1b[2J", "region": ["us"]}})

    assert identity is not None
    assert (identity.zone, identity.region) == ("us-south-3", "us-south")


@pytest.mark.parametrize(
    ("claims", "asked", "profile"),
    [
        ({"sub": PROFILE}, None, PROFILE),
        ({"iam_id": f"iam-{PROFILE}"}, None, PROFILE),
        ({"profile_id": PROFILE, "sub": "Profile-other"}, None, PROFILE),
        ({"sub": "somebody"}, None, None),
        ({"sub": 7}, PROFILE, PROFILE),
        ({}, f"crn:v1:bluemix:public:iam-identity::a/{ACCOUNT}::profile:{PROFILE}", PROFILE),
        ({}, "backup-writer", None),
        ({"sub": f"{PROFILE}\x1b"}, None, None),
        ({}, None, None),
    ],
)
def test_a_profile_is_known_from_the_token_or_from_what_was_asked(
    claims: dict[str, Any], asked: str | None, profile: str | None
) -> None:
    assert profile_of(claims, asked) == profile


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2025-06-10T11:08:39.363Z", 1749553719.363),
        ("2025-06-10T13:08:39+02:00", 1749553719),
        ("2025-06-10T07:38:39-03:30", 1749553719),
        ("2025-06-10T11:08:39", None),
        ("2025-13-10T11:08:39Z", None),
        ("2025-06-10T24:08:39Z", None),
        ("0000-06-10T11:08:39Z", None),
        ("2025-06-10T11:08:39Z\n", None),
        ("\u0662025-06-10T11:08:39Z", None),
        ("", None),
        (None, None),
        (1749553719, None),
    ],
)
def test_moments_are_read_as_rfc_3339_writes_them(text: object, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


@given(st.integers(0, 4_000_000_000))
def test_a_moment_that_was_written_is_read_again(seconds: int) -> None:
    assert seconds_of(moment_of(seconds)) == seconds


@given(st.text(max_size=40) | st.from_regex(r"\w{3}, \d+ \w{3} \d+ [\d:]+ [-+\w]+"))
def test_any_date_is_a_moment_or_none(header: str) -> None:
    assert isinstance(seconds_of_date(header), float | None)


def test_a_date_is_a_moment() -> None:
    now = int(time.time())

    assert seconds_of_date(time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now))) == now
    assert seconds_of_date(None) is None


@given(st.text(max_size=200))
def test_any_text_is_made_harmless(text: str) -> None:
    for harmless in (printable(text), told(text), *folded(text, 40)):
        assert harmless.isascii()
        assert not harmless or harmless.isprintable()
    assert all(len(line) <= 40 for line in folded(text, 40))


@pytest.mark.parametrize(
    ("value", "word"), [("us-south", "us-south"), ("a b", None), ("", None), (7, None)]
)
def test_a_word_is_one_of_plain_characters(value: object, word: str | None) -> None:
    assert word_of(value) == word
