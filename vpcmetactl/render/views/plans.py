"""Plans before they are applied, and what became of them."""

from collections import Counter
from collections.abc import Sequence

from vpcmetactl.domain.plans import Action, Outcome, Plan, PlanItem, Skip
from vpcmetactl.domain.restarts import Verdict
from vpcmetactl.render.documents import (
    Column,
    Document,
    Fit,
    Group,
    Line,
    Scope,
    Style,
    Text,
    Trailer,
    View,
)
from vpcmetactl.render.items.plans import (
    Decision,
    OutcomeItem,
    OutcomesSummary,
    PlannedItem,
    PlanSummary,
    Result,
    Wish,
    outcome_item,
    planned_item,
    wish_item,
)
from vpcmetactl.render.views.changes import (
    by_saying,
    field_words,
    noted,
    told_elsewhere_left_out,
    wish_words,
)
from vpcmetactl.render.views.words import (
    RESTART_ADVICE,
    UNREPORTED,
    listed,
    restart_word,
    server_sort_key,
    servers_listed,
)

# As many traces as stand under a table; IBM's support asks for one.
_TRACES = 3

_SYMBOLS = {
    Decision.CHANGE: "~",
    Decision.ALREADY_SO: "=",
    Decision.SKIP: "-",
    Decision.REFUSE: "!",
}
_DECISION_STYLES = {Decision.CHANGE: Style.ATTENTION, Decision.REFUSE: Style.BAD}
_RESULT_STYLES = {
    Result.APPLIED: Style.GOOD,
    Result.REFUSED: Style.BAD,
    Result.FAILED: Style.BAD,
    Result.UNKNOWN: Style.BAD,
    Result.NOT_ATTEMPTED: Style.ATTENTION,
}


def _planned_text(item: PlannedItem) -> Text:
    match item.decision:
        case Decision.CHANGE:
            return tuple(map(field_words, item.changes))
        case Decision.REFUSE:
            return f"refused: {item.message}"
        case Decision.SKIP:
            return f"skipped: {item.message}"
        case Decision.ALREADY_SO:
            return item.message or ""


def _outcome_text(item: OutcomeItem) -> Text:
    if item.error is not None:
        return told_elsewhere_left_out(item.error.message, item.server)
    if item.message is not None:
        return item.message
    if item.result is Result.ALREADY_SO:
        return "already so"
    return tuple(map(field_words, item.changes))


PLAN_COLUMNS = (
    Column[PlannedItem](
        key="decision",
        title="",
        text=lambda item: _SYMBOLS[item.decision],
        style=lambda item: _DECISION_STYLES.get(item.decision, Style.FAINT),
    ),
    Column[PlannedItem](
        key="server.name",
        title="SERVER",
        text=lambda item: item.server.label,
        fit=Fit.SHORTEN,
        least=20,
    ),
    Column[PlannedItem](key="server.region", title="REGION", text=lambda item: item.server.region),
    Column[PlannedItem](
        key="changes",
        title="CHANGE",
        text=_planned_text,
        style=lambda item: _DECISION_STYLES.get(item.decision, Style.FAINT),
        fit=Fit.WRAP,
        least=24,
    ),
    Column[PlannedItem](
        key="server.id", title="ID", text=lambda item: item.server.id, wide_only=True
    ),
)
OUTCOME_COLUMNS = (
    Column[OutcomeItem](
        key="result",
        title="RESULT",
        text=lambda item: item.result.value.replace("_", " "),
        style=lambda item: _RESULT_STYLES.get(item.result, Style.FAINT),
    ),
    Column[OutcomeItem](
        key="server.name",
        title="SERVER",
        text=lambda item: item.server.label,
        fit=Fit.SHORTEN,
        least=20,
    ),
    Column[OutcomeItem](key="server.region", title="REGION", text=lambda item: item.server.region),
    Column[OutcomeItem](key="changes", title="CHANGE", text=_outcome_text, fit=Fit.WRAP, least=24),
    Column[OutcomeItem](
        key="restart.verdict",
        title="RESTART",
        text=lambda item: restart_word(item.restart.verdict) if item.restart else "",
        style=lambda item: Style.ATTENTION if _wants_restart(item) else Style.FAINT,
    ),
    Column[OutcomeItem](
        key="server.id", title="ID", text=lambda item: item.server.id, wide_only=True
    ),
    Column[OutcomeItem](
        key="error.trace",
        title="TRACE",
        text=lambda item: (item.error and item.error.trace) or UNREPORTED,
        wide_only=True,
    ),
)


def _asked(trailer: Trailer) -> tuple[Action | None, Wish | None]:
    plan = trailer.whole
    if not isinstance(plan, Plan):
        return None, None
    return plan.action, wish_item(plan.patch)


def _summarize_plan(items: Sequence[PlannedItem], trailer: Trailer) -> PlanSummary:
    action, wish = _asked(trailer)
    decisions = Counter(item.decision for item in items)
    return PlanSummary(
        action=action,
        wish=wish,
        total=len(items),
        change=decisions[Decision.CHANGE],
        already_so=decisions[Decision.ALREADY_SO],
        skip=decisions[Decision.SKIP],
        refuse=decisions[Decision.REFUSE],
    )


def _summarize_outcomes(items: Sequence[OutcomeItem], trailer: Trailer) -> OutcomesSummary:
    action, wish = _asked(trailer)
    results = Counter(item.result for item in items)
    return OutcomesSummary(
        action=action,
        wish=wish,
        run_id=trailer.run_id,
        total=len(items),
        applied=results[Result.APPLIED],
        already_so=results[Result.ALREADY_SO],
        skipped=results[Result.SKIPPED],
        refused=results[Result.REFUSED],
        failed=results[Result.FAILED],
        unknown=results[Result.UNKNOWN],
        not_attempted=results[Result.NOT_ATTEMPTED],
    )


def _plan_remarks(document: Document[PlannedItem]) -> Sequence[Group]:
    summary: PlanSummary = document.summary
    counts = listed(
        [
            (summary.change, "to change"),
            (summary.already_so, "already so"),
            (summary.skip, "skipped"),
            (summary.refuse, "refused"),
        ]
    )
    counts = counts or "no servers, so nothing to change"
    return [
        *noted([(item.server, item.notes) for item in document.items]),
        Group(
            [
                Line(f"{_asked_words(summary.action, summary.wish)}: {counts}."),
                *_place(document.trailer.scope),
            ]
        ),
    ]


def _outcome_remarks(document: Document[OutcomeItem]) -> Sequence[Group]:
    summary: OutcomesSummary = document.summary
    counts = listed(
        [
            (summary.applied, "applied"),
            (summary.already_so, "already so"),
            (summary.skipped, "skipped"),
            (summary.refused, "refused"),
            (summary.failed, "failed"),
            (summary.unknown, "not known to have happened"),
            (summary.not_attempted, "not attempted"),
        ]
    )
    counts = counts or "no servers, so nothing was changed"
    run = f" (run {summary.run_id})" if summary.run_id else ""
    lines = [Line(f"{_asked_words(summary.action, summary.wish)}{run}: {counts}.")]
    restarts = [i.server for i in document.items if _wants_restart(i)]
    if restarts:
        advised = f"Restart advised for {servers_listed(restarts)}. {RESTART_ADVICE}"
        lines.append(Line(advised, style=Style.ATTENTION))
    applied = [(i.server, i.notes) for i in document.items if i.result is Result.APPLIED]
    return [*noted(applied), *_hints(document.items), Group(lines)]


def _hints(items: Sequence[OutcomeItem]) -> Sequence[Group]:
    """Say what to do about what went wrong: each hint once, and the traces IBM would ask for."""
    failed = [(item.server, item.error) for item in items if item.error is not None]
    servers = by_saying([(error.hint, server) for server, error in failed if error.hint])
    lines = [Line(f"{servers_listed(who)}: {hint}") for hint, who in servers.items()]
    traced = [(server.label, error.trace) for server, error in failed if error.trace]
    lines += [Line(f"{label}: trace {trace}") for label, trace in traced[:_TRACES]]
    if len(traced) > _TRACES:
        lines.append(Line("--output wide shows every trace"))
    return [Group(lines, title="What to do")] if lines else []


def _wants_restart(item: OutcomeItem) -> bool:
    return item.restart is not None and item.restart.verdict is Verdict.NEEDED


def _asked_words(action: Action | None, wish: Wish | None) -> str:
    if action is None or wish is None:
        return "plan"
    words = wish_words(action, wish)
    return words if action is Action.RESTORE else f"metadata {words}"


def _place(scope: Scope) -> Sequence[Line]:
    """Say whose servers these are, and through which endpoint."""
    accounts = [Line(", ".join(scope.accounts), label="Account")] if scope.accounts else []
    endpoint = [Line(scope.endpoint, label="Endpoint", keep=True)] if scope.endpoint else []
    return [*accounts, *endpoint]


# Of a fleet most servers may be as wanted already: the narrow table leaves them to the count.
PLAN = View[PlanItem, PlannedItem](
    kind="plan",
    to_item=planned_item,
    sort_key=lambda item: server_sort_key(item.server),
    identity=lambda item: item.server.id if item.decision is Decision.CHANGE else None,
    columns=PLAN_COLUMNS,
    summarize=_summarize_plan,
    remarks=_plan_remarks,
    brief=lambda items: [i for i in items if i.decision is not Decision.ALREADY_SO] or items,
)
OUTCOMES = View[Outcome | Skip, OutcomeItem](
    kind="outcomes",
    to_item=outcome_item,
    sort_key=lambda item: server_sort_key(item.server),
    identity=lambda item: item.server.id,
    columns=OUTCOME_COLUMNS,
    summarize=_summarize_outcomes,
    remarks=_outcome_remarks,
    brief=lambda items: [i for i in items if i.result is not Result.ALREADY_SO] or items,
)
