from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import ACCOUNT, ON, a_bare_metal_server, a_vpc, an_instance
from tests.support.strategies import fleets
from vpcmetactl.domain.diff_fields import (
    INSTANCE_PLAIN,
    INSTANCE_REFERENCES,
    PLAIN,
    REFERENCES,
    VOLATILE,
    FieldDifference,
)
from vpcmetactl.domain.diffing import Change, Difference, DiffSummary, Obstacle, SnapshotDiff
from vpcmetactl.domain.errors import UnavailableError
from vpcmetactl.domain.restarts import (
    AssessedServer,
    Confidence,
    Reason,
    RestartAssessment,
    RestartRule,
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
from vpcmetactl.domain.snapshots import Content, Gap, Reading
from vpcmetactl.domain.templates import InstanceTemplate, TemplateGroup
from vpcmetactl.domain.trust import (
    ClaimRule,
    DefaultProfile,
    ProfileIdentity,
    ProfileLink,
    ProfileTrust,
    RuleCondition,
    TrustedProfile,
)

WEB = an_instance("web-1")
NEEDED = RestartAssessment(
    Verdict.NEEDED,
    Reason.ENABLED_WHILE_RUNNING,
    Confidence.PRESUMED,
    since=datetime(2026, 11, 21, tzinfo=UTC),
)
ERROR = UnavailableError("eu-de did not answer")


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
    compared = {*PLAIN, *REFERENCES, *INSTANCE_PLAIN, *INSTANCE_REFERENCES}
    names = {one.name for kind in (Instance, BareMetalServer) for one in fields(kind)}
    assert names == compared | elsewhere | set(VOLATILE)


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


def a_trust(number: int = 1, **values: Any) -> ProfileTrust:  # noqa: ANN401 - any field
    profile = TrustedProfile(id=f"Profile-{number}", name=f"profile {number}")
    return ProfileTrust(profile=profile, **values)


def a_link(crn: str | None = None, *, id: str = "link-1") -> ProfileLink:  # noqa: A002 - its name
    return ProfileLink(id=id, profile_id="Profile-1", cr_type="VSI", crn=crn or WEB.crn)


def test_a_link_is_told_with_its_server_and_with_its_profile() -> None:
    before, after = Fleet([WEB], [a_trust()]), Fleet([WEB], [a_trust(links=(a_link(),))])
    server, profile = diff(before, after)[0]
    assert (server.kind, server.fields) == (
        "instance",
        (FieldDifference("trusted_by", (), ("profile 1",)),),
    )
    assert (profile.kind, profile.name, profile.region) == ("trusted_profile", "profile 1", None)
    assert profile.fields == (FieldDifference("links", (), (f"VSI {WEB.crn}",)),)


def test_an_identity_names_its_server_too() -> None:
    identity = ProfileIdentity(profile_id="Profile-1", type="crn", identifier=WEB.crn)
    before, after = Fleet([WEB], [a_trust(identities=(identity,))]), Fleet([WEB], [a_trust()])
    server, profile = diff(before, after)[0]
    assert server.fields == (FieldDifference("trusted_by", ("profile 1",), ()),)
    assert profile.fields == (FieldDifference("identities", (f"crn {WEB.crn}",), ()),)


def test_a_link_made_again_is_the_same_and_so_is_a_rule() -> None:
    def rule(number: int) -> ClaimRule:
        condition = RuleCondition("vpc_id", "EQUALS", '"r006-1"')
        return ClaimRule(id=f"rule-{number}", profile_id="Profile-1", conditions=(condition,))

    before = Fleet([WEB], [a_trust(links=(a_link(),), rules=(rule(1),))])
    after = Fleet([WEB], [a_trust(links=(a_link(id="link-2"),), rules=(rule(2),))])
    assert diff(before, after)[0] == []
    gone = Fleet([WEB], [a_trust(links=(a_link(),))])
    assert changed(before, gone) == [("rules", (': vpc_id EQUALS "r006-1"',), ())]


def test_parts_of_profiles_that_were_not_read_are_not_compared() -> None:
    blind = a_trust(errors={"links": ERROR})
    for before, after in (
        (a_trust(links=(a_link(),)), blind),
        (blind, a_trust(links=(a_link(),))),
    ):
        found, summary = diff(Fleet([WEB], [before]), Fleet([WEB], [after]))
        assert found == []
        assert summary.parts_unread == 1
        assert summary.compared == {Content.SERVERS: 1, Content.PROFILES: 1}


@pytest.mark.parametrize(
    ("values", "obstacle"),
    [
        ({"contents": (Content.SERVERS,)}, Obstacle.NOT_ASKED),
        (
            {"gaps": (Gap(content=Content.PROFILES, region=None, kind=None, error=ERROR),)},
            Obstacle.UNREAD,
        ),
    ],
    ids=["not asked", "unread"],
)
def test_profiles_missing_where_nobody_looked_say_nothing_of_servers_either(
    values: dict[str, Any], obstacle: Obstacle
) -> None:
    there = Fleet([WEB], [a_trust(links=(a_link(),))])
    blind = Fleet([WEB], readings=[a_reading(**values)])
    for before, after in ((there, blind), (blind, there)):
        found, summary = diff(before, after)
        assert found == []
        assert summary.not_comparable == {(Content.PROFILES, obstacle): 1}


def test_a_profile_that_went_took_its_trust_with_it() -> None:
    found, _ = diff(Fleet([WEB], [a_trust(links=(a_link(),))]), Fleet([WEB]))
    assert [(one.change, one.kind) for one in found] == [
        (Change.CHANGED, "instance"),
        (Change.GONE, "trusted_profile"),
    ]


def test_templates_are_compared_by_what_they_give_servers() -> None:
    before = InstanceTemplate(id="t-1", region="eu-de", name="worker", vpc=a_vpc())
    after = replace(
        before,
        metadata_service=MetadataService(enabled=True),
        default_trusted_profile=DefaultProfile("Profile-1", None, auto_link=True),
        groups=(TemplateGroup(id="g-1", name="pool", membership_count=3),),
    )
    assert changed(Fleet(made_from=[before]), Fleet(made_from=[after])) == [
        ("metadata_service.enabled", None, True),
        ("default_trusted_profile", None, "Profile-1"),
        ("default_trusted_profile.auto_link", None, True),
        ("groups", (), ("pool",)),
    ]
    counted = replace(after, groups=(TemplateGroup(id="g-1", name="pool", membership_count=9),))
    assert diff(Fleet(made_from=[after]), Fleet(made_from=[counted]))[0] == []
    gap = Gap(content=Content.TEMPLATES, region="eu-de", kind=None, error=ERROR)
    blind = Fleet(readings=[a_reading(gaps=(gap,))])
    assert diff(Fleet(made_from=[before]), blind)[0] == []


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
