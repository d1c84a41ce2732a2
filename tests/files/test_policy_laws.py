"""Whatever a policy file holds, it is read or refused by its name; and what its schema says."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.files.policy_samples import RULE, WAIVER, WHOLE, complaints
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.files.policies import default_policy_text, read_policy, read_waivers

_KEYS = st.sampled_from(
    [
        *("format_version", "name", "extends", "unknown", "waiver_files", "rules", "waivers"),
        *("check", "servers", "enabled", "severity", "protocol", "max_response_hop_limit"),
        *("profiles", "verdicts", "owner", "reason", "expires", "region", "where", "x"),
    ]
)
_VALUES = st.one_of(
    st.integers(-1, 99),
    st.booleans(),
    st.sampled_from(
        ["VPCMETA001", "VPCMETA004", "VPCMETA101", "high", "https", "default", "[", "", "needed"]
    ),
    st.dates(),
    st.text(max_size=4),
)
_TABLES = st.recursive(
    st.dictionaries(_KEYS, _VALUES, max_size=4),
    lambda inner: st.dictionaries(
        _KEYS, st.one_of(_VALUES, inner, st.lists(inner, max_size=3)), max_size=5
    ),
    max_leaves=8,
)


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case str():
            return '"' + "".join(f"\\U{ord(letter):08x}" for letter in value) + '"'
        case _:
            return str(value)


def _read_or_refuse(path: Path) -> None:
    for read in (read_policy, read_waivers):
        try:
            read(path)
        except InvalidInputError as error:
            assert str(path) in str(error)  # noqa: PT017 - not every file is refused


@settings(max_examples=300)
@given(table=_TABLES)
def test_whatever_tables_a_file_has_it_is_read_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "tables.toml"
    lines = "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())
    path.write_text(f"format_version = 1\n{lines}" if "format_version" not in table else lines)

    _read_or_refuse(path)


@given(st.binary(max_size=300), st.integers(0, len(WHOLE)), st.integers(0, 40))
def test_whatever_bytes_a_file_has_it_is_read_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, start: int, length: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.toml"
    whole = WHOLE.encode()
    for content in (noise, whole[:start] + noise[:8] + whole[start + length :]):
        path.write_bytes(content)
        _read_or_refuse(path)


def test_the_schema_and_the_reader_agree() -> None:
    assert complaints(WHOLE) == complaints(default_policy_text()) == []
    assert complaints(RULE + 'sevrity = "high"')
    assert complaints(RULE + WAIVER.replace("onwer", "owner").replace('owner = "me"', ""))
    assert complaints("name = 'x'")
