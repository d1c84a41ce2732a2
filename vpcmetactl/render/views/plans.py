"""Plans before they are applied, and what became of them."""

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from vpcmetactl.domain.plans import Action, Outcome, PlanItem, Skip, SkipReason
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
from vpcmetactl.render.items.plan_summaries import (
    OutcomesSummary,
    PlanSummary,
    Wish,
    asked,
    saved_plan,
)
from vpcmetactl.render.items.plans import (
    Decision,
    OutcomeItem,
    PlannedItem,
    Result,
    outcome_item,
    planned_item,
)
from vpcmetactl.render.views.changes import (
    by_saying,
    can_be_undone,
    change_words,
    command_words,
    noted,
    resume_line,
    rollback_line,
    told_elsewhere_left_out,
    vouching_lines,
)
from vpcmetactl.render.views.saved_plans import saved_plan_lines
from vpcmetactl.render.views.words import (
    RESTART_ADVICE,
    UNREPORTED,
    counted,
    listed,
    restart_word,
    server_sort_key,
    servers_listed,
)

# As many traces as stand under a table; IBM's support asks for one.
_TRACES = 3
# As many rows as one looks through without missing a failure.
_LOOKED_THROUGH = 20

RowT = TypeVar("RowT", PlannedItem, OutcomeItem)

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


def _change_words(item: PlannedItem | OutcomeItem) -> Text:
    return change_words(item.operation, item.changes, item.planned_restart, item.link)


def _planned_text(item: PlannedItem) -> Text:
    match item.decision:
        case Decision.CHANGE:
            return _change_words(item)
        case Decision.REFUSE:
            return f"refused: {item.message}"
        case Decision.SKIP:
            return f"skipped: {item.message}"
        case Decision.ALREADY_SO:
            return item.message or ""


def _reason(item: OutcomeItem) -> str:
    if item.error is not None:
        return told_elsewhere_left_out(item.error.message, item.server)
    return item.message or ""


def _outcome_text(item: OutcomeItem) -> Text:
    reason = _reason(item)
    if reason:
        return reason
    if item.result is Result.ALREADY_SO:
        return (item.reason or SkipReason.ALREADY_SO).value.replace("_", " ")
    return _change_words(item)


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
        optional=True,
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


def _summarize_plan(items: Sequence[PlannedItem], trailer: Trailer) -> PlanSummary:
    action, wish = asked(trailer)
    decisions = Counter(item.decision for item in items)
    return PlanSummary(
        action=action,
        wish=wish,
        total=len(items),
        change=decisions[Decision.CHANGE],
        already_so=decisions[Decision.ALREADY_SO],
        skip=decisions[Decision.SKIP],
        refuse=decisions[Decision.REFUSE],
        by_reason=_by_reason(items),
        saved=saved_plan(trailer),
    )


def _summarize_outcomes(items: Sequence[OutcomeItem], trailer: Trailer) -> OutcomesSummary:
    action, wish = asked(trailer)
    results = Counter(item.result for item in items)
    saved = saved_plan(trailer)
    return OutcomesSummary(
        action=action,
        wish=wish,
        run_id=trailer.run_id,
        plan_digest=None if saved is None else saved.digest,
        total=len(items),
        applied=results[Result.APPLIED],
        already_so=results[Result.ALREADY_SO],
        skipped=results[Result.SKIPPED],
        refused=results[Result.REFUSED],
        failed=results[Result.FAILED],
        unknown=results[Result.UNKNOWN],
        not_attempted=results[Result.NOT_ATTEMPTED],
    )


def _by_reason(items: Sequence[PlannedItem]) -> dict[SkipReason, int]:
    reasons = Counter(item.reason for item in items)
    return {reason: reasons[reason] for reason in SkipReason if reasons[reason]}


def _plan_remarks(document: Document[PlannedItem]) -> Sequence[Group]:
    summary: PlanSummary = document.summary
    saved, now = summary.saved, document.trailer.generated_at
    not_needed = summary.by_reason.get(SkipReason.NOT_NEEDED, 0)
    there = summary.by_reason.get(SkipReason.VISIBLE, 0)
    counts = listed(
        [
            (summary.change, "to change"),
            (summary.already_so, "already so"),
            (not_needed, "not needed"),
            (there, "of servers that are there"),
            (summary.skip - not_needed - there, "skipped"),
            (summary.refuse, "refused"),
        ]
    )
    counts = counts or "no servers, so nothing to change"
    return [
        *noted([(item.server, item.notes) for item in document.items]),
        *([Group(saved_plan_lines(saved, now), title="Plan file")] if saved else []),
        Group(
            [
                Line(f"{_asked_words(summary.action, summary.wish)}: {counts}."),
                *_widening(summary),
                *vouching_lines(summary),
                *_apart(document.items),
                *([] if saved else _place(document.trailer.scope)),
            ]
        ),
    ]


def _outcome_remarks(document: Document[OutcomeItem]) -> Sequence[Group]:
    summary: OutcomesSummary = document.summary
    reasons = Counter(item.reason for item in document.items if item.result is Result.SKIPPED)
    not_needed, there = reasons[SkipReason.NOT_NEEDED], reasons[SkipReason.VISIBLE]
    counts = listed(
        [
            (summary.applied, "applied"),
            (summary.already_so, "already so"),
            (not_needed, "not needed"),
            (there, "of servers that are there"),
            (summary.skipped - not_needed - there, "skipped"),
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
    return [
        *noted(applied),
        *_wrongs(document.items),
        *_hints(document.items),
        Group(lines),
        *_commands(summary),
    ]


def _commands(summary: OutcomesSummary) -> Sequence[Group]:
    """Say how to go on with what is left, and how to take back what was done."""
    if summary.run_id is None:
        return []
    lines = [resume_line(summary.run_id)] if summary.unsettled else []
    if summary.applied and can_be_undone(summary.action):
        lines.append(rollback_line(summary.run_id))
    return [Group(lines)] if lines else []


def _wrongs(items: Sequence[OutcomeItem]) -> Sequence[Group]:
    """Say once more what went wrong where the table is too long to be looked through."""
    shown = [item for item in items if item.result is not Result.ALREADY_SO]
    if len(shown) <= _LOOKED_THROUGH:
        return []
    groups = []
    for result in (Result.REFUSED, Result.FAILED, Result.UNKNOWN):
        wrong = [(_reason(item), item.server) for item in shown if item.result is result]
        lines = [Line(f"{servers_listed(who)}: {why}") for why, who in by_saying(wrong).items()]
        if lines:
            title = f"{result.value.capitalize()}: {len(wrong)}"
            groups.append(Group(lines, title=title, style=_RESULT_STYLES[result]))
    return groups


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
    return command_words(action, wish)


def _widening(summary: PlanSummary) -> Sequence[Line]:
    """Say how to restart what is not known to need it."""
    if SkipReason.VERDICT_UNKNOWN not in summary.by_reason:
        return []
    said = "--verdict needed,unknown also restarts what is not known to need it."
    return [Line(said)]


def _apart(items: Sequence[PlannedItem]) -> Sequence[Line]:
    """Say which servers are not down at a time."""
    groups = {item.planned_restart.one_per for item in items if item.planned_restart} - {None}
    if not groups:
        return []
    said = f"never two servers of a group at a time ({counted(len(groups), 'group')})"
    return [Line(said, label="Restarts")]


def _place(scope: Scope) -> Sequence[Line]:
    """Say whose servers these are, and through which endpoint."""
    accounts = [Line(", ".join(scope.accounts), label="Account")] if scope.accounts else []
    endpoint = [Line(scope.endpoint, label="Endpoint", keep=True)] if scope.endpoint else []
    return [*accounts, *endpoint]


def _sort_key(item: PlannedItem | OutcomeItem) -> tuple[object, ...]:
    link = item.link
    return (*server_sort_key(item.server), (link.profile, link.link_id or "") if link else ())


# Of these there may be thousands, and nothing was ever to be done: to servers that need no restart,
# and to links of servers that are there.
_NO_CANDIDATES = (SkipReason.NOT_NEEDED, SkipReason.VISIBLE)


def _of_interest(item: PlannedItem | OutcomeItem) -> bool:
    if isinstance(item, OutcomeItem):
        is_candidate = item.result is not Result.SKIPPED or item.reason not in _NO_CANDIDATES
        return item.result is not Result.ALREADY_SO and is_candidate
    return item.decision is not Decision.ALREADY_SO and item.reason not in _NO_CANDIDATES


# Of a fleet most servers may be as wanted already: the narrow table leaves them to the count.
def _brief(items: Sequence[RowT]) -> Sequence[RowT]:
    shown = [item for item in items if _of_interest(item)]
    return items if not shown and len(items) <= _LOOKED_THROUGH else shown


PLAN = View[PlanItem, PlannedItem](
    kind="plan",
    to_item=planned_item,
    sort_key=_sort_key,
    identity=lambda item: item.server.id if item.decision is Decision.CHANGE else None,
    columns=PLAN_COLUMNS,
    summarize=_summarize_plan,
    remarks=_plan_remarks,
    brief=_brief,
)
OUTCOMES = View[Outcome | Skip, OutcomeItem](
    kind="outcomes",
    to_item=outcome_item,
    sort_key=_sort_key,
    identity=lambda item: item.server.id,
    columns=OUTCOME_COLUMNS,
    summarize=_summarize_outcomes,
    remarks=_outcome_remarks,
    brief=_brief,
)
