"""Tries the wheel in ``dist`` as users get it; needs the network, and some minutes.

``python -m release.check UV PYTHON...``: installed by pipx in an empty home; by the steps of the
Dockerfile; and into environments with the lowest versions that the bounds allow on the first of
the Pythons, the newest on each, and each release of ``ibm-vpc`` between. In every one the program
runs its tour, and the chosen tests, of the unpacked sdist from which the program was taken away,
run against what was installed.
"""

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from release.build import DIST, ROOT, unpack
from release.rehearsal import rehearse
from release.running import run, try_program

# The whole program on recorded HTTP, all that touches IBM's SDK, the command line, what is printed.
TESTS = ("tests/replay", "tests/ibmcloud", "tests/contract", "tests/cli", "tests/golden")
TOOLS = ("pytest", "pytest-socket", "pytest-xdist", "hypothesis", "vcrpy", "jsonschema")
TOLD = ("click", "cryptography", "ibm-vpc", "msgspec", "requests", "urllib3", "werkzeug")


class Trial(NamedTuple):
    """What is installed, and on which Python."""

    name: str
    python: str
    resolution: str = "highest"
    pins: Sequence[str] = ()


class Bench(NamedTuple):
    """What every trial works with."""

    uv: str
    wheel: Path
    tests: Path
    scratch: Path


def main(uv: str, *pythons: str) -> None:
    """Try everything; exit with 1 at the first thing that fails."""
    [wheel] = DIST.glob("*.whl")
    [sdist] = DIST.glob("*.tar.gz")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        tests = unpack(sdist, scratch)
        shutil.rmtree(tests / "vpcmetactl")
        bench = Bench(uv, wheel, tests, scratch)
        _try_pipx(bench)
        rehearse(pythons[-1], scratch / "image")
        for number, trial in enumerate(trials(pythons)):
            _try(trial, bench, scratch / f"trial-{number}")


def trials(pythons: Sequence[str]) -> Sequence[Trial]:
    """Return what is tried: lowest and newest, and what lies between of what changes most."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    first, end = re.findall(r'"ibm-vpc>=0\.(\d+),<0\.(\d+)"', project)[0]
    between = [
        Trial(f"ibm-vpc 0.{minor}", pythons[-1], pins=[f"ibm-vpc==0.{minor}.*"])
        for minor in range(int(first), int(end) - 1)
    ]
    newest = [Trial("newest", python) for python in pythons]
    return [Trial("lowest", pythons[0], "lowest-direct"), *newest, *between]


def _try_pipx(bench: Bench) -> None:
    home = bench.scratch / "home"
    home.mkdir()
    pipx = str(Path(sys.executable).with_name("pipx"))
    places = {f"PIPX_{name}_DIR": str(home / name.lower()) for name in ("BIN", "MAN")}
    variables = {**os.environ, "PIPX_HOME": str(home / "pipx"), "HOME": str(home), **places}  # noqa: TID251 - handed on
    run([pipx, "install", "--quiet", str(bench.wheel)], variables)
    try_program(home / "bin" / "vpcmetactl", home)
    pages = len(list(home.glob("man/man1/vpcmetactl*.1")))
    if not pages:
        sys.exit("error: pipx has linked no man page")
    print(f"ok   pipx in an empty home, with {pages} man pages")


def _try(trial: Trial, bench: Bench, folder: Path) -> None:
    began = time.monotonic()
    python = _environment(trial, bench, folder)
    try_program(python.with_name("vpcmetactl"), folder)
    command = [str(python), "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *TESTS]
    last_line = run(command, folder=bench.tests).splitlines()[-1]
    versions = _versions(python)
    told = ", ".join(f"{name} {versions[name]}" for name in TOLD)
    print(f"ok   {trial.name} on {versions['python']}: {told}")
    print(f"     {last_line}; {time.monotonic() - began:.0f} s in all", flush=True)


def _environment(trial: Trial, bench: Bench, folder: Path) -> Path:
    """Install what the trial asks for, with the tools that the tests are locked to."""
    run([bench.uv, "venv", "--quiet", "--python", trial.python, str(folder)])
    python = folder / "bin" / "python"
    constraints, pins = folder / "constraints.txt", folder / "pins.txt"
    pins.write_text("\n".join(trial.pins))
    resolve = [bench.uv, "pip", "compile", "--quiet", "--python", str(python)]
    given = ["--resolution", trial.resolution, "--constraint", str(pins)]
    run([*resolve, *given, str(ROOT / "pyproject.toml"), "--output-file", str(constraints)])
    install = [bench.uv, "pip", "install", "--quiet", "--python", str(python)]
    run([*install, "--constraint", str(constraints), str(bench.wheel), *_tools()])
    return python


def _tools() -> Sequence[str]:
    lock = (ROOT / "requirements" / "dev.lock").read_text("utf-8")
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE))
    return [f"{name}=={locked[name]}" for name in TOOLS]


_PRINT_VERSIONS = """
import platform
from importlib.metadata import distributions
print("python", platform.python_version())
for one in distributions():
    print(one.name.lower(), one.version)
"""


def _versions(python: Path) -> Mapping[str, str]:
    printed = run([str(python), "-c", _PRINT_VERSIONS])
    return dict(line.split(" ") for line in printed.splitlines())


if __name__ == "__main__":
    main(*sys.argv[1:])
