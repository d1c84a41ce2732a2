"""In what order changes are made, and when nothing more is."""

import threading
from collections import Counter

import pytest

from tests.support.builders import ON, an_instance
from tests.support.fake_cloud import Call
from tests.usecases.applies import GONE, WEB, Scene, a_fleet
from vpcmetactl.domain.applying import ApplyOptions, FailureBudget
from vpcmetactl.domain.errors import ConflictError, RefusedError
from vpcmetactl.domain.plans import AlreadyDone, Applied, Failed, NotAttempted, Refused, Unknown

_NO = ConflictError("409")


def kinds(outcomes: object) -> list[type]:
    assert isinstance(outcomes, list)
    return [type(outcome) for outcome in outcomes]


def budget(text: str, **more: int) -> ApplyOptions:
    return ApplyOptions(**{"max_workers": 1, **more}, max_failures=FailureBudget.parse(text))


@pytest.mark.parametrize(
    ("canary", "sizes"), [(0, [12]), (1, [1, 2, 4, 5]), (2, [2, 4, 6]), (3, [3, 6, 3])]
)
def test_no_change_of_a_wave_is_begun_before_the_wave_before_it_has_ended(
    canary: int, sizes: list[int]
) -> None:
    scene = Scene(a_fleet(12), options=ApplyOptions(canary=canary, max_workers=12))
    settled_at_start: list[int] = []
    scene.cloud.before(
        lambda call: (
            settled_at_start.append(len(scene.journal.outcomes))
            if call.operation == "update_metadata"
            else None
        )
    )

    outcomes = scene.apply()

    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    starts = [0, *ends]
    # Every change of a wave met at least all of the waves before it.
    for number, end in enumerate(ends):
        assert min(settled_at_start[starts[number] : end]) >= starts[number]
    assert kinds(outcomes) == [Applied] * 12


def test_one_worker_changes_servers_in_the_order_of_the_plan() -> None:
    scene = Scene(a_fleet(9), max_workers=1)

    assert [outcome.change for outcome in scene.apply()] == [*scene.plan.changes]


# The failure budget.


@pytest.mark.parametrize(
    ("text", "failing", "attempted"),
    [
        ("0", 3, 1),
        ("1", 3, 2),
        ("2", 3, 3),
        ("3", 3, 20),
        ("4", 3, 20),
        ("5%", 1, 20),  # of twenty one may fail
        ("5%", 2, 2),
        ("9.9%", 2, 2),  # rounded down
        ("10%", 2, 20),
        ("100%", 20, 20),
    ],
)
def test_nothing_more_is_begun_once_failures_exceed_the_budget(
    text: str, failing: int, attempted: int
) -> None:
    scene = Scene(a_fleet(20), options=budget(text))
    scene.cloud.fail("update_metadata", _NO, times=failing)

    outcomes = scene.apply()

    failed = min(failing, attempted)
    assert kinds(outcomes) == [
        *[Failed] * failed,
        *[Applied] * (attempted - failed),
        *[NotAttempted] * (20 - attempted),
    ]
    assert scene.cloud.operations().count("update_metadata") == attempted


def test_the_budget_is_of_the_run_and_not_of_the_wave() -> None:
    scene = Scene(a_fleet(7), options=budget("1"))  # waves of 1, 2 and 4
    failing = {scene.plan.changes[number].server.id for number in (0, 2)}

    def refuse(call: Call) -> None:
        # The last server that was read is the one that is sent a change.
        if call.operation == "update_metadata" and scene.cloud.calls[-2].detail in failing:
            raise _NO

    scene.cloud.before(refuse)

    assert kinds(scene.apply()) == [Failed, Applied, Failed, *[NotAttempted] * 4]


def test_what_is_not_known_counts_as_a_failure() -> None:
    scene = Scene(a_fleet(3), options=budget("0"))
    scene.on_update(lambda: scene.cloud.fail("get_server", GONE))

    assert kinds(scene.apply()) == [Unknown, NotAttempted, NotAttempted]


def test_drift_refusals_and_what_is_done_already_are_no_failures() -> None:
    scene = Scene(a_fleet(5), options=budget("0"))
    scene.cloud.put(an_instance("web-0", metadata_service=ON))
    scene.cloud.remove(an_instance("web-1").id)
    scene.cloud.put(an_instance("web-2", metadata_service=scene.changes[2].after))

    assert kinds(scene.apply()) == [Refused, Refused, AlreadyDone, Applied, Applied]


def test_what_is_under_way_when_the_budget_is_spent_is_finished() -> None:
    scene = Scene(a_fleet(8), options=budget("0", canary=0, max_workers=4))
    together = threading.Barrier(4)
    failed = threading.Event()
    scene.observer.on_settled = failed.set

    def fail_one_of_four(call: Call) -> None:
        if call.operation == "update_metadata":
            if together.wait(5) == 0:
                raise _NO
            assert failed.wait(5)

    scene.cloud.before(fail_one_of_four)

    found = Counter(kinds(scene.apply()))

    assert (found[Failed], found[Applied], found[NotAttempted]) == (1, 3, 4)


# Soaking.


def test_between_waves_the_soaking_time_passes_and_after_the_last_none() -> None:
    scene = Scene(a_fleet(7), options=ApplyOptions(soak=10, max_workers=1))
    times: list[float] = []
    scene.on_update(lambda: times.append(scene.clock.monotonic()))

    scene.apply()

    assert times == pytest.approx([0, 10, 10, 20, 20, 20, 20])
    assert sum(scene.clock.waits) == pytest.approx(20)


def test_without_a_soaking_time_nothing_waits() -> None:
    scene = Scene(a_fleet(7))

    scene.apply()

    assert scene.clock.waits == []


def test_a_stop_ends_the_soaking_within_a_second() -> None:
    scene = Scene(a_fleet(7), options=ApplyOptions(soak=3600, max_workers=1))
    scene.stop_requested = lambda: scene.clock.monotonic() >= 5

    assert kinds(scene.apply()) == [Applied, *[NotAttempted] * 6]
    assert 5 <= scene.clock.monotonic() < 6


def test_a_spent_budget_leaves_nothing_to_soak_for() -> None:
    scene = Scene(a_fleet(7), options=ApplyOptions(soak=3600, max_workers=1))
    scene.cloud.fail("update_metadata", _NO)

    assert kinds(scene.apply()) == [Failed, *[NotAttempted] * 6]
    assert scene.clock.waits == []


# Guards.


@pytest.mark.parametrize("options", [ApplyOptions(max_targets=2), ApplyOptions(expect_count=4)])
def test_a_plan_of_a_size_that_is_not_allowed_is_not_begun(options: ApplyOptions) -> None:
    scene = Scene(a_fleet(3), options=options)

    with pytest.raises(RefusedError, match="the plan changes 3 servers"):
        scene.apply()

    assert scene.cloud.calls == []
    assert scene.journal.calls == []


# Two runs at once, where the API does not tell that a server changed since it was read.


def test_a_server_that_another_run_has_just_changed_as_planned_is_done() -> None:
    scene = Scene()
    scene.on_update(lambda: scene.drift(scene.change.after))

    assert scene.apply() == [AlreadyDone(scene.change)]


def test_a_server_that_cannot_be_read_again_after_it_changed_is_refused() -> None:
    scene = Scene()

    def change_and_hide() -> None:
        scene.drift(scene.change.after)
        scene.cloud.fail("get_server", GONE)

    scene.on_update(change_and_hide)

    assert kinds(scene.apply()) == [Refused]
    assert scene.cloud.peek(WEB.id).metadata == scene.change.after
