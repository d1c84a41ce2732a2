"""Which credentials can be used, and how each of them becomes a token."""

import inspect
import time
from pathlib import Path

import ibm_cloud_sdk_core.token_managers.jwt_token_manager as jwt_managers
import pytest
from ibm_cloud_sdk_core import token_managers

from tests.support.gateways import a_connection, a_gateway
from tests.support.scripted_server import Answer, Reset, ScriptedServer, a_token_answer
from tests.support.tokens import a_token
from vpcmetactl.domain.errors import AuthenticationError, ConfigurationError
from vpcmetactl.ibmcloud.connection import ApiKey, BearerToken, ExternalConfiguration

REGIONS = Answer(body={"regions": []})
EXTERNAL = ExternalConfiguration()


@pytest.mark.parametrize("credentials", [ApiKey("canary"), BearerToken("canary")])
def test_credentials_never_show_their_value(credentials: ApiKey | BearerToken) -> None:
    assert (
        "canary"
        not in f"{credentials!r} {credentials} {a_connection('x', credentials=credentials)}"
    )


@pytest.mark.parametrize("key", ['"quoted"', "{braced}"])
def test_a_key_with_quotes_around_it_is_refused_before_anything_is_sent(key: str) -> None:
    with ScriptedServer() as server, pytest.raises(ConfigurationError) as caught:
        a_gateway(a_connection(server.url, credentials=ApiKey(key))).__enter__()
    assert str(caught.value).startswith("the credentials cannot be used: ")
    assert key not in str(caught.value)


def test_an_empty_key_is_refused_by_us_and_not_by_iam() -> None:
    with ScriptedServer() as server, pytest.raises(ConfigurationError, match="API key is empty"):
        a_gateway(a_connection(server.url, credentials=ApiKey(" \n"))).__enter__()
    assert server.connections == 0


def test_white_space_around_a_key_is_not_part_of_it() -> None:
    with (
        ScriptedServer([REGIONS]) as server,
        a_gateway(a_connection(server.url, credentials=ApiKey(" key\n"))) as gateway,
    ):
        gateway.get_caller()
    assert b"apikey=key&" in server.token_requests[0].body


def test_the_sdks_configuration_gives_a_key_and_our_settings_the_address_of_iam(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VPC_APIKEY", "external-key")
    with (
        ScriptedServer([REGIONS]) as server,
        a_gateway(a_connection(server.url, credentials=EXTERNAL)) as gateway,
    ):
        gateway.list_regions()
    assert b"apikey=external-key&" in server.token_requests[0].body


def test_the_sdks_credentials_file_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "ibm-credentials.env"
    file.write_text("VPC_AUTH_TYPE=iam\nVPC_APIKEY=key-from-file\n")
    monkeypatch.setenv("IBM_CREDENTIALS_FILE", str(file))
    with (
        ScriptedServer([REGIONS]) as server,
        a_gateway(a_connection(server.url, credentials=EXTERNAL)) as gateway,
    ):
        gateway.list_regions()
    assert b"apikey=key-from-file&" in server.token_requests[0].body


def test_the_sdks_bearer_token_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    token = a_token()
    monkeypatch.setenv("VPC_AUTH_TYPE", "bearerToken")
    monkeypatch.setenv("VPC_BEARER_TOKEN", token)
    with (
        ScriptedServer([REGIONS]) as server,
        a_gateway(a_connection(server.url, credentials=EXTERNAL)) as gateway,
    ):
        gateway.list_regions()
    assert server.requests[0].headers["authorization"] == f"Bearer {token}"


def test_a_profile_is_assumed_with_two_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPC_AUTH_TYPE", "iamAssume")
    monkeypatch.setenv("VPC_APIKEY", "external-key")
    monkeypatch.setenv("VPC_IAM_PROFILE_ID", "Profile-1")
    own, assumed = a_token(serial=1), a_token(serial=2)
    with (
        ScriptedServer(
            [REGIONS], [Reset(), a_token_answer(own), Answer(503), a_token_answer(assumed)]
        ) as server,
        a_gateway(a_connection(server.url, credentials=EXTERNAL)) as gateway,
    ):
        gateway.list_regions()
    assert server.requests[0].headers["authorization"] == f"Bearer {assumed}"


def test_a_container_without_its_token_file_is_an_error_of_authentication(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VPC_AUTH_TYPE", "container")
    monkeypatch.setenv("VPC_IAM_PROFILE_NAME", "profile")
    monkeypatch.setenv("VPC_CR_TOKEN_FILENAME", str(tmp_path / "absent"))
    with (
        ScriptedServer([REGIONS]) as server,
        a_gateway(a_connection(server.url, credentials=EXTERNAL)) as gateway,
        pytest.raises(AuthenticationError, match=r"cannot get an IAM token: .*absent"),
    ):
        gateway.list_regions()


def test_a_server_gets_its_token_from_its_own_metadata_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ScriptedServer([REGIONS], [a_token_answer()]) as server:
        monkeypatch.setenv("VPC_AUTH_TYPE", "vpc")
        monkeypatch.setenv("VPC_AUTH_URL", f"{server.url}/iam/metadata")
        with a_gateway(a_connection(server.url, credentials=EXTERNAL)) as gateway:
            gateway.list_regions()
    assert [(request.method, request.path) for request in server.token_requests] == [
        ("PUT", "/iam/metadata/instance_identity/v1/token"),
        ("POST", "/iam/metadata/instance_identity/v1/iam_token"),
    ]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "no credentials were found"),
        # The SDK takes every variable that starts with VPC for its own.
        ({"VPCMETACTL_STATE": "/tmp/x"}, "no credentials were found"),  # noqa: S108 - never opened
        ({"VPC_APIKEY": "k", "VPC_URL": "https://x"}, "VPC_URL is set in the SDK's configuration"),
        ({"VPC_APIKEY": "k", "VPC_DISABLE_SSL": "True"}, "VPC_DISABLE_SSL is set"),
        ({"VPC_APIKEY": "k", "VPC_AUTH_DISABLE_SSL": "true"}, "VPC_AUTH_DISABLE_SSL is set"),
        ({"VPC_APIKEY": "k", "VPC_AUTH_TYPE": "cp4d"}, "VPC_AUTH_TYPE cp4d cannot be used"),
        ({"VPC_AUTH_TYPE": "noAuth"}, "VPC_AUTH_TYPE noAuth cannot be used"),
        ({"VPC_AUTH_TYPE": "iam"}, "VPC_AUTH_TYPE iam needs VPC_APIKEY"),
        ({"VPC_AUTH_TYPE": "container"}, "the credentials cannot be used: "),
        ({"VPC_APIKEY": '"k"'}, "the credentials cannot be used: "),
    ],
    ids=str,
)
def test_a_configuration_of_the_sdk_that_cannot_be_used_is_refused_with_a_reason(
    variables: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with ScriptedServer() as server, pytest.raises(ConfigurationError) as caught:
        a_gateway(a_connection(server.url, credentials=EXTERNAL)).__enter__()
    assert sentence in str(caught.value)
    assert caught.value.hint
    assert server.connections == 0


def test_a_weakening_that_is_turned_off_is_no_weakening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPC_APIKEY", "k")
    monkeypatch.setenv("VPC_DISABLE_SSL", "false")
    with (
        ScriptedServer([REGIONS]) as server,
        a_gateway(a_connection(server.url, credentials=EXTERNAL)) as gateway,
    ):
        assert gateway.list_regions() == []


def test_every_token_manager_of_the_sdk_speaks_http_through_the_one_seam() -> None:
    """We replace ``_request``: a manager that went round it would know no deadline."""
    folder = Path(inspect.getfile(token_managers)).parent
    for file in folder.glob("*_token_manager.py"):
        source = file.read_text()
        own_requests = source.count("requests.request(") + source.count("requests.post(")
        allowed = 1 if file.name in {"jwt_token_manager.py", "token_manager.py"} else 0
        assert own_requests == allowed, file.name
    assert "_request" in vars(jwt_managers.JWTTokenManager)


def test_a_refused_external_key_does_not_wait_for_the_sdks_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VPC_AUTH_TYPE", "iamAssume")
    monkeypatch.setenv("VPC_APIKEY", "external-key")
    monkeypatch.setenv("VPC_IAM_PROFILE_ID", "Profile-1")
    began = time.monotonic()
    with (
        ScriptedServer([REGIONS], [Answer(503), Answer(400)]) as server,
        a_gateway(a_connection(server.url, credentials=EXTERNAL)) as gateway,
        pytest.raises(AuthenticationError, match="HTTP 400"),
    ):
        gateway.list_regions()
    assert time.monotonic() - began < 2
