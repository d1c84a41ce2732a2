"""Measures every speed claim of the project; exits with 1 where one does not hold.

``python -m benchmarks.run [NAME ...]`` with names of the functions below, all by default.
"""

import os
import subprocess
import sys
from collections.abc import Callable

from benchmarks.harness import (
    HERE,
    PROGRAM,
    Run,
    emulator,
    measure,
    measure_pair,
    median,
    median_ratio,
    verdict,
)

BARE = (sys.executable, str(HERE / "bare_listing.py"))
LIST = (*PROGRAM, "servers", "list")
PAGE_SECONDS = 0.1


def _wall(run: Run) -> float:
    return run.wall


def _cpu(run: Run) -> float:
    return run.cpu


def startup() -> bool:
    """--help, --version and a usage error against importing click."""
    environment = os.environ  # noqa: TID251 - handed on
    click = (sys.executable, "-c", "import click")
    console = os.path.join(os.path.dirname(sys.executable), "vpcmetactl")  # noqa: PTH118, PTH120 - a path for exec
    results = []
    for words in (["--help"], ["--version"], ["servers", "list", "--no-such-option"]):
        ours, bare = measure_pair([console, *words], click, environment, 15)
        results.append(
            verdict(f"start-up of {' '.join(words)}", median_ratio(ours, bare, _wall), 1.5)
        )
    return all(results)


def listing_cpu() -> bool:
    """CPU for 10,000 instances against a bare script on the same pages."""
    with emulator("large:10000") as environment:
        command = (*LIST, "-r", "us-south", "--kind", "instance", "-o", "json")
        ours, bare = measure_pair(command, BARE, environment, 5)
    print(f"     ours {median(ours, _cpu):.2f} s, bare {median(bare, _cpu):.2f} s of CPU")
    return verdict("CPU of a listing of 10,000", median_ratio(ours, bare, _cpu), 1.3)


def listing_memory() -> bool:
    """Memory for 100,000 servers to jsonl against 1,000."""
    command = (*PROGRAM, "servers", "list", "-o", "jsonl")
    with emulator("large:1000") as environment:
        small = measure(command, environment)
    with emulator("large:100000") as environment:
        large = measure(command, environment)
        again = measure(command, environment)
    print(f"     {small.memory:.0f} MiB, {large.memory:.0f} MiB, {again.memory:.0f} MiB again")
    return verdict(
        "memory for 100,000 servers against 1,000",
        max(large.memory, again.memory) / small.memory,
        1.5,
    )


def uneven_regions() -> bool:
    """One region of 2,000 and twelve of 40 at 100 ms: bounded by the longest chain."""
    latency = ("--latency", f"{PAGE_SECONDS * 1000:.0f}ms")
    with emulator("empty", *latency) as environment:
        empty = min(measure(LIST, environment).wall for _ in range(3))
    with emulator("large:2000+12x40", *latency) as environment:
        full = min(measure(LIST, environment).wall for _ in range(3))
    print(f"     {full:.2f} s, empty regions {empty:.2f} s")
    return verdict("uneven regions", full - empty, 1.25 * 20 * PAGE_SECONDS, " s")


def split_chain() -> bool:
    """10,000 instances in 10 VPCs at 100 ms against one cursor chain."""
    with emulator("large:10000", "--latency", f"{PAGE_SECONDS * 1000:.0f}ms") as environment:
        command = (*LIST, "-r", "us-south", "--kind", "instance")
        ours = measure((*command, "-o", "jsonl"), environment)
        chain = measure(BARE, environment)
        listed = subprocess.run(
            [*command, "-o", "ids"], env=environment, capture_output=True, text=True, check=True
        ).stdout.split()
    print(f"     {ours.wall:.2f} s against {chain.wall:.2f} s")
    complete = len(set(listed)) == len(listed) == 10_000  # noqa: PLR2004 - as served
    print(f"     complete: {complete}")
    return complete and verdict("split chain against one", ours.wall / chain.wall, 0.25)


BENCHMARKS: tuple[Callable[[], bool], ...] = (
    startup,
    listing_cpu,
    listing_memory,
    uneven_regions,
    split_chain,
)


def main() -> None:
    """Run the benchmarks that are named, or all."""
    names = sys.argv[1:]
    chosen = [one for one in BENCHMARKS if not names or one.__name__ in names]
    results = []
    for benchmark in chosen:
        print(f"{benchmark.__name__}: {benchmark.__doc__}")
        results.append(benchmark())
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
