"""Plans and outcomes as the state file keeps them.

Written out field by field: what older files hold must not follow the renaming of a class.
"""

import json
from typing import NamedTuple, assert_never

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    Change,
    Failed,
    LinkChange,
    MetadataChange,
    MetadataServicePatch,
    NotAttempted,
    Outcome,
    Refused,
    RestartChange,
    Skip,
    SkipReason,
    Unknown,
)
from vpcmetactl.domain.runs import Attempt, AttemptOutcome
from vpcmetactl.domain.servers import MetadataService, ServerIdentity
from vpcmetactl.journal.times import to_text


class SettledColumns(NamedTuple):
    """What became of a change; ``found`` is the metadata service as it was read last."""

    outcome: str
    found: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    error_trace: str | None = None
    link_id: str | None = None
    reason: str | None = None


class AttemptColumns(NamedTuple):
    """One attempt as its row holds it; an intent without an outcome has ``None`` there."""

    intent_at: str | None
    outcome_at: str | None
    outcome: str | None
    found: str | None
    error_code: str | None
    error_message: str | None
    error_trace: str | None
    step: str | None
    link_id: str | None
    reason: str | None


def server_to_json(server: ServerIdentity) -> str:
    """Return what tells a server from every other."""
    return json.dumps(
        {
            "kind": server.kind.value,
            "id": server.id,
            "crn": server.crn,
            "name": server.name,
            "account_id": server.account_id,
            "region": server.region,
        }
    )


def change_to_json(change: Change) -> str:
    """Return a planned change without its server; ``kind`` says which of the changes it is."""
    notes = [
        {"code": note.code.value, "message": note.message, "hcl": note.hcl} for note in change.notes
    ]
    return json.dumps(_change(change) | {"notes": notes})


def _change(change: Change) -> dict[str, object]:
    match change:
        case MetadataChange():
            # The changed fields are those of the patch.
            return {
                "kind": "metadata",
                "before": _metadata(change.before),
                "after": _metadata(change.after),
                "patch": _patch(change.patch),
            }
        case RestartChange():
            return {
                "kind": "restart",
                "verdict": change.verdict.value,
                "reason": change.reason.value,
                "stop_type": None if change.stop_type is None else change.stop_type.value,
                "one_per": change.one_per,
                "allows_storage_loss": change.allows_storage_loss,
            }
        case LinkChange():
            return {
                "kind": "link",
                "operation": change.operation.value,
                "profile_id": change.profile_id,
                "profile_name": change.profile_name,
                "cr_type": change.cr_type,
                "crn": change.crn,
                "link_id": change.link_id,
                "link_name": change.link_name,
                "is_cross_account": change.is_cross_account,
            }
        case _:
            assert_never(change)


def skip_to_json(skip: Skip) -> str:
    """Return why a server is not changed, without the server."""
    return json.dumps(
        {"reason": skip.reason.value, "message": skip.message, "refused": skip.refused}
    )


def patch_to_json(patch: MetadataServicePatch) -> str:
    """Return the fields that a patch sets, and no others."""
    return json.dumps(_patch(patch))


def settled_columns(outcome: Outcome) -> SettledColumns:
    """Return the columns of an outcome."""
    match outcome:
        case Applied(after=after, link_id=link_id):
            return SettledColumns("applied", _metadata_json(after), link_id=link_id)
        case AlreadyDone(reason=reason):
            is_usual = reason is SkipReason.ALREADY_SO
            return SettledColumns("already_done", reason=None if is_usual else reason.value)
        case Refused(message=message, found=found):
            return SettledColumns("refused", _metadata_json(found), "refused", message)
        case Failed(error=error):
            return _with_error("failed", error)
        case Unknown(error=error):
            return _with_error("unknown", error)
        case NotAttempted():
            return SettledColumns("not_attempted")
        case _:
            assert_never(outcome)


def attempt_columns(attempt: Attempt) -> AttemptColumns:
    """Return the row of an attempt that was made elsewhere."""
    return AttemptColumns(
        None if attempt.intent_at is None else to_text(attempt.intent_at),
        None if attempt.outcome_at is None else to_text(attempt.outcome_at),
        None if attempt.outcome is AttemptOutcome.OPEN else attempt.outcome.value,
        _metadata_json(attempt.found),
        attempt.error_code,
        attempt.error_message,
        attempt.error_trace,
        None if attempt.step is None else attempt.step.value,
        attempt.link_id,
        None if attempt.reason is None else attempt.reason.value,
    )


def _with_error(outcome: str, error: VpcmetactlError) -> SettledColumns:
    return SettledColumns(outcome, None, error.code, str(error), error.trace)


def _metadata_json(service: MetadataService | None) -> str | None:
    return None if service is None else json.dumps(_metadata(service))


def _metadata(service: MetadataService) -> dict[str, bool | str | int | None]:
    return {
        "enabled": service.enabled,
        "protocol": service.protocol,
        "response_hop_limit": service.response_hop_limit,
    }


def _patch(patch: MetadataServicePatch) -> dict[str, bool | str | int]:
    fields = {
        "enabled": patch.enabled,
        "protocol": None if patch.protocol is None else patch.protocol.value,
        "response_hop_limit": patch.response_hop_limit,
    }
    return {name: value for name, value in fields.items() if value is not None}
