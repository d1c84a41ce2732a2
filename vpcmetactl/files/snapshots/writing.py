"""Writing a snapshot: lines wait in a temporary file until they can be put in order."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

import msgspec

from vpcmetactl.domain.errors import InvalidInputError, OutputError
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.snapshots import Content, Reading
from vpcmetactl.domain.templates import InstanceTemplate
from vpcmetactl.domain.trust import ProfileTrust
from vpcmetactl.files.snapshots import lines
from vpcmetactl.files.snapshots.composing import LARGE, PAGE_SIZE, composing, ready_page
from vpcmetactl.files.snapshots.layout import Section
from vpcmetactl.files.snapshots.values import (
    profile_line,
    reading_shape,
    server_line,
    template_line,
)

_ORDER = {content: rank for rank, content in enumerate(Content)}


class _Place(NamedTuple):
    """Where a line waits, and what it is sorted by."""

    content: Content
    reading: int
    region: str
    kind: str
    id: str
    offset: int
    length: int


class SnapshotWriter:
    """Takes what was read, in any order, and writes it down in one order.

    ``reading`` is the place, from 0, of what it belongs to among the readings that ``save`` is
    given: they are complete only when everything was read. Of the fleet only keys stay in memory.
    Who reads the file holds ``page_size`` lines at a time.
    """

    def __init__(self, page_size: int = PAGE_SIZE) -> None:
        self._page_size = page_size
        try:
            self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
        except OSError as error:
            raise _no_room(error) from None
        self._places: list[_Place] = []
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add_servers(self, servers: Iterable[AssessedServer], reading: int = 0) -> None:
        """Take servers in; raises InvalidInputError for one that no file can hold."""
        for assessed in servers:
            server = assessed.server
            key = (Content.SERVERS, reading, server.region, server.kind.value, server.id)
            try:
                line = msgspec.json.encode(server_line(assessed, reading))
            except (msgspec.ValidationError, ValueError, OverflowError) as error:
                raise _unfit(f"{server.kind.words} {server.id}", error) from None
            self._add(key, line)

    def add_profile(self, trust: ProfileTrust, reading: int = 0) -> None:
        """Take a trusted profile in; raises as ``add_servers`` does."""
        key = (Content.PROFILES, reading, "", "", trust.profile.id)
        try:
            line = msgspec.json.encode(profile_line(trust, reading))
        except (msgspec.ValidationError, ValueError, OverflowError) as error:
            raise _unfit(f"trusted profile {trust.profile.id}", error) from None
        self._add(key, line)

    def add_template(self, template: InstanceTemplate, reading: int = 0) -> None:
        """Take an instance template in; raises as ``add_servers`` does."""
        key = (Content.TEMPLATES, reading, template.region, "", template.id)
        try:
            line = msgspec.json.encode(template_line(template, reading))
        except (msgspec.ValidationError, ValueError, OverflowError) as error:
            raise _unfit(f"instance template {template.id}", error) from None
        self._add(key, line)

    def save(self, path: Path, readings: Sequence[Reading], tool_version: str) -> str:
        """Write the file, whole or not at all, and return its digest in hexadecimal.

        Gzipped where the name ends with ``.gz``. The same readings and what belongs to them give
        the same bytes, and compressed the same where the compression library is the same. Raises
        InvalidInputError where something was taken in twice, and OutputError.
        """
        header = _header(readings, tool_version)
        accounts = [reading.account_id or "" for reading in readings]
        places = sorted(self._places, key=lambda place: _sort_key(place, accounts))
        _refuse_twice(places, accounts)
        numbers = reading_numbers([reading.account_id for reading in readings])
        with composing(path, header) as out:
            for section, page in _pages(places, readings, self._page_size):
                text = b"".join(self._line(place, numbers[place.reading]) for place in page)
                out.add(ready_page(section, page[0].id, len(page), text, packed=out.packed))
            return out.finish(self._page_size)

    def close(self) -> None:
        """Let go of what waits."""
        self._file.close()

    def _add(self, key: tuple[Content, int, str, str, str], line: bytes) -> None:
        try:
            self._file.write(line + b"\n")
        except OSError as error:
            raise _no_room(error) from None
        self._places.append(_Place(*key, self._end, len(line) + 1))
        self._end += len(line) + 1

    def _line(self, place: _Place, number: int) -> bytes:
        self._file.seek(place.offset)
        line = self._file.read(place.length)
        return _renumbered(line, place.reading, number) if number != place.reading else line


def reading_numbers(accounts: Sequence[str | None]) -> Sequence[int]:
    """Return the place of each reading among those of its account, by which lines name it."""
    seen: Counter[str | None] = Counter()
    numbers = []
    for account in accounts:
        numbers.append(seen[account])
        seen[account] += 1
    return numbers


def _renumbered(line: bytes, old: int, new: int) -> bytes:
    # In a string the quotes would have backslashes before them.
    return line.replace(b'"reading":%d,"id":' % old, b'"reading":%d,"id":' % new, 1)


def _header(readings: Sequence[Reading], tool_version: str) -> lines.Header:
    shape = lines.Header(
        lines.FORMAT,
        lines.VERSION,
        tool_version,
        tuple(reading_shape(reading) for reading in readings),
    )
    try:
        msgspec.json.decode(msgspec.json.encode(shape), type=lines.Header)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        raise _unfit("what was read", error) from None
    return shape


def _sort_key(place: _Place, accounts: Sequence[str]) -> tuple[object, ...]:
    return (accounts[place.reading], _ORDER[place.content], place.region, place.kind, place.id)


def _refuse_twice(places: Sequence[_Place], accounts: Sequence[str]) -> None:
    for one, other in pairwise(places):
        if one.id == other.id and _sort_key(one, accounts) == _sort_key(other, accounts):
            raise InvalidInputError(
                f"{one.id} is in the snapshot twice", hint="put only parts together that differ"
            )


def _pages(
    places: Sequence[_Place], readings: Sequence[Reading], page_size: int
) -> Iterator[tuple[Section, Sequence[_Place]]]:
    """Cut places, which are in their order, into pages."""

    def section_of(place: _Place) -> Section:
        kind = ServerKind(place.kind) if place.kind else None
        return Section(place.content, readings[place.reading].account_id, place.region, kind)

    for section, group in groupby(places, section_of):
        page: list[_Place] = []
        size = 0
        for place in group:
            if len(page) == page_size or size >= LARGE:
                yield section, page
                page, size = [], 0
            page.append(place)
            size += place.length
        yield section, page


def _unfit(what: str, error: Exception) -> InvalidInputError:
    return InvalidInputError(f"{what} cannot be written to a snapshot: {error}")


def _no_room(error: OSError) -> OutputError:
    return OutputError(
        f"a snapshot needs room for temporary files: {error.strerror or error}",
        hint="make room, or name a folder that has some in TMPDIR",
    )
