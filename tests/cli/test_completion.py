"""What shells complete, and that asking costs no more than a usage error."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.app import an_app, use
from vpcmetactl.cli.actions.completion import VARIABLE
from vpcmetactl.cli.main import TABLE
from vpcmetactl.domain.checks import CHECKS
from vpcmetactl.domain.identifiers import BUILT_IN_REGIONS

PROGRAM = Path(sys.executable).with_name("vpcmetactl")


def complete(*words: str, environ: dict[str, str] | None = None) -> list[str]:
    """Return what bash is told for the last of the words."""
    ran = subprocess.run(
        [PROGRAM],
        env={
            **os.environ,  # noqa: TID251 - to be handed on
            **(environ or {}),
            VARIABLE: "bash_complete",
            "COMP_WORDS": " ".join(["vpcmetactl", *words]),
            "COMP_CWORD": str(len(words)),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    return [line.split(",", 1)[1] for line in ran.stdout.splitlines() if line]


def test_commands_and_what_is_below_them() -> None:
    assert complete("") == list(TABLE)
    assert complete("se") == ["servers"]
    assert complete("servers", "") == ["list", "show"]
    assert "--region" in complete("servers", "list", "--re")


def test_regions_and_checks() -> None:
    assert complete("servers", "list", "-r", "") == list(BUILT_IN_REGIONS)
    assert complete("servers", "list", "--region", "us-") == ["us-east", "us-south"]
    assert complete("audit", "explain", "vpcmeta0") == [
        check.id for check in CHECKS if check.id.startswith("VPCMETA0")
    ]


def test_contexts_of_the_configuration_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[contexts.prod]\n[contexts.lab]\n")
    environ = {"VPCMETACTL_CONFIG": str(path)}

    assert complete("servers", "list", "--context", "", environ=environ) == ["prod", "lab"]
    assert complete("metadata", "set", "--context", "p", environ=environ) == ["prod"]


def test_a_broken_configuration_completes_nothing_and_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[contexts.prod")

    found = complete("servers", "list", "--context", "", environ={"VPCMETACTL_CONFIG": str(path)})

    assert found == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_can_read(shell: str) -> None:
    ran = use(an_app(), "completion", shell)

    assert ran.exit_code == 0
    assert VARIABLE in ran.stdout
    if (found := shutil.which(shell)) is not None:
        flag = "--no-execute" if shell == "fish" else "-n"
        checked = subprocess.run([found, flag], input=ran.stdout, text=True, check=False)
        assert checked.returncode == 0
