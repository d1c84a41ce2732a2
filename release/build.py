"""Builds the sdist and the wheel into ``dist``, and proves that anybody can build the same.

``python -m release.build``. They are built a second time, from the unpacked sdist in another
folder, and must come out the same to the byte: so the sdist has all that building needs, and no
path or time of this machine is in either.
"""

import hashlib
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from release.running import run

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"


def main() -> None:
    """Build twice, compare, and look at what is in the wheel; exit with 1 where they differ."""
    for old in built(DIST):
        old.unlink()
    build(ROOT, DIST)
    [sdist] = DIST.glob("*.tar.gz")
    with tempfile.TemporaryDirectory() as folder:
        build(unpack(sdist, Path(folder)), Path(folder, "again"))
        again = _digests(Path(folder, "again"))
    first = _digests(DIST)
    if first != again:
        sys.exit(f"error: built again, they are not the same: {first} and {again}")
    [wheel] = DIST.glob("*.whl")
    run([str(Path(sys.executable).with_name("check-wheel-contents")), str(wheel)])
    for name, digest in first.items():
        print(f"{digest}  {DIST.joinpath(name).stat().st_size:>9,}  {name}")


def build(project: Path, target: Path) -> None:
    """Build the sdist and the wheel of a project, in this environment and without a network."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(target)]
    run(command, folder=project)


def unpack(sdist: Path, target: Path) -> Path:
    """Unpack an sdist, and return the folder in which it has everything."""
    with tarfile.open(sdist) as archive:
        archive.extractall(target, filter="data")
    return target / sdist.name.removesuffix(".tar.gz")


def built(folder: Path) -> list[Path]:
    """Return the sdists and wheels in a folder, by name."""
    return sorted([*folder.glob("*.tar.gz"), *folder.glob("*.whl")])


def _digests(folder: Path) -> Mapping[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in built(folder)}


if __name__ == "__main__":
    main()
