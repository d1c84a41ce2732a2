"""Runs are read back, resumed and imported: the state file and the journal in memory agree."""

from dataclasses import replace

import pytest

from tests.journal.run_logs import (
    OURS,
    PLAN,
    THEIRS,
    WEB_1,
    WEB_2,
    Subject,
    a_record,
    an_interrupted_run,
    applied,
    attempt,
)
from tests.journal.scenes import NOON, OTHER_REALM, a_plan, at
from tests.support.builders import OFF, ON, a_bare_metal_server, an_instance
from vpcmetactl.domain.errors import (
    NotFoundError,
    PermissionDeniedError,
    RefusedError,
    UnavailableError,
)
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import (
    Action,
    AlreadyDone,
    Failed,
    FieldChange,
    MetadataChange,
    MetadataServicePatch,
    NotAttempted,
    Note,
    NoteCode,
    Outcome,
    Plan,
    Refused,
    Skip,
    SkipReason,
    Unknown,
)
from vpcmetactl.domain.runs import Attempt, AttemptOutcome, RunItem, RunState
from vpcmetactl.domain.servers import MetadataService, Protocol

LOST = UnavailableError("no answer", maybe_done=True, trace="trace-2")


def test_without_runs_there_is_nothing_to_list(subject: Subject) -> None:
    assert list(subject.journal.list_runs()) == []


def test_a_run_that_goes_on_shows_what_is_open_and_what_is_not_attempted(subject: Subject) -> None:
    run_id = subject.journal.begin_run(PLAN)
    subject.clock.advance(60)
    subject.journal.intend(run_id, WEB_1)

    run = subject.journal.get_run(run_id)

    open_since = attempt(AttemptOutcome.OPEN, 1, None)
    assert run == a_record(run_id, items=(RunItem(WEB_1, (open_since,)), RunItem(WEB_2)))
    assert [it.outcome for it in run.items] == [AttemptOutcome.OPEN, AttemptOutcome.NOT_ATTEMPTED]
    assert list(run.open_changes) == [WEB_1, WEB_2]
    assert list(run.unsettled_attempts) == [(WEB_1.server, "")]


def test_a_run_that_ended_is_finished_with_all_that_became_of_it(subject: Subject) -> None:
    run_id = subject.journal.begin_run(PLAN)
    subject.journal.intend(run_id, WEB_1)
    subject.clock.advance(60)
    subject.journal.settle(run_id, applied(WEB_1))
    subject.journal.settle(run_id, AlreadyDone(WEB_2))
    subject.clock.advance(60)
    subject.journal.finish_run(run_id)

    run = subject.journal.get_run(run_id)

    items = (
        RunItem(WEB_1, (replace(attempt(AttemptOutcome.APPLIED, 0, 1), found=ON),)),
        RunItem(WEB_2, (attempt(AttemptOutcome.ALREADY_DONE, None, 1),)),
    )
    assert run == a_record(run_id, state=RunState.FINISHED, finished_at=at(2), items=items)
    assert (list(run.open_changes), list(run.applied_changes)) == ([], [WEB_1])


def test_a_run_that_was_stopped_and_ended_in_order_shows_what_is_left(subject: Subject) -> None:
    run_id = subject.journal.begin_run(PLAN)
    subject.journal.intend(run_id, WEB_1)
    subject.journal.settle(run_id, applied(WEB_1))
    subject.journal.settle(run_id, NotAttempted(WEB_2))
    subject.journal.finish_run(run_id)

    run = subject.journal.get_run(run_id)

    assert (run.state, list(run.open_changes)) == (RunState.FINISHED, [WEB_2])


def test_a_run_whose_process_ended_is_interrupted(subject: Subject) -> None:
    run_id = subject.journal.begin_run(PLAN)
    subject.journal.intend(run_id, WEB_1)
    subject.die()

    items = (RunItem(WEB_1, (attempt(AttemptOutcome.OPEN, 0, None),)), RunItem(WEB_2))
    assert list(subject.journal.list_runs()) == [
        a_record(run_id, state=RunState.INTERRUPTED, items=items)
    ]


FORBIDDEN = PermissionDeniedError("not allowed", trace="trace-1")


@pytest.mark.parametrize("intended", [True, False])
@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (applied(WEB_1), Attempt(outcome=AttemptOutcome.APPLIED, found=ON)),
        (AlreadyDone(WEB_1), Attempt(outcome=AttemptOutcome.ALREADY_DONE)),
        (
            Refused(WEB_1, "has drifted", OFF),
            Attempt(
                outcome=AttemptOutcome.REFUSED,
                found=OFF,
                error_code="refused",
                error_message="has drifted",
            ),
        ),
        (
            Failed(WEB_1, FORBIDDEN),
            Attempt(
                outcome=AttemptOutcome.FAILED,
                error_code="forbidden",
                error_message="not allowed",
                error_trace="trace-1",
            ),
        ),
        (
            Unknown(WEB_1, LOST),
            Attempt(
                outcome=AttemptOutcome.UNKNOWN,
                error_code="unavailable",
                error_message="no answer",
                error_trace="trace-2",
            ),
        ),
    ],
)
def test_every_outcome_is_read_back(
    subject: Subject, outcome: Outcome, expected: Attempt, *, intended: bool
) -> None:
    run_id = subject.journal.begin_run(PLAN)
    if intended:
        subject.journal.intend(run_id, WEB_1)
    subject.journal.settle(run_id, outcome)

    (found,) = subject.journal.get_run(run_id).items[0].attempts
    assert found == replace(expected, intent_at=NOON if intended else None, outcome_at=NOON)


def test_every_decision_is_read_back(subject: Subject) -> None:
    web, metal = an_instance("web-1").identity, a_bare_metal_server("metal-1").identity
    patch = MetadataServicePatch(enabled=False, protocol=Protocol.HTTPS, response_hop_limit=7)
    change = MetadataChange(
        server=replace(web, name="wéb\n\x1b", crn=None, account_id=None),
        before=MetadataService(enabled=True, protocol="gopher", response_hop_limit=None),
        after=MetadataService(enabled=False, protocol="https", response_hop_limit=7),
        patch=patch,
        fields=(
            FieldChange("enabled", before=True, after=False),
            FieldChange("protocol", before="gopher", after="https"),
            FieldChange("response_hop_limit", before=None, after=7),
        ),
        notes=tuple(Note(code, f"about {code}") for code in NoteCode),
    )
    skips = [
        Skip(replace(metal, id=reason, name=None), reason, f"is {reason}", refused=n % 2 == 0)
        for n, reason in enumerate(SkipReason)
        if reason is not SkipReason.ALREADY_SO
    ]
    for action in Action:
        plan = Plan(action, patch, (*skips, change))
        run = subject.journal.get_run(subject.journal.begin_run(plan))

        assert Plan(run.action, run.patch, tuple(it.item for it in run.items)) == plan


def test_what_was_already_so_is_not_kept(subject: Subject) -> None:
    servers = [an_instance("a-done", metadata_service=ON), an_instance("b-to-do")]
    patch = MetadataServicePatch(enabled=True)
    plan = plan_metadata(Action.ENABLE, patch, servers, named=True)

    run = subject.journal.get_run(subject.journal.begin_run(plan))

    assert run.items == (RunItem(plan.items[1]),)


def test_the_newest_run_comes_first(subject: Subject) -> None:
    begun = []
    for _ in range(4):
        begun.append(subject.journal.begin_run(PLAN))
        subject.clock.advance(1)

    assert [run.id for run in subject.journal.list_runs()] == begun[::-1]


def test_a_list_tells_of_each_run_what_the_run_itself_does(subject: Subject) -> None:
    an_interrupted_run(subject)
    subject.clock.advance(1)
    an_interrupted_run(subject)
    subject.journal.finish_run(subject.journal.begin_run(a_plan("web-3")))

    listed = subject.journal.list_runs()

    assert list(listed) == [subject.journal.get_run(run.id) for run in listed]
    assert len(listed) == 3


def test_a_run_remembers_which_run_it_takes_back(subject: Subject) -> None:
    first = subject.journal.begin_run(PLAN)
    second = subject.journal.begin_run(PLAN, first)

    assert subject.journal.get_run(second) == a_record(second, rollback_of=first)


def test_the_beginning_of_an_id_is_enough(subject: Subject) -> None:
    run_id = subject.journal.begin_run(PLAN)

    assert subject.journal.get_run(run_id[:-1]) == a_record(run_id)


def test_the_beginning_of_several_ids_is_not(subject: Subject) -> None:
    for name in ("moved-1", "moved-2", "moved"):
        subject.journal.import_run(a_record(name, state=RunState.INTERRUPTED))
        subject.clock.advance(1)

    with pytest.raises(NotFoundError) as caught:
        subject.journal.get_run("move")

    assert str(caught.value) == "several runs begin with move: moved-2, moved-1, moved"
    assert subject.journal.get_run("moved").id == "moved"


@pytest.mark.parametrize("wanted", ["no-such-run", "", "%", "../state", "'; --", "\udcff"])
def test_an_unknown_run_is_answered_with_the_latest_ones(subject: Subject, wanted: str) -> None:
    begun = []
    for _ in range(7):
        begun.append(subject.journal.begin_run(PLAN))
        subject.clock.advance(1)

    with pytest.raises(NotFoundError) as caught:
        subject.journal.get_run(wanted)

    assert str(caught.value) == f"there is no run {wanted!r}"
    assert caught.value.hint == f"the latest runs are {', '.join(begun[:1:-1])}"


def test_an_unknown_run_without_any_other_is_told_so(subject: Subject) -> None:
    with pytest.raises(NotFoundError) as caught:
        subject.journal.get_run("run")

    assert caught.value.hint == f"there is no run yet of {OURS}"


def test_a_run_of_another_realm_is_refused_and_not_listed(subject: Subject) -> None:
    run_id = subject.another(OTHER_REALM).begin_run(PLAN)

    with pytest.raises(RefusedError) as got:
        subject.journal.get_run(run_id[:-1])
    with pytest.raises(RefusedError) as resumed:
        subject.journal.resume_run(run_id)

    expected = f"run {run_id} is of {THEIRS}; this is {OURS}"
    assert [str(got.value), str(resumed.value)] == [expected, expected]
    assert list(subject.journal.list_runs()) == []


def test_a_resumed_run_closes_what_was_open_and_begins_nothing_twice(subject: Subject) -> None:
    run = an_interrupted_run(subject)
    subject.clock.advance(60)

    subject.journal.resume_run(run.id)
    going_on = subject.journal.get_run(run.id)
    subject.journal.intend(run.id, WEB_2)
    subject.journal.settle(run.id, applied(WEB_2))
    subject.journal.finish_run(run.id)

    items = (
        RunItem(WEB_1, (replace(attempt(AttemptOutcome.APPLIED, 0, 0), found=ON),)),
        RunItem(WEB_2, (replace(attempt(AttemptOutcome.APPLIED, 0, 1), found=ON),)),
    )
    assert going_on == replace(run, state=RunState.RUNNING)
    assert subject.journal.get_run(run.id) == a_record(
        run.id, state=RunState.FINISHED, finished_at=at(1), items=items
    )


def test_a_finished_run_goes_on_with_what_is_left(subject: Subject) -> None:
    run_id = subject.journal.begin_run(PLAN)
    subject.journal.intend(run_id, WEB_1)
    subject.journal.settle(run_id, Failed(WEB_1, FORBIDDEN))
    subject.journal.settle(run_id, AlreadyDone(WEB_2))
    subject.journal.finish_run(run_id)
    subject.clock.advance(60)

    subject.journal.resume_run(run_id)
    subject.journal.intend(run_id, WEB_1)
    run = subject.journal.get_run(run_id)

    failed = replace(
        attempt(AttemptOutcome.FAILED, 0, 0),
        error_code="forbidden",
        error_message="not allowed",
        error_trace="trace-1",
    )
    items = (
        RunItem(WEB_1, (failed, attempt(AttemptOutcome.OPEN, 1, None))),
        RunItem(WEB_2, (attempt(AttemptOutcome.ALREADY_DONE, None, 0),)),
    )
    assert run == a_record(run_id, items=items)


def test_a_run_that_goes_on_cannot_be_resumed(subject: Subject) -> None:
    run_id = subject.journal.begin_run(PLAN)
    other = subject.another()

    for journal in (subject.journal, other):
        with pytest.raises(RefusedError, match=f"^run {run_id} still goes on$"):
            journal.resume_run(run_id)

    subject.journal.intend(run_id, WEB_1)
    assert other.get_run(run_id).state is RunState.RUNNING


def test_a_run_is_resumed_by_one_process_at_a_time(subject: Subject) -> None:
    run = an_interrupted_run(subject)
    subject.journal.resume_run(run.id)

    with pytest.raises(RefusedError, match="still goes on"):
        subject.another().resume_run(run.id)

    subject.die()
    assert subject.journal.get_run(run.id) == run


def test_a_run_that_is_not_there_cannot_be_resumed(subject: Subject) -> None:
    with pytest.raises(NotFoundError):
        subject.journal.resume_run("no-such-run")


def test_what_another_run_took_over_is_told_as_unknown(subject: Subject) -> None:
    run = an_interrupted_run(subject)
    subject.clock.advance(60)
    successor = subject.journal.begin_run(PLAN)

    subject.journal.intend(successor, WEB_2)

    abandoned = replace(
        attempt(AttemptOutcome.UNKNOWN, 0, 1),
        error_code="abandoned",
        error_message=f"the run ended without saying what became of it; run {successor} went on",
    )
    left = subject.journal.get_run(run.id)
    assert left.items[1] == RunItem(WEB_2, (abandoned,))
    assert list(left.open_changes) == [WEB_2]
