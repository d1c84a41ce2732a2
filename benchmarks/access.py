"""Measures ``access list``: 2,000 profiles, 10,000 servers, 20 ms on every answer, 204,000 pairs.

``python -m benchmarks.access``. The floor is requests x latency / workers, the requests being those
that the emulator has counted. It means something on an idle machine only: emulator and program
share its cores.
"""

import os
import subprocess
import sys
import time

from benchmarks.harness import PROGRAM, ask, emulator, verdict

SIZE, PAIRS = "trusted:2000+10000", 204_000
LATENCY, WORKERS = 0.02, 16
FLOORS, CPU_SECONDS, MEMORY = 1.35, 3.0, 400.0
LIST = (*PROGRAM, "access", "list", "-o", "jsonl", "--max-workers", str(WORKERS))


def main() -> bool:
    """Print what the listing takes; return whether it is within its limits."""
    with emulator(SIZE, "--latency", f"{LATENCY * 1000:g}ms") as pointing:
        environment = {name: text for name, text in pointing.items() if name != "PYTHONUNBUFFERED"}
        ask(environment, "DELETE", "requests")
        before, began = os.times(), time.perf_counter()
        process = subprocess.Popen(LIST, env=environment, stdout=subprocess.PIPE)
        assert process.stdout is not None  # noqa: S101 - asked for above
        pairs = sum(1 for _ in process.stdout)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - began
        own = os.times().user - before.user
        requests = len(ask(environment, "GET", "requests")["requests"])
    floor = requests * LATENCY / WORKERS
    cpu = usage.ru_utime + usage.ru_stime
    print(
        f"     {requests:,} requests make a floor of {floor:.2f} s; wall {wall:.2f} s, "
        f"CPU {cpu:.2f} s and {own:.2f} s of counting lines, exit code {process.returncode}"
    )
    return (
        verdict("pairs too many or too few", abs(pairs - PAIRS), 0, "")
        & verdict("exit code", process.returncode, 0, "")
        & verdict("wall beyond 1.35 floors", wall - FLOORS * floor, CPU_SECONDS, " s")
        & verdict("memory", usage.ru_maxrss / 1024, MEMORY, " MiB")
    )


if __name__ == "__main__":
    sys.exit(not main())
