"""What the tests of the journal have in common."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.builders import an_instance
from vpcmetactl.domain.evidence import EventKind, Observation, ServerEvent, Sights, Source
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import (
    Action,
    MetadataChange,
    MetadataServicePatch,
    Plan,
    RestartChange,
)
from vpcmetactl.domain.restarts import Reason, Verdict
from vpcmetactl.usecases.ports import EvidenceLog, Realm

REALM = Realm("iam.cloud.ibm.com", "https://{region}.iaas.cloud.ibm.com", "account-1")
OTHER_REALM = Realm("iam.cloud.ibm.com", "https://{region}.iaas.cloud.ibm.com", "account-2")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def at(minute: float) -> datetime:
    """The moment so many minutes after noon."""
    return NOON + timedelta(minutes=minute)


def seen(
    minute: float,
    *,
    enabled: bool | None = False,
    status: str | None = "running",
    server_id: str = "web-1",
) -> Observation:
    """A sight of web-1, running with the service off, unless the test says otherwise."""
    return Observation(server_id, at(minute), enabled, status)


def happened(
    minute: float,
    kind: EventKind = EventKind.STOPPED,
    *,
    source: Source = Source.ACTIVITY_TRACKER,
    server_id: str = "web-1",
    key: str = "",
    note: str | None = None,
) -> ServerEvent:
    """An event of web-1 that Activity Tracker recorded, a stop unless the test says otherwise."""
    return ServerEvent(server_id, at(minute), kind, source, key, note)


def record(log: EvidenceLog, *sights: Observation) -> None:
    """Write down what was seen anew."""
    log.record_sights(Sights(sights))


def sights_of(log: EvidenceLog, *server_ids: str) -> dict[str, list[Observation]]:
    """Return what was seen of each server, of those that were seen."""
    return {name: [*it.sights] for name, it in log.load_histories(server_ids).items()}


def a_plan(*names: str) -> Plan:
    """A plan to turn the service of these instances on."""
    servers = [an_instance(name) for name in names]
    return plan_metadata(Action.ENABLE, MetadataServicePatch(enabled=True), servers, named=True)


def a_restart_plan(*names: str) -> Plan:
    """A plan to restart these instances."""
    changes = [
        RestartChange(an_instance(name).identity, Verdict.NEEDED, Reason.ENABLED_WHILE_RUNNING)
        for name in names
    ]
    return Plan(Action.RESTART, MetadataServicePatch(), tuple(changes))


def metadata_changes(plan: Plan) -> list[MetadataChange]:
    """Return the changes of a plan that has no others."""
    return [change for change in plan.changes if isinstance(change, MetadataChange)]


def rows(state: Path, query: str) -> list[tuple[object, ...]]:
    """What the file holds, as another program would read it."""
    with closing(sqlite3.connect(state)) as connection:
        return connection.execute(query).fetchall()
