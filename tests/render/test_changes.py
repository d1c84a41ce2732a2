"""Restarts and links among what is planned, what became of it, and what runs remember."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from tests.render.examples import rendered, rendered_example
from tests.render.restart_examples import LINK_PLAN, LINK_RUN, RESTART_PLAN
from tests.render.test_schemas import assert_valid
from tests.support.strategies import plans, run_records
from vpcmetactl.domain.plans import Action, NotAttempted, Plan, RestartChange, Skip
from vpcmetactl.domain.runs import RunRecord
from vpcmetactl.render.options import Format
from vpcmetactl.render.schemas.reading import load_schema
from vpcmetactl.render.views.plans import OUTCOMES, PLAN
from vpcmetactl.render.views.runs import RUN


def items(name: str) -> list[Any]:
    found: list[Any] = json.loads(rendered_example(name, Format.JSON))["items"]
    return found


@given(plans())
def test_every_plan_is_what_its_schema_says(plan: Plan) -> None:
    document = json.loads(rendered(PLAN, Format.JSON, plan.items))
    assert_valid(document, load_schema("plan"))
    for item, planned in zip(document["items"], sorted_as(document, plan), strict=True):
        changes = not isinstance(planned, Skip)
        assert (item["operation"] is not None) == changes == (item["decision"] == "change")
        assert (item["before"] is not None) == (item["operation"] == "metadata")
        assert (item["planned_restart"] is not None) == (item["operation"] == "restart")
        is_link = item["operation"] in ("link_create", "link_delete")
        assert (item["link"] is not None) == is_link


def sorted_as(document: Any, plan: Plan) -> list[Any]:  # noqa: ANN401 - whatever JSON holds
    """Return a plan's items in the order of a document, in which only one can change."""
    left = list(plan.items)
    found = []
    for item in document["items"]:
        is_skip = item["operation"] is None
        at = next(
            number
            for number, one in enumerate(left)
            if one.server.id == item["server"]["id"] and isinstance(one, Skip) == is_skip
        )
        found.append(left.pop(at))
    return found


@given(plans())
def test_every_outcome_is_what_its_schema_says(plan: Plan) -> None:
    outcomes = [one if isinstance(one, Skip) else NotAttempted(one) for one in plan.items]
    document = json.loads(rendered(OUTCOMES, Format.JSON, outcomes))
    assert_valid(document, load_schema("outcomes"))


@given(run_records())
def test_every_run_is_what_its_schema_says(run: RunRecord) -> None:
    document = json.loads(rendered(RUN, Format.JSON, [run]))
    assert_valid(document, load_schema("run"))
    rendered(RUN, Format.TABLE, [run])


def test_a_planned_restart_says_how_and_why() -> None:
    change = RESTART_PLAN.items[0]
    assert isinstance(change, RestartChange)
    by_name = {item["server"]["name"]: item for item in items("plan-restart")}
    assert by_name["db-1"]["planned_restart"] == {
        "verdict": "needed",
        "reason": "enabled_while_running",
        "stop_type": None,
        "one_per": change.one_per,
        "allows_storage_loss": False,
    }
    assert by_name["db-2"]["planned_restart"]["allows_storage_loss"] is True
    text = rendered_example("plan-restart", Format.MARKDOWN)
    assert "stop and start (needed: enabled while running)" in text
    assert "soft stop and start (unknown: enabled at first sight)" in text
    assert "never two servers of a group at a time (1 group)" in text
    assert "restart: 6 to change, 1 not needed, 1 refused." in text


def test_a_planned_link_says_which_profile_and_which_link() -> None:
    (item, _) = items("plan-link")
    assert item["link"] == {
        "profile_id": "Profile-9fd84246-7df4-4667-94e4-8ecde51d5ac5",
        "profile_name": "backup-writer",
        "cr_type": "VSI",
        "crn": LINK_PLAN.items[0].server.crn,
        "link_id": None,
        "link_name": "backup",
        "is_cross_account": False,
    }
    assert "link to profile backup-writer as backup" in rendered_example("plan-link", Format.TABLE)
    text = rendered_example("plan-unlink", Format.MARKDOWN)
    assert "delete link nightly to profile backup-writer" in text
    assert "delete link link-03b2 to profile Profile-9fd84246" in text


def test_a_link_that_was_made_has_its_id() -> None:
    assert [item["link"] and item["link"]["link_id"] for item in items("outcomes-link")] == [
        "link-55aa",
        None,
    ]
    (run,) = items("run-link")
    assert run["items"][0]["attempts"][0]["link_id"] == "link-55aa"


def test_what_was_done_before_says_in_what_sense() -> None:
    text = rendered_example("outcomes-restart", Format.WIDE)
    assert "already so     db-3" in text
    assert "already restarted" in text
    by_name = {item["server"]["name"]: item for item in items("outcomes-restart")}
    assert by_name["db-3"]["reason"] == "already_restarted"


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("outcomes-restart", ["resume"]),
        ("run-restart", ["resume"]),
        ("outcomes-link", ["rollback"]),
        ("run-link", ["resume", "rollback"]),
        ("outcomes-unlink", ["resume"]),
    ],
)
def test_a_restart_is_resumed_and_never_rolled_back(name: str, commands: list[str]) -> None:
    text = rendered_example(name, Format.TABLE)
    told = [word for word in ("resume", "rollback") if f"vpcmetactl runs {word} " in text]
    assert told == commands


def test_a_run_tells_how_far_each_restart_got_and_that_resuming_starts_servers_first() -> None:
    text = rendered_example("run-restart", Format.WIDE)
    assert "stopped, not started again" in text
    assert "perhaps stopped, not started again" in text
    assert "told to start again, not seen to run: did not start: cannot_start_capacity" in text
    assert "db-2, db-3, db-5: perhaps still stopped; resuming the run starts them first\n" in text
    (run,) = items("run-restart")
    steps = {one["server"]["name"]: [a["step"] for a in one["attempts"]] for one in run["items"]}
    assert steps["db-5"] == ["stopping", None]


@pytest.mark.parametrize(
    ("run", "title"),
    [
        (replace(LINK_RUN, rollback_of="r1"), "create links, to undo r1"),
        (LINK_RUN, "create links"),
        (replace(LINK_RUN, action=Action.RESTORE, rollback_of="r1"), "restore of r1"),
        (replace(LINK_RUN, action=Action.PRUNE_LINKS), "prune links"),
    ],
)
def test_a_run_says_what_it_was_for_and_what_it_takes_back(run: RunRecord, title: str) -> None:
    first = rendered(RUN, Format.TABLE, [run]).splitlines()[0]
    assert first == f"Run {run.id}: {title}"


def test_what_loses_data_stands_first_among_the_notes() -> None:
    text = rendered_example("plan-restart", Format.TABLE)
    assert "Notes\n  db-2: the data on instance storage is erased\n  db-1, db-2: may" in text


def test_no_column_of_restarts_stands_beside_links() -> None:
    assert "RESTART" not in rendered_example("outcomes-link", Format.TABLE).splitlines()[0]
    assert "RESTART" in rendered_example("outcomes-restart", Format.TABLE).splitlines()[0]
