"""Going on with a run that was cut off: what is settled stays, what is open is looked at first."""

from dataclasses import replace

import pytest

from tests.support.builders import ON_HTTPS, a_bare_metal_server
from tests.support.fake_cloud import Call
from tests.support.journal import InMemoryJournal
from tests.usecases.applies import GONE, LOST, WEB, Scene, a_fleet, needed
from vpcmetactl.domain.applying import ApplyOptions, FailureBudget
from vpcmetactl.domain.errors import ConflictError, RefusedError
from vpcmetactl.domain.evidence import Observation, Sights
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    Failed,
    MetadataChange,
    NotAttempted,
    Outcome,
    Refused,
    Unknown,
)
from vpcmetactl.domain.restarts import Reason, Verdict
from vpcmetactl.domain.runs import AttemptOutcome, RunRecord, RunState
from vpcmetactl.domain.servers import MetadataService

_NO = ConflictError("409")


class Interrupted(Scene):
    """A run of which a test has written down how far it came before its process was killed."""

    def begin(self) -> str:
        return self.journal.begin_run(self.plan)

    def left(self, run_id: str) -> RunRecord:
        self.journal.close()
        return self.journal.get_run(run_id)

    def resume(self, run_id: str) -> list[Outcome]:
        run = self.left(run_id)
        self.journal.calls.clear()
        return list(self.applier().resume(run))

    def sent(self) -> int:
        return self.cloud.operations().count("update_metadata")

    def make(self, change: MetadataChange) -> None:
        """Let the change take effect, as the process did that was killed."""
        present = self.cloud.peek(change.server.id)
        self.cloud.put(replace(present, metadata_service=change.after))


def outcomes_of(run: RunRecord) -> list[AttemptOutcome]:
    return [item.outcome for item in run.items]


def test_what_was_intended_and_shows_is_applied_and_not_sent_again() -> None:
    scene = Interrupted()
    run_id = scene.begin()
    scene.journal.intend(run_id, scene.change)
    scene.make(scene.change)

    [outcome] = scene.resume(run_id)

    assert isinstance(outcome, Applied)
    assert (outcome.change, outcome.after) == (scene.change, ON_HTTPS)
    assert scene.sent() == 0
    assert outcomes_of(scene.left(run_id)) == [AttemptOutcome.APPLIED]


def test_what_was_seen_disabled_before_the_kill_needs_a_restart_after_it() -> None:
    scene = Interrupted()
    seen = Observation(WEB.id, scene.clock.now(), enabled=False, status="running")
    scene.journal.record_sights(Sights([seen]))
    run_id = scene.begin()
    scene.journal.intend(run_id, scene.change)
    scene.make(scene.change)
    scene.clock.advance(60)

    [outcome] = scene.resume(run_id)

    assert isinstance(outcome, Applied)
    assert outcome.restart is not None
    assert outcome.restart.verdict is Verdict.NEEDED
    assert outcome.restart.reason is Reason.ENABLED_WHILE_RUNNING


def test_what_was_intended_and_does_not_show_is_made() -> None:
    scene = Interrupted()
    run_id = scene.begin()
    scene.journal.intend(run_id, scene.change)

    [outcome] = scene.resume(run_id)

    assert isinstance(outcome, Applied)
    assert scene.sent() == 1
    assert outcomes_of(scene.left(run_id)) == [AttemptOutcome.APPLIED]


def test_what_was_intended_and_shows_something_else_is_refused() -> None:
    scene = Interrupted()
    run_id = scene.begin()
    scene.journal.intend(run_id, scene.change)
    scene.drift(MetadataService(enabled=True, protocol="http", response_hop_limit=1))

    [outcome] = scene.resume(run_id)

    assert isinstance(outcome, Refused)
    assert scene.sent() == 0
    assert outcomes_of(scene.left(run_id)) == [AttemptOutcome.REFUSED]


def test_what_was_not_known_is_settled_by_reading() -> None:
    scene = Interrupted()
    run_id = scene.begin()
    scene.journal.settle(run_id, Unknown(scene.change, LOST))
    scene.make(scene.change)

    [outcome] = scene.resume(run_id)

    assert isinstance(outcome, Applied)
    assert scene.sent() == 0


def test_what_cannot_be_read_is_still_not_known_as_made() -> None:
    scene = Interrupted()
    run_id = scene.begin()
    scene.journal.intend(run_id, scene.change)
    scene.make(scene.change)
    scene.cloud.fail("get_server", GONE)

    assert scene.resume(run_id) == [Failed(scene.change, GONE)]
    assert scene.left(run_id).open_changes == [scene.change]


def test_what_failed_or_was_not_attempted_is_attempted() -> None:
    scene = Interrupted(a_fleet(3), max_workers=1)
    scene.cloud.fail("update_metadata", _NO)
    assert [type(outcome) for outcome in scene.apply()] == [Failed, NotAttempted, NotAttempted]
    run_id = scene.journal.list_runs()[0].id

    assert [type(outcome) for outcome in scene.resume(run_id)] == [Applied] * 3
    run = scene.left(run_id)
    assert outcomes_of(run) == [AttemptOutcome.APPLIED] * 3
    assert [one.outcome for one in run.items[0].attempts] == [
        AttemptOutcome.FAILED,
        AttemptOutcome.APPLIED,
    ]
    assert run.state is RunState.FINISHED


def test_what_failed_and_shows_by_now_is_somebody_elses_change() -> None:
    scene = Interrupted()
    run_id = scene.begin()
    scene.journal.settle(run_id, Failed(scene.change, _NO))
    scene.make(scene.change)

    assert scene.resume(run_id) == [AlreadyDone(scene.change)]
    assert scene.left(run_id).applied_changes == []


def test_what_is_settled_is_neither_read_nor_sent_again() -> None:
    scene = Interrupted(a_fleet(4), max_workers=1)
    applied, done, refused, left = scene.plan.changes
    run_id = scene.begin()
    scene.journal.settle(run_id, Applied(applied, ON_HTTPS, needed(scene)))
    scene.journal.settle(run_id, AlreadyDone(done))
    scene.journal.settle(run_id, Refused(refused, "drift"))

    [outcome] = scene.resume(run_id)

    assert outcome.change == left
    assert {call.detail for call in scene.cloud.calls if call.operation == "get_server"} == {
        left.server.id
    }


def test_a_finished_run_has_nothing_left_to_do() -> None:
    scene = Interrupted(a_fleet(2))
    scene.apply()
    scene.cloud.calls.clear()

    assert scene.resume(scene.journal.list_runs()[0].id) == []
    assert scene.cloud.calls == []


def test_a_run_that_still_goes_on_is_refused() -> None:
    scene = Interrupted()
    run = scene.journal.get_run(scene.begin())

    with pytest.raises(RefusedError, match="still goes on"):
        list(scene.applier().resume(run))

    assert scene.cloud.calls == []


def test_the_budget_of_a_resumed_run_is_a_share_of_the_whole_run() -> None:
    scene = Interrupted(a_fleet(20), max_workers=1)
    run_id = scene.begin()
    for change in scene.plan.changes[:16]:
        scene.journal.settle(run_id, AlreadyDone(change))
    scene.options = ApplyOptions(max_workers=1, max_failures=FailureBudget.parse("10%"))
    scene.cloud.fail("update_metadata", _NO, times=2)

    # Two of twenty may fail, though four are left.
    assert [type(outcome) for outcome in scene.resume(run_id)] == [Failed, Failed, Applied, Applied]


def test_a_resumed_run_begins_with_the_canary_again() -> None:
    scene = Interrupted(a_fleet(3), max_workers=3)
    run_id = scene.begin()
    scene.cloud.fail("update_metadata", _NO)

    assert [type(one) for one in scene.resume(run_id)] == [Failed, NotAttempted, NotAttempted]


def test_a_change_that_arrived_late_from_the_killed_process_is_this_runs_own() -> None:
    scene = Interrupted()
    run_id = scene.begin()
    scene.journal.intend(run_id, scene.change)
    scene.on_update(lambda: scene.make(scene.change))

    [outcome] = scene.resume(run_id)

    assert isinstance(outcome, Applied)
    assert scene.left(run_id).applied_changes == [scene.change]


# Bare metal servers have no ETag: the journal alone keeps two runs apart.


def test_a_bare_metal_server_is_kept_from_other_runs_before_it_is_read() -> None:
    metal = a_bare_metal_server()
    first, second = Scene([metal]), Scene([metal])
    second.journal = InMemoryJournal(shelf=first.journal._shelf)  # noqa: SLF001 - one state file
    second.cloud = first.cloud
    found: list[Outcome] = []

    def apply_again(call: Call) -> None:
        if call.operation == "get_server" and not found:
            found.append(NotAttempted(second.change))
            found[:] = second.apply()

    first.cloud.before(apply_again)

    [outcome] = first.apply()

    assert isinstance(outcome, Applied)
    assert [type(one) for one in found] == [Refused]
    assert first.cloud.operations().count("update_metadata") == 1
