"""Putting snapshots together: of many accounts, or of parts of one.

Pages are copied as they are, compressed or not, after their digests were compared. Only where
several files have parts of one account are lines looked at. A few pages are held at a time.
"""

import os
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import msgspec

from vpcmetactl.domain.errors import InvalidInputError, RefusedError
from vpcmetactl.domain.snapshots import Content, Merger
from vpcmetactl.files.snapshots import lines
from vpcmetactl.files.snapshots.composing import (
    LARGE,
    ReadyPage,
    composing,
    page_shape,
    ready_page,
)
from vpcmetactl.files.snapshots.layout import Page, Section
from vpcmetactl.files.snapshots.overlaps import Settled, joined, settle
from vpcmetactl.files.snapshots.packing import pack
from vpcmetactl.files.snapshots.shards import (
    Claim,
    Shard,
    renumbered,
    sections_asked,
    sections_missed,
)
from vpcmetactl.files.snapshots.stored import Stored, open_stored, read_page
from vpcmetactl.files.snapshots.values import reading_from

# So many pages are made ready at a time.
_WINDOW = 32


def merge_snapshots(
    paths: Sequence[Path], output: Path, tool_version: str, *, newest: bool = False
) -> Merger:
    """Put snapshots together into one file, which is there whole or not at all.

    The same files in any order give the same bytes. What could not be read in one of them stays
    missing. With ``newest``, what was read twice and differs is taken from the later reading.

    Raises InvalidInputError for a file that is no whole snapshot, or is the output; RefusedError
    where two say different things of the same; OutputError.
    """
    if any(_is_same_file(path, output) for path in paths):
        raise InvalidInputError(
            f"{output}: is one of the snapshots to be merged",
            hint="write the result to another file",
        )
    shards, copies = _distinct([Shard.read(path) for path in paths])
    by_account: dict[str | None, list[Shard]] = defaultdict(list)
    for shard in shards:
        for account in shard.accounts:
            by_account[account].append(shard)
    parts = [
        _part(account, by_account[account], newest=newest)
        for account in sorted(by_account, key=lambda account: account or "")
    ]
    shapes = tuple(shape for part in parts for shape in part.shapes)
    header = lines.Header(lines.FORMAT, lines.VERSION, tool_version, shapes)
    page_size = max(shard.index.page_size for shard in shards)
    counts: Counter[Content] = Counter()
    with composing(output, header) as out, ThreadPoolExecutor(os.cpu_count()) as pool:
        with closing(_Maker(page_size, packed=out.packed)) as maker:
            for page in _in_order(maker.pages(parts), pool):
                out.add(page)
                counts[page.shape.content] += page.shape.lines
        out.finish(page_size)
    return Merger(
        readings=[
            (shard.name, reading_from(shape)) for part in parts for shard, shape in part.readings
        ],
        counts=counts,
        copies=copies,
        replaced=[
            (one.shard.name, one.section.words, each.standing[0].shard.name)
            for part in parts
            for each in part.sections
            for one in each.replaced
        ],
    )


def _is_same_file(path: Path, output: Path) -> bool:
    try:
        return path.samefile(output)
    except (OSError, ValueError):
        return False


def _distinct(shards: Sequence[Shard]) -> tuple[Sequence[Shard], Sequence[str]]:
    """Return the shards in an order of their own, each once, and the names of copies."""
    found = {shard.index.digest: shard for shard in reversed(shards)}
    copies = [shard.name for shard in shards if found[shard.index.digest] is not shard]
    return [found[digest] for digest in sorted(found)], copies


@dataclass(frozen=True, slots=True)
class _Part:
    """One account of the new file.

    ``readings`` are those of several files, with the files, in their new order, and ``shapes`` what
    the first line says of them. ``numbers`` are, for each file by its digest, the new numbers of
    its readings; where they stay there are none.
    """

    sections: Sequence[Settled]
    readings: Sequence[tuple[Shard, lines.ReadingShape]]
    shapes: Sequence[lines.ReadingShape]
    numbers: Mapping[str, Sequence[int | None]]


def _part(account: str | None, shards: Sequence[Shard], *, newest: bool) -> _Part:
    """Settle what the files say of an account; raises RefusedError where that cannot be."""
    claims: dict[Section, list[Claim]] = defaultdict(list)
    for shard in shards:
        for claim in shard.claims(account):
            claims[claim.section].append(claim)
    if account is None and len(shards) > 1:
        names = " and ".join(sorted(shard.name for shard in shards)[:2])
        raise RefusedError(
            f"{names} do not name their account: whether it is the same cannot be told",
            hint="nothing was written; leave one of them out",
        )
    in_order = sorted(claims, key=lambda section: section.order)
    settled = [settle(claims[section], newest=newest) for section in in_order]
    found = []
    for shard in shards:
        digest = shard.index.digest
        gone = {
            one.section: each.standing[0]
            for each in settled
            for one in each.fallen
            if one.shard is shard
        }
        for place, shape in enumerate(shard.readings_of(account)):
            if not gone or not gone.keys() >= set(sections_asked(shape)):
                key = (shape.taken_at, msgspec.json.encode(shape), digest, place)
                found.append((key, shard, place, shape, gone))
    found.sort(key=itemgetter(0))
    numbers: dict[str, list[int | None]] = {
        shard.index.digest: [None] * len(shard.readings_of(account)) for shard in shards
    }
    for number, (_, shard, place, *_) in enumerate(found):
        numbers[shard.index.digest][place] = number
    changed = {
        digest: given for digest, given in numbers.items() if given != list(range(len(given)))
    }
    return _Part(
        settled,
        [(shard, _without(shape, gone)) for _, shard, _, shape, gone in found],
        [_with(_without(shape, gone), gone) for *_, shape, gone in found],
        changed,
    )


def _without(shape: lines.ReadingShape, gone: Collection[Section]) -> lines.ReadingShape:
    """Return a reading that says no more that parts are missing which are from another one."""
    incomplete: list[lines.Incomplete] = []
    for part in shape.incomplete:
        sections = sections_missed(shape, part)
        left = [section for section in sections if section not in gone]
        if len(left) == len(sections):
            incomplete.append(part)
        else:
            incomplete += [msgspec.structs.replace(part, server_kind=one.kind) for one in left]
    return msgspec.structs.replace(shape, incomplete=tuple(incomplete))


def _with(shape: lines.ReadingShape, gone: Mapping[Section, Claim]) -> lines.ReadingShape:
    """Return a reading that lacks what those lack that took the place of its parts.

    Else it would seem that it had read them whole, and that there is nothing else there.
    """
    missing = [
        msgspec.structs.replace(part, server_kind=section.kind)
        for section in sections_asked(shape)
        if section in gone
        for reading in gone[section].readings
        for part in reading.incomplete
        if section in sections_missed(reading, part)
    ]
    return msgspec.structs.replace(shape, incomplete=(*shape.incomplete, *missing))


class _Maker:
    """Gives, in their order, what makes each page of the new file; that can be done by threads."""

    def __init__(self, page_size: int, *, packed: bool) -> None:
        self._page_size = page_size
        self._packed = packed
        # Each has a page at least in the making, or had one: the oldest is closed in its turn.
        self._files: deque[Stored] = deque()

    def pages(self, parts: Iterable[_Part]) -> Iterator[Callable[[], ReadyPage]]:
        """Give what makes the pages of the parts."""
        for part in parts:
            # Sections of one file stand together, and it is opened once for all of them.
            for digest, group in groupby(part.sections, key=_only_file):
                sections = list(group)
                if digest is not None:
                    claims = [section.standing[0] for section in sections]
                    yield from self._copies(claims, part.numbers.get(digest))
                    continue
                for section in sections:
                    yield from self._joined(section, part.numbers)

    def close(self) -> None:
        """Close what was opened."""
        while self._files:
            self._files.popleft().close()

    def _copies(
        self, claims: Sequence[Claim], numbers: Sequence[int | None] | None
    ) -> Iterator[Callable[[], ReadyPage]]:
        pages = [page for claim in claims for page in claim.pages]
        if not pages:
            return
        stored = open_stored(claims[0].shard.path)
        self._files.append(stored)
        for page in pages:
            yield partial(_copy, stored, numbers, page, packed=self._packed)
        if len(self._files) > _WINDOW:
            self._files.popleft().close()

    def _joined(
        self, settled: Settled, numbers: Mapping[str, Sequence[int | None]]
    ) -> Iterator[Callable[[], ReadyPage]]:
        """Give pages of the lines of several files."""
        section = settled.standing[0].section
        texts: list[bytes] = []
        first_id, size = "", 0
        for found, claim, line in joined(settled):
            if len(texts) == self._page_size or size >= LARGE:
                yield self._page(section, first_id, texts)
                texts, size = [], 0
            first_id = first_id if texts else found
            given = numbers.get(claim.shard.index.digest)
            texts.append(renumbered(claim.shard.name, line, given) if given else line)
            size += len(line)
        if texts:
            yield self._page(section, first_id, texts)

    def _page(
        self, section: Section, first_id: str, texts: Sequence[bytes]
    ) -> Callable[[], ReadyPage]:
        text, packed = b"".join(texts), self._packed
        return partial(ready_page, section, first_id, len(texts), text, packed=packed)


def _in_order(
    makers: Iterable[Callable[[], ReadyPage]], pool: ThreadPoolExecutor
) -> Iterator[ReadyPage]:
    """Make pages in several threads, a few at a time, and give them in their order."""
    waiting: deque[Future[ReadyPage]] = deque()
    for make in makers:
        waiting.append(pool.submit(make))
        if len(waiting) == _WINDOW:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _only_file(settled: Settled) -> str | None:
    """Return the digest of the one file that a section is from; ``None`` where there are more."""
    return settled.standing[0].shard.index.digest if len(settled.standing) == 1 else None


def _copy(
    stored: Stored, numbers: Sequence[int | None] | None, page: Page, *, packed: bool
) -> ReadyPage:
    text, member = read_page(stored, page)
    if numbers is not None:
        text = renumbered(stored.name, text, numbers, page.line)
        return ready_page(page.section, page.first_id, page.count, text, packed=packed)
    return ReadyPage(page_shape(page), (member or pack(text)) if packed else text)
