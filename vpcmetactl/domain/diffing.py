"""What became of a fleet between two snapshots of it.

What was not read in one of them is never told as gone or new: that it is missing proves nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from vpcmetactl.domain.diff_fields import (
    FieldDifference,
    profile_differences,
    server_differences,
    template_differences,
)
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.servers import Server, ServerKind
from vpcmetactl.domain.snapshots import Content, Reading, Record
from vpcmetactl.domain.templates import InstanceTemplate
from vpcmetactl.domain.trust import ProfileTrust, server_of_crn, server_of_link

T = TypeVar("T")


class Change(StrEnum):
    """What became of something."""

    APPEARED = "appeared"
    GONE = "gone"
    CHANGED = "changed"


class Obstacle(StrEnum):
    """Why it cannot be told whether something that is missing in a snapshot was there.

    ``unread``: its part could not be read. ``not_asked``: nobody asked for its account, its region
    or its kind. ``selected``: only chosen servers were read.
    """

    UNREAD = "unread"
    NOT_ASKED = "not_asked"
    SELECTED = "selected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that is not as it was.

    ``kind`` is the server's, ``trusted_profile`` or ``instance_template``; ``region`` is ``None``
    for trusted profiles. CRN and name are the later ones. ``fields`` is empty unless it changed.
    """

    change: Change
    content: Content
    kind: str
    id: str
    crn: str | None
    name: str | None
    account_id: str | None
    region: str | None
    fields: tuple[FieldDifference, ...] = ()


@dataclass(slots=True)
class DiffSummary:
    """How many things there were of each content.

    ``compared`` were in both snapshots; those that did not change are all but ``changed``.
    ``not_comparable`` were in one, and may or may not have been there when the other was taken.
    ``parts_unread`` counts the links, claim rules and identities of profiles in both snapshots
    that could not be read in one: they were not compared.
    """

    compared: Counter[Content] = field(default_factory=Counter)
    changes: Counter[tuple[Content, Change]] = field(default_factory=Counter)
    not_comparable: Counter[tuple[Content, Obstacle]] = field(default_factory=Counter)
    parts_unread: int = 0


class SnapshotDiff:
    """Iterates, once, over what differs: servers, then trusted profiles, then templates.

    Each of them by account, region, kind and id, as far as it has them. After the last one
    ``summary`` is complete. Both records are read once in their order, so that memory does not
    grow with the number of servers.
    """

    def __init__(self, before: Record, after: Record) -> None:
        self.summary = DiffSummary()
        self._before = before
        self._after = after
        self._scopes = (_Scope(before.readings), _Scope(after.readings))

    def __iter__(self) -> Iterator[Difference]:
        before, after = self._before, self._after
        trusting = _Trusting(before, after, self._scopes)

        def compare_servers(
            account: str | None, old: AssessedServer, new: AssessedServer
        ) -> tuple[FieldDifference, ...]:
            return server_differences(old, new, *trusting.of(account, new.server))

        yield from self._compare(before.servers(), after.servers(), _of_server, compare_servers)
        yield from self._compare(
            before.profiles(), after.profiles(), _of_profile, self._compare_profiles
        )
        yield from self._compare(
            before.templates(),
            after.templates(),
            _of_template,
            lambda _, old, new: template_differences(old, new),
        )

    def _compare(
        self,
        before: Iterator[tuple[str | None, T]],
        after: Iterator[tuple[str | None, T]],
        describe: Callable[[T], "_Subject"],
        compare: Callable[[str | None, T, T], tuple[FieldDifference, ...]],
    ) -> Iterator[Difference]:
        for account, old, new in _join(before, after, describe):
            if old is not None and new is not None:
                subject, fields = describe(new), compare(account, old, new)
                self.summary.compared[subject.content] += 1
                change = Change.CHANGED if fields else None
            else:
                subject, fields = _present(describe, old, new), ()
                change = self._presence(account, subject, Change.APPEARED if new else Change.GONE)
            if change is not None:
                self.summary.changes[subject.content, change] += 1
                yield Difference(
                    change=change,
                    content=subject.content,
                    kind=subject.kind,
                    id=subject.id,
                    crn=subject.crn,
                    name=subject.name,
                    account_id=account,
                    region=subject.region,
                    fields=fields,
                )

    def _presence(self, account: str | None, subject: "_Subject", change: Change) -> Change | None:
        """Return the change if the snapshot without the subject would have had it; else count."""
        scope = self._scopes[change is Change.GONE]
        obstacle = scope.obstacle(
            _Place(subject.content, account, subject.region, subject.server_kind)
        )
        if obstacle is None:
            return change
        self.summary.not_comparable[subject.content, obstacle] += 1
        return None

    def _compare_profiles(
        self, _account: str | None, old: ProfileTrust, new: ProfileTrust
    ) -> tuple[FieldDifference, ...]:
        self.summary.parts_unread += len({*old.errors, *new.errors})
        return profile_differences(old, new)


@dataclass(slots=True)
class _Subject:
    """What a difference tells of the thing that differs."""

    content: Content
    kind: str
    id: str
    crn: str | None
    name: str | None
    region: str | None = None
    server_kind: ServerKind | None = None

    @property
    def order(self) -> tuple[str, ...]:
        """What it is sorted by within its account."""
        return (self.region or "", self.server_kind or "", self.id)


def _of_server(assessed: AssessedServer) -> _Subject:
    one = assessed.server
    kind = one.kind
    return _Subject(Content.SERVERS, kind.value, one.id, one.crn, one.name, one.region, kind)


def _of_profile(trust: ProfileTrust) -> _Subject:
    one = trust.profile
    return _Subject(Content.PROFILES, "trusted_profile", one.id, one.crn, one.name)


def _of_template(one: InstanceTemplate) -> _Subject:
    return _Subject(Content.TEMPLATES, "instance_template", one.id, one.crn, one.name, one.region)


@dataclass(frozen=True, slots=True)
class _Place:
    content: Content
    account_id: str | None
    region: str | None
    kind: ServerKind | None


class _Scope:
    """What a snapshot would hold, if it were there."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = readings
        self._known: dict[_Place, Obstacle | None] = {}

    def obstacle(self, place: _Place) -> Obstacle | None:
        """Return why something missing may have been there; ``None`` where it was not."""
        if place not in self._known:
            self._known[place] = self._find(place)
        return self._known[place]

    def _find(self, place: _Place) -> Obstacle | None:
        asked = [
            reading
            for reading in self._readings
            if reading.account_id == place.account_id
            and place.content in reading.contents
            and (place.region is None or place.region in reading.regions)
            and (place.kind is None or place.kind in reading.kinds)
        ]
        if not asked:
            return Obstacle.NOT_ASKED
        read = [one for one in asked if one.gap_of(place.content, place.region, place.kind) is None]
        if not read:
            return Obstacle.UNREAD
        if place.content is Content.SERVERS and all(one.selection for one in read):
            return Obstacle.SELECTED
        return None


_ServerName = tuple[str | None, ServerKind, str]
_NONE: frozenset[str] = frozenset()


class _Trusting:
    """Which profiles name a server in a link or an identity, before and after.

    Profiles whose links or identities could not be read in one snapshot are left out of both, and
    so are all of an account where the profiles were not read in both.
    """

    def __init__(self, before: Record, after: Record, scopes: Iterable[_Scope]) -> None:
        self._scopes = tuple(scopes)
        opaque: dict[str | None, set[str]] = defaultdict(set)
        self._labels: dict[str, str] = {}
        self._sides = (self._named(before, opaque), self._named(after, opaque))
        for side in self._sides:
            for (account, _, _), profiles in side.items():
                profiles.difference_update(opaque[account])

    def of(self, account: str | None, server: Server) -> tuple[frozenset[str], frozenset[str]]:
        """Return the profiles' names, before and after; none where they do not compare."""
        before, after = (side.get((account, server.kind, server.id), _NONE) for side in self._sides)
        if before == after:
            return _NONE, _NONE
        place = _Place(Content.PROFILES, account, None, None)
        if any(scope.obstacle(place) is not None for scope in self._scopes):
            return _NONE, _NONE
        gone, new = before - after, after - before
        return frozenset(map(self._label, gone)), frozenset(map(self._label, new))

    def _label(self, profile_id: str) -> str:
        return self._labels[profile_id]

    def _named(
        self, record: Record, opaque: Mapping[str | None, set[str]]
    ) -> Mapping[_ServerName, set[str]]:
        """Return the profiles that name a server; add to ``opaque`` those not read whole."""
        found: dict[_ServerName, set[str]] = defaultdict(set)
        for account, trust in record.profiles():
            profile = trust.profile
            self._labels[profile.id] = profile.name or profile.id
            if "links" in trust.errors or "identities" in trust.errors:
                opaque[account].add(profile.id)
            named = [server_of_link(link) for link in trust.links]
            named += [server_of_crn(identity.identifier) for identity in trust.identities]
            for server in named:
                if server is not None:
                    found[account, server.kind, server.id].add(profile.id)
        return found


def _join(
    before: Iterator[tuple[str | None, T]],
    after: Iterator[tuple[str | None, T]],
    describe: Callable[[T], _Subject],
) -> Iterator[tuple[str | None, T | None, T | None]]:
    """Pair what is the same thing in both; both are sorted."""

    def take(items: Iterator[tuple[str | None, T]]) -> tuple[tuple[str, ...], str | None, T] | None:
        item = next(items, None)
        if item is None:
            return None
        account, thing = item
        return (account or "", *describe(thing).order), account, thing

    old, new = take(before), take(after)
    while old is not None or new is not None:
        if new is None or (old is not None and old[0] < new[0]):
            if old is not None:
                yield old[1], old[2], None
            old = take(before)
        elif old is None or new[0] < old[0]:
            yield new[1], None, new[2]
            new = take(after)
        else:
            yield new[1], old[2], new[2]
            old, new = take(before), take(after)


def _present(describe: Callable[[T], _Subject], old: T | None, new: T | None) -> _Subject:
    """Describe the one of the two that there is."""
    if new is not None:
        return describe(new)
    if old is not None:
        return describe(old)
    raise ValueError("there is neither")
