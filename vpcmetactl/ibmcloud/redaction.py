"""Keeping credentials out of everything that is told to anybody."""

import re
import threading
from urllib.parse import quote, quote_plus

_REDACTED = "<redacted>"
# Anything that has the form of a JWT, cut short or not.
_TOKEN = re.compile(r"eyJ[\w-]{8,}(\.[\w-]*){0,2}")
# The user and password of an address.
_USER = re.compile(r"//\S*@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
# What an operator wants to read of a message; the rest is in IBM's log under the trace.
_LONGEST = 300


class Secrets:
    """The credentials in use, to be blotted out of texts that others wrote."""

    def __init__(self) -> None:
        self._values: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def add(self, value: str) -> None:
        """Learn a credential, in each form in which it may be echoed."""
        if not value:
            return
        forms = (value, quote(value, safe=""), quote_plus(value))
        with self._lock:
            self._values = tuple(dict.fromkeys((*self._values, *forms)))

    def hide(self, text: str) -> str:
        """Return a text on one line, of bounded length, without any credential."""
        for value in self._values:
            text = text.replace(value, _REDACTED)
        text = _USER.sub(f"//{_REDACTED}@", text)
        text = _BEARER.sub(_REDACTED, _TOKEN.sub(_REDACTED, text))
        text = " ".join(text.split())
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
