"""Kills an apply of 60 changes 300 times, and checks each time that resuming makes it whole.

``python -m benchmarks.kill9 [ROUNDS [PROCESSES]]``; exits with 1 where one round goes wrong. What
a round is, and what must hold after it: ``tests/integration/killing.py``.
"""

import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.integration.killing import CHANGES, Killed, gallows

ROUNDS = 300
PROCESSES = 3


def rounds(seed: int, count: int) -> tuple[list[Killed], list[str]]:
    """Return what every round found, and what went wrong in which."""
    dice = random.Random(seed)  # noqa: S311 - moments, no secrets
    found, wrong = [], []
    with tempfile.TemporaryDirectory() as folder, gallows(Path(folder)) as gallery:
        longest = 1.1 * max(gallery.seconds() for _ in range(3))
        for number in range(count):
            try:
                found.append(gallery.round(dice, longest))
            except Exception as error:  # noqa: BLE001 - told, and the rounds go on
                place = traceback.extract_tb(error.__traceback__)[-1]
                wrong.append(f"round {number} of seed {seed}: {place.name}: {error!r}")
    return found, wrong


def tell(found: Sequence[Killed], wrong: Sequence[str], seconds: float) -> None:
    """Print how far the killed applies had come."""
    stages = Counter(_stage(killed) for killed in found)
    print(f"{len(found)} rounds held, {len(wrong)} did not, in {seconds:.0f} s")
    for stage, count in sorted(stages.items()):
        print(f"  killed {stage}: {count}")
    print(f"  changes left open in all: {sum(killed.open for killed in found)}")
    print(f"  changes made and not journaled: {sum(k.sent - k.journaled for k in found)}")
    print(f"  changes on their way at the kill, sent once more: {sum(k.late for k in found)}")
    for line in wrong:
        print(f"FAIL {line}")


def _stage(killed: Killed) -> str:
    if not killed.began:
        return "before the run was written down"
    if killed.ended:
        return "after the run had ended"
    if killed.sent in (0, CHANGES):
        return "at either end of the run"
    return "between the first and the last change"


def main() -> None:
    """Run the rounds, spread over processes."""
    words = [int(word) for word in sys.argv[1:]]
    count, processes = [*words, *(ROUNDS, PROCESSES)[len(words) :]]
    began = time.perf_counter()
    shares = [count // processes + (n < count % processes) for n in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        results = list(pool.map(rounds, range(processes), shares))
    found = [killed for some, _ in results for killed in some]
    wrong = [line for _, lines in results for line in lines]
    tell(found, wrong, time.perf_counter() - began)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
