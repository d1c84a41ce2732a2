"""What was asked of an emulator, for tests to look at. Secrets are left out."""

import re
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime

KEPT = 10_000
"""Requests kept; older ones are dropped."""

_SECRET = re.compile(r"(?i)\b(apikey|cr_token|refresh_token|access_token|password|passcode)=[^&]*")
_TOKEN = re.compile(r"\beyJ[\w-]*\.[\w-]+\.[\w-]*")


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request and its answer's status. `operation` is None where no route matched.

    `status` is 0 where nothing was answered. `query` and `body` are what was sent, API keys and
    tokens redacted. `fault` is the effect that struck it, as written in a fault. `sequence` counts
    from 1 since the emulator began or was reset.
    """

    sequence: int
    at: datetime
    method: str
    path: str
    query: str
    operation: str | None
    region: str | None
    status: int
    body: str
    fault: str | None = None


class RequestLog:
    """The last requests, in the order in which they arrived."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: deque[RequestRecord] = deque(maxlen=KEPT)
        self._sequence = 0

    def next_sequence(self) -> int:
        """Give the next request its number."""
        with self._lock:
            self._sequence += 1
            return self._sequence

    def add(self, record: RequestRecord) -> None:
        """Keep a record."""
        self._records.append(record)

    def records(self) -> list[RequestRecord]:
        """Return what is kept, by sequence number."""
        return sorted(self._records.copy(), key=lambda record: record.sequence)

    def clear(self) -> None:
        """Forget everything, the count too."""
        with self._lock:
            self._records.clear()
            self._sequence = 0


def redacted(body: bytes) -> str:
    """Return a body or a query as text, without the secrets of a form and without tokens."""
    text = body.decode("utf-8", "backslashreplace")
    return _TOKEN.sub("<redacted>", _SECRET.sub(lambda match: f"{match[1]}=<redacted>", text))
