"""Hypothesis strategies for evidence: whatever may be known of a server's past."""

from datetime import timedelta

from hypothesis import strategies as st

from tests.support.strategies import moments, texts
from vpcmetactl.domain.evidence import EventKind, History, Observation, ServerEvent, Source

# Statuses of both kinds of server, and one that nobody knows yet.
statuses = st.sampled_from(
    ["running", "stopped", "stopping", "starting", "restarting", "pending", "hovering", None]
)


@st.composite
def observations(draw: st.DrawFn, server_id: str = "server-1") -> Observation:
    """Return a sight of a server, first or later."""
    at = draw(moments)
    before = draw(st.timedeltas(timedelta(0), timedelta(days=90)) | st.none())
    return Observation(
        server_id=server_id,
        observed_at=at,
        enabled=draw(st.booleans() | st.none()),
        status=draw(statuses),
        otherwise_until=None if before is None else at - before,
    )


def events(server_id: str = "server-1") -> st.SearchStrategy[ServerEvent]:
    """Return events of every kind and source."""
    return st.builds(
        ServerEvent,
        server_id=st.just(server_id),
        at=moments,
        kind=st.sampled_from(EventKind),
        source=st.sampled_from([source for source in Source if source is not Source.OBSERVATION]),
        key=texts,
        note=texts | st.none(),
    )


@st.composite
def histories(draw: st.DrawFn, server_id: str = "server-1") -> History:
    """Return sights and events of one server, each oldest first and all different."""
    sights = draw(
        st.lists(observations(server_id), max_size=4, unique_by=lambda seen: seen.observed_at)
    )
    happened = draw(
        st.lists(
            events(server_id),
            max_size=4,
            unique_by=lambda event: (event.source, event.kind, event.at, event.key),
        )
    )
    sights.sort(key=lambda seen: seen.observed_at)
    happened.sort(key=lambda event: event.at)
    longer = draw(st.timedeltas(timedelta(0), timedelta(days=90)))
    seen_until = sights[-1].observed_at + longer if sights else None
    return History(sights, happened, seen_until)
