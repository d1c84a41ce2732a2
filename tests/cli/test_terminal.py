from io import StringIO

import pytest

from tests.support.app import a_terminal, written
from tests.support.builders import an_instance
from tests.support.clock import ManualClock
from vpcmetactl.cli.confirm import confirm
from vpcmetactl.cli.progress import ProgressObserver
from vpcmetactl.cli.terminal import Terminal, printable
from vpcmetactl.domain.errors import RefusedError, UnavailableError
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import Action, MetadataServicePatch, NotAttempted
from vpcmetactl.domain.servers import ServerKind

INSTANCE = ServerKind.INSTANCE


# Asking.


@pytest.mark.parametrize("answer", ["y\n", "Y\n", "yes\n", " YES \n", "y"])
def test_yes_is_consent(answer: str) -> None:
    terminal = a_terminal(answers=answer, interactive=True)

    confirm(terminal, "Change 2 servers?")

    assert written(terminal.stderr) == "Change 2 servers? [y/N] "
    assert written(terminal.stdout) == ""


@pytest.mark.parametrize("answer", ["\n", "n\n", "no\n", "yess\n", "ja\n", "1\n", "\ny\n"])
def test_anything_else_is_not(answer: str) -> None:
    with pytest.raises(RefusedError, match="declined: nothing was changed"):
        confirm(a_terminal(answers=answer, interactive=True), "Change 2 servers?")


def test_the_end_of_input_is_no_consent_and_ends_the_line() -> None:
    terminal = a_terminal(interactive=True)

    with pytest.raises(RefusedError):
        confirm(terminal, "Change 2 servers?")

    assert written(terminal.stderr) == "Change 2 servers? [y/N] \n"


# Colour, width, who is there.


@pytest.mark.parametrize(
    ("environ", "interactive", "expected"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"CLICOLOR_FORCE": "1"}, False, True),
        ({"CLICOLOR_FORCE": "0"}, False, False),
        ({"CLICOLOR_FORCE": ""}, False, False),
        ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_colour_is_for_terminals_unless_it_is_forbidden_or_forced(
    environ: dict[str, str],
    interactive: bool,  # noqa: FBT001 - a column of the table
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert a_terminal(environ, interactive=interactive).color is expected


def test_what_is_no_terminal_is_80_columns_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "123")

    assert a_terminal().width == 80
    assert a_terminal(interactive=True).width == 123


def test_someone_can_be_asked_only_where_both_stdin_and_stderr_are_terminals() -> None:
    there, not_there = a_terminal(interactive=True), a_terminal()

    def asked(stdin: Terminal, stderr: Terminal) -> bool:
        return Terminal(
            stdin=stdin.stdin, stdout=StringIO(), stderr=stderr.stderr, environ={}
        ).interactive

    assert asked(there, there)
    assert not asked(there, not_there)
    assert not asked(not_there, there)


# Messages.


def test_an_error_is_told_with_its_trace_and_hint() -> None:
    terminal = a_terminal()

    terminal.report(UnavailableError("no answer", trace="t-1", hint="try again"))
    terminal.report(UnavailableError("again"))

    assert written(terminal.stderr) == (
        "error: no answer\ntrace: t-1 (give it to IBM support)\nhint: try again\nerror: again\n"
    )


def test_a_quiet_run_keeps_its_errors_and_drops_its_notes() -> None:
    terminal = a_terminal(quiet=True)

    terminal.note("by the way")
    terminal.report(UnavailableError("no answer"))

    assert written(terminal.stderr) == "error: no answer\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web-1", "web-1"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\rb\x07", "a\\rb\\x07"),
        ("\u202eevil", "\\u202eevil"),
        ("Zoë", "Zoë"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_names_from_the_cloud_cannot_steer_the_terminal(text: str, expected: str) -> None:
    assert printable(text) == expected


# Progress.


def test_without_a_terminal_there_is_no_progress() -> None:
    terminal = a_terminal()
    observer = ProgressObserver(terminal, ManualClock())

    observer.expect("us-south", INSTANCE, 10)
    observer.read("us-south", INSTANCE, 10)
    observer.finish()

    assert written(terminal.stderr) == ""


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {}])
def test_a_dumb_terminal_and_a_quiet_run_get_no_progress(environ: dict[str, str]) -> None:
    terminal = a_terminal(environ, interactive=True, quiet=not environ)
    observer = ProgressObserver(terminal, ManualClock())

    observer.read("us-south", INSTANCE, 10)

    assert written(terminal.stderr) == ""


def test_on_a_terminal_one_line_is_drawn_over_and_taken_away() -> None:
    terminal, clock = a_terminal(interactive=True), ManualClock()
    observer = ProgressObserver(terminal, clock)

    observer.expect("us-south", INSTANCE, 1000)
    observer.expect("eu-de", INSTANCE, 1500)
    observer.read("us-south", INSTANCE, 100)
    observer.read("us-south", INSTANCE, 100)  # too soon to be drawn
    clock.advance(1)
    observer.read("eu-de", INSTANCE, 1000)
    observer.finish()

    assert written(terminal.stderr) == (
        "\r\x1b[K100 of 2,500 servers read\r\x1b[K1,200 of 2,500 servers read\r\x1b[K"
    )


def test_changes_done_take_the_place_of_servers_read() -> None:
    terminal = a_terminal(interactive=True)
    observer = ProgressObserver(terminal, ManualClock())
    server = an_instance()
    plan = plan_metadata(Action.ENABLE, MetadataServicePatch(enabled=True), [server], named=True)

    observer.settled(server.identity, NotAttempted(plan.changes[0]))

    assert written(terminal.stderr) == "\r\x1b[K1 change done"


def test_a_quiet_run_keeps_its_warnings() -> None:
    terminal = a_terminal(quiet=True)

    ProgressObserver(terminal, ManualClock()).warn("something is odd")

    assert written(terminal.stderr) == "warning: something is odd\n"


def test_a_warning_takes_the_line_away_first() -> None:
    terminal = a_terminal(interactive=True)
    observer = ProgressObserver(terminal, ManualClock())
    observer.read("us-south", INSTANCE, 1)

    observer.warn("something is odd")

    assert written(terminal.stderr).endswith("servers read\r\x1b[Kwarning: something is odd\n")


@pytest.mark.parametrize(
    ("verbose", "expected"),
    [(False, ""), (True, "list instances in eu-de: 503; again in 1.5 s\n")],
)
def test_repeated_requests_are_told_in_a_verbose_run(
    verbose: bool,  # noqa: FBT001 - a column of the table
    expected: str,
) -> None:
    terminal = a_terminal(verbose=verbose)

    ProgressObserver(terminal, ManualClock()).retrying(
        "list instances in eu-de", UnavailableError("503"), 1.5
    )

    assert written(terminal.stderr) == expected
