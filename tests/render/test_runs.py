from dataclasses import replace
from datetime import timedelta

import pytest

from tests.render.examples import rendered
from tests.render.run_examples import INTERRUPTED, ROLLBACK, RUN_ID, RUNNING, STARTED
from tests.support.builders import OFF, an_instance
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import Action, MetadataServicePatch
from vpcmetactl.domain.runs import Attempt, AttemptOutcome, RunItem, RunRecord, RunState
from vpcmetactl.render.options import Format, OutputOptions
from vpcmetactl.render.views.runs import RUN, RUNS


def a_run(*outcomes: AttemptOutcome, state: RunState = RunState.FINISHED) -> RunRecord:
    """Return a run with a change for each outcome; what failed says why."""
    servers = [an_instance(f"web-{i:04}", metadata_service=OFF) for i in range(len(outcomes))]
    plan = plan_metadata(Action.ENABLE, MetadataServicePatch(enabled=True), servers, named=False)
    reasons = {AttemptOutcome.FAILED: "the API said no"}
    items = tuple(
        RunItem(item, (Attempt(outcome=outcome, error_message=reasons.get(outcome)),))
        for item, outcome in zip(plan.items, outcomes, strict=True)
    )
    return replace(INTERRUPTED, state=state, items=items)


def closing_lines(run: RunRecord) -> list[str]:
    return rendered(RUN, Format.TABLE, [run]).rpartition("\n\n")[2].splitlines()


GO_ON = f"To go on    vpcmetactl runs resume {RUN_ID}"
UNDO = f"To undo it  vpcmetactl runs rollback {RUN_ID}"


@pytest.mark.parametrize(
    ("outcome", "commands"),
    [
        (AttemptOutcome.APPLIED, [UNDO]),
        (AttemptOutcome.FAILED, [GO_ON, UNDO]),
        (AttemptOutcome.UNKNOWN, [GO_ON, UNDO]),
        (AttemptOutcome.OPEN, [GO_ON, UNDO]),
        (AttemptOutcome.NOT_ATTEMPTED, [GO_ON, UNDO]),
        (AttemptOutcome.REFUSED, [UNDO]),
        (AttemptOutcome.ALREADY_DONE, [UNDO]),
    ],
)
def test_a_run_that_ended_tells_how_to_go_on_and_how_to_undo_it(
    outcome: AttemptOutcome, commands: list[str]
) -> None:
    assert closing_lines(a_run(AttemptOutcome.APPLIED, outcome)) == commands


def test_what_was_not_applied_need_not_be_undone() -> None:
    run = a_run(AttemptOutcome.NOT_ATTEMPTED, state=RunState.INTERRUPTED)
    assert closing_lines(run) == [f"To go on  vpcmetactl runs resume {RUN_ID}"]


def test_an_interrupted_run_with_nothing_left_is_still_to_be_ended() -> None:
    run = a_run(AttemptOutcome.APPLIED, state=RunState.INTERRUPTED)
    assert closing_lines(run) == [GO_ON, UNDO]


def test_a_run_that_goes_on_is_left_alone() -> None:
    assert closing_lines(RUNNING) == ["It still goes on."]


def test_runs_are_listed_from_the_newest() -> None:
    text = rendered(RUNS, Format.IDS, [INTERRUPTED, RUNNING, ROLLBACK])
    assert text.split() == [RUNNING.id, ROLLBACK.id, INTERRUPTED.id]


def test_a_list_of_many_interrupted_runs_tells_how_to_go_on_with_the_newest() -> None:
    runs = [
        replace(INTERRUPTED, id=f"r{hour}", started_at=STARTED + timedelta(hours=hour))
        for hour in range(5)
    ]
    assert rendered(RUNS, Format.TABLE, runs).rpartition("\n\n")[2] == (
        "To go on with what was interrupted\n"
        "  vpcmetactl runs resume r4\n"
        "  vpcmetactl runs resume r3\n"
        "  vpcmetactl runs resume r2\n"
        "  and 2 more\n"
    )


def test_columns_of_runs_can_be_chosen_by_their_fields() -> None:
    options = OutputOptions(columns=("id", "counts.applied", "counts.unknown"))
    assert rendered(RUNS, Format.CSV, [RUNNING], options) == (
        f"id,counts.applied,counts.unknown\n{RUNNING.id},0,1\n"
    )


def test_of_a_thousand_changes_those_that_went_wrong_stand_last_and_in_full() -> None:
    outcomes = [AttemptOutcome.APPLIED] * 1000
    for place, outcome in (
        (17, AttemptOutcome.FAILED),
        (500, AttemptOutcome.OPEN),
        (999, AttemptOutcome.FAILED),
    ):
        outcomes[place] = outcome
    text = rendered(RUN, Format.TABLE, [a_run(*outcomes)])
    assert text.index("Applied: 997") < text.index("Failed: 2")
    assert text[text.index("Failed: 2") :] == (
        "Failed: 2\n"
        "  SERVER    REGION    CHANGE                       WHY\n"
        "  web-0017  us-south  service: disabled → enabled  the API said no\n"
        "  web-0999  us-south  service: disabled → enabled  the API said no\n"
        "\n"
        "About to be sent, and nothing known since: 1\n"
        "  SERVER    REGION    CHANGE\n"
        "  web-0500  us-south  service: disabled → enabled\n"
        "\n"
        f"{GO_ON}\n"
        f"{UNDO}\n"
    )
