"""One restart: what is looked at, written down and sent, in which order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.builders import OFF, ON, a_bare_metal_server, an_instance
from tests.support.fake_power import State
from tests.usecases.restarts import DB, Restarts, call_for_restarts
from vpcmetactl.domain.errors import RefusedError, StateError, UnrecordedError
from vpcmetactl.domain.evidence import EventKind, Observation, ServerEvent, Sights, Source
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    NotAttempted,
    Outcome,
    Refused,
    SkipReason,
    StopType,
)
from vpcmetactl.domain.restarts import (
    Confidence,
    Reason,
    RestartRule,
    Verdict,
)
from vpcmetactl.domain.runs import RestartStep
from vpcmetactl.domain.servers import Disk, Instance, Reference, Server

_NO_STATE = StateError("the disk is full")


def test_a_restart_is_a_stop_and_a_start_and_proves_that_the_service_works() -> None:
    scene = Restarts()

    outcome = scene.run_one()

    assert isinstance(outcome, Applied)
    assert outcome.after == ON
    assert outcome.restart is not None
    assert (outcome.restart.verdict, outcome.restart.reason, outcome.restart.confidence) == (
        *(Verdict.NOT_NEEDED, Reason.RESTARTED),
        Confidence.CERTAIN,
    )
    assert scene.sent() == ["stop_server", "start_server"]
    [proof] = scene.journal.events
    assert (proof.kind, proof.source, proof.key) == (
        *(EventKind.RESTARTED, Source.OWN_RUN),
        scene.left().id,
    )
    assert scene.status() == "running"


def test_each_step_is_written_down_before_it_is_taken() -> None:
    scene = Restarts()

    scene.run()

    told = [
        about[1] if name == "reach" and isinstance(about, tuple) else name
        for name, about in scene.journal.calls
        if name != "get_server"
    ]
    assert told == [
        *("begin_run", "load_histories", "intend", "load_histories"),
        *(RestartStep.STOPPING, "stop_server"),
        *(RestartStep.STOPPED, "start_server", RestartStep.STARTING),
        *(RestartStep.RUNNING, "settle", "finish_run"),
    ]
    assert scene.journal.operations()[2] == "intend"  # before the server is even read


def test_what_was_seen_on_the_way_is_kept() -> None:
    scene = Restarts()

    scene.run()

    assert [seen.status for seen in scene.journal.observations[1:]] == [
        *("running", "stopped", "running")
    ]


def test_the_server_is_asked_every_few_seconds_and_nobody_waits_longer_than_it_takes() -> None:
    scene = Restarts()

    scene.run()

    assert max(scene.clock.waits) <= 5
    assert scene.clock.monotonic() <= 50


def test_a_server_that_becomes_well_only_later_is_waited_for() -> None:
    scene = Restarts()
    ill = replace(DB, status="running", health_state="degraded")

    def fall_ill_and_recover() -> None:
        if scene.sent() == ["stop_server", "start_server"]:
            is_up = scene.cloud.peek(DB.id).status == "running"
            if is_up and scene.clock.monotonic() < 300:
                scene.cloud.put(ill)
            elif is_up:
                scene.cloud.put(replace(ill, health_state="ok"))

    scene.before("get_server", fall_ill_and_recover, times=1000)

    assert isinstance(scene.run_one(), Applied)
    assert scene.clock.monotonic() >= 300


@pytest.mark.parametrize("state", ["ok", "inapplicable", None])
def test_a_server_of_which_nothing_is_wrong_is_well(state: str | None) -> None:
    scene = Restarts([replace(DB, health_state=state)])

    assert isinstance(scene.run_one(), Applied)


def test_a_service_that_was_turned_off_on_the_way_is_not_proven_to_work() -> None:
    scene = Restarts()

    def turn_off() -> None:
        scene.cloud.put(replace(scene.cloud.peek(DB.id), metadata_service=OFF))

    scene.before("start_server", turn_off)

    outcome = scene.run_one()

    assert isinstance(outcome, Applied)
    assert outcome.after == OFF
    assert scene.journal.events == []


# Bare metal. No rule says that it ever needs a restart, so the verdict is put into their mouths.


@pytest.mark.parametrize("how", StopType)
def test_bare_metal_is_stopped_as_asked_and_runs_until_it_is_down(
    how: StopType, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_for_restarts(monkeypatch)
    metal = a_bare_metal_server("metal-1", metadata_service=ON)
    scene = Restarts([metal])
    scene.plan = replace(scene.plan, items=(replace(scene.change, stop_type=how),))
    asked: list[StopType | None] = []
    stop = scene.cloud.power.stop

    def ask(server: Server, stop_type: StopType | None) -> State:
        asked.append(stop_type)
        return stop(server, stop_type)

    scene.cloud.power.stop = ask  # type: ignore[method-assign]

    outcome = scene.run_one()

    assert isinstance(outcome, Applied)
    assert asked == [how]
    assert scene.sent() == ["stop_server", "start_server"]
    assert scene.status(metal) == "running"


def test_bare_metal_that_shows_nothing_of_a_stop_whose_answer_was_lost_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call_for_restarts(monkeypatch)
    metal = a_bare_metal_server("metal-1", metadata_service=ON)
    scene = Restarts([metal])
    scene.plan = replace(scene.plan, items=(replace(scene.change, stop_type=StopType.SOFT),))
    scene.cloud.power.stop_takes = 300
    scene.cloud.lose_answers("stop_server")

    assert isinstance(scene.run_one(), Applied)
    assert scene.sent() == ["stop_server", "start_server"]


def test_bare_metal_is_not_restarted_as_no_rule_asks_for_it() -> None:
    scene = Restarts([a_bare_metal_server("metal-1", metadata_service=ON)])

    assert scene.run() == [AlreadyDone(scene.change, SkipReason.NOT_NEEDED)]
    assert scene.sent() == []


# What is no longer as it was planned.


def _changed(**fields: object) -> Instance:
    return replace(DB, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (_changed(status="stopped"), "is stopped: only what runs is restarted"),
        (_changed(status="stopping"), "is stopping: only what runs is restarted"),
        (_changed(status="starting"), "is starting: only what runs is restarted"),
        (_changed(status="failed"), "is failed: only what runs is restarted"),
        (_changed(status="hovering"), "is hovering: only what runs is restarted"),
        (_changed(status=None), "is in no known status: only what runs is restarted"),
        (_changed(metadata_service=None), "it is not known any more whether it needs a restart"),
        (_changed(lifecycle_state="deleting"), "is being deleted"),
        (_changed(disks=(Disk("d-1", "scratch", 600),)), "has instance storage, whose data"),
        (
            _changed(instance_group=Reference("g-1", "workers")),
            "is a member of instance group workers",
        ),
    ],
)
def test_a_server_that_drifted_is_left_alone(found: Instance, message: str) -> None:
    scene = Restarts()
    scene.cloud.put(found)

    outcome = scene.run_one()

    assert isinstance(outcome, Refused)
    assert outcome.message.startswith(message)
    assert outcome.found == found.metadata
    assert scene.sent() == []
    assert scene.journal.operations()[-1] == "finish_run"  # drift stops nothing


def test_a_server_that_is_gone_is_left_alone() -> None:
    scene = Restarts()
    scene.cloud.remove(DB.id)

    assert scene.run() == [Refused(scene.change, "is no longer there")]
    assert scene.sent() == []


def test_storage_that_may_be_lost_and_what_was_unknown_when_planned_stop_nothing() -> None:
    server = _changed(disks=(Disk("d-1", "scratch", 600),))
    scene = Restarts([server], allows_storage_loss=True, verdict=Verdict.UNKNOWN)

    assert isinstance(scene.run_one(), Applied)


def test_what_is_unknown_was_planned_as_unknown_and_is_restarted() -> None:
    scene = Restarts(verdict=Verdict.UNKNOWN)
    scene.journal._evidence.observations.clear()  # noqa: SLF001 - nothing is known of it

    assert isinstance(scene.run_one(), Applied)


def test_membership_in_a_group_has_no_override() -> None:
    server = _changed(
        disks=(Disk("d-1", "scratch", 600),), instance_group=Reference("g-1", "workers")
    )
    scene = Restarts([server], allows_storage_loss=True)

    assert isinstance(scene.run_one(), Refused)
    assert scene.sent() == []


@pytest.mark.parametrize(
    ("kind", "source", "reason"),
    [
        (EventKind.RESTARTED, Source.OWN_RUN, SkipReason.ALREADY_RESTARTED),
        (EventKind.ANSWERED, Source.GUEST_PROBE, SkipReason.ALREADY_RESTARTED),
        (EventKind.ACKNOWLEDGED, Source.OPERATOR, SkipReason.ALREADY_RESTARTED),
        (EventKind.RESTARTED, Source.OPERATOR, SkipReason.ALREADY_RESTARTED),
    ],
)
def test_a_server_that_was_restarted_since_is_done(
    kind: EventKind, source: Source, reason: SkipReason
) -> None:
    scene = Restarts()
    now = scene.clock.now()
    hour_ago = now - timedelta(hours=1)
    scene.journal.record_sights(
        Sights([Observation(DB.id, hour_ago, enabled=True, status="running")])
    )
    scene.journal.add_events([ServerEvent(DB.id, now - timedelta(minutes=5), kind, source)])

    assert scene.run() == [AlreadyDone(scene.change, reason)]
    assert scene.sent() == []


def test_a_server_that_somebody_stopped_and_started_since_is_done() -> None:
    scene = Restarts()
    hour_ago = scene.clock.now() - timedelta(hours=1)
    scene.journal.record_sights(
        Sights([Observation(DB.id, hour_ago, enabled=True, status="stopped")])
    )

    assert scene.run() == [AlreadyDone(scene.change, SkipReason.ALREADY_RESTARTED)]


def test_a_server_whose_service_is_off_again_needs_nothing() -> None:
    scene = Restarts()
    scene.cloud.put(_changed(metadata_service=OFF))

    assert scene.run() == [AlreadyDone(scene.change, SkipReason.NOT_NEEDED)]


def test_without_the_rule_nothing_is_restarted() -> None:
    scene = Restarts(rule=RestartRule.NONE)

    assert scene.run() == [AlreadyDone(scene.change, SkipReason.NOT_NEEDED)]
    assert scene.sent() == []


def test_a_server_that_another_run_is_changing_is_left_alone() -> None:
    scene = Restarts()
    scene.journal.fail("intend", RefusedError("is just being changed by run 7"))

    assert scene.run() == [Refused(scene.change, "is just being changed by run 7")]
    assert scene.cloud.calls == []


# The journal.


def test_where_the_stop_cannot_be_written_down_it_is_not_sent() -> None:
    scene = Restarts()
    scene.journal.fail("reach", _NO_STATE)
    outcomes: list[Outcome] = []

    with pytest.raises(StateError) as caught:
        outcomes.extend(scene.applier().apply(scene.plan))

    assert caught.value is _NO_STATE  # nothing was sent
    assert outcomes == [NotAttempted(scene.change)]
    assert scene.sent() == []


@pytest.mark.parametrize("written", [1, 2, 3])
def test_where_a_later_step_cannot_be_written_down_the_server_is_started_all_the_same(
    written: int,
) -> None:
    others = an_instance("db-2", metadata_service=ON)
    scene = Restarts([DB, others])
    scene.journal.fail("reach", _NO_STATE, after=written)
    outcomes: list[Outcome] = []

    with pytest.raises(UnrecordedError, match="the disk is full"):
        outcomes.extend(scene.applier().apply(scene.plan))

    assert [type(outcome) for outcome in outcomes] == [Applied, NotAttempted]
    assert scene.sent() == ["stop_server", "start_server"]
    assert scene.status() == "running"


@pytest.mark.parametrize("operation", ["stop_server", "start_server", "get_server"])
@pytest.mark.parametrize("times", [1, 3])
def test_the_unexpected_leaves_no_server_down_and_is_raised_in_the_end(
    operation: str, times: int
) -> None:
    scene = Restarts()
    left = [times]

    def stumble() -> None:
        if left[0] and "stop_server" in scene.sent():
            left[0] -= 1
            raise LookupError("a bug")

    scene.before(operation, stumble, times=100)

    with pytest.raises(LookupError, match="a bug"):
        scene.run()

    assert left == ([times - 1] if operation == "stop_server" else [0])
    assert scene.status() == "running"
