"""One run of the kit: which checks are made, what is printed, and what the exit code says."""

from collections.abc import Callable, Mapping

from tests.live.assumption import Finding, How, Outcome, UntestedError, untested
from tests.live.assumptions import ASSUMPTIONS
from tests.live.reading import READ_CHECKS, Visit
from tests.live.reading_trust import TRUST_CHECKS
from vpcmetactl.domain.errors import InvalidInputError

CHECKS: Mapping[str, Callable[[Visit], Finding]] = {**READ_CHECKS, **TRUST_CHECKS}
HELD, BROKEN, INCOMPLETE = 0, 3, 4
_WIDTH = len(Outcome.UNTESTED)


def run_reading(visit: Visit) -> Mapping[str, Finding]:
    """Make every check that only reads."""
    return {check: _checked(test, visit) for check, test in CHECKS.items()}


def _checked(test: Callable[[Visit], Finding], visit: Visit) -> Finding:
    try:
        return test(visit)
    except UntestedError as error:
        return untested(str(error))
    except InvalidInputError:
        return untested("the API names a region that cannot be one")
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        # An answer of another shape than anybody thought of: worth more than a traceback.
        return untested(
            f"the answer has a shape that the check cannot read: {type(error).__name__}"
        )


def report(found: Mapping[str, Finding]) -> str:
    """Return what is printed: a line of outcome, claim and evidence for each, and the sums."""
    lines = []
    for one in ASSUMPTIONS:
        finding = found.get(one.id)
        if finding is not None:
            lines.append(f"{one.id}  {finding.outcome:{_WIDTH}}  {plain(one.claim)}")
            lines.append(f"     {'':{_WIDTH}}  {finding.evidence}")
            if finding.outcome is Outcome.DOES_NOT_HOLD:
                lines.append(f"     {'':{_WIDTH}}  so: {plain(one.if_wrong)}")
    outcomes = [finding.outcome for finding in found.values()]
    counts = [f"{outcomes.count(one)} {_SUMS[one]}" for one in Outcome]
    lines += ["", ", ".join(counts) + "."]
    for how in How:
        left = [one.id for one in ASSUMPTIONS if one.how is how and one.id not in found]
        if left:
            lines.append(f"{_spans(left)}: {_LEFT[how]}.")
    return "\n".join(lines) + "\n"


_SUMS = {
    Outcome.HOLDS: "hold",
    Outcome.DOES_NOT_HOLD: "do not hold",
    Outcome.UNTESTED: "could not be tested",
}
_LEFT = {
    How.READ: "by reading an account",
    How.CHANGE: "with --allow-changes SERVER",
    How.GUEST: "with --guest, on a server",
    How.BY_HAND: "by hand, see docs/explanation/assumptions.md",
}


def _spans(ids: list[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{ids[0]} to {ids[-1]}"


def plain(text: str) -> str:
    """Return a text without the marks of Markdown."""
    return text.replace("`", "").replace("*", "")


def exit_code(found: Mapping[str, Finding]) -> int:
    """Return 3 where something does not hold, else 4 where something was not tested, else 0."""
    outcomes = {finding.outcome for finding in found.values()}
    if Outcome.DOES_NOT_HOLD in outcomes:
        return BROKEN
    return INCOMPLETE if Outcome.UNTESTED in outcomes else HELD
