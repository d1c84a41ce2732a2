"""Puts the program together. The one place that knows which adapter stands behind which port."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, TypeVar

from vpcmetactl.cli.collecting import uncollected
from vpcmetactl.cli.context import (
    App,
    Cloud,
    EvidenceReader,
    SnapshotSink,
    Source,
    TrustCache,
)
from vpcmetactl.cli.settings import CloudOptions, Settings, process_environment
from vpcmetactl.cli.terminal import Terminal, standard_terminal
from vpcmetactl.domain.errors import RefusedError, StateError
from vpcmetactl.domain.evidence import History, Sights
from vpcmetactl.domain.policy import Policy
from vpcmetactl.domain.runs import CutOffRestart, RunRecord
from vpcmetactl.domain.saved_plans import SavedPlan
from vpcmetactl.domain.snapshots import Merger, Reading, Record, combined
from vpcmetactl.domain.terraform import ManagedBy, TerraformReading
from vpcmetactl.ibmcloud.connection import BearerToken
from vpcmetactl.usecases.ports import (
    Caller,
    Clock,
    EvidenceLog,
    HostLooker,
    Journal,
    Observer,
    Realm,
    RunReader,
)

T = TypeVar("T")

# A listing of a large fleet, and a run of many changes, take minutes.
_SOON = timedelta(minutes=10)


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the present time in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the port's one real implementation

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Return after this many seconds; Ctrl-C ends it at once."""
        threading.Event().wait(seconds)


def default_app() -> App:
    """Return the App of this process."""
    environ = process_environment()
    return build_app(environ, standard_terminal(environ))


def build_app(environ: Mapping[str, str], terminal: Terminal, clock: Clock | None = None) -> App:
    """Return an App on real adapters with this environment and these streams."""
    opener = _Opener(Settings(environ), clock or SystemClock())
    return App(
        settings=opener.settings,
        terminal=terminal,
        clock=opener.clock,
        open_cloud=opener.cloud,
        open_source=opener.source,
        check_state=opener.check_state,
        open_journal=opener.journal,
        open_runs=opener.runs,
        open_log=opener.log,
        open_trust_cache=opener.trust_cache,
        files=FileFormats(),
        open_hosts=opener.hosts,
        has_bytecode=has_bytecode,
    )


class _Opener:
    """Opens adapters; each import stands where its cost is wanted."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock

    @contextmanager
    def cloud(self, options: CloudOptions, observer: Observer, max_workers: int) -> Iterator[Cloud]:
        connection = self.settings.connection(options, max_workers)
        from vpcmetactl.ibmcloud.opening import open_cloud  # noqa: PLC0415

        with closing(open_cloud(connection, self.clock, observer)) as gateway:
            if isinstance(connection.credentials, BearerToken):
                self._warn_of_expiry(gateway.get_caller(), observer)
            yield gateway

    @contextmanager
    def hosts(self, options: CloudOptions) -> Iterator[HostLooker]:
        connection = self.settings.anonymous_connection(options)
        from vpcmetactl.ibmcloud.hosts import Hosts  # noqa: PLC0415

        with closing(Hosts(connection, self.clock)) as hosts:
            yield hosts

    @contextmanager
    def source(
        self, path: Path, account_id: str | None, *, told_at_end: bool = False
    ) -> Iterator[Sequence[tuple[Source, Reading]]]:
        from vpcmetactl.files.snapshots.cloud import SnapshotCloud  # noqa: PLC0415
        from vpcmetactl.files.snapshots.reading import open_snapshot  # noqa: PLC0415

        with open_snapshot(path, at_once=not told_at_end) as snapshot:
            accounts = list(dict.fromkeys(one.account_id for one in snapshot.readings))
            if account_id is not None and account_id not in accounts:
                held = f"account {accounts[0]}" if len(accounts) == 1 else f"{len(accounts)} others"
                raise RefusedError(
                    f"{path} holds {held}, not {account_id}",
                    hint="nothing was read; use a snapshot of the account meant",
                )
            wanted = accounts if account_id is None else [account_id]
            with uncollected():
                clouds = [SnapshotCloud(snapshot, one) for one in wanted]
                yield [(cloud, combined(cloud.readings)) for cloud in clouds]

    def _warn_of_expiry(self, caller: Caller, observer: Observer) -> None:
        """Say in time that a token will not last, for there is nothing to get another with."""
        if caller.expires_at is None:
            return
        left = caller.expires_at - self.clock.now()
        if timedelta() < left < _SOON:
            minutes = int(left.total_seconds() / 60)
            when = f"in {minutes} minutes" if minutes > 1 else "in a minute or less"
            observer.warn(f"the IAM token expires {when}, and cannot be renewed")

    def check_state(self, options: CloudOptions) -> None:
        """Find out before the first call whether changes could be written down."""
        from vpcmetactl.journal.state import require_writable  # noqa: PLC0415

        require_writable(self.settings.state_path(options), self.clock)

    @contextmanager
    def journal(self, options: CloudOptions, caller: Caller) -> Iterator[Journal]:
        from vpcmetactl.journal.state import open_journal  # noqa: PLC0415

        path = self.settings.state_path(options)
        realm = self.settings.realm(options, caller)
        with closing(open_journal(path, realm, self.clock, actor=caller.iam_id)) as journal:
            yield journal

    @contextmanager
    def runs(
        self, options: CloudOptions, caller: Caller, observer: Observer
    ) -> Iterator[RunReader]:
        from vpcmetactl.journal.reading import open_runs  # noqa: PLC0415

        path = self.settings.state_path(options)
        opened, problem = open_runs(path, self.settings.realm(options, caller), self.clock)
        if problem is not None:
            observer.warn(str(problem))
        with closing(opened):
            yield opened

    def trust_cache(self, options: CloudOptions, realm: Realm) -> TrustCache:
        from vpcmetactl.files.trust_cache import TrustCache as CacheFile  # noqa: PLC0415

        path = self.settings.state_path(options)
        return CacheFile(path.with_name(f"{path.name}.trust"), realm)

    @contextmanager
    def log(
        self, options: CloudOptions, caller: Caller, observer: Observer
    ) -> Iterator[EvidenceLog]:
        from vpcmetactl.journal.nothing import NoJournal  # noqa: PLC0415
        from vpcmetactl.journal.reading import open_observations  # noqa: PLC0415

        if options.no_state:
            yield NoJournal()
            return
        path = self.settings.state_path(options)
        opened, problem = open_observations(path, self.settings.realm(options, caller), self.clock)
        if problem is not None:
            observer.warn(f"{problem}; nothing is remembered of this reading")
        with closing(opened):
            yield ForgivingLog(opened, observer)


def has_bytecode() -> bool:
    """Whether IBM's SDK is compiled: where no bytecode can be kept, importing it takes seconds."""
    found = find_spec("ibm_vpc")
    if found is None or found.origin is None:
        return False
    return any(Path(found.origin).parent.glob("__pycache__/vpc_v1.*.pyc"))


class FileFormats:
    """Our file formats, imported when a file is read or written; ``Files`` of the App."""

    def read_plan(self, path: Path) -> SavedPlan:
        """Read a plan."""
        from vpcmetactl.files.plans import read_plan  # noqa: PLC0415

        return read_plan(path)

    def write_plan(self, path: Path, plan: SavedPlan) -> SavedPlan:
        """Write a plan, and return it with its digest."""
        from vpcmetactl.files.plans import write_plan  # noqa: PLC0415

        return write_plan(path, plan)

    def read_runs(self, path: Path) -> Sequence[RunRecord]:
        """Read exported runs."""
        from vpcmetactl.files.runs import read_runs  # noqa: PLC0415

        return read_runs(path)

    def read_evidence(
        self, name: str, account_id: str, stdin: BinaryIO
    ) -> AbstractContextManager[EvidenceReader]:
        """Open a file of events or proofs."""
        from vpcmetactl.files.activity import open_evidence  # noqa: PLC0415

        return open_evidence(name, account_id, stdin)

    def snapshot_writer(self) -> AbstractContextManager[SnapshotSink]:
        """Begin a snapshot."""
        from vpcmetactl.files.snapshots.writing import SnapshotWriter  # noqa: PLC0415

        return SnapshotWriter()

    def open_snapshot(self, path: Path) -> AbstractContextManager[Record]:
        """Open a snapshot."""
        from vpcmetactl.files.snapshots.reading import open_snapshot  # noqa: PLC0415

        return open_snapshot(path)

    def merge_snapshots(
        self, paths: Sequence[Path], output: Path, tool_version: str, *, newest: bool
    ) -> Merger:
        """Put snapshots together into one file."""
        from vpcmetactl.files.snapshots.merging import merge_snapshots  # noqa: PLC0415

        return merge_snapshots(paths, output, tool_version, newest=newest)

    def read_policy(self, path: Path) -> Policy:
        """Read a policy with everything it extends."""
        from vpcmetactl.files.policies import read_policy  # noqa: PLC0415

        return read_policy(path)

    def with_waivers(self, policy: Policy, paths: Sequence[Path]) -> Policy:
        """Add the waivers in files of their own to a policy."""
        from vpcmetactl.files.policies import read_waivers, with_waivers  # noqa: PLC0415

        for path in paths:
            policy = with_waivers(policy, read_waivers(path))
        return policy

    def is_snapshot(self, path: Path) -> bool:
        """Whether a file looks like a snapshot, and not like something of Terraform's."""
        from vpcmetactl.files.snapshots.reading import looks_like_snapshot  # noqa: PLC0415

        return looks_like_snapshot(path)

    def read_terraform(self, path: Path) -> TerraformReading:
        """Read what a Terraform plan or state describes."""
        from vpcmetactl.files.terraform.reading import read_terraform  # noqa: PLC0415

        return read_terraform(path)

    def find_managed(self, paths: Sequence[Path]) -> Mapping[str, ManagedBy]:
        """Return which Terraform resource manages a server, by the server's id."""
        if not paths:
            return {}
        from vpcmetactl.files.terraform.reading import addresses_by_server_id  # noqa: PLC0415

        found: dict[str, ManagedBy] = {}
        for path in paths:
            found |= addresses_by_server_id(path)
        return found

    def write_configuration(self, path: Path) -> None:
        """Write the commented template of a configuration file."""
        from vpcmetactl.files.configuration import write_template  # noqa: PLC0415

        write_template(path)

    def write_body(self, path: Path, body: Mapping[str, object]) -> None:
        """Write a template's body, readable by the user alone."""
        from vpcmetactl.files.template_bodies import write_template_body  # noqa: PLC0415

        write_template_body(path, body)

    def write_runs(self, path: Path, records: Sequence[RunRecord]) -> None:
        """Export runs."""
        from vpcmetactl.files.runs import write_runs  # noqa: PLC0415

        write_runs(path, records)


class ForgivingLog:
    """A log for commands that only read: what goes wrong is told once, and stops nothing."""

    def __init__(self, log: EvidenceLog, observer: Observer) -> None:
        self._log = log
        self._observer = observer
        self._broken = False

    def load_histories(self, server_ids: Sequence[str]) -> Mapping[str, History]:
        """Return what is known, or nothing once the log has failed."""
        nothing: Mapping[str, History] = {}
        return self._try(lambda: self._log.load_histories(server_ids), nothing)

    def record_sights(self, sights: Sights) -> None:
        """Keep what was seen, unless the log has failed."""
        self._try(lambda: self._log.record_sights(sights), None)

    def list_cut_off_restarts(self) -> Sequence[CutOffRestart]:
        """Return the restarts that were cut off, or none once the log has failed."""
        none: Sequence[CutOffRestart] = ()
        return self._try(self._log.list_cut_off_restarts, none)

    def _try(self, use: Callable[[], T], otherwise: T) -> T:
        if not self._broken:
            try:
                return use()
            except StateError as error:
                self._broken = True
                self._observer.warn(f"nothing is remembered of this reading: {error}")
        return otherwise
