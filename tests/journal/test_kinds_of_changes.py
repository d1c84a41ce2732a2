"""Restarts and links beside metadata changes: the state file and the journal in memory agree."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from tests.journal.run_logs import WEB_1, Subject, applied, in_a_file
from tests.journal.scenes import REALM, a_plan, a_restart_plan, at
from tests.support import strategies
from tests.support.builders import an_instance
from tests.support.clock import ManualClock
from vpcmetactl.domain.errors import NotFoundError, RefusedError
from vpcmetactl.domain.plans import (
    Action,
    Applied,
    Change,
    Failed,
    LinkChange,
    LinkOperation,
    MetadataServicePatch,
    Plan,
    Skip,
    SkipReason,
)
from vpcmetactl.domain.runs import Attempt, AttemptOutcome, RunItem, RunRecord, RunState

WEB = an_instance("web-1").identity


def a_link(profile_id: str = "Profile-1", link_id: str | None = None) -> LinkChange:
    return LinkChange(
        server=WEB,
        operation=LinkOperation.CREATE if link_id is None else LinkOperation.DELETE,
        profile_id=profile_id,
        profile_name=None,
        cr_type="VSI",
        crn=str(WEB.crn),
        link_id=link_id,
    )


LINK, OTHER_LINK = a_link(), a_link("Profile-2")
LINKS = Plan(Action.CREATE_LINKS, MetadataServicePatch(), (LINK, OTHER_LINK))
(RESTART,) = a_restart_plan("web-1").changes


def test_a_server_may_have_changes_of_several_subjects_open(subject: Subject) -> None:
    metadata, links = subject.journal.begin_run(a_plan("web-1")), subject.journal.begin_run(LINKS)

    subject.journal.intend(metadata, WEB_1)
    subject.journal.intend(links, LINK)
    subject.journal.intend(links, OTHER_LINK)

    for run_id in (metadata, links):
        run = subject.journal.get_run(run_id)
        assert {one.outcome for one in run.items} == {AttemptOutcome.OPEN}


@pytest.mark.parametrize(
    ("ours", "theirs"), [(RESTART, WEB_1), (WEB_1, RESTART), (RESTART, RESTART), (LINK, LINK)]
)
def test_a_subject_has_one_change_open_at_a_time(
    subject: Subject, ours: Change, theirs: Change
) -> None:
    first, second = (subject.journal.begin_run(a_run_of(change)) for change in (theirs, ours))
    subject.journal.intend(first, theirs)

    with pytest.raises(RefusedError, match=f"web-1 is just being changed by run {first}"):
        subject.journal.intend(second, ours)


def a_run_of(change: Change) -> Plan:
    return Plan(Action.SET, MetadataServicePatch(), (change,))


def test_each_link_of_a_server_has_attempts_of_its_own(subject: Subject) -> None:
    run_id = subject.journal.begin_run(LINKS)
    subject.journal.intend(run_id, LINK)
    subject.journal.intend(run_id, OTHER_LINK)
    subject.journal.settle(run_id, Applied(LINK, link_id="link-1"))
    subject.journal.settle(run_id, Failed(OTHER_LINK, NotFoundError("no such profile")))

    made, failed = (one.attempts for one in subject.journal.get_run(run_id).items)

    assert made == (
        Attempt(
            outcome=AttemptOutcome.APPLIED, intent_at=at(0), outcome_at=at(0), link_id="link-1"
        ),
    )
    assert [(it.outcome, it.link_id) for it in failed] == [(AttemptOutcome.FAILED, None)]


def test_links_of_one_profile_are_deleted_each_by_its_id(subject: Subject) -> None:
    first, second = a_link(link_id="link-1"), a_link(link_id="link-2")
    plan = Plan(Action.DELETE_LINKS, MetadataServicePatch(), (first, second))
    run_id = subject.journal.begin_run(plan)

    subject.journal.intend(run_id, first)
    subject.journal.intend(run_id, second)
    subject.journal.settle(run_id, Applied(second, link_id="link-2"))

    run = subject.journal.get_run(run_id)
    assert [it.outcome for it in run.items] == [AttemptOutcome.OPEN, AttemptOutcome.APPLIED]


def test_a_skip_beside_a_change_of_the_same_server_takes_none_of_its_attempts(
    subject: Subject,
) -> None:
    skip = Skip(WEB, SkipReason.TRUSTED, "is trusted by Profile-2")
    plan = Plan(Action.CREATE_LINKS, MetadataServicePatch(), (skip, LINK))
    run_id = subject.journal.begin_run(plan)
    subject.journal.intend(run_id, LINK)

    run = subject.journal.get_run(run_id)

    open_now = Attempt(outcome=AttemptOutcome.OPEN, intent_at=at(0))
    assert run.items == (RunItem(skip), RunItem(LINK, (open_now,)))


def test_a_dead_run_that_changed_something_else_of_the_server_is_left_alone(
    subject: Subject,
) -> None:
    links = subject.journal.begin_run(LINKS)
    subject.journal.intend(links, LINK)
    subject.die()
    metadata = subject.journal.begin_run(a_plan("web-1"))

    subject.journal.intend(metadata, WEB_1)
    subject.journal.settle(metadata, applied(WEB_1))

    assert subject.journal.get_run(links).items[0].outcome is AttemptOutcome.OPEN


def sound(run: RunRecord) -> RunRecord:
    """Return a run of this realm that contradicts itself nowhere."""
    return replace(
        run,
        iam_host=REALM.iam_host,
        vpc_endpoint=REALM.vpc_endpoint,
        account_id=REALM.account_id,
        state=RunState.INTERRUPTED if run.finished_at is None else RunState.FINISHED,
        items=tuple(
            replace(one, attempts=tuple(it for it in map(dated, one.attempts) if it.outcome_at))
            for one in run.items
            if not (isinstance(one.item, Skip) and one.item.reason is SkipReason.ALREADY_SO)
        ),
    )


def dated(attempt: Attempt) -> Attempt:
    is_open = attempt.outcome is AttemptOutcome.OPEN
    return replace(attempt, outcome_at=None if is_open else attempt.outcome_at or at(0))


@settings(max_examples=80, deadline=None)
@given(strategies.run_records())
def test_every_run_that_could_have_been_made_is_kept_as_it_is(run: RunRecord) -> None:
    ours = sound(run)
    with TemporaryDirectory() as folder:
        subject = in_a_file(Path(folder), ManualClock())
        subject.journal.import_run(ours)

        assert subject.journal.get_run(ours.id) == ours
        subject.close()
