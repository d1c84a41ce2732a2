"""Clearing out links: whether a server is gone is asked, and in doubt it is not."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.support.builders import ACCOUNT, a_bare_metal_server, an_instance
from tests.support.fake_cloud import Call, InMemoryCloud
from tests.support.trust import PROFILE, a_link, a_trust
from tests.usecases.test_linking import Linking
from vpcmetactl.domain.errors import (
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.links import SightedLink, Sighting, plan_prune
from vpcmetactl.domain.plans import (
    Applied,
    Failed,
    LinkChange,
    LinkOperation,
    Outcome,
    Refused,
    Skip,
    SkipReason,
)
from vpcmetactl.domain.servers import Region, Server
from vpcmetactl.domain.trust import ProfileLink
from vpcmetactl.usecases.linking import LinkExecutor
from vpcmetactl.usecases.pruning import sight_links

WEB, GONE = an_instance("web-1"), an_instance("gone-1")
METAL, NO_METAL = a_bare_metal_server("metal-1"), a_bare_metal_server("gone-2")
_REGIONS = [Region("us-south"), Region("eu-de")]
_NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
_LONG_AGO = "2026-01-01T00:00+0000"


def _a_cloud(*servers: Server) -> InMemoryCloud:
    return InMemoryCloud(servers, regions=_REGIONS)


def _sighted(
    cloud: InMemoryCloud, *links: ProfileLink, seen: tuple[Server, ...] = ()
) -> list[Sighting]:
    found = sight_links(cloud, [a_trust(links=links)], {one.id: one.identity for one in seen}, 4)
    assert [one.link for one in found] == list(links)
    assert {one.profile.id for one in found} == {PROFILE.id}
    return [one.sighting for one in found]


def _moved(server: Server, zone: str) -> ProfileLink:
    """Return a link that names the id of a server in another zone."""
    return a_link(server, id=f"link-{zone}", crn=(server.crn or "").replace("us-south-1", zone))


def test_servers_of_both_kinds_are_asked_for_by_their_ids() -> None:
    cloud = _a_cloud(WEB, METAL)

    found = _sighted(cloud, a_link(WEB), a_link(GONE), a_link(METAL), a_link(NO_METAL))

    assert found == [
        *(Sighting.FOUND, Sighting.NOT_FOUND),
        *(Sighting.FOUND, Sighting.NOT_FOUND),
    ]
    assert Counter(call.detail for call in cloud.calls) == dict.fromkeys(
        [WEB.id, GONE.id, METAL.id, NO_METAL.id], 1
    )


def test_what_was_seen_in_a_listing_is_not_asked_for() -> None:
    cloud = _a_cloud()

    assert _sighted(cloud, a_link(WEB), seen=(WEB,)) == [Sighting.FOUND]
    assert cloud.calls == []


def test_a_server_with_many_links_is_asked_for_once() -> None:
    cloud = _a_cloud()
    trusts = [a_trust(links=(a_link(GONE, id=f"link-{n}"),)) for n in range(5)]

    found = sight_links(cloud, trusts, {}, 4)

    assert [one.sighting for one in found] == [Sighting.NOT_FOUND] * 5
    assert len(cloud.calls) == 1


@pytest.mark.parametrize("zones", [("eu-de-1", "us-south-2"), ("us-south-2", "eu-de-1")])
def test_an_id_that_links_name_in_several_regions_is_asked_for_in_each(
    zones: tuple[str, str],
) -> None:
    cloud = _a_cloud(WEB)
    links = [_moved(WEB, zone) for zone in zones]

    found = dict(zip(zones, _sighted(cloud, *links), strict=True))

    assert found == {"us-south-2": Sighting.FOUND, "eu-de-1": Sighting.NOT_FOUND}


@pytest.mark.parametrize(
    "link",
    [
        a_link(GONE, cr_type="IKS_SA"),
        a_link(GONE, cr_type="BMS"),
        a_link(GONE, crn=None),
        a_link(GONE, crn="crn:v1:bluemix:public:containers-kubernetes:us-south:a/x:c1::"),
        a_link(GONE, crn=(GONE.crn or "").replace("us-south-1", "evil.example/")),
    ],
)
def test_links_to_anything_else_are_not_asked_about(link: ProfileLink) -> None:
    cloud = _a_cloud()

    assert _sighted(cloud, link) == [Sighting.NOT_ASKED]
    assert cloud.calls == []


@pytest.mark.parametrize("error", [PermissionDeniedError("403"), UnavailableError("gone")])
def test_a_server_that_cannot_be_read_is_not_gone(error: VpcmetactlError) -> None:
    cloud = _a_cloud()

    def fail(call: Call) -> None:
        if call.detail == GONE.id:
            raise error

    cloud.before(fail)

    assert _sighted(cloud, a_link(GONE), a_link(NO_METAL)) == [
        *(Sighting.UNREADABLE, Sighting.NOT_FOUND)
    ]


def test_without_a_token_nothing_is_said() -> None:
    cloud = _a_cloud()
    cloud.fail("get_server", AuthenticationError("no token"))

    with pytest.raises(AuthenticationError):
        _sighted(cloud, a_link(GONE))


# Together with the plan that is made of it.


def _pruned(found: list[SightedLink]) -> dict[str, SkipReason | LinkOperation]:
    plan = plan_prune(found, account_id=ACCOUNT, now=_NOW)
    return {
        item.server.id: item.operation if isinstance(item, LinkChange) else item.reason
        for item in plan.items
        if isinstance(item, LinkChange | Skip)
    }


def test_only_links_whose_servers_are_provably_gone_are_pruned() -> None:
    cloud = _a_cloud(WEB)
    hidden, young, far, undated = (
        an_instance(name) for name in ("hidden-1", "young-1", "far-1", "undated-1")
    )

    def hide(call: Call) -> None:
        if call.detail == hidden.id:
            raise PermissionDeniedError("403")

    cloud.before(hide)
    links = (
        *(a_link(one, created_at=_LONG_AGO) for one in (WEB, GONE, NO_METAL, hidden)),
        a_link(young, created_at="2026-11-21T11:30+0000"),
        a_link(undated, created_at=None),
        a_link(far, created_at=_LONG_AGO, crn=(far.crn or "").replace(ACCOUNT, "f" * 32)),
    )

    found = sight_links(cloud, [a_trust(links=links)], {}, 4)

    assert _pruned(list(found)) == {
        WEB.id: SkipReason.VISIBLE,
        GONE.id: LinkOperation.DELETE,
        NO_METAL.id: LinkOperation.DELETE,
        hidden.id: SkipReason.NOT_REPORTED,
        young.id: SkipReason.TOO_RECENT,
        undated.id: SkipReason.TOO_RECENT,
        far.id: SkipReason.FOREIGN_ACCOUNT,
    }


@pytest.mark.parametrize(
    ("error", "kind"),
    [(None, Refused), (PermissionDeniedError("403"), Failed), (NotFoundError("404"), Applied)],
)
def test_what_is_cleared_out_goes_only_while_its_server_is_not_found(
    error: VpcmetactlError | None, kind: type[Outcome]
) -> None:
    scene = Linking(LinkOperation.DELETE)
    if error is not None:
        scene.cloud.fail("get_server", error)
    executor = LinkExecutor(scene.cloud, scene.cloud)

    [outcome] = replace(scene.applier(), executor=executor).apply(scene.plan)

    assert isinstance(outcome, kind)
    assert len(scene.links()) == (0 if kind is Applied else 1)
