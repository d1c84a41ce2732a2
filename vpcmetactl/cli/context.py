"""What a command is handed: everything it needs from outside, as values and functions.

Functions open what costs, so nothing is imported or built until a command asks for it. Tests
pass an ``App`` of their own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from vpcmetactl.cli.settings import CloudOptions, Settings
from vpcmetactl.cli.terminal import Terminal
from vpcmetactl.domain.evidence import ImportSummary, ServerEvent
from vpcmetactl.domain.policy import Policy
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.runs import RunRecord
from vpcmetactl.domain.saved_plans import SavedPlan
from vpcmetactl.domain.snapshots import Merger, Reading, Record
from vpcmetactl.domain.templates import InstanceTemplate
from vpcmetactl.domain.terraform import ManagedBy, TerraformReading
from vpcmetactl.domain.trust import ProfileTrust
from vpcmetactl.usecases.ports import (
    Caller,
    Clock,
    EvidenceLog,
    HostLooker,
    Inventory,
    Journal,
    LinkWriter,
    MetadataWriter,
    Observer,
    PastVerdicts,
    PowerSwitch,
    PreflightReader,
    Realm,
    RunReader,
    TemplateBodyReader,
    TemplateReader,
    TrustReader,
)


class Cloud(
    Inventory,
    MetadataWriter,
    PreflightReader,
    PowerSwitch,
    TrustReader,
    LinkWriter,
    TemplateReader,
    TemplateBodyReader,
    Protocol,
):
    """The VPC API and IAM as one caller sees them."""


OpenCloud = Callable[[CloudOptions, Observer, int], AbstractContextManager[Cloud]]


class EvidenceReader(Protocol):
    """Reads one file of evidence."""

    @property
    def unreadable(self) -> Sequence[str]:
        """The first few complaints about what could not be read."""

    @property
    def remarks(self) -> Sequence[str]:
        """The first few proofs that settle nothing, and why."""

    def events(self) -> Iterator[ServerEvent]:
        """Give what the file tells of servers of the account."""

    def summary(self, new: int) -> ImportSummary:
        """Return the counts, once all is read; ``new`` events were not known before."""


class SnapshotSink(Protocol):
    """Takes what was read, and writes it into one file."""

    def add_servers(self, servers: Iterable[AssessedServer], reading: int = 0) -> None:
        """Take servers in."""

    def add_profile(self, trust: ProfileTrust, reading: int = 0) -> None:
        """Take a trusted profile in."""

    def add_template(self, template: InstanceTemplate, reading: int = 0) -> None:
        """Take an instance template in."""

    def save(self, path: Path, readings: Sequence[Reading], tool_version: str) -> str:
        """Write the file, whole or not at all, and return its digest."""


class Files(Protocol):
    """Our own files: plans and exported runs.

    Reading raises InvalidInputError for what is no such file, and RefusedError for a plan that
    was edited. Writing raises OutputError.
    """

    def read_plan(self, path: Path) -> SavedPlan:
        """Read a plan."""

    def write_plan(self, path: Path, plan: SavedPlan) -> SavedPlan:
        """Write a plan, and return it with its digest."""

    def read_runs(self, path: Path) -> Sequence[RunRecord]:
        """Read exported runs."""

    def read_evidence(
        self, name: str, account_id: str, stdin: BinaryIO
    ) -> AbstractContextManager[EvidenceReader]:
        """Open a file of events or proofs; ``-`` is ``stdin``."""

    def snapshot_writer(self) -> AbstractContextManager[SnapshotSink]:
        """Begin a snapshot."""

    def open_snapshot(self, path: Path) -> AbstractContextManager[Record]:
        """Open a snapshot."""

    def merge_snapshots(
        self, paths: Sequence[Path], output: Path, tool_version: str, *, newest: bool
    ) -> Merger:
        """Put snapshots together into one file."""

    def read_policy(self, path: Path) -> Policy:
        """Read a policy with everything it extends."""

    def with_waivers(self, policy: Policy, paths: Sequence[Path]) -> Policy:
        """Add the waivers in files of their own to a policy."""

    def is_snapshot(self, path: Path) -> bool:
        """Whether a file looks like a snapshot, and not like something of Terraform's."""

    def read_terraform(self, path: Path) -> TerraformReading:
        """Read what a Terraform plan or state describes."""

    def find_managed(self, paths: Sequence[Path]) -> Mapping[str, ManagedBy]:
        """Return which Terraform resource manages a server, by the server's id."""

    def write_configuration(self, path: Path) -> None:
        """Write the commented template of a configuration file."""

    def write_body(self, path: Path, body: Mapping[str, object]) -> None:
        """Write a template's body, readable by the user alone."""

    def write_runs(self, path: Path, records: Sequence[RunRecord]) -> None:
        """Export runs."""


CheckState = Callable[[CloudOptions], None]
OpenJournal = Callable[[CloudOptions, Caller], AbstractContextManager[Journal]]
OpenRuns = Callable[[CloudOptions, Caller, Observer], AbstractContextManager[RunReader]]


class TrustCache(Protocol):
    """Who trusts whom, kept for a few minutes."""

    def load(self, now: datetime) -> Sequence[ProfileTrust] | None:
        """Return what was kept a short time ago, or ``None``."""

    def save(self, trusts: Sequence[ProfileTrust], now: datetime) -> None:
        """Keep what was read whole."""

    def forget(self) -> None:
        """Keep nothing any more: links were changed."""


class Source(Inventory, TrustReader, TemplateReader, PastVerdicts, Protocol):
    """A snapshot in the place of the cloud."""


class OpenSource(Protocol):
    """Opens a snapshot for each of the accounts in it, or for the one that is named.

    Where everything is read before any of it is told, ``told_at_end``, its pages are checked when
    they are read, else all of them before.
    """

    def __call__(
        self, path: Path, account_id: str | None, *, told_at_end: bool = False
    ) -> AbstractContextManager[Sequence[tuple[Source, Reading]]]:
        """Open it; raises InvalidInputError, and RefusedError where the account is not in it."""


OpenHosts = Callable[[CloudOptions], AbstractContextManager[HostLooker]]
OpenTrustCache = Callable[[CloudOptions, Realm], TrustCache]
OpenLog = Callable[[CloudOptions, Caller, Observer], AbstractContextManager[EvidenceLog]]


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The outside world.

    ``check_state`` and ``open_journal`` raise StateError where the state cannot be written.
    ``open_runs`` warns where it can only be read. ``open_log`` warns, and remembers nothing.
    ``open_hosts`` needs no credentials. ``has_bytecode`` says whether IBM's SDK was compiled.
    ``raise_unexpected`` lets tests see exceptions as they are.
    """

    settings: Settings
    terminal: Terminal
    clock: Clock
    open_cloud: OpenCloud
    open_source: OpenSource
    check_state: CheckState
    open_journal: OpenJournal
    open_runs: OpenRuns
    open_log: OpenLog
    open_trust_cache: OpenTrustCache
    files: Files
    open_hosts: OpenHosts
    has_bytecode: Callable[[], bool]
    raise_unexpected: bool = False
