"""The steps of the Dockerfile's first stage, done without a container, in a folder of their own.

It shows that the lock and the wheel install together, hashes and all, and that the program then
runs without writing or lacking bytecode. It does not show that the base image has what the second
stage asks of it.
"""

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from release.build import ROOT
from release.dockerfile import DOCKERFILE, Instruction, read_stages
from release.running import run, try_program

_INSTALLED = "/opt/vpcmetactl"


def rehearse(python: str, folder: Path) -> None:
    """Do what the first stage says, with this Python; exit with 1 where it fails."""
    work, installed = folder / "build", folder / "installed"
    work.mkdir(parents=True)
    for one in read_stages(DOCKERFILE.read_text("utf-8"))[0]:
        _do(one, python, work, installed)
    try_program(installed / "bin" / "vpcmetactl", folder)
    sources = list(installed.glob("lib/python*/**/*.py"))
    compiled = list(installed.glob("lib/python*/**/__pycache__/*.pyc"))
    if len(compiled) != len(sources):
        sys.exit(f"error: {len(sources)} sources, and bytecode of {len(compiled)}")
    print(f"ok   the steps of the Dockerfile, with bytecode of {len(compiled)} sources")


def _do(one: Instruction, python: str, work: Path, installed: Path) -> None:
    if one.name == "COPY":
        for source in _sources(one):
            shutil.copy(source, work)
    elif one.name == "RUN":
        command = one.text.replace(_INSTALLED, shlex.quote(str(installed)))
        here = f'python() {{ {shlex.quote(python)} "$@"; }}\n'
        run(["/bin/sh", "-ec", here + command], folder=work)


def _sources(copy: Instruction) -> Sequence[Path]:
    *patterns, _ = copy.text.split()
    return [path for pattern in patterns for path in ROOT.glob(pattern)]
