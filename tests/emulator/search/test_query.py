"""What of Lucene's query syntax is emulated, and what is refused rather than misread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.emulator.search.query import NotEmulatedError, QuerySyntaxError, parse_query
from vpcmetactl.emulator.search.state import Resource

WEB = Resource(
    "crn:v1:bluemix:public:is:us-south-1:a/acc::instance:0717_1",
    "web-1",
    "group-1",
    ("env:prod", "my team"),
)
METAL = Resource(
    "crn:v1:bluemix:public:is:eu-de-2:a/acc::bare-metal-server:02b7-2", "metal-1", "group-2", ()
)


def matches(query: str) -> list[str]:
    predicate = parse_query(query)
    return [one.name for one in (WEB, METAL) if predicate(one)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("*", ["web-1", "metal-1"]),
        ("  * ", ["web-1", "metal-1"]),
        ("name:web-1", ["web-1"]),
        ('name:"web-1"', ["web-1"]),
        ("name:web", []),
        ("name:WEB-1", []),
        ("family:is", ["web-1", "metal-1"]),
        ("service_name:is AND type:instance", ["web-1"]),
        ("type:bare-metal-server", ["metal-1"]),
        ("type:(instance OR bare-metal-server)", ["web-1", "metal-1"]),
        ('type:("instance")', ["web-1"]),
        ("region:us-south-1", ["web-1"]),
        ("region:us-south", []),
        ("account_id:acc", ["web-1", "metal-1"]),
        ("resource_group_id:group-2", ["metal-1"]),
        ("resource_id:0717_1", ["web-1"]),
        (f'crn:"{METAL.crn}"', ["metal-1"]),
        ('tags:"env:prod"', ["web-1"]),
        ('tags:"ENV:Prod"', ["web-1"]),
        ('tags:"my team"', ["web-1"]),
        ('tags:"my \\"team"', []),
        ("tags:env", []),
        ('tags:("env:dev" OR "env:prod")', ["web-1"]),
        ('type:instance AND (tags:"env:dev" OR name:web-1) AND family:is', ["web-1"]),
        ("((name:web-1) OR name:metal-1)", ["web-1", "metal-1"]),
        ("name:web-1 OR name:metal-1 OR name:db-1", ["web-1", "metal-1"]),
    ],
)
def test_fields_are_compared_whole_and_joined(query: str, expected: list[str]) -> None:
    assert matches(query) == expected


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "breaks off"),
        ("name:", "breaks off"),
        ("name:web-1 AND", "breaks off"),
        ("(name:web-1", "breaks off"),
        ("name:web-1)", "out of place"),
        ("AND name:web-1", "out of place"),
        ("name:AND", "no value"),
        ("name:type:instance", "no value"),
        ("tags:env:prod", "no value"),
        ('name:"web-1', "not closed"),
        ("()", "out of place"),
    ],
)
def test_what_is_no_query_is_a_mistake(query: str, told: str) -> None:
    with pytest.raises(QuerySyntaxError, match=told):
        parse_query(query)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("web-1", "not asked of a field"),
        ('"web-1"', "not asked of a field"),
        ("name:web*", "is not emulated here"),
        ("name:we?-1", "is not emulated here"),
        ("NOT name:web-1", "NOT is not emulated"),
        ("name:web-1 -type:instance", "is not emulated here"),
        ("+name:web-1", "is not emulated here"),
        ("name:web-1~2", "is not emulated here"),
        ("creation_date:[2020 TO 2022]", "is not emulated"),
        ("doc.fullyQualifiedDomainName:web", "the field 'doc.fullyQualifiedDomainName'"),
        ("tag:prod", "the field 'tag'"),
        ("name:web-1 type:instance", "nothing joins 'type'"),
        ("name:web-1 && type:instance", "is not emulated here"),
        ("name:web-1 and type:instance", "nothing joins 'and'"),
        ("name:a OR name:b AND type:instance", "AND beside OR needs parentheses"),
        ("tags:(one AND two)", "only OR is emulated"),
    ],
)
def test_what_is_lucene_and_not_emulated_is_said_to_be(query: str, told: str) -> None:
    with pytest.raises(NotEmulatedError, match=told):
        parse_query(query)


@given(st.text(alphabet='()":* \\ANDORabtgsynme-', max_size=40))
def test_any_text_is_a_query_or_refused(text: str) -> None:
    try:
        predicate = parse_query(text)
    except (QuerySyntaxError, NotEmulatedError):
        return
    assert predicate(WEB) in {True, False}
