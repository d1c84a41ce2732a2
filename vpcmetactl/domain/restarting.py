"""Planning restarts: which servers are stopped and started, and which are left alone and why."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from vpcmetactl.domain.plans import (
    Action,
    MetadataServicePatch,
    Note,
    NoteCode,
    Plan,
    PlanItem,
    RestartChange,
    Skip,
    SkipReason,
    StopType,
)
from vpcmetactl.domain.restarts import AssessedServer, RestartAssessment, Verdict
from vpcmetactl.domain.servers import BareMetalServer, Instance, Server


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartWish:
    """What a user wants restarted.

    ``verdicts`` are those that are acted upon, never ``not_needed``. ``one_per`` gives the group
    of a server of which no two are to be down at a time. ``stop_type`` is for bare metal servers.
    """

    verdicts: Collection[Verdict] = (Verdict.NEEDED,)
    allow_storage_loss: bool = False
    stop_type: StopType = StopType.SOFT
    one_per: Callable[[AssessedServer], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a server must not be restarted."""

    reason: SkipReason
    message: str


def plan_restarts(wish: RestartWish, servers: Sequence[AssessedServer]) -> Plan:
    """Decide for each server whether it is restarted; nothing of it is read again."""
    ordered = sorted(
        servers, key=lambda one: (one.server.region, one.server.name or "", one.server.id)
    )
    items = tuple(_plan_one(wish, one) for one in ordered)
    return Plan(Action.RESTART, MetadataServicePatch(), items)


def _plan_one(wish: RestartWish, assessed: AssessedServer) -> PlanItem:
    server, restart = assessed.server, assessed.restart
    who = server.identity
    if restart.verdict is Verdict.NOT_NEEDED:
        message = f"no restart is outstanding ({_words(restart)})"
        return Skip(who, SkipReason.NOT_NEEDED, message)
    if restart.verdict not in wish.verdicts:
        message = f"not known whether it needs one ({_words(restart)})"
        if restart.verdict is not Verdict.UNKNOWN:
            message = f"its verdict, {restart.verdict}, is none of those asked for"
        return Skip(who, SkipReason.VERDICT_UNKNOWN, message)
    if server.status != "running":
        message = f"is {server.status or 'in no known status'}, and only what runs is restarted"
        return Skip(who, SkipReason.NOT_RUNNING, message)
    obstacle = restart_obstacle(server, allow_storage_loss=wish.allow_storage_loss)
    if obstacle is not None:
        return Skip(who, obstacle.reason, obstacle.message, refused=True)
    return RestartChange(
        server=who,
        verdict=restart.verdict,
        reason=restart.reason,
        stop_type=wish.stop_type if isinstance(server, BareMetalServer) else None,
        one_per=wish.one_per(assessed) if wish.one_per else None,
        allows_storage_loss=wish.allow_storage_loss,
        notes=tuple(_notes(server, restart)),
    )


def restart_obstacle(server: Server, *, allow_storage_loss: bool) -> Obstacle | None:
    """Say why stopping a server would do harm (platform notes 2.3); ``None`` where it would not."""
    if server.lifecycle_state == "deleting":
        return Obstacle(SkipReason.DELETING, "is being deleted")
    if not isinstance(server, Instance):
        return None
    if server.instance_group is not None:
        group = server.instance_group.name or server.instance_group.id or "(not named)"
        return Obstacle(
            SkipReason.INSTANCE_GROUP_MEMBER,
            f"is a member of instance group {group}, which replaces a stopped member: give the "
            "group a new template, then replace its members",
        )
    if server.disks and not allow_storage_loss:
        return Obstacle(
            SkipReason.INSTANCE_STORAGE,
            "has instance storage, whose data a stop erases; --allow-instance-storage-loss "
            "restarts it all the same",
        )
    return None


def _notes(server: Server, restart: RestartAssessment) -> Iterator[Note]:
    if restart.verdict is Verdict.UNKNOWN:
        message = f"not known whether a restart is needed ({_words(restart)})"
        yield Note(NoteCode.VERDICT_UNKNOWN, message)
    if not isinstance(server, Instance):
        return
    if server.disks:
        yield Note(NoteCode.INSTANCE_STORAGE_LOST, "the data on instance storage is erased")
    risks = [
        words
        for words, is_so in (
            ("spot instance", server.availability_class == "spot"),
            ("GPU", bool(server.gpu_count)),
            ("dedicated host", server.dedicated_host is not None),
        )
        if is_so
    ]
    if risks:
        message = f"may find no capacity to start again ({', '.join(risks)})"
        yield Note(NoteCode.CAPACITY_AT_RISK, message)
    if server.has_reserved_ip is False:
        message = "may come back with another address (no reserved IP; IBM's pages disagree)"
        yield Note(NoteCode.ADDRESS_MAY_CHANGE, message)


def _words(restart: RestartAssessment) -> str:
    return restart.reason.value.replace("_", " ")
