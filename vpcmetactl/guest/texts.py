"""Texts that others wrote, made harmless before anybody reads them.

All that the guest prints is ASCII: a terminal of an enterprise server may know nothing else.
"""

import re
import textwrap
from typing import Any, List, Optional

_WORD = re.compile(r"[!-~]{1,256}")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){0,2}")
_BEARER = re.compile(r"\b([Bb]earer|BEARER|[Bb]asic|BASIC)\s+[A-Za-z0-9_.~+/=-]{8,}")
_UNPRINTABLE = re.compile(r"[^ -~]")
_LONGEST = 300


def printable(text: str) -> str:
    r"""Return the text with everything but printing ASCII as an escape such as ``\x1b``."""
    return _UNPRINTABLE.sub(_escaped, text)


def _escaped(match: "re.Match[str]") -> str:
    return match.group().encode("unicode_escape").decode("ascii")


def told(text: str) -> str:
    """Return what a service said: on one line, printable, of bounded length, without tokens."""
    text = " ".join(_BEARER.sub("<redacted>", _JWT.sub("<redacted>", text)).split())
    text = printable(text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def word_of(value: Any) -> Optional[str]:  # noqa: ANN401 - whatever JSON holds
    """Return a value where it is one word of printing ASCII, else nothing."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def folded(text: str, width: int) -> List[str]:
    """Return a text in printable lines no wider than ``width``."""
    return textwrap.wrap(printable(text), width, break_on_hyphens=False)
