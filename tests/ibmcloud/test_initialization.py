"""The default trusted profile of a server, and nothing else of how it was initialized."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.gateways import a_connection, a_gateway
from tests.support.scripted_server import Answer, ScriptedServer
from vpcmetactl.domain.errors import (
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    VpcmetactlError,
)
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.trust import DefaultProfile
from vpcmetactl.ibmcloud.wire.initialization import default_profile_from_wire

SECRET = "c2VjcmV0LXBhc3N3b3Jk"
CRN = "crn:v1:bluemix:public:iam-identity::a/1::profile:Profile-1"
GIVEN = {"auto_link": True, "target": {"id": "Profile-1", "crn": CRN, "resource_type": "x"}}
BODIES = {
    ServerKind.INSTANCE: {
        "keys": [{"id": "r006-k", "public_key": SECRET}],
        "password": {"encrypted_password": SECRET, "encryption_key": {"id": "r006-k"}},
    },
    ServerKind.BARE_METAL_SERVER: {
        "image": {"id": "r006-i"},
        "keys": [],
        "user_accounts": [{"username": "root", "encrypted_password": SECRET}],
    },
}
PATHS = {
    ServerKind.INSTANCE: "/vpc/eu-de/v1/instances/0717_1/initialization",
    ServerKind.BARE_METAL_SERVER: "/vpc/eu-de/v1/bare_metal_servers/0717_1/initialization",
}


@pytest.mark.parametrize("kind", ServerKind)
@pytest.mark.parametrize(
    ("given_profile", "expected"),
    [
        ({"default_trusted_profile": GIVEN}, DefaultProfile("Profile-1", CRN, auto_link=True)),
        (
            {"default_trusted_profile": {"target": {"crn": CRN}}},
            DefaultProfile(None, CRN, auto_link=None),
        ),
        (
            {"default_trusted_profile": {"auto_link": False}},
            DefaultProfile(None, None, auto_link=False),
        ),
        ({"default_trusted_profile": None}, None),
        ({}, None),
    ],
)
def test_a_server_is_asked_for_the_profile_it_was_made_with(
    given_profile: dict[str, object], expected: DefaultProfile | None, kind: ServerKind
) -> None:
    answer = Answer(body={**BODIES[kind], **given_profile})
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        found = gateway.get_default_profile("eu-de", kind, "0717_1")
    assert found == expected
    assert [(request.method, request.path) for request in server.requests] == [("GET", PATHS[kind])]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(403), PermissionDeniedError),
        (Answer(404), NotFoundError),
        (
            Answer(body={**BODIES[ServerKind.INSTANCE], "default_trusted_profile": [SECRET]}),
            MalformedResponseError,
        ),
        (
            Answer(body={"password": SECRET, "default_trusted_profile": {"target": {"id": 5}}}),
            MalformedResponseError,
        ),
        (Answer(body=[SECRET]), MalformedResponseError),
        (Answer(body=f'{{"password": "{SECRET}'.encode()), MalformedResponseError),
    ],
)
def test_what_cannot_be_read_is_told_without_the_secrets_beside_it(
    answer: Answer, kind: type[VpcmetactlError]
) -> None:
    with (
        ScriptedServer([answer]) as server,
        a_gateway(a_connection(server.url, timeout=2)) as gateway,
        pytest.raises(kind) as caught,
    ):
        gateway.get_default_profile("eu-de", ServerKind.INSTANCE, "0717_1")
    assert "the initialization of instance 0717_1 in eu-de" in str(caught.value)
    assert SECRET not in f"{caught.value} {caught.value.hint}"


@given(body=st.binary(max_size=60) | st.sampled_from([b"{}", b"[]", b"null", b'{"keys": 5}']))
def test_no_bytes_raise_anything_but_what_the_table_of_failures_knows(body: bytes) -> None:
    try:
        default_profile_from_wire(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
