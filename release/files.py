"""Writes what stands beside the wheel in a release, into ``dist``.

``python -m release.files``: the bill of materials, the licences, the lock of what the program
needs, and the checksums of everything. Of an environment that has the lock in it and nothing
else; needs the network.
"""

import hashlib
import shutil
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

from release.build import DIST, ROOT, built
from release.licences import is_accepted, licence_table, licensed_in
from release.running import run
from vpcmetactl import __version__

LOCK = ROOT / "requirements" / "runtime.lock"


def main() -> None:
    """Write the files; exit with 1 where a licence is not accepted."""
    with tempfile.TemporaryDirectory() as folder:
        environment = install_lock(Path(folder, "environment"))
        _write_licences(environment)
        _write_materials(environment, Path(folder))
    shutil.copyfile(LOCK, DIST / LOCK.name)
    _write_checksums([*built(DIST), *(DIST / name for name in _BESIDE)])


_BESIDE = ("sbom.cdx.json", "licenses.md", LOCK.name)


def install_lock(environment: Path) -> Path:
    """Make an environment that has what the lock names, and not even pip."""
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    install = ["install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "--python", str(python), *install]
    run([*command, "--require-hashes", "-r", str(LOCK)])
    return environment


def _write_licences(environment: Path) -> None:
    [site_packages] = environment.glob("lib/python*/site-packages")
    rows = licensed_in(site_packages)
    refused = [row for row in rows if not is_accepted(row.licence)]
    if refused:
        sys.exit(f"error: look at these licences, and at release/licences.py: {refused}")
    (DIST / "licenses.md").write_text(licence_table(rows), "utf-8")
    print(f"{len(rows)} packages, each under a licence that is accepted")


def _write_materials(environment: Path, scratch: Path) -> None:
    # The tool does not know of versions that the build finds out.
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    ours = scratch / "pyproject.toml"
    ours.write_text(project.replace('dynamic = ["version"]', f'version = "{__version__}"'), "utf-8")
    program = str(Path(sys.executable).with_name("cyclonedx-py"))
    options = ["--pyproject", str(ours), "--output-reproducible", "--validate"]
    output = ["--output-format", "JSON", "--output-file", str(DIST / "sbom.cdx.json")]
    run([program, "environment", *options, *output, str(environment)])


def _write_checksums(files: Sequence[Path]) -> None:
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (DIST / "SHA256SUMS").write_text("".join(lines), "ascii")
    print("".join(lines), end="")


if __name__ == "__main__":
    main()
