"""What differs between two snapshots, and what could not be compared."""

from collections.abc import Iterator, Sequence

from vpcmetactl.domain import diffing
from vpcmetactl.domain.diffing import Change, DiffSummary
from vpcmetactl.render.documents import Column, Document, Fit, Group, Line, Style, Trailer, View
from vpcmetactl.render.items.diffs import (
    ContentCounts,
    DiffCounts,
    Difference,
    Field,
    Thing,
    Value,
    diff_counts,
    difference_item,
)
from vpcmetactl.render.paths import word
from vpcmetactl.render.views.words import NONE, UNREPORTED, counted, listed

_MARKS = {Change.APPEARED: "+", Change.GONE: "-", Change.CHANGED: "~"}
_STYLES = {
    Change.APPEARED: Style.GOOD,
    Change.GONE: Style.BAD,
    Change.CHANGED: Style.ATTENTION,
}
_WORDS = {
    Thing.INSTANCE: "instance",
    Thing.BARE_METAL_SERVER: "bare metal",
    Thing.TRUSTED_PROFILE: "profile",
    Thing.INSTANCE_TEMPLATE: "template",
}
_ORDER = tuple(Thing)
# As many members of a set as a cell names before it counts the rest; JSON has them all.
_NAMED = 5


def _field_words(field: Field) -> Iterator[str]:
    before, after = field.before, field.after
    if isinstance(before, tuple) and isinstance(after, tuple):
        yield from _members(f"{field.field}: -", before)
        yield from _members(f"{field.field}: +", after)
    else:
        yield f"{field.field}: {_value(before)} → {_value(after)}"


def _members(beginning: str, members: Sequence[str]) -> Iterator[str]:
    for member in members[:_NAMED]:
        yield f"{beginning} {member}"
    more = len(members) - _NAMED
    if more > 0:
        yield f"{beginning} {more} more"


def _value(value: Value) -> str:
    if value is None:
        return UNREPORTED
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return word(value)


def _change(item: Difference) -> tuple[str, ...]:
    if item.change is not Change.CHANGED:
        return (item.change.value,)
    return tuple(text for field in item.fields for text in _field_words(field))


COLUMNS = (
    Column[Difference](
        key="change",
        title="",
        text=lambda item: _MARKS[item.change],
        style=lambda item: _STYLES[item.change],
    ),
    Column[Difference](key="kind", title="WHAT", text=lambda item: _WORDS[item.kind]),
    Column[Difference](
        key="name", title="NAME", text=lambda item: item.label, fit=Fit.SHORTEN, least=16
    ),
    Column[Difference](key="id", title="ID", text=lambda item: item.id, wide_only=True),
    Column[Difference](key="region", title="REGION", text=lambda item: item.region or NONE),
    Column[Difference](
        key="account_id",
        title="ACCOUNT",
        text=lambda item: item.account_id or UNREPORTED,
        wide_only=True,
    ),
    Column[Difference](key="fields", title="CHANGE", text=_change, fit=Fit.WRAP, least=24),
)


def _sort_key(item: Difference) -> tuple[object, ...]:
    place = (item.account_id or "", item.region or "")
    return (_ORDER.index(item.kind), *place, item.name or "", item.id)


def _summarize(_: Sequence[Difference], trailer: Trailer) -> DiffCounts:
    whole = trailer.whole
    return diff_counts(whole if isinstance(whole, DiffSummary) else DiffSummary())


def _remarks(document: Document[Difference]) -> Sequence[Group]:
    summary: DiffCounts = document.summary
    untold = [*_untold(summary)]
    groups = [Group(untold, title="What cannot be told")] if untold else []
    return [*groups, Group([Line(_totals(summary, is_whole=not untold))])]


def _by_content(summary: DiffCounts) -> Sequence[tuple[ContentCounts, str]]:
    return (
        (summary.servers, "server"),
        (summary.profiles, "trusted profile"),
        (summary.templates, "instance template"),
    )


def _untold(summary: DiffCounts) -> Iterator[Line]:
    """Say of what is in one snapshot alone why it is called neither new nor gone."""
    for counts, noun in _by_content(summary):
        reasons = counts.not_comparable
        for count, why in (
            (reasons.unread, "their part could not be read for the other"),
            (reasons.not_asked, "nobody asked for their account, region or kind for the other"),
            (reasons.selected, "for the other only some servers were chosen"),
        ):
            if count:
                verb = "is" if count == 1 else "are"
                yield Line(f"{counted(count, noun)} {verb} in one snapshot alone: {why}.")
    if summary.parts_unread:
        parts = counted(summary.parts_unread, "list")
        yield Line(
            f"{parts} of links, claim rules or identities could not be read for one snapshot."
        )


def _totals(summary: DiffCounts, *, is_whole: bool) -> str:
    contents = _by_content(summary)
    there = [counted(counts.compared, noun) for counts, noun in contents if counts.compared]
    compared = f"{', '.join(there) or 'nothing'} compared"
    if not summary.total:
        where = "" if is_whole else " in what can be told"
        return f"No difference{where}: {compared}."
    counts = listed(
        [
            (sum(one.appeared for one, _ in contents), "appeared"),
            (sum(one.gone for one, _ in contents), "gone"),
            (sum(one.changed for one, _ in contents), "changed"),
        ]
    )
    return f"{counted(summary.total, 'difference')}: {counts}; {compared}."


DIFF = View[diffing.Difference, Difference](
    kind="diff",
    to_item=difference_item,
    sort_key=_sort_key,
    identity=lambda item: item.id,
    columns=COLUMNS,
    summarize=_summarize,
    remarks=_remarks,
)
