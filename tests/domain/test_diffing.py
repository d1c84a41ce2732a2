from collections import Counter
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.fleet_records import Fleet, a_reading, changed, diff
from tests.support.builders import ON, a_bare_metal_server, a_vpc, an_instance
from tests.support.strategies import fleets
from vpcmetactl.domain.diff_fields import (
    INSTANCE_PLAIN,
    INSTANCE_REFERENCES,
    PLAIN,
    REFERENCES,
    VOLATILE,
)
from vpcmetactl.domain.diffing import Change, Obstacle
from vpcmetactl.domain.errors import UnavailableError
from vpcmetactl.domain.restarts import (
    AssessedServer,
    Confidence,
    Reason,
    RestartAssessment,
    Verdict,
    assess_restart,
)
from vpcmetactl.domain.servers import (
    BareMetalServer,
    Disk,
    Instance,
    MetadataService,
    Reference,
    Server,
    ServerKind,
    StatusReason,
)
from vpcmetactl.domain.snapshots import Content, Gap

WEB = an_instance("web-1")
NEEDED = RestartAssessment(
    Verdict.NEEDED,
    Reason.ENABLED_WHILE_RUNNING,
    Confidence.PRESUMED,
    since=datetime(2026, 11, 21, tzinfo=UTC),
)
ERROR = UnavailableError("eu-de did not answer")


def test_what_appeared_went_and_changed_is_told_in_order() -> None:
    before = Fleet([an_instance("web-1"), an_instance("web-2"), a_bare_metal_server("metal-1")])
    after = Fleet(
        [
            an_instance("web-1", metadata_service=ON),
            an_instance("web-3", region="eu-de"),
            a_bare_metal_server("metal-1"),
        ]
    )
    found, summary = diff(before, after)
    assert [(one.change, one.name, one.region, one.kind) for one in found] == [
        (Change.APPEARED, "web-3", "eu-de", "instance"),
        *sorted(
            [
                (Change.CHANGED, "web-1", "us-south", "instance"),
                (Change.GONE, "web-2", "us-south", "instance"),
            ],
            key=lambda one: an_instance(one[1]).id,
        ),
    ]
    assert summary.compared == {Content.SERVERS: 2}
    assert summary.changes == {
        (Content.SERVERS, Change.APPEARED): 1,
        (Content.SERVERS, Change.CHANGED): 1,
        (Content.SERVERS, Change.GONE): 1,
    }
    assert summary.not_comparable == Counter()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"status": "stopped"}, ("status", "running", "stopped")),
        ({"name": "web-9"}, ("name", "web-1", "web-9")),
        ({"zone": None}, ("zone", "us-south-1", None)),
        ({"vpc": a_vpc("lab")}, ("vpc", "prod", "lab")),
        ({"vpc": Reference("r006-x", "prod")}, ("vpc", a_vpc().id, "r006-x")),
        ({"instance_group": Reference("g-1", "pool")}, ("instance_group", None, "pool")),
        ({"gpu_count": 2}, ("gpu_count", None, 2)),
        ({"subnet_ids": ("b", "a")}, ("subnet_ids", None, ("a", "b"))),
        ({"disks": (Disk("d-1"),)}, ("disks", (), ("d-1",))),
        (
            {
                "metadata_service": MetadataService(
                    enabled=False, protocol="https", response_hop_limit=1
                )
            },
            ("metadata_service.protocol", "http", "https"),
        ),
        (
            {
                "metadata_service": MetadataService(
                    enabled=False, protocol="http", response_hop_limit=9
                )
            },
            ("metadata_service.response_hop_limit", 1, 9),
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_field_that_changed_is_told_with_both_values(
    values: dict[str, Any], expected: tuple[str, object, object]
) -> None:
    assert changed(Fleet([WEB]), Fleet([replace(WEB, **values)])) == [expected]


def test_a_verdict_that_changed_is_told() -> None:
    calm = AssessedServer(WEB, assess_restart(WEB))
    assert changed(Fleet([calm]), Fleet([AssessedServer(WEB, NEEDED)])) == [
        ("restart.verdict", "not_needed", "needed"),
        ("restart.confidence", "certain", "presumed"),
        ("restart.reason", "service_disabled", "enabled_while_running"),
    ]


@pytest.mark.parametrize(
    "values",
    [
        {"status_reasons": (StatusReason("busy"),)},
        {"lifecycle_state": "updating"},
        {"health_state": "degraded"},
        {"etag": 'W/"2"'},
        {"vpc": replace(a_vpc(), name="renamed")},
    ],
    ids=lambda values: next(iter(values)),
)
def test_what_changes_by_itself_or_elsewhere_is_no_difference(values: dict[str, Any]) -> None:
    found, summary = diff(Fleet([WEB]), Fleet([replace(WEB, **values)]))
    assert found == []
    assert summary.compared == {Content.SERVERS: 1}
    late = replace(NEEDED, since=datetime(2026, 1, 1, tzinfo=UTC))
    assert diff(Fleet([AssessedServer(WEB, NEEDED)]), Fleet([AssessedServer(WEB, late)]))[0] == []


def test_every_field_of_a_server_is_compared_or_left_out_on_purpose() -> None:
    elsewhere = {"id", "region", "metadata_service", "disks", "subnet_ids"}
    not_in_snapshots = {"tags"}
    compared = {*PLAIN, *REFERENCES, *INSTANCE_PLAIN, *INSTANCE_REFERENCES}
    names = {one.name for kind in (Instance, BareMetalServer) for one in fields(kind)}
    assert names == compared | elsewhere | not_in_snapshots | set(VOLATILE)


UNREAD = Gap(content=Content.SERVERS, region="us-south", kind=None, error=ERROR)
METAL_UNREAD = replace(UNREAD, kind=ServerKind.BARE_METAL_SERVER)


@pytest.mark.parametrize(
    ("values", "obstacle"),
    [
        ({"gaps": (UNREAD,)}, Obstacle.UNREAD),
        ({"gaps": (replace(UNREAD, kind=ServerKind.INSTANCE),)}, Obstacle.UNREAD),
        ({"regions": ("eu-de",)}, Obstacle.NOT_ASKED),
        ({"kinds": (ServerKind.BARE_METAL_SERVER,)}, Obstacle.NOT_ASKED),
        ({"account_id": "other"}, Obstacle.NOT_ASKED),
        ({"contents": (Content.PROFILES,)}, Obstacle.NOT_ASKED),
        ({"selection": ("--name web-*",)}, Obstacle.SELECTED),
    ],
    ids=repr,
)
def test_a_server_missing_where_nobody_looked_is_neither_gone_nor_new(
    values: dict[str, Any], obstacle: Obstacle
) -> None:
    there, blind = Fleet([WEB]), Fleet(readings=[a_reading(**values)])
    for before, after in ((there, blind), (blind, there)):
        found, summary = diff(before, after)
        assert found == []
        assert summary.not_comparable == {(Content.SERVERS, obstacle): 1}
        assert (summary.changes, summary.compared) == (Counter(), Counter())


@pytest.mark.parametrize(
    "values",
    [{"gaps": (METAL_UNREAD,)}, {"gaps": (replace(UNREAD, region="eu-de"),)}, {}],
    ids=repr,
)
def test_a_server_missing_where_everything_was_read_is_gone_or_new(values: dict[str, Any]) -> None:
    there, empty = Fleet([WEB]), Fleet(readings=[a_reading(**values)])
    assert [one.change for one in diff(there, empty)[0]] == [Change.GONE]
    assert [one.change for one in diff(empty, there)[0]] == [Change.APPEARED]


def test_a_gap_hides_only_what_is_missing_on_its_own_side() -> None:
    before = Fleet([WEB], readings=[a_reading(gaps=(UNREAD,))])
    after = Fleet([replace(WEB, status="stopped")])
    assert changed(before, after) == [("status", "running", "stopped")]
    assert [one.change for one in diff(before, Fleet())[0]] == [Change.GONE]


def test_a_second_reading_of_the_same_region_fills_the_gap_of_the_first() -> None:
    twice = Fleet(readings=[a_reading(gaps=(UNREAD,)), a_reading(regions=("us-south",))])
    assert [one.change for one in diff(Fleet([WEB]), twice)[0]] == [Change.GONE]


@given(fleets(6), fleets(6))
def test_two_fleets_differ_in_what_one_lacks_and_back_again_the_other_way_round(
    before: list[Server], after: list[Server]
) -> None:
    old, new = ({(s.region, s.kind, s.id): s for s in fleet} for fleet in (before, after))
    there, summary = diff(Fleet(before), Fleet(after))
    back, _ = diff(Fleet(after), Fleet(before))
    by_change = {
        change: {
            (one.region, ServerKind(one.kind), one.id) for one in there if one.change is change
        }
        for change in Change
    }
    assert by_change[Change.GONE] == old.keys() - new.keys()
    assert by_change[Change.APPEARED] == new.keys() - old.keys()
    assert by_change[Change.CHANGED] == {
        key for key in old.keys() & new.keys() if old[key] != new[key]
    }
    assert summary.compared[Content.SERVERS] == len(old.keys() & new.keys())
    opposite = {Change.GONE: Change.APPEARED, Change.APPEARED: Change.GONE}
    assert [(opposite.get(one.change, one.change), one.id) for one in there] == [
        (one.change, one.id) for one in back
    ]
    assert [[(f.field, f.after, f.before) for f in one.fields] for one in there] == [
        [(f.field, f.before, f.after) for f in one.fields] for one in back
    ]


@given(fleets(6), st.sampled_from(["eu-de", "us-south", "jp-tok"]))
def test_a_fleet_does_not_differ_from_itself_whatever_was_unread(
    fleet: list[Server], region: str
) -> None:
    whole = Fleet(fleet)
    part = Fleet(
        [server for server in fleet if server.region != region],
        readings=[a_reading(gaps=(replace(UNREAD, region=region),))],
    )
    for before, after in ((whole, whole), (whole, part), (part, whole)):
        assert diff(before, after)[0] == []
