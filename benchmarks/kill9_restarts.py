"""Kills a run of restarts 100 times while servers are down, and checks that resuming mends it.

``python -m benchmarks.kill9_restarts [ROUNDS [PROCESSES]]``; exits with 1 where one round goes
wrong. What a round is, and what must hold after it: ``tests/integration/killing_restarts.py``.
"""

import random
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.integration.killing_restarts import Killed, gallows

ROUNDS = 100
PROCESSES = 2


def rounds(seed: int, count: int) -> tuple[list[Killed], list[str]]:
    """Return what every round found, and what went wrong in which."""
    dice = random.Random(seed)  # noqa: S311 - moments, no secrets
    found, wrong = [], []
    with tempfile.TemporaryDirectory() as folder, gallows(Path(folder)) as gallery:
        for number in range(count):
            try:
                found.append(gallery.round(dice))
            except Exception as error:  # noqa: BLE001 - told, and the rounds go on
                place = traceback.extract_tb(error.__traceback__)[-1]
                wrong.append(f"round {number} of seed {seed}: {place.name}: {error!r}")
    return found, wrong


def tell(found: Sequence[Killed], wrong: Sequence[str], seconds: float) -> None:
    """Print how far the killed runs had come."""
    print(f"{len(found)} rounds held, {len(wrong)} did not, in {seconds:.0f} s")
    print(f"  killed with servers down: {sum(killed.down > 0 for killed in found)}")
    print(f"  servers down at the kill: {sum(killed.down for killed in found)}")
    for status in ("stopping", "stopped", "starting"):
        print(f"    {status}: {sum(getattr(killed, status) for killed in found)}")
    print(f"  servers restarted before the kill: {sum(killed.done for killed in found)}")
    for line in wrong:
        print(f"FAIL {line}")


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
