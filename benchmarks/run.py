"""Measures every speed claim of the project; exits with 1 where one does not hold.

``python -m benchmarks.run [NAME ...]`` with names of the functions below, all by default.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.harness import (
    HERE,
    PROGRAM,
    Run,
    ask,
    command,
    emulator,
    measure,
    measure_pair,
    median,
    median_ratio,
    slow_disk,
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
    """--help, --version, a usage error and a probe in a server against importing click."""
    click = (sys.executable, "-c", "import click")
    console = os.path.join(os.path.dirname(sys.executable), "vpcmetactl")  # noqa: PTH118, PTH120 - a path for exec
    # The last is a whole probe, of an address at which nobody listens.
    lines = {
        ("--help",): 1.5,
        ("--version",): 1.5,
        ("servers", "list", "--no-such-option"): 1.5,
        ("guest", "probe", "--url", "http://127.0.0.1:9"): 2.0,
    }
    results = []
    with _folder() as folder:
        # As it is installed: compiled, whatever this environment says of that.
        compiled = {"PYTHONPYCACHEPREFIX": str(folder), "PYTHONDONTWRITEBYTECODE": ""}
        environment = {**os.environ, **compiled}  # noqa: TID251 - handed on
        for words, limit in lines.items():
            ours, bare = measure_pair([console, *words], click, environment, 15)
            ratio = median_ratio(ours, bare, _wall)
            results.append(verdict(f"start-up of {' '.join(words)}", ratio, limit))
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


WORKERS = 16
_NOTHING: Mapping[str, str] = {}
# Each change is read, made and read back.
CALLS = 3


def _applying(
    environment: Mapping[str, str],
    folder: Path,
    changes: int,
    more: Mapping[str, str] = _NOTHING,
    how: Sequence[str] = (),
) -> tuple[Run, list[dict[str, Any]]]:
    """Save a plan for a fleet that is large enough, apply it, and return what was asked for it.

    ``large`` has three servers in seven that enabling with https changes.
    """
    plan = str(folder / "plan.json")
    names = command(environment, "servers", "list", "-o", "ids", "--no-state", "--where", _WANTING)
    (folder / "ids").write_text("\n".join(names.split()[:changes]))
    chosen = ("metadata", "enable", "--protocol", "https", "--from-file", str(folder / "ids"))
    command(environment, *chosen, "--plan-out", plan)
    time.sleep(_REFILL)  # noqa: TID251 - a limiting emulator forgets what planning took
    ask(environment, "DELETE", "requests")
    apply = (*PROGRAM, "plan", "apply", plan, "--yes", "--max-workers", str(WORKERS), *how)
    run = measure(apply, {**environment, **more})
    return run, ask(environment, "GET", "requests")["requests"]


_WANTING = "metadata_service.enabled == `false` || metadata_service.protocol == 'http'"
_REFILL = 2


def _start_up(environment: Mapping[str, str], folder: Path) -> float:
    """Return what applying a plan without a change takes."""
    plan = str(folder / "empty.json")
    command(environment, "metadata", "enable", "--name", "no-such-server", "--plan-out", plan)
    return min(measure((*PROGRAM, "plan", "apply", plan, "--yes"), environment).wall for _ in "123")


def apply_speed() -> bool:
    """1,000 changes at 50 ms a response with 16 workers, against requests x latency / workers."""
    with _folder() as folder, emulator("large:2340", "--latency", "50ms") as environment:
        start = _start_up(environment, folder)
        run, requests = _applying(environment, folder, 1000)
    calls = sum(request["region"] is not None for request in requests)
    ideal = calls * 0.05 / WORKERS
    print(f"     {run.wall:.2f} s, start-up {start:.2f} s, {calls} requests, ideal {ideal:.2f} s")
    print(f"     {run.cpu:.2f} s of CPU")
    holds = run.exit_code == 0 and calls == 1000 * CALLS
    return verdict("1,000 changes", (run.wall - start) / ideal, 1.25) and holds


def rate_limit() -> bool:
    """500 changes where 429 is answered beyond 20 requests a second, burst 20."""
    with _folder() as folder, emulator("large:1170", "--rate-limit", "20/s") as environment:
        start = _start_up(environment, folder)
        run, requests = _applying(environment, folder, 500)
    calls = [request for request in requests if request["region"] is not None]
    wasted = sum(request["status"] == 429 for request in calls)  # noqa: PLR2004 - the status itself
    ideal = 500 * CALLS / 20
    print(
        f"     {run.wall:.1f} s, start-up {start:.2f} s, ideal {ideal:.0f} s, exit {run.exit_code}"
    )
    print(f"     {len(calls)} requests, {wasted} answered with 429")
    return all(
        [
            run.exit_code == 0,
            verdict("500 changes under a rate limit", (run.wall - start) / ideal, 1.4),
            verdict("requests wasted", 100 * wasted / len(calls), 5, " %"),
        ]
    )


def slow_disk_speed() -> bool:
    """500 changes in one wave, 50 ms a response, 16 workers, 10 ms a sync, against a fast disk."""
    how = ("--canary", "0")
    large = ("large:1170", "--latency", "50ms")
    with _folder() as folder, emulator(*large) as environment:
        start = _start_up(environment, folder)
        fast, _ = _applying(environment, folder, 500, how=how)
    with _folder() as folder, slow_disk(0.01) as slow, emulator(*large) as environment:
        slow_start = _start_up({**environment, **slow}, folder)
        run, _ = _applying(environment, folder, 500, slow, how)
    # The intent before the call and the outcome after it.
    syncs = 500 * 2 * 0.01 / WORKERS
    taken, bare = run.wall - slow_start, 500 * CALLS * 0.05 / WORKERS
    print(f"     {run.wall:.2f} s, {fast.wall:.2f} s on a fast disk, start-up {start:.2f} s")
    print(f"     {taken / (bare + syncs):.2f}x of nothing but latency and syncs")
    holds = run.exit_code == fast.exit_code == 0
    return verdict("a slow disk", taken / (fast.wall - start + syncs), 1.3) and holds


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


BENCHMARKS: tuple[Callable[[], bool], ...] = (
    startup,
    listing_cpu,
    listing_memory,
    uneven_regions,
    split_chain,
    apply_speed,
    rate_limit,
    slow_disk_speed,
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
