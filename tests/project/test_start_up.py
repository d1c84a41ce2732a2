"""What must cost nothing loads nothing: help, version and usage errors."""

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence

import pytest

_DEAR = {
    *("ibm_vpc", "ibm_platform_services", "ibm_cloud_sdk_core", "requests", "urllib3", "jwt"),
    *("werkzeug", "msgspec", "tabulate", "sqlite3", "platformdirs"),
}
# Runs a command as the console script does, then prints what it has imported.
_PROGRAM = """
import sys
sys.argv[1:] = {arguments!r}
from vpcmetactl.__main__ import main
try:
    main()
except SystemExit as end:
    code = end.code
import json
print(json.dumps([code, sorted(sys.modules)]), file=sys.__stderr__)
"""


def run(arguments: Sequence[str]) -> tuple[int, set[str]]:
    """Run a command in a fresh interpreter: its exit code, and the modules it loaded."""
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(arguments=list(arguments))],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    code, modules = json.loads(ran.stderr.splitlines()[-1])
    return code, set(modules)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--help", 0),
        ("--version", 0),
        ("-h", 0),
        ("servers --help", 0),
        ("servers list --help", 0),
        ("metadata enable --help", 0),
        ("audit run --help", 0),
        ("emulator serve --help", 0),
        ("demo --help", 0),
        ("guest --help", 0),
        ("guest certificate --help", 0),
        ("guest probe --timeout 0", 2),
        ("guest probe -o csv", 2),
        ("guest token --expires-in 60", 2),
        ("nosuch", 2),
        ("servers list --nosuch", 2),
        ("servers list --limit 0", 2),
        ("servers list --where nam", 2),
        ("servers list --where 'name =='", 2),
        ("servers list --where 'length(`1`)'", 2),
        ("servers list --columns nam", 2),
        ("servers list --sort nam", 2),
        ("servers list -o nosuch", 2),
        ("servers list -o json -o csv", 2),
        ("servers list --query 'items['", 2),
        ("servers list crn:broken", 2),
        ("metadata disable", 2),
        ("metadata set web-1", 2),
        ("metadata disable web-1 --no-input", 2),
        ("metadata disable --where '!metadata_service.enabled' -n", 2),
        ("audit run --fail-on nosuch", 2),
    ],
)
def test_help_version_and_usage_errors_load_nothing_dear(line: str, code: int) -> None:
    ended, modules = run(shlex.split(line))

    assert ended == code
    assert {module for module in modules if module.partition(".")[0] in _DEAR} == set()


def test_the_help_of_the_root_loads_none_of_its_commands() -> None:
    _, modules = run(["--help"])

    assert {module for module in modules if module.startswith("vpcmetactl.cli.commands")} == set()
    assert {module for module in modules if module.startswith("vpcmetactl.domain")} == set()


def test_the_modules_that_are_watched_for_are_those_that_a_reading_loads() -> None:
    """Else a renamed library would make every test above pass."""
    code, modules = run(["servers", "list"])

    assert code == 1  # there are no credentials
    assert {module.partition(".")[0] for module in modules} >= {"msgspec", "tabulate"}


# No account, state or policy is in a server, so nothing is loaded that has to do with one.
_OF_THE_DESK = {
    *("vpcmetactl.cli.bootstrap", "vpcmetactl.cli.settings", "vpcmetactl.cli.session"),
    *("vpcmetactl.domain.servers", "vpcmetactl.usecases", "vpcmetactl.journal"),
}
_NOBODY = "--url http://127.0.0.1:9 --timeout 1"


@pytest.mark.parametrize(
    ("line", "code"), [(f"guest probe {_NOBODY}", 3), ("guest script", 0), ("guest --help", 0)]
)
def test_what_runs_in_a_server_loads_nothing_of_the_desk(line: str, code: int) -> None:
    ended, modules = run(shlex.split(line))

    assert ended == code
    assert {one for one in modules if one.partition(".")[0] in _DEAR | {"cryptography"}} == set()
    assert modules & _OF_THE_DESK == set()


@pytest.mark.parametrize("line", ["guest show", "guest token --profile x -o json"])
def test_what_fails_in_a_server_loads_nothing_dear(line: str) -> None:
    ended, modules = run(shlex.split(f"{line} {_NOBODY}"))

    assert ended == 1
    assert {one for one in modules if one.partition(".")[0] in _DEAR | {"cryptography"}} == set()
