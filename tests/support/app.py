"""An App on a cloud in memory, and commands run with it."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from io import StringIO

from click.testing import CliRunner

from tests.support.clock import ManualClock
from tests.support.fake_cloud import InMemoryCloud
from tests.support.journal import InMemoryJournal
from tests.support.program import Ran
from vpcmetactl.cli.bootstrap import build_app
from vpcmetactl.cli.context import App, Cloud, TrustCache
from vpcmetactl.cli.main import cli
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.cli.terminal import Terminal
from vpcmetactl.domain.errors import StateError
from vpcmetactl.domain.trust import ProfileTrust
from vpcmetactl.usecases.ports import Caller, Clock, Journal, Observer, Realm


class Stream(StringIO):
    """A stream in memory that may pass for a terminal."""

    def __init__(self, text: str = "", *, terminal: bool = False) -> None:
        super().__init__(text)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def a_terminal(
    environ: Mapping[str, str] | None = None,
    *,
    answers: str = "",
    interactive: bool = False,
    quiet: bool = False,
    verbose: bool = False,
) -> Terminal:
    """Return streams in memory; ``answers`` is what a user types."""
    return Terminal(
        stdin=Stream(answers, terminal=interactive),
        stdout=Stream(terminal=interactive),
        stderr=Stream(terminal=interactive),
        environ=environ or {},
        quiet=quiet,
        verbose=verbose,
    )


class KeptTrust:
    """A ``TrustCache`` in memory; what is in it stays fresh."""

    def __init__(self) -> None:
        self.kept: Sequence[ProfileTrust] | None = None

    def load(self, now: datetime) -> Sequence[ProfileTrust] | None:
        del now
        return self.kept

    def save(self, trusts: Sequence[ProfileTrust], now: datetime) -> None:
        del now
        self.kept = trusts

    def forget(self) -> None:
        self.kept = None


def an_app(
    cloud: InMemoryCloud | None = None,
    *,
    journal: InMemoryJournal | None = None,
    environ: Mapping[str, str] | None = None,
    terminal: Terminal | None = None,
    state_error: StateError | None = None,
    opened: list[CloudOptions] | None = None,
    trust_cache: TrustCache | None = None,
    clock: Clock | None = None,
    raise_unexpected: bool = True,
) -> App:
    """Return an App on a cloud and a journal in memory.

    ``state_error`` is what comes of looking whether the state can be written. ``opened`` is given
    the options of every cloud that is opened.
    """
    the_cloud = cloud or InMemoryCloud()
    the_journal = journal or InMemoryJournal()
    the_cache = trust_cache or KeptTrust()
    said = environ or {}

    @contextmanager
    def open_cloud(options: CloudOptions, observer: Observer, max_workers: int) -> Iterator[Cloud]:
        del observer, max_workers
        if opened is not None:
            opened.append(options)
        yield the_cloud

    def check_state(options: CloudOptions) -> None:
        del options
        if state_error is not None:
            raise state_error

    @contextmanager
    def open_journal(options: CloudOptions, caller: Caller) -> Iterator[Journal]:
        del options, caller
        yield the_journal

    @contextmanager
    def open_log(
        options: CloudOptions, caller: Caller, observer: Observer
    ) -> Iterator[InMemoryJournal]:
        del options, caller, observer
        yield the_journal

    def open_trust_cache(options: CloudOptions, realm: Realm) -> TrustCache:
        del options, realm
        return the_cache

    real = build_app(said, terminal or a_terminal(said), clock or ManualClock())
    return replace(
        real,
        open_cloud=open_cloud,
        check_state=check_state,
        open_journal=open_journal,
        open_runs=open_log,
        open_log=open_log,
        open_trust_cache=open_trust_cache,
        raise_unexpected=raise_unexpected,
    )


def use(app: App, *arguments: str) -> Ran:
    """Run a command with this App; an exception that the program lets out is raised here."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        result = CliRunner().invoke(cli, arguments, obj=app)
    finally:
        signal.signal(signal.SIGTERM, handler)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    # Usage errors and help go to the streams of click's runner.
    return Ran(
        result.exit_code,
        written(app.terminal.stdout) + result.stdout,
        written(app.terminal.stderr) + result.stderr,
    )


def written(stream: object) -> str:
    """Return what was written to a stream in memory."""
    assert isinstance(stream, StringIO)
    return stream.getvalue()
