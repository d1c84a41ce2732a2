"""Servers with a past of every sort, and plans, outcomes and a run that restart or link servers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.render.run_examples import INTERRUPTED
from tests.support.builders import ON, ON_HTTPS, a_bare_metal_server, a_server_id, an_instance
from vpcmetactl.domain.errors import ConflictError, StartFailedError
from vpcmetactl.domain.evidence import (
    EventKind,
    Evidence,
    ImportSummary,
    Observation,
    ServerEvent,
    Source,
)
from vpcmetactl.domain.plans import (
    Action,
    AlreadyDone,
    Applied,
    Failed,
    LinkChange,
    LinkOperation,
    MetadataServicePatch,
    NotAttempted,
    Note,
    NoteCode,
    Outcome,
    Plan,
    RestartChange,
    Skip,
    SkipReason,
    StopType,
)
from vpcmetactl.domain.restarts import (
    AssessedServer,
    Confidence,
    Reason,
    RestartAssessment,
    Verdict,
)
from vpcmetactl.domain.runs import Attempt, AttemptOutcome, RestartStep, RunItem
from vpcmetactl.domain.servers import Reference, Server

ENABLED_AT = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)


def _assessed(server: Server, restart: RestartAssessment) -> AssessedServer:
    return AssessedServer(server, restart)


def _seen(name: str, at: datetime, *, enabled: bool, after: timedelta | None = None) -> Observation:
    until = None if after is None else at - after
    return Observation(a_server_id(f"instance {name}"), at, enabled, "running", until)


def _event(name: str, at: datetime, kind: EventKind, source: Source, note: str = "") -> ServerEvent:
    return ServerEvent(a_server_id(f"instance {name}"), at, kind, source, note=note or None)


def needed(name: str, at: datetime = ENABLED_AT) -> RestartAssessment:
    """Return what comes of a server that was seen disabled, and ten hours later enabled."""
    hours = timedelta(hours=10)
    return RestartAssessment(
        Verdict.NEEDED,
        Reason.ENABLED_WHILE_RUNNING,
        Confidence.PRESUMED,
        since=at,
        not_before=at - hours,
        evidence=(
            _seen(name, at - timedelta(days=30), enabled=False),
            _seen(name, at, enabled=True, after=hours),
        ),
    )


def _much_known(name: str) -> tuple[Evidence, ...]:
    updates = [
        _event(
            name,
            ENABLED_AT + timedelta(minutes=minute),
            EventKind.UPDATED,
            Source.ACTIVITY_TRACKER,
        )
        for minute in range(25)
    ]
    restart = _event(
        name, ENABLED_AT + timedelta(hours=1), EventKind.STOPPED, Source.ACTIVITY_TRACKER
    )
    return (*updates, restart)


_ORDER_UNKNOWN = RestartAssessment(
    Verdict.UNKNOWN, Reason.ORDER_UNKNOWN, evidence=_much_known("db-2")
)
_ACKNOWLEDGED = RestartAssessment(
    Verdict.NOT_NEEDED,
    Reason.ACKNOWLEDGED,
    Confidence.PRESUMED,
    evidence=(
        _seen("db-3", ENABLED_AT, enabled=True),
        _event(
            "db-3",
            ENABLED_AT + timedelta(hours=2),
            EventKind.ACKNOWLEDGED,
            Source.OPERATOR,
            "restarted in change 4711",
        ),
    ),
)
_PROVED = RestartAssessment(
    Verdict.NOT_NEEDED,
    Reason.RESTARTED,
    Confidence.CERTAIN,
    evidence=(
        _event(
            "db-1", ENABLED_AT + timedelta(days=3), EventKind.RESTARTED, Source.OWN_RUN, "run r1"
        ),
    ),
)
_FIRST_SIGHT = RestartAssessment(Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT)
_LONG = "a-name-as-long-as-the-api-allows-which-is-sixty-three-letters-1"
_HOSTILE = "mal\x1b[31m\nicious|=\u202e"

OUTSTANDING: Sequence[AssessedServer] = (
    _assessed(an_instance("db-1", metadata_service=ON), needed("db-1")),
    _assessed(
        an_instance(_LONG, metadata_service=ON, region="eu-de"),
        needed(_LONG, ENABLED_AT + timedelta(days=3, hours=1)),
    ),
    _assessed(an_instance("db-2", metadata_service=ON_HTTPS), _ORDER_UNKNOWN),
    _assessed(an_instance(_HOSTILE, metadata_service=ON, region="jp-tok"), _FIRST_SIGHT),
    _assessed(
        an_instance("db-4", metadata_service=None),
        RestartAssessment(Verdict.UNKNOWN, Reason.NOT_REPORTED),
    ),
)
ACKNOWLEDGED = (_assessed(an_instance("db-3", metadata_service=ON), _ACKNOWLEDGED),)
MUCH_KNOWN = OUTSTANDING[2:3]

IMPORTED = ImportSummary(
    read=1_000_000,
    kept=1200,
    known=34,
    foreign=12,
    ignored=998_752,
    unreadable=2,
    earliest=ENABLED_AT,
    latest=ENABLED_AT + timedelta(days=3),
    by_kind={
        EventKind.STOPPED: 400,
        EventKind.STARTED: 400,
        EventKind.UPDATED: 432,
        EventKind.ANSWERED: 2,
    },
    proven=[a_server_id("instance web-1"), a_server_id("instance web-2")],
)

_SPOT = Note(NoteCode.CAPACITY_AT_RISK, "may find no capacity to start again (spot instance)")
_LOST = Note(NoteCode.INSTANCE_STORAGE_LOST, "the data on instance storage is erased")


def _restart(server: Server, verdict: Verdict, reason: Reason, *notes: Note) -> RestartChange:
    is_metal = server.kind == "bare_metal_server"
    return RestartChange(
        server.identity,
        verdict,
        reason,
        stop_type=StopType.SOFT if is_metal else None,
        one_per=server.vpc.id if server.vpc else None,
        allows_storage_loss=_LOST in notes,
        notes=notes,
    )


_WHILE_RUNNING = (Verdict.NEEDED, Reason.ENABLED_WHILE_RUNNING)
_RESTARTS = {
    name: _restart(an_instance(name, metadata_service=ON), *_WHILE_RUNNING, *notes)
    for name, notes in {
        "db-1": (_SPOT,),
        "db-2": (_LOST, _SPOT),
        "db-3": (),
        "db-5": (),
        _HOSTILE: (),
    }.items()
}
_METAL = _restart(a_bare_metal_server(), Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT)
_MEMBER = Skip(
    an_instance("web-1", instance_group=Reference(name="web")).identity,
    SkipReason.INSTANCE_GROUP_MEMBER,
    "is a member of instance group web, which would replace it",
    refused=True,
)
_RUNS = Skip(
    an_instance("web-2").identity,
    SkipReason.NOT_NEEDED,
    "no restart is outstanding (service disabled)",
)
RESTART_PLAN = Plan(
    Action.RESTART, MetadataServicePatch(), (*_RESTARTS.values(), _METAL, _MEMBER, _RUNS)
)
_NO_CAPACITY = StartFailedError(
    "us-south: db-2: did not start: cannot_start_capacity: no capacity in us-south-1",
    hint="it is stopped; start it in a while, or resume the run, which starts it first",
)
RESTARTED: Sequence[Outcome | Skip] = (
    Applied(_RESTARTS["db-1"], ON, _PROVED),
    Failed(_RESTARTS["db-2"], _NO_CAPACITY),
    AlreadyDone(_RESTARTS["db-3"], SkipReason.ALREADY_RESTARTED),
    NotAttempted(_RESTARTS["db-5"]),
    NotAttempted(_METAL),
    *RESTART_PLAN.skips,
)


def _step(outcome: AttemptOutcome, step: RestartStep | None, message: str = "") -> Attempt:
    return Attempt(
        outcome=outcome,
        intent_at=ENABLED_AT,
        outcome_at=None if outcome is AttemptOutcome.OPEN else ENABLED_AT,
        found=ON,
        error_message=message or None,
        error_code=StartFailedError.code if message else None,
        step=step,
    )


_STEPS: Mapping[str, tuple[Attempt, ...]] = {
    "db-1": (_step(AttemptOutcome.APPLIED, RestartStep.RUNNING),),
    "db-2": (_step(AttemptOutcome.FAILED, RestartStep.STARTING, str(_NO_CAPACITY)),),
    "db-3": (_step(AttemptOutcome.OPEN, RestartStep.STOPPED),),
    "db-5": (
        _step(AttemptOutcome.OPEN, RestartStep.STOPPING),
        _step(AttemptOutcome.NOT_ATTEMPTED, None),
    ),
}
RESTART_RUN = replace(
    INTERRUPTED,
    id="20261118T093000Z-beef",
    action=Action.RESTART,
    patch=MetadataServicePatch(),
    items=tuple(RunItem(item, _STEPS.get(item.server.label, ())) for item in RESTART_PLAN.items),
)


def _link(
    server: Server, operation: LinkOperation, link_id: str | None = None, name: str | None = None
) -> LinkChange:
    return LinkChange(
        server=server.identity,
        operation=operation,
        profile_id="Profile-9fd84246-7df4-4667-94e4-8ecde51d5ac5",
        profile_name="backup-writer",
        cr_type="VSI",
        crn=server.crn or "",
        link_id=link_id,
        link_name=name,
    )


_WEB_1, _WEB_2, _WEB_3 = (an_instance(f"web-{number}", metadata_service=ON) for number in (1, 2, 3))
_NEW = _link(_WEB_1, LinkOperation.CREATE, name="backup")
_OLD = _link(_WEB_2, LinkOperation.DELETE, "link-17e1", "nightly")
_OLDER = replace(_link(_WEB_2, LinkOperation.DELETE, "link-03b2"), profile_name=None)
_LINKED = Skip(_WEB_3.identity, SkipReason.ALREADY_SO, "is linked to profile backup-writer")
LINK_PLAN = Plan(Action.CREATE_LINKS, MetadataServicePatch(), (_NEW, _LINKED))
UNLINK_PLAN = Plan(Action.DELETE_LINKS, MetadataServicePatch(), (_OLD, _OLDER))
LINKED: Sequence[Outcome | Skip] = (Applied(_NEW, link_id="link-55aa"), _LINKED)
UNLINKED: Sequence[Outcome] = (
    AlreadyDone(_OLD, SkipReason.GONE),
    Failed(_OLDER, ConflictError("cannot delete link link-03b2: HTTP 409", status=409)),
)
LINK_RUN = replace(
    INTERRUPTED,
    id="20261121T150000Z-11e5",
    action=Action.CREATE_LINKS,
    patch=MetadataServicePatch(),
    items=(RunItem(_NEW, (replace(_step(AttemptOutcome.APPLIED, None), link_id="link-55aa"),)),),
)
