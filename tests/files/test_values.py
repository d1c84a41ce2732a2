"""How files are taken apart: however they are laid out, the same values come out."""

import gzip
import json
from io import BytesIO
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.files import values
from vpcmetactl.files.values import read_values

Complaints = list[tuple[int, str]]


def read(content: bytes) -> tuple[list[Any], Complaints]:
    complaints: Complaints = []
    found = read_values(BytesIO(content), lambda line, why: complaints.append((line, why)))
    return [msgspec.json.decode(value) for batch in found for value in batch], complaints


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every file one of many pieces."""
    monkeypatch.setattr(values, "_BLOCK", 64)


LAYOUTS: dict[str, Any] = {
    "lines": lambda objects: "".join(json.dumps(one) + "\n" for one in objects),
    "lines of Windows": lambda objects: "".join(json.dumps(one) + "\r\n" for one in objects),
    "blank lines": lambda objects: "\n \n" + "\n\n".join(json.dumps(one) for one in objects),
    "no lines at all": lambda objects: " ".join(json.dumps(one) for one in objects),
    "an array": json.dumps,
    "an array of lines": lambda objects: (
        "[\n" + ",\n".join(json.dumps(one) for one in objects) + "\n]\n"
    ),
    "an indented array": lambda objects: json.dumps(objects, indent=2),
    "indented objects": lambda objects: "\n".join(json.dumps(one, indent=2) for one in objects),
    "a mark before all": lambda objects: "\ufeff" + json.dumps(objects),
}
OBJECTS: st.SearchStrategy[list[Any]] = st.lists(
    st.dictionaries(
        st.sampled_from("ab"),
        st.sampled_from(['"},{"', "}\n{", "]", 1, [{"x": 1}, {"y": [{}, {}]}], {}, None]),
    ),
    max_size=8,
)


@pytest.mark.parametrize("layout", LAYOUTS)
@given(objects=OBJECTS)
def test_every_layout_gives_the_same_values(layout: str, objects: list[Any]) -> None:
    content = LAYOUTS[layout](objects).encode()
    assert read(content) == (objects, [])
    assert read(gzip.compress(content)) == (objects, [])


@given(OBJECTS.filter(bool), OBJECTS.filter(bool))
def test_arrays_one_after_the_other_are_one(first: list[Any], second: list[Any]) -> None:
    content = f"{json.dumps(first)}\n{json.dumps(second)}\n".encode()
    assert read(content) == (first + second, [])


@given(st.lists(OBJECTS | OBJECTS.map(lambda objects: [objects]), max_size=5))
def test_arrays_and_other_values_follow_one_another(parts: list[list[Any]]) -> None:
    values = [value for part in parts for value in part]
    found, complaints = read("\n".join(json.dumps(value) for value in values).encode())
    assert (_flat(found), complaints) == (_flat(values), [])


def _flat(values: list[Any]) -> list[Any]:
    return [
        element for value in values for element in (value if isinstance(value, list) else [value])
    ]


JUNK = st.sampled_from(["x", "}", "]", "nul", '{"a', '{"a" 1}', "[1 2", '"', "\x00", '{"a":"\\x"}'])


@given(st.lists(st.integers(0, 99) | JUNK, max_size=12))
def test_lines_that_are_no_json_are_passed_over(drawn: list[int | str]) -> None:
    content = "".join(
        (one if isinstance(one, str) else json.dumps({"n": one})) + "\n" for one in drawn
    )
    if content.startswith("["):
        content = "\n" + json.dumps({}) + content
    found, complaints = read(content.encode())
    expected = [one for one in drawn if isinstance(one, int)]
    assert [one["n"] for one in found if "n" in one] == expected
    junk = [number for number, one in enumerate(drawn, 1) if isinstance(one, str)]
    assert len(complaints) == len(junk)


def test_a_broken_line_is_told_by_its_number() -> None:
    good = json.dumps({"a": "x" * 90})
    content = f'\n{good}\n{good}\noops\n\n{good}\n{{"a": \n{good}\n'
    found, complaints = read(content.encode())
    assert len(found) == 4
    assert [line for line, _ in complaints] == [4, 7]


def test_a_broken_element_of_an_array_is_passed_over() -> None:
    good = json.dumps({"a": [{"b": 1}, {"b": 2}], "c": "x" * 90})
    content = f'[{good},\n{good},\n{{"a": oops}},\n{good}]'
    found, complaints = read(content.encode())
    assert (len(found), [line for line, _ in complaints]) == (3, [3])


def test_an_array_that_is_cut_off_is_told() -> None:
    whole = json.dumps([{"n": n} for n in range(50)])
    found, complaints = read(whole[:-5].encode())
    assert [one["n"] for one in found] == list(range(49))
    assert [why for _, why in complaints][-1] == "the array does not end: something is missing"


@given(st.integers(1, 200))
def test_a_cut_off_gzip_gives_what_is_whole(missing: int) -> None:
    objects = [{"n": n, "text": f"{n * 7919 % 9973}"} for n in range(200)]
    content = gzip.compress("".join(json.dumps(one) + "\n" for one in objects).encode())
    found, complaints = read(content[: -min(missing, len(content) - 11)])
    assert found == objects[: len(found)]
    assert complaints[-1][1].startswith("the gzip data is damaged")


def test_gzips_one_after_the_other_are_one() -> None:
    parts = [gzip.compress(json.dumps({"n": n}).encode() + b"\n") for n in range(5)]
    assert read(b"".join(parts) + b"\0" * 100) == ([{"n": n} for n in range(5)], [])


def test_a_damaged_gzip_is_told() -> None:
    content = bytearray(gzip.compress(b'{"n": 1}\n'))
    content[-6] ^= 1
    _, complaints = read(bytes(content))
    assert "the gzip data is damaged" in complaints[-1][1]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PAR1xxxxPAR1", "it is a Parquet file; write the events in it out as JSON"),
        ('{"a": 1}'.encode("utf-16"), "it is UTF-16 text, and JSON is UTF-8"),
    ],
)
def test_formats_that_are_often_met_are_named(content: bytes, why: str) -> None:
    assert read(content) == ([], [(1, why)])


def test_a_value_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "LONGEST", 1000)
    content = b'{"a": "' + b"x" * 5_000 + b'"}\n{"b": 1}\n'
    found, complaints = read(content)
    assert found == [{"b": 1}]
    assert complaints
    assert read(b"[" * 5_000)[0] == []


def test_deep_nesting_is_passed_over() -> None:
    found, complaints = read(b'{"a": ' + b"[" * 100_000 + b'\n{"b": 1}\n')
    assert (found, len(complaints)) == ([{"b": 1}], 1)
