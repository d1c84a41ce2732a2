"""Runs as the journal tells them: one of every ending, and one that takes another back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.render.plan_examples import of_metadata
from tests.support.builders import ACCOUNT, OFF, ON, ON_HTTPS, a_bare_metal_server, an_instance
from vpcmetactl.domain.metadata_plans import invert_plan, plan_metadata
from vpcmetactl.domain.plans import Action, MetadataServicePatch, Plan, Skip
from vpcmetactl.domain.runs import Attempt, AttemptOutcome, RunItem, RunRecord, RunState
from vpcmetactl.domain.servers import Protocol, Server

STARTED = datetime(2026, 11, 21, 12, tzinfo=UTC)
RUN_ID = "20261121T120000Z-5a1f"

SERVERS: Sequence[Server] = (
    an_instance("api-1", metadata_service=ON),
    an_instance("api-2", metadata_service=ON),
    an_instance("api-3", metadata_service=ON),
    a_bare_metal_server("metal-1"),
    an_instance("batch-1", region="eu-de", metadata_service=OFF),
    an_instance("batch-2", region="eu-de", status="deleting"),
    an_instance("mainframe-1", region="eu-de", architecture="s390x"),
    an_instance("mal\x1b[31m\nicious|=\u202e", region="jp-tok", metadata_service=ON),
    an_instance("東京-サーバ", region="jp-tok", metadata_service=ON),
)
HARDEN = plan_metadata(
    Action.ENABLE,
    MetadataServicePatch(enabled=True, protocol=Protocol.HTTPS),
    SERVERS,
    named=False,
)


def _after(seconds: float) -> datetime:
    return STARTED + timedelta(seconds=seconds)


def _attempt(outcome: AttemptOutcome, at: float, **fields: str) -> Attempt:
    sent = outcome not in {AttemptOutcome.REFUSED, AttemptOutcome.NOT_ATTEMPTED}
    return Attempt(
        outcome=outcome,
        intent_at=_after(at) if sent else None,
        outcome_at=None if outcome is AttemptOutcome.OPEN else _after(at + 0.25),
        found=ON_HTTPS if outcome is AttemptOutcome.APPLIED else None,
        error_code=fields.get("code"),
        error_message=fields.get("message"),
        error_trace=fields.get("trace"),
    )


_OPEN = _attempt(AttemptOutcome.OPEN, 4)
_ATTEMPTS = {
    "api-1": (
        _attempt(
            AttemptOutcome.FAILED,
            1,
            code="rate_limited",
            message="cannot change the metadata service of instance api-1 in us-south: "
            "too many requests (HTTP 429)",
            trace="4c1a",
        ),
        _attempt(AttemptOutcome.APPLIED, 60),
    ),
    "api-2": (_attempt(AttemptOutcome.APPLIED, 2),),
    "api-3": (
        Attempt(outcome=AttemptOutcome.ALREADY_DONE, intent_at=None, outcome_at=_after(2.5)),
    ),
    "metal-1": (
        _attempt(
            AttemptOutcome.REFUSED,
            3,
            code="refused",
            message="is no longer as it was planned from",
        ),
    ),
    "mal\x1b[31m\nicious|=\u202e": (
        _attempt(
            AttemptOutcome.FAILED,
            3,
            code="forbidden",
            message="cannot change the metadata service of instance mal\x1b[31m\nicious|=\u202e "
            "in jp-tok: Not authorized (HTTP 403)",
            trace="9d1e",
        ),
    ),
    "東京-サーバ": (
        _attempt(
            AttemptOutcome.UNKNOWN,
            3,
            code="unavailable",
            message="jp-tok: no answer within 60 s",
        ),
    ),
}


def recorded(plan: Plan) -> tuple[RunItem, ...]:
    """Return a plan's items with what became of each; a skip has no attempts."""
    return tuple(
        RunItem(item, () if isinstance(item, Skip) else _ATTEMPTS.get(item.server.label, ()))
        for item in plan.items
    )


INTERRUPTED = RunRecord(
    id=RUN_ID,
    account_id=ACCOUNT,
    vpc_endpoint="https://{region}.iaas.cloud.ibm.com/v1",
    iam_host="https://iam.cloud.ibm.com",
    state=RunState.INTERRUPTED,
    started_at=STARTED,
    finished_at=None,
    actor="IBMid-270000AB12",
    action=HARDEN.action,
    patch=HARDEN.patch,
    tool_version="0.2.0",
    items=recorded(HARDEN),
)
_RESTORE = invert_plan(of_metadata(INTERRUPTED.applied_changes[:1]))
ROLLBACK = replace(
    INTERRUPTED,
    id="20261121T130000Z-c0de",
    state=RunState.FINISHED,
    started_at=_after(3600),
    finished_at=_after(3602),
    actor=None,
    action=_RESTORE.action,
    patch=_RESTORE.patch,
    items=tuple(
        RunItem(item, (replace(_attempt(AttemptOutcome.APPLIED, 3601), found=ON),))
        for item in _RESTORE.items
    ),
    rollback_of=RUN_ID,
)
RUNNING = replace(
    INTERRUPTED,
    id="20261121T140000Z-0b0e",
    state=RunState.RUNNING,
    started_at=_after(7200),
    action=Action.SET,
    patch=MetadataServicePatch(protocol=Protocol.HTTPS, response_hop_limit=2),
    items=tuple(
        RunItem(one.item, (_OPEN,) if number == 0 else ())
        for number, one in enumerate(INTERRUPTED.items)
        if not isinstance(one.item, Skip)
    ),
)
RUNS_OF_A_DAY = (INTERRUPTED, ROLLBACK, RUNNING)
