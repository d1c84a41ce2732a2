import inspect
import itertools
import re

import pytest

from vpcmetactl.domain import errors
from vpcmetactl.domain.errors import ExitCode, UnavailableError, VpcmetactlError, strongest

_ALL = sorted(
    (
        member
        for _, member in inspect.getmembers(errors, inspect.isclass)
        if issubclass(member, VpcmetactlError)
    ),
    key=lambda error: error.__name__,
)
# The contract's order for exit codes that may hold at the same time.
_CONTRACT = (
    ExitCode.INTERRUPTED,
    ExitCode.FAILED,
    ExitCode.REFUSED,
    ExitCode.FINDINGS,
    ExitCode.INCOMPLETE,
    ExitCode.OK,
)


@pytest.mark.parametrize(("stronger", "weaker"), [*itertools.combinations(_CONTRACT, 2)])
def test_of_two_exit_codes_the_contract_says_which_wins(
    stronger: ExitCode, weaker: ExitCode
) -> None:
    assert strongest(stronger, weaker) is stronger
    assert strongest(weaker, stronger) is stronger


def test_every_exit_code_has_its_place_in_the_order() -> None:
    assert [strongest(code) for code in ExitCode] == list(ExitCode)


def test_where_nothing_holds_all_is_well() -> None:
    assert strongest() is ExitCode.OK


def test_the_exit_codes_are_those_of_the_contract() -> None:
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4, 5, 6, 130, 143]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in _ALL]

    assert sorted(set(codes)) == sorted(codes)


def test_every_error_is_drawn_in_the_tree_with_its_parent_and_exit_code() -> None:
    assert _drawn(errors.__doc__ or "") == {
        error.__name__: (_parent(error), int(error.exit_code)) for error in _ALL
    }


@pytest.mark.parametrize("error", _ALL)
def test_an_error_reads_as_its_message_and_carries_what_helps(
    error: type[VpcmetactlError],
) -> None:
    made = error("no luck", hint="try", trace="t-1", region="us-south", status=418)

    assert str(made) == "no luck"
    assert (made.hint, made.trace, made.region, made.status) == ("try", "t-1", "us-south", 418)
    assert str(error("alone")) == "alone"
    assert error("alone").hint is None


def test_an_answer_that_did_not_come_is_in_doubt_only_where_it_is_said() -> None:
    assert not UnavailableError("gone").maybe_done
    assert UnavailableError("gone", maybe_done=True).maybe_done


def _parent(error: type[VpcmetactlError]) -> str:
    return error.__bases__[0].__name__


def _drawn(text: str) -> dict[str, tuple[str, int]]:
    """Read the tree: each class with its parent, by indentation, and its exit code.

    A class whose line gives no exit code has that of its parent.
    """
    found: dict[str, tuple[str, int]] = {}
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = re.match(r"^([\s│├└─]*)(\w+Error)(?:\s+(\d)\s)?", line)
        if match is None:
            continue
        indent, name, code = len(match[1]), match[2], match[3]
        above = [entry for entry in above if entry[0] < indent]
        parent = above[-1][1] if above else "Exception"
        inherited = found[parent][1] if above else int(ExitCode.ERROR)
        found[name] = (parent, int(code) if code else inherited)
        above.append((indent, name))
    return found
