"""Bodies of IAM that are not as documented lose as little as they must, and never widen a rule."""

from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.domain.trust import RuleCondition
from vpcmetactl.ibmcloud.wire import iam as wire
from vpcmetactl.ibmcloud.wire.tolerant import NotAsDocumentedError
from vpcmetactl.usecases.ports import Unreadable

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def _ignore(_: Unreadable) -> None:
    """Let what cannot be read pass."""


def _conditions(found: object) -> tuple[RuleCondition, ...]:
    body = msgspec.json.encode({"rules": [{"id": "ClaimRule-1", "conditions": found}]})
    [rule] = wire.rules_from_wire(body, "Profile-1", _ignore)
    return rule.conditions


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, ()),
        ([], ()),
        (
            [{"claim": "zone", "operator": "IN", "value": ["a", "b"]}],
            (RuleCondition("zone", "IN", '["a","b"]'),),
        ),
        (
            [{"claim": "zone", "operator": "EQUALS", "value": 5}],
            (RuleCondition("zone", "EQUALS", "5"),),
        ),
        ([{"claim": "zone"}], (RuleCondition("zone", "", ""),)),
        ([{"claim": ["zone"], "operator": None}], (RuleCondition('["zone"]', "", ""),)),
        (["zone = a"], (RuleCondition("", "", "zone = a"),)),
        ("all", (RuleCondition("", "", "all"),)),
        ({"claim": "zone", "operator": "IN"}, (RuleCondition("zone", "IN", ""),)),
    ],
)
def test_a_condition_is_kept_whatever_it_is(
    found: object, expected: tuple[RuleCondition, ...]
) -> None:
    assert _conditions(found) == expected


@given(found=st.lists(ANY_JSON, max_size=4))
def test_no_condition_is_ever_lost(found: list[object]) -> None:
    assert len(_conditions(found)) == len(found)


@given(body=st.binary(max_size=60) | ANY_JSON.map(msgspec.json.encode))
def test_no_bytes_raise_anything_but_what_the_table_of_failures_knows(body: bytes) -> None:
    reads = (
        lambda body: wire.profiles_from_wire(body, _ignore),
        lambda body: wire.links_from_wire(body, "p", _ignore),
        lambda body: wire.rules_from_wire(body, "p", _ignore),
        lambda body: wire.identities_from_wire(body, "p", _ignore),
        lambda body: wire.link_from_wire(body, "p"),
        wire.limits_from_wire,
        wire.account_from_wire,
    )
    for read in reads:
        try:
            read(body)
        except (NotAsDocumentedError, msgspec.DecodeError, UnicodeDecodeError):
            continue


@given(items=st.lists(ANY_JSON, max_size=4))
def test_every_item_is_read_or_told(items: list[object]) -> None:
    for name, read in (
        ("links", wire.links_from_wire),
        ("rules", wire.rules_from_wire),
        ("identities", wire.identities_from_wire),
    ):
        told: list[Unreadable] = []
        found = read(msgspec.json.encode({name: items}), "Profile-1", told.append)
        lost = [item for item in told if item.server_id is None]
        assert len(found) + len(lost) == len(items)


@pytest.mark.parametrize(
    ("part", "read"),
    [
        ("links", wire.links_from_wire),
        ("rules", wire.rules_from_wire),
        ("identities", wire.identities_from_wire),
    ],
)
def test_a_list_that_goes_on_is_not_taken_for_the_whole(
    part: str, read: Callable[..., Sequence[object]]
) -> None:
    whole = msgspec.json.encode({part: [], "next": None})
    cut = msgspec.json.encode({part: [], "next": "https://iam.cloud.ibm.com/v1/profiles?x"})

    assert list(read(whole, "Profile-1", _ignore)) == []
    with pytest.raises(NotAsDocumentedError, match="another page"):
        read(cut, "Profile-1", _ignore)
