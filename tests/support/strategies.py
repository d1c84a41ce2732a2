"""Hypothesis strategies for plans, saved plans and runs: whatever the program itself could make."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hypothesis import strategies as st

from tests.support.builders import ACCOUNT, a_bare_metal_server, an_instance
from vpcmetactl.domain.applying import ApplyOptions, FailureBudget
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import (
    Action,
    Change,
    FieldChange,
    LinkChange,
    LinkOperation,
    MetadataChange,
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
from vpcmetactl.domain.restarts import Reason, Verdict
from vpcmetactl.domain.runs import (
    Attempt,
    AttemptOutcome,
    RestartStep,
    RunItem,
    RunRecord,
    RunState,
)
from vpcmetactl.domain.saved_plans import SavedPlan
from vpcmetactl.domain.servers import (
    MetadataService,
    Protocol,
    Server,
    ServerIdentity,
    ServerKind,
)
from vpcmetactl.domain.trust import CR_TYPES

T = TypeVar("T")

texts = st.text(st.characters(codec="utf-8"), max_size=12)
words = texts.filter(bool)
moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    timezones=st.just(UTC),
)
hop_limits = st.integers(1, 64)
server_names = st.integers(0, 400).map("web-{}".format)
metadata_services = st.builds(
    MetadataService,
    enabled=st.booleans() | st.none(),
    protocol=st.sampled_from(["http", "https", None, "gopher"]),
    response_hop_limit=hop_limits | st.none(),
)
_bare_metal_services = st.builds(
    MetadataService,
    enabled=st.booleans() | st.none(),
    protocol=st.sampled_from(["http", "https", None]),
)
notes = st.builds(Note, st.sampled_from(NoteCode), texts)
_told = st.lists(notes, max_size=2).map(tuple)
_link_ids = st.integers(0, 999).map("link-{}".format)
_regions = st.sampled_from(["us-south", "eu-de", "jp-tok"])


@st.composite
def servers(draw: st.DrawFn) -> Server:
    """Return a server of either kind, of any architecture and with any metadata service."""
    name, region = draw(server_names), draw(_regions)
    architecture = draw(st.sampled_from(["amd64", "s390x", None]))
    status = draw(st.sampled_from(["running", "stopped", "deleting"]))
    if draw(st.booleans()):
        return an_instance(
            name,
            region=region,
            status=status,
            architecture=architecture,
            metadata_service=draw(metadata_services | st.none()),
        )
    return a_bare_metal_server(
        name,
        region=region,
        status=status,
        architecture=architecture,
        metadata_service=draw(_bare_metal_services | st.none()),
    )


def fleets(max_size: int = 4) -> st.SearchStrategy[list[Server]]:
    """Return servers that all have their own id."""
    return st.lists(servers(), max_size=max_size, unique_by=lambda server: server.id)


@st.composite
def wishes(draw: st.DrawFn) -> tuple[Action, MetadataServicePatch]:
    """Return an action with a patch that it may ask for."""
    action = draw(st.sampled_from([Action.ENABLE, Action.DISABLE, Action.SET]))
    if action is Action.DISABLE:
        return action, MetadataServicePatch(enabled=False)
    patch = MetadataServicePatch(
        enabled=True if action is Action.ENABLE else None,
        protocol=draw(st.sampled_from(Protocol) | st.none()),
        response_hop_limit=draw(hop_limits | st.none()),
    )
    return action, MetadataServicePatch(protocol=Protocol.HTTPS) if patch.is_empty else patch


@st.composite
def asked_plans(draw: st.DrawFn) -> Plan:
    """Return what planning makes of a fleet and a wish."""
    action, patch = draw(wishes())
    return plan_metadata(action, patch, draw(fleets()), named=draw(st.booleans()))


@st.composite
def restoring_plans(draw: st.DrawFn) -> Plan:
    """Return a plan that gives each server values of its own."""
    identities = draw(_identities())
    return Plan(
        Action.RESTORE,
        MetadataServicePatch(),
        tuple(draw(_restoring_items(identity)) for identity in identities),
    )


@st.composite
def _identities(draw: st.DrawFn) -> Sequence[ServerIdentity]:
    identities = [server.identity for server in draw(fleets())]
    return [
        ServerIdentity(
            kind=who.kind,
            id=who.id,
            crn=draw(st.sampled_from([who.crn, None])),
            name=draw(texts | st.none()),
            account_id=draw(st.sampled_from([ACCOUNT, None])),
            region=who.region,
        )
        for who in identities
    ]


def _skips(who: ServerIdentity) -> st.SearchStrategy[Skip]:
    return st.builds(Skip, st.just(who), st.sampled_from(SkipReason), texts, refused=st.booleans())


@st.composite
def _restoring_items(draw: st.DrawFn, who: ServerIdentity) -> PlanItem:
    before = draw(metadata_services)
    values: dict[str, bool | Protocol | int | None] = {
        "enabled": draw(st.booleans() | st.none()),
        "protocol": draw(st.sampled_from(Protocol) | st.none()),
        "response_hop_limit": None
        if who.kind is ServerKind.BARE_METAL_SERVER
        else draw(hop_limits | st.none()),
    }
    fields = tuple(
        FieldChange(name, getattr(before, name), _plain(value))
        for name, value in values.items()
        if value is not None and value != getattr(before, name)
    )
    if not fields:
        return draw(_skips(who))
    return _metadata_change(who, before, fields, draw(_told))


def _metadata_change(
    who: ServerIdentity,
    before: MetadataService,
    fields: tuple[FieldChange, ...],
    told: tuple[Note, ...],
) -> MetadataChange:
    new = {field.field: field.after for field in fields}
    enabled, protocol = new.get("enabled"), new.get("protocol")
    limit = new.get("response_hop_limit")
    patch = MetadataServicePatch(
        enabled=None if enabled is None else bool(enabled),
        protocol=None if protocol is None else Protocol(str(protocol)),
        response_hop_limit=None if limit is None else int(limit),
    )
    after = MetadataService(
        enabled=before.enabled if patch.enabled is None else patch.enabled,
        protocol=before.protocol if patch.protocol is None else patch.protocol.value,
        response_hop_limit=patch.response_hop_limit or before.response_hop_limit,
    )
    return MetadataChange(who, before, after, patch, fields, told)


def _plain(value: bool | Protocol | int | None) -> bool | str | int | None:  # noqa: FBT001 - a value
    return value.value if isinstance(value, Protocol) else value


@st.composite
def restart_plans(draw: st.DrawFn) -> Plan:
    """Return a plan that stops and starts servers."""
    items = [draw(_restarts(who) | _skips(who)) for who in draw(_identities())]
    return Plan(Action.RESTART, MetadataServicePatch(), tuple(items))


@st.composite
def _restarts(draw: st.DrawFn, who: ServerIdentity) -> RestartChange:
    verdict, reason = draw(
        st.sampled_from(
            [
                (Verdict.NEEDED, Reason.ENABLED_WHILE_RUNNING),
                (Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT),
                (Verdict.UNKNOWN, Reason.ORDER_UNKNOWN),
            ]
        )
    )
    is_instance = who.kind is ServerKind.INSTANCE
    return RestartChange(
        server=who,
        verdict=verdict,
        reason=reason,
        stop_type=None if is_instance else draw(st.sampled_from(StopType)),
        one_per=draw(texts | st.none()),
        allows_storage_loss=draw(st.booleans()),
        notes=draw(_told),
    )


_LINK_OPERATIONS = {
    Action.CREATE_LINKS: (LinkOperation.CREATE,),
    Action.DELETE_LINKS: (LinkOperation.DELETE,),
    Action.PRUNE_LINKS: (LinkOperation.DELETE,),
    Action.RESTORE: tuple(LinkOperation),
}


@st.composite
def link_plans(draw: st.DrawFn) -> Plan:
    """Return a plan that makes or takes away links, a server in it once or several times."""
    action = draw(st.sampled_from([*_LINK_OPERATIONS]))
    items: list[PlanItem] = []
    for who in draw(_identities()):
        for number in range(draw(st.integers(1, 2))):
            links = _links(who, number, _LINK_OPERATIONS[action])
            items.append(draw(links | _skips(who)))
    return Plan(action, MetadataServicePatch(), tuple(items))


@st.composite
def _links(
    draw: st.DrawFn, who: ServerIdentity, number: int, operations: Sequence[LinkOperation]
) -> LinkChange:
    operation = draw(st.sampled_from(operations))
    return LinkChange(
        server=who,
        operation=operation,
        profile_id=f"Profile-{number}",
        profile_name=draw(texts | st.none()),
        cr_type=CR_TYPES[who.kind],
        crn=who.crn or _crn(who),
        link_id=None if operation is LinkOperation.CREATE else draw(_link_ids | st.none()),
        link_name=draw(texts | st.none()),
        is_cross_account=draw(st.booleans()),
        notes=draw(_told),
    )


def _crn(who: ServerIdentity) -> str:
    resource_type = who.kind.value.replace("_", "-")
    return f"crn:v1:bluemix:public:is:{who.region}-1:a/{ACCOUNT}::{resource_type}:{who.id}"


def plans() -> st.SearchStrategy[Plan]:
    """Return plans of every action."""
    return asked_plans() | restoring_plans() | restart_plans() | link_plans()


def _accounts(plan: Plan) -> st.SearchStrategy[str]:
    """Return the account of a plan: that of the servers, where links bind it to them."""
    is_bound = any(isinstance(change, LinkChange) for change in plan.changes)
    return st.just(ACCOUNT) if is_bound else words


budgets = st.builds(
    FailureBudget,
    st.integers(0, 10**9 - 1).map(float),
    st.just(False),  # noqa: FBT003 - a value
) | st.builds(
    FailureBudget,
    st.decimals(0, 100, places=9).map(float),
    st.just(True),  # noqa: FBT003 - a value
)
apply_options = st.builds(
    ApplyOptions,
    canary=st.integers(0, 50),
    max_workers=st.integers(1, 256),
    max_failures=budgets,
    max_targets=st.integers(0, 10**6) | st.none(),
    expect_count=st.integers(0, 10**6) | st.none(),
    soak=st.floats(0, 86_400),
)


@st.composite
def saved_plans(draw: st.DrawFn) -> SavedPlan:
    """Return a plan as it is put aside: no digest yet."""
    plan = draw(plans())
    created_at = draw(moments)
    lasts = draw(st.timedeltas(timedelta(microseconds=1), timedelta(days=30)))
    return SavedPlan(
        plan=plan,
        account_id=draw(_accounts(plan)),
        vpc_endpoint=draw(words),
        iam_host=draw(words),
        selection=tuple(draw(st.lists(texts, max_size=3))),
        created_at=created_at,
        expires_at=created_at + lasts,
        tool_version=draw(words),
        options=draw(apply_options),
        incomplete=tuple(draw(st.lists(texts, max_size=2))),
        inverse_of=draw(words | st.none()),
    )


def attempts(change: Change) -> st.SearchStrategy[Attempt]:
    """Return attempts of a change with what there may be to tell of its kind."""
    is_restart, is_link = isinstance(change, RestartChange), isinstance(change, LinkChange)
    return st.builds(
        Attempt,
        outcome=st.sampled_from(AttemptOutcome),
        intent_at=moments | st.none(),
        outcome_at=moments | st.none(),
        found=st.none() if is_link else metadata_services | st.none(),
        error_code=texts | st.none(),
        error_message=texts | st.none(),
        error_trace=texts | st.none(),
        step=st.sampled_from(RestartStep) | st.none() if is_restart else st.none(),
        link_id=_link_ids | st.none() if is_link else st.none(),
        reason=st.sampled_from(SkipReason) | st.none() if is_restart else st.none(),
    )


@st.composite
def run_records(draw: st.DrawFn) -> RunRecord:
    """Return a run with any attempts of its changes."""
    plan = draw(plans())
    items = tuple(
        RunItem(item, draw(_tried(item)) if isinstance(item, Change) else ()) for item in plan.items
    )
    return RunRecord(
        id=draw(_run_ids),
        account_id=draw(_accounts(plan)),
        vpc_endpoint=draw(words),
        iam_host=draw(words),
        state=draw(st.sampled_from(RunState)),
        started_at=draw(moments),
        finished_at=draw(moments | st.none()),
        actor=draw(texts | st.none()),
        action=plan.action,
        patch=plan.patch,
        tool_version=draw(words),
        items=items,
        rollback_of=draw(_run_ids | st.none()),
    )


_run_ids = st.from_regex(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}", fullmatch=True)


def _tried(change: Change) -> st.SearchStrategy[tuple[Attempt, ...]]:
    return st.lists(attempts(change), max_size=3).map(tuple)
