"""Laws of planning, applying and taking back, over any fleet and any wish."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import ManualClock
from tests.support.fake_cloud import InMemoryCloud
from tests.support.journal import InMemoryJournal
from tests.support.observer import RecordingObserver
from tests.support.strategies import fleets, wishes
from tests.usecases.applies import metadata_changes
from vpcmetactl.domain.applying import ApplyOptions
from vpcmetactl.domain.errors import ConflictError, UnavailableError
from vpcmetactl.domain.metadata_plans import invert_plan, plan_metadata
from vpcmetactl.domain.plans import (
    Action,
    AlreadyDone,
    Applied,
    MetadataServicePatch,
    Outcome,
    Plan,
    SkipReason,
)
from vpcmetactl.domain.servers import MetadataService, Server
from vpcmetactl.usecases.applying import Applier
from vpcmetactl.usecases.patching import MetadataExecutor

Wish = tuple[Action, MetadataServicePatch]

options = st.builds(ApplyOptions, canary=st.integers(0, 9), max_workers=st.integers(1, 8))
_TROUBLES = (
    ConflictError("409"),
    UnavailableError("no answer came", maybe_done=True),
    UnavailableError("the API does not answer"),
)


@dataclass
class World:
    """A cloud that is changed, and the one journal of all that is done to it."""

    cloud: InMemoryCloud
    journal: InMemoryJournal

    @classmethod
    def of(cls, fleet: Sequence[Server]) -> "World":
        return cls(InMemoryCloud(fleet), InMemoryJournal())

    def servers(self, fleet: Sequence[Server]) -> list[Server]:
        return [self.cloud.peek(server.id) for server in fleet]

    def metadata(self, fleet: Sequence[Server]) -> list[MetadataService]:
        return [server.metadata for server in self.servers(fleet)]

    def plan(self, wish: Wish, fleet: Sequence[Server]) -> Plan:
        return plan_metadata(*wish, self.servers(fleet), named=False)

    def applier(self, how: ApplyOptions) -> Applier:
        return Applier(
            executor=MetadataExecutor(self.cloud),
            journal=self.journal,
            observer=RecordingObserver(),
            clock=ManualClock(),
            options=how,
        )

    def apply(self, plan: Plan, how: ApplyOptions) -> list[Outcome]:
        return list(self.applier(how).apply(plan))

    def resume_last(self, how: ApplyOptions) -> list[Outcome]:
        self.journal.close()
        run = self.journal.list_runs()[0]
        return list(self.applier(how).resume(run))


@given(fleets(), wishes())
def test_planning_for_what_a_plan_leads_to_changes_nothing(fleet: list[Server], wish: Wish) -> None:
    world = World.of(fleet)
    for change in metadata_changes(world.plan(wish, fleet)):
        world.cloud.update_metadata(world.cloud.peek(change.server.id), change.patch)

    assert world.plan(wish, fleet).changes == []


@given(fleets(), wishes(), options)
def test_what_was_planned_and_applied_is_not_planned_again(
    fleet: list[Server], wish: Wish, how: ApplyOptions
) -> None:
    world = World.of(fleet)
    plan = world.plan(wish, fleet)

    outcomes = world.apply(plan, how)

    assert [type(outcome) for outcome in outcomes] == [Applied] * len(plan.changes)
    again = world.plan(wish, fleet)
    assert again.changes == []
    changed = {change.server.id for change in plan.changes}
    assert {skip.server.id for skip in again.skips if skip.reason is SkipReason.ALREADY_SO} == (
        changed | {skip.server.id for skip in plan.skips if skip.reason is SkipReason.ALREADY_SO}
    )


@given(fleets(), wishes(), options)
def test_a_plan_that_was_applied_already_sends_nothing(
    fleet: list[Server], wish: Wish, how: ApplyOptions
) -> None:
    world = World.of(fleet)
    plan = world.plan(wish, fleet)
    world.apply(plan, how)
    world.cloud.calls.clear()

    outcomes = world.apply(plan, how)

    assert [type(outcome) for outcome in outcomes] == [AlreadyDone] * len(plan.changes)
    assert "update_metadata" not in world.cloud.operations()


@given(fleets(), wishes(), options)
def test_what_is_taken_back_is_as_it_was(
    fleet: list[Server], wish: Wish, how: ApplyOptions
) -> None:
    world = World.of(fleet)
    before = world.metadata(fleet)
    plan = world.plan(wish, fleet)
    world.apply(plan, how)

    undo = invert_plan(metadata_changes(plan))
    outcomes = world.apply(undo, how)

    assert [type(outcome) for outcome in outcomes] == [Applied] * len(undo.changes)
    beyond = {skip.server.id for skip in undo.skips}  # their values before are not known
    now = world.metadata(fleet)
    assert [
        (was, now[place])
        for place, was in enumerate(before)
        if fleet[place].id not in beyond and now[place] != was
    ] == []


@given(fleets(), wishes(), st.data())
def test_taking_back_touches_only_what_still_has_our_values(
    fleet: list[Server], wish: Wish, data: st.DataObject
) -> None:
    world = World.of(fleet)
    plan = world.plan(wish, fleet)
    world.apply(plan, ApplyOptions())
    drifting = {change.server.id for change in plan.changes if data.draw(st.booleans())}
    elsewhere = MetadataService(enabled=None, protocol="other", response_hop_limit=None)
    for server_id in drifting:
        world.cloud.put(replace(world.cloud.peek(server_id), metadata_service=elsewhere))

    undo = invert_plan(metadata_changes(plan), world.servers(fleet))
    world.apply(undo, ApplyOptions())

    assert {change.server.id for change in undo.changes}.isdisjoint(drifting)
    assert {world.cloud.peek(server_id).metadata_service for server_id in drifting} <= {elsewhere}
    assert {skip.server.id for skip in undo.skips if skip.refused} >= drifting


@given(fleets(max_size=8), wishes(), st.lists(st.sampled_from(_TROUBLES), max_size=6), options)
def test_whatever_fails_resuming_ends_where_the_plan_leads(
    fleet: list[Server], wish: Wish, troubles: list[ConflictError], how: ApplyOptions
) -> None:
    world = World.of(fleet)
    plan = world.plan(wish, fleet)
    for trouble in troubles:
        world.cloud.fail("update_metadata", trouble)
    world.apply(plan, how)
    if not plan.changes:
        return

    for _ in troubles:  # each time at least one of them is met
        world.resume_last(how)
    world.resume_last(how)

    assert world.plan(wish, fleet).changes == []
    run = world.journal.list_runs()[0]
    assert list(run.open_changes) == []
    assert run.applied_changes == plan.changes
