import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.render.examples import EXAMPLES, NOON, rendered_example
from vpcmetactl.domain.errors import ExitCode, InvalidInputError
from vpcmetactl.render.documents import Scope, Trailer, Unread
from vpcmetactl.render.envelope import render_failure
from vpcmetactl.render.options import Format
from vpcmetactl.render.schemas.build import built_schemas, schema_text
from vpcmetactl.render.schemas.reading import (
    column_keys,
    kinds,
    load_schema,
    schema_fields,
    schema_markdown,
    sort_paths,
)


def tightened(node: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return a schema under which no field goes undescribed."""
    if isinstance(node, list):
        return [tightened(part) for part in node]
    if not isinstance(node, dict):
        return node
    parts = {key: tightened(value) for key, value in node.items()}
    return {**parts, "additionalProperties": False} if "properties" in parts else parts


def assert_valid(document: object, schema: Mapping[str, Any]) -> None:
    errors = _strict_validator(json.dumps(schema)).iter_errors(document)
    assert [error.message for error in errors] == []


@cache
def _strict_validator(schema: str) -> Draft202012Validator:
    """Return what validates by this schema, given as JSON: it is itself validated once."""
    strict = tightened(json.loads(schema))
    Draft202012Validator.check_schema(strict)
    return Draft202012Validator(strict)


def properties(node: object, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(node, dict):
        return
    for name, value in node.get("properties", {}).items():
        yield f"{path}/{name}", value
    for key, value in node.items():
        yield from properties(value, f"{path}/{key}")


def test_the_schema_files_are_what_the_shapes_say() -> None:
    expected = {kind: schema_text(schema) for kind, schema in built_schemas().items()}
    assert {kind: schema_text(load_schema(kind)) for kind in kinds()} == expected, (
        "run python -m vpcmetactl.render.schemas"
    )


def test_every_kind_of_document_has_a_schema() -> None:
    assert set(kinds()) == {example.view.kind for example in EXAMPLES.values()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_document_is_what_its_schema_says_and_no_more(name: str) -> None:
    document = json.loads(rendered_example(name, Format.JSON))
    assert_valid(document, load_schema(EXAMPLES[name].view.kind))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_line_is_an_item(name: str) -> None:
    schema = load_schema(EXAMPLES[name].view.kind)
    item = {**schema["properties"]["items"]["items"], "$defs": schema["$defs"]}
    for line in rendered_example(name, Format.JSONL).splitlines():
        assert_valid(json.loads(line), item)


@pytest.mark.parametrize("kind", kinds())
def test_a_failure_before_the_first_item_has_the_same_shape(kind: str) -> None:
    written: list[str] = []
    error = InvalidInputError("no \ud800 such region", hint="see \udcff", region="xx-yy")
    scope = Scope(incomplete=[Unread(None, None, None, error)])
    trailer = Trailer(generated_at=NOON, exit_code=ExitCode.USAGE, scope=scope, errors=(error,))
    render_failure(Format.JSON, kind, trailer, written.append)
    document = json.loads("".join(written))
    assert_valid(document, load_schema(kind))
    assert (document["status"], document["summary"], document["errors"][0]["message"]) == (
        "error",
        None,
        "no ? such region",
    )


@pytest.mark.parametrize("kind", kinds())
def test_every_field_is_described(kind: str) -> None:
    undescribed = [
        path for path, field in properties(load_schema(kind)) if not field.get("description")
    ]
    assert undescribed == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_column_tells_a_field_of_the_schema(name: str) -> None:
    view = EXAMPLES[name].view
    assert {column.key for column in view.columns} <= set(column_keys(view.kind))


def test_columns_are_what_a_cell_can_hold_and_sorting_needs_an_order() -> None:
    fields = schema_fields("servers")
    assert "vpc" in fields
    assert "disks[].size" in fields
    assert {"vpc", "disks[].size"}.isdisjoint(column_keys("servers"))
    assert set(column_keys("servers")) - set(sort_paths("servers")) == {
        "restart.evidence",
        "status_reasons",
        "disks",
        "tags",
        "profiles",
    }


def test_types_are_told_with_null_among_them() -> None:
    field = schema_fields("servers")["metadata_service.enabled"]
    assert (field.types, field.description) == (
        ("boolean", "null"),
        "Whether the service is enabled.",
    )


@pytest.mark.parametrize(("kind", "part"), list(product(kinds(), ["items", "summary", "envelope"])))
def test_documentation_has_a_row_for_each_field(kind: str, part: str) -> None:
    head, rule, *rows = schema_markdown(kind, part).splitlines()
    assert (head, rule) == ("| field | type | meaning |", "| --- | --- | --- |")
    assert rows
    assert all(row.count(" | ") == 2 and row.endswith(". |") for row in rows)
