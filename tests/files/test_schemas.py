import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from tests.files.activity_samples import a_proof, lines
from tests.support.snapshots import Fleet, snapshot_fleets
from tests.support.strategies import run_records, saved_plans
from vpcmetactl.domain.runs import RunRecord
from vpcmetactl.domain.saved_plans import SavedPlan
from vpcmetactl.files.plans import encode_plan
from vpcmetactl.files.runs import encode_runs
from vpcmetactl.files.schemas import schema_texts

SCHEMAS = {name: json.loads(text) for name, text in schema_texts().items()}
PLAN = Draft202012Validator(SCHEMAS["plan.schema.json"])
RUNS = Draft202012Validator(SCHEMAS["runs.schema.json"])
SNAPSHOT_LINE = Draft202012Validator(SCHEMAS["snapshot.schema.json"])


def parts(node: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, dict):
        yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from parts(child)


def is_tag(field: Mapping[str, Any]) -> bool:
    """Whether a field only says which of several shapes an object has."""
    return [*field] == ["enum"] and len(field["enum"]) == 1


def complaints(validator: Draft202012Validator, content: bytes) -> list[str]:
    return [error.message for error in validator.iter_errors(json.loads(content))]


def test_the_schema_files_are_what_the_shapes_say() -> None:
    folder = files("vpcmetactl.files")
    kept = {name: folder.joinpath(name).read_text("utf-8") for name in SCHEMAS}
    assert kept == schema_texts(), "run python -m vpcmetactl.files.schemas"


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_are_closed_and_every_field_is_described(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    objects = [part for part in parts(SCHEMAS[name]) if isinstance(part.get("properties"), dict)]
    assert objects
    assert [part for part in objects if part["additionalProperties"] is not False] == []
    # What people write may leave out what has a usual value.
    if name not in ("policy.schema.json", "waivers.schema.json"):
        assert [part for part in objects if part["required"] != [*part["properties"]]] == []
    assert [
        field
        for part in objects
        for field, value in part["properties"].items()
        if not is_tag(value) and not value.get("description")
    ] == []


def test_a_proof_is_what_its_schema_says() -> None:
    proof = Draft202012Validator(SCHEMAS["proof.schema.json"])
    assert complaints(proof, lines(a_proof())) == []
    assert complaints(proof, lines(a_proof(token="x")))


@given(saved_plans())
def test_every_plan_is_what_its_schema_says(plan: SavedPlan) -> None:
    content, _ = encode_plan(plan)
    assert complaints(PLAN, content) == []


@given(run_records())
def test_every_run_is_what_its_schema_says(record: RunRecord) -> None:
    assert complaints(RUNS, encode_runs([record])) == []


@settings(max_examples=40)
@given(snapshot_fleets())
def test_every_line_of_a_snapshot_is_what_its_schema_says(fleet: Fleet) -> None:
    lines = fleet.content().splitlines()
    assert len(lines) >= 2
    assert [complaint for line in lines for complaint in complaints(SNAPSHOT_LINE, line)] == []
