"""What the architecture page promises of the code as a whole."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from vpcmetactl.cli.lazy import LazyGroup
from vpcmetactl.cli.main import TABLE, cli

_ROOT = Path(__file__).parents[2]
_PACKAGE = _ROOT / "vpcmetactl"
_SOURCES = sorted(
    path
    for folder in ("vpcmetactl", "tests", "benchmarks")
    for path in _ROOT.joinpath(folder).rglob("*.py")
)
_MOST_LINES = 400


def _name(path: Path) -> str:
    return str(path.relative_to(_ROOT))


# The lazy table.


@pytest.mark.parametrize("name", TABLE)
def test_every_entry_of_the_table_is_there_and_tells_its_command_s_own_help(name: str) -> None:
    command = TABLE[name].load()

    assert command.name == name
    assert TABLE[name].help == command.get_short_help_str(limit=200)


def test_every_module_of_commands_is_in_the_table() -> None:
    modules = {path.stem for path in (_PACKAGE / "cli" / "commands").glob("[!_]*.py")}

    assert {lazy.target.partition(":")[0].rpartition(".")[2] for lazy in TABLE.values()} == modules


def test_the_commands_are_listed_in_the_order_of_the_table() -> None:
    assert isinstance(cli, LazyGroup)
    assert cli.list_commands(click.Context(cli)) == list(TABLE)


def _commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path}{name} ")


_COMMANDS = dict(_commands(cli))


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_and_option_has_its_help(name: str) -> None:
    command = _COMMANDS[name]

    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name != "help":
            assert parameter.help or parameter.show_default, parameter.opts


# The files.


def _is_version(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"


@pytest.mark.parametrize("path", sorted(_PACKAGE.rglob("__init__.py")), ids=_name)
def test_a_package_says_its_duty_and_nothing_else(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))

    assert ast.get_docstring(tree)
    # Import paths tell the truth: nothing is had from another place than its own. The version is
    # where the build looks for it.
    assert [ast.unparse(node) for node in tree.body[1:] if not _is_version(node)] == []


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {_name(path): path.read_bytes().count(b"\n") for path in _SOURCES}

    assert {name: lines for name, lines in lengths.items() if lines > _MOST_LINES} == {}


def test_the_import_contracts_have_no_exceptions() -> None:
    settings = tomllib.loads(_ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))

    contracts = settings["tool"]["importlinter"]["contracts"]
    assert contracts
    assert [one["id"] for one in contracts if "ignore_imports" in one] == []


def test_every_package_has_its_layer() -> None:
    settings = tomllib.loads(_ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))
    [layers] = [
        one for one in settings["tool"]["importlinter"]["contracts"] if one["id"] == "layers"
    ]

    named = {word.strip() for layer in layers["layers"] for word in layer.split("|")}
    assert named == {
        "__main__",
        *(path.parent.name for path in _PACKAGE.glob("*/__init__.py")),
    }


def test_modules_are_imported_by_name_in_one_place_only() -> None:
    users = {
        _name(path)
        for path in _PACKAGE.rglob("*.py")
        if any(name in {"importlib", "runpy"} for name in _imports(path))
    }

    assert users == {"vpcmetactl/cli/lazy.py"}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("layer", ["domain", "usecases"])
def test_decisions_and_use_cases_import_nothing_that_reads_or_writes(layer: str) -> None:
    allowed = {
        *(
            "bisect",
            "collections",
            "contextlib",
            "dataclasses",
            "datetime",
            "difflib",
            "enum",
            "fnmatch",
            "functools",
            "hashlib",
            "itertools",
            "operator",
            "queue",
            "re",
        ),
        *("threading", "typing", "vpcmetactl"),
    }

    found = {
        name.partition(".")[0]
        for path in (_PACKAGE / layer).glob("*.py")
        for name in _imports(path)
    }

    assert found - allowed == set()
