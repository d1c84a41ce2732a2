from collections import Counter

import pytest

from tests.support.builders import a_bare_metal_server, a_server_id, a_vpc, an_instance
from tests.support.fake_cloud import InMemoryCloud
from tests.usecases.fleets import Scene, a_scene, refs
from vpcmetactl.domain.errors import (
    AmbiguousServerError,
    AuthenticationError,
    BadRequestError,
    MalformedResponseError,
    NotFoundError,
    UnavailableError,
)
from vpcmetactl.domain.evidence import Sights
from vpcmetactl.domain.identifiers import BUILT_IN_REGIONS
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.domain.servers import Region, Server, ServerKind
from vpcmetactl.usecases.listing import Unread
from vpcmetactl.usecases.ports import Unreadable

_WEB = an_instance("web-1")
_METAL = a_bare_metal_server("metal-1")
_DB = an_instance("db-1", region="eu-de", vpc=a_vpc("back"))
_FLEET: list[Server] = [_WEB, _METAL, _DB]
_GONE = UnavailableError("the API does not answer")


def test_without_a_selection_the_whole_fleet_is_read() -> None:
    scene = a_scene(_FLEET)

    assert scene.names() == ["db-1", "metal-1", "web-1"]
    assert Counter(scene.cloud.operations()) == {"list_regions": 1, "list_page": 4}
    assert scene.unread == []


def test_a_selection_is_filtered_at_the_api_where_it_can_and_here_where_it_cannot() -> None:
    scene = a_scene([*_FLEET, an_instance("web-2", status="stopped")])

    assert scene.names(selector=ServerSelector(statuses=("stopped",))) == ["web-2"]
    assert scene.names(selector=ServerSelector(names=("db-1",))) == ["db-1"]
    assert scene.names(selector=ServerSelector(vpcs=("prod",))) == ["metal-1", "web-1", "web-2"]


def test_where_is_asked_last_about_assessed_servers() -> None:
    scene = a_scene(_FLEET)
    asked: list[str | None] = []

    def is_web(assessed: AssessedServer) -> bool:
        asked.append(assessed.server.name)
        return asked[-1] == "web-1"

    kinds = ServerSelector(kinds=(ServerKind.INSTANCE,), regions=("us-south",))
    assert scene.names(selector=kinds, where=is_web) == ["web-1"]
    assert asked == ["web-1"]


@pytest.mark.parametrize("server", _FLEET, ids=["instance", "bare metal", "another region"])
def test_a_server_is_found_by_its_name_its_id_and_its_crn(server: Server) -> None:
    for word in (server.name, server.id, server.crn):
        scene = a_scene(_FLEET)
        assert scene.names(word or "") == [server.name]
        assert scene.unread == []


def test_a_crn_is_looked_up_where_it_says_with_one_call() -> None:
    scene = a_scene(_FLEET)

    assert scene.names(_DB.crn or "") == ["db-1"]
    assert [(c.operation, c.region, c.kind) for c in scene.cloud.calls] == [
        ("get_server", "eu-de", ServerKind.INSTANCE)
    ]


def test_an_id_is_asked_for_by_id_and_a_name_is_listed_by_name() -> None:
    for word, operation in ((_WEB.id, "get_server"), (_WEB.name or "", "list_page")):
        scene = a_scene(_FLEET)
        scene.read(word, selector=None)
        assert Counter(scene.cloud.operations()) == {"list_regions": 1, operation: 4}


@pytest.mark.parametrize("name", ["Web 1", "web_1", "a" * 64, a_server_id("x").replace("_", "-")])
def test_a_server_is_found_by_a_name_of_whatever_form(name: str) -> None:
    fleet: list[Server] = [an_instance(name), _DB]

    assert a_scene(fleet).names(name) == [name]
    # And so it is in a listing, which is how many names are looked up.
    many = a_scene([*fleet, *(an_instance(f"n-{n}") for n in range(4))])
    assert name in many.names(name, *(f"n-{n}" for n in range(4)))


def test_a_word_that_the_api_refuses_as_an_id_may_still_be_a_name() -> None:
    scene = a_scene([an_instance("Web 1")])
    scene.cloud.fail("get_server", BadRequestError("no id has this form"), times=2)

    assert scene.names("Web 1") == ["Web 1"]


def test_more_than_four_names_are_found_with_one_listing() -> None:
    fleet = [an_instance(f"web-{n}") for n in range(6)]
    scene = a_scene(fleet)

    assert scene.names(*(f"web-{n}" for n in range(5))) == [f"web-{n}" for n in range(5)]
    assert Counter(scene.cloud.operations()) == {"list_regions": 1, "list_page": 2}


def test_a_server_named_twice_is_read_once() -> None:
    scene = a_scene(_FLEET)

    assert scene.names("web-1", _WEB.id, _WEB.crn or "") == ["web-1"]
    [recorded] = [about for name, about in scene.log.calls if name == "record_sights"]
    assert recorded == Sights(scene.log.observations, [])


def test_a_name_of_several_servers_is_an_error_that_tells_them_apart() -> None:
    twin = an_instance("web-1", region="eu-de", id="0757_twin")
    scene = a_scene([_WEB, twin])

    with pytest.raises(AmbiguousServerError) as caught:
        scene.read("web-1", ignore_not_found=True)

    places = sorted(str(caught.value).partition(": ")[2].split(", "))
    assert places == sorted([f"{_WEB.id} (instance in us-south)", "0757_twin (instance in eu-de)"])
    assert str(caught.value).startswith("2 servers bear the name 'web-1': ")
    assert "--region" in (caught.value.hint or "")


def test_a_region_tells_servers_of_the_same_name_apart() -> None:
    twin = an_instance("web-1", region="eu-de", id="0757_twin")
    scene = a_scene([_WEB, twin])

    [found] = scene.read(selector=ServerSelector(refs=refs("web-1"), regions=("eu-de",)))

    assert found.server.id == "0757_twin"


@pytest.mark.parametrize("others", [(), ("a", "b", "c", "d")], ids=["few names", "many names"])
def test_names_that_match_nothing_are_an_error_before_anything_is_yielded(
    others: tuple[str, ...],
) -> None:
    scene = a_scene(_FLEET)
    reading = scene.reader().open(ServerSelector(refs=refs("web-1", "nobody", *others)))

    with pytest.raises(NotFoundError) as caught:
        next(iter(reading))

    missing = ", ".join(repr(word) for word in ("nobody", *others))
    assert str(caught.value) == f"no server matches {missing}"
    assert "the name must be exact" in (caught.value.hint or "")


def test_names_that_match_nothing_may_be_passed_over() -> None:
    scene = a_scene(_FLEET)

    assert scene.names("web-1", "nobody", ignore_not_found=True) == ["web-1"]
    assert scene.names("nobody", ignore_not_found=True) == []


def test_a_named_server_that_the_options_exclude_matches_nothing() -> None:
    scene = a_scene(_FLEET)
    selector = ServerSelector(refs=refs("web-1"), vpcs=("back",))

    with pytest.raises(NotFoundError, match="no server matches 'web-1'"):
        scene.read(selector=selector)


def test_a_name_not_found_where_a_region_could_not_be_read_says_that_it_may_be_there() -> None:
    scene = a_scene(_FLEET)
    scene.cloud.fail("list_page", _GONE, region="eu-de", times=9)

    with pytest.raises(NotFoundError) as caught:
        scene.read("db-1")

    assert str(caught.value).endswith(f"as far as could be read; {_GONE}")
    assert caught.value.hint == "eu-de could not be read in full: it may be there"


def test_a_server_that_is_found_comes_with_the_regions_that_could_not_be_searched() -> None:
    scene = a_scene(_FLEET)
    scene.cloud.fail("list_page", _GONE, region="eu-de", times=9)

    assert scene.names("web-1", "metal-1") == ["metal-1", "web-1"]
    # Two names were sought there; that it cannot be read is told once for each kind.
    assert sorted(scene.unread, key=lambda part: str(part.kind)) == [
        Unread("eu-de", ServerKind.BARE_METAL_SERVER, _GONE),
        Unread("eu-de", ServerKind.INSTANCE, _GONE),
    ]


def test_what_cannot_be_read_elsewhere_matters_to_no_server_found_by_its_id() -> None:
    scene = a_scene(_FLEET)
    scene.cloud.fail("get_server", _GONE, region="eu-de", times=9)
    scene.cloud.fail("list_page", _GONE, region="eu-de", times=9)

    assert scene.names(_WEB.id) == ["web-1"]
    assert scene.unread == []


def test_an_item_without_an_id_makes_a_search_by_name_incomplete() -> None:
    scene = a_scene([_WEB])
    lost = Unreadable(None, None, "item 1 has no id")
    scene.cloud.unreadable["us-south", ServerKind.INSTANCE] = [lost]

    assert scene.names("web-1") == ["web-1"]
    [part] = scene.unread
    assert (part.region, type(part.error)) == ("us-south", MalformedResponseError)


@pytest.mark.parametrize("word", ["web-1", _WEB.id, _WEB.crn or ""])
def test_where_nothing_could_be_searched_the_reason_is_the_error(word: str) -> None:
    scene = a_scene([_WEB])
    scene.cloud.fail("get_server", _GONE, times=2)
    scene.cloud.fail("list_page", _GONE, times=2)

    with pytest.raises(UnavailableError) as caught:
        scene.read(word)

    assert caught.value is _GONE


def test_where_no_part_of_the_fleet_could_be_read_the_first_reason_is_raised() -> None:
    scene = a_scene(_FLEET)
    scene.cloud.fail("list_page", _GONE, times=4)

    with pytest.raises(UnavailableError):
        scene.read()


def test_a_region_that_fails_leaves_the_rest_and_is_named() -> None:
    scene = a_scene(_FLEET)
    scene.cloud.fail("list_page", _GONE, region="eu-de", times=2)

    assert scene.names() == ["metal-1", "web-1"]
    assert {part.region for part in scene.unread} == {"eu-de"}


# Regions.


def test_a_region_that_ibm_names_is_not_looked_up() -> None:
    scene = a_scene(_FLEET)

    assert scene.names(selector=ServerSelector(regions=("eu-de", "eu-de"))) == ["db-1"]
    assert scene.cloud.operations() == ["list_page", "list_page"]


def test_a_region_that_is_new_is_looked_up() -> None:
    scene = a_scene([an_instance("web-1", region="xx-new")])

    assert scene.names(selector=ServerSelector(regions=("xx-new",))) == ["web-1"]
    assert scene.cloud.operations()[0] == "list_regions"


def test_a_region_that_does_not_exist_is_an_error_that_names_those_that_do() -> None:
    scene = a_scene(_FLEET)

    with pytest.raises(NotFoundError, match="there is no region 'mars'") as caught:
        scene.reader().open(ServerSelector(regions=("eu-de", "mars")))

    assert caught.value.hint == "the regions are eu-de, us-south"


def test_a_region_that_is_misspelt_is_an_error_that_names_what_may_be_meant() -> None:
    scene = a_scene(_FLEET)

    with pytest.raises(NotFoundError, match="there is no region 'us-shouth'") as caught:
        scene.reader().open(ServerSelector(regions=("eu-de", "us-shouth")))

    assert caught.value.hint == "did you mean us-south?"


def test_a_crn_of_a_region_that_does_not_exist_is_an_error_and_nothing_is_asked_there() -> None:
    scene = a_scene(_FLEET)
    crn = (_WEB.crn or "").replace("us-south-1", "evil-1")

    with pytest.raises(NotFoundError, match="there is no region 'evil'"):
        scene.read(crn)

    assert scene.cloud.operations() == ["list_regions"]


def test_a_crn_of_another_region_than_the_one_chosen_matches_nothing() -> None:
    scene = a_scene(_FLEET)
    selector = ServerSelector(refs=refs(_DB.crn or ""), regions=("us-south",))

    with pytest.raises(NotFoundError, match=r"no server matches .* in us-south"):
        scene.read(selector=selector)

    assert scene.cloud.operations() == []


def test_a_crn_of_something_else_matches_nothing() -> None:
    scene = a_scene(_FLEET)

    with pytest.raises(NotFoundError, match="no server matches"):
        scene.read(a_vpc().crn or "")


def test_where_the_regions_cannot_be_listed_the_built_in_ones_are_used_with_a_warning() -> None:
    regions = [Region(name) for name in BUILT_IN_REGIONS]
    scene = Scene(InMemoryCloud(_FLEET, regions=regions))
    scene.cloud.fail("list_regions", UnavailableError("503"))

    assert scene.names() == ["db-1", "metal-1", "web-1"]
    assert {call.region for call in scene.cloud.calls} == {None, *BUILT_IN_REGIONS}
    assert scene.observer.warnings == [
        "the list of regions could not be read, the built-in one is used: 503"
    ]


def test_without_a_valid_token_nothing_is_read() -> None:
    scene = a_scene(_FLEET)
    scene.cloud.fail("list_regions", AuthenticationError("the key is refused"))

    with pytest.raises(AuthenticationError):
        scene.reader().open(ServerSelector())

    assert scene.observer.warnings == []
