import threading

import pytest

from tests.support.builders import ON, an_instance
from tests.support.fake_cloud import Call
from tests.usecases.applies import GONE, Scene, a_fleet
from vpcmetactl.domain.applying import ApplyOptions
from vpcmetactl.domain.errors import (
    ConflictError,
    RefusedError,
    StateError,
    UnrecordedError,
)
from vpcmetactl.domain.plans import (
    Applied,
    Failed,
    NotAttempted,
    Outcome,
    Refused,
    Unknown,
)

_NO_STATE = StateError("the disk is full")


def test_the_first_change_is_made_alone() -> None:
    scene = Scene(a_fleet(5))

    def leave_time_for_others() -> None:
        if not scene.journal.outcomes:
            threading.Event().wait(0.1)

    scene.on_update(leave_time_for_others)

    scene.apply()

    first_end = scene.journal.operations().index("settle")
    begun = scene.journal.operations()[:first_end]
    assert begun.count("intend") == begun.count("update_metadata") == 1
    assert len(scene.journal.outcomes) == 5


def test_no_more_changes_are_under_way_than_there_are_workers() -> None:
    scene = Scene(a_fleet(9), options=ApplyOptions(canary=0, max_workers=3))
    lock = threading.Lock()
    now = most = 0
    together = threading.Barrier(3)

    def count(call: Call) -> None:
        nonlocal now, most
        if call.operation != "update_metadata":
            return
        with lock:
            now += 1
            most = max(most, now)
        together.wait(5)
        with lock:
            now -= 1

    scene.cloud.before(count)

    assert len(scene.apply()) == 9
    assert most == 3


def test_after_a_failure_nothing_more_is_sent_and_the_run_is_left_to_be_resumed() -> None:
    scene = Scene(a_fleet(4))
    error = ConflictError("409")
    scene.cloud.fail("update_metadata", error)

    first, *rest = scene.plan.changes
    assert scene.apply() == [Failed(first, error), *map(NotAttempted, rest)]
    assert scene.cloud.operations().count("update_metadata") == 1
    assert "finish_run" not in scene.journal.operations()


def test_an_unknown_outcome_stops_the_run_too() -> None:
    scene = Scene(a_fleet(3), max_workers=1)
    scene.on_update(lambda: scene.cloud.fail("get_server", GONE))

    outcomes = scene.apply()

    assert [type(outcome) for outcome in outcomes] == [Unknown, NotAttempted, NotAttempted]


def test_drift_stops_nothing() -> None:
    scene = Scene(a_fleet(3), max_workers=1)
    scene.cloud.put(an_instance("web-0", metadata_service=ON))

    assert [type(outcome) for outcome in scene.apply()] == [Refused, Applied, Applied]


def test_once_a_stop_is_requested_nothing_more_is_begun_and_the_run_is_left() -> None:
    asked = threading.Event()
    scene = Scene(a_fleet(3), stop_requested=asked.is_set)
    scene.on_update(asked.set)

    outcomes = scene.apply()

    assert [type(outcome) for outcome in outcomes] == [Applied, NotAttempted, NotAttempted]
    assert "finish_run" not in scene.journal.operations()


def test_what_was_never_attempted_is_no_progress() -> None:
    scene = Scene(a_fleet(3), stop_requested=lambda: True)

    assert scene.apply() == [*map(NotAttempted, scene.plan.changes)]
    assert scene.observer.outcomes == []
    assert scene.cloud.calls == []


def test_whoever_stops_listening_stops_the_run_and_what_is_under_way_is_finished() -> None:
    scene = Scene(a_fleet(9), max_workers=2)
    held_up = threading.Event()
    go_on = threading.Event()

    def hold_the_third(_: Call) -> None:
        if scene.cloud.operations().count("update_metadata") == 3:
            held_up.set()
            assert go_on.wait(5)

    scene.cloud.before(hold_the_third)
    outcomes = scene.applier().apply(scene.plan)
    assert [type(next(outcomes)), type(next(outcomes))] == [Applied, Applied]
    assert held_up.wait(5)
    threading.Timer(0.2, go_on.set).start()

    outcomes.close()  # type: ignore[attr-defined]  # a generator, which Iterator does not say

    assert scene.cloud.operations().count("update_metadata") == 3
    assert len(scene.journal.outcomes) == 3


# The journal.


def test_a_change_that_another_run_has_open_is_refused_and_stops_nothing() -> None:
    scene = Scene()
    scene.journal.fail("intend", RefusedError("is just being changed by run 7"))

    assert scene.apply() == [Refused(scene.change, "is just being changed by run 7")]
    assert "update_metadata" not in scene.cloud.operations()
    assert scene.journal.operations()[-1] == "finish_run"


def test_where_the_run_cannot_be_written_down_nothing_is_asked() -> None:
    scene = Scene()
    scene.journal.fail("begin_run", _NO_STATE)

    with pytest.raises(StateError) as caught:
        scene.apply()

    assert caught.value is _NO_STATE
    assert scene.cloud.calls == []


def test_where_the_first_intent_cannot_be_written_down_nothing_is_sent() -> None:
    scene = Scene(a_fleet(3))
    scene.journal.fail("intend", _NO_STATE)
    outcomes: list[Outcome] = []

    with pytest.raises(StateError) as caught:
        outcomes.extend(scene.applier().apply(scene.plan))

    assert caught.value is _NO_STATE
    assert outcomes == [*map(NotAttempted, scene.plan.changes)]
    assert scene.cloud.operations() == ["get_server"]


def test_where_what_was_seen_cannot_be_read_nothing_is_sent() -> None:
    scene = Scene(a_fleet(3))
    scene.journal.fail("load_histories", _NO_STATE)
    outcomes: list[Outcome] = []

    with pytest.raises(StateError) as caught:
        outcomes.extend(scene.applier().apply(scene.plan))

    assert caught.value is _NO_STATE
    assert outcomes == [*map(NotAttempted, scene.plan.changes)]
    assert scene.cloud.calls == []


def test_where_the_outcome_cannot_be_written_down_it_is_told_and_nothing_more_is_sent() -> None:
    scene = Scene(a_fleet(3))
    scene.journal.fail("settle", _NO_STATE)
    outcomes: list[Outcome] = []

    with pytest.raises(UnrecordedError, match="the disk is full"):
        outcomes.extend(scene.applier().apply(scene.plan))

    assert [type(outcome) for outcome in outcomes] == [Applied, NotAttempted, NotAttempted]
    assert scene.cloud.operations().count("update_metadata") == 1
    assert "finish_run" not in scene.journal.operations()


def test_a_later_intent_that_cannot_be_written_down_lets_what_was_sent_be_told() -> None:
    scene = Scene(a_fleet(3), max_workers=1)
    scene.journal.fail("intend", _NO_STATE, after=1)
    outcomes: list[Outcome] = []

    with pytest.raises(UnrecordedError):
        outcomes.extend(scene.applier().apply(scene.plan))

    assert [type(outcome) for outcome in outcomes] == [Applied, NotAttempted, NotAttempted]
    assert scene.cloud.operations().count("update_metadata") == 1


def test_the_end_of_the_run_that_cannot_be_written_down_is_told() -> None:
    scene = Scene()
    scene.journal.fail("finish_run", _NO_STATE)

    with pytest.raises(UnrecordedError):
        scene.apply()

    assert [type(outcome) for outcome in scene.journal.outcomes] == [Applied]


def test_the_unexpected_is_raised_once_everything_under_way_has_ended() -> None:
    scene = Scene(a_fleet(3))

    def stumble() -> None:
        raise LookupError("a bug")

    scene.on_update(stumble)

    with pytest.raises(LookupError, match="a bug"):
        scene.apply()

    assert scene.cloud.operations().count("update_metadata") == 1
