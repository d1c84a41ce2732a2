"""What to say of servers that a restart left stopped."""

from collections.abc import Sequence

from vpcmetactl.domain.runs import CutOffRestart

_NAMED = 3


def cut_off_warnings(restarts: Sequence[CutOffRestart]) -> Sequence[str]:
    """Return a sentence for each run that may have left servers stopped, with what mends it."""
    by_run: dict[str, list[CutOffRestart]] = {}
    for one in restarts:
        by_run.setdefault(one.run_id, []).append(one)
    return [_warning(run_id, cut_off) for run_id, cut_off in by_run.items()]


def _warning(run_id: str, restarts: Sequence[CutOffRestart]) -> str:
    names = [f"{one.server.label} ({one.server.region})" for one in restarts[:_NAMED]]
    more = len(restarts) - len(names)
    who = f"{', '.join(names)} and {more} more" if more > 0 else ", ".join(names)
    down, them = ("is", "it") if len(restarts) == 1 else ("are", "them")
    return (
        f"{who} {down} perhaps still stopped: run {run_id} stopped {them} and did not see {them} "
        f"run again; vpcmetactl runs resume {run_id} starts {them} first of all"
    )
