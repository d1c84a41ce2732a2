"""Restarts that are cut off anywhere: who resumes leaves no server down that ran before."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.usecases.killing import Killer
from tests.usecases.restarts import DB, WAIT, Restarts, a_row
from vpcmetactl.domain.errors import (
    ConflictError,
    PermissionDeniedError,
    RefusedError,
    StartFailedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.plans import Applied, Failed, Refused, Unknown
from vpcmetactl.domain.runs import AttemptOutcome, CutOffRestart, RestartStep
from vpcmetactl.domain.servers import Server

_GONE = UnavailableError("the API does not answer")
_LOST = UnavailableError("no answer came", maybe_done=True)
_CAPACITY = "cannot_start_capacity"


def _kill(scene: Restarts, moment: int, run: Callable[[], object] | None = None) -> bool:
    """Let a run go on until it is killed; return whether it was."""
    return Killer(scene.cloud, scene.journal, moment).strike(run or scene.run)


def _step(scene: Restarts, server: Server = DB) -> RestartStep | None:
    """Return how far the run had got with a server when it was cut off."""
    for one in scene.left().items:
        if one.item.server.id == server.id and one.attempts:
            return one.attempts[-1].step
    return None


def _moments() -> range:
    scene = Restarts()
    killer = Killer(scene.cloud, scene.journal, 10_000)
    assert not killer.strike(scene.run)
    return range(killer.moments)


_ALL = _moments()


def _nothing(_: Restarts) -> None:
    pass


def _time_passes(scene: Restarts) -> None:
    scene.clock.advance(WAIT)


def _is_started(scene: Restarts) -> None:
    scene.clock.advance(WAIT)
    if scene.cloud.peek(DB.id).status == "stopped":
        scene.start_it()


def _is_stopped(scene: Restarts) -> None:
    scene.clock.advance(WAIT)
    if scene.cloud.peek(DB.id).status == "running":
        scene.stop_it()


@pytest.mark.parametrize(
    "lost", [(), ("stop_server",), ("start_server",), ("stop_server", "start_server")]
)
@pytest.mark.parametrize("deed", [_nothing, _time_passes, _is_started])
def test_killed_anywhere_a_server_runs_again_after_resume(
    deed: Callable[[Restarts], None], lost: tuple[str, ...]
) -> None:
    for moment in _ALL:
        scene = Restarts()
        for operation in lost:
            scene.cloud.lose_answers(operation)
        _kill(scene, moment)
        deed(scene)
        if not scene.journal.list_runs():
            continue  # killed before the run was written down: nothing was sent

        scene.resume()

        assert scene.status() == "running", f"killed at {moment}"
        assert scene.sent().count("stop_server") <= 2
        assert scene.left().open_changes == []


def test_killed_anywhere_only_what_we_may_have_stopped_is_started() -> None:
    spared = 0
    for moment in _ALL:
        scene = Restarts()
        _kill(scene, moment)
        _is_stopped(scene)
        if not scene.journal.list_runs():
            continue
        step = _step(scene)
        sent = len(scene.sent())

        scene.resume()

        if step in (None, RestartStep.RUNNING):
            spared += 1
            assert scene.sent()[sent:] == [], f"killed at {moment}"
            assert scene.status() == "stopped"
        else:
            assert scene.status() == "running", f"killed at {moment}"
        assert scene.left().open_changes == []
    assert 0 < spared < len(_ALL)


@pytest.mark.parametrize("second", range(1, 9))
def test_killed_twice_a_server_runs_again_after_the_third_time(second: int) -> None:
    for moment in _ALL:
        scene = Restarts()
        _kill(scene, moment)
        if not scene.journal.list_runs():
            continue
        scene.clock.advance(WAIT)
        _kill(scene, second, scene.resume)
        scene.clock.advance(WAIT)

        scene.resume()

        assert scene.status() == "running", f"killed at {moment}"
        assert scene.left().open_changes == []


# Runs that failed.


def _down(scene: Restarts, *servers: Server) -> None:
    for server in servers:
        scene.cloud.power.failing_starts[server.id] = [_CAPACITY]


def test_a_run_that_failed_with_a_server_down_starts_it_when_it_is_resumed() -> None:
    scene = Restarts()
    _down(scene, DB)
    assert isinstance(scene.run_one(), Failed)

    [outcome] = scene.resume()

    assert isinstance(outcome, Applied)
    assert scene.sent() == ["stop_server", "start_server", "start_server"]
    assert scene.journal.list_cut_off_restarts() == []
    run = scene.left()
    assert [one.outcome for one in run.items[0].attempts] == [
        *(AttemptOutcome.FAILED, AttemptOutcome.APPLIED)
    ]


@pytest.mark.parametrize("fails_again", [False, True])
def test_why_an_earlier_start_failed_says_nothing_of_the_next(*, fails_again: bool) -> None:
    scene = Restarts()
    _down(scene, DB)
    scene.run()
    if fails_again:
        _down(scene, DB)
    why = scene.cloud.peek(DB.id)

    def show_as_before() -> None:
        if len(scene.sent()) == 3:  # the start was taken, and does not show yet
            scene.cloud.put(why)

    scene.before("get_server", show_as_before, times=6)
    asked = scene.clock.monotonic()

    [outcome] = scene.resume()

    assert isinstance(outcome, Failed if fails_again else Applied)
    assert scene.clock.monotonic() - asked < 60


@pytest.mark.parametrize("error", [_GONE, PermissionDeniedError("403")])
def test_a_resumption_that_comes_to_nothing_does_not_make_it_forgotten(
    error: VpcmetactlError,
) -> None:
    scene = Restarts()
    _down(scene, DB)
    scene.run()
    scene.cloud.fail("get_server", error)

    [outcome] = scene.resume()

    assert isinstance(outcome, Unknown)
    assert isinstance(outcome.error, StartFailedError)
    assert [one.server.name for one in _cut_off(scene)] == ["db-1"]
    [outcome] = scene.resume()
    assert isinstance(outcome, Applied)
    assert scene.status() == "running"


def _cut_off(scene: Restarts) -> Sequence[CutOffRestart]:
    scene.left()
    return scene.journal.list_cut_off_restarts()


def test_another_run_that_has_the_server_open_does_not_make_it_forgotten() -> None:
    scene = Restarts()
    _down(scene, DB)
    scene.run()
    scene.journal.fail("intend", RefusedError("is just being changed by run 7"))

    [outcome] = scene.resume()

    assert isinstance(outcome, Failed)
    scene.journal._failures.clear()  # noqa: SLF001 - that run has ended
    assert [type(one) for one in scene.resume()] == [Applied]


@pytest.mark.parametrize("error", [ConflictError("409"), PermissionDeniedError("403"), _GONE])
def test_a_server_that_somebody_stopped_after_our_stop_was_refused_is_not_started(
    error: VpcmetactlError,
) -> None:
    scene = Restarts()
    scene.cloud.fail("stop_server", error)
    scene.run()
    scene.stop_it()
    assert scene.status() == "stopped"

    assert [type(one) for one in scene.resume()] == [Refused]
    assert scene.sent() == ["stop_server"]


def test_a_stop_that_was_lost_and_is_heard_after_all_is_taken_back() -> None:
    scene = Restarts()
    scene.cloud.fail("stop_server", _LOST)
    assert isinstance(scene.run_one(), Unknown)
    scene.stop_it()  # it was only slow
    assert scene.status() == "stopped"

    assert [type(one) for one in scene.resume()] == [Applied]
    assert scene.status() == "running"


def test_a_stop_that_is_heard_just_as_the_run_is_resumed_is_our_own() -> None:
    scene = Restarts()
    scene.cloud.fail("stop_server", _LOST)
    scene.run()
    scene.before("stop_server", scene.stop_it)

    assert [type(one) for one in scene.resume()] == [Applied]
    assert scene.status() == "running"


@pytest.mark.parametrize("error", [ConflictError("409"), PermissionDeniedError("403"), _GONE])
def test_a_stop_that_was_lost_is_not_forgotten_because_the_next_one_is_refused(
    error: VpcmetactlError,
) -> None:
    scene = Restarts()
    scene.cloud.fail("stop_server", _LOST)
    scene.run()
    scene.cloud.fail("stop_server", error)
    assert [type(one) for one in scene.resume()] == [Failed]
    scene.stop_it()  # the first one was only slow
    assert scene.status() == "stopped"

    assert [one.server.name for one in _cut_off(scene)] == ["db-1"]
    assert [type(one) for one in scene.resume()] == [Applied]
    assert scene.status() == "running"


def test_a_server_that_ran_again_and_was_stopped_by_somebody_is_not_started() -> None:
    scene = Restarts()
    assert _kill(scene, _ALL[-1] - 1)  # as its outcome is written down
    assert _step(scene) is RestartStep.RUNNING
    scene.stop_it()

    [outcome] = scene.resume()

    assert isinstance(outcome, Refused)
    assert outcome.message.startswith("ran again, and was stopped by somebody else since")
    assert scene.status() == "stopped"


# Whatever happens.

_deeds = st.lists(
    st.sampled_from(["kill", "fail start", "lose start", "lose stop", "fail read", "no capacity"]),
    max_size=5,
)


@given(_deeds, st.lists(st.integers(0, len(_ALL)), min_size=5, max_size=5), st.integers(1, 3))
def test_whatever_happens_resuming_often_enough_brings_every_server_back(
    deeds: list[str], moments: list[int], count: int
) -> None:
    servers = a_row(count)
    scene = Restarts(servers)
    for deed, moment in zip(deeds, moments, strict=False):
        _do(scene, deed, servers[moment % count])
        _kill(scene, moment if deed == "kill" else -1, partial(_go_on, scene))
    for _ in range(len(deeds) + 1):  # each time at least one of them is met
        _go_on(scene)

    assert [scene.status(one) for one in servers] == ["running"] * count
    assert scene.left().open_changes == []


def _do(scene: Restarts, deed: str, server: Server) -> None:
    match deed:
        case "fail start":
            scene.cloud.fail("start_server", PermissionDeniedError("403"))
        case "lose start":
            scene.cloud.lose_answers("start_server")
        case "lose stop":
            scene.cloud.lose_answers("stop_server")
        case "fail read":
            scene.cloud.fail("get_server", PermissionDeniedError("403"))
        case "no capacity":
            scene.cloud.power.failing_starts.setdefault(server.id, []).append(_CAPACITY)
        case _:
            pass


def _go_on(scene: Restarts) -> None:
    if scene.journal.list_runs():
        scene.resume()
    else:
        scene.run()
