"""What ``doctor`` saw, as JSON shows it."""

from typing import Annotated

from vpcmetactl.domain.diagnosis import Health, Layer
from vpcmetactl.domain.diagnosis import Sight as SightValue
from vpcmetactl.render.items.base import Shape, about


class Sight(Shape, frozen=True):
    """One thing that was looked at."""

    layer: Annotated[Layer, about("Where it stands between you and the cloud.")]
    name: Annotated[str, about("What was looked at.")]
    health: Annotated[
        Health,
        about(
            "How it is. `skipped`: something before it failed; `not_tested`: looking would change "
            "something."
        ),
    ]
    message: Annotated[str, about("What was seen.")]
    seconds: Annotated[float | None, about("How long it took.")]
    code: Annotated[str | None, about("The stable code of the error.")]
    permission: Annotated[str | None, about("The IAM action that it needs.")]
    remedy: Annotated[str | None, about("What to do.")]


class DiagnosisSummary(Shape, frozen=True):
    """How many things are how."""

    total: Annotated[int, about("Things that were looked at or named.")]
    ok: Annotated[int, about("In order.")]
    warning: Annotated[int, about("In order, but to be looked after.")]
    failed: Annotated[int, about("Not in order.")]
    skipped: Annotated[int, about("Not looked at, for something before failed.")]
    not_tested: Annotated[int, about("Not looked at, for that would change something.")]


def sight_item(sight: SightValue) -> Sight:
    """Return what was seen of one thing, as JSON shows it."""
    return Sight(
        layer=sight.layer,
        name=sight.name,
        health=sight.health,
        message=sight.message,
        seconds=None if sight.seconds is None else round(sight.seconds, 3),
        code=sight.code,
        permission=sight.permission,
        remedy=sight.remedy,
    )
