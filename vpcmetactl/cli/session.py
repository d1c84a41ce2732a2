"""One visit to the cloud: who we are there, and everything that a use case is given."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from vpcmetactl.cli.context import App, Cloud
from vpcmetactl.cli.output import Emitter, OutputChoice
from vpcmetactl.cli.parameters import Choice, Predicate
from vpcmetactl.cli.progress import ProgressObserver
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.domain.errors import ExitCode, RefusedError, strongest
from vpcmetactl.domain.restarts import NOT_ASKED, AssessedServer
from vpcmetactl.domain.servers import Server, ServerKind
from vpcmetactl.domain.snapshots import Reading
from vpcmetactl.render.cut_off import cut_off_warnings
from vpcmetactl.render.documents import Scope, Trailer, Unread
from vpcmetactl.usecases.fleet import FleetReader, FleetReading
from vpcmetactl.usecases.ports import Caller, EvidenceLog, PastVerdicts, Realm

# Regions times kinds, and some more for chains that are split.
READERS = 32


class _Unasked:
    """Verdicts of which nobody will ask."""

    def recall(self, servers: Sequence[Server]) -> Sequence[AssessedServer]:
        """Return servers with nothing known of them."""
        return [AssessedServer(server, NOT_ASKED) for server in servers]


@dataclass(frozen=True, slots=True)
class Session:
    """An open visit. ``account_id`` is empty where the token does not name one."""

    app: App
    options: CloudOptions
    observer: ProgressObserver
    cloud: Cloud
    caller: Caller
    log: EvidenceLog
    snapshot: Reading | None = None

    @property
    def workers(self) -> int:
        """How many calls to make at a time; what is in a file is not read faster by several."""
        return 1 if self.snapshot else self.options.max_workers or READERS

    def read(
        self, choice: Choice, where: Predicate | None, *, verdicts: bool = True
    ) -> FleetReading:
        """Begin to read the chosen servers; of a snapshot only those that it was to hold.

        Without ``verdicts`` those of a snapshot are not looked up, and all are unknown.
        """
        past = cast("PastVerdicts", self.cloud) if verdicts else _Unasked()
        selector = choice.selector
        if self.snapshot is not None and not selector.kinds:
            held = self.snapshot.kinds
            selector = selector if set(held) == set(ServerKind) else replace(selector, kinds=held)
        reader = FleetReader(
            inventory=self.cloud,
            log=self.log,
            observer=self.observer,
            clock=self.app.clock,
            max_workers=self.workers,
            rule=self.options.restart_rule,
            ignore_not_found=choice.ignore_not_found,
            verdicts=past if self.snapshot else None,
        )
        return reader.open(selector, where)

    def scope(self, reading: FleetReading | None = None, unread: Sequence[Unread] = ()) -> Scope:
        """Say what was read, and what could not be: of servers, and otherwise."""
        account = self.caller.account_id
        parts = reading.unread if reading else ()
        servers = [Unread(account, part.region, part.kind, part.error) for part in parts]
        return Scope(
            accounts=[account] if account else [],
            regions=reading.regions if reading else (),
            incomplete=[*servers, *unread],
            endpoint=self._endpoint,
            snapshot=str(self.options.source) if self.snapshot else None,
            taken_at=self.snapshot.taken_at if self.snapshot else None,
        )

    @property
    def _endpoint(self) -> str:
        if self.snapshot is not None:
            return self.snapshot.vpc_endpoint
        return self.app.settings.vpc_url(self.options)

    def trailer(
        self,
        reading: FleetReading | None,
        exit_code: ExitCode,
        unread: Sequence[Unread] = (),
        **more: Any,
    ) -> Trailer:
        """Return the trailer of a result made from a reading, or from none.

        ``unread`` is what could not be read beside the servers.
        """
        return Trailer(
            generated_at=self.app.clock.now(),
            exit_code=exit_code,
            scope=self.scope(reading, unread),
            **more,
        )

    def conclude(
        self,
        out: Emitter[Any],
        output: OutputChoice,
        reading: FleetReading | None = None,
        *,
        unread: Sequence[Unread] = (),
        is_short: bool = False,
        is_finding: bool = False,
        **more: Any,
    ) -> ExitCode:
        """Complete a result, say on stderr what is missing from it, and return the exit code.

        ``unread`` is what could not be read beside the servers; ``is_short`` says that something
        is missing that is told elsewhere. ``is_finding``: that there is a result ends with 3.
        """
        self.observer.finish()
        is_short = is_short or bool(unread or (reading and reading.unread))
        code = strongest(
            ExitCode.INCOMPLETE if is_short else ExitCode.OK,
            ExitCode.FINDINGS if is_finding else ExitCode.OK,
        )
        trailer = self.trailer(reading, code, unread, **more)
        out.end(trailer)
        warn_of_unread(self.app, trailer.scope.incomplete, output)
        return code

    @property
    def realm(self) -> Realm:
        """Which cloud this is, as whom."""
        return self.app.settings.realm(self.options, self.caller)


@contextmanager
def open_session(
    app: App, options: CloudOptions, *, resuming: str | None = None
) -> Iterator[Session]:
    """Open the cloud and the log of what was seen.

    Says which servers a run may have left stopped, unless it is the one that is resumed. Raises
    AuthenticationError, and RefusedError where the account is not the one demanded, before any
    other call is made.
    """
    if options.source is not None:
        with _from_snapshot(app, options, options.source) as session:
            yield session
        return
    observer = ProgressObserver(app.terminal, app.clock)
    workers = options.max_workers or READERS
    for name, url in app.settings.overridden_endpoints().items():
        observer.note(f"{name} is {url}")
    try:
        with app.open_cloud(options, observer, workers) as cloud:
            caller = cloud.get_caller()
            _guard_account(options, caller)
            with app.open_log(options, caller, observer) as log:
                cut_off = [
                    one
                    for one in log.list_cut_off_restarts()
                    if resuming is None or not one.run_id.startswith(resuming)
                ]
                for warning in cut_off_warnings(cut_off):
                    app.terminal.say(warning)
                yield Session(app, options, observer, cloud, caller, log)
    finally:
        observer.close()


@contextmanager
def _from_snapshot(app: App, options: CloudOptions, path: Path) -> Iterator[Session]:
    """Stand a snapshot in the place of the cloud: nothing is asked, and nothing remembered."""
    observer = ProgressObserver(app.terminal, app.clock)
    try:
        with app.open_source(path, options.account) as (source, reading):
            taken = f"{reading.taken_at:%Y-%m-%d %H:%M} UTC"
            observer.note(f"read from {path}, taken {taken}")
            cloud, caller = cast("Cloud", source), source.get_caller()
            with app.open_log(replace(options, no_state=True), caller, observer) as log:
                yield Session(app, options, observer, cloud, caller, log, reading)
    finally:
        observer.close()


def _guard_account(options: CloudOptions, caller: Caller) -> None:
    if options.account and options.account != caller.account_id:
        raise RefusedError(
            f"the credentials belong to account {caller.account_id or '(not told)'}, "
            f"not to {options.account}",
            hint="nothing was read or changed; use credentials of the account meant",
        )


def warn_of_unread(app: App, parts: Sequence[Unread], output: OutputChoice | None = None) -> None:
    """Name on stderr what could not be read; briefly where ``output`` has said it at length."""
    if not parts:
        return
    told = output is not None and output.remarks_on_stdout
    for part in () if told else parts:
        what = f"the {part.things}" if part.things else part.words
        place = f" of {part.region}" if part.things and part.region else ""
        app.terminal.say(f"incomplete: {what}{place} could not be read: {part.error}")
    for trace in dict.fromkeys(part.error.trace for part in parts):
        if trace:
            app.terminal.say(f"trace: {trace}")
    for hint in dict.fromkeys(part.error.hint for part in parts):
        if hint:
            app.terminal.note(f"hint: {hint}")
    if told and not app.terminal.stdout.isatty():
        places = ", ".join(dict.fromkeys(part.region or part.words for part in parts))
        app.terminal.say(f"incomplete: {places} could not be read as a whole")
