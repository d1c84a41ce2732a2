"""Which servers need a stop and start, or may: with what that rests on, and what to do."""

from collections import Counter
from collections.abc import Sequence

from vpcmetactl.domain.restarts import EXPLANATIONS, AssessedServer, Reason, Verdict
from vpcmetactl.render.documents import Column, Document, Fit, Group, Line, Trailer, View
from vpcmetactl.render.items.servers import RestartsSummary, Server, server_item
from vpcmetactl.render.views.restart_words import (
    evidence_words,
    reason_words,
    since_words,
    verdict_style,
)
from vpcmetactl.render.views.words import RESTART_ADVICE, counted, listed, moment

COLUMNS = (
    Column[Server](
        key="name",
        title="SERVER",
        text=lambda server: server.label,
        fit=Fit.SHORTEN,
        least=18,
    ),
    Column[Server](key="id", title="ID", text=lambda server: server.id, wide_only=True),
    Column[Server](key="region", title="REGION", text=lambda server: server.region),
    Column[Server](
        key="restart.verdict",
        title="VERDICT",
        text=lambda server: server.restart.verdict.value.replace("_", " "),
        style=lambda server: verdict_style(server.restart.verdict),
    ),
    Column[Server](
        key="restart.confidence",
        title="CONFIDENCE",
        text=lambda server: server.restart.confidence or "",
        optional=True,
    ),
    Column[Server](
        key="restart.since",
        title="SINCE",
        text=lambda server: moment(server.restart.since),
        text_at=lambda server, now: since_words(server.restart, now),
    ),
    Column[Server](
        key="restart.reason",
        title="REASON",
        text=lambda server: reason_words(server.restart.reason),
        fit=Fit.WRAP,
        least=22,
    ),
    Column[Server](
        key="restart.evidence",
        title="EVIDENCE",
        text=lambda server: evidence_words(server.restart.evidence),
        wide_only=True,
    ),
)

_ORDER = (Verdict.NEEDED, Verdict.UNKNOWN, Verdict.NOT_NEEDED)
# What asks an operator to decide, and has IBM's two statements behind it.
_BY_THE_RULE = frozenset(
    {Reason.ENABLED_WHILE_RUNNING, Reason.ENABLED_AT_FIRST_SIGHT, Reason.ORDER_UNKNOWN}
)


def _sort_key(server: Server) -> tuple[object, ...]:
    """What is needed comes first."""
    verdict = _ORDER.index(server.restart.verdict)
    return (verdict, server.region, server.name or "", server.id)


def _summarize(servers: Sequence[Server], _: Trailer) -> RestartsSummary:
    verdicts = Counter(server.restart.verdict for server in servers)
    reasons = Counter(server.restart.reason for server in servers)
    return RestartsSummary(
        total=len(servers),
        needed=verdicts[Verdict.NEEDED],
        unknown=verdicts[Verdict.UNKNOWN],
        not_needed=verdicts[Verdict.NOT_NEEDED],
        by_reason={reason: reasons[reason] for reason in Reason if reasons[reason]},
    )


def _remarks(document: Document[Server]) -> Sequence[Group]:
    summary: RestartsSummary = document.summary
    if not summary.total:
        return [Group([Line("No restart is outstanding on any server that was asked about.")])]
    counts = listed(
        [
            (summary.needed, "needed"),
            (summary.unknown, "unknown"),
            (summary.not_needed, "not needed"),
        ]
    )
    return [
        *(_explained(reason, count) for reason, count in summary.by_reason.items()),
        Group([Line(f"{counted(summary.total, 'server')}: {counts}."), *_advice(summary)]),
        *_commands(summary),
    ]


def _explained(reason: Reason, count: int) -> Group:
    explanation = EXPLANATIONS[reason]
    lines = [Line(explanation.meaning)]
    if explanation.remedy is not None:
        lines.append(Line(explanation.remedy))
    return Group(lines, title=f"{reason_words(reason).capitalize()}: {count}")


def _advice(summary: RestartsSummary) -> Sequence[Line]:
    return [Line(RESTART_ADVICE)] if _BY_THE_RULE & summary.by_reason.keys() else []


def _commands(summary: RestartsSummary) -> Sequence[Group]:
    """Say what to type next, from what changes nothing to what does."""
    if not _BY_THE_RULE & summary.by_reason.keys():
        return []
    lines = [
        Line("vpcmetactl restarts import-events FILE", label="To learn more", keep=True),
        Line("vpcmetactl restarts ack SERVER --note TEXT", label="Where none is due", keep=True),
    ]
    if summary.needed:
        lines.append(
            Line("vpcmetactl restarts run --all --dry-run", label="To see a plan", keep=True)
        )
    return [Group(lines)]


RESTARTS = View[AssessedServer, Server](
    kind="restarts",
    account_key="account_id",
    to_item=server_item,
    sort_key=_sort_key,
    identity=lambda server: server.id,
    columns=COLUMNS,
    summarize=_summarize,
    remarks=_remarks,
)
