"""Whatever the program has is documented, and whatever is documented the program has."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from docs._generate.commands import FoundCommand, commands, groups_and_commands
from docs._generate.tables import VERDICTS, error_classes
from tests.support.builders import OFF, ON, a_bare_metal_server, an_instance
from tests.support.pages import ROOT, code_spans, first_column, headings, prose, text_of
from vpcmetactl.cli.options import environment_name
from vpcmetactl.domain.checks import CHECKS
from vpcmetactl.domain.errors import ExitCode, strongest
from vpcmetactl.domain.plans import NoteCode
from vpcmetactl.domain.restarts import MEANINGS, Observation, Reason, RestartRule, assess_restart
from vpcmetactl.emulator import faults
from vpcmetactl.emulator.control import _HANDLERS as CONTROL_CALLS
from vpcmetactl.emulator.coverage import coverage
from vpcmetactl.emulator.scenarios import SCENARIOS
from vpcmetactl.render.schemas.reading import kinds, load_schema, schema_fields

_VARIABLE = re.compile(r"(?:VPCMETACTL|IBMCLOUD|IBM|IC|VPC|VCAP)_[A-Z_]+")


def section(text: str, heading: str) -> str:
    """What stands under a heading, to the next of its level."""
    marks = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert marks, heading
    return re.split(rf"^{marks[1]} ", text[marks.end() :], flags=re.MULTILINE)[0]


def test_commands() -> None:
    found = [one.line for one in groups_and_commands()]

    assert headings(text_of("docs/reference/cli.md"))[1:] == found
    assert len(found) > 8


@pytest.mark.parametrize("found", [*groups_and_commands()], ids=lambda found: found.line)
def test_the_page_says_what_help_prints(found: FoundCommand) -> None:
    program = [str(Path(sys.executable).with_name(found.words[0])), *found.words[1:], "--help"]

    printed = subprocess.run(program, capture_output=True, text=True, check=True, cwd=ROOT).stdout

    page = section(text_of("docs/reference/cli.md"), found.line)
    assert page.startswith(f"\n\n```text\n{printed}```\n")


def test_every_command_has_help_and_every_option_of_it() -> None:
    page = text_of("docs/reference/cli.md")
    for found in commands():
        help_text = section(page, found.line)
        assert found.command.help, found.line
        for option in found.options:
            assert f"{option.opts[-1]}" in help_text, (found.line, option.name)


def test_every_command_has_an_example_of_its_own() -> None:
    page = text_of("docs/reference/cli.md")

    assert [
        found.line
        for found in commands()
        if not any(
            f"{line} ".startswith(f"  {found.line} ")
            for line in section(page, found.line).splitlines()
        )
    ] == []


def test_variables() -> None:
    page = text_of("docs/reference/environment.md")
    in_options = {
        option.envvar
        for found in commands()
        for option in found.options
        if isinstance(option.envvar, str)
    }
    documented = {span for span in code_spans(page) if _VARIABLE.fullmatch(span)}

    assert documented == in_options | set(_variables_in_settings())


def test_every_variable_is_named_after_its_option() -> None:
    for found in commands():
        for option in found.options:
            if option.envvar is not None:
                assert option.envvar in {environment_name(name) for name in option.opts}


def _variables_in_settings() -> Iterator[str]:
    for name in ("settings.py", "terminal.py"):
        tree = ast.parse((ROOT / "vpcmetactl/cli" / name).read_text("utf-8"))
        for node in ast.walk(tree):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and _VARIABLE.fullmatch(value):
                yield value


def test_terminal_variables() -> None:
    source = (ROOT / "vpcmetactl/cli/terminal.py").read_text("utf-8")
    asked = set(re.findall(r'environ\.get\("([A-Z_]+)"', source))

    assert asked == set(
        first_column(section(text_of("docs/reference/environment.md"), "The terminal"))
    )


def test_what_permits_a_change_never_comes_from_the_environment() -> None:
    for found in commands():
        for option in found.options:
            if re.fullmatch(r"--(yes|all|allow-.*|assert-.*|verdict)", option.opts[-1]):
                assert option.envvar is None, option.opts


def test_exit_codes() -> None:
    table = section(text_of("docs/reference/exit-codes.md"), "Exit codes")

    assert re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == [str(int(code)) for code in ExitCode]


def test_the_order_of_exit_codes() -> None:
    stated = re.search(
        r"the first of these wins: ([\d, ]+)\.", text_of("docs/reference/exit-codes.md")
    )
    assert stated
    codes = [ExitCode(int(code)) for code in stated[1].split(", ")]

    assert set(codes) == set(ExitCode)
    assert [strongest(*codes[place:]) for place in range(len(codes))] == codes


def test_error_codes() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\d) \| .+ \| `(\w+)` \|$",
        text_of("docs/reference/exit-codes.md"),
        re.MULTILINE,
    )

    assert rows == [
        (error.code, str(int(error.exit_code)), error.__name__) for error in error_classes()
    ]


def test_checks() -> None:
    page = text_of("docs/reference/checks.md")

    assert [one.partition(":")[0] for one in headings(page)[1:]] == [check.id for check in CHECKS]
    named = {
        span
        for path in (ROOT / "docs").rglob("*.md")
        for span in re.findall(r"VPCMETA\d+", path.read_text("utf-8"))
    }
    assert named == {check.id for check in CHECKS}


def test_restart_reasons() -> None:
    assert first_column(text_of("docs/reference/restart-reasons.md")) == [*Reason]
    assert set(MEANINGS) == set(VERDICTS) == set(Reason)


def _seen(*sights: tuple[bool, str]) -> list[Observation]:
    start = datetime(2026, 11, 21, tzinfo=UTC)
    return [
        Observation("one", start + timedelta(hours=hour), enabled, status)
        for hour, (enabled, status) in enumerate(sights)
    ]


def test_a_reason_comes_with_the_verdict_that_is_documented() -> None:
    on = an_instance(metadata_service=ON)
    off_then_on = _seen((False, "running"), (True, "running"))
    cases = [
        assess_restart(on, off_then_on),
        assess_restart(on, [*off_then_on, *_seen((True, "stopped"))]),
        assess_restart(on, _seen((True, "running"), (False, "running"), (True, "running"))),
        assess_restart(on),
        assess_restart(on, _seen((False, "stopped"), (True, "running"))),
        assess_restart(an_instance(metadata_service=OFF)),
        assess_restart(an_instance(metadata_service=ON, status="stopped")),
        assess_restart(an_instance(metadata_service=None)),
        assess_restart(a_bare_metal_server()),
        assess_restart(an_instance(architecture="s390x")),
        assess_restart(on, rule=RestartRule.NONE),
    ]

    assert {case.reason: case.verdict for case in cases} == VERDICTS


def test_notes_of_a_plan() -> None:
    assert set(first_column(text_of("docs/how-to/enable-in-bulk.md"))) == set(NoteCode)


@pytest.mark.parametrize("kind", kinds())
def test_fields(kind: str) -> None:
    page = text_of("docs/reference/json.md")

    assert first_column(section(page, f"An item of {kind}")) == [*schema_fields(kind)]
    summary = load_schema(kind)["properties"]["summary"]
    assert first_column(section(page, f"The summary of {kind}")) or "properties" not in summary


def test_kinds_of_documents() -> None:
    titles = [one for one in headings(text_of("docs/reference/json.md")) if " " not in one]

    assert titles == [*kinds()]


def test_operations_of_the_emulator() -> None:
    table = section(text_of("docs/reference/emulator.md"), "Operations")

    assert first_column(table) == [operation.operation for operation in coverage()]


def test_scenarios() -> None:
    table = section(text_of("docs/reference/emulator.md"), "Scenarios")

    assert first_column(table) == [*SCENARIOS]


def test_faults() -> None:
    grammar = section(text_of("docs/reference/emulator.md"), "Faults")
    effects = {effect.value for kind in (faults.Damage, faults.Replacement) for effect in kind}

    spans = set(code_spans(grammar))
    assert effects <= spans
    stated = re.search(r"an HTTP status: ([\d,\s]+),", prose(grammar))
    assert stated
    assert {int(code) for code in stated[1].split(",")} == faults.STATUSES


def test_control_calls() -> None:
    rows = re.findall(
        r"^\| ([A-Z, ]+) (/[\w/]+)",
        section(text_of("docs/reference/emulator.md"), "Control"),
        re.MULTILINE,
    )

    assert {(method, path) for methods, path in rows for method in methods.split(", ")} == set(
        CONTROL_CALLS
    )


def test_the_root_help_names_every_group() -> None:
    root = next(groups_and_commands())
    assert isinstance(root.command, click.Group)

    assert all(f"  {name} " in root.help for name in root.command.list_commands(root.context))
