"""An instance's own metadata as a short page."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.cli.plain_metadata import rows_of

INSTANCE = {
    "name": "web-1",
    "id": "0717_1",
    "created_at": "2026-11-13T04:26:53Z",
    "zone": {"name": "us-south-1"},
    "vpc": {"name": "prod", "crn": "crn:v1:..."},
    "profile": {"name": "bx2-2x8"},
    "vcpu": {"count": 2},
    "memory": 8,
    "network_attachments": [
        {"name": "eth0", "primary_ip": {"address": "10.0.0.4"}, "subnet": {"name": "inner"}}
    ],
    "network_interfaces": [{"name": "eth0", "primary_ipv4_address": "10.0.0.4"}],
    "volume_attachments": [{"name": "boot", "volume": {"name": "web-1-boot", "id": "r006-1"}}],
}

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda held: st.lists(held) | st.dictionaries(st.text(), held),
    max_leaves=8,
)


def test_an_instance_is_what_one_asks_for_inside_of_it() -> None:
    assert rows_of("instance", INSTANCE, "enabled") == [
        ("name", "web-1"),
        ("id", "0717_1"),
        ("created", "2026-11-13T04:26:53Z"),
        ("zone", "us-south-1"),
        ("vpc", "prod"),
        ("profile", "bx2-2x8, 2 vCPU, 8 GiB"),
        ("metadata service", "enabled"),
        ("interface eth0", "10.0.0.4, inner"),
        ("volume boot", "web-1-boot, r006-1"),
    ]


def test_interfaces_of_an_older_kind_are_shown_where_there_are_no_attachments() -> None:
    older = {**INSTANCE, "network_attachments": []}

    assert ("interface eth0", "10.0.0.4") in rows_of("instance", older)


def test_of_other_resources_all_is_shown_but_what_says_nothing() -> None:
    body = {
        "first": {"href": "http://169.254.169.254/v1/keys?limit=50"},
        "limit": 50,
        "keys": [{"crn": "crn:v1:k", "id": "k-1", "resource_type": "key", "group": {"crn": "g"}}],
    }

    assert rows_of("keys", body) == [("keys[0].crn", "crn:v1:k"), ("keys[0].id", "k-1")]


@pytest.mark.parametrize("resource", ["instance", "initialization"])
def test_what_is_not_known_is_shown_whole(resource: str) -> None:
    assert rows_of(resource, {"new": {"crn": "c"}}) == [("new.crn", "c")]
    assert rows_of(resource, {"limit": 50}) == [("limit", "50")]


@given(st.dictionaries(st.sampled_from([*INSTANCE, "other"]), _JSON))
def test_whatever_the_service_gives_can_be_shown(body: dict[str, Any]) -> None:
    rows = rows_of("instance", body)

    assert all(isinstance(text, str) for row in rows for text in row)
    assert rows
