"""What may have been meant by a word that is none of those known."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches


def nearest(word: str, known: Collection[str], most: int = 3) -> Sequence[str]:
    """Return the known words most like one, in any case of letters; the most alike first."""
    folded = {one.lower(): one for one in known}
    return [folded[one] for one in get_close_matches(word.lower(), folded, n=most)]


def did_you_mean(word: str, known: Collection[str], noun: str) -> str:
    """Return a hint: what may have been meant, or else all there is; ``noun`` is in the plural."""
    near = nearest(word, known)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"the {noun} are {', '.join(known)}"
