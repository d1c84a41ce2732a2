"""What every cloud does, in memory as over HTTP: use cases may be tested on either."""

import threading
from dataclasses import replace

import pytest

from tests.contract.clouds import Subject, without_etag
from vpcmetactl.domain.errors import (
    BadRequestError,
    NotFoundError,
    PreconditionFailedError,
    VpcmetactlError,
)
from vpcmetactl.domain.plans import MetadataServicePatch
from vpcmetactl.domain.selection import ApiFilters
from vpcmetactl.domain.servers import (
    Instance,
    MetadataService,
    Protocol,
    Server,
    ServerKind,
)
from vpcmetactl.usecases.ports import PageQuery

INSTANCE, METAL = ServerKind.INSTANCE, ServerKind.BARE_METAL_SERVER


def test_the_caller_owns_the_servers(demo: Subject) -> None:
    assert demo["web-1"].account_id == demo.cloud.get_caller().account_id


def test_regions_have_a_name_and_a_status(demo: Subject) -> None:
    regions = {region.name: region.status for region in demo.cloud.list_regions()}
    assert {server.region for server in demo.servers.values()} <= regions.keys()
    assert set(regions.values()) == {"available"}


@pytest.mark.parametrize("kind", ServerKind)
@pytest.mark.parametrize("region", ["us-south", "eu-de", "br-sao"])
def test_a_page_holds_the_servers_of_its_region_and_kind(
    demo: Subject, region: str, kind: ServerKind
) -> None:
    page = demo.cloud.list_page(PageQuery(region, kind))
    expected = _of(demo, region, kind)
    assert sorted(page.servers, key=lambda server: server.id) == expected
    assert (page.total_count, page.limit, page.next_start) == (len(expected), 100, None)
    assert page.query == PageQuery(region, kind)
    assert list(page.unreadable) == []


def test_pages_follow_each_other_until_everything_was_seen_once(crowd: Subject) -> None:
    seen: list[str] = []
    sizes: list[int] = []
    start: str | None = None
    while not sizes or start is not None:
        page = crowd.cloud.list_page(PageQuery("us-south", INSTANCE, start=start))
        assert page.total_count == 250
        sizes.append(len(page.servers))
        seen += [server.id for server in page.servers]
        start = page.next_start
    assert sizes == [100, 100, 50]
    assert sorted(seen) == sorted(server.id for server in crowd.servers.values())


def test_filters_hold_on_every_page(crowd: Subject) -> None:
    vpc = next(iter(crowd.servers.values())).vpc
    assert vpc is not None
    page = crowd.cloud.list_page(PageQuery("us-south", INSTANCE, ApiFilters(vpc_id=vpc.id)))
    assert page.total_count == len(page.servers) == 25
    assert {server.vpc for server in page.servers} == {vpc}


@pytest.mark.parametrize("field", ["name", "vpc_id", "vpc_name", "vpc_crn", "resource_group_id"])
def test_each_filter_selects_what_has_its_value(demo: Subject, field: str) -> None:
    value = _filter_values(demo["cache-1"])[field]
    page = demo.cloud.list_page(PageQuery("us-south", INSTANCE, ApiFilters(**{field: value})))
    expected = [
        server
        for server in _of(demo, "us-south", INSTANCE)
        if _filter_values(server)[field] == value
    ]
    assert sorted(page.servers, key=lambda server: server.id) == expected
    assert 0 < len(expected) < 16
    assert page.total_count == len(expected)


def test_filters_are_exact_and_all_of_them_must_hold(demo: Subject) -> None:
    for filters in (
        ApiFilters(name="web"),
        ApiFilters(name="WEB-1"),
        ApiFilters(name="web-1", vpc_name="lab"),
    ):
        page = demo.cloud.list_page(PageQuery("us-south", INSTANCE, filters))
        assert (list(page.servers), page.total_count) == ([], 0)


def test_the_vpcs_of_a_region_are_those_its_servers_are_in(demo: Subject) -> None:
    listed = {vpc.id: vpc.name for vpc in demo.cloud.list_vpcs("us-south")}
    used = {vpc.id: vpc.name for server in _of(demo, "us-south", INSTANCE) if (vpc := server.vpc)}
    assert listed == used


@pytest.mark.parametrize("name", ["web-1", "metal-1"])
def test_reading_one_server_tells_what_the_list_told(demo: Subject, name: str) -> None:
    listed = demo[name]
    found = _read(demo, name)
    assert without_etag(found) == listed


def test_instances_have_an_etag_that_stays_while_they_do_and_bare_metal_servers_none(
    demo: Subject,
) -> None:
    first, second = _read(demo, "web-1"), _read(demo, "web-1")
    assert isinstance(first, Instance)
    assert isinstance(second, Instance)
    assert first.etag is not None
    assert first.etag == second.etag
    assert not hasattr(_read(demo, "metal-1"), "etag")


def test_what_is_not_there_is_not_found_in_the_region_that_was_asked(demo: Subject) -> None:
    web, metal = demo["web-1"].id, demo["metal-1"].id
    for region, kind, server_id in (
        ("us-south", INSTANCE, "0717_00000000-0000-0000-0000-000000000000"),
        ("us-south", INSTANCE, metal),
        ("us-south", METAL, web),
        ("eu-de", INSTANCE, web),
    ):
        with pytest.raises(NotFoundError) as caught:
            demo.cloud.get_server(region, kind, server_id)
        assert (caught.value.region, caught.value.status) == (region, 404)


@pytest.mark.parametrize("name", ["web-1", "metal-1"])
@pytest.mark.parametrize(
    "patch",
    [
        MetadataServicePatch(enabled=True),
        MetadataServicePatch(enabled=False),
        MetadataServicePatch(protocol=Protocol.HTTPS),
        MetadataServicePatch(enabled=True, protocol=Protocol.HTTP),
    ],
    ids=repr,
)
def test_a_change_sets_the_fields_given_and_no_other(
    demo: Subject, name: str, patch: MetadataServicePatch
) -> None:
    before = _read(demo, name)
    answered = demo.cloud.update_metadata(before, patch)
    metadata = before.metadata
    expected = MetadataService(
        enabled=metadata.enabled if patch.enabled is None else patch.enabled,
        protocol=metadata.protocol if patch.protocol is None else patch.protocol.value,
        response_hop_limit=metadata.response_hop_limit,
    )
    assert without_etag(answered) == replace(without_etag(before), metadata_service=expected)
    assert _read(demo, name) == answered


def test_the_hop_limit_of_an_instance_can_be_set(demo: Subject) -> None:
    for hops in (1, 64):
        answered = demo.cloud.update_metadata(
            _read(demo, "web-1"), MetadataServicePatch(response_hop_limit=hops)
        )
        assert answered.metadata.response_hop_limit == hops


def test_two_changes_add_up(demo: Subject) -> None:
    demo.cloud.update_metadata(_read(demo, "web-1"), MetadataServicePatch(enabled=True))
    demo.cloud.update_metadata(_read(demo, "web-1"), MetadataServicePatch(response_hop_limit=3))
    assert _read(demo, "web-1").metadata_service == MetadataService(
        enabled=True, protocol="http", response_hop_limit=3
    )


def test_a_change_to_an_instance_that_changed_since_it_was_read_is_not_made(
    demo: Subject,
) -> None:
    as_read = _read(demo, "web-1")
    current = demo.cloud.update_metadata(as_read, MetadataServicePatch(enabled=True))
    with pytest.raises(PreconditionFailedError) as caught:
        demo.cloud.update_metadata(as_read, MetadataServicePatch(enabled=False))
    assert caught.value.status == 412
    assert _read(demo, "web-1") == current


def test_a_change_without_an_etag_is_made_in_any_case(demo: Subject) -> None:
    as_read = _read(demo, "web-1")
    demo.cloud.update_metadata(as_read, MetadataServicePatch(enabled=True))
    demo.cloud.update_metadata(without_etag(as_read), MetadataServicePatch(enabled=False))
    assert _read(demo, "web-1").metadata.enabled is False


@pytest.mark.parametrize(
    ("name", "hops"), [("web-1", 0), ("web-1", 65), ("web-1", -1), ("metal-1", 1)]
)
def test_a_hop_limit_that_cannot_be_is_refused_and_changes_nothing(
    demo: Subject, name: str, hops: int
) -> None:
    before = _read(demo, name)
    with pytest.raises(BadRequestError) as caught:
        demo.cloud.update_metadata(before, MetadataServicePatch(response_hop_limit=hops))
    assert caught.value.status == 400
    assert _read(demo, name) == before


def test_a_server_that_is_gone_cannot_be_changed(demo: Subject) -> None:
    gone = replace(demo["web-1"], id="0717_00000000-0000-0000-0000-000000000000")
    with pytest.raises(NotFoundError):
        demo.cloud.update_metadata(gone, MetadataServicePatch(enabled=True))


def test_a_region_that_does_not_exist_is_an_error(demo: Subject) -> None:
    with pytest.raises(VpcmetactlError):
        demo.cloud.list_page(PageQuery("atlantis", INSTANCE))


def test_calls_from_many_threads_do_not_mix_up_their_answers(demo: Subject) -> None:
    answers: dict[str, Server] = {}

    def change(server: Server, hops: int) -> None:
        patch = MetadataServicePatch(enabled=True, response_hop_limit=hops)
        current = demo.cloud.get_server(server.region, server.kind, server.id)
        answers[server.id] = demo.cloud.update_metadata(current, patch)

    servers = [server for server in demo.servers.values() if (server.name or "")[:3] == "web"]
    hops = {server.id: 2 + number for number, server in enumerate(servers)}
    threads = [threading.Thread(target=change, args=[s, hops[s.id]]) for s in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key: answer.metadata.response_hop_limit for key, answer in answers.items()} == hops
    assert {key: answer.id for key, answer in answers.items()} == {key: key for key in hops}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web-1", "true"),
        ("db-1", "metadata_service.enabled == true && metadata_service.protocol == 'https'"),
    ],
)
def test_a_boot_volume_tells_what_it_may_be_used_for(
    demo: Subject, name: str, expected: str
) -> None:
    assert demo.cloud.get_allowed_use("us-south", _boot_volume(demo, name)) == expected


def test_a_group_tells_what_its_template_says_and_no_more(demo: Subject) -> None:
    found = demo.cloud.get_group_metadata("us-south", _group(demo, "worker-1"))
    assert found == MetadataService(enabled=True)


def test_volumes_and_groups_are_found_in_their_own_region_only(demo: Subject) -> None:
    volume, group = _boot_volume(demo, "web-1"), _group(demo, "worker-1")
    for region, wanted in (("eu-de", volume), ("us-south", "r006-none")):
        with pytest.raises(NotFoundError) as caught:
            demo.cloud.get_allowed_use(region, wanted)
        assert (caught.value.region, caught.value.status) == (region, 404)
    for region, wanted in (("eu-de", group), ("us-south", "r006-none")):
        with pytest.raises(NotFoundError) as caught:
            demo.cloud.get_group_metadata(region, wanted)
        assert (caught.value.region, caught.value.status) == (region, 404)


def _boot_volume(subject: Subject, name: str) -> str:
    server = subject[name]
    assert isinstance(server, Instance)
    assert server.boot_volume is not None
    return server.boot_volume.id or ""


def _group(subject: Subject, name: str) -> str:
    server = subject[name]
    assert isinstance(server, Instance)
    assert server.instance_group is not None
    return server.instance_group.id or ""


def _of(subject: Subject, region: str, kind: ServerKind) -> list[Server]:
    found = [s for s in subject.servers.values() if (s.region, s.kind) == (region, kind)]
    return sorted(found, key=lambda server: server.id)


def _read(subject: Subject, name: str) -> Server:
    server = subject[name]
    return subject.cloud.get_server(server.region, server.kind, server.id)


def _filter_values(server: Server) -> dict[str, str | None]:
    vpc, group = server.vpc, server.resource_group
    assert vpc is not None
    assert group is not None
    return {
        "name": server.name,
        "vpc_id": vpc.id,
        "vpc_name": vpc.name,
        "vpc_crn": vpc.crn,
        "resource_group_id": group.id,
    }
