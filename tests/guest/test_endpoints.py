"""Addresses of the service, and those that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.guest.endpoints import ENDPOINTS, Endpoint, endpoint_of


def _parts(endpoint: Endpoint) -> tuple[str, str, int, str, str]:
    return (
        endpoint.protocol,
        endpoint.host,
        endpoint.port,
        endpoint.authority,
        endpoint.path,
    )


def test_http_is_asked_at_both_addresses_and_https_by_name_only() -> None:
    assert [each[:2] for each in map(_parts, ENDPOINTS)] == [
        ("http", "169.254.169.254"),
        ("http", "api.metadata.cloud.ibm.com"),
        ("https", "api.metadata.cloud.ibm.com"),
    ]
    assert [each.port for each in ENDPOINTS] == [80, 80, 443]
    assert [endpoint_of(each.url) for each in ENDPOINTS] == list(ENDPOINTS)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://10.0.0.1/", ("http", "10.0.0.1", 80, "10.0.0.1", "")),
        ("https://Name.Example:8443", ("https", "name.example", 8443, "Name.Example:8443", "")),
        (
            "http://127.0.0.1:1/guest/0717_9f-3/",
            ("http", "127.0.0.1", 1, "127.0.0.1:1", "/guest/0717_9f-3"),
        ),
        ("http://[fd00::1]:80", ("http", "fd00::1", 80, "[fd00::1]:80", "")),
    ],
)
def test_an_address_is_taken_apart(url: str, parts: tuple[str, str, int, str, str]) -> None:
    assert _parts(endpoint_of(url)) == parts


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("169.254.169.254", "does not begin with http"),
        ("ftp://169.254.169.254", "does not begin with http"),
        ("http://", "names no host"),
        ("http://a..b", "names no host"),
        ("http://b\u00fccher.example", "names no host"),
        ("http://host:0", "names no host"),
        ("http://host:99999", "is not a URL"),
        ("http://[::1", "is not a URL"),
        ("http://host?version=1", "more than a protocol"),
        ("http://host#here", "more than a protocol"),
        ("http://host/%0d%0a", "more than a protocol"),
        ("http://host/a b", "more than a protocol"),
        ("http://ho\nst", "no address has"),
        ("http://host/" + "a" * 500, "too long"),
    ],
)
def test_what_is_no_address_is_refused_by_name(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as raised:
        endpoint_of(url)

    assert repr(url) in str(raised.value)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="holds a user") as raised:
        endpoint_of("http://me:hunter2@169.254.169.254")

    assert "hunter2" not in str(raised.value)


@given(st.text(max_size=30) | st.text(max_size=30).map("http://".__add__))
def test_any_text_is_an_address_of_plain_characters_or_refused(text: str) -> None:
    try:
        endpoint = endpoint_of(text)
    except ValueError as refusal:
        outcome = str(refusal)
    else:
        outcome = "the address "
        assert endpoint.url.isascii()
        assert 0 < endpoint.port < 65536
        assert endpoint_of(endpoint.url) == endpoint

    assert outcome.startswith("the address ")
