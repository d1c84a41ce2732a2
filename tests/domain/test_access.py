from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import ACCOUNT, OFF, ON, a_bare_metal_server, an_instance
from tests.support.trust import FINE, PROFILE, a_link, a_rule, a_trust, an_identity, assessed
from vpcmetactl.domain.access import (
    OBSTACLE_MEANINGS,
    Obstacle,
    TrustIndex,
    Way,
    WayKind,
    find_obstacles,
    join_profiles,
)
from vpcmetactl.domain.access_findings import EXPLANATIONS, FindingCode
from vpcmetactl.domain.claims import DOUBT_MEANINGS, Answer, DoubtReason, evaluate_rule
from vpcmetactl.domain.restarts import (
    AssessedServer,
    Reason,
    RestartAssessment,
    Verdict,
    assess_restart,
)
from vpcmetactl.domain.servers import MetadataService, Server
from vpcmetactl.domain.trust import (
    DefaultProfile,
    ProfileTrust,
    server_of_crn,
    server_of_link,
)

WEB, DB, METAL = an_instance("web-1"), an_instance("db-1"), a_bare_metal_server()


def test_a_server_is_told_with_every_way_in_links_first() -> None:
    index = TrustIndex(assessed(WEB, METAL, DB))

    web, metal, db = index.reach(
        a_trust(
            links=(a_link(METAL, name="mine"), a_link(WEB)),
            rules=(a_rule(), a_rule("pod", rule_id="rule-2")),
            identities=(an_identity(WEB),),
        )
    )

    assert (web.server.server, metal.server.server, db.server.server) == (WEB, METAL, DB)
    assert web.profile is PROFILE
    link, rule, unclear, identity = web.ways
    assert link == Way(WayKind.LINK, "link-web-1")
    assert rule == Way(WayKind.RULE, "rule-1", "all")
    assert unclear.id == "rule-2"
    assert unclear.doubt
    assert unclear.doubt.reason is DoubtReason.UNKNOWN_CLAIM
    assert identity == Way(WayKind.IDENTITY, WEB.crn or "")
    assert metal.ways == (Way(WayKind.LINK, "link-metal-1", "mine"),)
    assert [way.id for way in db.ways] == ["rule-1", "rule-2"]
    assert web.is_certain


def test_a_way_that_cannot_be_told_is_none_for_certain() -> None:
    [access] = TrustIndex(assessed(WEB)).reach(a_trust(rules=(a_rule("pod"),)))

    assert not access.is_certain


def test_a_server_that_nothing_trusts_is_not_told() -> None:
    assert list(TrustIndex(assessed(WEB)).reach(a_trust(links=(a_link(DB),)))) == []
    assert list(TrustIndex([]).reach(a_trust(links=(a_link(DB),), rules=(a_rule(),)))) == []


def test_a_link_is_matched_by_kind_id_and_account_and_not_by_zone() -> None:
    index = TrustIndex(assessed(WEB))
    crn = WEB.crn or ""

    for same in (crn, crn.replace("us-south-1", "us-south-3"), crn.replace("bluemix", "staging")):
        assert index.is_seen(a_link(WEB, crn=same))
    for other in (
        crn.upper(),
        crn.replace(ACCOUNT, "other"),
        crn.replace(":instance:", ":bare-metal-server:"),
        crn.replace(":instance:", ":volume:"),
        crn.replace(":is:", ":power-iaas:"),
        crn + "0",
        "crn",
        "",
    ):
        assert not index.is_seen(a_link(WEB, crn=other))
    assert not index.is_seen(a_link(WEB, crn=None))


def test_a_server_without_crn_is_matched_by_its_id() -> None:
    index = TrustIndex(assessed(replace(WEB, crn=None, account_id=None)))

    assert index.is_seen(a_link(WEB))


@pytest.mark.parametrize(("cr_type", "is_seen"), [("VSI", True), (None, True), ("BMS", False)])
def test_a_link_of_another_compute_type_is_to_no_server(
    cr_type: str | None, *, is_seen: bool
) -> None:
    link = a_link(WEB, cr_type=cr_type)

    assert TrustIndex(assessed(WEB)).is_seen(link) is is_seen
    assert (server_of_link(link) is not None) is is_seen


def test_the_server_of_a_crn_lies_in_the_region_of_its_zone() -> None:
    found = server_of_crn(METAL.crn)

    assert found == replace(METAL.identity, name=None)


@pytest.mark.parametrize(
    ("defaults", "is_default"),
    [
        ({}, None),
        ({WEB.id: None}, False),
        ({WEB.id: DefaultProfile("Profile-1", None, auto_link=True)}, True),
        ({WEB.id: DefaultProfile("Profile-2", "crn:p1", auto_link=True)}, False),
        ({WEB.id: DefaultProfile(None, "crn:p1", auto_link=None)}, True),
        ({WEB.id: DefaultProfile(None, "crn:p2", auto_link=None)}, False),
        ({WEB.id: DefaultProfile(None, None, auto_link=None)}, None),
    ],
)
def test_the_default_profile_is_told_where_it_was_asked_for(
    defaults: dict[str, DefaultProfile | None], *, is_default: bool | None
) -> None:
    [access] = TrustIndex(assessed(WEB), defaults).reach(a_trust(links=(a_link(WEB),)))

    assert access.is_default is is_default


def test_the_default_profile_is_no_way_in() -> None:
    defaults = {WEB.id: DefaultProfile(PROFILE.id, None, auto_link=True)}

    assert list(TrustIndex(assessed(WEB), defaults).reach(a_trust())) == []


_NEEDED = RestartAssessment(Verdict.NEEDED, Reason.ENABLED_WHILE_RUNNING)
_UNKNOWN = RestartAssessment(Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT)


@pytest.mark.parametrize(
    ("server", "restart", "obstacles", "is_usable"),
    [
        (an_instance(metadata_service=ON), FINE, (), True),
        (an_instance(metadata_service=OFF), FINE, (Obstacle.SERVICE_DISABLED,), False),
        (
            an_instance(metadata_service=None),
            _UNKNOWN,
            (Obstacle.SERVICE_NOT_REPORTED,),
            None,
        ),
        (
            an_instance(metadata_service=MetadataService(protocol="http")),
            FINE,
            (Obstacle.SERVICE_NOT_REPORTED,),
            None,
        ),
        (
            an_instance(metadata_service=ON, architecture="s390x"),
            FINE,
            (Obstacle.UNSUPPORTED_ARCHITECTURE,),
            False,
        ),
        (
            an_instance(metadata_service=ON, architecture=None),
            FINE,
            (Obstacle.ARCHITECTURE_NOT_REPORTED,),
            None,
        ),
        (an_instance(metadata_service=ON, status="stopped"), FINE, (Obstacle.NOT_RUNNING,), False),
        (
            an_instance(metadata_service=ON, status=None),
            FINE,
            (Obstacle.STATUS_NOT_REPORTED,),
            None,
        ),
        (an_instance(metadata_service=ON), _NEEDED, (Obstacle.RESTART_NEEDED,), None),
        (an_instance(metadata_service=ON), _UNKNOWN, (Obstacle.RESTART_UNKNOWN,), None),
        (
            an_instance(metadata_service=OFF, status="stopped"),
            FINE,
            (Obstacle.SERVICE_DISABLED, Obstacle.NOT_RUNNING),
            False,
        ),
    ],
)
def test_trust_is_usable_where_nothing_stands_in_the_way(
    server: Server,
    restart: RestartAssessment,
    obstacles: tuple[Obstacle, ...],
    *,
    is_usable: bool | None,
) -> None:
    [one] = assessed(server, restart=restart)
    [access] = TrustIndex([one]).reach(a_trust(links=(a_link(server),)))

    assert find_obstacles(one) == access.obstacles == obstacles
    assert access.is_usable is is_usable


_FLEET = [
    *(an_instance(f"web-{number}", zone=f"us-south-{number % 3}") for number in range(6)),
    *(a_bare_metal_server(f"metal-{number}") for number in range(3)),
]
_links = st.builds(a_link, st.sampled_from(_FLEET), id=st.text("abc", min_size=1, max_size=3))
_rules = st.builds(
    a_rule,
    st.sampled_from(["zone", "region", "pod"]),
    st.sampled_from(['"us-south-1"', '"us-south-2"', '"us-south"', "us-south"]),
    st.text("abc", min_size=1, max_size=3),
)
_trusts = st.builds(
    ProfileTrust,
    profile=st.just(PROFILE),
    links=st.lists(_links, max_size=5).map(tuple),
    rules=st.lists(_rules, max_size=3).map(tuple),
    identities=st.lists(st.builds(an_identity, st.sampled_from(_FLEET)), max_size=2).map(tuple),
)


@given(_trusts, st.lists(st.sampled_from(_FLEET), unique_by=id))
def test_the_index_finds_what_comparing_each_with_each_finds(
    given_trust: ProfileTrust, fleet: list[Server]
) -> None:
    servers = [AssessedServer(server, assess_restart(server)) for server in fleet]

    found = [
        (access.server.server, [(way.kind, way.id, way.doubt is None) for way in access.ways])
        for access in TrustIndex(servers).reach(given_trust)
    ]

    assert found == [
        (server, ways) for server in fleet if (ways := _ways_one_by_one(given_trust, server))
    ]


def _ways_one_by_one(given_trust: ProfileTrust, server: Server) -> list[tuple[str, str, bool]]:
    ways = [("link", link.id, True) for link in given_trust.links if link.crn == server.crn]
    for rule in given_trust.rules:
        answer = evaluate_rule(rule, server, ACCOUNT).answer
        if answer is not Answer.NO:
            ways.append(("rule", rule.id, answer is Answer.YES))
    ways.extend(
        ("identity", one.identifier or "", True)
        for one in given_trust.identities
        if one.identifier == server.crn
    )
    return ways


def test_each_server_is_joined_with_its_profiles_in_the_order_of_their_names() -> None:
    late, early = (replace(PROFILE, id=f"Profile-{name}", name=name) for name in ("zoo", "ark"))
    trusts = [
        ProfileTrust(profile=late, links=(a_link(WEB), a_link(METAL))),
        ProfileTrust(profile=early, links=(a_link(WEB),)),
    ]

    joined = join_profiles(assessed(DB, WEB, METAL), trusts)

    assert [one.server for one in joined] == [DB, WEB, METAL]
    assert [[access.profile.name for access in one.accesses] for one in joined] == [
        [],
        ["ark", "zoo"],
        ["zoo"],
    ]


def test_every_code_has_its_meaning() -> None:
    assert set(OBSTACLE_MEANINGS) == set(Obstacle)
    assert set(DOUBT_MEANINGS) == set(DoubtReason)
    assert set(EXPLANATIONS) == set(FindingCode)
