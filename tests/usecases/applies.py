"""Applying a plan to a cloud in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tests.support.builders import OFF, an_instance
from tests.support.clock import ManualClock
from tests.support.fake_cloud import Call, InMemoryCloud
from tests.support.journal import InMemoryJournal
from tests.support.observer import RecordingObserver
from vpcmetactl.domain.applying import ApplyOptions
from vpcmetactl.domain.errors import (
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.evidence import Observation
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import Action, MetadataChange, MetadataServicePatch, Outcome, Plan
from vpcmetactl.domain.restarts import (
    Confidence,
    Reason,
    RestartAssessment,
    RestartRule,
    Verdict,
)
from vpcmetactl.domain.servers import MetadataService, Protocol, Server
from vpcmetactl.usecases.applying import Applier
from vpcmetactl.usecases.patching import MetadataExecutor

WEB = an_instance("web-1")
HTTPS = MetadataServicePatch(enabled=True, protocol=Protocol.HTTPS)
LOST = UnavailableError("no answer came", maybe_done=True, trace="t-1")
GONE = UnavailableError("the API does not answer")


@dataclass
class Scene:
    """Everything that an applier touches; ``events`` tells who was called in which order."""

    servers: Sequence[Server] = (WEB,)
    patch: MetadataServicePatch = HTTPS
    max_workers: int = 4
    options: ApplyOptions | None = None
    stop_requested: Callable[[], bool] = lambda: False
    rule: RestartRule = RestartRule.FAQ
    events: list[tuple[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cloud = InMemoryCloud(self.servers)
        self.journal = InMemoryJournal()
        self.observer = RecordingObserver()
        self.clock = ManualClock()
        self.plan = plan_metadata(Action.ENABLE, self.patch, self.servers, named=False)
        self.cloud.before(lambda call: self.journal.calls.append((call.operation, call.region)))

    @property
    def change(self) -> MetadataChange:
        return self.changes[0]

    @property
    def changes(self) -> list[MetadataChange]:
        return metadata_changes(self.plan)

    def applier(self) -> Applier:
        return Applier(
            executor=MetadataExecutor(self.cloud, self.rule),
            journal=self.journal,
            observer=self.observer,
            clock=self.clock,
            options=self.options or ApplyOptions(max_workers=self.max_workers),
            stop_requested=self.stop_requested,
        )

    def apply(self) -> list[Outcome]:
        return list(self.applier().apply(self.plan))

    def on_update(self, do: Callable[[], None]) -> None:
        """Do something when a change arrives, before it takes effect."""

        def hook(call: Call) -> None:
            if call.operation == "update_metadata":
                do()

        self.cloud.before(hook)

    def raise_on_update(self, error: VpcmetactlError) -> None:
        def do() -> None:
            raise error

        self.on_update(do)

    def drift(self, metadata: MetadataService) -> None:
        """Let somebody else change the server."""
        self.cloud.put(replace(self.cloud.peek(WEB.id), metadata_service=metadata))


def metadata_changes(plan: Plan) -> list[MetadataChange]:
    """Return the changes of a plan, which are all of this kind."""
    return [change for change in plan.changes if isinstance(change, MetadataChange)]


def needed(scene: Scene, before: MetadataService = OFF) -> RestartAssessment:
    """Return the verdict on a running instance that was just enabled."""
    now = scene.clock.now()
    return RestartAssessment(
        *(Verdict.NEEDED, Reason.ENABLED_WHILE_RUNNING, Confidence.PRESUMED),
        since=now,
        not_before=now,
        evidence=(
            Observation(WEB.id, now, before.enabled, "running"),
            Observation(WEB.id, now, enabled=True, status="running", otherwise_until=now),
        ),
    )


def a_fleet(count: int) -> list[Server]:
    """Return so many instances with the service off."""
    return [an_instance(f"web-{n}") for n in range(count)]
