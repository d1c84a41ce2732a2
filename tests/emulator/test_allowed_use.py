import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.emulator.vpc.allowed_use import ExpressionError, evaluate

VARIABLES: dict[str, bool | int | str] = {
    "enable_secure_boot": True,
    "gpu.count": 2,
    "gpu.model": "Tesla V100",
    "metadata_service.enabled": True,
    "metadata_service.protocol": "https",
    "vcpu.count": 4,
}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("true", True),
        ("false", False),
        ("enable_secure_boot", True),
        ("!enable_secure_boot", False),
        ("!!enable_secure_boot", True),
        ("metadata_service.enabled == true", True),
        ("metadata_service.enabled != true", False),
        ("metadata_service.protocol == 'https'", True),
        ('metadata_service.protocol == "http"', False),
        ("gpu.model == 'Tesla V100'", True),
        (r"'\'\\\t' == '\'\\	'", True),
        ("gpu.model < 'Z'", True),
        ("true < false", False),
        ("nobody.knows && false", False),
        ("nobody.knows || gpu.count || true", True),
        ("gpu.count > 0 && enable_secure_boot == true", True),
        ("gpu.count>2||vcpu.count>=4", True),
        ("vcpu.count < 4 || vcpu.count <= 3", False),
        ("false && false || true", True),
        ("false && (false || true)", False),
        ("true || false && false", True),
        ("1 < 2 == true", True),
        ("  ( ( vcpu.count ) == 4 )  ", True),
        ("vcpu.count > -1", True),
        ("false && nobody.knows", False),
    ],
)
def test_an_expression_holds_or_does_not(expression: str, *, holds: bool) -> None:
    assert evaluate(expression, VARIABLES) is holds


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "a value is expected, not the end"),
        ("vcpu.count ==", "a value is expected, not the end"),
        ("(true", "a parenthesis is not closed"),
        ("true)", "unexpected ')'"),
        ("true false", "unexpected 'false'"),
        ("true == = true", "unexpected '='"),
        ("size(gpu.model) > 1", "functions are not supported: size"),
        ("vcpu.count + 1 == 5", "unexpected '+'"),
        ("vcpu.size == 1", "there is no variable 'vcpu.size'"),
        ("vcpu.count", "4 is neither true nor false"),
        ("vcpu.count && true", "4 is neither true nor false"),
        ("vcpu.count == true", "4 and True cannot be compared"),
        (r"gpu.model == 'Tesla\ V100'", r"the escape \  is not supported"),
        ("false || nobody.knows", "there is no variable 'nobody.knows'"),
        ("'open", 'unexpected "\'"'),
        ("true" + " " * 5000, "too long"),
        ("(" * 51 + "true" + ")" * 51, "nested too deeply"),
        ("!" * 51 + "true", "nested too deeply"),
        ("a&&" * 342 + "a", "too long"),
        ("a&&" * 341 + "a", "there is no variable 'a'"),
    ],
)
def test_an_expression_that_cannot_be_told_says_why(expression: str, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(expression, VARIABLES)
    assert said in str(caught.value)


@given(st.text(alphabet="()!&|=<> truefalsevcpu.count'1", max_size=60))
def test_no_expression_breaks_the_parser(expression: str) -> None:
    with contextlib.suppress(ExpressionError):
        assert evaluate(expression, VARIABLES) in {True, False}
