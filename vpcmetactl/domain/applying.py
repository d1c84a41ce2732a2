"""How a plan is applied: in what order, how many at a time, and when to stop."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from vpcmetactl.domain.errors import InvalidInputError, RefusedError
from vpcmetactl.domain.plans import Plan

T = TypeVar("T")

_ALL = 100.0
_DIGITS = 9
_BUDGET = re.compile(r"(?P<percent>[0-9]{1,3}(?:\.[0-9]{1,9})?)%|(?P<count>[0-9]{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class FailureBudget:
    """How many changes may fail before nothing more is started.

    A number, or a share of the run's changes, rounded down. Failures *exceed* it before a run
    stops: with 0 the first one does. Drift and refusals are no failures.
    """

    amount: float = 0.0
    is_percent: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``5`` or ``5%``; raises InvalidInputError for anything else."""
        found = _BUDGET.fullmatch(text.strip())
        amount = float(found["percent"] or found["count"]) if found else -1.0
        is_percent = bool(found and found["percent"])
        if amount < 0 or (is_percent and amount > _ALL):
            raise InvalidInputError(
                f"{text!r} is neither a number of failures nor a percentage",
                hint="write 5, or 5%",
            )
        return cls(amount, is_percent)

    def allowed(self, changes: int) -> int:
        """Return how many of so many changes may fail."""
        # 0.57% of 10,000 is 57, though a float's product falls short of it.
        share = round(changes * self.amount / _ALL, _DIGITS)
        return int(share) if self.is_percent else int(self.amount)

    def __str__(self) -> str:
        if not self.is_percent:
            return f"{self.amount:.0f}"
        return f"{self.amount:.9f}".rstrip("0").rstrip(".") + "%"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """How a plan is to be applied. A saved plan carries them; flags override them.

    ``canary`` changes come first, then twice as many, and so on; 0 makes one wave of all. Between
    waves ``soak`` seconds pass. ``max_workers`` changes are under way at a time. ``max_targets``
    and ``expect_count`` refuse a plan with more changes, or another number of them. ``wait``
    bounds, in seconds, how long a server may take to stop, to start, and to get well.
    """

    canary: int = 1
    max_workers: int = 8
    max_failures: FailureBudget = FailureBudget()
    max_targets: int | None = None
    expect_count: int | None = None
    soak: float = 0.0
    wait: float = 900.0

    def guard(self, plan: Plan) -> None:
        """Raise RefusedError where the plan is not of the size that is allowed or expected."""
        count = len(plan.changes)
        if self.max_targets is not None and count > self.max_targets:
            raise RefusedError(
                f"the plan changes {count} servers, more than --max-targets {self.max_targets}",
                hint="nothing was changed; choose fewer servers, or allow more",
            )
        if self.expect_count is not None and count != self.expect_count:
            raise RefusedError(
                f"the plan changes {count} servers, not the {self.expect_count} expected",
                hint="nothing was changed; look at the plan before applying it",
            )


DEFAULTS = ApplyOptions()
# One server is down at a time unless more are asked for.
RESTART_DEFAULTS = ApplyOptions(max_workers=1)


def waves(items: Sequence[T], canary: int) -> Iterator[Sequence[T]]:
    """Divide a plan's changes, in order: ``canary`` of them, then each time twice as many."""
    size = canary or len(items)
    start = 0
    while start < len(items):
        yield items[start : start + size]
        start += size
        size *= 2
