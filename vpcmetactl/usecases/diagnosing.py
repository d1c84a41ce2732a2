"""Looking at everything between a user and the cloud: what can be reached, and what may be read.

Nothing is changed, and a thing that fails keeps no other from being looked at unless that needs it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Protocol, TypeVar

from vpcmetactl.domain.diagnosis import Health, Layer, Sight
from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.servers import Region, ServerKind
from vpcmetactl.usecases.bulk import Step, Task, run_tasks
from vpcmetactl.usecases.ports import (
    Caller,
    Clock,
    HostLooker,
    Inventory,
    PageQuery,
    TemplateReader,
    TrustReader,
)

T = TypeVar("T")

# IAM refuses a token that is not valid yet, and what is written down has our times in it.
SKEW = 60.0
SOON = timedelta(minutes=10)

# Which IAM action each read needs (platform notes 4.4), and which command does without it.
_LISTS = {
    ServerKind.INSTANCE: "is.instance.instance.list",
    ServerKind.BARE_METAL_SERVER: "is.bare-metal-server.bare-metal-server.list",
}
# What changes something, with the action that it needs: never tried.
WRITES: Mapping[str, str] = {
    "metadata enable, disable and set, of instances": "is.instance.instance.update",
    "metadata enable, disable and set, of bare metal": (
        "is.bare-metal-server.bare-metal-server.update"
    ),
    "restarts run, of instances": "is.instance.instance.operate and is.instance.instance.update",
    "restarts run, of bare metal": "is.bare-metal-server.bare-metal-server.operate",
    "links create, delete and prune": (
        "iam-identity.profile.update and iam-identity.profile.linkToResource"
    ),
}


class Readable(Inventory, TemplateReader, TrustReader, Protocol):
    """What is read to find out what may be read."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Looks, and tells what it sees as it goes."""

    clock: Clock
    max_workers: int

    def hosts(self, looker: HostLooker, urls: Mapping[str, str]) -> Iterator[Sight]:
        """Reach hosts, by what they are to us."""
        tasks = [partial(self._host, looker, name, url) for name, url in urls.items()]
        found = {sight.name: sight for sight in run_tasks(tasks, self.max_workers)}
        yield from (found[name] for name in urls)

    def caller(self, get: Callable[[], Caller]) -> tuple[Sight, Caller | None]:
        """Get a token, and find out whose it is."""
        found = self._timed(Layer.IDENTITY, "token", get, _caller_words)
        sight, caller = found
        if caller is not None and caller.expires_at is not None:
            left = caller.expires_at - self.clock.now()
            if left < SOON:
                sight = _with_warning(
                    sight,
                    f"it expires in {max(int(left.total_seconds()), 0)} s",
                    "use an API key, from which tokens are made anew",
                )
        return sight, caller

    def regions(self, cloud: Inventory) -> tuple[Sight, Sequence[str] | None]:
        """List the regions there are."""
        found = self._timed(Layer.REGIONS, "regions", cloud.list_regions, _region_words)
        sight, regions = found
        return sight, None if regions is None else [region.name for region in regions]

    def reads(
        self, cloud: Readable, regions: Sequence[str], account_id: str | None
    ) -> Iterator[Sight]:
        """Try every read once in every region, and those of IAM and Global Search once."""
        tasks: list[Task[Sight]] = []
        names = []
        for region in regions:
            for kind, action in _LISTS.items():
                names.append(f"{kind.words}s in {region}")
                query = PageQuery(region, kind)
                tasks.append(self._read(names[-1], action, partial(cloud.list_page, query)))
        for region in regions[:1]:
            names += [f"templates in {region}", f"instance groups in {region}"]
            tasks += [
                self._read(
                    names[-2],
                    "is.instance.instance-template.read",
                    partial(cloud.list_templates, region),
                ),
                self._read(
                    names[-1],
                    "is.instance-group.instance-group.read",
                    partial(cloud.list_groups, region),
                ),
            ]
        names.append("trusted profiles")
        if account_id:
            profiles = partial(cloud.list_profiles, account_id)
            tasks.append(self._read(names[-1], "iam-identity.profile.get", profiles))
        found = {sight.name: sight for sight in run_tasks(tasks, self.max_workers)}
        yield from (found[name] for name in names if name in found)

    def _host(self, looker: HostLooker, name: str, url: str) -> Step[Sight]:
        begun = self.clock.monotonic()
        try:
            seen = looker.look(url)
        except VpcmetactlError as error:
            return Step([_failed(Layer.NETWORK, name, error, self.clock.monotonic() - begun)])
        way = f"through the proxy {seen.proxy}" if seen.proxy else "directly"
        sight = Sight(
            layer=Layer.NETWORK,
            name=name,
            health=Health.OK,
            message=f"{seen.host} reached {way}",
            seconds=seen.seconds + (seen.name_seconds or 0),
        )
        if seen.clock_skew is not None and abs(seen.clock_skew) > SKEW:
            ahead = "ahead" if seen.clock_skew > 0 else "behind"
            sight = _with_warning(
                sight,
                f"this machine's clock is {abs(seen.clock_skew):.0f} s {ahead} of it",
                "set the clock, by NTP for instance: tokens and evidence depend on it",
            )
        return Step([sight])

    def _read(self, name: str, permission: str, read: Callable[[], object]) -> Task[Sight]:
        def task() -> Step[Sight]:
            sight, _ = self._timed(Layer.READS, name, read, lambda _: "may be read", permission)
            return Step([sight])

        return task

    def _timed(
        self,
        layer: Layer,
        name: str,
        get: Callable[[], T],
        words: Callable[[T], str],
        permission: str | None = None,
    ) -> tuple[Sight, T | None]:
        begun = self.clock.monotonic()
        try:
            found = get()
        except VpcmetactlError as error:
            took = self.clock.monotonic() - begun
            return _failed(layer, name, error, took, permission), None
        sight = Sight(
            layer=layer,
            name=name,
            health=Health.OK,
            message=words(found),
            seconds=self.clock.monotonic() - begun,
            permission=permission,
        )
        return sight, found


def writes() -> Iterator[Sight]:
    """Name what is not tried: it would change something."""
    for name, action in WRITES.items():
        yield Sight(
            layer=Layer.WRITES,
            name=name,
            health=Health.NOT_TESTED,
            message=f"needs {action}",
            permission=action,
        )


def failure(layer: Layer, name: str, error: VpcmetactlError) -> Sight:
    """Return the sight of something that is wrong."""
    return _failed(layer, name, error, None)


def _failed(
    layer: Layer,
    name: str,
    error: VpcmetactlError,
    seconds: float | None,
    permission: str | None = None,
) -> Sight:
    return Sight(
        layer=layer,
        name=name,
        health=Health.FAILED,
        message=str(error),
        seconds=seconds,
        code=error.code,
        permission=permission,
        remedy=error.hint,
    )


def _with_warning(sight: Sight, message: str, remedy: str) -> Sight:
    return replace(
        sight, health=Health.WARNING, message=f"{sight.message}; {message}", remedy=remedy
    )


def _caller_words(caller: Caller) -> str:
    return f"{caller.iam_id or 'somebody'} in account {caller.account_id or '(not told)'}"


def _region_words(regions: Sequence[Region]) -> str:
    off = [region.name for region in regions if region.status not in (None, "available")]
    words = f"{len(regions)} regions"
    return f"{words}, not available: {', '.join(off)}" if off else words
