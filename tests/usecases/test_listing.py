from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import a_bare_metal_server, a_vpc, an_instance
from tests.support.fake_cloud import Call, InMemoryCloud
from tests.support.observer import RecordingObserver
from vpcmetactl.domain.errors import MalformedResponseError, PermissionDeniedError, UnavailableError
from vpcmetactl.domain.selection import ApiFilters
from vpcmetactl.domain.servers import Instance, Reference, Region, Server, ServerKind
from vpcmetactl.usecases.listing import Unread, iter_servers
from vpcmetactl.usecases.ports import NO_FILTERS, Inventory, PageQuery, ServerPage, Unreadable

INSTANCE, METAL = ServerKind.INSTANCE, ServerKind.BARE_METAL_SERVER
_GONE = UnavailableError("the API does not answer", region="eu-de")


def listing(
    inventory: Inventory,
    regions: Sequence[str] = ("us-south",),
    kinds: Sequence[ServerKind] = (INSTANCE,),
    *,
    filters: ApiFilters = NO_FILTERS,
    observer: RecordingObserver | None = None,
) -> tuple[list[str], list[Unread]]:
    """List everything: the ids of the servers, and what could not be read."""
    parts = list(
        iter_servers(
            inventory,
            observer or RecordingObserver(),
            regions,
            kinds,
            filters=filters,
            max_workers=4,
        )
    )
    unread = [part for part in parts if isinstance(part, Unread)]
    servers = [server for part in parts if not isinstance(part, Unread) for server in part]
    return [server.id for server in servers], unread


def a_fleet(
    count: int, vpcs: Sequence[Reference | None] = (None,), region: str = "us-south"
) -> list[Instance]:
    """Return so many instances, spread over VPCs in turn."""
    return [
        an_instance(
            f"s{n}", id=f"{region}-{n:05}", crn=None, region=region, vpc=vpcs[n % len(vpcs)]
        )
        for n in range(count)
    ]


def ids(servers: Iterable[Server]) -> list[str]:
    return sorted(server.id for server in servers)


def test_every_region_and_kind_is_listed() -> None:
    servers: list[Server] = [
        *a_fleet(5),
        *a_fleet(3, region="eu-de"),
        a_bare_metal_server("m1"),
        a_bare_metal_server("m2", region="eu-de"),
    ]
    cloud = InMemoryCloud(servers, limit=2)

    found, unread = listing(cloud, ("us-south", "eu-de"), (INSTANCE, METAL))

    assert sorted(found) == ids(servers)
    assert unread == []


def test_only_the_wanted_regions_and_kinds_are_asked_for() -> None:
    servers: list[Server] = [*a_fleet(1), *a_fleet(1, region="eu-de"), a_bare_metal_server()]
    cloud = InMemoryCloud(servers)

    found, _ = listing(cloud, ("eu-de",), (METAL,))

    assert found == []
    assert [(call.region, call.kind) for call in cloud.calls] == [("eu-de", METAL)]


def test_no_region_gives_no_server() -> None:
    assert listing(InMemoryCloud(a_fleet(1)), ()) == ([], [])


def test_pages_of_a_short_chain_are_read_one_after_the_other_without_asking_for_vpcs() -> None:
    cloud = InMemoryCloud(a_fleet(100, [a_vpc()]), limit=10)

    found, _ = listing(cloud)

    assert found == ids(a_fleet(100))
    assert [(call.operation, call.detail) for call in cloud.calls] == [
        ("list_page", start) for start in (None, *(str(n) for n in range(10, 100, 10)))
    ]


def test_more_than_ten_pages_are_split_by_vpc_where_that_is_fewer() -> None:
    vpcs = [a_vpc(name) for name in ("a", "b", "c")]
    cloud = InMemoryCloud(a_fleet(101, vpcs), limit=10)

    found, unread = listing(cloud)

    assert sorted(found) == ids(a_fleet(101))
    assert unread == []
    assert Counter(cloud.operations()) == {"list_vpcs": 1, "list_page": 1 + 4 + 4 + 4}


@pytest.mark.parametrize(("vpcs", "split"), [(10, True), (11, False), (12, False)])
def test_a_long_chain_is_followed_where_there_are_as_many_vpcs_as_pages(
    vpcs: int,
    split: bool,  # noqa: FBT001 - a column of the table
) -> None:
    cloud = InMemoryCloud(a_fleet(110, [a_vpc(str(n)) for n in range(vpcs)]), limit=10)

    found, _ = listing(cloud)

    assert sorted(found) == ids(a_fleet(110))
    pages = 1 + vpcs * 2 if split else 11
    assert Counter(cloud.operations()) == {"list_page": pages, "list_vpcs": 1}


@pytest.mark.parametrize(
    "filters", [ApiFilters(vpc_id=a_vpc().id), ApiFilters(vpc_name="prod"), ApiFilters(name="s1")]
)
def test_what_is_already_narrowed_is_not_split_again(filters: ApiFilters) -> None:
    servers = [replace(one, name="s1") for one in a_fleet(111, [a_vpc()])]
    cloud = InMemoryCloud(servers, limit=10)

    found, _ = listing(cloud, filters=filters)

    assert found == ids(servers)
    assert Counter(cloud.operations()) == {"list_page": 12}


def test_a_filter_by_resource_group_holds_in_every_vpc() -> None:
    mine = Reference("0" * 32, "mine")
    vpcs = [a_vpc("a"), a_vpc("b")]
    fleet = [
        replace(one, resource_group=mine if n % 3 else None)
        for n, one in enumerate(a_fleet(180, vpcs))
    ]
    cloud = InMemoryCloud(fleet, limit=10)

    found, _ = listing(cloud, filters=ApiFilters(resource_group_id=mine.id))

    assert sorted(found) == ids(one for one in fleet if one.resource_group)
    assert "list_vpcs" in cloud.operations()


def test_a_long_chain_is_followed_where_the_vpcs_cannot_be_listed() -> None:
    cloud = InMemoryCloud(a_fleet(111, [a_vpc()]), limit=10)
    cloud.fail("list_vpcs", PermissionDeniedError("no"))

    found, unread = listing(cloud)

    assert found == ids(a_fleet(111))
    assert unread == []
    assert Counter(cloud.operations()) == {"list_page": 12, "list_vpcs": 1}


def test_a_long_chain_is_followed_where_a_vpc_has_no_id() -> None:
    cloud = InMemoryCloud(a_fleet(111, [a_vpc(), Reference(name="odd")]), limit=10)

    found, _ = listing(cloud)

    assert found == ids(a_fleet(111))


def test_servers_that_are_in_no_vpc_are_found_by_following_the_chain_as_well() -> None:
    fleet = a_fleet(120, [a_vpc("a"), a_vpc("b"), None])
    cloud = InMemoryCloud(fleet, limit=10)

    found, unread = listing(cloud)

    assert sorted(found) == ids(fleet)
    assert unread == []


def test_a_region_that_fails_is_named_and_the_rest_is_listed() -> None:
    servers = [*a_fleet(3), *a_fleet(3, region="eu-de")]
    cloud = InMemoryCloud(servers, limit=2)
    cloud.fail("list_page", _GONE, region="eu-de")

    found, unread = listing(cloud, ("eu-de", "us-south"))

    assert sorted(found) == ids(a_fleet(3))
    assert unread == [Unread("eu-de", INSTANCE, _GONE)]


def test_a_later_page_that_fails_leaves_what_was_read_before_it() -> None:
    cloud = InMemoryCloud(a_fleet(5), limit=2)

    def break_down(call: Call) -> None:
        if call.detail == "2":
            cloud.fail("list_page", _GONE)

    cloud.before(break_down)

    found, unread = listing(cloud)

    assert found == ids(a_fleet(2))
    assert unread == [Unread("us-south", INSTANCE, _GONE)]


def test_a_vpc_whose_page_fails_is_told_and_the_other_vpcs_are_listed() -> None:
    vpcs = [a_vpc("a"), a_vpc("b")]
    fleet = a_fleet(120, vpcs)
    cloud = InMemoryCloud(fleet, limit=10)
    inventory = _BrokenVpc(cloud, vpcs[1].id)

    found, unread = listing(inventory)

    first_page = {one.id for one in fleet[:10]}
    assert sorted(found) == ids(s for s in fleet if s.vpc == vpcs[0] or s.id in first_page)
    assert unread == [Unread("us-south", INSTANCE, _GONE)]


def test_an_item_without_an_id_makes_its_region_incomplete() -> None:
    cloud = InMemoryCloud(a_fleet(3), limit=2)
    cloud.unreadable["us-south", INSTANCE] = [Unreadable(None, None, "item 4 has no id")]
    observer = RecordingObserver()

    found, unread = listing(cloud, observer=observer)

    assert found == ids(a_fleet(3))
    [part] = unread
    assert (part.region, part.kind, str(part.error)) == ("us-south", INSTANCE, "item 4 has no id")
    assert isinstance(part.error, MalformedResponseError)
    assert observer.warnings == []


def test_a_field_that_cannot_be_read_is_a_warning_and_the_server_is_listed() -> None:
    cloud = InMemoryCloud(a_fleet(1))
    unreadable = Unreadable("us-south-00000", "status", "status is a number")
    cloud.unreadable["us-south", INSTANCE] = [unreadable]
    observer = RecordingObserver()

    assert listing(cloud, observer=observer) == (["us-south-00000"], [])
    assert observer.warnings == ["us-south: us-south-00000: status is a number"]


def test_what_cannot_be_read_is_told_once_though_vpcs_and_chain_both_show_it() -> None:
    fleet = a_fleet(120, [a_vpc("a"), None])
    lost = Unreadable(None, None, "item 4 has no id")
    odd = Unreadable("x", "status", "status is a number")
    cloud = InMemoryCloud(fleet, limit=10)
    cloud.unreadable["us-south", INSTANCE] = [lost, odd]
    observer = RecordingObserver()

    found, unread = listing(cloud, observer=observer)

    assert sorted(found) == ids(fleet)
    assert [str(part.error) for part in unread] == ["item 4 has no id"]
    assert len(observer.warnings) == 1


def test_the_observer_is_told_how_many_to_expect_and_how_many_were_read() -> None:
    cloud = InMemoryCloud([*a_fleet(120, [a_vpc("a"), a_vpc("b"), None])], limit=10)
    observer = RecordingObserver()

    listing(cloud, observer=observer)

    assert observer.expected == [("us-south", INSTANCE, 120)]
    assert sum(count for _, _, count in observer.reads) == 120


def test_a_server_that_moves_to_the_next_page_meanwhile_is_listed_once() -> None:
    a, b, c = a_fleet(3)
    inventory = ScriptedPages({None: ([a, b], "1"), "1": ([b, c], None)})

    assert listing(inventory) == ([a.id, b.id, c.id], [])


@pytest.mark.parametrize(
    ("pages", "read"),
    [
        ({None: (0, "1"), "1": (1, "1")}, 2),
        ({None: (0, "1"), "1": (1, "2"), "2": (2, "1")}, 3),
    ],
    ids=["a page that names itself", "two that name each other"],
)
def test_pages_that_go_round_in_a_circle_end_the_listing_as_incomplete(
    pages: Mapping[str | None, tuple[int, str | None]], read: int
) -> None:
    fleet = a_fleet(3)
    inventory = ScriptedPages({start: ([fleet[n]], then) for start, (n, then) in pages.items()})

    found, unread = listing(inventory)

    assert found == ids(fleet[:read])
    assert [(part.region, type(part.error)) for part in unread] == [
        ("us-south", MalformedResponseError)
    ]


@pytest.mark.parametrize("count", [None, 0, 5])
def test_a_total_that_is_missing_or_wrong_hides_nothing(count: int | None) -> None:
    fleet = a_fleet(30, [a_vpc()])
    cloud = _WithTotal(InMemoryCloud(fleet, limit=2), count)

    assert listing(cloud) == (ids(fleet), [])


def test_a_total_that_is_too_high_hides_nothing_and_repeats_nothing() -> None:
    fleet = a_fleet(30, [a_vpc()])
    cloud = _WithTotal(InMemoryCloud(fleet, limit=2), 31)

    found, unread = listing(cloud)

    assert (sorted(found), unread) == (ids(fleet), [])


@given(
    limit=st.integers(1, 7),
    counts=st.dictionaries(
        st.sampled_from(["us-south", "eu-de", "jp-tok"]), st.integers(0, 90), min_size=1
    ),
    vpcs=st.lists(st.sampled_from([*(a_vpc(name) for name in "abcd"), None]), min_size=1),
    workers=st.integers(1, 6),
)
def test_a_listing_is_every_server_once_whatever_the_page_size_and_the_spread_over_vpcs(
    limit: int, counts: dict[str, int], vpcs: list[Reference | None], workers: int
) -> None:
    fleet = [one for region, count in counts.items() for one in a_fleet(count, vpcs, region=region)]
    regions = [Region(name, "available") for name in counts]
    cloud = InMemoryCloud(fleet, limit=limit, regions=regions)

    parts = iter_servers(
        cloud,
        RecordingObserver(),
        list(counts),
        (INSTANCE,),
        filters=NO_FILTERS,
        max_workers=workers,
    )

    assert sorted(
        server.id for part in parts if not isinstance(part, Unread) for server in part
    ) == ids(fleet)


class _Wrapped(InMemoryCloud):
    """An inventory that answers as another, but for what its heirs bend."""

    def __init__(self, cloud: InMemoryCloud) -> None:
        super().__init__()
        self._cloud = cloud

    def list_vpcs(self, region: str) -> Sequence[Reference]:
        return self._cloud.list_vpcs(region)

    def list_page(self, query: PageQuery) -> ServerPage:
        return self._cloud.list_page(query)


class _BrokenVpc(_Wrapped):
    """One VPC's servers cannot be listed."""

    def __init__(self, cloud: InMemoryCloud, vpc_id: str | None) -> None:
        super().__init__(cloud)
        self._broken = vpc_id

    def list_page(self, query: PageQuery) -> ServerPage:
        if query.filters.vpc_id == self._broken:
            raise _GONE
        return super().list_page(query)


class _WithTotal(_Wrapped):
    """Tells a total of its own."""

    def __init__(self, cloud: InMemoryCloud, total: int | None) -> None:
        super().__init__(cloud)
        self._total = total

    def list_page(self, query: PageQuery) -> ServerPage:
        return replace(super().list_page(query), total_count=self._total)


class ScriptedPages(InMemoryCloud):
    """Answers with given pages, by the start token they are asked for with."""

    def __init__(self, pages: Mapping[str | None, tuple[Sequence[Server], str | None]]) -> None:
        super().__init__()
        self._pages = pages

    def list_page(self, query: PageQuery) -> ServerPage:
        servers, following = self._pages[query.start]
        return ServerPage(query, servers, following, total_count=None, limit=2)
