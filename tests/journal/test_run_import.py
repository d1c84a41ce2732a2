"""Runs are exported and imported: the state file and the journal in memory agree."""

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
)
from vpcmetactl.domain.errors import RefusedError
from vpcmetactl.domain.runs import AttemptOutcome, RunState


def test_an_imported_run_is_the_one_that_was_exported(subject: Subject, elsewhere: Subject) -> None:
    exported = an_interrupted_run(elsewhere)

    for _ in range(2):
        subject.journal.import_run(exported)

        assert list(subject.journal.list_runs()) == [exported]


def test_an_imported_run_can_be_resumed(subject: Subject, elsewhere: Subject) -> None:
    exported = an_interrupted_run(elsewhere)
    subject.journal.import_run(exported)

    subject.journal.resume_run(exported.id)
    subject.journal.intend(exported.id, WEB_2)
    subject.journal.settle(exported.id, applied(WEB_2))
    subject.journal.finish_run(exported.id)

    run = subject.journal.get_run(exported.id)
    assert [len(it.attempts) for it in run.items] == [1, 1]
    assert list(run.applied_changes) == [WEB_1, WEB_2]


def test_a_run_is_the_same_while_it_goes_on_and_after_its_process_died(subject: Subject) -> None:
    run_id = subject.journal.begin_run(PLAN)
    exported = subject.journal.get_run(run_id)

    subject.journal.import_run(exported)
    during = subject.journal.get_run(run_id)
    subject.die()
    subject.journal.import_run(exported)

    assert during == exported
    assert subject.journal.get_run(run_id) == replace(exported, state=RunState.INTERRUPTED)


def test_a_run_that_differs_from_the_known_one_is_refused(
    subject: Subject, elsewhere: Subject
) -> None:
    exported = an_interrupted_run(elsewhere)
    subject.journal.import_run(exported)

    with pytest.raises(RefusedError) as caught:
        subject.journal.import_run(replace(exported, actor="somebody else"))

    assert str(caught.value) == f"run {exported.id} is known already, and not the same"
    assert list(subject.journal.list_runs()) == [exported]


def test_a_run_of_another_realm_is_not_imported(subject: Subject) -> None:
    foreign = a_record("foreign", account_id="account-2", state=RunState.INTERRUPTED)

    with pytest.raises(RefusedError) as caught:
        subject.journal.import_run(foreign)

    assert str(caught.value) == f"run foreign is of {THEIRS}; this is {OURS}"
    assert list(subject.journal.list_runs()) == []


def test_an_open_change_is_not_imported_while_a_run_changes_its_server(
    subject: Subject, elsewhere: Subject
) -> None:
    imported = an_interrupted_run(elsewhere)
    ours = replace(imported, id="from-elsewhere")
    subject.clock.advance(1)
    going_on = subject.journal.begin_run(PLAN)
    subject.journal.intend(going_on, WEB_2)

    with pytest.raises(RefusedError) as caught:
        subject.journal.import_run(ours)

    message = f"instance web-2 is just being changed by run {going_on}"
    assert str(caught.value) == message
    assert [run.id for run in subject.journal.list_runs()] == [going_on]


def test_an_imported_open_change_takes_over_from_a_run_that_ended(
    subject: Subject, elsewhere: Subject
) -> None:
    imported = replace(an_interrupted_run(elsewhere), id="from-elsewhere")
    ours = an_interrupted_run(subject)

    subject.journal.import_run(imported)

    assert subject.journal.get_run("from-elsewhere") == imported
    assert subject.journal.get_run(ours.id).items[1].outcome is AttemptOutcome.UNKNOWN
