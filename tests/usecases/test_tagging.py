"""Servers are chosen by their user tags, or told with them, as far as a search knows them."""

import pytest

from tests.support.builders import ACCOUNT, a_bare_metal_server, an_instance
from tests.support.fake_calls import Call
from tests.usecases.fleets import Scene, a_scene, refs
from vpcmetactl.domain.errors import (
    AuthenticationError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.domain.servers import Server, ServerKind

_WEB = an_instance("web-1")
_METAL = a_bare_metal_server("metal-1")
_DB = an_instance("db-1", region="eu-de")
_PLAIN = an_instance("plain")
_FLEET: list[Server] = [_WEB, _METAL, _DB, _PLAIN]
_PROD = ServerSelector(tags=("env:prod",))
_DENIED = PermissionDeniedError("cannot find the servers tagged env:prod", hint="an action")


@pytest.fixture
def scene() -> Scene:
    scene = a_scene(_FLEET)
    for server, tags in ((_WEB, ("env:prod", "team:a")), (_METAL, ("env:prod",)), (_DB, ("x",))):
        scene.cloud.tags[server.crn or ""] = tags
    return scene


def searches(scene: Scene) -> list[Call]:
    return [call for call in scene.cloud.calls if call.operation == "search_tags"]


def tags_of(
    scene: Scene, selector: ServerSelector, *, with_tags: bool = False
) -> dict[str, object]:
    reading = scene.reader().open(selector, with_tags=with_tags)
    return {one.server.name or "": one.server.tags for batch in reading for one in batch}


def test_one_search_tells_for_all_tags_which_servers_bear_one(scene: Scene) -> None:
    selector = ServerSelector(tags=("env:prod", "x"))

    assert tags_of(scene, selector) == {
        "web-1": ("env:prod", "team:a"),
        "metal-1": ("env:prod",),
        "db-1": ("x",),
    }
    assert searches(scene) == [Call("search_tags", detail=(ACCOUNT, ("env:prod", "x")))]
    assert scene.observer.warnings == []


def test_tags_narrow_what_other_options_choose(scene: Scene) -> None:
    metal = ServerSelector(tags=("env:prod",), kinds=(ServerKind.BARE_METAL_SERVER,))
    elsewhere = ServerSelector(tags=("env:prod",), regions=("eu-de",))

    assert scene.names(selector=metal) == ["metal-1"]
    assert scene.names(selector=elsewhere) == []
    assert scene.names(selector=ServerSelector(tags=("env:prod",), names=("web-*",))) == ["web-1"]
    assert scene.observer.warnings == []


def test_a_named_server_without_the_tag_does_not_match(scene: Scene) -> None:
    tagged = ServerSelector(refs=refs("web-1"), tags=("env:prod",))

    assert scene.names(selector=tagged) == ["web-1"]
    with pytest.raises(NotFoundError, match="no server matches 'plain'"):
        scene.names(selector=ServerSelector(refs=refs("plain"), tags=("env:prod",)))


def test_nobody_searches_unless_tags_are_asked_for(scene: Scene) -> None:
    assert tags_of(scene, ServerSelector()) == dict.fromkeys(
        ["web-1", "metal-1", "db-1", "plain"], None
    )
    assert searches(scene) == []


def test_tags_can_be_told_of_every_server(scene: Scene) -> None:
    del scene.cloud.tags[_DB.crn or ""]
    scene.cloud.put(an_instance("nobody-knows", crn=None))

    assert tags_of(scene, ServerSelector(), with_tags=True) == {
        "web-1": ("env:prod", "team:a"),
        "metal-1": ("env:prod",),
        "db-1": (),
        "plain": (),
        "nobody-knows": None,
    }
    assert searches(scene) == [Call("search_tags", detail=(ACCOUNT, ()))]


@pytest.mark.parametrize("error", [_DENIED, UnavailableError("the search does not answer")])
def test_where_the_search_fails_a_selection_by_tags_is_not_decided(
    scene: Scene, error: VpcmetactlError
) -> None:
    scene.cloud.fail("search_tags", error)

    with pytest.raises(type(error)) as caught:
        scene.reader().open(_PROD)

    assert caught.value is error
    assert "list_page" not in scene.cloud.operations()


def test_tags_that_were_only_to_be_told_are_told_without(scene: Scene) -> None:
    scene.cloud.fail("search_tags", _DENIED)

    reading = scene.reader().open(ServerSelector(), with_tags=True)

    assert {one.server.tags for batch in reading for one in batch} == {None}
    assert reading.tagging.error is _DENIED


@pytest.mark.parametrize("error", [AuthenticationError("no token"), InvalidInputError("a file")])
def test_what_concerns_more_than_the_tags_is_raised_all_the_same(
    scene: Scene, error: VpcmetactlError
) -> None:
    scene.cloud.fail("search_tags", error)

    with pytest.raises(type(error)):
        scene.reader().open(ServerSelector(), with_tags=True)


def test_a_server_that_the_search_knows_and_no_listing_shows_is_told_of(scene: Scene) -> None:
    gone = [an_instance(f"gone-{number}") for number in range(5)]
    scene.cloud.tags.update(dict.fromkeys([one.crn or "" for one in gone], ("env:prod",)))

    assert scene.names(selector=_PROD) == ["metal-1", "web-1"]

    (warning,) = scene.observer.warnings
    assert all(f"{one.id} in us-south" in warning for one in gone[:3])
    assert gone[3].id not in warning
    assert "and 2 more" in warning
    assert "deleted a short while ago or are not visible" in warning


def test_a_tag_that_no_server_bears_may_be_on_its_way(scene: Scene) -> None:
    assert scene.names(selector=ServerSelector(tags=("blue", "green"))) == []

    (warning,) = scene.observer.warnings
    assert warning.startswith("Global Search knows no server tagged blue or green; ")


@pytest.mark.parametrize(
    "selector",
    [
        ServerSelector(tags=("env:prod",), vpcs=("prod",)),
        ServerSelector(tags=("env:prod",), regions=("eu-de",)),
        ServerSelector(tags=("env:prod",), kinds=(ServerKind.BARE_METAL_SERVER,)),
        ServerSelector(tags=("env:prod",), refs=refs("web-1")),
    ],
    ids=["filtered by the API", "another region", "another kind", "named"],
)
def test_nothing_is_said_of_servers_that_no_listing_was_to_show(
    scene: Scene, selector: ServerSelector
) -> None:
    scene.cloud.tags[an_instance("gone").crn or ""] = ("env:prod",)

    scene.names(selector=selector)

    assert scene.observer.warnings == []


def test_a_part_that_could_not_be_read_is_told_once(scene: Scene) -> None:
    down = UnavailableError("down", region="us-south")
    scene.cloud.fail("list_page", down, region="us-south", times=2)

    assert scene.names(selector=ServerSelector(tags=("env:prod", "x"))) == ["db-1"]
    assert {(part.region, part.kind) for part in scene.unread} == {
        ("us-south", kind) for kind in ServerKind
    }
    assert scene.observer.warnings == []
