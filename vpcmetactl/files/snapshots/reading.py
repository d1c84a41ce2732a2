"""Reading a snapshot: page by page, so that a fleet of any size needs little memory."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from vpcmetactl.domain.errors import InvalidInputError, VpcmetactlError
from vpcmetactl.domain.restarts import AssessedServer, RestartAssessment
from vpcmetactl.domain.servers import BareMetalServer, Instance, Reference, Server, ServerKind
from vpcmetactl.domain.snapshots import Content, Reading
from vpcmetactl.domain.templates import InstanceTemplate
from vpcmetactl.domain.trust import (
    ClaimRule,
    ProfileIdentity,
    ProfileLink,
    ProfileTrust,
    TrustedProfile,
)
from vpcmetactl.files.snapshots import lines
from vpcmetactl.files.snapshots.checking import check_pages, read_index
from vpcmetactl.files.snapshots.layout import NOT_DECODED, Index, Page, Section, refuse
from vpcmetactl.files.snapshots.stored import GZIP, Stored, open_stored, read_page
from vpcmetactl.files.snapshots.values import TRUST_PARTS, error_from, restart_from

T = TypeVar("T")

# As many bytes of a file tell what it is.
_BEGINNING = 200
# A page is listed while the one before is judged.
_PAGES_KEPT = 3


class _Verdict(msgspec.Struct, gc=False):
    id: str
    restart: lines.Restart


class _Network(msgspec.Struct, gc=False):
    vpc: Reference | None = None


class _Trust(msgspec.Struct):
    links: tuple[ProfileLink, ...]
    rules: tuple[ClaimRule, ...]
    identities: tuple[ProfileIdentity, ...]
    errors: lines.ProfileErrors


# Lines have the domain's own fields, and are decoded straight into its classes.
_SERVERS: Mapping[ServerKind, msgspec.json.Decoder[Server]] = {
    ServerKind.INSTANCE: msgspec.json.Decoder(Instance),
    ServerKind.BARE_METAL_SERVER: msgspec.json.Decoder(BareMetalServer),
}
_VERDICT = msgspec.json.Decoder(_Verdict)
_NETWORK = msgspec.json.Decoder(_Network)
_PROFILE = msgspec.json.Decoder(TrustedProfile)
_TRUST = msgspec.json.Decoder(_Trust)
_TEMPLATE = msgspec.json.Decoder(InstanceTemplate)


def looks_like_snapshot(path: Path) -> bool:
    """Whether a file is compressed or begins as a snapshot does; raises InvalidInputError."""
    try:
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInputError(f"{path}: {reason}", hint="check the file's name") from None
    return beginning.startswith(GZIP) or b'"kind":"snapshot"' in beginning


def open_snapshot(path: Path, *, at_once: bool = True) -> "Snapshot":
    """Return what a file holds, gzipped or not.

    Raises InvalidInputError, naming the file and the line, where it cannot be read, is truncated
    or damaged, is no snapshot, or is of a newer format. Every page is read once to find that out,
    unless ``at_once`` is false: then it is found out of each when it is needed.
    """
    with ExitStack() as stack:
        stored = open_stored(path)
        stack.callback(stored.close)
        index = read_index(stored)
        if at_once:
            check_pages(stored, index.pages)
        stack.pop_all()
    return Snapshot(stored, index)


class Snapshot:
    """An open snapshot: a ``Record`` of a fleet. Calls may come from any thread.

    Pages are read when they are asked for. Should the file be changed meanwhile, InvalidInputError
    is raised by whatever needs what was changed.
    """

    def __init__(self, stored: Stored, index: Index) -> None:
        self.name = stored.name
        self.page_size = index.page_size
        self._stored = stored
        self._index = index
        # A page is decoded twice, for its servers and for their verdicts.
        self._text = lru_cache(_PAGES_KEPT)(lambda page: read_page(stored, page)[0])
        self._sections: dict[Section, list[Page]] = defaultdict(list)
        for page in index.pages:
            self._sections[page.section].append(page)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def readings(self) -> Sequence[Reading]:
        """What was read, and what was not."""
        return self._index.readings

    @property
    def tool_version(self) -> str:
        """The version of the program that wrote the file."""
        return self._index.tool_version

    @property
    def digest(self) -> str:
        """The digest in the last line, which tells the file from every other."""
        return self._index.digest

    def servers(self) -> Iterator[tuple[str | None, AssessedServer]]:
        """Give every server, sorted by account, region, kind and id."""
        for page in self._index.pages:
            if page.section.content is Content.SERVERS:
                restarts = self.restarts_on(page)
                for server in self.servers_on(page):
                    assessed = AssessedServer(server, restarts[server.id])
                    yield page.section.account_id, assessed

    def profiles(self) -> Iterator[tuple[str | None, ProfileTrust]]:
        """Give every trusted profile, sorted by account and id."""
        for page in self._index.pages:
            if page.section.content is Content.PROFILES:
                for trust in self.profiles_on(page):
                    yield page.section.account_id, trust

    def templates(self) -> Iterator[tuple[str | None, InstanceTemplate]]:
        """Give every instance template, sorted by account, region and id."""
        for page in self._index.pages:
            if page.section.content is Content.TEMPLATES:
                for template in self.templates_on(page):
                    yield page.section.account_id, template

    def pages(self, section: Section) -> Sequence[Page]:
        """Return the pages of a section, in order of their ids; none where it is empty."""
        return self._sections.get(section, ())

    def page_of(self, section: Section, item_id: str) -> Page | None:
        """Return the page that an id is on, if it is anywhere in the section."""
        pages = self.pages(section)
        position = bisect_right(pages, item_id, key=lambda page: page.first_id)
        return pages[position - 1] if position else None

    def servers_on(self, page: Page) -> Sequence[Server]:
        """Return the servers on a page."""
        kind = page.section.kind
        if kind is None:
            raise ValueError("a page of something else has no servers")
        servers = self._decode(page, _SERVERS[kind])
        self._demand_order(page, [server.id for server in servers])
        region = page.section.region
        for line, server in enumerate(servers, page.line):
            if server.region != region:
                refuse(self.name, f"{server.id} is not in its place", line)
        return servers

    def restarts_on(self, page: Page) -> Mapping[str, RestartAssessment]:
        """Return how the servers on a page were judged, by their ids."""
        return {one.id: restart_from(one.restart, one.id) for one in self._decode(page, _VERDICT)}

    def vpcs_on(self, page: Page) -> Iterable[Reference]:
        """Return the VPCs that servers on a page are in, one for each."""
        return (one.vpc for one in self._decode(page, _NETWORK) if one.vpc is not None)

    def profiles_on(self, page: Page) -> Iterator[ProfileTrust]:
        """Give the trusted profiles on a page."""
        profiles, trusts = self._decode(page, _PROFILE), self._decode(page, _TRUST)
        self._demand_order(page, [profile.id for profile in profiles])
        for profile, trust in zip(profiles, trusts, strict=True):
            yield ProfileTrust(
                profile=profile,
                links=trust.links,
                rules=trust.rules,
                identities=trust.identities,
                errors=_errors(trust.errors),
            )

    def templates_on(self, page: Page) -> Sequence[InstanceTemplate]:
        """Return the instance templates on a page."""
        templates = self._decode(page, _TEMPLATE)
        self._demand_order(page, [template.id for template in templates])
        return templates

    def close(self) -> None:
        """Let go of the file."""
        self._stored.close()

    def _decode(self, page: Page, decoder: msgspec.json.Decoder[T]) -> Sequence[T]:
        text = self._text(page)
        try:
            found = decoder.decode_lines(text)
        except NOT_DECODED as error:
            for number, line in enumerate(text.split(b"\n")[:-1], page.line):
                try:
                    decoder.decode(line)
                except NOT_DECODED as cause:
                    refuse(self.name, str(cause), number)
            refuse(self.name, str(error), page.line)
        if len(found) != page.count:
            refuse(
                self.name, f"it has {page.count} lines from here on that are not there", page.line
            )
        return found

    def _demand_order(self, page: Page, ids: Sequence[str]) -> None:
        """Refuse a page that is not sorted, or does not begin as it should."""
        if ids[:1] != [page.first_id] or any(one >= other for one, other in pairwise(ids)):
            refuse(self.name, "the lines from here on are not sorted by id", page.line)


def _errors(shape: lines.ProfileErrors) -> dict[str, VpcmetactlError]:
    failures = {part: getattr(shape, part) for part in TRUST_PARTS}
    return {part: error_from(failure, None) for part, failure in failures.items() if failure}
