"""The claims of virtual server instances, looked up by value over a whole fleet.

The names are IBM's for ``VSI`` (platform notes 4.2). Each claim is a column: which servers have
which value, so that a condition costs as many steps as there are values, not servers.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from vpcmetactl.domain.bitsets import make_set
from vpcmetactl.domain.servers import Instance, Reference, Server

# The values that a server has for a claim: ``None`` where that is not known, empty without one.
Values = tuple[str, ...] | None


def _one(value: str | None) -> Values:
    return None if value is None else (value,)


def _id(reference: Reference | None) -> Values:
    return _one(reference.id if reference else None)


def _name(reference: Reference | None) -> Values:
    return _one(reference.name if reference else None)


def _instance_group_name(server: Instance) -> Values:
    # The API leaves the membership out where there is none.
    return () if server.instance_group is None else _name(server.instance_group)


CLAIMS: Mapping[str, Callable[[Instance], Values]] = {
    "resource_group_id": lambda server: _id(server.resource_group),
    "resource_group_name": lambda server: _name(server.resource_group),
    "resource": lambda server: (server.id,),
    "instance_group_name": _instance_group_name,
    "region": lambda server: (server.region,),
    "subnet_id": lambda server: server.subnet_ids,
    "vpc_id": lambda server: _id(server.vpc),
    "zone": lambda server: _one(server.zone),
}
# A server may be in several subnets; IBM does not say whether the claim is one of them or all.
MAY_BE_LIST = frozenset({"subnet_id"})

# So many servers with one value, and their set is worth keeping.
_WORTH_KEEPING = 64


class ClaimColumn:
    """The values of one claim over a fleet; servers are told by their position.

    ``present``, ``absent`` and ``unreported`` are the sets of instances that have a value, have
    none, and of which that is not known. Bare metal servers are in none of them.
    """

    def __init__(self, claim: str, servers: Sequence[Server]) -> None:
        read = CLAIMS[claim]
        self._size = len(servers)
        self._positions: dict[str, list[int]] = defaultdict(list)
        self._several: dict[str, list[int]] = defaultdict(list)
        self._sets: dict[str, int] = {}
        self._spellings: dict[str, list[str]] | None = None
        by_count: dict[bool | None, list[int]] = {True: [], False: [], None: []}
        for position, server in enumerate(servers):
            if not isinstance(server, Instance):
                continue
            values = read(server)
            by_count[None if values is None else bool(values)].append(position)
            for value in values or ():
                self._positions[value].append(position)
                if len(values or ()) > 1:
                    self._several[value].append(position)
        self.present, self.absent, self.unreported = (
            make_set(by_count[known], self._size) for known in (True, False, None)
        )

    def equal(self, wanted: Iterable[str]) -> Collection[str]:
        """Return which of these values there are."""
        return {value for value in wanted if value in self._positions}

    def equal_ignoring_case(self, wanted: str) -> Collection[str]:
        """Return the values that differ from this one in case only."""
        if self._spellings is None:
            self._spellings = defaultdict(list)
            for value in self._positions:
                self._spellings[value.lower()].append(value)
        return self._spellings.get(wanted.lower(), ())

    def containing(self, wanted: str) -> Collection[str]:
        """Return the values that this text is a part of."""
        return {value for value in self._positions if wanted in value}

    def having(self, values: Collection[str]) -> int:
        """Return the servers that have one of these values among theirs."""
        if len(values) > 1:
            anywhere = (who for value in values for who in self._positions.get(value, ()))
            return make_set(anywhere, self._size)
        found = 0
        for value in values:
            found |= self._having_one(value)
        return found

    def having_others(self, values: Collection[str]) -> int:
        """Return the servers that have several values, and one among them that is not of these."""
        if not self._several:
            return 0
        others = (positions for value, positions in self._several.items() if value not in values)
        return make_set((who for positions in others for who in positions), self._size)

    def _having_one(self, value: str) -> int:
        kept = self._sets.get(value)
        if kept is None:
            positions = self._positions.get(value, ())
            kept = make_set(positions, self._size)
            if len(positions) >= _WORTH_KEEPING:
                self._sets[value] = kept
        return kept
