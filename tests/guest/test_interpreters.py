"""The single file under every Python that enterprise servers ship, as far as there is one here."""

import functools
import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.guest.listeners import refusing
from tests.support.program import run
from vpcmetactl import __version__
from vpcmetactl.cli.emulation import EmulatorOptions, RunningEmulator, running_emulator
from vpcmetactl.guest.bundle import bundled

VERSIONS = tuple(f"3.{minor}" for minor in range(6, 14))
_DIFFERS = {"probed_at", "seconds", "clock_skew_seconds"}


@functools.cache
def interpreter(version: str) -> str | None:
    """Return a Python of this version: from PATH, or of those that pyenv keeps."""
    # Tests have a home of their own.
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    kept = home.glob(f".pyenv/versions/{version}.*/bin/python3")
    for path in filter(None, [shutil.which(f"python{version}"), *map(str, sorted(kept))]):
        tells = [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        told = subprocess.run(tells, capture_output=True, text=True, check=False)
        if told.stdout.strip() == version:  # pyenv leaves a stand-in for what is not chosen
            return path
    return None


@pytest.fixture(params=VERSIONS)
def python(request: pytest.FixtureRequest) -> str:
    path = interpreter(request.param)
    if path is None:
        pytest.skip(f"there is no Python {request.param} on PATH or in ~/.pyenv/versions")
    return path


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("server") / "probe.py"
    path.write_text(bundled(__version__), "utf-8")
    return path


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator(
        EmulatorOptions(scenario="trusted-fleet", guest_https_port=0, wrong_protocol="refused")
    ) as running:
        yield running


@pytest.fixture(scope="module")
def address(emulator: RunningEmulator) -> Sequence[str]:
    """The options by which a server is asked that has the service, over https, and a profile."""
    listed = run(["servers", "list", "web-1", "-o", "json"], emulator.environment)
    [item] = listed.answer["items"]
    urls = [f"{url}/{item['id']}" for url in emulator.guest_urls]
    return ["--url", urls[0], "--url", urls[1], "--ca-bundle", str(emulator.guest_ca)]


def probed(python: str, script: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [python, "-I", "-S", str(script), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        cwd=script.parent,
    )


def alike(proof: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a proof without what differs from one probe to the next."""
    if isinstance(proof, dict):
        return {name: alike(held) for name, held in proof.items() if name not in _DIFFERS}
    return [alike(held) for held in proof] if isinstance(proof, list) else proof


def test_it_gives_the_same_proof(python: str, script: Path, address: Sequence[str]) -> None:
    ran = probed(python, script, *address, "-o", "json")
    ours = probed(sys.executable, script, *address, "-o", "json")

    assert (ran.returncode, ran.stderr) == (0, "")
    proof = json.loads(ran.stdout)
    assert alike(proof) == alike(json.loads(ours.stdout))
    assert {check["name"]: check["outcome"] for check in proof["checks"]} == dict.fromkeys(
        ["identity_token", "nonce", "identity", "iam_token", "metadata", "clock"], "ok"
    )
    assert list(proof) == list(json.loads(ours.stdout))


def test_it_says_the_same_where_nobody_listens(python: str, script: Path) -> None:
    with refusing() as port:
        url = f"http://127.0.0.1:{port}"
        ran = probed(python, script, "--url", url)

    assert (ran.returncode, ran.stderr) == (3, "")
    assert ran.stdout.startswith("The metadata service gave no identity token.")
    assert f"refused  {url}" in ran.stdout


def test_a_python_is_found_here() -> None:
    """Or the others may all have been skipped, and would show nothing."""
    here = f"3.{sys.version_info.minor}"

    assert here not in VERSIONS or interpreter(here)
