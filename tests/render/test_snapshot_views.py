"""Differences of snapshots, and instance templates, as users and scripts see them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render.examples import rendered, rendered_example
from tests.render.snapshot_examples import JUDGED, a_difference, judged
from tests.render.test_schemas import assert_valid
from vpcmetactl.domain.diff_fields import FieldDifference
from vpcmetactl.domain.diffing import Change, Difference
from vpcmetactl.domain.policy import Requirement
from vpcmetactl.render.options import Format, OutputOptions
from vpcmetactl.render.schemas.reading import load_schema
from vpcmetactl.render.text import display_width
from vpcmetactl.render.views.diffs import DIFF
from vpcmetactl.render.views.templates import TEMPLATES

ONE_LINE = OutputOptions(width=400)


def document(name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    return json.loads(rendered_example(name, Format.JSON))


def flat(name: str, format_: Format = Format.TABLE) -> str:
    return " ".join(rendered_example(name, format_, ONE_LINE).split())


@pytest.mark.parametrize("name", ["diff", "diff-none", "templates", "templates-none"])
def test_tables_fit_a_terminal(name: str) -> None:
    for line in rendered_example(name, Format.TABLE).splitlines():
        assert display_width(line) <= 80
        assert line.isprintable()


def test_each_difference_has_a_mark_and_each_field_a_line() -> None:
    rows = rendered_example("diff", Format.TABLE, ONE_LINE).splitlines()
    assert [row[0] for row in rows[1:8]] == ["+", "~", " ", " ", " ", " ", "-"]
    text = flat("diff")
    assert "metadata_service.protocol: http → https" in text
    assert "metadata_service.enabled: no → yes" in text
    assert "trusted_by: + backup-writer" in text
    assert "disks: - → disk-1, disk-2" in text
    assert "groups: - web-group" in text


def test_of_a_large_set_some_members_are_named_and_json_has_all() -> None:
    assert flat("diff").count("links: - VSI crn:") == 5
    assert "links: - 3 more" in flat("diff")
    (links,) = [item for item in document("diff")["items"] if item["kind"] == "trusted_profile"]
    assert len(links["fields"][0]["before"]) == 8


def test_servers_come_first_and_then_what_belongs_to_them() -> None:
    kinds = [item["kind"] for item in document("diff")["items"]]
    assert kinds == [
        "instance",
        "instance",
        "bare_metal_server",
        "trusted_profile",
        "instance_template",
    ]
    assert document("diff")["items"][1]["fields"][1] == {
        "field": "metadata_service.protocol",
        "before": "http",
        "after": "https",
    }


def test_what_cannot_be_told_is_said_with_the_reason() -> None:
    text = flat("diff")
    assert "35 servers are in one snapshot alone: their part could not be read" in text
    assert "1 server is in one snapshot alone: for the other only some servers" in text
    assert "2 instance templates are in one snapshot alone: nobody asked" in text
    assert "1 list of links, claim rules or identities" in text
    assert "5 differences: 1 appeared, 1 gone, 3 changed; 40 servers, 3 trusted" in text
    summary = document("diff")["summary"]
    assert summary["total"] == 5
    assert summary["servers"] == {
        "compared": 40,
        "appeared": 1,
        "gone": 1,
        "changed": 1,
        "not_comparable": {"unread": 35, "not_asked": 0, "selected": 1},
    }
    assert summary["parts_unread"] == 1


def test_no_difference_is_said_and_over_what() -> None:
    assert rendered_example("diff-none", Format.TABLE) == (
        "No difference: 1 server, 2 instance templates compared.\n"
    )


VALUES = st.none() | st.booleans() | st.integers(0, 99) | st.text(max_size=5)
SETS = st.lists(st.text(max_size=5), max_size=8).map(tuple)
FIELDS = st.builds(FieldDifference, st.text(max_size=5), VALUES, VALUES) | st.builds(
    FieldDifference, st.text(max_size=5), SETS, SETS
)
DIFFERENCES = st.builds(
    lambda change, name, fields: a_difference(change, name, *fields),
    st.sampled_from(Change),
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.lists(FIELDS, max_size=3),
)


@given(st.lists(DIFFERENCES, max_size=4))
def test_differences_are_what_their_schema_says_and_print(values: list[Difference]) -> None:
    assert_valid(json.loads(rendered(DIFF, Format.JSON, values)), load_schema("diff"))
    assert rendered(DIFF, Format.TABLE, values).replace("\n", "").isprintable()


def test_what_the_platform_makes_of_a_template_is_told_from_what_it_says() -> None:
    rows = rendered_example("templates", Format.TABLE, ONE_LINE).splitlines()
    assert rows[3].split()[:5] == ["frontend", "us-south", "enabled", "http", "1*"]
    silent = next(row for row in rows if row.startswith("silent"))
    assert silent.split() == [
        "silent",
        "us-south",
        "disabled*",
        "http*",
        "1*",
        "-",
        "VPCMETA003",
    ]
    assert "* the template does not say" in flat("templates")
    items = {item["name"]: item for item in document("templates")["items"]}
    assert items["silent"]["metadata_service"] is None
    assert items["silent"]["effective"] == {
        "enabled": False,
        "protocol": "http",
        "response_hop_limit": 1,
    }
    assert items["frontend"]["metadata_service"]["response_hop_limit"] is None


def test_groups_are_shown_with_their_members_and_the_rest_is_counted() -> None:
    text = flat("templates")
    assert "frontends (6)" in text
    assert "1 more" in text
    assert len(document("templates")["items"][2]["groups"]) == 4


def test_a_command_mends_what_each_template_fails() -> None:
    commands = [item["command"] for item in document("templates")["items"]]
    begin = "vpcmetactl templates replace"
    assert commands == [
        None,
        f"{begin} 02b7-template-3 --response-hop-limit 2 --body-out FILE",
        f"{begin} 0717-template-1 --protocol https --body-out FILE",
        f"{begin} 0717-template-2 --enabled --protocol https --body-out FILE",
    ]
    text = rendered_example("templates", Format.TABLE)
    assert f"\n{begin} TEMPLATE --protocol https --body-out FILE\n" in text
    assert "A template cannot be changed" in text
    disabled = json.loads(rendered(TEMPLATES, Format.JSON, judged(Requirement.DISABLED, None)))
    wanted = {item["name"]: item["command"] for item in disabled["items"]}["frontend"]
    assert wanted == f"{begin} 0717-template-1 --disabled --protocol https --body-out FILE"


def test_where_nothing_fails_nothing_is_to_be_replaced() -> None:
    clean = rendered(TEMPLATES, Format.TABLE, JUDGED[3:], ONE_LINE)
    assert "none would make a server with findings" in clean
    assert ("replace" in clean, "*" in clean) == (False, False)
    assert rendered_example("templates-none", Format.TABLE) == "No instance templates.\n"


def test_templates_are_counted() -> None:
    assert document("templates")["summary"] == {
        "total": 4,
        "with_findings": 3,
        "in_use": 1,
        "in_use_with_findings": 1,
        "enabled": 3,
    }
