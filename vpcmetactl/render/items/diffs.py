"""What differs between two snapshots, as JSON shows it."""

from enum import StrEnum
from typing import Annotated

from vpcmetactl.domain import diffing
from vpcmetactl.domain.diff_fields import FieldDifference
from vpcmetactl.domain.diffing import Change, DiffSummary, Obstacle
from vpcmetactl.domain.snapshots import Content
from vpcmetactl.render.items.base import Shape, about

Value = bool | int | str | tuple[str, ...] | None


class Thing(StrEnum):
    """What there can be in a snapshot."""

    INSTANCE = "instance"
    BARE_METAL_SERVER = "bare_metal_server"
    TRUSTED_PROFILE = "trusted_profile"
    INSTANCE_TEMPLATE = "instance_template"


class Field(Shape, frozen=True):
    """A field that is not as it was."""

    field: Annotated[str, about("The field's name, with a full stop before what is nested.")]
    before: Annotated[
        Value,
        about(
            "What it was; `null`: not reported. Of a set, such as the links of a profile, only "
            "the members that are gone."
        ),
    ]
    after: Annotated[
        Value, about("What it is; `null`: not reported. Of a set only the members that are new.")
    ]


class Difference(Shape, frozen=True):
    """Something that appeared, is gone or changed."""

    change: Annotated[Change, about("What became of it.")]
    kind: Annotated[Thing, about("What it is.")]
    id: Annotated[str, about("Its id.")]
    crn: Annotated[str | None, about("Its CRN, the later one where that changed.")]
    name: Annotated[str | None, about("Its name, the later one where that changed.")]
    account_id: Annotated[str | None, about("The account it belongs to.")]
    region: Annotated[str | None, about("Its region; `null` for trusted profiles.")]
    fields: Annotated[tuple[Field, ...], about("The fields that changed.")]

    @property
    def label(self) -> str:
        """Its name, or its id where it has none."""
        return self.name or self.id


class NotComparable(Shape, frozen=True):
    """Things of one snapshot that may or may not have been there for the other, by the reason."""

    unread: Annotated[int, about("Their part could not be read.")]
    not_asked: Annotated[int, about("Nobody asked for their account, region or kind.")]
    selected: Annotated[int, about("Only chosen servers were read.")]


class ContentCounts(Shape, frozen=True):
    """Counts of things of one sort."""

    compared: Annotated[int, about("How many are in both snapshots, whether they changed or not.")]
    appeared: Annotated[int, about("How many are new.")]
    gone: Annotated[int, about("How many are gone.")]
    changed: Annotated[int, about("How many changed.")]
    not_comparable: Annotated[
        NotComparable, about("Those of one snapshot of which nothing can be said, by the reason.")
    ]


class DiffCounts(Shape, frozen=True):
    """Counts over everything, differences shown or not."""

    total: Annotated[int, about("How many differences there are.")]
    servers: Annotated[ContentCounts, about("Servers of both kinds.")]
    profiles: Annotated[ContentCounts, about("Trusted profiles.")]
    templates: Annotated[ContentCounts, about("Instance templates.")]
    parts_unread: Annotated[
        int,
        about(
            "Links, claim rules or identities of profiles that could not be read for one of the "
            "snapshots, and were not compared."
        ),
    ]


def difference_item(difference: diffing.Difference) -> Difference:
    """Return a difference as JSON shows it."""
    return Difference(
        change=difference.change,
        kind=Thing(difference.kind),
        id=difference.id,
        crn=difference.crn,
        name=difference.name,
        account_id=difference.account_id,
        region=difference.region,
        fields=tuple(map(_field, difference.fields)),
    )


def diff_counts(summary: DiffSummary) -> DiffCounts:
    """Return the counts of a comparison as JSON shows them."""
    return DiffCounts(
        total=summary.changes.total(),
        servers=_counts(summary, Content.SERVERS),
        profiles=_counts(summary, Content.PROFILES),
        templates=_counts(summary, Content.TEMPLATES),
        parts_unread=summary.parts_unread,
    )


def _field(difference: FieldDifference) -> Field:
    return Field(difference.field, difference.before, difference.after)


def _counts(summary: DiffSummary, content: Content) -> ContentCounts:
    changes, obstacles = summary.changes, summary.not_comparable
    return ContentCounts(
        compared=summary.compared[content],
        appeared=changes[content, Change.APPEARED],
        gone=changes[content, Change.GONE],
        changed=changes[content, Change.CHANGED],
        not_comparable=NotComparable(
            unread=obstacles[content, Obstacle.UNREAD],
            not_asked=obstacles[content, Obstacle.NOT_ASKED],
            selected=obstacles[content, Obstacle.SELECTED],
        ),
    )
