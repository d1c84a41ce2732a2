import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.domain.allowed_use import CannotTell, evaluate, mentions

KNOWN: dict[str, bool | int | str] = {
    "gpu.count": 2,
    "gpu.model": "Tesla V100",
    "metadata_service.enabled": True,
    "metadata_service.protocol": "https",
}


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("true", True),
        ("false", False),
        ("metadata_service.enabled", True),
        ("!metadata_service.enabled", False),
        ("!!metadata_service.enabled", True),
        ("!!!metadata_service.enabled", False),
        ("metadata_service.enabled == false", False),
        ("metadata_service.protocol == 'https'", True),
        ('metadata_service.protocol != "https"', False),
        ("metadata_service.enabled == true && metadata_service.protocol == 'http'", False),
        ("metadata_service . enabled // as a rule\n && true", True),
        ("gpu.count >= 2 && gpu.count < 3", True),
        ("gpu.count > 0x1f || gpu.count <= -9223372036854775808", False),
        ("gpu.count==2&&(gpu.model=='')", False),
        ("'Tesla A' < gpu.model", True),
        ("false < true", True),
        ("true || false && false", True),
        ("(true || false) && false", False),
        ("1 < 2 == true", True),
        ("!(gpu.count == 1)", True),
        ("'\\x41\\u0042\\U00000043\\104\\n\\'' == \"ABCD\\n'\"", True),
        ("(" * 40 + "true" + ")" * 40, True),
        (" && ".join(["true"] * 3000), True),
    ],
)
def test_an_expression_is_true_or_false(expression: str, *, verdict: bool) -> None:
    assert evaluate(expression, KNOWN) is verdict


@pytest.mark.parametrize("unknown", ["vcpu.count > 1", "1 == 'a'", "nobody.knows", "gpu.count"])
def test_what_has_no_value_is_of_no_account_beside_an_operand_that_decides(unknown: str) -> None:
    for expression, verdict in (
        (f"false && {unknown}", False),
        (f"{unknown} && false", False),
        (f"true || {unknown}", True),
        (f"{unknown} || true", True),
        (f"true && {unknown} && false", False),
    ):
        assert evaluate(expression, KNOWN) is verdict
    for expression in (f"true && {unknown}", f"false || {unknown}", f"!({unknown})"):
        assert isinstance(evaluate(expression, KNOWN), CannotTell)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("vcpu.count > 1", "vcpu.count is not known here"),
        ("cpu.count > 1", "cpu.count is not a variable that is documented"),
        ("metadata_service == 1", "metadata_service is not a variable that is documented"),
        ("gpu.count == '2'", "an integer is compared with a string"),
        ("metadata_service.enabled == 1", "a boolean is compared with an integer"),
        ("gpu.count", "it gives an integer, neither true nor false"),
        ("!gpu.count", "! is applied to an integer"),
        ("true && 'x'", "&& is applied to a string"),
        ("9223372036854775808 > 1", "an integer is out of range"),
        ("1" * 5000 + " > 1", "an integer is out of range"),
        ("", "its end is not understood where it stands"),
        ("true true", "true is not understood where it stands"),
        ("(true", "its end stands where ) is expected"),
        ("size(gpu.model) > 1", "functions and selections from values are not evaluated"),
        ("gpu.model.startsWith('T')", "functions and selections from values are not evaluated"),
        ("'a'.size() == 1", "functions and selections from values are not evaluated"),
        ("false && has(gpu.model)", "functions and selections from values are not evaluated"),
        ("gpu.count - 1 == 1", "- is not understood where it stands"),
        ("gpu.count == -gpu.count", "arithmetic is not evaluated"),
        ("gpu.count + 1 == 3", "'+ 1 == 3' is not understood"),
        ("gpu.model in ['a']", "\"['a']\" is not understood"),
        ("true ? true : false", "'? true : fal' is not understood"),
        ("gpu.count > 1.5", "'1.5' is not understood"),
        ("gpu.count > 1u", "'1u' is not understood"),
        ("gpu.model == null", "null is not evaluated"),
        ("gpu.model == r'a'", "\"r'a'\" is not understood"),
        ("gpu.model == 'a", '"\'a" is not understood'),
        (r"gpu.model == '\q'", r"\q is no character"),
        (r"gpu.model == '\ud800'", r"\ud800 is no character"),
        ("(" * 60 + "true" + ")" * 60, "it is nested too deeply"),
    ],
)
def test_what_cannot_be_told_is_told_so_with_its_reason(expression: str, reason: str) -> None:
    assert evaluate(expression, KNOWN) == CannotTell(reason)


def test_a_variable_of_another_type_than_documented_is_not_used() -> None:
    assert evaluate("gpu.count == 1", {"gpu.count": True}) == CannotTell(
        "gpu.count is a boolean, which is not what is documented"
    )


@pytest.mark.parametrize(
    ("expression", "fields", "expected"),
    [
        ("metadata_service.enabled", ["enabled"], True),
        ("metadata_service . protocol == 'http'", ["enabled", "protocol"], True),
        ("metadata_service.protocol == 'http'", ["enabled"], False),
        ("gpu.model == 'metadata_service.enabled'", ["enabled"], False),
        ("vcpu.count > 2", ["enabled", "protocol"], False),
        ("size(metadata_service.protocol) > 2", ["protocol"], True),
        ("true", ["enabled"], False),
        ("vcpu.count + 1 > 2", ["enabled"], True),
        ("metadata_service['enabled']", ["enabled"], True),
    ],
)
def test_a_change_matters_to_an_expression_that_names_its_field_or_cannot_be_read(
    expression: str, fields: list[str], *, expected: bool
) -> None:
    assert mentions(expression, fields) is expected


@given(
    st.text(max_size=80)
    | st.lists(
        st.sampled_from(
            [
                *("(", ")", "!", "<", ">", ".", "-", "'", '"', "\\", "&&", "||", "==", "//", "\n"),
                *("metadata_service", "gpu", "count", "enabled", "true", "false", "null", "in"),
                *("1", "0x", "'a'", " "),
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_no_expression_raises(expression: str) -> None:
    assert isinstance(evaluate(expression, KNOWN), bool | CannotTell)
    assert isinstance(mentions(expression, ["enabled"]), bool)
