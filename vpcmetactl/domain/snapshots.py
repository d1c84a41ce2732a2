"""What a snapshot tells of itself: whose fleet it holds, when it was read, and what is missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.restarts import AssessedServer, RestartRule
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.templates import InstanceTemplate
from vpcmetactl.domain.trust import ProfileTrust


class Content(StrEnum):
    """What a reading may be about. Servers always come with their restart assessments."""

    SERVERS = "servers"
    PROFILES = "profiles"
    TEMPLATES = "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that could not be read, as a whole or in part, and why.

    ``region`` is ``None`` for trusted profiles, which belong to no region; ``kind`` is ``None`` for
    servers of both kinds, and for what is no server.
    """

    content: Content
    region: str | None
    kind: ServerKind | None
    error: VpcmetactlError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One visit to one account.

    ``account_id`` is ``None`` where the token did not name one. ``taken_at`` is in UTC. ``rule`` is
    what restarts were judged by. ``regions`` and ``kinds`` are those that were asked for, whether
    they could be read or not. ``selection`` has the words by which servers were chosen beyond
    region and kind: where there are any, a server that is missing may just not have been chosen.
    ``is_everywhere`` is false where some regions of the account were left out.
    """

    account_id: str | None
    vpc_endpoint: str
    iam_host: str
    taken_at: datetime
    rule: RestartRule
    regions: tuple[str, ...]
    is_everywhere: bool = True
    kinds: tuple[ServerKind, ...] = tuple(ServerKind)
    selection: tuple[str, ...] = ()
    contents: tuple[Content, ...] = (Content.SERVERS,)
    gaps: tuple[Gap, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every server of the account was asked for."""
        return self.is_everywhere and set(self.kinds) == set(ServerKind) and not self.selection

    def gap_of(
        self, content: Content, region: str | None = None, kind: ServerKind | None = None
    ) -> Gap | None:
        """Return why a part of the account was not read in full; ``None`` where it was."""
        for gap in self.gaps:
            if (gap.content, gap.region) == (content, region) and gap.kind in (None, kind):
                return gap
        return None


def combined(readings: Sequence[Reading]) -> Reading:
    """Return several readings of one account as if they were one, as old as the oldest of them.

    What one of them asked for was asked for. It is whole where one of them is.
    """
    first, *others = readings
    if not others:
        return first
    is_whole = any(one.is_whole for one in readings)
    words = [word for one in readings for word in one.selection]
    return replace(
        first,
        taken_at=min(one.taken_at for one in readings),
        regions=tuple(dict.fromkeys(name for one in readings for name in one.regions)),
        is_everywhere=is_whole,
        kinds=tuple(kind for kind in ServerKind if any(kind in one.kinds for one in readings)),
        selection=() if is_whole else tuple(dict.fromkeys(words)),
        contents=tuple(dict.fromkeys(content for one in readings for content in one.contents)),
        gaps=tuple(gap for one in readings for gap in one.gaps),
    )


class Record(Protocol):
    """A fleet as it was, of one account or of several.

    Everything is given with the account of its reading, and sorted by account.
    """

    @property
    def readings(self) -> Sequence[Reading]:
        """What was read, and what was not."""

    def servers(self) -> Iterator[tuple[str | None, AssessedServer]]:
        """Give every server, within its account by region, kind and id."""

    def profiles(self) -> Iterator[tuple[str | None, ProfileTrust]]:
        """Give every trusted profile, within its account by id."""

    def templates(self) -> Iterator[tuple[str | None, InstanceTemplate]]:
        """Give every instance template, within its account by region and id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merger:
    """What came of putting snapshots together.

    ``readings`` are those of the new file, each with the name of the file that it is from.
    ``counts`` is how many things of each content there are. ``copies`` are files that were left
    out because another one is the same. ``replaced`` says, for each part of a file that was left
    out because it was read again later, which file it was in, what it is, and which file has it.
    """

    readings: Sequence[tuple[str, Reading]]
    counts: Mapping[Content, int]
    copies: Sequence[str]
    replaced: Sequence[tuple[str, str, str]]
