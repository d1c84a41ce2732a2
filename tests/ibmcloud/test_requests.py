"""What is sent to the VPC API and to IAM, and what the answers become."""

from datetime import UTC, datetime

import pytest

from tests.ibmcloud.bodies import (
    INSTANCE_ID,
    METAL_ID,
    a_bare_metal_server_body,
    a_page_body,
    an_instance_body,
)
from tests.support.builders import ACCOUNT, a_bare_metal_server, an_instance
from tests.support.gateways import API_KEY, a_connection, a_gateway
from tests.support.scripted_server import Answer, Request, ScriptedServer, a_token_answer
from tests.support.tokens import a_token
from vpcmetactl.domain.errors import InvalidInputError, MalformedResponseError
from vpcmetactl.domain.plans import MetadataServicePatch
from vpcmetactl.domain.selection import ApiFilters
from vpcmetactl.domain.servers import (
    BareMetalServer,
    Disk,
    Instance,
    MetadataService,
    Protocol,
    Reference,
    Region,
    ServerKind,
    StatusReason,
)
from vpcmetactl.usecases.ports import Caller, PageQuery, ServerPage

INSTANCE = Instance(
    id=INSTANCE_ID,
    region="us-south",
    crn=f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::instance:{INSTANCE_ID}",
    account_id=ACCOUNT,
    name="web-1",
    zone="us-south-1",
    status="running",
    status_reasons=(StatusReason("cannot_start", "No room"),),
    lifecycle_state="stable",
    health_state="ok",
    vpc=Reference("r006-1", "prod", "crn:vpc"),
    resource_group=Reference("fee82deba12e4c0fb69c3b09d1f12345", "Default"),
    profile="bx2-2x8",
    architecture="amd64",
    created_at="2026-03-05T08:30:00.000Z",
    disks=(Disk("0717-d1", "disk-1", 100),),
    metadata_service=MetadataService(enabled=True, protocol="https", response_hop_limit=2),
    availability_class="spot",
    boot_volume=Reference("r006-v", "boot"),
    instance_group=Reference("r006-g"),
    dedicated_host=Reference("0717-h", "host-1"),
    gpu_count=2,
    has_reserved_ip=True,
)
METAL = BareMetalServer(
    id=METAL_ID,
    region="us-south",
    crn=f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::bare-metal-server:{METAL_ID}",
    account_id=ACCOUNT,
    name="metal-1",
    zone="us-south-1",
    status="stopped",
    status_reasons=(),
    lifecycle_state="stable",
    health_state="ok",
    vpc=Reference("r006-1", "prod", "crn:vpc"),
    resource_group=Reference("fee82deba12e4c0fb69c3b09d1f12345", "Default"),
    profile="bx2d-metal-96x384",
    architecture="amd64",
    created_at="2026-03-05T08:30:00Z",
    disks=(),
    metadata_service=MetadataService(enabled=False, protocol="http"),
)
VERSION = {"version": "2025-08-26", "generation": "2"}


def test_the_token_is_requested_as_iam_documents_it_and_sent_with_the_call() -> None:
    token = a_token()
    answer = Answer(body={"regions": []})
    with (
        ScriptedServer([answer], [a_token_answer(token)]) as server,
        a_gateway(a_connection(server.url)) as gateway,
    ):
        gateway.list_regions()
    asked = server.token_requests[0]
    assert (asked.method, asked.path) == ("POST", "/iam/identity/token")
    assert asked.body.decode() == (
        "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey"
        f"&apikey={API_KEY}&response_type=cloud_iam"
    )
    assert server.requests[0].headers["authorization"] == f"Bearer {token}"
    assert len(server.token_requests) == 1


def test_the_caller_is_whom_the_token_names() -> None:
    with ScriptedServer() as server, a_gateway(a_connection(server.url)) as gateway:
        caller = gateway.get_caller()
    assert caller == Caller(ACCOUNT, "IBMid-550000TEST", datetime(2026, 11, 21, 13, tzinfo=UTC))


def test_regions_are_asked_of_us_south() -> None:
    answer = Answer(body={"regions": [{"name": "eu-de", "status": "available", "href": "…"}]})
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        regions = gateway.list_regions()
    assert regions == [Region("eu-de", "available")]
    assert _sent(server.requests[0]) == ("GET", "/vpc/us-south/v1/regions", VERSION)


def test_a_page_of_instances_is_asked_for_with_its_filters_and_a_hundred_items() -> None:
    filters = ApiFilters(
        name="web-1", vpc_id="r006-1", vpc_name="prod", vpc_crn="crn:1", resource_group_id="abc"
    )
    query = PageQuery("us-south", ServerKind.INSTANCE, filters, start="token=1&x")
    following = {"href": "https://x/v1/instances?start=abc%2Fd%3D&limit=100"}
    answer = Answer(body=a_page_body([an_instance_body()], next=following, total_count=412))
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        page = gateway.list_page(query)
    assert page == ServerPage(query, [INSTANCE], "abc/d=", 412, 100, [])
    assert _sent(server.requests[0]) == (
        "GET",
        "/vpc/us-south/v1/instances",
        VERSION
        | {
            "name": "web-1",
            "vpc.id": "r006-1",
            "vpc.name": "prod",
            "vpc.crn": "crn:1",
            "resource_group.id": "abc",
            "start": "token=1&x",
            "limit": "100",
        },
    )


def test_a_page_of_bare_metal_servers_is_read_alike() -> None:
    query = PageQuery("us-south", ServerKind.BARE_METAL_SERVER)
    answer = Answer(body=a_page_body([a_bare_metal_server_body()], "bare_metal_servers"))
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        page = gateway.list_page(query)
    assert page == ServerPage(query, [METAL], None, 1, 100, [])
    assert _sent(server.requests[0]) == (
        "GET",
        "/vpc/us-south/v1/bare_metal_servers",
        VERSION | {"limit": "100"},
    )


def test_vpcs_of_all_pages_are_listed() -> None:
    first = {"vpcs": [{"id": "r006-1", "name": "a"}], "next": {"href": "https://x?start=2"}}
    answers = [Answer(body=first), Answer(body={"vpcs": [{"id": "r006-2"}]})]
    with ScriptedServer(answers) as server, a_gateway(a_connection(server.url)) as gateway:
        vpcs = gateway.list_vpcs("eu-de")
    assert vpcs == [Reference("r006-1", "a"), Reference("r006-2")]
    assert [_sent(request) for request in server.requests] == [
        ("GET", "/vpc/eu-de/v1/vpcs", VERSION | {"limit": "100"}),
        ("GET", "/vpc/eu-de/v1/vpcs", VERSION | {"limit": "100", "start": "2"}),
    ]


def test_pages_that_lead_in_a_circle_are_an_error_and_no_endless_loop() -> None:
    answer = Answer(body={"vpcs": [], "next": {"href": "https://x?start=2"}})
    with (
        ScriptedServer([answer]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(MalformedResponseError, match="lead back to one that was read"),
    ):
        gateway.list_vpcs("eu-de")


def test_one_instance_is_read_with_its_etag() -> None:
    answer = Answer(body=an_instance_body(), headers={"ETag": 'W/"1"'})
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        found = gateway.get_server("us-south", ServerKind.INSTANCE, INSTANCE_ID)
    assert isinstance(found, Instance)
    assert found.etag == 'W/"1"'
    assert _sent(server.requests[0]) == (
        "GET",
        f"/vpc/us-south/v1/instances/{INSTANCE_ID}",
        VERSION,
    )


def test_an_id_is_one_segment_of_the_path_whatever_is_in_it() -> None:
    answer = Answer(body=an_instance_body(id="../regions?x=1"))
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        gateway.get_server("us-south", ServerKind.INSTANCE, "../regions?x=1")
    assert server.requests[0].path == "/vpc/us-south/v1/instances/..%2Fregions%3Fx%3D1"


def test_a_change_is_a_merge_patch_of_the_fields_that_are_set() -> None:
    answer = Answer(body=an_instance_body(), headers={"ETag": 'W/"2"'})
    server_as_read = an_instance("web-1", id=INSTANCE_ID, etag='W/"1"')
    patch = MetadataServicePatch(enabled=False, response_hop_limit=1)
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        after = gateway.update_metadata(server_as_read, patch)
    sent = server.requests[0]
    assert _sent(sent) == ("PATCH", f"/vpc/us-south/v1/instances/{INSTANCE_ID}", VERSION)
    assert sent.body == b'{"metadata_service": {"enabled": false, "response_hop_limit": 1}}'
    assert sent.headers["content-type"] == "application/merge-patch+json"
    assert sent.headers["if-match"] == 'W/"1"'
    assert isinstance(after, Instance)
    assert (after.metadata_service, after.etag) == (INSTANCE.metadata_service, 'W/"2"')


def test_without_an_etag_no_condition_is_sent() -> None:
    answer = Answer(body=an_instance_body())
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        gateway.update_metadata(an_instance(id=INSTANCE_ID), MetadataServicePatch(enabled=True))
    assert "if-match" not in server.requests[0].headers


def test_bare_metal_servers_are_changed_at_their_own_path_and_never_conditionally() -> None:
    answer = Answer(body=a_bare_metal_server_body(), headers={"ETag": 'W/"2"'})
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        patch = MetadataServicePatch(protocol=Protocol.HTTPS)
        after = gateway.update_metadata(a_bare_metal_server(id=METAL_ID), patch)
    sent = server.requests[0]
    assert after == METAL
    assert _sent(sent) == ("PATCH", f"/vpc/us-south/v1/bare_metal_servers/{METAL_ID}", VERSION)
    assert sent.body == b'{"metadata_service": {"protocol": "https"}}'
    assert "if-match" not in sent.headers


@pytest.mark.parametrize("region", ["evil.example/", "us-south@x", "", "US-SOUTH", "a.b", "x\n"])
def test_a_region_that_is_no_name_never_becomes_part_of_an_address(region: str) -> None:
    with ScriptedServer() as server, a_gateway(a_connection(server.url)) as gateway:
        with pytest.raises(InvalidInputError, match="is not the name of a region"):
            gateway.list_vpcs(region)
        gateway.get_caller()
    assert server.requests == []


def _sent(request: Request) -> tuple[str, str, dict[str, str]]:
    return request.method, request.path, dict(request.query)
