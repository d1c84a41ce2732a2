"""What an assumption about the platform is, and what came of testing one."""

from dataclasses import dataclass
from enum import StrEnum


class Known(StrEnum):
    """How well it is known.

    Inferred: read off IBM's SDK, an example or an old recording, or concluded from other facts.
    Not found: looked for in IBM's documents, and not there.
    """

    INFERRED = "inferred"
    NOT_FOUND = "not found"


class How(StrEnum):
    """How it is tested."""

    READ = "read"
    CHANGE = "change"
    GUEST = "guest"
    BY_HAND = "by hand"


_COMMANDS = {
    How.READ: "make verify-live",
    How.CHANGE: 'make verify-live ARGS="--allow-changes SERVER"',
    How.GUEST: 'make verify-live ARGS="--guest"',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """Something that the program takes for granted and nobody has seen on the platform.

    ``source`` is a section of the platform notes, ``relies`` a module of the program with what it
    does, ``if_wrong`` what would happen then. ``by_hand`` is the command where the kit has no
    check for it.
    """

    id: str
    claim: str
    known: Known
    source: str
    relies: str
    if_wrong: str
    how: How
    by_hand: str = ""

    @property
    def command(self) -> str:
        """What to type to test it."""
        return self.by_hand or _COMMANDS[self.how]


class Outcome(StrEnum):
    """What came of a test."""

    HOLDS = "holds"
    DOES_NOT_HOLD = "does not hold"
    UNTESTED = "could not be tested"


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a test, and what it rests on, in a line that names nothing of the account's."""

    outcome: Outcome
    evidence: str


class UntestedError(Exception):
    """A test cannot be made; the message is the reason, of which the evidence is made."""


def holds(evidence: str) -> Finding:
    """Say that what was seen is what was assumed."""
    return Finding(Outcome.HOLDS, evidence)


def fails(evidence: str) -> Finding:
    """Say that something else was seen."""
    return Finding(Outcome.DOES_NOT_HOLD, evidence)


def judged(seen: bool, evidence: str) -> Finding:  # noqa: FBT001 - the verdict is what it takes
    """Say which of the two it is."""
    return holds(evidence) if seen else fails(evidence)


def untested(reason: str) -> Finding:
    """Say why nothing was seen."""
    return Finding(Outcome.UNTESTED, reason)
