"""How often something goes wrong, and the counting of it: shared by faults and troubles."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Always:
    """Every matching request."""


@dataclass(frozen=True, slots=True)
class First:
    """The first so many matching requests."""

    count: int


@dataclass(frozen=True, slots=True)
class Only:
    """One matching request alone, counted from 1."""

    number: int


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the matching requests, 0 to 1, at random."""

    probability: float


ALWAYS = Always()
HowOften = Always | First | Only | Share

_FORMS: dict[str, Callable[[str], HowOften]] = {
    r"always": lambda _text: ALWAYS,
    r"(\d{1,3}(?:\.\d+)?)%": lambda text: Share(float(text) / 100),
    r"([1-9]\d{0,8})": lambda text: First(int(text)),
    r"@([1-9]\d{0,8})": lambda text: Only(int(text)),
}


def parse_how_often(text: str, whole: str) -> HowOften:
    """Read `always`, `2%`, `3` or `@5`; ValueError that quotes the whole it is a part of."""
    for pattern, made in _FORMS.items():
        if match := re.fullmatch(pattern, text, re.ASCII):
            how_often = made(match.groups("")[0] if match.groups() else "")
            if isinstance(how_often, Share) and how_often.probability > 1:
                break
            return how_often
    raise ValueError(f"{whole} has the unknown frequency {text!r}; try always, 2%, 3 or @5")


class Tally:
    """Counts what matches, with seeded dice. Not safe for many threads: its owner locks."""

    def __init__(self, how_often: HowOften, seed: str) -> None:
        self._how_often = how_often
        self._count = 0
        self._dice = random.Random(seed)  # noqa: S311 - dice, not secrets

    def strikes(self) -> bool:
        """Count one more, and tell whether it is struck."""
        self._count += 1
        match self._how_often:
            case Always():
                return True
            case First(count):
                return self._count <= count
            case Only(number):
                return self._count == number
            case Share(probability):
                return self._dice.random() < probability
