"""Two readings of CEL, ours and the emulator's, come to the same."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.caller import Caller
from vpcmetactl.domain import allowed_use as ours
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.vpc import allowed_use as theirs

Value = bool | int | str

# The last is a variable that neither knows.
NAMES = [*sorted(ours.VARIABLES), "metadata_service.colour"]
STRINGS = ["''", "'http'", '"https"', '"Tesla V100"', r"'\'\\'"]
LITERALS = st.sampled_from(["true", "false", *STRINGS]) | st.integers(-3, 300).map(str)
SPACE = st.sampled_from(["", " ", "\n "])


def _joined(inner: st.SearchStrategy[str], symbols: list[str]) -> st.SearchStrategy[str]:
    return st.tuples(inner, SPACE, st.sampled_from(symbols), SPACE, inner).map("".join)


EXPRESSIONS = st.recursive(
    LITERALS | st.sampled_from(NAMES),
    lambda inner: (
        _joined(inner, ["==", "!=", "<", "<=", ">", ">="])
        | _joined(inner, ["&&", "||"])
        | inner.map("({})".format)
        | inner.map("!({})".format)
    ),
    max_leaves=12,
)
VALUES: dict[type, st.SearchStrategy[Value]] = {
    bool: st.booleans(),
    int: st.integers(0, 300),
    str: st.sampled_from(["http", "https", "Tesla V100", ""]),
}
VARIABLES = st.fixed_dictionaries(
    {}, optional={name: VALUES[kind] for name, kind in ours.VARIABLES.items()}
)


@given(expression=EXPRESSIONS, variables=VARIABLES)
def test_every_expression_comes_to_the_same(
    expression: str, variables: Mapping[str, Value]
) -> None:
    found = ours.evaluate(expression, variables)
    try:
        expected: bool | None = theirs.evaluate(expression, variables)
    except theirs.ExpressionError:
        expected = None
    assert (None if isinstance(found, ours.CannotTell) else found) is expected


@given(
    st.lists(
        st.sampled_from([*"()!<>='\"", "&&", "||", "==", "gpu.count", "true", "-1", "2", "'a'"]),
        max_size=12,
    ).map(" ".join)
)
def test_what_both_can_tell_of_any_text_they_tell_alike(text: str) -> None:
    found = ours.evaluate(text, {"gpu.count": 2})
    try:
        expected = theirs.evaluate(text, {"gpu.count": 2})
    except theirs.ExpressionError:
        return
    assert found is expected or isinstance(found, ours.CannotTell)


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("protocol", ["http", "https"])
def test_the_emulator_refuses_exactly_what_is_foreseen(*, enabled: bool, protocol: str) -> None:
    caller = Caller(Emulator(build_world("demo", clock=ManualClock())))
    path = caller.path_of("db-1")
    volume = caller.find(path)["boot_volume_attachment"]["volume"]["id"]
    expression = caller.find(f"/volumes/{volume}")["allowed_use"]["instance"]
    answer = caller.patch(path, {"metadata_service": {"enabled": enabled, "protocol": protocol}})
    variables: dict[str, Value] = {
        "metadata_service.enabled": enabled,
        "metadata_service.protocol": protocol,
    }
    assert ours.evaluate(expression, variables) is (answer.status_code == 200)
