"""Restarts, from and to their shapes."""

from vpcmetactl.domain.plans import RestartChange
from vpcmetactl.domain.restarts import Verdict
from vpcmetactl.domain.servers import ServerIdentity, ServerKind
from vpcmetactl.files.notes import note_shapes, notes_from
from vpcmetactl.files.servers import ContradictionError, server_shape
from vpcmetactl.files.shapes import RestartShape


def restart_shape(change: RestartChange) -> RestartShape:
    """Return a restart as a file holds it; a ValueError for one that is not needed."""
    if change.verdict is Verdict.NOT_NEEDED:
        raise ValueError(f"a restart of {change.server.id} that is not needed")
    return RestartShape(
        server=server_shape(change.server),
        verdict="needed" if change.verdict is Verdict.NEEDED else "unknown",
        reason=change.reason,
        stop_type=change.stop_type,
        one_per=change.one_per,
        allows_storage_loss=change.allows_storage_loss,
        notes=note_shapes(change.notes),
    )


def restart_from(shape: RestartShape, server: ServerIdentity) -> RestartChange:
    """Return the restart that a file holds; raises ContradictionError."""
    is_bare_metal = server.kind is ServerKind.BARE_METAL_SERVER
    if is_bare_metal and shape.stop_type is None:
        raise ContradictionError(f"server {server.id} is bare metal: its stop_type is missing")
    if not is_bare_metal and shape.stop_type is not None:
        raise ContradictionError(f"server {server.id} is an instance: it has no stop_type")
    return RestartChange(
        server=server,
        verdict=Verdict(shape.verdict),
        reason=shape.reason,
        stop_type=shape.stop_type,
        one_per=shape.one_per,
        allows_storage_loss=shape.allows_storage_loss,
        notes=notes_from(shape.notes),
    )
