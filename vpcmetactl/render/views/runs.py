"""The runs of the journal as a list, and one run as a page."""

from collections import Counter
from collections.abc import Sequence

from vpcmetactl.domain.runs import RunRecord, RunState
from vpcmetactl.render.documents import Column, Document, Fit, Group, Line, Style, Trailer, View
from vpcmetactl.render.items.runs import Run, RunInFull, RunsSummary, run_in_full, run_item
from vpcmetactl.render.views.run_page import action_words, left_stopped, run_page, what_next
from vpcmetactl.render.views.words import UNREPORTED, counted, listed, moment

# As many interrupted runs as are told how to go on with.
_TOLD = 3


def _number(
    field: str, title: str, style: Style | None = None, *, optional: bool = False
) -> Column[Run]:
    """Return a column of counts; one that is not zero may stand out."""

    def count(run: Run) -> int:
        number: int = getattr(run.counts, field)
        return number

    return Column[Run](
        key=f"counts.{field}",
        title=title,
        text=lambda run: str(count(run)),
        style=lambda run: style if count(run) else Style.FAINT,
        right=True,
        optional=optional,
    )


# A run's id begins with its start, which needs no column where there is little room.
COLUMNS = (
    Column[Run](key="id", title="RUN", text=lambda run: run.id),
    Column[Run](
        key="started_at", title="STARTED", text=lambda run: moment(run.started_at), wide_only=True
    ),
    Column[Run](
        key="finished_at",
        title="FINISHED",
        text=lambda run: moment(run.finished_at),
        wide_only=True,
    ),
    Column[Run](key="action", title="ACTION", text=action_words, fit=Fit.WRAP, least=18),
    Column[Run](
        key="state",
        title="STATE",
        text=lambda run: run.state.value,
        style=lambda run: Style.ATTENTION if run.state is RunState.INTERRUPTED else None,
    ),
    _number("changes", "CHANGES", optional=True),
    _number("applied", "APPLIED", Style.GOOD),
    _number("refused", "REFUSED", Style.BAD, optional=True),
    _number("failed", "FAILED", Style.BAD),
    _number("unknown", "UNKNOWN", Style.BAD),
    _number("not_attempted", "NOT ATTEMPTED", Style.ATTENTION, optional=True),
    Column[Run](
        key="actor", title="ACTOR", text=lambda run: run.actor or UNREPORTED, wide_only=True
    ),
)


def _summarize(runs: Sequence[Run], _: Trailer) -> RunsSummary:
    states = Counter(run.state for run in runs)
    return RunsSummary(
        total=len(runs),
        running=states[RunState.RUNNING],
        finished=states[RunState.FINISHED],
        interrupted=states[RunState.INTERRUPTED],
    )


def _remarks(document: Document[Run]) -> Sequence[Group]:
    summary: RunsSummary = document.summary
    if not summary.total:
        return [Group([Line("No runs.")])]
    states = listed(
        [
            (summary.running, "running"),
            (summary.finished, "finished"),
            (summary.interrupted, "interrupted"),
        ]
    )
    said = f"{counted(summary.total, 'run')}: {states}; vpcmetactl runs show RUN tells more."
    return [Group([Line(said)]), *_resumes(document.items)]


def _resumes(runs: Sequence[Run]) -> Sequence[Group]:
    stopped = [run for run in runs if run.state is RunState.INTERRUPTED]
    if not stopped:
        return []
    lines = [Line(f"vpcmetactl runs resume {run.id}", keep=True) for run in stopped[:_TOLD]]
    if len(stopped) > _TOLD:
        lines.append(Line(f"and {len(stopped) - _TOLD} more"))
    return [Group(lines, title="To go on with what was interrupted", style=Style.ATTENTION)]


def _sort_key(run: Run) -> tuple[float, str]:
    """The newest comes first."""
    return (-run.started_at.timestamp(), run.id)


def _run_remarks(document: Document[RunInFull]) -> Sequence[Group]:
    return [group for run in document.items for group in [*left_stopped(run), *what_next(run)]]


RUNS = View[RunRecord, Run](
    kind="runs",
    to_item=run_item,
    sort_key=_sort_key,
    identity=lambda run: run.id,
    columns=COLUMNS,
    summarize=_summarize,
    remarks=_remarks,
)
RUN = View[RunRecord, RunInFull](
    kind="run",
    to_item=run_in_full,
    sort_key=_sort_key,
    identity=lambda run: run.id,
    columns=(),
    summarize=_summarize,
    remarks=_run_remarks,
    page=run_page,
)
