"""What came of importing events, as JSON shows it."""

from typing import Annotated

from vpcmetactl.domain.evidence import EventKind, ImportSummary
from vpcmetactl.render.items.base import Moment, Shape, about
from vpcmetactl.render.items.servers import Shows


class Import(Shape, frozen=True):
    """What came of importing events; every record is counted once besides in `read`."""

    read: Annotated[int, about("Records that were read.")]
    kept: Annotated[int, about("Events that are new.")]
    known: Annotated[int, about("Events that were known already.")]
    foreign: Annotated[int, about("Records of other accounts, which are left out.")]
    ignored: Annotated[int, about("Records that tell nothing of a server's past.")]
    unreadable: Annotated[int, about("Records that could not be understood.")]
    earliest: Annotated[
        Moment | None, about("The time of the first event that is new or known; in UTC.")
    ]
    latest: Annotated[
        Moment | None, about("The time of the last event that is new or known; in UTC.")
    ]
    by_kind: Annotated[
        dict[Shows, int],
        about("Events that are new or known, by what they show; a kind without any is left out."),
    ]
    proven: Annotated[
        tuple[str, ...],
        about("The ids of the servers on which the service answered: none is to be restarted."),
    ]


def import_item(summary: ImportSummary) -> Import:
    """Return what came of an import, as JSON shows it."""
    return Import(
        read=summary.read,
        kept=summary.kept,
        known=summary.known,
        foreign=summary.foreign,
        ignored=summary.ignored,
        unreadable=summary.unreadable,
        earliest=summary.earliest,
        latest=summary.latest,
        by_kind={
            Shows(kind.value): count
            for kind in EventKind
            if (count := summary.by_kind.get(kind, 0))
        },
        proven=tuple(summary.proven),
    )
