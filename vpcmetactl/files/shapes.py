"""Shapes that our files share: plain, closed, and described for their JSON Schemas.

Every key must be there and no other may be: what a file holds is what it shows. The order of the
fields is the order in the file.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from vpcmetactl.domain.plans import LinkOperation, NoteCode, SkipReason, StopType
from vpcmetactl.domain.restarts import Reason
from vpcmetactl.domain.servers import Protocol, ServerKind


def about(text: str) -> msgspec.Meta:
    """Describe a field for the JSON Schema."""
    return msgspec.Meta(description=text)


# Bounds that nothing honest meets; they keep numbers within what any reader of JSON can hold.
MOST = 2**31 - 1

# `$` alone would also match before a final line break.
_END = r"$(?!\n)"

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Word = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
# These become part of the address that a change is sent to: nothing else may slip in.
ServerId = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_-]{1,128}" + _END)]
RegionName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*" + _END, max_length=63)]
IamId = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_-]{1,128}" + _END)]
# May become the name of a file.
RunId = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z_-]{0,63}" + _END)]
Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}" + _END)]


class Shape(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Base of every shape: a tree of values, which the garbage collector need not follow."""


class MetadataService(Shape, frozen=True):
    """A server's metadata service, as the API reported it or will."""

    enabled: Annotated[bool | None, about("Whether the service is enabled.")]
    protocol: Annotated[str | None, about("The protocol it speaks: `http` or `https`.")]
    response_hop_limit: Annotated[
        Count | None, about("How many network hops an answer may travel; bare metal has none.")
    ]


class Patch(Shape, frozen=True):
    """The fields that were asked for; `null` leaves a field as it is."""

    enabled: Annotated[bool | None, about("Whether the service shall be enabled.")]
    protocol: Annotated[Protocol | None, about("The protocol it shall speak.")]
    response_hop_limit: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=64)] | None,
        about("The response hop limit it shall have."),
    ]


class ServerIdentity(Shape, frozen=True):
    """The server that the item is about."""

    kind: Annotated[ServerKind, about("The kind of server.")]
    id: Annotated[ServerId, about("The server's id: what a change is sent to.")]
    crn: Annotated[str | None, about("The server's CRN; it names the same id.")]
    name: Annotated[str | None, about("The server's name.")]
    account_id: Annotated[str | None, about("The account the server belongs to.")]
    region: Annotated[RegionName, about("The region the server is in.")]


class FieldChange(Shape, frozen=True):
    """A field of the metadata service that changes."""

    field: Annotated[str, about("The field's name.")]
    before: Annotated[bool | str | Count | None, about("Its value before; `null`: not reported.")]
    after: Annotated[bool | str | Count, about("Its value after.")]


class Note(Shape, frozen=True):
    """What a reader should know about a change that goes ahead."""

    code: Annotated[NoteCode, about("The stable code of the note.")]
    message: Annotated[str, about("The note in words.")]
    hcl: Annotated[
        str | None, about("What to write into a Terraform configuration; `null`: nothing.")
    ]


class ChangeShape(Shape, frozen=True, tag_field="decision", tag="change"):
    """A server that is changed: exactly the fields in which `before` and `after` differ."""

    server: Annotated[ServerIdentity, about("The server.")]
    before: Annotated[
        MetadataService, about("The service as it was read; a server showing else has drifted.")
    ]
    after: Annotated[MetadataService, about("The service as it will be.")]
    fields: Annotated[
        Annotated[tuple[FieldChange, ...], msgspec.Meta(min_length=1)],
        about("Every field that changes: told once more, for reading; it must agree."),
    ]
    notes: Annotated[tuple[Note, ...], about("What to know about the change.")]


class RestartShape(Shape, frozen=True, tag_field="decision", tag="restart"):
    """A server that is stopped and started."""

    server: Annotated[ServerIdentity, about("The server.")]
    verdict: Annotated[
        Literal["needed", "unknown"], about("Whether a restart was found to be needed.")
    ]
    reason: Annotated[Reason, about("The stable code of the verdict's reason.")]
    stop_type: Annotated[
        StopType | None,
        about("How a bare metal server is stopped; `null` for instances, and only for them."),
    ]
    one_per: Annotated[
        str | None, about("Of the servers that share this value one is down at a time.")
    ]
    allows_storage_loss: Annotated[
        bool, about("Whether instance storage, which a stop erases, may be lost.")
    ]
    notes: Annotated[tuple[Note, ...], about("What to know about the restart.")]


class LinkShape(Shape, frozen=True, tag_field="decision", tag="link"):
    """A link between a trusted profile and a server that is made or taken away."""

    server: Annotated[ServerIdentity, about("The server.")]
    operation: Annotated[LinkOperation, about("Whether the link is made or taken away.")]
    profile_id: Annotated[IamId, about("The trusted profile's id.")]
    profile_name: Annotated[str | None, about("The trusted profile's name.")]
    cr_type: Annotated[str, about("The API's name for the kind of server: it must agree.")]
    crn: Annotated[Word, about("The server's CRN, as the link names it.")]
    link_id: Annotated[
        IamId | None,
        about(
            "The link's id; `null` where it is yet to be made. One that is taken away without is "
            "known by profile and server."
        ),
    ]
    link_name: Annotated[str | None, about("The link's own name.")]
    is_cross_account: Annotated[
        bool, about("Whether the server may be of another account than the profile.")
    ]
    notes: Annotated[tuple[Note, ...], about("What to know about the link.")]


class SkipShape(Shape, frozen=True, tag_field="decision", tag="skip"):
    """A server that is not changed."""

    server: Annotated[ServerIdentity, about("The server.")]
    reason: Annotated[SkipReason, about("The stable code of the reason.")]
    message: Annotated[str, about("The reason in words.")]
    refused: Annotated[bool, about("Whether that leaves a wish unmet.")]
