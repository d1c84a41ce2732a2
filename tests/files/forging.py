"""Files whose content was changed by somebody who knows how to compute the digest."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.builders import ACCOUNT, OFF, ON_HTTPS, a_bare_metal_server, an_instance
from vpcmetactl.domain.applying import ApplyOptions, FailureBudget
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import Action, MetadataServicePatch
from vpcmetactl.domain.saved_plans import SavedPlan
from vpcmetactl.domain.servers import Protocol, Server

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PATCH = MetadataServicePatch(protocol=Protocol.HTTPS, response_hop_limit=2)

Edit = Callable[[Any], object]


def a_saved_plan(**fields: Any) -> SavedPlan:  # noqa: ANN401 - any field of a plan
    """Return a plan: two changes, one of them of bare metal, and one skip."""
    servers: list[Server] = [
        an_instance("web-1", metadata_service=OFF),
        an_instance("web-2", metadata_service=ON_HTTPS, status="deleting"),
        a_bare_metal_server("metal-1"),
    ]
    defaults = {
        "plan": plan_metadata(Action.SET, PATCH, servers, named=False),
        "account_id": ACCOUNT,
        "vpc_endpoint": "https://{region}.iaas.cloud.ibm.com/v1",
        "iam_host": "iam.cloud.ibm.com",
        "selection": ("--all",),
        "created_at": NOON,
        "expires_at": NOON + timedelta(days=1),
        "tool_version": "0.2.0",
        "options": ApplyOptions(max_failures=FailureBudget(5, is_percent=True)),
    }
    return SavedPlan(**{**defaults, **fields})


def edited(content: bytes, edit: Edit) -> bytes:
    """Return a file after an edit that leaves its digest as it was."""
    document = json.loads(content)
    edit(document)
    return json.dumps(document, ensure_ascii=False).encode()


def forged(content: bytes, edit: Edit) -> bytes:
    """Return a file after an edit, with the digest that it then should have."""
    document = json.loads(edited(content, edit))
    del document["digest"]
    compact = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    digest = hashlib.sha256(compact).hexdigest()
    head = {name: document.pop(name) for name in ("format", "format_version")}
    return json.dumps({**head, "digest": f"sha256:{digest}", **document}).encode()


def put(*path: str | int, value: object) -> Edit:
    """Return the edit that sets one value."""

    def edit(document: Any) -> None:  # noqa: ANN401 - any JSON
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return edit
