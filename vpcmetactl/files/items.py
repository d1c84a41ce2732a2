"""The items of plans and runs, from and to their shapes.

Each action has its own kind of change; a file in which another kind appears is refused.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, assert_never

from vpcmetactl.domain.plans import (
    Action,
    Change,
    LinkChange,
    LinkOperation,
    MetadataChange,
    MetadataServicePatch,
    PlanItem,
    RestartChange,
    Skip,
)
from vpcmetactl.files import shapes
from vpcmetactl.files.links import link_from, link_shape
from vpcmetactl.files.metadata import metadata_from, metadata_shape
from vpcmetactl.files.restarts import restart_from, restart_shape
from vpcmetactl.files.servers import ContradictionError, server_from, server_shape
from vpcmetactl.files.shapes import ChangeShape, LinkShape, RestartShape, SkipShape

ChangeLike = ChangeShape | RestartShape | LinkShape
ItemShape = ChangeLike | SkipShape

_LINK_ACTIONS = {
    Action.CREATE_LINKS: LinkOperation.CREATE,
    Action.DELETE_LINKS: LinkOperation.DELETE,
    Action.PRUNE_LINKS: LinkOperation.DELETE,
}
_FIRST_ACTIONS = (Action.ENABLE, Action.DISABLE, Action.SET, Action.RESTORE)
# A server may have links to many profiles, and be left out of the changes of some of them.
_SKIPPING_OFTEN = (*_LINK_ACTIONS, Action.RESTORE)


def change_shape(change: Change) -> ChangeLike:
    """Return a change as a file holds it; a ValueError where its parts are at odds."""
    match change:
        case MetadataChange():
            return metadata_shape(change)
        case RestartChange():
            return restart_shape(change)
        case LinkChange():
            return link_shape(change)


def skip_shape(skip: Skip) -> SkipShape:
    """Return a skip as a file holds it."""
    return SkipShape(server_shape(skip.server), skip.reason, skip.message, skip.refused)


def item_shape(item: PlanItem) -> ItemShape:
    """Return an item of a plan as a file holds it."""
    return skip_shape(item) if isinstance(item, Skip) else change_shape(item)


def patch_shape(patch: MetadataServicePatch) -> shapes.Patch:
    """Return what was asked for as a file holds it."""
    return shapes.Patch(patch.enabled, patch.protocol, patch.response_hop_limit)


def patch_from(action: Action, shape: shapes.Patch) -> MetadataServicePatch:
    """Return what was asked for; raises ContradictionError where the action asks for else."""
    patch = MetadataServicePatch(shape.enabled, shape.protocol, shape.response_hop_limit)
    if not _is_asked_by(action, patch):
        raise ContradictionError(f"the patch is not one of the action {action.value!r}")
    return patch


def _is_asked_by(action: Action, patch: MetadataServicePatch) -> bool:
    match action:
        case Action.ENABLE:
            return patch.enabled is True
        case Action.DISABLE:
            return patch == MetadataServicePatch(enabled=False)
        case Action.SET:
            return patch.enabled is None and not patch.is_empty
        case _:
            return patch.is_empty


def items_from(
    shaped: Sequence[ItemShape], action: Action, patch: MetadataServicePatch, account_id: str
) -> tuple[PlanItem, ...]:
    """Return the items of a plan of an account; raises ContradictionError, naming the item."""
    items = tuple(_item_from(shape, action, patch, account_id) for shape in shaped)
    _refuse_repeated(items, action)
    return items


def version_of(action: Action, shaped: Sequence[ItemShape]) -> Literal[1, 2]:
    """Return the first version of the formats that knows an action and its items.

    What only changes metadata services is written as programs before version 2 read it.
    """
    newer = any(isinstance(shape, RestartShape | LinkShape) for shape in shaped)
    return 2 if newer or action not in _FIRST_ACTIONS else 1


def refuse_newer(told: int, needed: int) -> None:
    """Raise ContradictionError where a file holds what its format version does not have."""
    if told < needed:
        raise ContradictionError(f"format version {told} has no restarts and no links")


def refuse_twice(names: Iterable[str], what: str) -> None:
    """Raise ContradictionError where a name comes twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ContradictionError(f"{what} {name} is in it twice")
        seen.add(name)


def _item_from(
    shape: ItemShape, action: Action, patch: MetadataServicePatch, account_id: str
) -> PlanItem:
    server = server_from(shape.server)
    if isinstance(shape, SkipShape):
        return Skip(server, shape.reason, shape.message, shape.refused)
    if not _may_have(action, shape):
        raise ContradictionError(
            f"server {server.id} has a change that the action {action.value!r} does not make"
        )
    match shape:
        case ChangeShape():
            return metadata_from(shape, server, None if action is Action.RESTORE else patch)
        case RestartShape():
            return restart_from(shape, server)
        case LinkShape():
            return link_from(shape, server, account_id)


def _may_have(action: Action, shape: ChangeLike) -> bool:
    match action:
        case Action.ENABLE | Action.DISABLE | Action.SET:
            return isinstance(shape, ChangeShape)
        case Action.RESTORE:
            return not isinstance(shape, RestartShape)
        case Action.RESTART:
            return isinstance(shape, RestartShape)
        case Action.CREATE_LINKS | Action.DELETE_LINKS | Action.PRUNE_LINKS:
            return isinstance(shape, LinkShape) and shape.operation is _LINK_ACTIONS[action]
        case _:
            assert_never(action)


def _refuse_repeated(items: Sequence[PlanItem], action: Action) -> None:
    seen: set[tuple[str, str]] = set()
    for item in items:
        subject = (item.server.id, "" if isinstance(item, Skip) else item.subject)
        if subject in seen and not (isinstance(item, Skip) and action in _SKIPPING_OFTEN):
            raise ContradictionError(f"server {item.server.id} is in it twice")
        seen.add(subject)
