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
from vpcmetactl.domain.servers import Instance, Reference, ServerKind
from vpcmetactl.domain.subject_selection import EVERY_SERVER, SubjectSelector
from vpcmetactl.domain.subjects import Location, Origin, Subject

_WEB = Subject(
    an_instance(
        "web-1",
        region="eu-de",
        instance_group=Reference(id="r010-ig", name="web", crn="crn:group"),
    )
)
# What is planned: neither region, nor name, nor anything else is known before it is made.
_PLANNED = Subject(
    Instance(id="ibm_is_instance.web[0]", region=""),
    Origin.TERRAFORM_PLAN,
    Location("ibm_is_instance.web[0]"),
)
_BY_ID_ONLY = Subject(an_instance(vpc=Reference(id=a_vpc().id)))


@pytest.mark.parametrize(
    ("selector", "web", "planned"),
    [
        (EVERY_SERVER, True, True),
        (SubjectSelector(regions=("us-south", "eu-de")), True, None),
        (SubjectSelector(regions=("us-south",)), False, None),
        (SubjectSelector(kinds=(ServerKind.INSTANCE,)), True, True),
        (SubjectSelector(kinds=(ServerKind.BARE_METAL_SERVER,)), False, False),
        (SubjectSelector(zones=("eu-de-1",)), True, None),
        (SubjectSelector(names=("db-*", "web-?")), True, None),
        (SubjectSelector(names=("WEB-1",)), False, None),
        (SubjectSelector(statuses=("running",)), True, False),
        (SubjectSelector(statuses=("stopped",)), False, False),
        (SubjectSelector(vpcs=("prod",)), True, None),
        (SubjectSelector(vpcs=(str(a_vpc().crn),)), True, None),
        (SubjectSelector(vpcs=("test",)), False, None),
        (SubjectSelector(resource_groups=(str(RESOURCE_GROUP.id),)), True, None),
        (SubjectSelector(resource_groups=("other",)), False, None),
        (SubjectSelector(instance_groups=("web",)), True, False),
        (SubjectSelector(instance_groups=("db",)), False, False),
        (SubjectSelector(servers=("web-1",)), True, None),
        (SubjectSelector(servers=(a_server_id("instance web-1"),)), True, None),
        (SubjectSelector(servers=(str(_WEB.server.crn),)), True, None),
        (SubjectSelector(servers=("web-2",)), False, None),
        (SubjectSelector(addresses=("ibm_is_instance.*",)), False, True),
        (SubjectSelector(addresses=("module.*",)), False, False),
        (SubjectSelector(regions=("eu-de",), names=("db-*",)), False, None),
        (SubjectSelector(regions=("eu-de",), addresses=("module.*",)), False, False),
    ],
)
def test_a_selector_says_yes_or_no_or_that_it_cannot_tell(
    selector: SubjectSelector, *, web: bool, planned: bool | None
) -> None:
    assert selector.covers(_WEB) is web
    assert selector.covers(_PLANNED) is planned


@pytest.mark.parametrize(
    ("word", "expected"),
    [(str(a_vpc().id), True), (str(a_vpc("other").id), False), ("prod", None)],
)
def test_a_reference_of_which_the_id_is_known_may_have_any_name_but_no_other_id(
    word: str, *, expected: bool | None
) -> None:
    assert SubjectSelector(vpcs=(word,)).covers(_BY_ID_ONLY) is expected


def test_a_template_belongs_to_the_groups_that_use_it() -> None:
    groups = (Reference(id="r010-a", name="a"), Reference(id="r010-b", name="b"))
    template = Subject(an_instance(), Origin.INSTANCE_TEMPLATE, groups=groups)

    assert SubjectSelector(instance_groups=("b",)).covers(template) is True
    assert SubjectSelector(instance_groups=("c",)).covers(template) is False
    unnamed = Subject(an_instance(), groups=(Reference(id="r010-a"),))
    assert SubjectSelector(instance_groups=("c",)).covers(unnamed) is None


def test_a_bare_metal_server_belongs_to_no_group() -> None:
    assert SubjectSelector(instance_groups=("a",)).covers(Subject(a_bare_metal_server())) is False


@pytest.mark.parametrize("answer", [True, False, None])
def test_an_expression_is_asked_once_it_was_compiled(*, answer: bool | None) -> None:
    where = SubjectSelector(where="status == 'running'")

    with pytest.raises(ValueError, match="was not compiled"):
        where.covers(_WEB)
    ready = SubjectSelector(where="status == 'running'", predicate=lambda _: answer)
    assert ready.covers(_WEB) is answer
    assert (ready.words, EVERY_SERVER.words) == ("where status == 'running'", "every server")


def test_the_words_of_a_selector_are_those_of_the_command_line() -> None:
    selector = SubjectSelector(
        regions=("eu-de", "eu-gb"),
        resource_groups=("Default",),
        addresses=("a.*",),
        statuses=("x",),
    )

    assert selector.words == (
        "region eu-de or eu-gb, resource group Default, status x, address a.*"
    )


_WORDS = st.lists(st.sampled_from(["eu-de", "web-1", "x"]), max_size=2).map(tuple)


@given(st.builds(SubjectSelector, regions=_WORDS, names=_WORDS, addresses=_WORDS))
def test_a_further_word_never_covers_more(selector: SubjectSelector) -> None:
    narrower = SubjectSelector(
        regions=selector.regions,
        names=selector.names,
        addresses=selector.addresses,
        kinds=(ServerKind.BARE_METAL_SERVER,),
    )

    assert narrower.covers(_WEB) is False
    assert selector.is_empty is (selector == EVERY_SERVER)
