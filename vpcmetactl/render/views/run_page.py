"""One run on a page: what was intended, and what was done, refused, failed or is not known."""

from collections.abc import Mapping, Sequence

from vpcmetactl.domain.plans import Action, SkipReason
from vpcmetactl.domain.runs import RestartStep, RunState
from vpcmetactl.render.documents import Column, Fit, Group, Line, Rows, Style, Text
from vpcmetactl.render.items.runs import Run, RunCounts, RunInFull, RunOutcome, RunServer
from vpcmetactl.render.views.changes import (
    can_be_undone,
    change_words,
    noted,
    resume_line,
    rollback_line,
    told_elsewhere_left_out,
    wish_words,
)
from vpcmetactl.render.views.words import UNREPORTED, listed, moment, servers_listed

# In this order: who looks at the end of a long page sees what needs a decision.
_TITLES: Mapping[RunOutcome, tuple[str, Style | None]] = {
    RunOutcome.ALREADY_SO: ("Already so", None),
    RunOutcome.SKIPPED: ("Skipped", None),
    RunOutcome.APPLIED: ("Applied", Style.GOOD),
    RunOutcome.NOT_ATTEMPTED: ("Not attempted", Style.ATTENTION),
    RunOutcome.REFUSED: ("Refused", Style.BAD),
    RunOutcome.FAILED: ("Failed", Style.BAD),
    RunOutcome.UNKNOWN: ("Sent, and not known to have happened", Style.BAD),
    RunOutcome.OPEN: ("About to be sent, and nothing known since", Style.BAD),
}
_MAY_BE_DOWN = frozenset({RestartStep.STOPPING, RestartStep.STOPPED, RestartStep.STARTING})
# How far a restart got that did not come to its end.
_STEPS: Mapping[RestartStep, str] = {
    RestartStep.STOPPING: "perhaps stopped, not started again",
    RestartStep.STOPPED: "stopped, not started again",
    RestartStep.STARTING: "told to start again, not seen to run",
    RestartStep.RUNNING: "runs again, not seen to be well",
}


def action_words(run: Run) -> str:
    """Return what a run was for, and what was asked."""
    words = wish_words(run.action, run.patch)
    if run.rollback_of is None:
        return words
    # A restore is of a run; links are made or deleted, which takes one back.
    joint = " of" if run.action is Action.RESTORE else ", to undo"
    return f"{words}{joint} {run.rollback_of}"


def counts_words(counts: RunCounts) -> str:
    """Return how many servers ended how."""
    return (
        listed(
            [
                (counts.applied, "applied"),
                (counts.already_so, "already so"),
                (counts.skipped, "skipped"),
                (counts.refused, "refused"),
                (counts.failed, "failed"),
                (counts.unknown, "not known to have happened"),
                (counts.not_attempted, "not attempted"),
            ]
        )
        or "no servers"
    )


def run_page(run: RunInFull) -> Sequence[Group]:
    """Return who, when and what, then the servers by what became of them."""
    by_outcome: dict[RunOutcome, list[RunServer]] = {outcome: [] for outcome in _TITLES}
    for server in run.items:
        by_outcome[server.outcome].append(server)
    return [
        Group(_head(run), title=f"Run {run.id}: {action_words(run)}"),
        *noted([(server.server, server.notes) for server in run.items]),
        *(_servers(outcome, servers) for outcome, servers in by_outcome.items() if servers),
    ]


def _head(run: RunInFull) -> Sequence[Line]:
    interrupted = run.state is RunState.INTERRUPTED
    return [
        Line(run.state.value, label="State", style=Style.ATTENTION if interrupted else None),
        Line(moment(run.started_at), label="Started"),
        Line(moment(run.finished_at), label="Finished"),
        Line(run.actor or "not told", label="By"),
        Line(f"vpcmetactl {run.tool_version}", label="With"),
        Line(run.account_id, label="Account", keep=True),
        Line(run.vpc_endpoint, label="Endpoint", keep=True),
        Line(counts_words(run.counts), label="Servers"),
    ]


def _servers(outcome: RunOutcome, servers: Sequence[RunServer]) -> Group:
    title, style = _TITLES[outcome]
    told = [server for server in servers if server.reason is not SkipReason.NOT_NEEDED]
    unneeded = len(servers) - len(told)
    lines = [Line(f"{unneeded} not needed")] if unneeded else []
    with_change = any(server.operation for server in told)
    with_reason = any(_why(server) for server in told)
    columns = [
        *_WHO,
        *([_CHANGE] if with_change else []),
        *([_WHY] if with_reason else []),
        *_WHEN,
    ]
    rows = Rows(columns, told) if told else None
    return Group(lines, title=f"{title}: {len(servers)}", style=style, rows=rows)


def _why(server: RunServer) -> str:
    if server.message is not None:
        return server.message
    message = (server.error and server.error.message) or ""
    step = _STEPS[server.open_step] if server.open_step else ""
    return ": ".join(filter(None, [step, told_elsewhere_left_out(message, server.server)]))


def _change(server: RunServer) -> Text:
    return change_words(server.operation, server.fields, server.planned_restart, server.link)


def _intent(server: RunServer) -> str:
    return moment(server.attempts[-1].intent_at) if server.attempts else UNREPORTED


def _end(server: RunServer) -> str:
    return moment(server.attempts[-1].outcome_at) if server.attempts else UNREPORTED


_WHO = (
    Column[RunServer](
        key="items[].server.name",
        title="SERVER",
        text=lambda server: server.server.label,
        fit=Fit.SHORTEN,
        least=20,
    ),
    Column[RunServer](
        key="items[].server.region", title="REGION", text=lambda server: server.server.region
    ),
)
_CHANGE = Column[RunServer](
    key="items[].fields", title="CHANGE", text=_change, fit=Fit.WRAP, least=20
)
_WHY = Column[RunServer](key="items[].message", title="WHY", text=_why, fit=Fit.WRAP, least=20)
_WHEN = (
    Column[RunServer](
        key="items[].server.id", title="ID", text=lambda server: server.server.id, wide_only=True
    ),
    Column[RunServer](
        key="items[].attempts",
        title="ATTEMPTS",
        text=lambda server: str(len(server.attempts)),
        wide_only=True,
        right=True,
    ),
    Column[RunServer](
        key="items[].attempts[].intent_at", title="INTENDED", text=_intent, wide_only=True
    ),
    Column[RunServer](
        key="items[].attempts[].outcome_at", title="SETTLED", text=_end, wide_only=True
    ),
    Column[RunServer](
        key="items[].attempts[].error.trace",
        title="TRACE",
        text=lambda server: (server.error and server.error.trace) or UNREPORTED,
        wide_only=True,
    ),
)


def left_stopped(run: RunInFull) -> Sequence[Group]:
    """Say which servers a run that does not go on any more may have left stopped."""
    if run.state is RunState.RUNNING:
        return []
    servers = [one.server for one in run.items if one.open_step in _MAY_BE_DOWN]
    if not servers:
        return []
    said = f"{servers_listed(servers)}: perhaps still stopped; resuming the run starts them first"
    return [Group([Line(said, style=Style.BAD)])]


def what_next(run: Run) -> Sequence[Group]:
    """Return the commands that go on with a run, and that take it back."""
    if run.state is RunState.RUNNING:
        return [Group([Line("It still goes on.")])]
    lines = []
    if run.counts.unsettled or run.state is RunState.INTERRUPTED:
        lines.append(resume_line(run.id))
    if run.counts.applied and can_be_undone(run.action):
        lines.append(rollback_line(run.id))
    return [Group(lines)] if lines else []
