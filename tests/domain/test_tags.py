import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import a_bare_metal_server, an_instance
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.identifiers import Crn
from vpcmetactl.domain.tags import TaggedServer, TagIndex, parse_tag


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("env:prod", "env:prod"),
        ("Env:PROD", "env:prod"),
        ("  env:prod\t", "env:prod"),
        ("container-host", "container-host"),
        ("env:test:my_project.2", "env:test:my_project.2"),
        ("cost center:42 b", "cost center:42 b"),
        ("x" * 128, "x" * 128),
    ],
)
def test_a_tag_is_kept_in_lower_case_as_the_platform_keeps_it(text: str, tag: str) -> None:
    assert parse_tag(text) == tag


@pytest.mark.parametrize(
    "text",
    ["", " ", "env:prod,team:data", 'env:"prod"', "env:*", "env:prod OR (x)", "x" * 129, "a\nb"],
)
def test_what_no_tag_can_be_is_refused_with_what_one_looks_like(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_tag(text)

    assert str(caught.value) == f"--tag {text!r}: is not a user tag"
    assert "env:prod" in (caught.value.hint or "")


@given(st.text())
def test_whatever_is_typed_is_a_tag_that_quotes_can_hold_or_refused(text: str) -> None:
    try:
        tag = parse_tag(text)
    except InvalidInputError:
        return
    assert tag == parse_tag(tag)
    assert not {'"', "\\", "(", ")", "*", "?"} & set(tag)


def test_tags_are_those_of_the_server_with_this_id_in_this_region() -> None:
    web, db, metal = (
        an_instance("web-1"),
        an_instance("db-1", region="eu-de"),
        a_bare_metal_server("metal-1"),
    )
    index = TagIndex.of(
        [
            TaggedServer(Crn.parse(web.crn or ""), ("env:prod",)),
            TaggedServer(Crn.parse(metal.crn or ""), ()),
        ]
    )

    assert index.tags_of(web) == ("env:prod",)
    assert index.tags_of(an_instance("web-1", region="eu-de", id=web.id)) is None
    assert index.tags_of(an_instance("web-1", crn=None)) == ("env:prod",)
    assert index.tags_of(db) is None
    assert index.tags_of(metal) == ()
