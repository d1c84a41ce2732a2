"""Records of fleets in memory, and what tells two of them apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.support.builders import ACCOUNT
from vpcmetactl.domain.diffing import Change, Difference, DiffSummary, SnapshotDiff
from vpcmetactl.domain.restarts import (
    AssessedServer,
    RestartRule,
    assess_restart,
)
from vpcmetactl.domain.servers import (
    Server,
)
from vpcmetactl.domain.snapshots import Content, Reading
from vpcmetactl.domain.templates import InstanceTemplate
from vpcmetactl.domain.trust import (
    ProfileTrust,
)


def a_reading(**values: Any) -> Reading:  # noqa: ANN401 - any field of a reading
    defaults: dict[str, Any] = {
        "account_id": ACCOUNT,
        "vpc_endpoint": "https://vpc",
        "iam_host": "https://iam",
        "taken_at": datetime(2026, 11, 21, tzinfo=UTC),
        "rule": RestartRule.FAQ,
        "regions": ("eu-de", "jp-tok", "us-south"),
        "contents": tuple(Content),
    }
    return Reading(**{**defaults, **values})


@dataclass
class Fleet:
    """A record in memory, of one account."""

    fleet: Sequence[Server | AssessedServer] = ()
    trusts: Sequence[ProfileTrust] = ()
    made_from: Sequence[InstanceTemplate] = ()
    readings: Sequence[Reading] = field(default_factory=lambda: [a_reading()])

    def servers(self) -> Iterator[tuple[str | None, AssessedServer]]:
        found = [
            one if isinstance(one, AssessedServer) else AssessedServer(one, assess_restart(one))
            for one in self.fleet
        ]
        found.sort(key=lambda one: (one.server.region, one.server.kind, one.server.id))
        return ((self.readings[0].account_id, one) for one in found)

    def profiles(self) -> Iterator[tuple[str | None, ProfileTrust]]:
        found = sorted(self.trusts, key=lambda one: one.profile.id)
        return ((self.readings[0].account_id, one) for one in found)

    def templates(self) -> Iterator[tuple[str | None, InstanceTemplate]]:
        found = sorted(self.made_from, key=lambda one: (one.region, one.id))
        return ((self.readings[0].account_id, one) for one in found)


def diff(before: Fleet, after: Fleet) -> tuple[list[Difference], DiffSummary]:
    found = SnapshotDiff(before, after)
    return list(found), found.summary


def changed(before: Fleet, after: Fleet) -> list[tuple[str, object, object]]:
    """Return the fields of the only thing that differs."""
    (only,), _ = diff(before, after)
    assert only.change is Change.CHANGED
    return [(one.field, one.before, one.after) for one in only.fields]
