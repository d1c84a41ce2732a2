"""Starting emulators and measuring whole processes, side by side in one run."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = (sys.executable, "-m", "vpcmetactl")
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Run:
    """What one process took: seconds on the wall, seconds of CPU, peak memory in MiB."""

    wall: float
    cpu: float
    memory: float
    exit_code: int


def measure(command: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Run a command to its end, its output thrown away."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    cpu = usage.ru_utime + usage.ru_stime
    return Run(wall, cpu, usage.ru_maxrss / 1024, process.returncode)


def measure_pair(
    ours: Sequence[str], other: Sequence[str], environment: Mapping[str, str], runs: int
) -> tuple[list[Run], list[Run]]:
    """Run two commands in turn, after one warm-up of each."""
    measure(ours, environment)
    measure(other, environment)
    pairs = [(measure(ours, environment), measure(other, environment)) for _ in range(runs)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def median_ratio(
    ours: Sequence[Run], other: Sequence[Run], figure: Callable[[Run], float]
) -> float:
    """Return the median of the ratios of the pairs."""
    return statistics.median(figure(a) / figure(b) for a, b in zip(ours, other, strict=True))


def median(runs: Sequence[Run], figure: Callable[[Run], float]) -> float:
    """Return the median of one figure."""
    return statistics.median(figure(run) for run in runs)


@contextmanager
def emulator(scenario: str, *options: str) -> Iterator[Mapping[str, str]]:
    """Serve a scenario from a process of its own; give the environment that points there."""
    process = subprocess.Popen(
        [*PROGRAM, "emulator", "serve", "--port", "0", "--scenario", scenario, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    try:
        # The key comes last; quotes stand around what a shell would take amiss.
        pairs: list[list[str]] = []
        for line in process.stdout:
            pairs.append(line.removeprefix("export ").strip().split("=", 1))
            if pairs[-1][0] == "IBMCLOUD_API_KEY":
                break
        yield {**os.environ, **{name: value.strip("'") for name, value in pairs}}  # noqa: TID251 - handed on
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def ask(environment: Mapping[str, str], method: str, path: str) -> Any:  # noqa: ANN401 - whatever the emulator's control answers
    """Ask an emulator's control for something."""
    root = environment["VPCMETACTL_IAM_URL"].removesuffix("/iam")
    request = urllib.request.Request(f"{root}/_emulator/{path}", method=method)  # noqa: S310 - loopback
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def command(environment: Mapping[str, str], *words: str) -> str:
    """Run a command of the program that must succeed, and return its stdout."""
    return subprocess.run(
        [*PROGRAM, *words], env=environment, capture_output=True, text=True, check=True
    ).stdout


@contextmanager
def slow_disk(seconds: float) -> Iterator[Mapping[str, str]]:
    """Give the variables under which every sync to the disk takes so long, by a C compiler."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "slowsync.so"
        source = HERE / "slowsync.c"
        compiler = ("cc", "-shared", "-fPIC", "-O1", str(source), "-o", str(library), "-ldl")
        subprocess.run(compiler, check=True)
        yield {"LD_PRELOAD": str(library), "SLOW_SYNC_US": str(int(seconds * 1_000_000))}


def verdict(claim: str, figure: float, limit: float, unit: str = "x") -> bool:
    """Print a claim with its figure, and return whether it holds."""
    holds = figure <= limit
    print(f"{'ok  ' if holds else 'FAIL'} {claim}: {figure:.2f}{unit} (limit {limit:.2f}{unit})")
    return holds
