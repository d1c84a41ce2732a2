"""Bodies that are not as documented lose as little as they must, and nothing silently."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ibmcloud.bodies import (
    INSTANCE_ID,
    a_bare_metal_server_body,
    a_page_body,
    an_instance_body,
)
from vpcmetactl.domain.errors import MalformedResponseError
from vpcmetactl.domain.servers import BareMetalServer, Instance, MetadataService, ServerKind
from vpcmetactl.ibmcloud.wire.tolerant import NotAsDocumentedError
from vpcmetactl.ibmcloud.wire.vpc import page_from_wire, regions_from_wire, server_from_wire
from vpcmetactl.usecases.ports import PageQuery, ServerPage

INSTANCES = PageQuery("us-south", ServerKind.INSTANCE)
METAL = PageQuery("us-south", ServerKind.BARE_METAL_SERVER)
encode = msgspec.json.encode

OPTIONAL = sorted(set(an_instance_body()) - {"id"})


def _page(*items: object, **fields: object) -> ServerPage:
    return page_from_wire(encode(a_page_body(items, **fields)), INSTANCES, 100)


def _instance(**fields: object) -> Instance:
    [server] = _page(an_instance_body(**fields)).servers
    assert isinstance(server, Instance)
    return server


@pytest.mark.parametrize("field", OPTIONAL)
def test_a_field_that_is_absent_and_one_that_is_null_are_both_unknown(field: str) -> None:
    absent, null = _instance(**{field: ...}), _instance(**{field: None})
    assert absent == null
    assert _page(an_instance_body(**{field: None})).unreadable == []


def test_an_item_that_is_only_an_id_is_a_server() -> None:
    assert _page({"id": "0717_1"}).servers == [Instance(id="0717_1", region="us-south")]


def test_nested_objects_without_their_field_are_unknown() -> None:
    nested = ("zone", "profile", "vcpu", "availability", "boot_volume_attachment", "gpu")
    item = {"id": "1", "instance_group_membership": {}} | {name: {} for name in nested}
    assert _page(item).servers == [Instance(id="1", region="us-south")]


@pytest.mark.parametrize(
    ("interface", "expected"),
    [
        ({"primary_ip": {"address": "10.0.0.5", "id": "0717-ip"}}, True),
        ({"primary_ip": {"address": "10.0.0.5"}}, False),
        ({"primary_ip": {"address": "10.0.0.5", "id": None}}, False),
        ({"primary_ipv4_address": "10.0.0.5"}, None),
        ({"primary_ip": None}, None),
        ({}, None),
        (None, None),
        (..., None),
    ],
)
def test_an_address_is_a_reserved_ip_where_it_has_an_id(
    interface: object, expected: object
) -> None:
    assert _instance(primary_network_interface=interface).has_reserved_ip is expected


def test_absent_is_never_told_as_false() -> None:
    assert _instance(metadata_service={"protocol": "http"}).metadata_service == MetadataService(
        enabled=None, protocol="http", response_hop_limit=None
    )
    assert _instance(metadata_service=...).metadata_service is None


def test_values_that_are_not_known_yet_are_taken_as_they_are() -> None:
    server = _instance(
        status="hibernating",
        metadata_service={"enabled": True, "protocol": "quic", "response_hop_limit": 2},
        brand_new={"x": [1]},
    )
    assert (server.status, server.metadata.protocol) == ("hibernating", "quic")


def test_a_time_is_kept_as_it_was_written() -> None:
    for text in ("2021-03-05T08:30:00Z", "2021-03-05T08:30:00.000Z", "yesterday"):
        assert _instance(created_at=text).created_at == text


@pytest.mark.parametrize(
    ("fields", "field", "expected"),
    [
        ({"name": 5}, "name", {"name": None}),
        ({"status": ["running"]}, "status", {"status": None}),
        ({"zone": "us-south-1"}, "zone", {"zone": None}),
        ({"zone": {"name": 1}}, "zone.name", {"zone": None}),
        ({"disks": [{"size": "big"}]}, "disks", {"disks": None}),
        ({"disks": {}}, "disks", {"disks": None}),
        ({"vpc": {"id": "r006-1", "name": 7}}, "vpc.name", {}),
        ({"availability": {"class": 1}}, "availability.class", {"availability_class": None}),
        (
            {"boot_volume_attachment": {"volume": {"id": 3}}},
            "boot_volume_attachment.volume.id",
            {},
        ),
        (
            {"metadata_service": {"enabled": "yes", "protocol": "http"}},
            "metadata_service.enabled",
            {"metadata_service": MetadataService(enabled=None, protocol="http")},
        ),
    ],
)
def test_a_field_of_the_wrong_type_is_left_out_and_reported(
    fields: dict[str, object], field: str, expected: dict[str, object]
) -> None:
    page = _page(an_instance_body(id="0717_bad", **fields), an_instance_body())
    assert [(found.server_id, found.field) for found in page.unreadable] == [("0717_bad", field)]
    assert page.unreadable[0].message.startswith(f"{field} is not as documented: Expected ")
    bad, good = page.servers
    assert good == _instance()
    for name, value in expected.items():
        assert getattr(bad, name) == value
    assert isinstance(bad, Instance)
    assert bad.crn == good.crn


@pytest.mark.parametrize(
    "item", [{"name": "x"}, {"id": None}, {"id": ""}, {"id": 5}, 5, None, "x", []], ids=repr
)
def test_an_item_without_a_usable_id_is_left_out_and_makes_its_region_incomplete(
    item: object,
) -> None:
    page = _page(item, an_instance_body())
    assert [server.id for server in page.servers] == [INSTANCE_ID]
    [lost] = page.unreadable
    assert (lost.server_id, lost.field) == (None, None)
    assert lost.message.startswith("an item without a usable id: ")


def test_several_faults_on_a_page_are_all_reported() -> None:
    page = _page(an_instance_body(id="1", name=1, status=2), {}, an_instance_body(id="2", vcpu=3))
    assert [(found.server_id, found.field) for found in page.unreadable] == [
        ("1", "name"),
        ("1", "status"),
        (None, None),
        ("2", "vcpu"),
    ]


def test_text_that_is_no_utf_8_costs_only_its_field() -> None:
    body = encode(a_page_body([an_instance_body(name="BROKEN")])).replace(b"BROKEN", b"\xff\xfe")
    page = page_from_wire(body, INSTANCES, 100)
    assert [(server.id, server.name) for server in page.servers] == [(INSTANCE_ID, None)]
    assert [found.field for found in page.unreadable] == ["name"]


@pytest.mark.parametrize("total", ["many", -1.5, {}, ...])
def test_a_count_that_makes_no_sense_is_unknown(total: object) -> None:
    page = _page(an_instance_body(), total_count=total)
    assert (page.total_count, len(page.servers)) == (None, 1)


@pytest.mark.parametrize(
    "following",
    [5, {}, {"href": None}, {"href": "https://x/v1/instances?limit=100"}, {"href": "https://[?"}],
    ids=repr,
)
def test_a_next_page_that_cannot_be_asked_for_is_an_error_and_no_last_page(
    following: object,
) -> None:
    with pytest.raises(NotAsDocumentedError):
        _page(an_instance_body(), next=following)


@pytest.mark.parametrize("following", [None, ...])
def test_without_a_next_page_this_is_the_last(following: object) -> None:
    assert _page(an_instance_body(), next=following).next_start is None


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b"null", b'"x"', b'{"instances": {}}', b'{"bare_metal_servers": []}']
)
def test_a_body_that_is_no_page_is_not_as_documented(body: bytes) -> None:
    with pytest.raises(NotAsDocumentedError):
        page_from_wire(body, INSTANCES, 100)


@pytest.mark.parametrize("body", [b"", b"<html></html>", b'{"instances": [', b"\xff\xfe"])
def test_a_body_that_is_no_json_is_told_apart_for_it_may_come_out_right_next_time(
    body: bytes,
) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)) as caught:
        page_from_wire(body, INSTANCES, 100)
    assert not isinstance(caught.value, msgspec.ValidationError)


def test_one_server_keeps_what_can_be_read_of_it() -> None:
    body = encode(an_instance_body(status=5))
    server = server_from_wire(body, ServerKind.INSTANCE, "us-south", None)
    assert (server.id, server.status, server.name) == (INSTANCE_ID, None, "web-1")


def test_one_server_without_an_id_is_not_as_documented() -> None:
    with pytest.raises(NotAsDocumentedError, match="without a usable id"):
        server_from_wire(b"{}", ServerKind.INSTANCE, "us-south", None)


def test_bare_metal_servers_are_salvaged_alike() -> None:
    body = encode(a_page_body([a_bare_metal_server_body(cpu=1)], "bare_metal_servers"))
    page = page_from_wire(body, METAL, 100)
    [server] = page.servers
    assert isinstance(server, BareMetalServer)
    assert server.architecture is None
    assert [found.field for found in page.unreadable] == ["cpu"]


def test_regions_without_a_status_are_regions() -> None:
    assert [region.name for region in regions_from_wire(b'{"regions": [{"name": "x"}]}')] == ["x"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "volume", "instance_group", "class", "enabled"]), inner
        )
    ),
    max_leaves=6,
)


@given(changes=st.dictionaries(st.sampled_from(["id", *OPTIONAL]), JSON), metal=st.booleans())
def test_no_item_however_odd_costs_its_neighbour_or_raises(
    changes: dict[str, object], *, metal: bool
) -> None:
    build = a_bare_metal_server_body if metal else an_instance_body
    query, name = (METAL, "bare_metal_servers") if metal else (INSTANCES, "instances")
    odd, good = build(**changes), build(id="good")
    page = page_from_wire(encode(a_page_body([odd, good], name)), query, 100)
    assert page.servers[-1].id == "good"
    lost = [found for found in page.unreadable if found.server_id is None]
    assert len(page.servers) + len(lost) == 2
    assert "good" not in {found.server_id for found in page.unreadable}


@given(body=st.binary(max_size=60))
def test_no_bytes_raise_anything_but_what_the_table_of_failures_knows(body: bytes) -> None:
    try:
        page_from_wire(body, INSTANCES, 100)
    except (NotAsDocumentedError, msgspec.DecodeError, UnicodeDecodeError, MalformedResponseError):
        return


@pytest.mark.parametrize(
    ("interfaces", "expected"),
    [
        (None, None),
        ([{"subnet": {"id": "s-1"}}, {"subnet": {"id": "s-2"}}], ("s-1", "s-2")),
        ([{"subnet": {"id": "s-1"}}, {"subnet": {"id": "s-1"}}], ("s-1",)),
        ([{"subnet": {"id": "s-1"}}, {"subnet": {}}], None),
        ([{"subnet": {"id": "s-1"}}, {}], None),
    ],
)
def test_the_subnets_of_an_instance_are_those_of_all_its_interfaces_or_not_known(
    interfaces: list[dict[str, object]] | None, expected: tuple[str, ...] | None
) -> None:
    body: dict[str, object] = {"id": "0717_1"}
    if interfaces is not None:
        body["network_interfaces"] = interfaces

    found = server_from_wire(encode(body), ServerKind.INSTANCE, "us-south", None)

    assert isinstance(found, Instance)
    assert found.subnet_ids == expected
