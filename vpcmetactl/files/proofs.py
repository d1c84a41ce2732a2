"""Proofs: what a probe in a server saw of its metadata service, carried out as a file.

A proof has no digest, and nothing signs it. It is evidence for a verdict, nothing is sent because
of it, and whoever can write one can as well say ``restarts ack``.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, NamedTuple

import msgspec

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.evidence import EventKind, ServerEvent, Source
from vpcmetactl.domain.identifiers import Crn
from vpcmetactl.files.servers import ContradictionError
from vpcmetactl.files.shapes import MOST, MetadataService, Moment, ServerId, Shape, Word, about

FORMAT = "vpcmetactl-proof"
VERSION = 1

# The beta of the service (platform notes 1.4): before that day nothing can have answered.
_FIRST_DAY = datetime(2021, 8, 10, tzinfo=UTC)

# Bounds that nothing honest meets.
_Address = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=MOST)]
_Skew = Annotated[float, msgspec.Meta(ge=-MOST, le=MOST)]
_Protocol = Literal["http", "https"]
_Message = Annotated[str, about("The outcome in words.")]
_Remedy = Annotated[Word | None, about("What to do about it; `null`: nothing.")]


class ProvenServer(Shape, frozen=True):
    """The server that the probe ran in, as its identity token names it."""

    crn: Annotated[Word, about("The server's CRN; it names the same id.")]
    id: Annotated[ServerId, about("The server's id.")]


class Attempt(Shape, frozen=True):
    """One address at which an identity token was asked for."""

    url: Annotated[_Address, about("The address.")]
    protocol: Annotated[_Protocol, about("The protocol it was asked over.")]
    outcome: Annotated[Word, about("`answered`, or the code of what went wrong.")]
    message: _Message
    remedy: _Remedy
    seconds: Annotated[_Seconds, about("How long it took, in seconds.")]


class Check(Shape, frozen=True):
    """One thing that was tried at the address that answered."""

    name: Annotated[Word, about("What was tried, such as `nonce` or `iam_token`.")]
    outcome: Annotated[Word, about("`ok`, `skipped`, or the code of what went wrong.")]
    message: _Message
    remedy: _Remedy


class Proof(Shape, frozen=True):
    """What a probe saw of the metadata service of the server it ran in. It holds no token."""

    format: Annotated[Literal["vpcmetactl-proof"], about("What the file is.")]
    format_version: Annotated[Literal[1], about("The version of this format.")]
    tool_version: Annotated[Word, about("The vpcmetactl that probed.")]
    probed_at: Annotated[Moment, about("When it was probed, by the server's clock.")]
    answered: Annotated[bool, about("Whether the service gave an identity token.")]
    outcome: Annotated[
        Word, about("`answered`, or the code that says most about why nothing was given.")
    ]
    server: Annotated[
        ProvenServer | None, about("The server; `null`: no identity token told which it is.")
    ]
    account_id: Annotated[Word | None, about("The account that the server belongs to.")]
    zone: Annotated[Word | None, about("The zone that the server is in.")]
    region: Annotated[Word | None, about("The region that the server is in.")]
    protocol: Annotated[
        _Protocol | None, about("The protocol it answered over; `null`: over none.")
    ]
    url: Annotated[_Address | None, about("The address at which it answered; `null`: at none.")]
    api_version: Annotated[
        Word | None, about("The version of the API that answered, such as `2025-08-26`.")
    ]
    profile: Annotated[
        Word | None, about("The trusted profile for which it gave an IAM token; `null`: none.")
    ]
    metadata_service: Annotated[
        MetadataService | None,
        about(
            "The service as it describes itself; `null` where it was not read, as on bare metal."
        ),
    ]
    clock_skew_seconds: Annotated[
        _Skew | None,
        about("How far the server's clock is ahead of the service's; `null`: not known."),
    ]
    attempts: Annotated[tuple[Attempt, ...], about("Every address that was asked.")]
    checks: Annotated[tuple[Check, ...], about("What was tried at the address that answered.")]


class Told(NamedTuple):
    """What a proof comes to: an event of a server of an account, or in words why there is none.

    ``account_id`` is ``None`` where it is not known.
    """

    account_id: str | None
    event: ServerEvent | None
    why_none: str | None


class _Head(msgspec.Struct):
    format_version: int


_HEAD = msgspec.json.Decoder(_Head)
_PROOF = msgspec.json.Decoder(Proof)


def told_by(content: msgspec.Raw) -> Told:
    """Return what the proof in a JSON value tells.

    Only that an instance was given a token of its own tells something. Raises what decoding does,
    or ContradictionError where it cannot be as the proof says.
    """
    version = _HEAD.decode(content).format_version
    if version > VERSION:
        raise ContradictionError(f"a proof of format version {version}; {VERSION} is known")
    proof = _PROOF.decode(content)
    crn = _crn(proof)
    account_id = crn.account_id if crn else proof.account_id
    why_none = _why_none(proof, crn)
    if why_none is not None or crn is None:
        return Told(account_id, None, why_none)
    return Told(account_id, _answer(proof, crn), None)


def _why_none(proof: Proof, crn: Crn | None) -> str | None:
    if not proof.answered:
        where = f"on server {crn.resource_id}" if crn else "on a server that it could not name"
        return (
            f"the service did not answer {where} ({proof.outcome}), which can have many causes "
            "and settles nothing"
        )
    if crn is None:
        return "the service answered, and the proof does not say on which server"
    if any(check.outcome == "nonce_mismatch" for check in proof.checks):
        return (
            f"what answered on server {crn.resource_id} did not give a token of its own "
            "(nonce_mismatch), so it may not have been the service"
        )
    if crn.resource_type != "instance":
        return f"server {crn.resource_id} is no instance, and the restart rule covers no other"
    return None


def _crn(proof: Proof) -> Crn | None:
    """Return the CRN of the server that a proof names; raises ContradictionError."""
    if proof.server is None:
        return None
    try:
        crn = Crn.parse(proof.server.crn)
    except InvalidInputError as error:
        raise ContradictionError(f"a proof of server {proof.server.id}: {error}") from None
    account_id = proof.account_id or crn.account_id
    if (crn.resource_id, crn.account_id) != (proof.server.id, account_id):
        raise ContradictionError(
            f"a proof of server {proof.server.id} whose CRN names another server or account"
        )
    return crn


def _answer(proof: Proof, crn: Crn) -> ServerEvent:
    if proof.protocol is None or proof.url is None:
        raise ContradictionError(
            f"a proof of server {crn.resource_id}, on which the service answered nowhere"
        )
    return ServerEvent(
        crn.resource_id,
        _time(proof, crn.resource_id),
        EventKind.ANSWERED,
        Source.GUEST_PROBE,
        note=f"over {proof.protocol} at {proof.url}",
    )


def _time(proof: Proof, server_id: str) -> datetime:
    """Return when it answered by the service's clock, or by the server's if that is all there is.

    Nothing rests on it: what answered once needs no restart any more.
    """
    try:
        at = proof.probed_at.astimezone(UTC) - timedelta(seconds=proof.clock_skew_seconds or 0)
    except OverflowError:
        at = None
    if at is None or at < _FIRST_DAY:
        raise ContradictionError(
            f"a proof of server {server_id} from a time without such a service: probed_at is "
            f"{proof.probed_at}; set the server's clock and probe again"
        )
    return at
