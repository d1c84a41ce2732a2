"""Reading one account or many: each in its own session, all of them into one result.

Accounts of the cloud are read at the same time, accounts of a snapshot one after another. What is
told stands in the order in which the accounts were named, whichever is read first.
"""

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from queue import SimpleQueue
from typing import Any, Generic, TypeVar, cast

from vpcmetactl.cli.context import App, Cloud, Source
from vpcmetactl.cli.output import Emitter, OutputChoice
from vpcmetactl.cli.parameters import Choice
from vpcmetactl.cli.progress import ProgressObserver
from vpcmetactl.cli.session import Session, open_caller, tell_cut_off, warn_of_unread
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.domain.errors import (
    ExitCode,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    VpcmetactlError,
    strongest,
)
from vpcmetactl.domain.snapshots import Reading
from vpcmetactl.render.documents import Scope, Trailer, Unread
from vpcmetactl.usecases.fleet import FleetReading, not_found
from vpcmetactl.usecases.ports import Caller

T = TypeVar("T")

# So many accounts are opened at the same time: each costs a token.
_OPENERS = 16


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What reading one account came to, beside its items.

    ``unread`` is what could not be read beside the servers; ``is_short`` says that something is
    missing that ``tell`` names. ``is_found`` is whether there is what ``--exit-code`` asks for;
    ``None`` where any item is that. ``whole`` goes into the trailer of a single account.
    """

    reading: FleetReading | None = None
    unread: Sequence[Unread] = ()
    is_short: bool = False
    is_found: bool | None = None
    whole: Any = None
    tell: Callable[[], None] = _nothing


Read = Callable[[Session], Generator[Sequence[T], None, Part]]


@dataclass(frozen=True, slots=True)
class _Visit:
    """An account that was opened."""

    options: CloudOptions
    observer: ProgressObserver
    cloud: Cloud
    caller: Caller
    snapshot: Reading | None = None


@dataclass(slots=True)
class Accounts:
    """The accounts that a command reads, each once; ``errors`` are of those that cannot be."""

    app: App
    observer: ProgressObserver
    visits: Sequence[_Visit]
    errors: list[VpcmetactlError] = field(default_factory=list)
    _shut: list[Scope] = field(default_factory=list)
    # By the account's place among the visits: they end in any order.
    _read: dict[int, tuple[Part, Scope]] = field(default_factory=dict)
    _is_found: bool = False

    @property
    def are_many(self) -> bool:
        """Whether more than one account is meant."""
        return len(self.visits) + len(self.errors) > 1

    def read(
        self, read: Read[T], choice: Choice | None = None, places: Sequence[int] | None = None
    ) -> Iterator[Sequence[T]]:
        """Read every account, or those in some places, and give the items batch by batch.

        An account that cannot be read is missing from the result, unless it is the only one.
        Raises the first error where no account could be read, and NotFoundError for a server of
        the ``choice`` that no account has.
        """
        batches = self._batches(read, range(len(self.visits)) if places is None else places)
        if choice is not None and choice.selector.refs and self.are_many:
            batches = iter(list(batches))
            self._demand_found(choice)
        for batch in batches:
            self._is_found = self._is_found or bool(batch)
            yield batch
        if self.errors and not self._read:
            raise self.errors[0]

    def miss(self, account_id: str | None, name: str, error: VpcmetactlError) -> None:
        """Go on without an account; one without what was named has nothing to miss."""
        self.errors.append(error)
        if isinstance(error, NotFoundError):
            self.observer.note(f"{name}: {error}")
        else:
            unread = Unread(account_id, None, None, _of_context(name, error), "account")
            self._shut.append(Scope(incomplete=[unread]))

    def scopes(self, places: Sequence[int]) -> Mapping[int, Scope]:
        """Return what was read of the accounts in some places, for ``take_over``."""
        return {place: self._read[place][1] for place in places}

    def take_over(self, scopes: Mapping[int, Scope]) -> None:
        """Count accounts as read that another process has read."""
        self._read |= {place: (Part(), scope) for place, scope in scopes.items()}

    def scope(self) -> Scope:
        """Say what was read of all accounts together, and what could not be."""
        return _joined([*(scope for _, scope in self._results), *self._shut])

    def conclude(
        self, out: Emitter[Any], output: OutputChoice, *, exit_code: bool = False
    ) -> ExitCode:
        """Complete the result, say on stderr what is missing, and return the exit code.

        With ``exit_code`` a result that is not empty ends with 3.
        """
        self.observer.finish()
        scope, parts = self.scope(), [part for part, _ in self._results]
        told = [part.is_found for part in parts if part.is_found is not None]
        is_finding = exit_code and (any(told) if told else self._is_found)
        is_short = bool(scope.incomplete) or any(part.is_short for part in parts)
        code = strongest(
            ExitCode.INCOMPLETE if is_short else ExitCode.OK,
            ExitCode.FINDINGS if is_finding else ExitCode.OK,
        )
        whole = parts[0].whole if len(parts) == 1 else None
        now = self.app.clock.now()
        out.end(Trailer(generated_at=now, exit_code=code, scope=scope, whole=whole))
        warn_of_unread(self.app, scope.incomplete, output)
        for part in parts:
            part.tell()
        return code

    def _batches(self, read: Read[T], places: Sequence[int]) -> Iterator[Sequence[T]]:
        if not self.are_many or (self.visits and self.visits[0].snapshot is not None):
            for place in places:
                yield from self._visit(place, read)
            return
        lanes = [_Lane(partial(self._visit, place, read)) for place in places]
        for lane in lanes:
            lane.start()
        for place, lane in zip(places, lanes, strict=True):
            visit = self.visits[place]
            name = _name(visit.options)
            try:
                yield from lane.batches()
            except (InvalidInputError, RefusedError) as error:
                raise _of_context(name, error) from None  # a mistake of the user's
            except VpcmetactlError as error:
                self.miss(visit.caller.account_id, name, error)

    @property
    def _results(self) -> Sequence[tuple[Part, Scope]]:
        return [self._read[place] for place in sorted(self._read)]

    def _visit(self, place: int, read: Read[T]) -> Iterator[Sequence[T]]:
        visit = self.visits[place]
        app, options, observer = self.app, visit.options, visit.observer
        with app.open_log(options, visit.caller, observer) as log:
            session = Session(
                app,
                options,
                observer,
                visit.cloud,
                visit.caller,
                log,
                visit.snapshot,
                self.are_many,
            )
            tell_cut_off(session)
            part = yield from read(session)
            self._read[place] = (part, session.scope(part.reading, part.unread))

    def _demand_found(self, choice: Choice) -> None:
        """Raise for a server that was named and is in none of the accounts."""
        readings = [part.reading for part, _ in self._results if part.reading is not None]
        if choice.ignore_not_found or not readings:
            return
        missing = [
            ref for ref in readings[0].missing if all(ref in one.missing for one in readings)
        ]
        if not missing:
            return
        shut = [unread.error for scope in self._shut for unread in scope.incomplete]
        if shut:
            told = ", ".join(repr(ref.text) for ref in missing)
            raise NotFoundError(
                f"no server matches {told} as far as could be read; {shut[0]}",
                hint="not every account could be read: it may be in one of those",
                trace=shut[0].trace,
            )
        unread = [part for reading in readings for part in reading.unread]
        raise not_found(missing, choice.selector, unread)


class _Lane(Generic[T]):
    """One account, read on a thread of its own. Its batches wait until it is their turn."""

    def __init__(self, read: Callable[[], Iterator[Sequence[T]]]) -> None:
        self._read = read
        self._error: BaseException | None = None
        self._batches: SimpleQueue[Sequence[T] | None] = SimpleQueue()
        # A daemon: Ctrl-C must not wait for an account that answers slowly.
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def batches(self) -> Iterator[Sequence[T]]:
        """Give what was read, as it comes; raises what reading it did."""
        while (batch := self._batches.get()) is not None:
            yield batch
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for batch in self._read():
                self._batches.put(batch)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._error = error
        finally:
            self._batches.put(None)


@contextmanager
def open_accounts(
    app: App, options: CloudOptions, *, told_at_end: bool = False
) -> Iterator[Accounts]:
    """Open every account that the options mean: of the contexts, of a snapshot, or the one.

    ``told_at_end`` says that nothing is told before everything was read.

    Raises RefusedError, before any other call is made, where an account is not the one demanded
    or two contexts are of the same one, and the first error where no account can be opened.
    """
    observer = ProgressObserver(app.terminal, app.clock)
    chosen = app.settings.select(options)
    try:
        with ExitStack() as stack:
            if options.source is not None:
                source = app.open_source(options.source, options.account, told_at_end=told_at_end)
                sources = stack.enter_context(source)
                yield _of_snapshot(app, options, sources, observer)
            elif len(chosen) == 1:
                cloud, caller = stack.enter_context(open_caller(app, chosen[0], observer))
                yield Accounts(app, observer, [_Visit(chosen[0], observer, cloud, caller)])
            else:
                yield _of_contexts(stack, app, chosen, observer)
    finally:
        observer.close()


def _of_snapshot(
    app: App,
    options: CloudOptions,
    sources: Sequence[tuple[Source, Reading]],
    observer: ProgressObserver,
) -> Accounts:
    taken = [reading.taken_at for _, reading in sources]
    first, last = f"{min(taken):%Y-%m-%d %H:%M} UTC", f"{max(taken):%Y-%m-%d %H:%M} UTC"
    when = first if first == last else f"{first} to {last}"
    observer.note(f"read from {options.source}, taken {when}")
    options = replace(options, no_state=True)
    visits = [
        _Visit(
            options,
            observer.labelled(reading.account_id or "") if len(sources) > 1 else observer,
            cast("Cloud", source),
            source.get_caller(),
            reading,
        )
        for source, reading in sources
    ]
    return Accounts(app, observer, visits)


def _of_contexts(
    stack: ExitStack, app: App, chosen: Sequence[CloudOptions], observer: ProgressObserver
) -> Accounts:
    """Open every context at the same time; nothing is read before all are who they should be."""

    def open_one(options: CloudOptions) -> _Visit | VpcmetactlError:
        own = observer.labelled(_name(options))
        try:
            return _Visit(options, own, *stack.enter_context(open_caller(app, options, own)))
        except VpcmetactlError as error:
            return error

    with ThreadPoolExecutor(_OPENERS) as pool:
        opened = list(zip(chosen, pool.map(open_one, chosen), strict=True))
    for _, one in opened:
        if isinstance(one, InvalidInputError | RefusedError):
            raise one
    visits = [one for _, one in opened if isinstance(one, _Visit)]
    _refuse_twice(visits)
    accounts = Accounts(app, observer, visits)
    for options, one in opened:
        if isinstance(one, VpcmetactlError):
            account = options.context.account_id if options.context else None
            accounts.miss(account, _name(options), one)
    if accounts.errors and not visits:
        raise accounts.errors[0]
    return accounts


def _refuse_twice(visits: Sequence[_Visit]) -> None:
    """Raise RefusedError for two contexts of one account: its servers would be counted twice."""
    named: dict[str, str] = {}
    for visit in visits:
        account, name = visit.caller.account_id, _name(visit.options)
        if account and account in named:
            raise RefusedError(
                f"contexts {named[account]} and {name} are of the same account, {account}",
                hint="nothing was read; name one of them",
            )
        if account:
            named[account] = name


def _name(options: CloudOptions) -> str:
    return options.context.name if options.context else ""


def _of_context(name: str, error: VpcmetactlError) -> VpcmetactlError:
    """Return an error that says whose it is: the account may not be known by its id."""
    if not name or f"context {name}" in str(error):
        return error
    told = copy(error)
    told.args = (f"context {name}: {error}",)
    return told


def _joined(scopes: Sequence[Scope]) -> Scope:
    """Return one scope for several; what is not the same everywhere is not told."""
    endpoints = {scope.endpoint for scope in scopes if scope.endpoint}
    snapshots = {scope.snapshot for scope in scopes if scope.snapshot}
    taken = [scope.taken_at for scope in scopes if scope.taken_at]
    return Scope(
        accounts=[account for scope in scopes for account in scope.accounts],
        regions=list(dict.fromkeys(region for scope in scopes for region in scope.regions)),
        excluded=list(dict.fromkeys(region for scope in scopes for region in scope.excluded)),
        incomplete=[unread for scope in scopes for unread in scope.incomplete],
        endpoint=endpoints.pop() if len(endpoints) == 1 else None,
        snapshot=snapshots.pop() if len(snapshots) == 1 else None,
        taken_at=min(taken) if taken else None,
    )
