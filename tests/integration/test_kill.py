"""``kill -9`` in the middle of an apply: a few rounds; ``benchmarks/kill9.py`` does hundreds."""

import random
from pathlib import Path

from tests.integration.killing import CHANGES, gallows

ROUNDS = 8


def test_what_was_killed_is_finished_and_nothing_is_done_twice(tmp_path: Path) -> None:
    dice = random.Random(9)  # noqa: S311 - moments, no secrets
    with gallows(tmp_path) as gallery:
        # The moments go from before the run begins to after it has ended, on any machine.
        longest = 1.2 * gallery.seconds()
        rounds = [gallery.round(dice, longest) for _ in range(ROUNDS)]

    assert any(0 < killed.sent < CHANGES for killed in rounds)
