"""Identity tokens: what a server proves with that it is itself.

Platform notes, section 5.2. A token is worth something here if it was issued here, for the server
that shows it, and has not expired.
"""

import threading
from dataclasses import dataclass
from datetime import datetime

from vpcmetactl.emulator.clock import Clock
from vpcmetactl.emulator.identifiers import Identifiers


@dataclass(frozen=True, slots=True)
class IdentityToken:
    """A token as it was issued, for one server."""

    text: str
    server_id: str
    created_at: datetime
    expires_at: datetime


class TokenIssuer:
    """The identity tokens of one account's servers. Safe for many threads."""

    def __init__(self, ids: Identifiers, clock: Clock) -> None:
        self._ids = ids
        self._clock = clock
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget every token: none is valid any more."""
        with self._lock:
            self._issued: dict[str, IdentityToken] = {}

    def find(self, text: str) -> IdentityToken | None:
        """Return the token of this text, expired or not; None if it was not issued here."""
        return self._issued.get(text)
