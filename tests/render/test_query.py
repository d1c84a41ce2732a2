from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.render.query import Query


def test_a_query_selects_from_plain_values() -> None:
    assert Query("items[].name").search({"items": [{"name": "web-1"}, {"name": None}]}) == ["web-1"]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("items[", "it ends too early"),
        ("items[].", "it ends too early"),
        ("", "the expression is empty"),
        ("items[?x == 5]", "5 at column 13 is not expected there"),
        ("(" * 5000, "it is nested too deep"),
        ("a ; b", "';' at column 3 is not expected there"),
    ],
)
def test_a_wrong_expression_is_refused_with_its_place(expression: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        Query(expression)
    assert str(refused.value) == f"--query {expression!r}: {message}"


@pytest.mark.parametrize("expression", ["lenght(items)", "length(`1`)", "length()"])
def test_wrong_functions_and_types_show_when_it_is_searched(expression: str) -> None:
    query = Query(expression, "--where")
    with pytest.raises(InvalidInputError) as refused:
        query.search({"items": []})
    assert str(refused.value).startswith(f"--where {expression!r}: ")


@given(st.text(st.sampled_from("items[]{}().*?@&|!=<>`'\"\\,:-_ 0159ab\u00e9\n")))
def test_no_expression_ends_in_anything_but_a_result_or_a_refusal(expression: str) -> None:
    with suppress(InvalidInputError):
        Query(expression).search({"items": [{"a": 1, "b": None}], "s": "x"})
