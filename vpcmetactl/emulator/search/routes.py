"""Which operations of Global Search there are."""

from vpcmetactl.emulator.routing import Route, Service
from vpcmetactl.emulator.search import handlers
from vpcmetactl.emulator.search.envelope import refusal_for
from vpcmetactl.emulator.search.state import SearchState

PREFIX = "/search"

ROUTES: tuple[Route[SearchState], ...] = (
    Route(
        "search",
        "POST",
        "/v3/resources/search",
        handlers.search,
        "Servers and their user tags, nothing else, and of these what a trusted profile may read. "
        "Queries of fields joined by AND or OR, with parentheses and quotes; the rest of Lucene's "
        "syntax answers 501. Limit 1 to 1000, 10 unless given; the upper bound is a guess, as are "
        "the errors.",
        handlers.EMULATED,
    ),
)


def service(state: SearchState) -> Service[SearchState]:
    """Make the search service of one account."""
    return Service(
        name="search",
        prefix=PREFIX,
        state=state,
        routes=ROUTES,
        guard=handlers.guard,
        refusal=refusal_for,
        fallback=handlers.fallback,
    )
