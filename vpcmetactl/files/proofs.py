"""Proofs: what a probe in a server saw of its metadata service, carried out as a file.

A proof has no digest. It is evidence for a verdict, nothing is sent because of it, and whoever can
write one can as well say ``restarts ack``.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.evidence import EventKind, ServerEvent, Source
from vpcmetactl.domain.identifiers import Crn
from vpcmetactl.files.servers import ContradictionError
from vpcmetactl.files.shapes import Moment, ServerId, Shape, Word, about

FORMAT = "vpcmetactl-proof"
VERSION = 1


class ProvenServer(Shape, frozen=True):
    """The server that the probe ran in, as its identity token or metadata named it."""

    crn: Annotated[Word, about("The server's CRN; it names the same id.")]
    id: Annotated[ServerId, about("The server's id.")]


class Proof(Shape, frozen=True):
    """What a probe saw of the metadata service of the server it ran in. It holds no token."""

    format: Annotated[Literal["vpcmetactl-proof"], about("What the file is.")]
    format_version: Annotated[Literal[1], about("The version of this format.")]
    tool_version: Annotated[Word, about("The vpcmetactl that probed.")]
    server: Annotated[ProvenServer, about("The server.")]
    account_id: Annotated[Word, about("The account that the server belongs to.")]
    probed_at: Annotated[Moment, about("When it was probed, by the server's clock.")]
    answered: Annotated[bool, about("Whether the service gave an identity token.")]
    protocol: Annotated[
        Literal["http", "https"] | None, about("The protocol it answered over; `null`: over none.")
    ]
    profile: Annotated[
        str | None, about("The trusted profile for which it gave an IAM token; `null`: none.")
    ]


class _Head(msgspec.Struct):
    format_version: int


_HEAD = msgspec.json.Decoder(_Head)
_PROOF = msgspec.json.Decoder(Proof)


def proof_from(content: msgspec.Raw) -> Proof:
    """Return the proof in a JSON value; raises what decoding does, or ContradictionError."""
    version = _HEAD.decode(content).format_version
    if version > VERSION:
        raise ContradictionError(f"a proof of format version {version}; {VERSION} is known")
    proof = _PROOF.decode(content)
    try:
        crn = Crn.parse(proof.server.crn)
    except InvalidInputError as error:
        raise ContradictionError(f"a proof of server {proof.server.id}: {error}") from None
    if (crn.resource_id, crn.account_id) != (proof.server.id, proof.account_id):
        raise ContradictionError(
            f"a proof of server {proof.server.id} whose CRN names another server or account"
        )
    return proof


def event_of(proof: Proof) -> ServerEvent | None:
    """Return what a proof tells; nothing where the service did not answer, or of bare metal.

    That it did not answer may have many causes, and no restart rule covers bare metal.
    """
    if not proof.answered or Crn.parse(proof.server.crn).resource_type != "instance":
        return None
    at: datetime = proof.probed_at.astimezone(UTC)
    return ServerEvent(proof.server.id, at, EventKind.ANSWERED, Source.GUEST_PROBE)
