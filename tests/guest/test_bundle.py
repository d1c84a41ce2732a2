"""The single file: one text, for the oldest Python of enterprise servers, that does the same."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.guest.fake_service import FakeService, serving
from vpcmetactl import __version__
from vpcmetactl.guest import bundle
from vpcmetactl.guest.bundle import bundled

TEXT = bundled(__version__)
TREE = ast.parse(TEXT, feature_version=(3, 6))
_FOLDER = Path(bundle.__file__).parent
_MODULES = {path.stem for path in _FOLDER.glob("[!_]*.py")} - {"bundle", "certificates", "finding"}


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("server") / "probe.py"
    path.write_text(TEXT, "utf-8")
    return path


def run(script: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run the file where nothing is installed."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(script), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        cwd=script.parent,
    )


def test_it_says_what_it_is_and_how_it_is_run() -> None:
    header = ast.get_docstring(TREE)

    assert TEXT.startswith("#!/usr/bin/env python3\n")
    assert header
    assert __version__ in header
    assert "python3 probe.py -o json > proof.json" in header
    assert "SPDX-License-Identifier: Apache-2.0" in header
    assert TEXT.isascii()


def test_it_is_the_same_each_time() -> None:
    program = (
        f"from vpcmetactl.guest.bundle import bundled; print(bundled({__version__!r}), end='')"
    )
    for seed in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},  # noqa: TID251 - handed on
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout == TEXT


def test_it_holds_all_modules_that_a_probe_needs() -> None:
    held = {line.split(":")[0][2:] for line in TEXT.splitlines() if line.startswith("# ")}

    assert held >= _MODULES
    defined = {node.name for node in TREE.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    for name in _MODULES:
        tree = ast.parse((_FOLDER / f"{name}.py").read_text("utf-8"))
        own = {n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
        assert own <= defined


def test_it_imports_the_standard_library_alone() -> None:
    imported = {
        name.partition(".")[0]
        for node in ast.walk(TREE)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert imported - sys.stdlib_module_names == set()


def test_it_needs_no_newer_python_than_3_6(script: Path) -> None:
    vermin = Path(sys.executable).with_name("vermin")
    # What it takes for a need is an annotation in quotes, which no Python looks at.
    ran = subprocess.run(
        [str(vermin), "-t=3.6-", "--no-tips", "-vv", str(script)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout


def test_vermin_would_find_what_is_newer(tmp_path: Path) -> None:
    newer = tmp_path / "newer.py"
    newer.write_text(TEXT + "\nif (found := main):\n    pass\n", "utf-8")
    vermin = Path(sys.executable).with_name("vermin")

    ran = subprocess.run([str(vermin), "-t=3.6-", str(newer)], capture_output=True, check=False)

    assert ran.returncode == 1


def without_times(proof: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a proof without what differs from one probe to the next."""
    if isinstance(proof, dict):
        return {
            name: without_times(value)
            for name, value in proof.items()
            if name not in {"seconds", "probed_at", "clock_skew_seconds"}
        }
    return [without_times(one) for one in proof] if isinstance(proof, list) else proof


@pytest.mark.parametrize("bare_metal", [False, True])
def test_it_gives_the_proof_that_the_command_gives(script: Path, bare_metal: bool) -> None:  # noqa: FBT001
    with serving(FakeService(bare_metal=bare_metal)) as url:
        command = [sys.executable, "-m", "vpcmetactl", "guest", "probe", "-o", "json"]
        words = ["--url", url, "--profile", "backup-writer"]
        theirs = run(script, "-o", "json", *words)
        ours = subprocess.run([*command, *words], capture_output=True, text=True, check=False)

    assert (theirs.returncode, theirs.stderr) == (0, "")
    assert without_times(json.loads(theirs.stdout)) == without_times(json.loads(ours.stdout))
    assert json.loads(theirs.stdout)["tool_version"] == __version__


def test_it_ends_as_the_command_does_where_nobody_listens(script: Path) -> None:
    ran = run(script, "--url", "http://127.0.0.1:9", "--timeout", "1")

    assert ran.returncode == 3
    assert "http://127.0.0.1:9" in ran.stdout


def test_it_can_be_piped_to_an_interpreter() -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-", "--version"],
        input=TEXT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == f"{__version__}\n"


# Joining, on modules made for it.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("vpcmetactl.guest.bundle._FOLDER", tmp_path)
    return tmp_path


def write(folder: Path, **modules: str) -> None:
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, "utf-8")


_LAST = """
from vpcmetactl.guest.first import greet

def main():
    return greet()
"""


def test_modules_stand_behind_what_they_need_and_imports_at_the_top(folder: Path) -> None:
    first = (
        '"""First."""\n\nimport sys\nfrom json import (\n    dumps,\n    loads,\n)\n\n\n'
        'def greet():\n    """Greet."""\n    sys.stdout.write(dumps(loads("[1]")))\n    return 4\n'
    )
    write(folder, first=first, program=_LAST)

    text = bundled("9.9")

    assert text.index("# first: First.") < text.index("# program: ")
    assert text.count("import sys") == text.count("from json import dumps, loads") == 1
    assert "vpcmetactl.guest" not in text
    ran = subprocess.run(
        [sys.executable, "-I", "-c", text], capture_output=True, text=True, check=False
    )
    assert (ran.stdout, ran.returncode) == ("[1]", 4)


@pytest.mark.parametrize(
    ("first", "complaint"),
    [
        ("def greet():\n    pass\n\n\ndef main():\n    pass\n", "several modules.*: main"),
        ("main: int = 1\n", "several modules.*: main"),
        ("from json import loads as main\n", "several modules.*: main"),
        ("import vpcmetactl.guest.texts\n", "cannot be bundled: import vpcmetactl.guest.texts"),
        ("from vpcmetactl.guest.texts import told as said\n", "cannot be bundled: from"),
        ("from vpcmetactl.domain.errors import ExitCode\n", "cannot be bundled: from"),
        ("from . import texts\n", "cannot be bundled: from"),
        ("def greet():\n    from vpcmetactl.guest.texts import told\n", "cannot be bundled: from"),
        ("if True:\n    greet = 1\n", "cannot be bundled: if True"),
        ("from vpcmetactl.guest.program import main\n", "program -> first -> program needs itself"),
    ],
)
def test_modules_that_cannot_be_joined_are_refused(
    folder: Path, first: str, complaint: str
) -> None:
    write(folder, first=first, program=_LAST)

    with pytest.raises(ValueError, match=complaint):
        bundled("9.9")
