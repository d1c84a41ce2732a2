"""Whether every snapshot that a sweep should have written is there, told by the files' names."""

import re
from collections.abc import Sequence

from vpcmetactl.domain.errors import RefusedError

_MOST_NAMED = 20
# The last number before the first of the endings: shard-007.jsonl.gz, 2026-11-22/prod_7.jsonl.
_NUMBERED = re.compile(r"(?P<before>.*?)(?P<number>[0-9]{1,9})(?P<after>\D*)", re.DOTALL)


def demand_all(names: Sequence[str], expected: int) -> None:
    """Raise RefusedError where there are not so many files, naming the missing ones if it can.

    It can where the names differ in one number that counts from 0 or from 1, as indexes of jobs do.
    """
    given = sorted(set(names))
    if len(given) == expected:
        return
    if len(given) > expected:
        raise RefusedError(
            f"{len(given)} shards are given, {expected} are expected",
            hint="nothing was written; leave out what is not of this sweep",
        )
    missing = _missing(given, expected)
    told = f"; missing: {_told(missing)}" if missing else ""
    raise RefusedError(
        f"{len(given)} of {expected} shards are given{told}",
        hint="nothing was written; see why they were not, and run those again, "
        "or merge what there is without --expect",
    )


def _missing(names: Sequence[str], expected: int) -> Sequence[str]:
    found = [_NUMBERED.fullmatch(name) for name in names]
    matches = [match for match in found if match is not None]
    frames = {(match["before"], match["after"]) for match in matches}
    if len(matches) < len(names) or len(frames) != 1:
        return ()
    numbers = {int(match["number"]) for match in matches}
    first = 1 if 0 not in numbers and expected in numbers else 0
    wanted = range(first, first + expected)
    if not numbers.issubset(wanted):
        return ()
    ((before, after),) = frames
    # Only a leading zero tells that numbers are filled up.
    width = max((len(match["number"]) for match in matches if match["number"][0] == "0"), default=1)
    return [f"{before}{number:0{width}}{after}" for number in wanted if number not in numbers]


def _told(missing: Sequence[str]) -> str:
    more = len(missing) - _MOST_NAMED
    return ", ".join(missing[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
