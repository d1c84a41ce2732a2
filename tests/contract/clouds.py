"""The same servers twice: in memory, and behind SDK, HTTP and emulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Protocol

from tests.support.clock import ManualClock as OurManualClock
from tests.support.clock import RealClock
from tests.support.fake_cloud import InMemoryCloud
from tests.support.gateways import a_connection, a_gateway
from vpcmetactl.domain.servers import Instance, Server, ServerKind
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.server import EmulatorServer
from vpcmetactl.ibmcloud.connection import ApiKey
from vpcmetactl.ibmcloud.gateway import CloudGateway
from vpcmetactl.usecases.ports import (
    Inventory,
    LinkWriter,
    MetadataWriter,
    PageQuery,
    PowerSwitch,
    PreflightReader,
    TemplateBodyReader,
    TemplateReader,
    TrustReader,
)


class Cloud(
    Inventory,
    MetadataWriter,
    PreflightReader,
    PowerSwitch,
    TemplateReader,
    TemplateBodyReader,
    TrustReader,
    LinkWriter,
    Protocol,
):
    """What both implementations are."""


@dataclass(frozen=True)
class Subject:
    """A cloud to test, the servers that it holds, by name, and its time, in seconds to let pass."""

    cloud: Cloud
    servers: dict[str, Server]
    let_pass: Callable[[float], None]

    def __getitem__(self, name: str) -> Server:
        return self.servers[name]


@contextmanager
def over_http(scenario: str) -> Iterator[Subject]:
    """Serve a scenario from the emulator and reach it through IBM's SDK."""
    clock = ManualClock()
    with _serving(scenario, clock) as gateway:
        yield Subject(
            gateway,
            _servers(scenario),
            lambda seconds: _advance(clock, seconds),
        )


def _advance(clock: ManualClock, seconds: float) -> None:
    clock.advance(timedelta(seconds=seconds))


@contextmanager
def in_memory(scenario: str) -> Iterator[Subject]:
    """Hold the servers of a scenario in memory."""
    servers = _servers(scenario)
    with _serving(scenario) as gateway:
        regions, caller = gateway.list_regions(), gateway.get_caller()
    clock = OurManualClock()
    cloud = InMemoryCloud(servers.values(), regions=regions, caller=caller, clock=clock)
    if scenario == "demo":
        copied = _surroundings(scenario)
        cloud.allowed_use.update(copied.allowed_use)
        cloud.group_metadata.update(copied.group_metadata)
        cloud.tags.update(copied.tags)
    if scenario == "trusted-fleet":
        _copy_trust(scenario, cloud)
    if scenario == "mixed-fleet":
        _copy_templates(scenario, cloud)
    yield Subject(cloud, servers, clock.advance)


@cache
def _surroundings(scenario: str) -> InMemoryCloud:
    """Return a cloud that holds what is said of boot volumes, instance groups and tags."""
    copy = InMemoryCloud()
    with _serving(scenario) as gateway:
        account_id = gateway.get_caller().account_id
        for tagged in gateway.search_tags(account_id, tuple(ServerKind)):
            copy.tags[tagged.crn.text] = tagged.tags
        for server in _servers(scenario).values():
            boot = server.boot_volume if isinstance(server, Instance) else None
            group = server.instance_group if isinstance(server, Instance) else None
            if boot is not None and boot.id is not None:
                copy.allowed_use[boot.id] = gateway.get_allowed_use(server.region, boot.id)
            if group is not None and group.id is not None:
                found = gateway.get_group_metadata(server.region, group.id)
                copy.group_metadata[group.id] = found
    return copy


def _copy_templates(scenario: str, copy: InMemoryCloud) -> None:
    with _serving(scenario) as gateway:
        for region in copy.regions:
            groups = gateway.list_groups(region.name)
            for template in gateway.list_templates(region.name):
                using = tuple(groups.get(template.id, ()))
                copy.templates.append(replace(template, groups=using))
                body = gateway.get_template_body(region.name, template.id)
                copy.template_bodies[template.id] = body


def _copy_trust(scenario: str, copy: InMemoryCloud) -> None:
    with _serving(scenario) as gateway:
        account_id = gateway.get_caller().account_id or ""
        for profile in gateway.list_profiles(account_id):
            copy.add_profile(
                profile,
                links=gateway.list_links(profile.id),
                rules=gateway.list_rules(profile.id),
                identities=gateway.list_identities(profile.id),
            )
        copy.limits.extend(gateway.list_limits(account_id))
        for server in _servers(scenario).values():
            found = gateway.get_default_profile(server.region, server.kind, server.id)
            if found is not None:
                copy.default_profiles[server.id] = found


@contextmanager
def _serving(scenario: str, clock: ManualClock | None = None) -> Iterator[CloudGateway]:
    # With a clock that stands still a scenario is the same each time.
    world = build_world(scenario, clock=clock or ManualClock())
    with EmulatorServer(Emulator(world)) as server:
        connection = a_connection(server.url, credentials=ApiKey(world.api_key), timeout=10)
        with a_gateway(connection, RealClock()) as gateway:
            yield gateway


@cache
def _servers(scenario: str) -> dict[str, Server]:
    with _serving(scenario) as gateway:
        return {server.name or server.id: server for server in _all(gateway)}


def _all(cloud: Cloud) -> Iterator[Server]:
    for region in cloud.list_regions():
        for kind in ServerKind:
            start: str | None = None
            while True:
                page = cloud.list_page(PageQuery(region.name, kind, start=start))
                yield from page.servers
                start = page.next_start
                if start is None:
                    break


def without_etag(server: Server) -> Server:
    """Return a server as lists tell it."""
    return replace(server, etag=None) if isinstance(server, Instance) else server
