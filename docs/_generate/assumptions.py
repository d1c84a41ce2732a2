"""Tables of what is assumed of the platform, read off the kit that tests it."""

from collections.abc import Iterator

from docs._generate.markdown import table
from tests.live.assumption import Assumption, How
from tests.live.assumptions import ASSUMPTIONS


def assumptions(how: str) -> str:
    """Return the assumptions that are tested in one way."""
    titles = ("", "assumed", "known", "relied on in", "if it is wrong")
    return table(titles, ((one.id, *_cells(one)) for one in _tested(how)))


def _cells(one: Assumption) -> Iterator[str]:
    yield one.claim
    yield f"{one.known}: {one.source}"
    yield f"{one.relies}."
    yield one.if_wrong


def commands_by_hand() -> str:
    """Return what to type for those that no check is made of."""
    lines = [f"{one.command}  # {one.id}\n" for one in _tested(How.BY_HAND)]
    return f"```sh\n{''.join(lines)}```\n"


def counts() -> str:
    """Return how many are tested in which way."""
    ways = {
        How.READ: "by reading an account",
        How.CHANGE: "by changing one setting of one server for some seconds",
        How.GUEST: "inside a server",
        How.BY_HAND: "by hand",
    }
    parts = [f"{len(list(_tested(how)))} {text}" for how, text in ways.items()]
    return f"There are {len(ASSUMPTIONS)} of them: {', '.join(parts)}.\n"


def _tested(how: str) -> Iterator[Assumption]:
    return (one for one in ASSUMPTIONS if one.how == how)
