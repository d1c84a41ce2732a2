"""What users are promised has tests that hold it; what is promised of the code as a whole."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from tests.project.promises import TABLE as PROMISES
from tests.project.promises import faults, read_promises
from tests.support.app import an_app, use
from tests.support.builders import ACCOUNT, a_bare_metal_server, an_instance
from tests.support.fake_cloud import InMemoryCloud
from vpcmetactl.cli.lazy import LazyGroup
from vpcmetactl.cli.main import TABLE, cli
from vpcmetactl.domain.errors import PermissionDeniedError

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


# What users are promised.


def test_every_promise_has_tests_that_hold_it_or_says_what_is_missing() -> None:
    promises = read_promises(PROMISES.read_text(encoding="utf-8"))

    assert list(faults(promises)) == []
    assert len(promises) > 150


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: It is.\n  project/test_promises.py::test_nothing", "there is no test"),
        ("a: It is.\n  project/promises.py::read_promises", "there is no test"),
        ("a: It is.\n  nowhere/test_x.py::test_x", "there is no test"),
        ("a: It is.", "needs tests"),
        ("a: It is.\n  not kept: x\n  cli/test_where.py::test_x", "needs tests"),
        ("a: It is.\n  not kept: x\na: It is.\n  not kept: x", "twice"),
    ],
)
def test_a_promise_that_nothing_holds_would_be_found(text: str, fault: str) -> None:
    assert fault in next(faults(read_promises(text)))


def test_a_table_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="neither a promise nor a test"):
        read_promises("a promise without an id.")


def test_what_takes_servers_takes_every_option_that_chooses_them() -> None:
    choosing = {
        *("region", "kind", "vpc", "resource_group", "zone", "name", "status", "tag"),
        *("instance_group", "where", "from_file", "ignore_not_found"),
    }
    taking = {name: parameters for name, parameters in _parameters() if "servers" in parameters}

    assert {name: choosing - parameters for name, parameters in taking.items()} == {
        name: set() for name in taking
    }
    changing = {name for name, parameters in taking.items() if "dry_run" in parameters}
    assert {name for name in changing if "all_servers" not in taking[name]} == set()
    assert len(taking) > 10


def test_what_reads_has_every_option_of_output() -> None:
    # Guests print text or a proof; merging writes a file.
    reading = {
        name: parameters
        for name, parameters in _parameters()
        if "output" in parameters and not name.startswith(("guest ", "snapshot merge"))
    }

    shaping = {"output", "query", "sort", "columns"}
    assert {name for name, parameters in reading.items() if not shaping <= parameters} == set()
    changing = {name for name, parameters in reading.items() if "limit" not in parameters}
    groups = {"metadata", "restarts", "links", "plan", "runs"}
    assert {name.split()[0] for name in changing} == groups
    listing = {name for name in reading if name.split()[-1] in {"list", "show", "diff", "checks"}}
    assert listing & changing == set()


def test_what_reads_the_cloud_reads_snapshots_too() -> None:
    reading = {
        name
        for name, parameters in _parameters()
        if {"limit", "context"} <= parameters or {"limit", "contexts"} <= parameters
        if "source" not in parameters
    }

    # These are about the connection itself, and about the journal.
    assert reading == {"doctor", "runs list", "runs show"}


def test_every_list_diff_and_plan_can_say_by_its_exit_code_that_it_is_not_empty() -> None:
    wanted = {
        name: parameters
        for name, parameters in _parameters()
        if name.split()[-1] in {"list", "diff", "invert"}
        or "dry_run" in parameters
        or name == "plan show"
    }

    assert {name for name, found in wanted.items() if "exit_code" not in found} == set()


def test_no_option_takes_a_secret() -> None:
    named = {
        opt
        for command in _COMMANDS.values()
        for parameter in command.params
        for opt in parameter.opts
        if re.search(r"key|token|password|secret|credential", opt)
    }

    # A file that holds one, bits of a key that is made here, and whether to print a token.
    assert named == {"--api-key-file", "--key-size", "--show-token"}


def _parameters() -> Iterator[tuple[str, set[str]]]:
    for name, command in _COMMANDS.items():
        if not isinstance(command, click.Group):
            yield name, {parameter.name for parameter in command.params if parameter.name}


def test_an_envelope_has_the_members_that_scripts_rely_on() -> None:
    whole = _printed("servers", "list", "-o", "json")
    failed = _printed("servers", "show", "nothing", "-o", "json")

    members = ["format_version", "kind", "generated_at", "status", "exit_code", "scope", "items"]
    assert list(whole) == list(failed) == [*members, "summary", "errors"]
    assert {"accounts", "regions", "excluded", "incomplete"} <= set(whole["scope"])
    assert (whole["format_version"], whole["kind"], whole["status"]) == (1, "servers", "complete")


def test_the_item_of_a_server_has_the_fields_that_scripts_rely_on() -> None:
    metal, web = _printed("servers", "list", "-o", "json", "--sort", "name")["items"]

    fields = {
        *("kind", "id", "crn", "name", "account_id", "region", "zone", "status", "vpc"),
        *("resource_group", "profile", "architecture", "instance_group", "created_at"),
        *("metadata_service", "support", "restart"),
    }
    assert fields <= set(web)
    assert set(web["restart"]) >= {"verdict", "confidence", "reason", "since", "evidence"}
    assert set(web["metadata_service"]) == {"enabled", "protocol", "response_hop_limit"}
    assert (web["kind"], metal["kind"]) == ("instance", "bare_metal_server")
    assert metal["metadata_service"]["response_hop_limit"] is None


def test_what_could_not_be_read_is_told_in_full() -> None:
    error = PermissionDeniedError("may not be read", trace="t-1")
    cloud = InMemoryCloud([an_instance("web-1"), an_instance("web-2", region="eu-de")])
    cloud.fail("list_page", error, region="eu-de", times=2)

    missing = _printed("servers", "list", "--kind", "instance", "-o", "json", cloud=cloud)

    assert (missing["status"], missing["exit_code"]) == ("incomplete", 4)
    [part] = missing["scope"]["incomplete"]
    expected = {
        "account_id": ACCOUNT,
        "region": "eu-de",
        "kind": "instance",
        "code": "forbidden",
        "message": "may not be read",
        "trace": "t-1",
    }
    assert expected.items() <= part.items()


def _printed(*words: str, cloud: InMemoryCloud | None = None) -> dict[str, Any]:
    cloud = cloud or InMemoryCloud([an_instance("web-1"), a_bare_metal_server("metal-1")])
    document: dict[str, Any] = json.loads(use(an_app(cloud), *words).stdout)
    return document


@pytest.mark.parametrize(
    ("architecture", "support"),
    [("amd64", "supported"), ("s390x", "unsupported_architecture"), (None, "not_reported")],
)
def test_support_is_told_by_the_architecture(architecture: str | None, support: str) -> None:
    assert an_instance(architecture=architecture).support == support


def test_the_version_of_the_api_is_told_in_one_place() -> None:
    dates = [
        f"{_name(path)}: {node.value}"
        for path in sorted((_PACKAGE / "ibmcloud").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"\d{4}-\d\d-\d\d", node.value)
    ]

    assert dates == ["vpcmetactl/ibmcloud/client.py: 2025-08-26"]


def test_no_operation_that_makes_or_deletes_a_server_is_named_in_the_program() -> None:
    making = re.compile(r"\b(create|delete|replace)_(instance|bare_metal_server)(_template)?s?\b")
    named = {
        f"{_name(path)}: {found[0]}"
        for path in _PACKAGE.rglob("*.py")
        if "emulator" not in path.parts
        for found in making.finditer(path.read_text(encoding="utf-8"))
    }

    assert named == set()
    assert making.search("api.create_instance(x)")


def test_the_emulator_shares_no_code_with_the_program() -> None:
    shared = {
        f"{_name(path)}: {name}"
        for path in (_PACKAGE / "emulator").rglob("*.py")
        for name in _imports(path)
        if name.startswith("vpcmetactl") and not name.startswith("vpcmetactl.emulator")
    }

    assert shared == set()


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
