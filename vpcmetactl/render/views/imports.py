"""What came of importing events that somebody else recorded."""

from collections import Counter
from collections.abc import Sequence

from vpcmetactl.domain.evidence import ImportSummary
from vpcmetactl.render.documents import Column, Document, Group, Line, Style, Trailer, View
from vpcmetactl.render.items.imports import Import, import_item
from vpcmetactl.render.items.servers import Shows
from vpcmetactl.render.views.words import counted, listed, moment

_COUNTS = (
    ("read", "READ", "Records read", None),
    ("kept", "NEW", "New events", Style.GOOD),
    ("known", "KNOWN", "Known already", None),
    ("foreign", "FOREIGN", "Of other accounts", None),
    ("ignored", "IGNORED", "About something else", None),
    ("unreadable", "UNREADABLE", "Not understood", Style.BAD),
)

_NOT_UNDERSTOOD = (
    "What was not understood is neither an Activity Tracker event as IBM documents them nor a "
    "proof, or lacks its time or server; everything else was imported."
)
_SETTLED = "no restart is outstanding there."


def _count(one: Import, field: str) -> int:
    number: int = getattr(one, field)
    return number


def _column(field: str, title: str) -> Column[Import]:
    return Column(key=field, title=title, text=lambda one: f"{_count(one, field):,}", right=True)


COLUMNS = (
    *(_column(field, title) for field, title, _, _ in _COUNTS),
    Column[Import](key="earliest", title="EARLIEST", text=lambda one: moment(one.earliest)),
    Column[Import](key="latest", title="LATEST", text=lambda one: moment(one.latest)),
)


def _page(one: Import) -> Sequence[Group]:
    lines = [
        Line(f"{_count(one, field):,}", label=label, style=style if _count(one, field) else None)
        for field, _, label, style in _COUNTS
    ]
    if one.earliest is not None:
        lines.append(Line(f"{moment(one.earliest)} to {moment(one.latest)}", label="Time span"))
    kinds = listed([(count, kind.value) for kind, count in one.by_kind.items()])
    return [Group([*lines, *([Line(kinds, label="Kinds")] if kinds else [])], title="Events")]


def _summarize(items: Sequence[Import], _: Trailer) -> Import:
    by_kind = Counter[Shows]()
    for one in items:
        by_kind.update(one.by_kind)
    return Import(
        **{field: sum(_count(one, field) for one in items) for field, *_ in _COUNTS},
        earliest=min((one.earliest for one in items if one.earliest), default=None),
        latest=max((one.latest for one in items if one.latest), default=None),
        by_kind=dict(by_kind),
        proven=tuple(sorted({server_id for one in items for server_id in one.proven})),
    )


def _remarks(document: Document[Import]) -> Sequence[Group]:
    counts: Import = document.summary
    groups = []
    if counts.unreadable:
        groups.append(Group([Line(_NOT_UNDERSTOOD, style=Style.ATTENTION)]))
    if counts.proven:
        servers = counted(len(counts.proven), "server")
        groups.append(Group([Line(f"The service works on {servers}: {_SETTLED}")]))
    if counts.kept or counts.known:
        command = Line("vpcmetactl restarts list", label="What they tell", keep=True)
        groups.append(Group([command]))
    return groups


IMPORT = View[ImportSummary, Import](
    kind="import",
    to_item=import_item,
    sort_key=lambda _: 0,
    identity=lambda _: None,
    columns=COLUMNS,
    summarize=_summarize,
    remarks=_remarks,
    page=_page,
)
