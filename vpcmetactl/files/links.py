"""Links of servers to trusted profiles, from and to their shapes.

A link is sent by the server's CRN and the profile's id alone, so what the CRN says must be what
the file shows of the server beside it.
"""

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.identifiers import Crn
from vpcmetactl.domain.plans import LinkChange, LinkOperation
from vpcmetactl.domain.servers import ServerIdentity, ServerKind
from vpcmetactl.domain.trust import CR_TYPES
from vpcmetactl.files.notes import note_shapes, notes_from
from vpcmetactl.files.servers import ContradictionError, server_shape
from vpcmetactl.files.shapes import LinkShape

_RESOURCE_TYPES = {
    ServerKind.INSTANCE: "instance",
    ServerKind.BARE_METAL_SERVER: "bare-metal-server",
}


def link_shape(change: LinkChange) -> LinkShape:
    """Return the change of a link as a file holds it."""
    return LinkShape(
        server=server_shape(change.server),
        operation=change.operation,
        profile_id=change.profile_id,
        profile_name=change.profile_name,
        cr_type=change.cr_type,
        crn=change.crn,
        link_id=change.link_id,
        link_name=change.link_name,
        is_cross_account=change.is_cross_account,
        notes=note_shapes(change.notes),
    )


def link_from(shape: LinkShape, server: ServerIdentity, account_id: str) -> LinkChange:
    """Return the change of a link that a file holds; raises ContradictionError.

    ``account_id`` is the account of the plan, and so of the profile.
    """
    _refuse_odd(shape, server, account_id)
    return LinkChange(
        server=server,
        operation=shape.operation,
        profile_id=shape.profile_id,
        profile_name=shape.profile_name,
        cr_type=shape.cr_type,
        crn=shape.crn,
        link_id=shape.link_id,
        link_name=shape.link_name,
        is_cross_account=shape.is_cross_account,
        notes=notes_from(shape.notes),
    )


def _refuse_odd(shape: LinkShape, server: ServerIdentity, account_id: str) -> None:
    who = f"the link of server {server.id}"
    try:
        crn = Crn.parse(shape.crn)
    except InvalidInputError as error:
        raise ContradictionError(f"{who}: {error}") from None
    if (crn.resource_type, crn.resource_id) != (_RESOURCE_TYPES[server.kind], server.id):
        raise ContradictionError(f"{who} has the CRN of another one")
    if shape.cr_type != CR_TYPES[server.kind]:
        raise ContradictionError(
            f"{who} has cr_type {shape.cr_type!r}; its kind of server has {CR_TYPES[server.kind]!r}"
        )
    if crn.account_id != account_id and not shape.is_cross_account:
        raise ContradictionError(f"{who} is in account {crn.account_id}, and not cross-account")
    if shape.operation is LinkOperation.CREATE and shape.link_id is not None:
        raise ContradictionError(f"{who} is yet to be created, and has a link_id")
