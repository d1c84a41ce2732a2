from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import an_instance
from vpcmetactl.domain.applying import ApplyOptions, FailureBudget, waves
from vpcmetactl.domain.errors import InvalidInputError, RefusedError
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import Action, MetadataServicePatch, Plan

percents = st.decimals(0, 100, places=2).map(lambda number: f"{number:f}")
counts = st.integers(0, 10**9 - 1).map(str)


def a_plan(changes: int) -> Plan:
    servers = [an_instance(f"web-{number}") for number in range(changes)]
    return plan_metadata(Action.ENABLE, MetadataServicePatch(enabled=True), servers, named=False)


# Failure budgets.


@pytest.mark.parametrize(
    ("text", "changes", "allowed"),
    [
        ("0", 100, 0),
        ("5", 100, 5),
        ("5", 3, 5),
        ("5%", 100, 5),
        ("5%", 99, 4),
        ("5%", 19, 0),
        ("0%", 1000, 0),
        ("100%", 7, 7),
        ("33.4%", 1000, 334),
        ("0.57%", 10_000, 57),
        (" 5% ", 20, 1),
    ],
)
def test_a_budget_allows_so_many_failures_rounded_down(
    text: str, changes: int, allowed: int
) -> None:
    assert FailureBudget.parse(text).allowed(changes) == allowed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "%",
        "-1",
        "-1%",
        "101%",
        "100.1%",
        "5.5",
        "5 %",
        "five",
        "nan",
        "inf",
        "1e3",
        "\u0665",
        "1_0",
    ],
)
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is neither a number of failures nor a percentage"):
        FailureBudget.parse(text)


@given(percents, st.integers(0, 100_000))
def test_a_percentage_is_exact_and_rounded_down(text: str, changes: int) -> None:
    assert FailureBudget.parse(f"{text}%").allowed(changes) == int(Fraction(text) * changes / 100)


@given(counts | percents.map("{}%".format))
def test_a_budget_is_said_as_it_was_given(text: str) -> None:
    budget = FailureBudget.parse(text)

    assert budget.is_percent == text.endswith("%")
    assert budget.amount == float(text.removesuffix("%"))


@given(st.text(max_size=8))
def test_no_text_breaks_the_reading_of_a_budget(text: str) -> None:
    try:
        budget = FailureBudget.parse(text)
    except InvalidInputError:
        return
    assert budget.allowed(100) >= 0


# Waves.


@pytest.mark.parametrize(
    ("canary", "sizes"),
    [(0, [20]), (1, [1, 2, 4, 8, 5]), (2, [2, 4, 8, 6]), (20, [20]), (50, [20])],
)
def test_a_canary_comes_first_and_each_wave_is_twice_the_one_before(
    canary: int, sizes: list[int]
) -> None:
    assert [len(wave) for wave in waves(range(20), canary)] == sizes


@given(st.lists(st.integers(), max_size=80), st.integers(0, 90))
def test_waves_are_all_of_it_in_order(items: list[int], canary: int) -> None:
    found = list(waves(items, canary))

    assert [item for wave in found for item in wave] == items
    assert all(found)


# Guards.


@pytest.mark.parametrize(
    "options",
    [
        ApplyOptions(),
        ApplyOptions(max_targets=3),
        ApplyOptions(expect_count=3),
        ApplyOptions(max_targets=4, expect_count=3),
    ],
)
def test_a_plan_of_the_size_that_is_expected_passes(options: ApplyOptions) -> None:
    options.guard(a_plan(3))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ApplyOptions(max_targets=2), "the plan changes 3 servers, more than --max-targets 2"),
        (ApplyOptions(max_targets=0), "the plan changes 3 servers, more than --max-targets 0"),
        (ApplyOptions(expect_count=2), "the plan changes 3 servers, not the 2 expected"),
        (ApplyOptions(expect_count=4), "the plan changes 3 servers, not the 4 expected"),
        (ApplyOptions(expect_count=0), "the plan changes 3 servers, not the 0 expected"),
    ],
)
def test_a_plan_of_another_size_is_refused(options: ApplyOptions, words: str) -> None:
    with pytest.raises(RefusedError) as caught:
        options.guard(a_plan(3))

    assert str(caught.value) == words
    assert str(caught.value.hint).startswith("nothing was changed; ")


def test_servers_that_are_so_already_do_not_count() -> None:
    plan = a_plan(2)
    compliant = plan_metadata(
        Action.ENABLE,
        MetadataServicePatch(enabled=False),
        [an_instance("off-1")],
        named=False,
    )

    ApplyOptions(expect_count=2).guard(Plan(plan.action, plan.patch, plan.items + compliant.items))
