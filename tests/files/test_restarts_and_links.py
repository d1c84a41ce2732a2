"""Plans and runs that stop and start servers, or make and take away links."""

import json
from typing import Any

import pytest

from tests.files.forging import Edit, a_saved_plan, edited, forged, put
from tests.files.test_runs import RUN
from tests.support.builders import ACCOUNT, a_bare_metal_server, an_instance
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.plans import (
    Action,
    LinkChange,
    LinkOperation,
    MetadataServicePatch,
    Plan,
    PlanItem,
    RestartChange,
    Skip,
    SkipReason,
    StopType,
)
from vpcmetactl.domain.restarts import Reason, Verdict
from vpcmetactl.domain.runs import Attempt, AttemptOutcome, RestartStep, RunItem, RunRecord
from vpcmetactl.domain.saved_plans import SavedPlan
from vpcmetactl.domain.undoing import take_back
from vpcmetactl.files.plans import decode_plan, encode_plan
from vpcmetactl.files.runs import decode_runs, encode_runs

WEB, METAL = an_instance("web-1").identity, a_bare_metal_server("metal-1").identity
OTHER_ACCOUNT = "0" * 32


def a_plan(action: Action, *items: PlanItem) -> SavedPlan:
    return a_saved_plan(plan=Plan(action, MetadataServicePatch(), items))


def a_restart(**fields: Any) -> RestartChange:  # noqa: ANN401 - any field
    defaults: dict[str, Any] = {
        "server": WEB,
        "verdict": Verdict.NEEDED,
        "reason": Reason.ENABLED_WHILE_RUNNING,
        "one_per": "prod",
    }
    return RestartChange(**{**defaults, **fields})


def a_link(
    operation: LinkOperation = LinkOperation.CREATE,
    **fields: Any,  # noqa: ANN401 - any field
) -> LinkChange:
    defaults: dict[str, Any] = {
        "server": WEB,
        "operation": operation,
        "profile_id": "Profile-1",
        "profile_name": "backup",
        "cr_type": "VSI",
        "crn": WEB.crn,
        "link_id": None if operation is LinkOperation.CREATE else "link-1",
    }
    return LinkChange(**{**defaults, **fields})


DELETE = LinkOperation.DELETE
METAL_RESTART = a_restart(server=METAL, verdict=Verdict.UNKNOWN, stop_type=StopType.SOFT)
RESTARTS, _ = encode_plan(a_plan(Action.RESTART, a_restart(), METAL_RESTART))
LINKS, _ = encode_plan(
    a_plan(
        Action.CREATE_LINKS,
        a_link(),
        a_link(server=METAL, cr_type="BMS", crn=METAL.crn, is_cross_account=True),
    )
)
DELETIONS, _ = encode_plan(a_plan(Action.DELETE_LINKS, a_link(DELETE)))


def test_a_restart_is_written_for_reading() -> None:
    document = json.loads(RESTARTS)
    assert document["format_version"] == 2
    (restart, _) = document["items"]
    assert restart.pop("server")["name"] == "web-1"
    assert restart == {
        "decision": "restart",
        "verdict": "needed",
        "reason": "enabled_while_running",
        "stop_type": None,
        "one_per": "prod",
        "allows_storage_loss": False,
        "notes": [],
    }


def test_a_link_is_written_for_reading() -> None:
    document = json.loads(LINKS)
    assert document["format_version"] == 2
    (link, _) = document["items"]
    assert link.pop("server")["name"] == "web-1"
    assert link == {
        "decision": "link",
        "operation": "create",
        "profile_id": "Profile-1",
        "profile_name": "backup",
        "cr_type": "VSI",
        "crn": WEB.crn,
        "link_id": None,
        "link_name": None,
        "is_cross_account": False,
        "notes": [],
    }


def test_what_changes_metadata_alone_is_written_as_older_programs_read_it() -> None:
    plan, _ = encode_plan(a_saved_plan())
    assert json.loads(plan)["format_version"] == 1
    assert json.loads(encode_runs([RUN]))["format_version"] == 1


def test_a_plan_that_leaves_every_server_out_is_of_its_action() -> None:
    skip = Skip(WEB, SkipReason.NOT_NEEDED, "no")
    content, written = encode_plan(a_plan(Action.RESTART, skip))
    assert json.loads(content)["format_version"] == 2
    assert decode_plan(content, "plan.json") == written


def test_a_metadata_plan_may_say_that_it_is_of_version_2() -> None:
    content, written = encode_plan(a_saved_plan())
    newer = forged(content, put("format_version", value=2))
    assert decode_plan(newer, "plan.json").plan == written.plan


@pytest.mark.parametrize(
    "items",
    [
        (a_link(), a_link(profile_id="Profile-2")),
        (a_link(DELETE), a_link(DELETE, link_id="link-2"), a_link()),
        (Skip(WEB, SkipReason.VISIBLE, ""), Skip(WEB, SkipReason.TOO_RECENT, ""), a_link()),
    ],
    ids=["two profiles", "two links", "skips"],
)
def test_a_server_may_have_many_links(items: tuple[PlanItem, ...]) -> None:
    content, written = encode_plan(a_plan(Action.RESTORE, *items))
    assert decode_plan(content, "plan.json") == written


FIRST: tuple[str | int, ...] = ("items", 0)
WHO = f"server {WEB.id}"
CONTRADICTIONS: dict[str, tuple[bytes, Edit, str]] = {
    "a version that has none": (
        RESTARTS,
        put("format_version", value=1),
        "format version 1 has no restarts and no links",
    ),
    "a restart that is not needed": (
        RESTARTS,
        put(*FIRST, "verdict", value="not_needed"),
        "Invalid enum value 'not_needed' - at `$.items[0].verdict`",
    ),
    "an instance that stops softly": (
        RESTARTS,
        put(*FIRST, "stop_type", value="soft"),
        f"{WHO} is an instance: it has no stop_type",
    ),
    "bare metal that stops anyhow": (
        RESTARTS,
        put("items", 1, "stop_type", value=None),
        f"server {METAL.id} is bare metal: its stop_type is missing",
    ),
    "a restart twice": (
        RESTARTS,
        lambda document: document["items"].append(document["items"][0]),
        f"{WHO} is in it twice",
    ),
    "a patch beside restarts": (
        RESTARTS,
        put("patch", "enabled", value=True),
        "the patch is not one of the action 'restart'",
    ),
    "restarts to enable": (
        RESTARTS,
        lambda document: document.update(
            action="enable", patch={**document["patch"], "enabled": True}
        ),
        f"{WHO} has a change that the action 'enable' does not make",
    ),
    "restarts to restore": (
        RESTARTS,
        put("action", value="restore"),
        f"{WHO} has a change that the action 'restore' does not make",
    ),
    "links to restart": (
        LINKS,
        put("action", value="restart"),
        f"{WHO} has a change that the action 'restart' does not make",
    ),
    "creating to delete": (
        LINKS,
        put("action", value="delete_links"),
        f"{WHO} has a change that the action 'delete_links' does not make",
    ),
    "deleting to create": (
        DELETIONS,
        put("action", value="create_links"),
        f"{WHO} has a change that the action 'create_links' does not make",
    ),
    "the CRN of another server": (
        LINKS,
        put(*FIRST, "crn", value=str(WEB.crn) + "0"),
        f"the link of {WHO} has the CRN of another one",
    ),
    "the CRN of another kind": (
        LINKS,
        put(*FIRST, "crn", value=str(WEB.crn).replace("::instance:", "::volume:")),
        f"the link of {WHO} has the CRN of another one",
    ),
    "a CRN that is none": (
        LINKS,
        put(*FIRST, "crn", value=WEB.id),
        f"the link of {WHO}: '{WEB.id}' is not the CRN of a server",
    ),
    "another compute type": (
        LINKS,
        put(*FIRST, "cr_type", value="BMS"),
        f"the link of {WHO} has cr_type 'BMS'; its kind of server has 'VSI'",
    ),
    "another account": (
        LINKS,
        put("account_id", value=OTHER_ACCOUNT),
        f"the link of {WHO} is in account {ACCOUNT}, and not cross-account",
    ),
    "a link that is there already": (
        LINKS,
        put(*FIRST, "link_id", value="link-1"),
        f"the link of {WHO} is yet to be created, and has a link_id",
    ),
    "a link twice": (
        DELETIONS,
        lambda document: document["items"].append(document["items"][0]),
        f"{WHO} is in it twice",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_file_that_contradicts_itself_is_refused(name: str) -> None:
    content, edit, expected = CONTRADICTIONS[name]
    with pytest.raises(InvalidInputError) as caught:
        decode_plan(forged(content, edit), "plan.json")
    assert str(caught.value) == f"plan.json is no plan file: {expected}"


@pytest.mark.parametrize("member", ["profile_id", "link_id"])
@pytest.mark.parametrize("word", ["../x", "", "a/b", "a?b", "a\n", "x" * 129, "a.b"])
def test_an_id_of_a_link_cannot_become_another_address(member: str, word: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_plan(edited(DELETIONS, put(*FIRST, member, value=word)), "plan.json")
    assert f"at `$.items[0].{member}`" in str(caught.value)


def test_links_across_accounts_are_said_to_be() -> None:
    plan = a_plan(Action.CREATE_LINKS, a_link(is_cross_account=True))
    content, _ = encode_plan(plan)
    other = forged(content, put("account_id", value=OTHER_ACCOUNT))
    assert decode_plan(other, "plan.json").plan == plan.plan


def test_a_restart_that_is_not_needed_is_not_written() -> None:
    with pytest.raises(ValueError, match="not needed"):
        encode_plan(a_plan(Action.RESTART, a_restart(verdict=Verdict.NOT_NEEDED)))


def test_the_undo_of_links_that_are_yet_to_be_made_can_be_saved() -> None:
    undo = a_saved_plan(plan=take_back(a_plan(Action.CREATE_LINKS, a_link()).plan))
    [change] = undo.plan.changes
    assert isinstance(change, LinkChange)
    assert (change.operation, change.link_id) == (DELETE, None)

    content, written = encode_plan(undo)

    assert decode_plan(content, "undo.json") == written


def test_an_attempt_of_a_restart_tells_why_nothing_was_done() -> None:
    run = a_run(
        Action.RESTART,
        a_restart(),
        Attempt(outcome=AttemptOutcome.ALREADY_DONE, reason=SkipReason.ALREADY_RESTARTED),
    )

    assert decode_runs(encode_runs([run]), "runs.json") == (run,)


def a_run(action: Action, item: PlanItem, attempt: Attempt) -> RunRecord:
    record = {name: getattr(RUN, name) for name in RUN.__slots__}
    changed = {
        "action": action,
        "patch": MetadataServicePatch(),
        "items": (RunItem(item, (attempt,)),),
    }
    return RunRecord(**{**record, **changed})


def test_an_attempt_of_a_restart_tells_its_step_and_one_of_a_link_its_id() -> None:
    restart = a_run(
        Action.RESTART,
        a_restart(),
        Attempt(outcome=AttemptOutcome.OPEN, step=RestartStep.STOPPED),
    )
    link = a_run(
        Action.CREATE_LINKS,
        a_link(),
        Attempt(outcome=AttemptOutcome.APPLIED, link_id="link-9"),
    )
    told = {}
    for run in (restart, link):
        content = encode_runs([run])
        assert decode_runs(content, "runs.json") == (run,)
        document = json.loads(content)
        assert document["format_version"] == 2
        told.update(document["runs"][0]["items"][0]["attempts"][0])
    assert (told["step"], told["link_id"]) == ("stopped", "link-9")
