"""Restarts that go wrong: no server that ran is left down where that can be helped."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.builders import ON, a_bare_metal_server
from tests.usecases.restarts import DB, WAIT, Restarts, a_row, call_for_restarts
from vpcmetactl.domain.applying import ApplyOptions, FailureBudget
from vpcmetactl.domain.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    StartFailedError,
    StopFailedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.plans import (
    Applied,
    Failed,
    NotAttempted,
    Refused,
    StopType,
    Unknown,
)
from vpcmetactl.domain.servers import StatusReason

_LOST = UnavailableError("no answer came", maybe_done=True)
_GONE = UnavailableError("the API does not answer")
_SLOW = RateLimitedError("asked too often")
_FORBIDDEN = PermissionDeniedError("may not be read", trace="t-9", status=403)
_ANY_NUMBER = ApplyOptions(
    max_workers=1, canary=0, max_failures=FailureBudget.parse("100%"), wait=WAIT
)


def _failing_ever_since(scene: Restarts, operation: str, error: VpcmetactlError) -> None:
    """Let every call fail once the stop has been sent."""

    def fail() -> None:
        if "stop_server" in scene.sent():
            raise error

    scene.before(operation, fail, times=10_000)


# The stop.


def test_a_server_that_somebody_stops_at_the_same_moment_is_refused_and_not_started() -> None:
    scene = Restarts()
    scene.before("stop_server", scene.stop_it)

    outcome = scene.run_one()

    assert isinstance(outcome, Refused)
    assert outcome.message == "was stopped by somebody else just now, so it is not started"
    assert scene.sent() == ["stop_server"]
    assert scene.status() == "stopped"


@pytest.mark.parametrize("reads_again", [True, False])
def test_a_conflict_without_a_stop_is_a_failure(*, reads_again: bool) -> None:
    scene = Restarts()
    error = ConflictError("409")
    scene.cloud.fail("stop_server", error)
    if not reads_again:
        scene.before("stop_server", lambda: scene.cloud.fail("get_server", _GONE))

    assert scene.run() == [Failed(scene.change, error)]
    assert scene.sent() == ["stop_server"]
    assert scene.status() == "running"


def test_a_server_that_is_deleted_as_it_is_to_be_stopped_is_refused() -> None:
    scene = Restarts()
    scene.before("stop_server", lambda: scene.cloud.remove(DB.id))

    assert scene.run() == [Refused(scene.change, "is no longer there")]


@pytest.mark.parametrize(
    "error", [_FORBIDDEN, _SLOW, _GONE, AuthenticationError("no token"), BadRequestError("400")]
)
def test_a_stop_that_was_not_carried_out_is_a_failure_and_nothing_is_started(
    error: VpcmetactlError,
) -> None:
    scene = Restarts()
    scene.cloud.fail("stop_server", error)

    assert scene.run() == [Failed(scene.change, error)]
    assert scene.sent() == ["stop_server"]


@pytest.mark.parametrize("error", [_FORBIDDEN, _GONE])
def test_a_server_that_cannot_be_read_is_not_stopped(error: VpcmetactlError) -> None:
    scene = Restarts()
    scene.cloud.fail("get_server", error)

    assert scene.run() == [Failed(scene.change, error)]
    assert scene.sent() == []


def test_a_stop_whose_answer_was_lost_goes_on_where_it_was_heard() -> None:
    scene = Restarts()
    scene.cloud.lose_answers("stop_server")

    assert isinstance(scene.run_one(), Applied)
    assert scene.sent() == ["stop_server", "start_server"]
    assert scene.status() == "running"


def test_a_stop_that_is_heard_late_goes_on_too() -> None:
    scene = Restarts()
    scene.cloud.fail("stop_server", _LOST)
    reads = [0]

    def hear() -> None:
        reads[0] += 1
        if reads[0] == 6:
            scene.stop_it()

    scene.before("get_server", hear, times=6)

    assert isinstance(scene.run_one(), Applied)
    assert scene.status() == "running"


def test_a_stop_that_was_never_heard_is_not_known_and_not_sent_again() -> None:
    scene = Restarts()
    scene.cloud.fail("stop_server", _LOST)

    assert scene.run() == [Unknown(scene.change, _LOST)]
    assert scene.sent() == ["stop_server"]
    assert 30 <= scene.clock.monotonic() < 40


def test_a_stop_of_which_nothing_can_be_seen_is_taken_for_heard() -> None:
    scene = Restarts()
    scene.cloud.lose_answers("stop_server")
    scene.before("stop_server", lambda: scene.cloud.fail("get_server", _GONE, times=15))

    assert isinstance(scene.run_one(), Applied)
    assert scene.status() == "running"


def test_a_server_that_does_not_stop_in_time_is_told_with_what_to_do() -> None:
    scene = Restarts()
    scene.cloud.power.stop_takes = WAIT + 100

    outcome = scene.run_one()

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, StopFailedError)
    assert str(outcome.error) == "db-1: did not stop within 900 seconds"
    assert outcome.error.hint == "it may still: vpcmetactl runs resume run-1 starts it then"
    assert scene.sent() == ["stop_server"]


def test_a_soft_stop_that_never_completes_is_told_with_the_hard_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call_for_restarts(monkeypatch)
    metal = a_bare_metal_server("metal-1", metadata_service=ON)
    scene = Restarts([metal])
    scene.plan = replace(scene.plan, items=(replace(scene.change, stop_type=StopType.SOFT),))
    scene.cloud.power.hanging_stops.add(metal.id)

    outcome = scene.run_one()

    assert isinstance(outcome, Failed)
    assert outcome.error.code == "stop_failed"
    assert outcome.error.hint == (
        "its operating system was asked to, and may still: vpcmetactl runs resume run-1 starts it "
        "then; a hard stop does not ask: --stop-type hard"
    )
    scene.stop_it(metal, StopType.HARD)  # the operating system comes to it after all
    assert scene.status(metal) == "stopped"
    assert [type(one) for one in scene.resume()] == [Applied]
    assert scene.status(metal) == "running"


# While it is down.


@pytest.mark.parametrize("error", [_GONE, _SLOW, BadRequestError("a proxy says no")])
def test_readings_that_fail_for_a_while_are_outlived(error: VpcmetactlError) -> None:
    scene = Restarts()
    scene.before("stop_server", lambda: scene.cloud.fail("get_server", error, times=100))

    assert isinstance(scene.run_one(), Applied)
    assert scene.status() == "running"


@pytest.mark.parametrize("error", [_FORBIDDEN, AuthenticationError("no token")])
def test_a_server_that_may_not_be_read_any_more_is_started_unseen(error: VpcmetactlError) -> None:
    scene = Restarts(a_row(2), options=_ANY_NUMBER)
    _failing_ever_since(scene, "get_server", error)

    first, second = scene.run()

    assert isinstance(first, Unknown)
    assert isinstance(first.error, StartFailedError)
    assert str(first.error).startswith("db-1: may have been left stopped, and cannot be read: ")
    assert "vpcmetactl runs resume run-1 starts it where it is down" in (first.error.hint or "")
    assert first.error.trace == error.trace
    assert isinstance(second, NotAttempted)
    assert set(scene.sent()[1:]) == {"start_server"}
    assert scene.status(scene.servers[0]) == "running"


def test_an_api_that_is_gone_for_good_is_asked_for_a_start_to_the_end() -> None:
    scene = Restarts()
    _failing_ever_since(scene, "get_server", _GONE)
    _failing_ever_since(scene, "start_server", _GONE)

    outcome = scene.run_one()

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, StartFailedError)
    assert scene.status() == "stopped"
    assert scene.clock.monotonic() <= 3 * WAIT + 10


def test_a_server_that_is_not_found_any_more_may_be_there_all_the_same() -> None:
    scene = Restarts()
    _failing_ever_since(scene, "get_server", NotFoundError("404"))

    outcome = scene.run_one()

    assert isinstance(outcome, Unknown)
    assert outcome.error.code == "start_failed"
    assert scene.left().open_changes == [scene.change]


def test_a_server_that_was_deleted_while_it_was_down_is_settled_when_the_run_is_resumed() -> None:
    scene = Restarts()
    scene.before("start_server", lambda: scene.cloud.remove(DB.id))

    outcome = scene.run_one()

    assert isinstance(outcome, Failed)
    assert outcome.error.code == "start_failed"
    assert scene.resume() == [Refused(scene.change, "is no longer there")]
    assert scene.left().open_changes == []


def test_a_server_that_somebody_starts_first_is_not_started_again() -> None:
    scene = Restarts()
    scene.before("start_server", scene.start_it)

    assert isinstance(scene.run_one(), Applied)
    assert scene.sent() == ["stop_server", "start_server"]


# The start.


@pytest.mark.parametrize("error", [_GONE, _SLOW, _LOST, ConflictError("409")])
@pytest.mark.parametrize("times", [1, 7])
def test_a_start_is_asked_for_until_it_is_heard(error: VpcmetactlError, times: int) -> None:
    scene = Restarts()
    scene.cloud.fail("start_server", error, times=times)

    assert isinstance(scene.run_one(), Applied)
    assert scene.sent().count("start_server") == times + 1
    assert scene.status() == "running"


@pytest.mark.parametrize("can_be_read", [True, False])
def test_a_start_whose_answer_was_lost_is_looked_for(*, can_be_read: bool) -> None:
    scene = Restarts()
    scene.cloud.lose_answers("start_server")
    if not can_be_read:
        scene.before("start_server", lambda: scene.cloud.fail("get_server", _GONE))

    assert isinstance(scene.run_one(), Applied)
    assert scene.sent().count("start_server") == (1 if can_be_read else 2)
    assert scene.status() == "running"


@pytest.mark.parametrize("error", [_FORBIDDEN, BadRequestError("over quota"), _GONE])
def test_a_start_that_is_refused_is_told_with_what_to_do_and_the_run_ends_there(
    error: VpcmetactlError,
) -> None:
    scene = Restarts(a_row(3), options=_ANY_NUMBER)
    scene.cloud.fail("start_server", error, times=10_000)

    outcome, *rest = scene.run()

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, StartFailedError)
    assert str(outcome.error) == f"db-1: was stopped, and cannot be started: {error}"
    assert outcome.error.hint == (
        "the server is left stopped; vpcmetactl runs resume run-1 tries to start it again"
    )
    assert (outcome.error.trace, outcome.error.status) == (error.trace, error.status)
    assert rest == [NotAttempted(change) for change in scene.plan.changes[1:]]
    scene.left()
    assert [one.server.name for one in scene.journal.list_cut_off_restarts()] == ["db-1"]


def test_no_capacity_is_told_in_the_platforms_words_and_the_run_ends_there() -> None:
    scene = Restarts(a_row(3), options=_ANY_NUMBER)
    scene.cloud.power.failing_starts[scene.servers[0].id] = ["cannot_start_capacity"]

    outcome, *rest = scene.run()

    assert isinstance(outcome, Failed)
    assert outcome.error.code == "start_failed"
    assert str(outcome.error) == (
        "db-1: was stopped, and did not start: it is stopped (cannot_start_capacity: It could not "
        "be started.)"
    )
    assert rest == [NotAttempted(change) for change in scene.plan.changes[1:]]
    assert scene.clock.monotonic() < 60


def _failed(scene: Restarts) -> None:
    scene.cloud.put(replace(scene.cloud.peek(DB.id), status="failed"))


def _deleting(scene: Restarts) -> None:
    scene.cloud.put(replace(scene.cloud.peek(DB.id), status="deleting"))


@pytest.mark.parametrize(("become", "status"), [(_failed, "failed"), (_deleting, "deleting")])
@pytest.mark.parametrize("starts", [0, 1])
def test_a_server_that_will_not_come_up_is_not_waited_for(
    become: Callable[[Restarts], None], status: str, starts: int
) -> None:
    scene = Restarts()

    def fail() -> None:
        if scene.sent().count("start_server") == starts and "stop_server" in scene.sent():
            scene.cloud.power._walks.clear()  # noqa: SLF001 - it comes to nothing
            become(scene)

    scene.before("get_server", fail, times=100)

    outcome = scene.run_one()

    assert isinstance(outcome, Failed)
    assert str(outcome.error) == f"db-1: was stopped, and did not start: it is {status}"
    assert scene.clock.monotonic() < 60


def test_a_start_that_never_ends_is_given_up() -> None:
    scene = Restarts()
    scene.cloud.power.start_takes = 10 * WAIT

    outcome = scene.run_one()

    assert isinstance(outcome, Failed)
    assert str(outcome.error) == (
        "db-1: was stopped, and did not start: it is starting within 900 seconds"
    )


@pytest.mark.parametrize("health", ["degraded", "faulted", "hovering"])
def test_a_server_that_does_not_get_well_is_a_failure_that_ends_the_run(health: str) -> None:
    first, second = a_row(2)
    scene = Restarts([replace(first, health_state=health), second], options=_ANY_NUMBER)

    outcome, rest = scene.run()

    assert isinstance(outcome, Failed)
    assert outcome.error.code == "start_failed"
    assert str(outcome.error) == f"db-1: was restarted and runs, and its health is {health}"
    assert isinstance(rest, NotAttempted)
    assert scene.clock.monotonic() >= WAIT
    assert scene.status(first) == "running"


def test_reasons_of_before_the_start_do_not_matter_once_it_runs() -> None:
    scene = Restarts([replace(DB, status_reasons=(StatusReason("cannot_start_capacity"),))])

    assert isinstance(scene.run_one(), Applied)
