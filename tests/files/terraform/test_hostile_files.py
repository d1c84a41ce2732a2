"""Whatever is in a file: subjects come out of it, or an error that names it."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.terraform import (
    UNKNOWN,
    Json,
    a_change,
    a_configured,
    a_known_server,
    a_new_server,
    a_plan,
    a_shown,
    a_shown_state,
    a_stored,
    a_stored_state,
    written,
)
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.files.terraform.addresses import address_of, references_in, steps_of
from vpcmetactl.files.terraform.reading import addresses_by_server_id, read_terraform

LINK, RULE = "ibm_iam_trusted_profile_link", "ibm_iam_trusted_profile_claim_rule"
INSTANCE = "ibm_is_instance"

_link = {"profile_id": UNKNOWN, "cr_type": "VSI", "link": [{"crn": UNKNOWN}]}
_rule = {
    "profile_id": "Profile-1",
    "type": "Profile-CR",
    "cr_type": "VSI",
    "conditions": [{"claim": "zone", "operator": "IN", "value": '["us-south-1"]'}],
}
_block = {"crn": written(UNKNOWN, "module.m.crn", "module.m")}
_module = {
    "resources": [a_configured(INSTANCE, "x")],
    "outputs": {"crn": {"expression": written(UNKNOWN, "ibm_is_instance.x.crn")}},
}
DOCUMENTS: list[Json] = [
    a_plan(
        [
            a_change(INSTANCE, "web", a_new_server(default_trusted_profile_target="Profile-1")),
            a_change(INSTANCE, "x", a_known_server(), actions=["update"], module="module.m[0]"),
            a_change(LINK, "l", _link, key="a"),
            a_change(RULE, "r", _rule),
        ],
        [a_configured(INSTANCE, "web"), a_configured(LINK, "l", link=[_block])],
        {"m": {"module": _module, "expressions": {"a": written(UNKNOWN, "ibm_is_instance.web")}}},
        variables={"a": {"value": 1}},
        deferred_changes=[{"resource_change": a_change(INSTANCE, "y", {})}],
    ),
    a_shown_state(
        a_shown(INSTANCE, "web", a_known_server()),
        modules=[{"address": "module.m", "resources": [a_shown(RULE, "r", _rule)]}],
    ),
    a_stored_state(a_stored(INSTANCE, "web", {"index_key": 0, "attributes": a_known_server()})),
]

_leaves: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)
)
_values = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """Draw a document of which some values were replaced by others."""
    document = json.loads(json.dumps(draw(st.sampled_from(DOCUMENTS))))
    for _ in range(draw(st.integers(1, 3))):
        holder: Any = document
        while True:
            key = draw(
                st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder)))
            )
            inner = holder[key]
            if not isinstance(inner, dict | list) or not inner or draw(st.integers(0, 5)) == 0:
                break
            holder = inner
        holder[key] = draw(_values)
        if not document:
            break
    return json.dumps(document).encode()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=spoilt())
def test_a_spoilt_document_is_read_or_refused_by_name(tmp_path: Path, content: bytes) -> None:
    _try(tmp_path, content)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_cut_or_changed_file_is_read_or_refused_by_name(
    tmp_path: Path, data: st.DataObject
) -> None:
    whole = bytearray(json.dumps(data.draw(st.sampled_from(DOCUMENTS))).encode())
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    _try(tmp_path, bytes(whole[: data.draw(st.integers(0, len(whole)))]))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_are_refused_by_name(tmp_path: Path, content: bytes) -> None:
    _try(tmp_path, content)


@given(module=st.none() | st.text(max_size=30), texts=st.lists(st.text(max_size=20), max_size=5))
def test_addresses_and_references_may_be_anything(module: str | None, texts: list[str]) -> None:
    assert len(references_in(texts)) <= len(texts)
    assert isinstance(steps_of(module), tuple)


@given(key=st.text(max_size=12) | st.integers(0, 10**6))
def test_a_key_is_read_back_from_the_address_that_was_made_of_it(key: str | int) -> None:
    address = address_of(None, "module", "m", key)
    assert [step.key for step in steps_of(address)] == [key]


@pytest.mark.parametrize("count", [3000])
def test_many_links_that_may_be_to_many_servers_take_no_longer_than_they_must(
    tmp_path: Path, count: int
) -> None:
    changes = [a_change(INSTANCE, "web", a_new_server(), key=key) for key in range(count)]
    for key in range(count):
        link = {**_link, "profile_id": f"Profile-{key}"}
        changes.append(a_change(LINK, "l", link, key=key))
    references = written(UNKNOWN, "ibm_is_instance.web", "count.index")
    plan = a_plan(changes, [a_configured(LINK, "l", link=[{"crn": references}])])
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan))
    start = time.process_time()
    assert len(read_terraform(path).subjects) == count
    assert time.process_time() - start < 5


def _try(folder: Path, content: bytes) -> None:
    path = folder / "plan.json"
    path.write_bytes(content)
    for read in (read_terraform, addresses_by_server_id):
        told = str(path)
        try:
            read(path)
        except InvalidInputError as error:
            told = str(error)
        assert told.startswith(str(path))
