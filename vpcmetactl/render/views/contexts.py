"""The contexts of the configuration file as a list."""

from collections.abc import Sequence

from vpcmetactl.domain.contexts import ContextSummary
from vpcmetactl.render.documents import Column, Document, Fit, Group, Line, Style, Trailer, View
from vpcmetactl.render.items.contexts import Context, ContextsSummary, context_item
from vpcmetactl.render.views.words import NONE, counted


def _regions(one: Context) -> str:
    meant = ", ".join(one.regions) or "all"
    return f"{meant} but {', '.join(one.exclude_regions)}" if one.exclude_regions else meant


COLUMNS = (
    Column[Context](key="name", title="CONTEXT", text=lambda one: one.name),
    Column[Context](key="account_id", title="ACCOUNT", text=lambda one: one.account_id or NONE),
    Column[Context](
        key="credentials", title="CREDENTIALS", text=lambda one: one.credentials, fit=Fit.WRAP
    ),
    Column[Context](
        key="problem",
        title="PROBLEM",
        text=lambda one: one.problem or NONE,
        style=lambda one: Style.BAD if one.problem else None,
        fit=Fit.WRAP,
        optional=True,
    ),
    Column[Context](key="regions", title="REGIONS", text=_regions, fit=Fit.WRAP),
    Column[Context](key="vpc_url", title="VPC API", text=lambda one: one.vpc_url, wide_only=True),
    Column[Context](key="iam_url", title="IAM", text=lambda one: one.iam_url, wide_only=True),
    Column[Context](
        key="search_url", title="SEARCH", text=lambda one: one.search_url, wide_only=True
    ),
)


def _summarize(items: Sequence[Context], _: Trailer) -> ContextsSummary:
    return ContextsSummary(total=len(items), problems=sum(one.problem is not None for one in items))


def _remarks(document: Document[Context]) -> Sequence[Group]:
    if not document.total:
        return [Group([Line("There are no contexts.")])]
    # A narrow table has no column for them, and this is what one looks for.
    problems = [Line(one.problem) for one in document.items if one.problem]
    closing = Group([Line(f"{counted(document.total, 'context')}.")])
    return [Group(problems, title="Problems"), closing] if problems else [closing]


CONTEXTS = View[ContextSummary, Context](
    kind="contexts",
    to_item=context_item,
    sort_key=lambda one: one.name,
    identity=lambda one: one.name,
    columns=COLUMNS,
    summarize=_summarize,
    remarks=_remarks,
)
