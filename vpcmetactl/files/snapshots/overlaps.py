"""What several files say of the same section: told once where they agree, else decided or refused.

Where somebody read a section whole, what another reading says of it is another state of the same
thing. The two are never mixed: a server that was deleted between them would come back. Only where
every reading chose servers, each its own, are they put together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, zip_longest
from operator import itemgetter

from vpcmetactl.domain.errors import RefusedError
from vpcmetactl.files.snapshots.shards import Claim, bare


@dataclass(frozen=True, slots=True)
class Settled:
    """Which claims make up a section, and which do not.

    Of those that do not, ``replaced`` said something else. ``newest`` settles what differs.
    """

    standing: Sequence[Claim]
    fallen: Sequence[Claim] = ()
    replaced: Sequence[Claim] = ()
    newest: bool = False


def settle(claims: Sequence[Claim], *, newest: bool) -> Settled:
    """Decide what becomes of a section that one file or several have something to say of.

    With ``newest`` that which was read last stands. Raises RefusedError, naming two files and what
    they differ in, where they do and that does not decide.
    """
    whole = [claim for claim in claims if not claim.is_chosen]
    if len(claims) == 1 or not whole:
        return Settled(claims, newest=newest)
    last = max(whole, key=_age)
    fallen = [claim for claim in claims if claim is not last]
    replaced = []
    for claim in fallen:
        if difference := _difference(claim, last):
            is_older = claim.is_chosen or claim.taken_at < last.taken_at
            if not (newest and is_older):
                raise _conflict(claim, last, difference)
            replaced.append(claim)
    return Settled([last], fallen, replaced)


def joined(settled: Settled) -> Iterator[tuple[str, Claim, bytes]]:
    """Give the lines of a section to which several files contribute, each server once.

    Each with its id, and with the claim that it is of. Raises RefusedError as ``settle`` does.
    """
    claims = settled.standing
    streams = [_with_place(place, claim) for place, claim in enumerate(claims)]
    for server_id, group in groupby(merge(*streams), itemgetter(0)):
        told = [(claims[place], line) for _, place, line in group]
        last, line = max(told, key=lambda one: _age(one[0]))
        for claim, other in told:
            is_older = claim.taken_at < last.taken_at
            if not (settled.newest and is_older) and bare(other) != bare(line):
                raise _conflict(claim, last, f"in {server_id}")
        yield server_id, last, line


def _with_place(place: int, claim: Claim) -> Iterator[tuple[str, int, bytes]]:
    for found, line in claim.items():
        yield found, place, line


def _age(claim: Claim) -> tuple[object, ...]:
    # The digest decides between readings of the same moment: the order of the files must not.
    return (claim.taken_at, claim.shard.index.digest)


def _difference(one: Claim, other: Claim) -> str | None:
    """Say what two files differ in; ``None`` where they say the same."""
    if one.is_incomplete != other.is_incomplete:
        incomplete = one if one.is_incomplete else other
        return f"for {incomplete.shard.name} could not read them whole"
    for mine, theirs in zip_longest(one.items(), other.items(), fillvalue=("", b"")):
        if bare(mine[1]) != bare(theirs[1]):
            return f"in {min(found for found in (mine[0], theirs[0]) if found)}"
    return None


def _conflict(one: Claim, other: Claim, difference: str) -> RefusedError:
    names = " and ".join(sorted((one.shard.name, other.shard.name)))
    return RefusedError(
        f"{names} both have the {one.section.words}, and differ {difference}",
        hint="nothing was written; leave one of them out, or take what was read last "
        "with --prefer newest",
    )
