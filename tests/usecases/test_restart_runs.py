"""Restarting many servers: how many are down at a time, and what a stop leaves."""

import threading
from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import a_vpc
from tests.support.fake_cloud import Call
from tests.usecases.restarts import WAIT, Restarts, a_row
from vpcmetactl.domain.applying import ApplyOptions, FailureBudget
from vpcmetactl.domain.errors import ConflictError, StateError, UnrecordedError
from vpcmetactl.domain.evidence import EventKind, Observation, ServerEvent, Sights, Source
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    Failed,
    NotAttempted,
    Outcome,
    SkipReason,
)
from vpcmetactl.domain.runs import RestartStep, RunState
from vpcmetactl.domain.servers import Server


def _vpc(server: Server) -> str | None:
    return server.vpc.id if server.vpc else None


def _in_vpcs(*sizes: int) -> list[Server]:
    """Return instances in VPCs of these sizes, in turns."""
    row = a_row(sum(sizes))
    names = [f"vpc-{n}" for n, size in enumerate(sizes) for _ in range(size)]
    return [replace(one, vpc=a_vpc(name)) for one, name in zip(row, names, strict=True)]


class _Watch:
    """Counts which servers are down, by group and in all, whenever anything is asked."""

    def __init__(self, scene: Restarts) -> None:
        self.scene = scene
        self.most_of_a_group = 0
        self.most = 0
        self._lock = threading.Lock()
        scene.cloud.before(self.look)
        scene.cloud.on_answer = self.let_others_in

    def let_others_in(self, operation: str) -> None:
        """Give other threads the time to stop a server, now that one is down."""
        if operation == "stop_server":
            threading.Event().wait(0.003)

    def look(self, _: Call) -> None:
        with self._lock:
            down: dict[str | None, int] = defaultdict(int)
            for server in self.scene.servers:
                is_down = self.scene.cloud.peek(server.id).status != "running"
                down[_vpc(server)] += is_down
            self.most_of_a_group = max(self.most_of_a_group, *down.values())
            self.most = max(self.most, sum(down.values()))


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=4),
    st.integers(0, 3),
    st.integers(1, 8),
    st.sets(st.integers(0, 15)),
)
def test_of_a_group_no_two_are_ever_down_at_a_time(
    sizes: list[int], canary: int, workers: int, lost: set[int]
) -> None:
    servers = _in_vpcs(*sizes)
    scene = Restarts(
        servers, one_per=_vpc, options=ApplyOptions(canary=canary, max_workers=workers)
    )
    watch = _Watch(scene)
    scene.cloud.lose_answers("start_server", len(lost))

    outcomes = scene.run()

    assert [type(one) for one in outcomes] == [Applied] * len(servers)
    assert watch.most_of_a_group == 1
    assert watch.most <= workers


def test_of_several_groups_as_many_are_down_as_there_are_workers() -> None:
    servers = _in_vpcs(2, 2, 2)
    scene = Restarts(servers, one_per=_vpc, options=ApplyOptions(canary=0, max_workers=3))
    together = threading.Barrier(3)
    waited: list[Call] = []

    def meet(call: Call) -> None:
        if call.operation == "stop_server" and len(waited) < 3:
            waited.append(call)
            together.wait(5)  # breaks where the three do not come together

    scene.cloud.before(meet)

    assert [type(one) for one in scene.run()] == [Applied] * 6


def test_without_a_group_servers_do_not_wait_for_each_other() -> None:
    scene = Restarts(a_row(4), options=ApplyOptions(canary=0, max_workers=4))
    together = threading.Barrier(4)

    def meet() -> None:
        together.wait(5)  # breaks where the four do not come together

    scene.before("stop_server", meet, times=4)

    assert [type(one) for one in scene.run()] == [Applied] * 4


def test_one_server_is_down_at_a_time_unless_more_are_asked_for() -> None:
    scene = Restarts(a_row(6))
    watch = _Watch(scene)

    scene.run()

    assert watch.most == 1


def test_a_server_that_did_not_stop_holds_its_group_back_and_no_other() -> None:
    servers = _in_vpcs(3, 2)
    scene = Restarts(
        servers,
        one_per=_vpc,
        options=ApplyOptions(max_workers=1, max_failures=FailureBudget.parse("100%")),
    )
    scene.cloud.power.hanging_stops.add(servers[0].id)

    outcomes = scene.run()

    found = {one.change.server.name: type(one) for one in outcomes}
    assert found == {
        "db-1": Failed,
        "db-2": NotAttempted,
        "db-3": NotAttempted,
        "db-4": Applied,
        "db-5": Applied,
    }
    assert scene.left().state is RunState.INTERRUPTED  # there is something left to resume


def test_the_first_failure_stops_the_run() -> None:
    scene = Restarts(a_row(3))
    scene.cloud.fail("stop_server", ConflictError("409"))

    assert [type(one) for one in scene.run()] == [Failed, NotAttempted, NotAttempted]


# Being stopped.


@pytest.mark.parametrize("operation", ["stop_server", "get_server", "start_server"])
def test_a_stop_that_is_wanted_on_the_way_lets_the_server_come_up_again(operation: str) -> None:
    servers = a_row(3)
    asked = threading.Event()
    scene = Restarts(servers, stop_requested=asked.is_set)
    scene.before(operation, asked.set)

    outcomes = scene.run()

    assert [type(one) for one in outcomes] == [Applied, NotAttempted, NotAttempted]
    assert scene.sent() == ["stop_server", "start_server"]
    assert all(scene.status(one) == "running" for one in servers)
    assert "finish_run" not in scene.journal.operations()


def test_a_stop_that_is_wanted_lets_every_server_that_is_down_come_up() -> None:
    servers = a_row(6)
    asked = threading.Event()
    scene = Restarts(
        servers, options=ApplyOptions(canary=0, max_workers=3), stop_requested=asked.is_set
    )
    together = threading.Barrier(3)

    def meet() -> None:
        together.wait(5)
        asked.set()

    scene.before("stop_server", meet, times=3)

    outcomes = scene.run()

    found = [type(one) for one in outcomes]
    assert (found.count(Applied), found.count(NotAttempted)) == (3, 3)
    assert all(scene.status(one) == "running" for one in servers)


def test_whoever_stops_listening_lets_every_server_that_is_down_come_up() -> None:
    servers = a_row(6)
    scene = Restarts(servers, options=ApplyOptions(canary=1, max_workers=3))
    outcomes = scene.applier().apply(scene.plan)
    next(outcomes)

    outcomes.close()  # type: ignore[attr-defined]  # a generator, which Iterator does not say

    assert scene.sent().count("stop_server") == scene.sent().count("start_server")
    assert all(scene.status(one) == "running" for one in servers)
    assert len(scene.journal.outcomes) == scene.sent().count("stop_server")


# Being resumed.


def _three_down() -> tuple[Restarts, list[Server]]:
    """Return a run of five that was killed while the first three were down."""
    servers = a_row(5)
    scene = Restarts(servers, options=ApplyOptions(max_workers=3, canary=0))
    run_id = scene.journal.begin_run(scene.plan)
    for change in scene.plan.changes[:3]:
        scene.journal.intend(run_id, change)
        scene.journal.reach(run_id, change, RestartStep.STOPPED)
    for server in servers[:3]:
        scene.stop_it(server)
    scene.clock.advance(WAIT)
    return scene, servers


def test_servers_left_down_are_started_before_any_other_is_stopped() -> None:
    scene, servers = _three_down()

    outcomes = scene.resume()

    assert {type(one) for one in outcomes} == {Applied}
    assert scene.sent()[:3] == ["start_server"] * 3
    assert {one.change.server.name for one in outcomes[:3]} == {"db-1", "db-2", "db-3"}
    assert all(scene.status(one) == "running" for one in servers)


def test_servers_left_down_are_started_though_one_fails_and_a_stop_is_wanted() -> None:
    scene, servers = _three_down()
    scene.stop_requested = lambda: True
    scene.options = ApplyOptions(max_workers=1, max_failures=FailureBudget())
    scene.cloud.power.failing_starts[servers[0].id] = ["cannot_start_capacity"]

    outcomes = scene.resume()

    assert [type(one) for one in outcomes[3:]] == [NotAttempted] * 2
    found = {one.change.server.name: type(one) for one in outcomes[:3]}
    assert found == {"db-1": Failed, "db-2": Applied, "db-3": Applied}
    assert [scene.status(one) for one in servers] == ["stopped", *["running"] * 4]
    assert "stop_server" not in scene.sent()


def test_whoever_stops_listening_does_not_leave_servers_down() -> None:
    scene, servers = _three_down()
    outcomes = scene.applier().resume(scene.left())
    next(outcomes)

    outcomes.close()  # type: ignore[attr-defined]  # a generator, which Iterator does not say

    assert all(scene.status(one) == "running" for one in servers)
    assert "stop_server" not in scene.sent()


def test_servers_whose_stop_was_never_heard_have_their_turn_one_by_one() -> None:
    servers = a_row(6)
    scene = Restarts(servers, one_per=lambda server: server.region)
    run_id = scene.journal.begin_run(scene.plan)
    for change in scene.plan.changes:
        scene.journal.intend(run_id, change)
        scene.journal.reach(run_id, change, RestartStep.STOPPING)
    second = threading.Barrier(2)
    met: list[bool] = []

    def wait_for_a_second() -> None:
        try:
            second.wait(0.1)
        except threading.BrokenBarrierError:
            return
        met.append(True)

    scene.before("stop_server", wait_for_a_second, times=6)

    outcomes = scene.resume()

    assert [type(one) for one in outcomes] == [Applied] * 6
    assert met == []
    assert scene.left().open_changes == []


def test_a_history_that_cannot_be_read_does_not_keep_a_server_down() -> None:
    scene, servers = _three_down()
    scene.journal.fail("load_histories", StateError("the disk is full"))

    with pytest.raises(StateError):
        scene.resume()

    assert all(scene.status(one) == "running" for one in servers)


# The journal.


def test_an_outcome_that_cannot_be_written_down_ends_the_run_with_every_server_up() -> None:
    servers = a_row(3)
    scene = Restarts(servers)
    scene.journal.fail("settle", StateError("the disk is full"))
    outcomes: list[Outcome] = []

    with pytest.raises(UnrecordedError) as caught:
        outcomes.extend(scene.applier().apply(scene.plan))

    assert [type(one) for one in outcomes] == [Applied, NotAttempted, NotAttempted]
    assert "vpcmetactl runs resume run-1" in (caught.value.hint or "")
    assert all(scene.status(one) == "running" for one in servers)
    assert scene.clock.monotonic() < 10 * WAIT


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        (EventKind.RESTARTED, Source.OWN_RUN),
        (EventKind.RESTARTED, Source.OPERATOR),
        (EventKind.ACKNOWLEDGED, Source.OPERATOR),
    ],
)
def test_what_others_wrote_down_since_the_run_began_is_heeded(
    kind: EventKind, source: Source
) -> None:
    servers = a_row(2)
    scene = Restarts(servers)
    seen = Observation(servers[1].id, scene.clock.now(), enabled=True, status="running")
    scene.journal.record_sights(Sights([seen]))

    def tell() -> None:
        told = ServerEvent(servers[1].id, scene.clock.now(), kind, source, "of-another-process")
        scene.journal.add_events([told])

    scene.before("start_server", tell)  # while the first of them is down

    first, second = scene.run()

    assert isinstance(first, Applied)
    assert second == AlreadyDone(scene.plan.changes[1], SkipReason.ALREADY_RESTARTED)
    assert scene.sent() == ["stop_server", "start_server"]


def test_where_that_cannot_be_read_nothing_more_is_stopped() -> None:
    scene = Restarts(a_row(2))
    scene.journal.fail("load_histories", StateError("the disk is gone"), after=2)
    outcomes: list[Outcome] = []

    with pytest.raises(UnrecordedError):
        outcomes.extend(scene.applier().apply(scene.plan))

    assert [type(one) for one in outcomes] == [Applied, NotAttempted]
    assert scene.sent() == ["stop_server", "start_server"]
