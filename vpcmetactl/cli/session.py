"""One visit to the cloud: who we are there, and everything that a use case is given."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from vpcmetactl.cli.context import App, Cloud
from vpcmetactl.cli.output import OutputChoice
from vpcmetactl.cli.parameters import Choice, Predicate
from vpcmetactl.cli.progress import ProgressObserver
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.domain.errors import ExitCode, InvalidInputError, RefusedError
from vpcmetactl.domain.restarts import NOT_ASKED, AssessedServer
from vpcmetactl.domain.servers import Server, ServerKind
from vpcmetactl.domain.snapshots import Reading
from vpcmetactl.render.cut_off import cut_off_warnings
from vpcmetactl.render.documents import Scope, Trailer, Unread
from vpcmetactl.usecases.fleet import FleetReader, FleetReading
from vpcmetactl.usecases.listing import Unread as UnreadServers
from vpcmetactl.usecases.ports import Caller, EvidenceLog, PastVerdicts, Realm

# Regions times kinds, and some more for chains that are split.
READERS = 32
_NAMED = 5


class _Unasked:
    """Verdicts of which nobody will ask."""

    def recall(self, servers: Sequence[Server]) -> Sequence[AssessedServer]:
        """Return servers with nothing known of them."""
        return [AssessedServer(server, NOT_ASKED) for server in servers]


@dataclass(frozen=True, slots=True)
class Session:
    """An open visit to one account.

    ``is_one_of_many``: servers are looked for in other accounts, too, so that a name that is not
    found in this one is no error yet.
    """

    app: App
    options: CloudOptions
    observer: ProgressObserver
    cloud: Cloud
    caller: Caller
    log: EvidenceLog
    snapshot: Reading | None = None
    is_one_of_many: bool = False

    @property
    def home_regions(self) -> Sequence[str]:
        """The regions that the context means where none is named."""
        return self.options.context.regions if self.options.context else ()

    @property
    def excluded_regions(self) -> Sequence[str]:
        """The regions that the context leaves out."""
        return self.options.context.exclude_regions if self.options.context else ()

    @property
    def workers(self) -> int:
        """How many calls to make at a time; what is in a file is not read faster by several."""
        return 1 if self.snapshot else self.options.max_workers or READERS

    def read(
        self,
        choice: Choice,
        where: Predicate | None,
        *,
        verdicts: bool = True,
        with_tags: bool = False,
    ) -> FleetReading:
        """Begin to read the chosen servers; of a snapshot only those that it was to hold.

        Without ``verdicts`` those of a snapshot are not looked up, and all are unknown. User tags
        are told ``with_tags``, or where servers are chosen by them.
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
            rule=self.options.named_rule,
            ignore_not_found=choice.ignore_not_found or self.is_one_of_many,
            verdicts=past if self.snapshot else None,
            regions=self.home_regions,
            excluded=self.excluded_regions,
        )
        return reader.open(selector, where, with_tags=with_tags)

    def scope(self, reading: FleetReading | None = None, unread: Sequence[Unread] = ()) -> Scope:
        """Say what was read, and what could not be: of servers, and otherwise."""
        account = self.caller.account_id
        regions = list(reading.regions) if reading else []
        # They fail in any order, and are told in that of the regions.
        parts = sorted(reading.unread if reading else (), key=lambda part: _place(part, regions))
        servers = [Unread(account, part.region, part.kind, part.error) for part in parts]
        return Scope(
            accounts=[account] if account else [],
            regions=regions,
            excluded=self.excluded_regions,
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

    @property
    def realm(self) -> Realm:
        """Which cloud this is, as whom."""
        return self.app.settings.realm(self.options, self.caller)


def _place(part: UnreadServers, regions: Sequence[str]) -> tuple[int, str]:
    known = part.region in regions
    return regions.index(part.region) if known else len(regions), part.kind or ""


@contextmanager
def open_session(
    app: App, options: CloudOptions, *, resuming: str | None = None
) -> Iterator[Session]:
    """Open the cloud and the log of what was seen, of one account.

    Says which servers a run may have left stopped, unless it is the one that is resumed. Raises
    AuthenticationError, and RefusedError where the account is not the one demanded, before any
    other call is made.
    """
    (options,) = app.settings.select(options)
    observer = ProgressObserver(app.terminal, app.clock)
    try:
        if options.source is not None:
            with open_snapshot(app, options, options.source, observer) as session:
                yield session
            return
        with (
            open_caller(app, options, observer) as (cloud, caller),
            app.open_log(options, caller, observer) as log,
        ):
            session = Session(app, options, observer, cloud, caller, log)
            tell_cut_off(session, resuming=resuming)
            yield session
    finally:
        observer.close()


@contextmanager
def open_caller(
    app: App, options: CloudOptions, observer: ProgressObserver
) -> Iterator[tuple[Cloud, Caller]]:
    """Open the cloud and find out who we are there, which must be who was demanded."""
    for name, url in app.settings.overridden_endpoints(options).items():
        observer.note(f"{name} is {url}")
    with app.open_cloud(options, observer, options.max_workers or READERS) as cloud:
        caller = cloud.get_caller()
        guard_account(options, caller)
        yield cloud, caller


def tell_cut_off(session: Session, *, resuming: str | None = None) -> None:
    """Say which servers a run may have left stopped."""
    cut_off = [
        one
        for one in session.log.list_cut_off_restarts()
        if resuming is None or not one.run_id.startswith(resuming)
    ]
    for warning in cut_off_warnings(cut_off):
        session.app.terminal.say(warning)


@contextmanager
def open_snapshot(
    app: App, options: CloudOptions, path: Path, observer: ProgressObserver
) -> Iterator[Session]:
    """Stand a snapshot in the place of the cloud: nothing is asked, and nothing remembered."""
    with app.open_source(path, options.account) as sources:
        if len(sources) > 1:
            accounts = ", ".join(str(reading.account_id) for _, reading in sources[:_NAMED])
            raise InvalidInputError(
                f"{path} holds {len(sources)} accounts, and one is meant here",
                hint=f"say which with --account: {accounts}"
                + (", …" if len(sources) > _NAMED else ""),
            )
        ((source, reading),) = sources
        observer.note(f"read from {path}, taken {reading.taken_at:%Y-%m-%d %H:%M} UTC")
        cloud, caller = cast("Cloud", source), source.get_caller()
        with app.open_log(replace(options, no_state=True), caller, observer) as log:
            yield Session(app, options, observer, cloud, caller, log, reading)


def guard_account(options: CloudOptions, caller: Caller) -> None:
    """Raise RefusedError where the account is not the one demanded."""
    named = options.context.account_id if options.context else None
    for demanded in (options.account, named):
        if demanded and demanded != caller.account_id:
            where = f" (context {options.context.name})" if options.context else ""
            raise RefusedError(
                f"the credentials{where} belong to account {caller.account_id or '(not told)'}, "
                f"not to {demanded}",
                hint="nothing was read or changed; use credentials of the account meant",
            )


def warn_of_unread(app: App, parts: Sequence[Unread], output: OutputChoice | None = None) -> None:
    """Name on stderr what could not be read; briefly where ``output`` has said it at length.

    Where a result went to stdout, and that is no terminal, the last line says that it is not whole.
    """
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
    # Behind all the rest: where lines of JSON end, this alone says that they are not everything.
    if output is not None and not app.terminal.stdout.isatty():
        places = ", ".join(dict.fromkeys(part.region or part.words for part in parts))
        app.terminal.say(f"incomplete: {places} could not be read as a whole")
