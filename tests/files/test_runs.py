import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.files.forging import NOON, Edit, a_saved_plan, edited, forged, put
from tests.support.strategies import run_records
from vpcmetactl.domain.errors import InvalidInputError, RefusedError
from vpcmetactl.domain.plans import Change
from vpcmetactl.domain.runs import Attempt, AttemptOutcome, RunItem, RunRecord, RunState
from vpcmetactl.files.plans import encode_plan
from vpcmetactl.files.runs import decode_runs, encode_runs

SAVED = a_saved_plan()
APPLIED = Attempt(
    outcome=AttemptOutcome.APPLIED,
    intent_at=NOON,
    outcome_at=NOON + timedelta(seconds=1),
    found=None,
)
RUN = RunRecord(
    id="20261121T120000Z-0a1b",
    account_id=SAVED.account_id,
    vpc_endpoint=SAVED.vpc_endpoint,
    iam_host=SAVED.iam_host,
    state=RunState.FINISHED,
    started_at=NOON,
    finished_at=NOON + timedelta(minutes=1),
    actor="IBMid-1",
    action=SAVED.plan.action,
    patch=SAVED.plan.patch,
    tool_version="0.2.0",
    items=tuple(
        RunItem(item, (APPLIED,) if isinstance(item, Change) else ()) for item in SAVED.plan.items
    ),
)
CONTENT = encode_runs([RUN])
WEB_1 = 1


@given(st.lists(run_records(), max_size=2, unique_by=lambda record: record.id))
def test_runs_come_back_as_they_were(records: list[RunRecord]) -> None:
    content = encode_runs(records)
    assert decode_runs(content, "runs.json") == tuple(records)
    assert encode_runs(decode_runs(content, "runs.json")) == content


def test_an_attempt_is_written_beside_its_change() -> None:
    (run,) = json.loads(CONTENT)["runs"]
    assert run["items"][WEB_1]["attempts"] == [
        {
            "outcome": "applied",
            "intent_at": "2026-11-21T12:00:00Z",
            "outcome_at": "2026-11-21T12:00:01Z",
            "found": None,
            "error_code": None,
            "error_message": None,
            "error_trace": None,
        }
    ]


def test_an_edited_record_is_refused() -> None:
    edit = put("runs", 0, "items", WEB_1, "attempts", 0, "outcome", value="failed")
    with pytest.raises(RefusedError, match=r"runs\.json was edited after it was made"):
        decode_runs(edited(CONTENT, edit), "runs.json")


WRONG: dict[str, tuple[Edit, str]] = {
    "a run twice": (
        lambda document: document["runs"].append(document["runs"][0]),
        "run 20261121T120000Z-0a1b is in it twice",
    ),
    "an id that is a path": (
        put("runs", 0, "id", value="../../x"),
        "`$.runs[0].id`",
    ),
    "an unknown outcome": (
        put("runs", 0, "items", WEB_1, "attempts", 0, "outcome", value="fine"),
        f"Invalid enum value 'fine' - at `$.runs[0].items[{WEB_1}].attempts[0].outcome`",
    ),
    "fields that show else": (
        put("runs", 0, "items", WEB_1, "fields", 1, "after", value=3),
        "are not those that change",
    ),
    "a patch that is none": (
        put("runs", 0, "patch", "enabled", value=True),
        "the patch is not one of the action 'set'",
    ),
    "a time beyond the calendar": (
        put("runs", 0, "started_at", value="0001-01-01T00:00:00+14:00"),
        "date value out of range",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_record_is_told(name: str) -> None:
    edit, expected = WRONG[name]
    with pytest.raises(InvalidInputError) as caught:
        decode_runs(forged(CONTENT, edit), "runs.json")
    assert str(caught.value).startswith("runs.json is no file of runs: ")
    assert expected in str(caught.value)


def test_a_plan_is_no_file_of_runs() -> None:
    content, _ = encode_plan(SAVED)
    with pytest.raises(InvalidInputError, match='it has no "format": "vpcmetactl-runs"'):
        decode_runs(content, "plan.json")


def test_a_message_that_is_no_unicode_is_written_all_the_same() -> None:
    attempt = replace(APPLIED, outcome=AttemptOutcome.FAILED, error_message="no \ud800 such")
    run = replace(RUN, items=(RunItem(RUN.items[WEB_1].item, (attempt,)),))
    (read,) = decode_runs(encode_runs([run]), "runs.json")
    assert read.items[0].attempts == (replace(attempt, error_message="no ? such"),)
