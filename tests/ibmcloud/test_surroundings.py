"""What is asked about boot volumes, instance groups and templates, and what the answers become."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.gateways import a_connection, a_gateway
from tests.support.scripted_server import Answer, Request, ScriptedServer, Step
from vpcmetactl.domain.errors import (
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.servers import MetadataService
from vpcmetactl.ibmcloud.wire.preflight import (
    allowed_use_from_wire,
    template_id_from_wire,
    template_metadata_from_wire,
)
from vpcmetactl.ibmcloud.wire.tolerant import NotAsDocumentedError

VERSION = {"version": "2025-08-26", "generation": "2"}
ALLOWED_USE = {
    "api_version": "2026-06-23",
    "bare_metal_server": "true",
    "instance": "gpu.count > 0",
}
GROUP = {"id": "r006-g", "name": "workers", "instance_template": {"id": "0717-t", "name": "worker"}}
TEMPLATE = {"id": "0717-t", "image": {"id": "r006-i"}, "metadata_service": {"enabled": True}}
REFUSED = Answer(403, {"errors": [{"code": "not_authorized", "message": "No."}], "trace": "t-1"})
MISSING = Answer(404, {"errors": [{"code": "not_found", "message": "Not here."}], "trace": "t-1"})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"allowed_use": ALLOWED_USE, "name": "boot"}, "gpu.count > 0"),
        ({"allowed_use": {}}, None),
        ({"allowed_use": None}, None),
        ({}, None),
    ],
)
def test_a_volume_is_read_for_its_expression_about_instances(
    fields: dict[str, object], expected: str | None
) -> None:
    answer = Answer(body={"id": "r006-v", **fields})
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        found = gateway.get_allowed_use("eu-de", "r006-v")
    assert found == expected
    assert [_sent(request) for request in server.requests] == [
        ("GET", "/vpc/eu-de/v1/volumes/r006-v", VERSION)
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"enabled": True}, MetadataService(enabled=True)),
        (
            {"enabled": False, "protocol": "https", "response_hop_limit": 3, "new": 1},
            MetadataService(enabled=False, protocol="https", response_hop_limit=3),
        ),
        ({}, MetadataService()),
        (None, MetadataService()),
    ],
)
def test_a_group_is_read_for_its_template_and_that_for_its_metadata_service(
    said: object, expected: MetadataService
) -> None:
    answers = [Answer(body=GROUP), Answer(body={**TEMPLATE, "metadata_service": said})]
    with ScriptedServer(answers) as server, a_gateway(a_connection(server.url)) as gateway:
        found = gateway.get_group_metadata("us-south", "r006-g")
    assert found == expected
    assert [_sent(request) for request in server.requests] == [
        ("GET", "/vpc/us-south/v1/instance_groups/r006-g", VERSION),
        ("GET", "/vpc/us-south/v1/instance/templates/0717-t", VERSION),
    ]


@pytest.mark.parametrize(
    ("answers", "message", "action"),
    [
        ([REFUSED], "cannot read volume r006-v in us-south: No", "is.volume.volume.read"),
        (
            [REFUSED],
            "cannot read instance group r006-g in us-south: No",
            "is.instance-group.instance-group.read",
        ),
        (
            [Answer(body=GROUP), REFUSED],
            "cannot read instance template 0717-t in us-south: No",
            "is.instance.instance-template.read",
        ),
    ],
    ids=["volume", "group", "template"],
)
def test_a_refusal_names_what_was_asked_for_and_the_iam_action_it_needs(
    answers: list[Step], message: str, action: str
) -> None:
    error = _failure(answers, volume="volume" in message)
    assert isinstance(error, PermissionDeniedError)
    assert str(error) == f"{message} (HTTP 403, not_authorized)"
    assert (error.hint or "").startswith(f"the IAM action {action} is needed; ")
    assert (error.region, error.status, error.trace) == ("us-south", 403, "t-1")


@pytest.mark.parametrize(
    ("answers", "volume"),
    [([MISSING], True), ([MISSING], False), ([Answer(body=GROUP), MISSING], False)],
)
def test_what_is_not_there_is_not_found(answers: list[Step], *, volume: bool) -> None:
    error = _failure(answers, volume=volume)
    assert isinstance(error, NotFoundError)
    assert "not be visible to you" in (error.hint or "")


@pytest.mark.parametrize(
    ("answers", "volume"),
    [
        ([Answer(body={"id": "r006-v", "allowed_use": {"instance": 5}})], True),
        ([Answer(body={"id": "r006-v", "allowed_use": "true"})], True),
        ([Answer(body={"allowed_use": ALLOWED_USE})], True),
        ([Answer(body={"id": "r006-g"})], False),
        ([Answer(body={"id": "r006-g", "instance_template": {"id": ""}})], False),
        ([Answer(body=GROUP), Answer(body={**TEMPLATE, "metadata_service": True})], False),
        (
            [Answer(body=GROUP), Answer(body={**TEMPLATE, "metadata_service": {"enabled": 1}})],
            False,
        ),
    ],
)
def test_what_is_not_as_documented_is_an_error_and_never_taken_for_permission(
    answers: list[Step], *, volume: bool
) -> None:
    assert isinstance(_failure(answers, volume=volume), MalformedResponseError)


def test_what_fails_in_passing_is_asked_for_again() -> None:
    answers = [Answer(503), Answer(body=GROUP), Answer(429), Answer(body=TEMPLATE)]
    with ScriptedServer(answers) as server, a_gateway(a_connection(server.url)) as gateway:
        found = gateway.get_group_metadata("us-south", "r006-g")
    assert found == MetadataService(enabled=True)
    assert len(server.requests) == 4


def test_what_keeps_failing_is_unavailable() -> None:
    assert isinstance(_failure([Answer(503)], volume=True), UnavailableError)


@given(body=st.binary(max_size=60) | st.sampled_from([b"{}", b"[]", b'{"id": 5}', b'{"id": ""}']))
def test_no_bytes_raise_anything_but_what_the_table_of_failures_knows(body: bytes) -> None:
    for read in (allowed_use_from_wire, template_id_from_wire, template_metadata_from_wire):
        try:
            read(body)
        except (NotAsDocumentedError, msgspec.DecodeError, UnicodeDecodeError):
            continue


def _failure(answers: list[Step], *, volume: bool) -> VpcmetactlError:
    with ScriptedServer(answers) as server, a_gateway(a_connection(server.url)) as gateway:
        read = gateway.get_allowed_use if volume else gateway.get_group_metadata
        with pytest.raises(VpcmetactlError) as caught:
            read("us-south", "r006-v" if volume else "r006-g")
    return caught.value


def _sent(request: Request) -> tuple[str, str, dict[str, str]]:
    return request.method, request.path, dict(request.query)
