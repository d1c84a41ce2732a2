"""Links of trusted profiles, and whether their servers are seen."""

from collections import Counter
from collections.abc import Sequence

from vpcmetactl.domain.link_sights import LinkSight, Visibility
from vpcmetactl.render.documents import Column, Document, Fit, Group, Line, Style, Trailer, View
from vpcmetactl.render.items.trust import LinksSummary, SeenLink, seen_link
from vpcmetactl.render.views.trust_words import age, day, target_words
from vpcmetactl.render.views.words import UNREPORTED, counted, listed

_NOT_GONE = (
    "A server that is not visible is not therefore gone: listings are narrowed by permissions, and "
    "the platform removes the links of a deleted server itself."
)


def _server(item: SeenLink) -> str:
    return item.server.label if item.server else target_words(item.link)


def _seen(item: SeenLink) -> str:
    if item.visibility is Visibility.OTHER_COMPUTE_TYPE:
        return item.link.cr_type or "type not told"
    return item.visibility.value.replace("_", " ")


def _seen_style(item: SeenLink) -> Style | None:
    if item.visibility in (Visibility.NOT_VISIBLE, Visibility.NOT_READ):
        return Style.ATTENTION
    return None if item.visibility is Visibility.VISIBLE else Style.FAINT


COLUMNS = (
    Column[SeenLink](key="server.name", title="SERVER", text=_server, fit=Fit.SHORTEN, least=18),
    Column[SeenLink](
        key="server.region",
        title="REGION",
        text=lambda item: item.server.region if item.server else UNREPORTED,
        wide_only=True,
    ),
    Column[SeenLink](
        key="profile.name",
        title="PROFILE",
        text=lambda item: item.profile.label,
        fit=Fit.SHORTEN,
        least=16,
    ),
    Column[SeenLink](
        key="link.created_at",
        title="AGE",
        text=lambda item: day(item.link.created_at),
        text_at=lambda item, now: age(item.link.created_at, now),
    ),
    Column[SeenLink](key="visibility", title="SEEN", text=_seen, style=_seen_style),
    Column[SeenLink](
        key="link.name", title="LINK", text=lambda item: item.link.name or "", optional=True
    ),
    Column[SeenLink](key="link.id", title="ID", text=lambda item: item.link.id, wide_only=True),
    Column[SeenLink](
        key="link.crn",
        title="CRN",
        text=lambda item: item.link.crn or UNREPORTED,
        wide_only=True,
    ),
)


def _sort_key(item: SeenLink) -> tuple[object, ...]:
    """Links to servers come first, by region and name."""
    server = item.server
    where = (server.region, server.label) if server else (item.link.cr_type or "", _server(item))
    return (server is None, *where, item.profile.label, item.link.id)


def _summarize(items: Sequence[SeenLink], _: Trailer) -> LinksSummary:
    seen = Counter(item.visibility for item in items)
    return LinksSummary(
        total=len(items),
        profiles=len({item.profile.id for item in items}),
        visible=seen[Visibility.VISIBLE],
        not_visible=seen[Visibility.NOT_VISIBLE],
        not_read=seen[Visibility.NOT_READ],
        other_compute_type=seen[Visibility.OTHER_COMPUTE_TYPE],
    )


def _remarks(document: Document[SeenLink]) -> Sequence[Group]:
    summary: LinksSummary = document.summary
    if not summary.total:
        return [Group([Line("No links.")])]
    counts = listed(
        [
            (summary.visible, "to visible servers"),
            (summary.not_visible, "to servers that are not visible"),
            (summary.not_read, "to servers in regions that could not be read"),
            (summary.other_compute_type, "to other compute resources"),
        ]
    )
    of = counted(summary.profiles, "profile")
    groups = [Group([Line(f"{counted(summary.total, 'link')} of {of}: {counts}.")])]
    if summary.not_visible:
        groups.insert(0, Group([Line(_NOT_GONE)]))
        prune = Line("vpcmetactl links prune --dry-run", label="To clear out", keep=True)
        groups.append(Group([prune]))
    return groups


LINKS = View[LinkSight, SeenLink](
    kind="links",
    account_key="server.account_id",
    to_item=seen_link,
    sort_key=_sort_key,
    identity=lambda item: item.link.id,
    columns=COLUMNS,
    summarize=_summarize,
    remarks=_remarks,
)
