"""Contexts of the configuration file, as JSON shows them: without any secret."""

from typing import Annotated

from vpcmetactl.domain.contexts import ContextSummary
from vpcmetactl.render.items.base import Shape, about


class Context(Shape, frozen=True):
    """An account to work in, by a name."""

    name: Annotated[str, about("What `--context` calls it.")]
    account_id: Annotated[
        str | None, about("The account that the credentials must be of; `null`: any.")
    ]
    credentials: Annotated[str, about("Where the credentials come from.")]
    problem: Annotated[
        str | None, about("Why there are none there; `null` where nothing is known to be wrong.")
    ]
    regions: Annotated[list[str], about("The regions meant where none is named; empty: all.")]
    exclude_regions: Annotated[list[str], about("Regions that are never read.")]
    vpc_url: Annotated[str, about("The VPC API, `{region}` standing in it.")]
    iam_url: Annotated[str, about("IAM.")]
    search_url: Annotated[str, about("Global Search.")]


class ContextsSummary(Shape, frozen=True):
    """How many contexts there are."""

    total: Annotated[int, about("Contexts.")]
    problems: Annotated[int, about("Contexts whose credentials cannot be had.")]


def context_item(context: ContextSummary) -> Context:
    """Return a context, as JSON shows it."""
    return Context(
        name=context.name,
        account_id=context.account_id,
        credentials=context.credentials,
        problem=context.problem,
        regions=list(context.regions),
        exclude_regions=list(context.exclude_regions),
        vpc_url=context.vpc_url,
        iam_url=context.iam_url,
        search_url=context.search_url,
    )
