"""Auditing a snapshot of 100,000 servers: CPU and memory, against 2 s and 200 MB.

``python -m benchmarks.audit_snapshot`` makes the snapshot on the embedded emulator first.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.harness import PROGRAM, command, emulator, measure

SERVERS = 100_000
_ROUNDS = 3


def main() -> None:
    """Print one line for each round."""
    with tempfile.TemporaryDirectory() as folder:
        snapshot = str(Path(folder) / "fleet.jsonl.gz")
        with emulator(f"large:{SERVERS}") as environment:
            command(environment, "snapshot", "save", snapshot, "--content", "servers")
        for _ in range(_ROUNDS):
            words = ("audit", "run", "--source", snapshot, "--fail-on", "none", "-o", "ids")
            run = measure([*PROGRAM, *words], environment)
            sys.stdout.write(f"{SERVERS:,} servers: {run}\n")


if __name__ == "__main__":
    main()
