import os
import signal
import subprocess
import sys

import pytest

from tests.support.app import a_terminal, an_app, use, written
from tests.support.builders import ON, an_instance
from tests.support.fake_cloud import Call, InMemoryCloud
from vpcmetactl.cli.interrupts import graceful_stop
from vpcmetactl.domain.errors import ExitCode

_TWICE = """
import os, signal, sys
from vpcmetactl.cli.interrupts import graceful_stop
from vpcmetactl.cli.terminal import standard_terminal
with graceful_stop(standard_terminal({})):
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
sys.exit(99)
"""

_TWICE_ON_THE_WAY_OUT = """
import os, signal, sys, time
from vpcmetactl.cli.boundary import GuardedGroup

class Group(GuardedGroup):
    def resolve_command(self, ctx, args):
        try:
            os.kill(os.getpid(), {number})
        finally:
            os.kill(os.getpid(), {number})
            time.sleep(30)

Group("x", table={{}})(["any"])
"""


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, ExitCode.INTERRUPTED),
        (signal.SIGTERM, ExitCode.TERMINATED),
        (signal.SIGHUP, ExitCode.TERMINATED),
    ],
)
def test_the_first_signal_asks_to_stop_and_is_told(number: int, code: ExitCode) -> None:
    terminal = a_terminal()
    before = signal.getsignal(number)

    with graceful_stop(terminal) as stop:
        assert not stop.requested()
        os.kill(os.getpid(), number)
        assert stop.requested()

    assert stop.exit_code is code
    assert written(terminal.stderr) == (
        "stopping: changes under way are finished; once more to leave at once\n"
    )
    assert signal.getsignal(number) is before


def test_where_servers_may_be_down_the_first_signal_says_that_they_are_started() -> None:
    terminal = a_terminal()

    with graceful_stop(terminal, restarts=True):
        os.kill(os.getpid(), signal.SIGINT)

    assert written(terminal.stderr) == (
        "stopping: servers that were stopped are started first; once more to leave at once, "
        "and leave them stopped\n"
    )


def test_a_lost_connection_that_is_told_twice_ends_nothing_at_once() -> None:
    with graceful_stop(a_terminal()) as stop:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)

    assert stop.exit_code is ExitCode.TERMINATED


def test_what_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with graceful_stop(a_terminal()) as stop:
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)

    assert not stop.requested()


def test_the_second_signal_ends_the_program_at_once() -> None:
    ran = subprocess.run([sys.executable, "-c", _TWICE], check=False, timeout=30)

    assert ran.returncode == 143


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_on_its_way_out_is_ended_by_the_second_signal(number: int) -> None:
    """Raised a second time, it could leave a lock behind, or a traceback in a finalizer."""
    program = _TWICE_ON_THE_WAY_OUT.format(number=int(number))

    ran = subprocess.run(
        [sys.executable, "-c", program], check=False, timeout=20, capture_output=True, text=True
    )

    assert ran.returncode == -number  # what a shell calls 130 and 143
    assert ran.stderr == ""


def test_a_signal_at_the_very_end_prints_no_traceback() -> None:
    program = (
        "import sys, weakref, vpcmetactl.__main__ as program\n"
        "def interrupt(): raise KeyboardInterrupt\n"
        "class Thing: pass\n"
        "thing = Thing()\n"
        "weakref.finalize(thing, interrupt)\n"
        "sys.argv = ['vpcmetactl', '--version']\n"
        "program.main()\n"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program], check=False, timeout=20, capture_output=True, text=True
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("vpcmetactl ")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_tells_what_was_done_and_what_was_not(number: int, code: int) -> None:
    cloud = InMemoryCloud([an_instance(f"web-{n}", metadata_service=ON) for n in range(3)])

    def interrupt(call: Call) -> None:
        if call.operation == "update_metadata":
            signal.raise_signal(number)

    cloud.before(interrupt)
    previous = signal.getsignal(signal.SIGINT)

    ran = use(an_app(cloud), "metadata", "disable", "--all", "--yes", "-o", "json")

    assert ran.exit_code == ran.answer["exit_code"] == code
    assert [item["result"] for item in ran.answer["items"]] == [
        *("applied", "not_attempted", "not_attempted")
    ]
    assert signal.getsignal(signal.SIGINT) is previous
