"""Whatever the program has is documented, and whatever is documented the program has."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from docs._generate.commands import FoundCommand, commands, groups_and_commands
from docs._generate.plans import NOTES, OUTCOMES, REASONS, STATES, load_file_schema
from docs._generate.tables import VERDICTS, error_classes
from tests.support.builders import OFF, ON, a_bare_metal_server, an_instance
from tests.support.pages import ROOT, code_spans, first_column, headings, prose, text_of
from vpcmetactl.cli.options import environment_name
from vpcmetactl.domain.access import Obstacle, WayKind
from vpcmetactl.domain.access_findings import FindingCode
from vpcmetactl.domain.applying import DEFAULTS, ApplyOptions, FailureBudget
from vpcmetactl.domain.checks import CHECKS
from vpcmetactl.domain.claims import DoubtReason
from vpcmetactl.domain.errors import ExitCode, strongest
from vpcmetactl.domain.evidence import EventKind, History, Observation, ServerEvent, Source
from vpcmetactl.domain.plans import NoteCode, SkipReason
from vpcmetactl.domain.restarts import EXPLANATIONS, Reason, RestartRule, assess_restart
from vpcmetactl.domain.runs import AttemptOutcome, RunState
from vpcmetactl.emulator import faults
from vpcmetactl.emulator.control import _HANDLERS as CONTROL_CALLS
from vpcmetactl.emulator.coverage import coverage
from vpcmetactl.emulator.delivery import Damage
from vpcmetactl.emulator.scenarios import SCENARIOS
from vpcmetactl.render.items.plans import Decision, Result
from vpcmetactl.render.items.runs import RunOutcome
from vpcmetactl.render.schemas.reading import kinds, load_schema, schema_fields

_VARIABLE = re.compile(r"(?:VPCMETACTL|IBMCLOUD|IBM|IC|VPC|VCAP)_[A-Z_]+")


def section(text: str, heading: str) -> str:
    """What stands under a heading, to the next of its level or of one above."""
    marks = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert marks, heading
    next_one = rf"^#{{2,{len(marks[1])}}} "
    return re.split(next_one, text[marks.end() :], flags=re.MULTILINE)[0]


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
    reasons, _, evidence = text_of("docs/reference/restart-reasons.md").partition("## Evidence")
    assert first_column(reasons) == [*Reason]
    assert first_column(evidence) == [*Source]
    assert set(EXPLANATIONS) == set(VERDICTS) == set(Reason)


_START = datetime(2026, 11, 21, tzinfo=UTC)


def _seen(*sights: tuple[bool, str], **happened: Source) -> History:
    """Return one sight an hour, and after the last of them an event of each kind that is named."""
    seen = [
        Observation("one", _START + timedelta(hours=hour), enabled, status)
        for hour, (enabled, status) in enumerate(sights)
    ]
    later = _START + timedelta(days=1)
    events = [ServerEvent("one", later, EventKind(kind), by) for kind, by in happened.items()]
    return History(seen, events)


def test_a_reason_comes_with_the_verdict_and_confidence_that_are_documented() -> None:
    on = an_instance(metadata_service=ON)
    off_then_on = ((False, "running"), (True, "running"))
    cases = [
        assess_restart(on, _seen(*off_then_on)),
        assess_restart(on, _seen(*off_then_on, (True, "stopped"))),
        assess_restart(on, _seen((True, "running"), (False, "running"), (True, "running"))),
        assess_restart(on, _seen(*off_then_on, restarted=Source.OWN_RUN)),
        assess_restart(on, _seen(*off_then_on, answered=Source.GUEST_PROBE)),
        assess_restart(on, _seen(*off_then_on, acknowledged=Source.OPERATOR)),
        assess_restart(on),
        assess_restart(on, _seen((False, "stopped"), (True, "running"))),
        assess_restart(an_instance(metadata_service=OFF)),
        assess_restart(an_instance(metadata_service=ON, status="stopped")),
        assess_restart(an_instance(metadata_service=None)),
        assess_restart(a_bare_metal_server()),
        assess_restart(an_instance(architecture="s390x")),
        assess_restart(on, rule=RestartRule.NONE),
    ]

    assert {case.reason: (case.verdict, case.confidence) for case in cases} == VERDICTS


def test_codes_of_access() -> None:
    page = text_of("docs/reference/access.md")

    assert first_column(section(page, "Ways")) == [*WayKind]
    assert first_column(section(page, "What cannot be told")) == [*DoubtReason]
    assert first_column(section(page, "Usable now")) == [*Obstacle]
    assert first_column(section(page, "What stands out")) == [*FindingCode]


PLANS = text_of("docs/reference/plans.md")


def test_what_a_plan_decides() -> None:
    table = section(PLANS, "What a plan says of a server")

    assert first_column(table) == [*Decision]


def test_notes_of_a_plan() -> None:
    assert first_column(section(PLANS, "Notes")) == [*NoteCode]
    assert set(NOTES) == set(NoteCode)


def test_reasons_of_a_plan() -> None:
    assert first_column(section(PLANS, "Reasons")) == [*SkipReason]
    assert set(REASONS) == set(SkipReason)


def test_everything_that_preflight_finds_is_explained_with_what_keeps_changes_safe() -> None:
    named = set(code_spans(section(text_of("docs/explanation/safety.md"), "Preflight")))

    found = {*NoteCode, *SkipReason} - {SkipReason.ALREADY_SO, *_OF_ROLLBACKS}
    assert found - named == set()


_OF_ROLLBACKS = (SkipReason.DRIFTED, SkipReason.GONE)


def test_states_of_a_run() -> None:
    assert first_column(section(PLANS, "States of a run")) == [*RunState]
    assert set(STATES) == set(RunState)


def test_outcomes_in_a_run() -> None:
    assert first_column(section(PLANS, "Outcomes in a run")) == [*RunOutcome]
    assert {outcome.value for outcome in Result} == {*RunOutcome} - {RunOutcome.OPEN}


def test_what_resuming_leaves_alone() -> None:
    left = {outcome for outcome, said in OUTCOMES.items() if said.next == "leaves it"}

    settled = {outcome.value for outcome in AttemptOutcome if outcome.is_settled}
    assert left - {RunOutcome.ALREADY_SO, RunOutcome.SKIPPED} == settled - {"already_done"}
    assert RunOutcome.ALREADY_SO in left
    assert AttemptOutcome.ALREADY_DONE.is_settled


@pytest.mark.parametrize(
    ("name", "heading"), [("plan", "Members"), ("runs", "Exported runs")], ids=["plan", "runs"]
)
def test_members_of_a_file(name: str, heading: str) -> None:
    documented = {path.rpartition(".")[2] for path in first_column(section(PLANS, heading))}
    schema = load_file_schema(name)
    # A run's items have the members of a plan's, which are told there.
    told = {"attempts"} | {
        path.rpartition(".")[2] for path in first_column(section(PLANS, "Members"))
    }

    there = {
        member
        for shape in (schema, *schema["$defs"].values())
        for member in shape.get("properties", {})
    }
    assert there - documented - (told if name == "runs" else set()) == set()
    assert documented - there == set()


def test_a_plan_expires_when_the_page_says() -> None:
    lives = [
        option for found in commands() for option in found.options if option.name == "plan_life"
    ]
    page = section(PLANS, "Expiry")

    assert {option.default for option in lives} == {24}
    assert "expires 24 hours after" in page
    [longest] = {option.type.max for option in lives if isinstance(option.type, click.FloatRange)}
    assert f"up to {longest}, a year" in page


def test_how_a_plan_is_applied_unless_told_otherwise() -> None:
    assert ApplyOptions(canary=1, max_workers=8, max_failures=FailureBudget.parse("0")) == DEFAULTS
    table = section(text_of("docs/how-to/enable-in-bulk.md"), "A small part first")
    named = {name.split()[0] for name in first_column(table)}

    assert named == {f"--{one.name.replace('_', '-')}" for one in fields(ApplyOptions)}


def test_the_percentages_on_the_page_are_right() -> None:
    page = section(text_of("docs/explanation/safety.md"), "How many may fail")
    stated = "Of 60 changes, `5%` are 3; of 19 changes, none."

    assert stated in page
    assert [FailureBudget.parse("5%").allowed(changes) for changes in (60, 19)] == [3, 0]


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
    effects = {effect.value for kind in (Damage, faults.Replacement) for effect in kind}

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

    assert {(method, path) for methods, path in rows for method in methods.split(", ")} == {
        (method, path.replace("<id>", "ID")) for method, path in CONTROL_CALLS
    }


def test_the_root_help_names_every_group() -> None:
    root = next(groups_and_commands())
    assert isinstance(root.command, click.Group)

    assert all(f"  {name} " in root.help for name in root.command.list_commands(root.context))
