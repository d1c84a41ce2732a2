"""Which servers are restarted, and which are left alone and why."""

from dataclasses import replace

import pytest

from tests.support.builders import ON, a_bare_metal_server, a_vpc, an_instance
from vpcmetactl.domain.plans import (
    Action,
    NoteCode,
    PlanItem,
    RestartChange,
    Skip,
    SkipReason,
    StopType,
)
from vpcmetactl.domain.restarting import RestartWish, plan_restarts, restart_obstacle
from vpcmetactl.domain.restarts import (
    AssessedServer,
    Confidence,
    Reason,
    RestartAssessment,
    Verdict,
)
from vpcmetactl.domain.servers import Disk, Reference, Server

DB = an_instance("db-1", metadata_service=ON, has_reserved_ip=True)
_NEEDED = RestartAssessment(Verdict.NEEDED, Reason.ENABLED_WHILE_RUNNING, Confidence.PRESUMED)
_UNKNOWN = RestartAssessment(Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT)
_BOTH = RestartWish(verdicts=(Verdict.NEEDED, Verdict.UNKNOWN))
_DISKS = (Disk("d-1", "scratch", 600),)


def _planned(
    server: Server, restart: RestartAssessment = _NEEDED, wish: RestartWish | None = None
) -> PlanItem:
    [item] = plan_restarts(wish or RestartWish(), [AssessedServer(server, restart)]).items
    return item


def _notes(item: PlanItem) -> dict[NoteCode, str]:
    assert isinstance(item, RestartChange)
    return {note.code: note.message for note in item.notes}


def test_a_server_that_needs_it_is_restarted() -> None:
    assert _planned(DB) == RestartChange(DB.identity, Verdict.NEEDED, Reason.ENABLED_WHILE_RUNNING)


@pytest.mark.parametrize("wish", [RestartWish(), _BOTH])
@pytest.mark.parametrize("reason", [Reason.STOPPED_SINCE, Reason.APPLIES_AT_NEXT_START])
def test_a_server_that_does_not_need_it_never_is(wish: RestartWish, reason: Reason) -> None:
    fine = RestartAssessment(Verdict.NOT_NEEDED, reason, Confidence.PRESUMED)

    item = _planned(DB, fine, wish)

    assert isinstance(item, Skip)
    assert (item.reason, item.refused) == (SkipReason.NOT_NEEDED, False)
    assert item.message == f"no restart is outstanding ({reason.value.replace('_', ' ')})"


def test_what_is_unknown_is_left_alone_unless_it_is_asked_for() -> None:
    item = _planned(DB, _UNKNOWN)

    assert item == Skip(
        DB.identity,
        SkipReason.VERDICT_UNKNOWN,
        "not known whether it needs one (enabled at first sight)",
    )


def test_what_is_unknown_and_asked_for_is_restarted_with_a_note() -> None:
    item = _planned(DB, _UNKNOWN, _BOTH)

    assert isinstance(item, RestartChange)
    assert (item.verdict, item.reason) == (Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT)
    assert NoteCode.VERDICT_UNKNOWN in _notes(item)


def test_only_the_verdicts_that_are_asked_for_are_acted_upon() -> None:
    wish = RestartWish(verdicts=(Verdict.UNKNOWN,))

    item = _planned(DB, _NEEDED, wish)
    assert isinstance(item, Skip)
    assert item.message == "its verdict, needed, is none of those asked for"
    assert isinstance(_planned(DB, _UNKNOWN, wish), RestartChange)


@pytest.mark.parametrize("status", ["stopped", "starting", "failed", "hovering", None])
def test_a_server_that_does_not_run_is_not_started(status: str | None) -> None:
    item = _planned(replace(DB, status=status))

    assert isinstance(item, Skip)
    assert (item.reason, item.refused) == (SkipReason.NOT_RUNNING, False)
    assert item.message == f"is {status or 'in no known status'}, and only what runs is restarted"


# What would do harm.


def test_a_server_that_is_being_deleted_is_refused() -> None:
    item = _planned(replace(DB, lifecycle_state="deleting"))

    assert item == Skip(DB.identity, SkipReason.DELETING, "is being deleted", refused=True)


@pytest.mark.parametrize(
    ("group", "name"),
    [
        (Reference("g-1", "workers"), "workers"),
        (Reference("g-1"), "g-1"),
        (Reference(), "(not named)"),
    ],
)
@pytest.mark.parametrize("allow", [False, True])
def test_a_member_of_a_group_is_always_refused(group: Reference, name: str, *, allow: bool) -> None:
    member = replace(DB, instance_group=group, disks=_DISKS)

    item = _planned(member, wish=RestartWish(allow_storage_loss=allow))

    assert isinstance(item, Skip)
    assert (item.reason, item.refused) == (SkipReason.INSTANCE_GROUP_MEMBER, True)
    assert item.message == (
        f"is a member of instance group {name}, which replaces a stopped member: give the group a "
        "new template, then replace its members"
    )


def test_instance_storage_is_refused_unless_its_loss_is_allowed() -> None:
    stored = replace(DB, disks=_DISKS)

    refused = _planned(stored)
    allowed = _planned(stored, wish=RestartWish(allow_storage_loss=True))

    assert isinstance(refused, Skip)
    assert (refused.reason, refused.refused) == (SkipReason.INSTANCE_STORAGE, True)
    assert "--allow-instance-storage-loss" in refused.message
    assert isinstance(allowed, RestartChange)
    assert allowed.allows_storage_loss
    assert list(_notes(allowed)) == [NoteCode.INSTANCE_STORAGE_LOST]


@pytest.mark.parametrize("disks", [(), None])
def test_without_instance_storage_nothing_is_in_the_way(disks: tuple[Disk, ...] | None) -> None:
    assert restart_obstacle(replace(DB, disks=disks), allow_storage_loss=False) is None


def test_the_disks_of_a_bare_metal_server_keep_their_data() -> None:
    metal = a_bare_metal_server("metal-1", metadata_service=ON, disks=_DISKS)

    assert restart_obstacle(metal, allow_storage_loss=False) is None


# What is worth knowing.


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (replace(DB, availability_class="spot"), "spot instance"),
        (replace(DB, gpu_count=2), "GPU"),
        (replace(DB, dedicated_host=Reference("h-1")), "dedicated host"),
        (
            replace(DB, availability_class="spot", gpu_count=1),
            "spot instance, GPU",
        ),
    ],
)
def test_capacity_that_may_be_gone_is_told(server: Server, words: str) -> None:
    assert _notes(_planned(server)) == {
        NoteCode.CAPACITY_AT_RISK: f"may find no capacity to start again ({words})"
    }


@pytest.mark.parametrize(("reserved", "told"), [(False, True), (True, False), (None, False)])
def test_an_address_that_may_change_is_told(*, reserved: bool | None, told: bool) -> None:
    found = _notes(_planned(replace(DB, has_reserved_ip=reserved)))

    assert (NoteCode.ADDRESS_MAY_CHANGE in found) is told


# How it is done.


@pytest.mark.parametrize("how", StopType)
def test_how_bare_metal_is_stopped_is_no_matter_of_instances(how: StopType) -> None:
    metal = a_bare_metal_server("metal-1", metadata_service=ON)
    wish = RestartWish(stop_type=how)

    items = [_planned(server, wish=wish) for server in (metal, DB)]

    assert [item.stop_type for item in items if isinstance(item, RestartChange)] == [how, None]


def test_servers_are_planned_in_order_with_the_group_that_each_is_in() -> None:
    names = [("b", "us-south"), ("a", "us-south"), ("c", "eu-de"), ("b", "eu-de")]
    servers = [
        an_instance(name, region=region, id=f"{region}-{name}", vpc=a_vpc(region))
        for name, region in names
    ]
    wish = RestartWish(one_per=lambda one: one.server.vpc.name if one.server.vpc else None)

    plan = plan_restarts(wish, [AssessedServer(server, _NEEDED) for server in servers])

    assert plan.action is Action.RESTART
    found = [
        (item.server.region, item.server.name, item.one_per)
        for item in plan.items
        if isinstance(item, RestartChange)
    ]
    assert found == [
        *(("eu-de", "b", "eu-de"), ("eu-de", "c", "eu-de")),
        *(("us-south", "a", "us-south"), ("us-south", "b", "us-south")),
    ]
