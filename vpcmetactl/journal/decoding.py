"""Plans and outcomes as the state file keeps them, read back.

What is read here was written by ``encoding``, field by field, by this version or an older one.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache, partial
from typing import TypeVar

import msgspec

from vpcmetactl.domain.errors import StateError
from vpcmetactl.domain.plans import (
    Change,
    FieldChange,
    LinkChange,
    LinkOperation,
    MetadataChange,
    MetadataServicePatch,
    Note,
    NoteCode,
    PlanItem,
    RestartChange,
    Skip,
    SkipReason,
    StopType,
)
from vpcmetactl.domain.restarts import Reason, Verdict
from vpcmetactl.domain.runs import Attempt, AttemptOutcome, RestartStep
from vpcmetactl.domain.servers import MetadataService, Protocol, ServerIdentity, ServerKind
from vpcmetactl.journal.failures import DamageError
from vpcmetactl.journal.times import from_text

Code = TypeVar("Code", bound=StrEnum)

_OUTCOMES: dict[str | None, AttemptOutcome] = {
    None: AttemptOutcome.OPEN,
    **{outcome.value: outcome for outcome in AttemptOutcome},
}

# What decoding raises for a row that this program would not have written.
SENSELESS = (msgspec.DecodeError, TypeError, ValueError)


class UnknownCodeError(ValueError):
    """A code of a newer version of this program; never leaves this package."""


class _Server(msgspec.Struct):
    kind: str
    id: str
    crn: str | None
    name: str | None
    account_id: str | None
    region: str


class _Metadata(msgspec.Struct):
    enabled: bool | None
    protocol: str | None
    response_hop_limit: int | None


class _Patch(msgspec.Struct):
    enabled: bool | None = None
    protocol: str | None = None
    response_hop_limit: int | None = None


class _Note(msgspec.Struct):
    code: str
    message: str
    hcl: str | None = None


class _Kind(msgspec.Struct):
    """What tells changes apart; older versions knew one kind only, and did not say so."""

    kind: str = "metadata"


class _MetadataChange(msgspec.Struct):
    before: _Metadata
    after: _Metadata
    patch: _Patch
    notes: list[_Note]


class _RestartChange(msgspec.Struct):
    verdict: str
    reason: str
    stop_type: str | None
    one_per: str | None
    allows_storage_loss: bool
    notes: list[_Note]


class _LinkChange(msgspec.Struct):
    operation: str
    profile_id: str
    profile_name: str | None
    cr_type: str
    crn: str
    link_id: str | None
    link_name: str | None
    is_cross_account: bool
    notes: list[_Note]


class _Skip(msgspec.Struct):
    reason: str
    message: str
    refused: bool


class Decoder:
    """Reads the rows of one answer; raises one of ``SENSELESS``.

    Most changes of a run are alike, and the same servers come back run after run: what was
    decoded once is handed out again.
    """

    def __init__(self) -> None:
        self._server = cache(server_from_json)
        self._change = cache(_change)
        self._metadata = cache(_found)
        self.item = cache(self._item)

    def _item(self, server: str, change: str | None, skip: str | None) -> PlanItem:
        """Return one item of a plan."""
        who = self._server(server)
        if change is not None:
            return self._change(change)(server=who)
        raw = _SKIP.decode(skip or "")
        return Skip(who, known(SkipReason, raw.reason), raw.message, raw.refused)

    def attempt(self, columns: Sequence[str | None]) -> Attempt:
        """Return one attempt of a change, from columns in the order of ``AttemptColumns``."""
        intent_at, outcome_at, outcome, found, *error, step, link_id, reason = columns
        error_code, error_message, error_trace = error
        return Attempt(
            outcome=_OUTCOMES.get(outcome) or known(AttemptOutcome, str(outcome)),
            intent_at=None if intent_at is None else from_text(intent_at),
            outcome_at=None if outcome_at is None else from_text(outcome_at),
            found=None if found is None else self._metadata(found),
            error_code=error_code,
            error_message=error_message,
            error_trace=error_trace,
            step=None if step is None else known(RestartStep, step),
            link_id=link_id,
            reason=None if reason is None else known(SkipReason, reason),
        )


def patch_from_json(text: str) -> MetadataServicePatch:
    """Return a patch, with ``None`` for what it does not set."""
    return _patch(_PATCH.decode(text))


def known(codes: type[Code], text: str) -> Code:
    """Return the code; raises UnknownCodeError for one that only newer versions know."""
    try:
        return codes(text)
    except ValueError:
        raise UnknownCodeError(f"{text!r} is none of its codes that are known here") from None


def misread(place: str, error: Exception) -> StateError | DamageError:
    """Return what to raise for a row: damage, unless a newer version may have meant it."""
    if isinstance(error, UnknownCodeError):
        return StateError(
            f"{place}: {error}", hint="use the vpcmetactl that wrote it, or a newer one"
        )
    return DamageError(f"{place}: {error}")


def server_from_json(text: str) -> ServerIdentity:
    """Return what tells a server from every other."""
    raw = _SERVER.decode(text)
    return ServerIdentity(
        known(ServerKind, raw.kind), raw.id, raw.crn, raw.name, raw.account_id, raw.region
    )


# A change that lacks nothing but its server, which it is called with.
_Serverless = Callable[..., Change]


def _change(text: str) -> _Serverless:
    kind = _KIND.decode(text).kind
    if kind not in _CHANGES:
        raise UnknownCodeError(f"{kind!r} is none of its codes that are known here")
    return _CHANGES[kind](text)


def _metadata_change(text: str) -> _Serverless:
    raw = _METADATA_CHANGE.decode(text)
    before, after = _metadata(raw.before), _metadata(raw.after)
    return partial(
        MetadataChange,
        before=before,
        after=after,
        patch=_patch(raw.patch),
        fields=tuple(
            FieldChange(name, getattr(before, name), getattr(after, name))
            for name in ("enabled", "protocol", "response_hop_limit")
            if getattr(raw.patch, name) is not None
        ),
        notes=_notes(raw.notes),
    )


def _restart_change(text: str) -> _Serverless:
    raw = _RESTART_CHANGE.decode(text)
    return partial(
        RestartChange,
        verdict=known(Verdict, raw.verdict),
        reason=known(Reason, raw.reason),
        stop_type=None if raw.stop_type is None else known(StopType, raw.stop_type),
        one_per=raw.one_per,
        allows_storage_loss=raw.allows_storage_loss,
        notes=_notes(raw.notes),
    )


def _link_change(text: str) -> _Serverless:
    raw = _LINK_CHANGE.decode(text)
    return partial(
        LinkChange,
        operation=known(LinkOperation, raw.operation),
        profile_id=raw.profile_id,
        profile_name=raw.profile_name,
        cr_type=raw.cr_type,
        crn=raw.crn,
        link_id=raw.link_id,
        link_name=raw.link_name,
        is_cross_account=raw.is_cross_account,
        notes=_notes(raw.notes),
    )


def _notes(raw: Sequence[_Note]) -> tuple[Note, ...]:
    return tuple(Note(known(NoteCode, note.code), note.message, note.hcl) for note in raw)


def _found(text: str) -> MetadataService:
    return _metadata(_METADATA.decode(text))


def _metadata(raw: _Metadata) -> MetadataService:
    return MetadataService(raw.enabled, raw.protocol, raw.response_hop_limit)


def _patch(raw: _Patch) -> MetadataServicePatch:
    protocol = None if raw.protocol is None else known(Protocol, raw.protocol)
    return MetadataServicePatch(raw.enabled, protocol, raw.response_hop_limit)


_SERVER = msgspec.json.Decoder(_Server)
_METADATA = msgspec.json.Decoder(_Metadata)
_PATCH = msgspec.json.Decoder(_Patch)
_KIND = msgspec.json.Decoder(_Kind)
_METADATA_CHANGE = msgspec.json.Decoder(_MetadataChange)
_RESTART_CHANGE = msgspec.json.Decoder(_RestartChange)
_LINK_CHANGE = msgspec.json.Decoder(_LinkChange)
_SKIP = msgspec.json.Decoder(_Skip)
_CHANGES = {"metadata": _metadata_change, "restart": _restart_change, "link": _link_change}
