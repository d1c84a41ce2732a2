import json
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.domain.condition_values import read_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"default123"', "default123"),
        ('""', ""),
        (' "a" \n', "a"),
        ('"a\\u0042\\n\\"\\\\\\/"', 'aB\n"\\/'),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ("true", "true"),
        ("false", "false"),
        ("12", "12"),
        ("-7", "-7"),
        ("0", "0"),
        ("[]", ()),
        ("[ ]", ()),
        ('["a"]', ("a",)),
        ('[ "a" , "b,]" ,3,true ]', ("a", "b,]", "3", "true")),
    ],
)
def test_scalars_and_lists_of_them_become_text(text: str, value: str | tuple[str, ...]) -> None:
    assert read_value(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "default123",
        "'a'",
        '"a',
        '"a" "b"',
        '"\t"',
        '"\\x41"',
        '"\\ud83d"',
        "null",
        "{}",
        '{"a": 1}',
        '["a"',
        '["a",]',
        '["a" "b"]',
        '[["a"]]',
        "[null]",
        "1.0",
        "1e3",
        "-0",
        "012",
        "1234567890123456",
        "True",
        "NaN",
        '\ufeff"a"',
    ],
)
def test_what_has_no_documented_meaning_is_not_read(text: str) -> None:
    assert read_value(text) is None


# Text that is nearly a value reaches more than text that is anything.
_NEARLY = st.lists(
    st.sampled_from(['"', "\\", "u00e9", "a", "[", "]", ",", " ", "1", "true", "\\ud83d", "-"]),
    max_size=9,
).map("".join)


@given(_NEARLY | st.text() | st.from_type(str).map(json.dumps))
def test_it_reads_what_a_full_reader_of_json_reads(text: str) -> None:
    assert read_value(text) == _read_by_json(text)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_it_reads_what_a_writer_of_json_writes(value: Any) -> None:  # noqa: ANN401 - any JSON
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert read_value(text) == _read_by_json(text)


def _read_by_json(text: str) -> str | tuple[str, ...] | None:
    try:
        value = json.loads(text, parse_int=_whole, parse_float=_refuse, parse_constant=_refuse)
        if isinstance(value, list):
            return tuple(map(_scalar, value))
        return _scalar(value)
    except (ValueError, RecursionError):
        return None


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return _refuse("")
    value.encode()
    return value


def _whole(digits: str) -> str:
    if digits == "-0" or len(digits.removeprefix("-")) > 15:
        raise ValueError
    return digits


def _refuse(_: str) -> NoReturn:
    raise ValueError
