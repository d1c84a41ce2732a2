"""An emulated cloud on loopback, and the command line run against it."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner

from tests.support.clock import RealClock
from vpcmetactl.cli.bootstrap import build_app
from vpcmetactl.cli.main import cli
from vpcmetactl.cli.terminal import Terminal
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.faults import parse_fault
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.server import EmulatorServer
from vpcmetactl.emulator.vpc.activity import AnyServer
from vpcmetactl.emulator.vpc.resources import MetadataService
from vpcmetactl.usecases.ports import Clock

Process = subprocess.Popen[str]


@dataclass(frozen=True)
class Ran:
    """What a command printed and how it ended; it took ``seconds``."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def envelope(self) -> "Envelope":
        """The JSON on stdout."""
        return msgspec.json.decode(self.stdout, type=Envelope)


class Incomplete(msgspec.Struct):
    """A part of the fleet that could not be read."""

    region: str | None
    kind: str | None
    code: str
    message: str
    trace: str | None


class Scope(msgspec.Struct):
    """What was read."""

    regions: list[str]
    incomplete: list[Incomplete]


class Envelope(msgspec.Struct):
    """The parts of the envelope that these tests look at."""

    kind: str
    status: str
    exit_code: int
    scope: Scope
    items: list[dict[str, Any]]
    errors: list[dict[str, Any]]
    summary: Any = None

    @property
    def names(self) -> list[str]:
        """The names of the servers listed."""
        return [item["name"] for item in self.items]


@dataclass(frozen=True)
class EmulatedCloud:
    """An emulator that is being served, and a state file of its own."""

    emulator: Emulator
    url: str
    state: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point to it."""
        return {
            "VPCMETACTL_VPC_URL": f"{self.url}/vpc/{{region}}/v1",
            "VPCMETACTL_IAM_URL": f"{self.url}/iam",
            "VPCMETACTL_SEARCH_URL": f"{self.url}/search",
            "VPCMETACTL_STATE": str(self.state),
            "IBMCLOUD_API_KEY": self.emulator.world.api_key,
        }

    def server(self, name: str) -> AnyServer:
        """The one server of this name."""
        (server,) = self.emulator.world.find_servers(name)
        return server

    def is_enabled(self, name: str) -> bool:
        """Whether the metadata service of the server of this name is on."""
        service = self.server(name).metadata_service
        assert isinstance(service, MetadataService)
        return service.enabled

    def crn(self, name: str) -> str:
        """The CRN of the server of this name."""
        ran = self.run("servers", "list", "--no-state", "--name", name, "-o", "json")
        (item,) = ran.envelope.items
        self.emulator.clear_requests()
        return str(item["crn"])

    def fail(self, *faults: str) -> None:
        """Put these faults in force, and forget what was asked before."""
        self.emulator.clear_requests()
        self.emulator.set_faults([parse_fault(fault) for fault in faults])

    @property
    def asked(self) -> list[str]:
        """The operations asked for so far, in order."""
        return [request.operation or request.path for request in self.emulator.requests]

    def run(self, *words: str, **environment: str | None) -> Ran:
        """Run a command in this process; variables that are ``None`` are left out."""
        return run({**self.environment, **environment}, *words)

    def feed(self, text: str, *words: str) -> Ran:
        """Run a command in this process, with this text on its stdin."""
        return run(self.environment, *words, stdin=text)

    def run_later(self, hours: float, *words: str) -> Ran:
        """Run a command in this process so many hours from now, as its own clock says."""
        return run(self.environment, *words, clock=LateClock(timedelta(hours=hours)))

    def start(self, *words: str, **environment: str | None) -> Process:
        """Start a command in a process of its own."""
        return start({**self.environment, **environment}, *words)

    def spawn(self, *words: str, **environment: str | None) -> Ran:
        """Run a command in a process of its own."""
        return finish(self.start(*words, **environment))

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Ask the state file something, as a process of its own would."""
        connection = sqlite3.connect(self.state)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()


@contextmanager
def served(state: Path, scenario: str = "demo", *, seed: int = 0) -> Iterator[EmulatedCloud]:
    """Serve a scenario on a free port until the block ends."""
    emulator = Emulator(build_world(scenario, seed=seed))
    with EmulatorServer(emulator) as server:
        yield EmulatedCloud(emulator, server.url, state)


class LateClock(RealClock):
    """The machine's own time, and some more."""

    def __init__(self, late: timedelta) -> None:
        self._late = late

    def now(self) -> datetime:
        return super().now() + self._late


def run(
    environment: Mapping[str, str | None],
    *words: str,
    stdin: str | None = None,
    clock: Clock | None = None,
) -> Ran:
    """Run a command in this process, with this environment and streams that are no terminal."""
    environ = {name: value for name, value in environment.items() if value is not None}
    stdout, stderr = StringIO(), StringIO()
    terminal = Terminal(stdin=StringIO(), stdout=stdout, stderr=stderr, environ=environ)
    app = replace(build_app(environ, terminal, clock), raise_unexpected=True)
    before = signal.getsignal(signal.SIGTERM)
    began = time.monotonic()
    try:
        result = CliRunner().invoke(cli, words, obj=app, input=stdin)
    finally:
        signal.signal(signal.SIGTERM, before)
    seconds = time.monotonic() - began
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(
        result.exit_code,
        result.stdout + stdout.getvalue(),
        result.stderr + stderr.getvalue(),
        seconds,
    )


def process_environment(environment: Mapping[str, str | None]) -> dict[str, str]:
    """The test's own environment, which says nothing of a cloud, and these variables."""
    whole = {**os.environ, **environment}  # noqa: TID251 - handed on to a process
    return {name: value for name, value in whole.items() if value is not None}


def start(environment: Mapping[str, str | None], *words: str) -> Process:
    """Start a command in a process of its own, which Ctrl-C reaches."""
    with _interruptible():
        return subprocess.Popen(
            [sys.executable, "-m", "vpcmetactl", *words],
            env=process_environment(environment),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


@contextmanager
def _interruptible() -> Iterator[None]:
    """A process inherits from us that SIGINT is ignored, as it is for jobs in the background."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def finish(process: Process, seconds: float = 30) -> Ran:
    """Wait for a process and return what it printed."""
    began = time.monotonic()
    try:
        stdout, stderr = process.communicate(timeout=seconds)
    finally:
        process.kill()
    return Ran(process.returncode, stdout, stderr, time.monotonic() - began)


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Poll until something holds; fails when it does not come to hold."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to hold"
        pause.wait(0.005)
