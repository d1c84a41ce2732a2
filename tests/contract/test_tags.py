"""What a search tells of user tags, in memory as over HTTP."""

import pytest

from tests.contract.clouds import Subject
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.tags import TaggedServer

BOTH = tuple(ServerKind)


def found(
    subject: Subject, *tags: str, kinds: tuple[ServerKind, ...] = BOTH
) -> dict[str, TaggedServer]:
    account_id = subject.cloud.get_caller().account_id
    names = {server.crn: name for name, server in subject.servers.items()}
    tagged = subject.cloud.search_tags(account_id, kinds, tags)
    assert len({one.crn.text for one in tagged}) == len(tagged)
    return {names[one.crn.text]: one for one in tagged}


def test_servers_of_every_region_are_found_by_a_tag_with_all_their_tags(demo: Subject) -> None:
    data = found(demo, "team:data")

    assert data.keys() == {"db-1", "db-2", "db-3", "db-eu-1"}
    assert {one.tags for one in data.values()} == {("env:prod", "team:data")}
    assert data["db-eu-1"].crn.region == "eu-de"


def test_any_of_several_tags_is_enough(demo: Subject) -> None:
    either = found(demo, "team:data", "env:lab")

    assert either.keys() == found(demo, "team:data").keys() | found(demo, "env:lab").keys()
    assert found(demo, "nobody") == {}


@pytest.mark.parametrize("kind", ServerKind)
def test_only_the_kinds_asked_for_are_found(demo: Subject, kind: ServerKind) -> None:
    one_kind = found(demo, "env:prod", kinds=(kind,))

    assert one_kind
    assert {demo[name].kind for name in one_kind} == {kind}


def test_without_a_tag_every_server_is_told(demo: Subject) -> None:
    everything = found(demo)

    assert everything.keys() == demo.servers.keys()
    assert everything["container-host-1"].tags == ("container-host", "env:prod")
    assert everything["legacy-1"].tags == ()
