"""Running the tools of a release, and the program that was installed."""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from vpcmetactl import __version__


def run(
    command: Sequence[str], environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> str:
    """Run a command and return what it printed; exit with 1, and with that, where it fails."""
    ran = subprocess.run(
        command,
        env=environ,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode:
        sys.exit(f"error: {' '.join(command)} ended with {ran.returncode}:\n{ran.stdout}")
    return ran.stdout


def try_program(program: Path, home: Path) -> None:
    """Run the program with nothing but a home: its version, and its tour without an error."""
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    version = run([str(program), "--version"], environ)
    if version != f"vpcmetactl {__version__}\n":
        sys.exit(f"error: {program} is not version {__version__}: {version}")
    tour = run([str(program), "demo"], environ)
    # The tour goes on where one of its commands fails, and prints what they print.
    if re.search("^error: ", tour, re.MULTILINE):
        sys.exit(f"error: the tour had errors:\n{tour}")
