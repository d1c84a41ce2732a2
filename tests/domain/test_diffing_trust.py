"""How trusted profiles and templates of two snapshots differ."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.domain.fleet_records import Fleet, a_reading, changed, diff
from tests.support.builders import a_vpc, an_instance
from vpcmetactl.domain.diff_fields import (
    FieldDifference,
)
from vpcmetactl.domain.diffing import Change, Obstacle
from vpcmetactl.domain.errors import UnavailableError
from vpcmetactl.domain.restarts import (
    Confidence,
    Reason,
    RestartAssessment,
    Verdict,
)
from vpcmetactl.domain.servers import (
    MetadataService,
)
from vpcmetactl.domain.snapshots import Content, Gap
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
