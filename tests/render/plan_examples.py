"""Plans that were put aside: one to be reviewed, and the undo of another, late and incomplete."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.support.builders import ACCOUNT, OFF, ON, ON_HTTPS, an_instance
from vpcmetactl.domain.applying import ApplyOptions, FailureBudget
from vpcmetactl.domain.metadata_plans import invert_plan, plan_metadata
from vpcmetactl.domain.plans import (
    Action,
    Change,
    MetadataChange,
    MetadataServicePatch,
    Plan,
    Skip,
    SkipReason,
)
from vpcmetactl.domain.saved_plans import SavedPlan
from vpcmetactl.domain.servers import MetadataService, Protocol

_MADE = datetime(2026, 11, 21, 11, 30, tzinfo=UTC)
_DIGEST = "6f1c9b0e5d7a4f38" * 4
_NAMES = ("web-1", "web-2", "web-3", "web-4")
_WERE = MetadataService(enabled=True, protocol="http", response_hop_limit=3)
_SERVERS = [an_instance(name, metadata_service=_WERE) for name in _NAMES]


def of_metadata(changes: Sequence[Change]) -> Sequence[MetadataChange]:
    """Return the changes of metadata services among some changes."""
    return [change for change in changes if isinstance(change, MetadataChange)]


HARDEN = plan_metadata(
    Action.SET,
    MetadataServicePatch(protocol=Protocol.HTTPS, response_hop_limit=1),
    _SERVERS,
    named=False,
)
SAVED = SavedPlan(
    plan=HARDEN,
    account_id=ACCOUNT,
    vpc_endpoint="https://{region}.iaas.cloud.ibm.com/v1",
    iam_host="https://iam.cloud.ibm.com",
    selection=("--vpc prod", "--name web-*"),
    created_at=_MADE,
    expires_at=_MADE + timedelta(hours=24),
    tool_version="0.2.0",
    options=ApplyOptions(canary=2, max_workers=16, max_failures=FailureBudget(5, is_percent=True)),
    digest=_DIGEST,
)


def _restore() -> Plan:
    """Undo what was done to four servers, of which one alone is as it was left."""
    now = [
        an_instance("web-1", metadata_service=ON_HTTPS),
        an_instance("web-2", metadata_service=OFF),
        an_instance("web-3", metadata_service=_WERE),
    ]
    plan = invert_plan(of_metadata(HARDEN.changes), now)
    forbidden = Skip(
        an_instance("web-5").identity,
        SkipReason.ALLOWED_USE,
        "allowed_use of its boot volume forbids it",
        refused=True,
    )
    unknown = an_instance("web-6", metadata_service=MetadataService(enabled=None))
    enable = plan_metadata(
        Action.ENABLE, MetadataServicePatch(enabled=True), [unknown], named=False
    )
    off = an_instance("web-7", metadata_service=ON)
    disable = plan_metadata(Action.DISABLE, MetadataServicePatch(enabled=False), [off], named=False)
    undone = of_metadata([*enable.changes, *disable.changes])
    return replace(plan, items=(*plan.items, forbidden, *invert_plan(undone).items))


RESTORE = _restore()
SAVED_RESTORE = replace(
    SAVED,
    plan=RESTORE,
    selection=(),
    expires_at=_MADE + timedelta(minutes=30),
    options=ApplyOptions(canary=0, max_targets=10, expect_count=1, soak=2.5),
    incomplete=("eu-gb", "jp-osa"),
    inverse_of=_DIGEST,
    digest="0d5e" * 16,
)
