"""Plans and outcomes as the state file keeps them, read back.

What is read here was written by ``encoding``, field by field, by this version or an older one.
"""

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import NamedTuple, TypeVar

import msgspec

from vpcmetactl.domain.plans import (
    Change,
    FieldChange,
    MetadataServicePatch,
    Note,
    NoteCode,
    PlanItem,
    Skip,
    SkipReason,
)
from vpcmetactl.domain.runs import Attempt, AttemptOutcome
from vpcmetactl.domain.servers import MetadataService, Protocol, ServerIdentity, ServerKind
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


class _Change(msgspec.Struct):
    before: _Metadata
    after: _Metadata
    patch: _Patch
    notes: list[_Note]


class _Skip(msgspec.Struct):
    reason: str
    message: str
    refused: bool


class _Decision(NamedTuple):
    """A change without its server."""

    before: MetadataService
    after: MetadataService
    patch: MetadataServicePatch
    fields: tuple[FieldChange, ...]
    notes: tuple[Note, ...]


class Decoder:
    """Reads the rows of one answer; raises one of ``SENSELESS``.

    Most changes of a run are alike, and the same servers come back run after run: what was
    decoded once is handed out again.
    """

    def __init__(self) -> None:
        self._server = cache(_server)
        self._decision = cache(_decision)
        self._metadata = cache(_found)
        self.item = cache(self._item)

    def _item(self, server: str, change: str | None, skip: str | None) -> PlanItem:
        """Return one item of a plan."""
        who = self._server(server)
        if change is not None:
            return Change(who, *self._decision(change))
        raw = _SKIP.decode(skip or "")
        return Skip(who, known(SkipReason, raw.reason), raw.message, raw.refused)

    def attempt(self, columns: Sequence[str | None]) -> Attempt:
        """Return one attempt of a change, from columns in the order of ``AttemptColumns``."""
        intent_at, outcome_at, outcome, found, error_code, error_message, error_trace = columns
        return Attempt(
            outcome=_OUTCOMES.get(outcome) or known(AttemptOutcome, str(outcome)),
            intent_at=None if intent_at is None else from_text(intent_at),
            outcome_at=None if outcome_at is None else from_text(outcome_at),
            found=None if found is None else self._metadata(found),
            error_code=error_code,
            error_message=error_message,
            error_trace=error_trace,
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


def _server(text: str) -> ServerIdentity:
    raw = _SERVER.decode(text)
    return ServerIdentity(
        known(ServerKind, raw.kind), raw.id, raw.crn, raw.name, raw.account_id, raw.region
    )


def _decision(text: str) -> _Decision:
    raw = _CHANGE.decode(text)
    before, after = _metadata(raw.before), _metadata(raw.after)
    return _Decision(
        before,
        after,
        _patch(raw.patch),
        tuple(
            FieldChange(name, getattr(before, name), getattr(after, name))
            for name in ("enabled", "protocol", "response_hop_limit")
            if getattr(raw.patch, name) is not None
        ),
        tuple(Note(known(NoteCode, note.code), note.message) for note in raw.notes),
    )


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
_CHANGE = msgspec.json.Decoder(_Change)
_SKIP = msgspec.json.Decoder(_Skip)
