"""Restarting servers of a cloud in memory."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.support.builders import ON, an_instance
from tests.support.clock import ManualClock
from tests.support.fake_cloud import Call
from tests.support.observer import RecordingObserver
from tests.usecases.killing import StagedCloud, StagedJournal
from vpcmetactl.domain.applying import RESTART_DEFAULTS, ApplyOptions
from vpcmetactl.domain.evidence import Observation
from vpcmetactl.domain.plans import (
    Action,
    MetadataServicePatch,
    Outcome,
    Plan,
    RestartChange,
    StopType,
)
from vpcmetactl.domain.restarts import Confidence, Reason, RestartAssessment, RestartRule, Verdict
from vpcmetactl.domain.runs import RunRecord
from vpcmetactl.domain.servers import Server
from vpcmetactl.usecases import restarting
from vpcmetactl.usecases.applying import Applier
from vpcmetactl.usecases.restarting import RestartExecutor

DB = an_instance("db-1", metadata_service=ON)
WAIT = 900.0


@dataclass
class Restarts:
    """Servers that were enabled while they ran, and a plan to restart them all.

    Servers stop and start in 20 seconds each. ``journal.calls`` holds the calls of journal and
    cloud, in order.
    """

    servers: Sequence[Server] = (DB,)
    one_per: Callable[[Server], str | None] = lambda _: None
    options: ApplyOptions = RESTART_DEFAULTS
    verdict: Verdict = Verdict.NEEDED
    allows_storage_loss: bool = False
    rule: RestartRule = RestartRule.FAQ
    stop_requested: Callable[[], bool] = lambda: False
    clock: ManualClock = field(default_factory=ManualClock)
    observer: RecordingObserver = field(default_factory=RecordingObserver)

    def __post_init__(self) -> None:
        self.cloud = StagedCloud(self.servers, clock=self.clock)
        self.cloud.power.stop_takes = self.cloud.power.start_takes = 20
        earlier = self.clock.now() - timedelta(hours=2)
        off = [
            Observation(one.id, earlier, enabled=False, status="running") for one in self.servers
        ]
        self.journal = StagedJournal(off, clock=self.clock)
        self.cloud.before(lambda call: self.journal.calls.append((call.operation, call.detail)))
        self.plan = self.planned(self.servers)

    def planned(self, servers: Iterable[Server]) -> Plan:
        return Plan(Action.RESTART, MetadataServicePatch(), tuple(map(self._change, servers)))

    def _change(self, server: Server) -> RestartChange:
        return RestartChange(
            server.identity,
            self.verdict,
            Reason.ENABLED_WHILE_RUNNING,
            one_per=self.one_per(server),
            allows_storage_loss=self.allows_storage_loss,
        )

    @property
    def change(self) -> RestartChange:
        change = self.plan.changes[0]
        assert isinstance(change, RestartChange)
        return change

    def applier(self) -> Applier:
        executor = RestartExecutor(power=self.cloud, clock=self.clock, rule=self.rule, wait=WAIT)
        return Applier(
            executor=executor,
            journal=self.journal,
            observer=self.observer,
            clock=self.clock,
            options=self.options,
            stop_requested=self.stop_requested,
        )

    def run(self) -> list[Outcome]:
        return list(self.applier().apply(self.plan))

    def run_one(self) -> Outcome:
        [outcome] = self.run()
        return outcome

    def left(self) -> RunRecord:
        """Return the run once its process has ended."""
        self.journal.close()
        return self.journal.list_runs()[-1]

    def resume(self) -> list[Outcome]:
        return list(self.applier().resume(self.left()))

    def status(self, server: Server = DB) -> str | None:
        """Return the status that a server comes to by itself."""
        self.clock.advance(WAIT)
        return self.cloud.peek(server.id).status

    def sent(self) -> list[str]:
        """Return the stops and starts that were asked for, in order."""
        return [name for name in self.cloud.operations() if name in ("stop_server", "start_server")]

    def before(self, operation: str, do: Callable[[], None], *, times: int = 1) -> None:
        """Do something when a call arrives, so many times."""
        left = [times]

        def hook(call: Call) -> None:
            if call.operation == operation and left[0] > 0:
                left[0] -= 1
                do()

        self.cloud.before(hook)

    def stop_it(self, server: Server = DB, stop_type: StopType | None = None) -> None:
        """Let somebody else stop a server."""
        with self.cloud._lock:  # noqa: SLF001 - not a call of the program's
            state = self.cloud.power.stop(self.cloud.peek(server.id), stop_type)
            self.cloud._become(server.id, state)  # noqa: SLF001

    def start_it(self, server: Server = DB) -> None:
        """Let somebody else start a server."""
        with self.cloud._lock:  # noqa: SLF001 - not a call of the program's
            state = self.cloud.power.start(self.cloud.peek(server.id))
            self.cloud._become(server.id, state)  # noqa: SLF001


def call_for_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every server need a restart: no rule says so of bare metal."""
    found = RestartAssessment(Verdict.NEEDED, Reason.ENABLED_WHILE_RUNNING, Confidence.PRESUMED)
    monkeypatch.setattr(restarting, "assess_restart", lambda *_: found)


def a_row(count: int) -> list[Server]:
    """Return so many instances with the service on."""
    return [an_instance(f"db-{n}", metadata_service=ON) for n in range(1, count + 1)]
