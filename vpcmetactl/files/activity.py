"""Evidence from files: Activity Tracker events, and proofs of guest probes.

Events come as they are, which is how Event Routing writes them to a bucket, or as the user data of
a log entry of IBM Cloud Logs: in ``user_data`` of the entries that its query API answers within
``result.results``, and in ``src_obj__user_data`` of its archive, a string of JSON in both. A log
that was not taken for JSON is in ``text`` of the user data. (IBM Cloud Logs: "Querying data
directly from the archive", "Querying data", and the Go SDK of its API.)
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.evidence import EventKind, ImportSummary, ServerEvent
from vpcmetactl.files import proofs
from vpcmetactl.files.activity_events import ACTIONS, Event, ForeignError, server_event
from vpcmetactl.files.servers import ContradictionError
from vpcmetactl.files.values import NOT_DECODED, read_values

if TYPE_CHECKING:
    from datetime import datetime

_EXAMPLES = 3
_LONGEST = 200
# Results, a result's user data, and a text in it.
_DEEPEST = 3
_HINT = (
    "give Activity Tracker events, or proofs of guest probe, as JSON lines or as a JSON array; "
    "either may be gzipped"
)


# A field that is not there: msgspec knows no other way to say so of one that is kept as it is.
_ABSENT = msgspec.Raw()


class _Record(msgspec.Struct, gc=False):
    """What tells events, proofs, and that in which events may be wrapped, from each other."""

    action: str | None = None
    format: msgspec.Raw = _ABSENT
    user_data: msgspec.Raw = _ABSENT
    archived: msgspec.Raw = msgspec.field(default=_ABSENT, name="src_obj__user_data")
    text: msgspec.Raw = _ABSENT
    result: msgspec.Raw = _ABSENT


class _Result(msgspec.Struct, gc=False):
    results: list[msgspec.Raw]


_decode_record = msgspec.json.Decoder(_Record).decode
_decode_result = msgspec.json.Decoder(_Result).decode
_decode_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_event = msgspec.json.Decoder(Event).decode


@contextmanager
def open_evidence(name: str, account_id: str, stdin: BinaryIO) -> Iterator["EvidenceReader"]:
    """Open a file of evidence about servers of an account; ``-`` is standard input.

    Raises InvalidInputError where the file cannot be opened.
    """
    if name == "-":
        yield EvidenceReader(stdin, "standard input", account_id)
        return
    try:
        stream = Path(name).open("rb")  # noqa: SIM115 - what fails while it is read is another matter
    except (OSError, ValueError) as error:
        raise _unopened(name, error) from None
    with stream:
        yield EvidenceReader(stream, name, account_id)


class EvidenceReader:
    """Reads one file, in bounded memory, and counts what is in it.

    With their places, ``unreadable`` has the first few things that could not be read, and
    ``remarks`` the first few proofs that settle nothing, and why.
    """

    def __init__(self, stream: BinaryIO, name: str, account_id: str) -> None:
        self._stream = stream
        self._name = name
        self._account_id = account_id
        self._read = self._foreign = self._ignored = self._unreadable = 0
        self._by_kind: Counter[EventKind] = Counter()
        self._earliest: datetime | None = None
        self._latest: datetime | None = None
        self._proven: set[str] = set()
        self.unreadable: list[str] = []
        self.remarks: list[str] = []

    def events(self) -> Iterator[ServerEvent]:
        """Yield what the file tells of servers of the account, in the file's order.

        Raises InvalidInputError, naming the file and the place, where nothing of it can be read.
        """
        try:
            for values in read_values(self._stream, self._complain_of_line):
                for value in values:
                    yield from self._told_by(value)
        except OSError as error:
            raise _unopened(self._name, error) from None
        if self._unreadable and self._read == self._unreadable:
            raise InvalidInputError(
                f"{self._name} has nothing in it that can be read: {self.unreadable[0]}",
                hint=_HINT,
            )

    def summary(self, new: int) -> ImportSummary:
        """Return the counts, once all is read; ``new`` is how many events were not known."""
        return ImportSummary(
            read=self._read,
            kept=new,
            known=self._by_kind.total() - new,
            foreign=self._foreign,
            ignored=self._ignored,
            unreadable=self._unreadable,
            earliest=self._earliest,
            latest=self._latest,
            by_kind=dict(self._by_kind),
            proven=sorted(self._proven),
        )

    def _told_by(self, value: msgspec.Raw, *, is_element: bool = False) -> Iterable[ServerEvent]:
        try:
            record = _decode_record(value)
        except NOT_DECODED as error:
            elements = None if is_element else _elements(value)
            if elements is not None:
                return chain.from_iterable(self._told_by(one, is_element=True) for one in elements)
            self._complain_of_record(str(error))
            return ()
        if record.action is not None or record.format is not _ABSENT:
            event = self._event_of(record, value)
            return () if event is None else (event,)
        wrapped = _unwrapped(record, _DEEPEST)
        if not wrapped:
            self._complain_of_record("a JSON object that is no event: it has no action")
        told = (self._event_of(_decode_record(one), one) for one in wrapped)
        return (event for event in told if event is not None)

    def _event_of(self, record: _Record, value: msgspec.Raw) -> ServerEvent | None:
        """Count a record, and return what it tells of a server of the account."""
        event = None
        if record.action is None or record.action in ACTIONS:
            try:
                event = self._decoded(record, value)
            except ForeignError:
                self._read += 1
                self._foreign += 1
                return None
            except (*NOT_DECODED, ContradictionError, ValueError) as error:
                self._complain_of_record(str(error))
                return None
        self._read += 1
        if event is None:
            self._ignored += 1
        else:
            self._by_kind[event.kind] += 1
            self._earliest = min(event.at, self._earliest or event.at)
            self._latest = max(event.at, self._latest or event.at)
            if event.is_proof:
                self._proven.add(event.server_id)
        return event

    def _decoded(self, record: _Record, value: msgspec.Raw) -> ServerEvent | None:
        if record.action is not None:
            return server_event(_decode_event(value), self._account_id)
        if msgspec.json.decode(record.format) != proofs.FORMAT:
            return None
        told = proofs.told_by(value)
        if told.account_id not in (None, self._account_id):
            raise ForeignError
        if told.why_none is not None and len(self.remarks) < _EXAMPLES:
            self.remarks.append(f"record {self._read + 1}: {told.why_none}"[:_LONGEST])
        return told.event

    def _complain_of_line(self, line: int, why: str) -> None:
        self._complain(f"line {line}: {why}")

    def _complain_of_record(self, why: str) -> None:
        self._complain(f"record {self._read + 1}: {why}")

    def _complain(self, complaint: str) -> None:
        self._read += 1
        self._unreadable += 1
        if len(self.unreadable) < _EXAMPLES:
            self.unreadable.append(complaint[:_LONGEST])


def _elements(value: msgspec.Raw) -> list[msgspec.Raw] | None:
    """Return the elements of an array that is one value among others; ``None`` of what is none."""
    try:
        return _decode_elements(value)
    except NOT_DECODED:
        return None


def _unwrapped(record: _Record, deepest: int) -> list[msgspec.Raw]:
    """Return the records that are wrapped in one, which is none itself.

    For what is wrapped and no record there is one that tells nothing, so that it is counted.
    """
    if not deepest:
        return []
    if record.result is not _ABSENT:
        inner = _rows(record.result)
    else:
        wraps = (record.user_data, record.archived, record.text)
        inner = [value for value in wraps if value is not _ABSENT]
    return [found for value in inner for found in _records_in(value, deepest - 1)]


def _rows(result: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        return _decode_result(result).results
    except NOT_DECODED:
        return []


def _records_in(value: msgspec.Raw, deepest: int) -> list[msgspec.Raw]:
    try:
        text = msgspec.json.decode(value)
        plain = msgspec.Raw(text.encode()) if isinstance(text, str) else value
        record = _decode_record(plain)
    except NOT_DECODED:
        return [_NO_EVENT]
    if record.action is not None or record.format is not _ABSENT:
        return [plain]
    return _unwrapped(record, deepest) or [_NO_EVENT]


_NO_EVENT = msgspec.Raw(b'{"action":""}')


def _unopened(name: str, error: Exception) -> InvalidInputError:
    reason = getattr(error, "strerror", None) or error
    return InvalidInputError(f"{name}: {reason}", hint="check the file's name")
