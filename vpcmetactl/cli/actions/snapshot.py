"""What ``snapshot`` does."""

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from threading import Lock

from vpcmetactl import __version__
from vpcmetactl.cli.accounts import Accounts, Part, open_accounts
from vpcmetactl.cli.context import App, SnapshotSink
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Choice, Given, Predicate, take_app, take_choice
from vpcmetactl.cli.session import Session, warn_of_unread
from vpcmetactl.cli.trust import TrustReading, profiles_of
from vpcmetactl.domain.diffing import SnapshotDiff
from vpcmetactl.domain.errors import (
    AuthenticationError,
    ExitCode,
    InvalidInputError,
    RefusedError,
    VpcmetactlError,
    strongest,
)
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.domain.shards import demand_all
from vpcmetactl.domain.snapshots import Content, Gap, Reading, Record
from vpcmetactl.domain.templates import InstanceTemplate
from vpcmetactl.domain.trust import ProfileTrust
from vpcmetactl.render.documents import Scope, Trailer, Unread
from vpcmetactl.usecases.fleet import FleetReading
from vpcmetactl.usecases.templates import read_templates

_NOUNS = {
    Content.SERVERS: "server",
    Content.PROFILES: "trusted profile",
    Content.TEMPLATES: "instance template",
}


def save_snapshot(app: App, given: Given) -> ExitCode:
    """Read the fleet and what belongs to it, and write it into a file."""
    contents = _contents(given.pop("content"))
    choice = take_choice(given)
    app, options = take_app(app, given)
    path = Path(given["file"])
    # Found out before the fleet is read, which may take minutes.
    _demand_folder(path)
    where = choice.predicate()
    saving = _Saving(choice, where, contents)
    with open_accounts(app, options) as accounts, app.files.snapshot_writer() as writer:
        for batch in accounts.read(saving.read, choice):
            for account, write in batch:
                write(writer, saving.place_of(account))
        accounts.observer.finish()
        _demand_all(accounts)
        writer.save(path, saving.in_order(), __version__)
        unread = accounts.scope().incomplete
        warn_of_unread(app, unread)
        if saving.parts_unread:
            app.terminal.say(
                f"incomplete: {saving.parts_unread} more lists of links, claim rules or identities "
                "could not be read; profiles list --source names them"
            )
    from vpcmetactl.render.views.words import counted  # noqa: PLC0415 - usage errors first

    told = [counted(saving.counts[one], noun) for one, noun in _NOUNS.items() if one in contents]
    if accounts.are_many:
        told[-1] += f", of {len(saving.readings)} accounts"
    app.terminal.note(f"saved as {path}: {', '.join(told)}")
    return ExitCode.INCOMPLETE if unread else ExitCode.OK


def _demand_all(accounts: Accounts) -> None:
    """Refuse to save without an account: nobody who reads the file could tell that it is missing.

    What is missing of an account stands in the file; of one that was not read there is no place.
    """
    if accounts.errors:
        raise RefusedError(
            f"nothing was saved, for not every account could be read: {accounts.errors[0]}",
            hint="leave its context out; or save each context in a file of its own, and put them "
            "together with snapshot merge",
        ) from accounts.errors[0]


def _demand_folder(path: Path) -> None:
    if not path.absolute().parent.is_dir():
        raise InvalidInputError(f"{path}: its folder is not there", hint="make the folder first")


def _contents(words: str) -> Collection[Content]:
    try:
        return {Content.SERVERS, *(Content(word.strip()) for word in words.split(","))}
    except ValueError:
        raise InvalidInputError(
            f"--content {words}: is not a list of what can be saved",
            hint=f"it can be {', '.join(Content)}, with commas between them",
        ) from None


# Writes a part of an account down; the number is the account's place in the file.
Write = Callable[[SnapshotSink, int], None]


@dataclass(slots=True)
class _Saving:
    """Reads accounts for a snapshot, and counts; ``readings`` tell what was read of each."""

    choice: Choice
    where: Predicate | None
    contents: Collection[Content]
    counts: Counter[Content] = field(default_factory=Counter)
    readings: dict[str | None, Reading] = field(default_factory=dict)
    parts_unread: int = 0
    _places: dict[str | None, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def place_of(self, account: str | None) -> int:
        """Return the account's place in the file: that of its first line."""
        return self._places.setdefault(account, len(self._places))

    def in_order(self) -> Sequence[Reading]:
        """Return what was read, account by account."""
        for account in self.readings:
            self.place_of(account)
        return [self.readings[account] for account in self._places]

    def read(self, session: Session) -> Generator[Sequence[tuple[str | None, Write]], None, Part]:
        """Read one account; what is given writes it down."""
        account = session.realm.account_id or None
        one = _Account(session)
        reading = session.read(self.choice, self.where)
        writes = one.servers(reading)
        if Content.PROFILES in self.contents:
            writes = chain(writes, one.profiles())
        if Content.TEMPLATES in self.contents:
            writes = chain(writes, one.templates(reading.regions))
        for write in writes:
            yield [(account, write)]
        unread = [Unread(account, gap.region, gap.kind, gap.error, gap.content) for gap in one.gaps]
        parts = one.parts_unread
        # One stands for all: there may be thousands, and mostly for the same reason.
        unread += [Unread(account, None, None, error, Content.PROFILES) for error in parts[:1]]
        with self._lock:
            self.readings[account] = _reading(
                session, self.choice, reading, self.contents, one.gaps
            )
            self.counts.update(one.counts)
            self.parts_unread += max(len(parts) - 1, 0)
        # What could not be read of the servers is among the gaps.
        return Part(unread=unread)


@dataclass(slots=True)
class _Account:
    """One account; ``gaps`` are what could not be read as a whole.

    ``parts_unread`` are links, rules or identities of single profiles, which are written with why.
    """

    session: Session
    counts: Counter[Content] = field(default_factory=Counter)
    gaps: list[Gap] = field(default_factory=list)
    parts_unread: Sequence[VpcmetactlError] = ()

    def servers(self, reading: FleetReading) -> Iterator[Write]:
        """Give the servers."""
        for batch in reading:
            self.counts[Content.SERVERS] += len(batch)
            yield partial(_write_servers, batch)
        self.gaps += [
            Gap(content=Content.SERVERS, region=one.region, kind=one.kind, error=one.error)
            for one in reading.unread
        ]

    def profiles(self) -> Iterator[Write]:
        """Give the trusted profiles, those that could be read in part, too."""
        try:
            trusts = TrustReading(self.session, profiles_of(self.session))
        except AuthenticationError:
            raise
        except VpcmetactlError as error:
            self._miss(Content.PROFILES, None, error)
            return
        for trust in trusts:
            self.counts[Content.PROFILES] += 1
            yield partial(_write_profile, trust)
        self.parts_unread = trusts.errors

    def templates(self, regions: Collection[str]) -> Iterator[Write]:
        """Give the instance templates."""
        try:
            read = read_templates(self.session.cloud, sorted(regions), self.session.workers)
        except AuthenticationError:
            raise
        except VpcmetactlError as error:
            for region in regions:
                self._miss(Content.TEMPLATES, region, error)
            return
        for template in read.templates:
            yield partial(_write_template, template)
        self.counts[Content.TEMPLATES] = len(read.templates)
        for one in read.unread:
            self._miss(Content.TEMPLATES, one.region, one.error)

    def _miss(self, content: Content, region: str | None, error: VpcmetactlError) -> None:
        self.gaps.append(Gap(content=content, region=region, kind=None, error=error))


def _write_servers(batch: Sequence[AssessedServer], sink: SnapshotSink, place: int) -> None:
    sink.add_servers(batch, place)


def _write_profile(trust: ProfileTrust, sink: SnapshotSink, place: int) -> None:
    sink.add_profile(trust, place)


def _write_template(template: InstanceTemplate, sink: SnapshotSink, place: int) -> None:
    sink.add_template(template, place)


def _reading(
    session: Session,
    choice: Choice,
    reading: FleetReading,
    contents: Collection[Content],
    gaps: list[Gap],
) -> Reading:
    realm = session.realm
    selector = choice.selector
    by_place = ServerSelector(regions=selector.regions, kinds=selector.kinds)
    is_narrowed = selector != by_place or choice.where is not None
    return Reading(
        account_id=realm.account_id or None,
        vpc_endpoint=realm.vpc_endpoint,
        iam_host=realm.iam_host,
        taken_at=session.app.clock.now(),
        rule=session.options.named_rule,
        regions=tuple(sorted(reading.regions)),
        is_everywhere=not selector.regions,
        kinds=tuple(selector.wanted_kinds),
        selection=choice.words if is_narrowed else (),
        contents=tuple(content for content in Content if content in contents),
        gaps=tuple(gaps),
    )


def diff_snapshots(app: App, given: Given) -> ExitCode:
    """Tell two snapshots apart."""
    with failures_told(app, "diff", given["output"]):
        output = read_output(app, "diff", given)
        before, after = Path(given["before"]), Path(given["after"])
    from vpcmetactl.render.views.diffs import DIFF  # noqa: PLC0415 - usage errors first

    with (
        emitter(app, DIFF, output) as out,
        app.files.open_snapshot(before) as old,
        app.files.open_snapshot(after) as new,
    ):
        comparison = SnapshotDiff(old, new)
        found = False
        for difference in comparison:
            found = True
            out.item(difference)
        summary = comparison.summary
        incomplete = [*_unread(old, before), *_unread(new, after)]
        is_partial = bool(incomplete or summary.not_comparable or summary.parts_unread)
        code = strongest(
            ExitCode.INCOMPLETE if is_partial else ExitCode.OK,
            ExitCode.FINDINGS if given["exit_code"] and found else ExitCode.OK,
        )
        scope = Scope(
            accounts=list(dict.fromkeys(one.account_id for one in new.readings if one.account_id)),
            regions=sorted({region for one in new.readings for region in one.regions}),
            incomplete=incomplete,
            snapshot=str(after),
            taken_at=new.readings[0].taken_at,
        )
        out.end(Trailer(generated_at=app.clock.now(), exit_code=code, scope=scope, whole=summary))
        warn_of_unread(app, incomplete, output)
    return code


def merge_snapshots(app: App, given: Given) -> ExitCode:
    """Put snapshots together."""
    output, shards = Path(given["output"]), [Path(name) for name in given["shards"]]
    _demand_folder(output)
    if given["expect"] is not None:
        demand_all(given["shards"], given["expect"])
    newest = given["prefer"] == "newest"
    merger = app.files.merge_snapshots(shards, output, __version__, newest=newest)
    for name in merger.copies:
        app.terminal.say(f"{name} is left out: it is a copy of another one")
    for name, words, later in merger.replaced:
        app.terminal.say(f"{name}: its {words} are left out for those of {later}")
    unread = [one for name, reading in merger.readings for one in _unread_of(reading, Path(name))]
    warn_of_unread(app, unread)
    from vpcmetactl.render.views.words import counted  # noqa: PLC0415 - usage errors first

    accounts = {reading.account_id for _, reading in merger.readings}
    told = [counted(len(accounts), "account")]
    told += [counted(count, _NOUNS[content]) for content, count in sorted(merger.counts.items())]
    app.terminal.note(f"merged as {output}: {', '.join(told)}")
    return ExitCode.INCOMPLETE if unread else ExitCode.OK


def _unread(record: Record, path: Path) -> Iterator[Unread]:
    """Give what a snapshot does not hold because it could not be read, with the snapshot's name."""
    for reading in record.readings:
        yield from _unread_of(reading, path)


def _unread_of(reading: Reading, path: Path) -> Iterator[Unread]:
    for gap in reading.gaps:
        error = copy(gap.error)
        error.args = (f"{path}: {error}",)
        yield Unread(reading.account_id, gap.region, gap.kind, error, gap.content)
