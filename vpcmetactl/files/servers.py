"""Servers, from and to their shapes, and what makes a file contradict itself."""

from vpcmetactl.domain.servers import ServerIdentity
from vpcmetactl.files import shapes


class ContradictionError(Exception):
    """A file says two things that cannot both be so, or one that cannot be; ``str`` says which."""


def server_shape(server: ServerIdentity) -> shapes.ServerIdentity:
    """Return a server as a file holds it."""
    return shapes.ServerIdentity(
        kind=server.kind,
        id=server.id,
        # Files are strict about CRNs; an API that was not must not stop a whole plan.
        crn=server.crn if server.crn and _names(server.crn, server.id) else None,
        name=server.name,
        account_id=server.account_id,
        region=server.region,
    )


def server_from(shape: shapes.ServerIdentity) -> ServerIdentity:
    """Return the server that a file names; raises ContradictionError."""
    if shape.crn is not None and not _names(shape.crn, shape.id):
        raise ContradictionError(f"the CRN of server {shape.id} names another one")
    return ServerIdentity(
        kind=shape.kind,
        id=shape.id,
        crn=shape.crn,
        name=shape.name,
        account_id=shape.account_id,
        region=shape.region,
    )


def _names(crn: str, server_id: str) -> bool:
    return crn.startswith("crn:") and crn.rpartition(":")[2] == server_id
