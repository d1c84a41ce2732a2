"""Commands run for real on the embedded emulator, for the pages that show what they print."""

import atexit
import io
import re
import shlex
import tempfile
from contextlib import ExitStack, chdir
from datetime import datetime, timedelta
from pathlib import Path

from vpcmetactl.cli.bootstrap import build_app
from vpcmetactl.cli.main import cli
from vpcmetactl.cli.terminal import Terminal
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import EPOCH
from vpcmetactl.emulator.faults import parse_fault
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.server import EmulatorServer

_ENDPOINT_NOTE = re.compile(r"^note: VPCMETACTL_\w+_URL is .*\n", re.MULTILINE)
_TRACE = re.compile(r"(trace:? )[0-9a-f-]{36}")
_RUN = re.compile(r"(\d{8}T\d{6}Z)-[0-9a-f]+")
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


class StillClock:
    """A clock of the program and of the emulator that stands still until somebody waits."""

    def __init__(self) -> None:
        self._elapsed = 0.0

    def now(self) -> datetime:
        """Return the present time in UTC."""
        return EPOCH + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        return self._elapsed

    def wait(self, seconds: float) -> None:
        """Let this many seconds pass at once."""
        self._elapsed += seconds


class _Typist(io.StringIO):
    """Someone at a terminal who types ahead."""

    def isatty(self) -> bool:
        return True


class Console:
    """A shell in which the export lines of ``emulator serve --port 8080`` have been pasted.

    What it prints is the same each time: seed and clock are fixed, and what cannot be (the port,
    the end of a run's id, digests, traces) is replaced. A run is asked for by the id that was
    shown. Files lie in a folder of the console's own.
    """

    def __init__(self, scenario: str, *, color: bool = False) -> None:
        self._clock = StillClock()
        self._runs: dict[str, str] = {}
        world = build_world(scenario, clock=self._clock)
        self._emulator = Emulator(world)
        with ExitStack() as stack:
            self._server = stack.enter_context(EmulatorServer(self._emulator))
            self._home = home = stack.enter_context(tempfile.TemporaryDirectory())
            atexit.register(stack.pop_all().close)
        self.environ = {
            "VPCMETACTL_VPC_URL": f"{self._server.url}/vpc/{{region}}/v1",
            "VPCMETACTL_IAM_URL": f"{self._server.url}/iam",
            "VPCMETACTL_SEARCH_URL": f"{self._server.url}/search",
            "VPCMETACTL_STATE": str(Path(home) / "state.sqlite"),
            "IBMCLOUD_API_KEY": world.api_key,
            "HOME": home,
            "TERM": "dumb",
            **({"CLICOLOR_FORCE": "1"} if color else {"NO_COLOR": "1"}),
        }

    def run(self, line: str, *, exit_code: int = 0, answer: str = "", notes: bool = True) -> str:
        """Run a command line and return what a terminal shows of it.

        ``answer`` is typed at its question. Without ``notes`` what goes to stderr is left out.
        Raises AssertionError where it ends with another exit code.
        """
        screen = io.StringIO()
        stdin, stderr = (_Typist(f"{answer}\n"), _Typist()) if answer else (io.StringIO(),) * 2
        terminal = Terminal(
            stdin=stdin,
            stdout=screen,
            stderr=_Both(stderr, screen, answer) if notes else stderr,
            environ=self.environ,
        )
        with chdir(self._home):
            code = _invoke(shlex.split(self._real(line))[1:], self, terminal)
        assert code == exit_code, f"{line}: exit code {code}, not {exit_code}"  # noqa: S101
        return self._settled(screen.getvalue())

    def show(
        self, line: str, *, exit_code: int = 0, answer: str = "", endpoints: bool = False
    ) -> str:
        """Return a block of Markdown: a prompt, the command line, what it prints.

        Without ``endpoints`` the lines that name the emulator's are left out.
        """
        text = self.run(line, exit_code=exit_code, answer=answer)
        text = text if endpoints else _ENDPOINT_NOTE.sub("", text)
        status = f"$ echo $?\n{exit_code}\n" if exit_code else ""
        return f"```console\n$ {line}\n{text.rstrip()}\n{status}```\n"

    def read(self, name: str) -> str:
        """Return the text of a file that a command has written."""
        return Path(self._home, name).read_text("utf-8")

    def write(self, name: str, text: str) -> None:
        """Write a file for a command to read."""
        Path(self._home, name).write_text(text, "utf-8")

    def set_faults(self, *texts: str) -> None:
        """Make the emulator fail, as a PUT to ``/_emulator/faults`` does."""
        self._emulator.set_faults([parse_fault(text) for text in texts])

    @property
    def clock(self) -> StillClock:
        """The clock of the program and of the emulator."""
        return self._clock

    def _real(self, line: str) -> str:
        """Return a line with the ids of runs as they are, not as they were shown."""
        return _RUN.sub(lambda match: self._runs.get(match[0], match[0]), line)

    def _settled(self, text: str) -> str:
        port = f"127.0.0.1:{self._server.port}"
        text = _RUN.sub(self._shown, text.replace(port, "127.0.0.1:8080"))
        text = _DIGEST.sub("5f1d" * 16, text)
        return _TRACE.sub(r"\g<1>7d2f6a10-9c3b-4e58-8a41-5b0c2e9d7f36", text)

    def _shown(self, match: re.Match[str]) -> str:
        """Return the id of a run as pages show it; runs of one second are shown alike."""
        shown = f"{match[1]}-4c1e"
        self._runs[shown] = match[0]
        return shown


class _Both(io.StringIO):
    """Stderr as a terminal shows it, between the lines of stdout and with what is typed."""

    def __init__(self, own: io.StringIO, screen: io.StringIO, answer: str) -> None:
        super().__init__()
        self._own = own
        self._screen = screen
        self._answer = answer

    def isatty(self) -> bool:
        return self._own.isatty()

    def write(self, text: str) -> int:
        echo = f"{self._answer}\n" if text.endswith("[y/N] ") else ""
        return self._screen.write(text + echo)


def _invoke(words: list[str], console: Console, terminal: Terminal) -> int:
    app = build_app(console.environ, terminal, console.clock)
    code = cli.main(words, prog_name="vpcmetactl", standalone_mode=False, obj=app)
    return int(code or 0)
