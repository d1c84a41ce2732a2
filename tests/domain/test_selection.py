from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import (
    RESOURCE_GROUP,
    a_bare_metal_server,
    a_server_id,
    a_vpc,
    an_instance,
)
from vpcmetactl.domain.identifiers import ServerRef
from vpcmetactl.domain.selection import ApiFilters, ServerSelector, refers_to
from vpcmetactl.domain.servers import Reference, Server, ServerKind

_WEB = an_instance("web-1", vpc=a_vpc("prod"), zone="us-south-1")
_DB = an_instance("db-1", vpc=a_vpc("back"), region="eu-de", zone="eu-de-2", status="stopped")
_METAL = a_bare_metal_server("metal-1", vpc=a_vpc("prod"), zone="us-south-2")
_NAMELESS = an_instance(None, vpc=None, resource_group=None)
_FLEET = (_WEB, _DB, _METAL, _NAMELESS)
_GROUP = Reference(
    id="r006-6e72d3f4-1c2b-4c3d-8e4f-5a6b7c8d9e0f",
    name="workers",
    crn="crn:v1:bluemix:public:is:us-south:a/1::instance-group:r006-6e72d3f4",
)
_MEMBER = an_instance("worker-1", instance_group=_GROUP)

_LONG_NAME = "r006-this-vpc-is-named-like-an-id-nearly-"


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (ServerSelector(), _FLEET),
        (ServerSelector(kinds=(ServerKind.BARE_METAL_SERVER,)), (_METAL,)),
        (ServerSelector(kinds=tuple(ServerKind)), _FLEET),
        (ServerSelector(regions=("eu-de",)), (_DB,)),
        (ServerSelector(regions=("eu-de", "us-south")), _FLEET),
        (ServerSelector(zones=("us-south-2", "eu-de-2")), (_DB, _METAL)),
        (ServerSelector(statuses=("stopped",)), (_DB,)),
        (ServerSelector(vpcs=("prod",)), (_WEB, _METAL)),
        (ServerSelector(vpcs=("PROD",)), ()),
        (ServerSelector(vpcs=(a_vpc("back").id or "",)), (_DB,)),
        (ServerSelector(vpcs=(a_vpc("back").crn or "",)), (_DB,)),
        (ServerSelector(vpcs=("prod", "back")), (_WEB, _DB, _METAL)),
        (ServerSelector(resource_groups=("Default",)), (_WEB, _DB, _METAL)),
        (ServerSelector(resource_groups=(RESOURCE_GROUP.id or "",)), (_WEB, _DB, _METAL)),
        (ServerSelector(resource_groups=("other",)), ()),
        (ServerSelector(names=("web-*",)), (_WEB,)),
        (ServerSelector(names=("*-1",)), (_WEB, _DB, _METAL)),
        (ServerSelector(names=("WEB-*",)), ()),
        (ServerSelector(names=("[dw]*-?", "metal-1")), (_WEB, _DB, _METAL)),
        (ServerSelector(names=("*",)), (_WEB, _DB, _METAL)),
        (ServerSelector(vpcs=("prod",), kinds=(ServerKind.INSTANCE,)), (_WEB,)),
        (ServerSelector(vpcs=("prod",), names=("db-*",)), ()),
        (ServerSelector(refs=(ServerRef("nobody"),)), _FLEET),
        (ServerSelector(tags=("env:prod",)), ()),
        (ServerSelector(instance_groups=("workers",)), ()),
    ],
)
def test_values_of_one_option_add_up_and_options_narrow_each_other(
    selector: ServerSelector, expected: tuple[Server, ...]
) -> None:
    assert tuple(server for server in _FLEET if selector.matches(server)) == expected


def test_a_selector_is_empty_until_anything_is_said() -> None:
    assert ServerSelector().is_empty
    for field in fields(ServerSelector):
        values: dict[str, Any] = {field.name: ("x",)}
        assert not ServerSelector(**values).is_empty


def test_both_kinds_are_wanted_unless_kinds_are_named() -> None:
    assert tuple(ServerSelector().wanted_kinds) == tuple(ServerKind)
    only = (ServerKind.BARE_METAL_SERVER,)
    assert tuple(ServerSelector(kinds=only).wanted_kinds) == only
    assert tuple(ServerSelector(kinds=only, instance_groups=("workers",)).wanted_kinds) == only


@pytest.mark.parametrize("word", ["workers", _GROUP.id, _GROUP.crn])
def test_members_of_a_group_are_chosen_by_its_name_id_or_crn_and_no_bare_metal_is(
    word: str,
) -> None:
    selector = ServerSelector(instance_groups=("others", word))

    assert [one for one in (*_FLEET, _MEMBER) if selector.matches(one)] == [_MEMBER]
    assert tuple(selector.wanted_kinds) == (ServerKind.INSTANCE,)


def test_any_of_the_tags_is_enough_and_what_is_not_known_bears_none() -> None:
    tagged: list[Server] = [
        an_instance("one", tags=("env:prod",)),
        a_bare_metal_server("two", tags=("env:dev", "team:data")),
        an_instance("three", tags=()),
        an_instance("four", tags=None),
    ]
    selector = ServerSelector(tags=("env:prod", "team:data"))

    assert [one.name for one in tagged if selector.matches(one)] == ["one", "two"]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (ServerSelector(), ApiFilters()),
        (ServerSelector(names=("web-1",)), ApiFilters(name="web-1")),
        (ServerSelector(names=("web-*",)), ApiFilters()),
        (ServerSelector(tags=("env:prod",)), ApiFilters()),
        (ServerSelector(instance_groups=("workers",)), ApiFilters()),
        (
            ServerSelector(instance_groups=(_GROUP.id or "",)),
            ApiFilters(instance_group_id=_GROUP.id),
        ),
        (
            ServerSelector(instance_groups=(_GROUP.crn or "",)),
            ApiFilters(instance_group_crn=_GROUP.crn),
        ),
        (ServerSelector(instance_groups=(_GROUP.id or "", "workers")), ApiFilters()),
        (ServerSelector(names=("web-?",)), ApiFilters()),
        (ServerSelector(names=("web-[12]",)), ApiFilters()),
        (ServerSelector(names=("web-1", "web-2")), ApiFilters()),
        (ServerSelector(vpcs=("prod",)), ApiFilters(vpc_name="prod")),
        (ServerSelector(vpcs=(_LONG_NAME,)), ApiFilters(vpc_name=_LONG_NAME)),
        (ServerSelector(vpcs=(a_vpc().id or "",)), ApiFilters(vpc_id=a_vpc().id)),
        (ServerSelector(vpcs=(a_vpc().crn or "",)), ApiFilters(vpc_crn=a_vpc().crn)),
        (ServerSelector(vpcs=("prod", "back")), ApiFilters()),
        (
            ServerSelector(resource_groups=(RESOURCE_GROUP.id or "",)),
            ApiFilters(resource_group_id=RESOURCE_GROUP.id),
        ),
        (ServerSelector(resource_groups=("Default",)), ApiFilters()),
        (ServerSelector(resource_groups=("x" * 32,)), ApiFilters()),
        (
            ServerSelector(regions=("us-south",), zones=("us-south-1",), statuses=("running",)),
            ApiFilters(),
        ),
        (
            ServerSelector(names=("web-1",), vpcs=("prod",)),
            ApiFilters(name="web-1", vpc_name="prod"),
        ),
    ],
)
def test_the_api_is_asked_to_filter_only_by_single_values_that_it_knows(
    selector: ServerSelector, expected: ApiFilters
) -> None:
    assert selector.api_filters() == expected


_VPCS = (a_vpc("prod"), a_vpc("back"), Reference("r006-x", _LONG_NAME), None)
_GROUPS = (RESOURCE_GROUP, Reference("0123456789abcdef0123456789abcdef", "other"), None)
_NAMES = ("web-1", "web-2", "db-1", None)
_WORDS_FOR_VPCS = ("prod", "back", _LONG_NAME, a_vpc("prod").id, a_vpc("back").crn, "nowhere")
_WORDS_FOR_GROUPS = ("Default", "other", RESOURCE_GROUP.id, "0123456789abcdef0123456789abcdef")

_SERVERS = st.builds(
    an_instance,
    st.sampled_from(_NAMES),
    vpc=st.sampled_from(_VPCS),
    resource_group=st.sampled_from(_GROUPS),
)


def _words(words: tuple[str | None, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from([w for w in words if w]), max_size=2).map(tuple)


_SELECTORS = st.builds(
    ServerSelector,
    names=_words(("web-1", "web-*", "db-?", "[dw]*", "nobody")),
    vpcs=_words(_WORDS_FOR_VPCS),
    resource_groups=_words(_WORDS_FOR_GROUPS),
)


@given(_SELECTORS, st.lists(_SERVERS, max_size=6))
def test_filtering_at_the_api_and_again_here_is_the_same_as_filtering_here(
    selector: ServerSelector, fleet: list[Server]
) -> None:
    sent = [server for server in fleet if _passes(selector.api_filters(), server)]

    assert [s for s in sent if selector.matches(s)] == [s for s in fleet if selector.matches(s)]


@pytest.mark.parametrize("word", [_WEB.id, _WEB.name, _WEB.crn])
def test_a_server_is_named_by_its_id_its_crn_and_its_name(word: str) -> None:
    assert [refers_to(ServerRef.parse(word), server) for server in _FLEET] == [
        *(True, False, False, False)
    ]


@pytest.mark.parametrize("word", ["web", "web-*", "WEB-1", a_server_id("other")])
def test_nothing_but_the_exact_word_names_a_server(word: str) -> None:
    assert not any(refers_to(ServerRef.parse(word), server) for server in _FLEET)


def test_a_crn_of_another_account_names_no_server_of_this_one() -> None:
    assert _WEB.crn is not None
    account = ServerRef.parse(_WEB.crn).crn
    assert account is not None

    ref = ServerRef.parse(_WEB.crn.replace(account.account_id, "f" * 32))

    assert not refers_to(ref, _WEB)


def test_a_crn_names_a_server_whose_own_crn_is_not_reported() -> None:
    ref = ServerRef.parse(_WEB.crn or "")

    assert refers_to(ref, an_instance("web-1", crn=None))
    assert not refers_to(ref, an_instance("web-1", crn=None, region="eu-de"))


def _passes(filters: ApiFilters, server: Server) -> bool:
    """Filter as the API does."""
    vpc, group = server.vpc or Reference(), server.resource_group or Reference()
    pairs = (
        (filters.name, server.name),
        (filters.vpc_id, vpc.id),
        (filters.vpc_name, vpc.name),
        (filters.vpc_crn, vpc.crn),
        (filters.resource_group_id, group.id),
    )
    return all(wanted in (None, actual) for wanted, actual in pairs)
