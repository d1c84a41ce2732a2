from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from tests.support.builders import ON, a_bare_metal_server, an_instance
from tests.usecases.fleets import a_scene
from vpcmetactl.domain.audit import CheckCounts
from vpcmetactl.domain.default_policy import DEFAULT_POLICY
from vpcmetactl.domain.errors import PermissionDeniedError, UnavailableError
from vpcmetactl.domain.policy import Parameters, Policy, Rule, Waiver
from vpcmetactl.domain.restarts import AssessedServer, assess_restart
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.domain.servers import Server
from vpcmetactl.domain.subject_selection import SubjectSelector
from vpcmetactl.domain.subjects import Trust, TrustingProfile
from vpcmetactl.domain.trust import ProfileLink, ProfileTrust, TrustedProfile
from vpcmetactl.usecases.auditing import audit_fleet, trusted_subjects

_GONE = UnavailableError("the API does not answer")
_TODAY = date(2026, 11, 22)
_WAIVED_IN_VAIN = replace(
    DEFAULT_POLICY,
    waivers=(
        Waiver(
            check="VPCMETA001",
            servers=SubjectSelector(names=("nobody",)),
            owner="platform",
            reason="of no use",
            expires=date(2027, 12, 31),
        ),
    ),
)


def test_every_server_of_the_selection_is_judged() -> None:
    scene = a_scene(
        [
            an_instance("web-1", metadata_service=ON),
            an_instance("web-2"),
            an_instance("web-3", architecture="s390x"),
            a_bare_metal_server("web-4", metadata_service=None),
            an_instance("db-1", metadata_service=ON),
        ],
        limit=2,
    )
    reading = scene.reader().open(ServerSelector(names=("web-*",)))

    report = audit_fleet(reading, DEFAULT_POLICY, _TODAY)

    assert [finding.label for finding in report.findings] == ["web-1"]
    assert report.counts == {"VPCMETA001": CheckCounts(1, 1, 1, 1)}
    assert report.subjects == 4


def test_a_region_that_fails_leaves_the_rest_to_be_judged() -> None:
    scene = a_scene([an_instance("web-1", metadata_service=ON), an_instance("b", region="eu-de")])
    scene.cloud.fail("list_page", _GONE, region="eu-de", times=2)
    reading = scene.reader().open(ServerSelector())

    report = audit_fleet(reading, DEFAULT_POLICY, _TODAY)

    assert report.subjects == len(report.findings) == 1
    assert {part.region for part in reading.unread} == {"eu-de"}


def test_where_nothing_could_be_read_there_is_no_report() -> None:
    scene = a_scene([an_instance()])
    scene.cloud.fail("list_page", _GONE, times=2)

    with pytest.raises(UnavailableError):
        audit_fleet(scene.reader().open(ServerSelector()), DEFAULT_POLICY, _TODAY)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [(ServerSelector(), ["VPCMETA102"]), (ServerSelector(names=("web-*",)), [])],
)
def test_a_waiver_matches_nothing_only_where_the_whole_fleet_was_read(
    selector: ServerSelector, expected: list[str]
) -> None:
    scene = a_scene([an_instance("web-1")])

    report = audit_fleet(scene.reader().open(selector), _WAIVED_IN_VAIN, _TODAY)

    assert [one.check.id for one in report.findings] == expected


def test_an_incomplete_reading_is_not_the_whole_fleet() -> None:
    scene = a_scene([an_instance("web-1"), an_instance("b", region="eu-de")])
    scene.cloud.fail("list_page", _GONE, region="eu-de", times=2)

    report = audit_fleet(scene.reader().open(ServerSelector()), _WAIVED_IN_VAIN, _TODAY)

    assert report.findings == []


# Trust.


def _assessed(*servers: Server) -> Sequence[AssessedServer]:
    return [AssessedServer(server, assess_restart(server)) for server in servers]


def _linking(number: int, server: Server) -> ProfileTrust:
    profile = TrustedProfile(id=f"Profile-{number}", name=f"p{number}")
    link = ProfileLink(id="link", profile_id=profile.id, cr_type="VSI", crn=server.crn)
    return ProfileTrust(profile=profile, links=(link,))


def test_subjects_know_who_trusts_them_in_an_order_of_their_own() -> None:
    web, db = an_instance("web"), an_instance("db")

    subjects = trusted_subjects(_assessed(web, db), [_linking(2, web), _linking(1, web)])

    assert [one.trust for one in subjects] == [
        Trust((TrustingProfile("Profile-1", "p1"), TrustingProfile("Profile-2", "p2"))),
        Trust(),
    ]


def test_a_profile_that_could_not_be_read_leaves_everybody_s_trust_incomplete() -> None:
    web, db = an_instance("web"), an_instance("db")
    broken = ProfileTrust(
        profile=TrustedProfile(id="Profile-3"), errors={"rules": PermissionDeniedError("no")}
    )

    found = [one.trust for one in trusted_subjects(_assessed(web, db), [_linking(1, web), broken])]
    unlisted = [one.trust for one in trusted_subjects(_assessed(db), [], is_complete=False)]

    assert [trust and trust.is_complete for trust in (*found, *unlisted)] == [False] * 3
    assert found[0]
    assert [one.id for one in found[0].profiles] == ["Profile-1"]


def test_a_fleet_is_held_against_the_profiles_that_its_policy_asks_for() -> None:
    web, db = an_instance("web"), an_instance("db")
    policy = Policy(rules=(Rule(check="VPCMETA005", parameters=Parameters(profiles=("p1",))),))
    scene = a_scene([web, db])

    report = audit_fleet(scene.reader().open(ServerSelector()), policy, _TODAY, [_linking(1, web)])

    assert [one.label for one in report.findings] == ["db"]
