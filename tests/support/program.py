"""The program, run in this process as a user would run it, on a clock that stands still."""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from typing import Any

import msgspec
from click.testing import CliRunner

from tests.support.clock import ManualClock
from vpcmetactl.cli.bootstrap import build_app
from vpcmetactl.cli.main import cli
from vpcmetactl.cli.terminal import Terminal


@dataclass(frozen=True)
class Ran:
    """What a command printed, and how it ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def answer(self) -> Any:  # noqa: ANN401 - whatever JSON the command was asked for
        """All of stdout, which must be one JSON document."""
        return msgspec.json.decode(self.stdout)


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> Ran:
    """Run a command with this environment alone, and with streams that are no terminal.

    Waiting takes no time. An exception that is not one of ours is raised.
    """
    stdout, stderr = StringIO(), StringIO()
    terminal = Terminal(stdin=StringIO(), stdout=stdout, stderr=stderr, environ=environ)
    app = replace(build_app(environ, terminal, ManualClock()), raise_unexpected=True)
    handler = signal.getsignal(signal.SIGTERM)
    try:
        result = CliRunner().invoke(cli, arguments, obj=app)
    finally:
        signal.signal(signal.SIGTERM, handler)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    # click writes usage errors to the streams of its runner.
    return Ran(
        result.exit_code, stdout.getvalue() + result.stdout, stderr.getvalue() + result.stderr
    )
