import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.domain.errors import RefusedError
from vpcmetactl.domain.shards import demand_all


def refusal(names: list[str], expected: int) -> str:
    with pytest.raises(RefusedError) as caught:
        demand_all(names, expected)
    assert caught.value.hint
    return str(caught.value)


@given(
    indexes=st.sets(st.integers(0, 30), min_size=1),
    first=st.integers(0, 1),
    width=st.integers(1, 4),
)
def test_the_shards_that_are_missing_are_named(indexes: set[int], first: int, width: int) -> None:
    count = max(indexes) + 1
    names = {index: f"out-2026/shard-{index + first:0{width}}.jsonl.gz" for index in range(count)}
    given = [names[index] for index in sorted(indexes)]
    missing = [names[index] for index in range(count) if index not in indexes]
    if not missing:
        demand_all(given, count)
        return
    told = refusal(given, count)
    assert told.startswith(f"{len(given)} of {count} shards are given; missing: ")
    told = told.partition("missing: ")[2].partition(" and ")[0]
    filled = any("-0" in name and "-0." not in name for name in given)
    expected = [name if filled else re.sub("-0+([0-9])", r"-\1", name) for name in missing]
    assert told.split(", ") == expected[:20]


def test_many_that_are_missing_are_not_all_named() -> None:
    told = refusal(["shard-0.jsonl"], 200)
    assert told.endswith("shard-19.jsonl, shard-20.jsonl and 179 more")


@pytest.mark.parametrize(
    "names",
    [["prod.jsonl.gz", "lab.jsonl.gz"], ["a-1.jsonl", "b-2.jsonl"], ["s-7.jsonl", "s-900.jsonl"]],
    ids=range(3),
)
def test_where_names_do_not_count_only_the_number_is_told(names: list[str]) -> None:
    assert refusal(names, 5) == "2 of 5 shards are given"


def test_more_than_expected_are_refused_and_one_named_twice_is_one() -> None:
    assert refusal(["a", "b", "c"], 2) == "3 shards are given, 2 are expected"
    assert refusal(["a-0", "a-0"], 2) == "1 of 2 shards are given; missing: a-1"
