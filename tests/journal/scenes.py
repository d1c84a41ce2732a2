"""What the tests of the journal have in common."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.builders import an_instance
from vpcmetactl.domain.plans import Action, MetadataServicePatch, Plan, plan_metadata
from vpcmetactl.domain.restarts import Observation
from vpcmetactl.usecases.ports import Realm

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


def a_plan(*names: str) -> Plan:
    """A plan to turn the service of these instances on."""
    servers = [an_instance(name) for name in names]
    return plan_metadata(Action.ENABLE, MetadataServicePatch(enabled=True), servers, named=True)


def rows(state: Path, query: str) -> list[tuple[object, ...]]:
    """What the file holds, as another program would read it."""
    with closing(sqlite3.connect(state)) as connection:
        return connection.execute(query).fetchall()
