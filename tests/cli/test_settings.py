from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from vpcmetactl.cli.settings import CloudOptions, Settings
from vpcmetactl.domain.errors import ConfigurationError, InvalidInputError
from vpcmetactl.ibmcloud.connection import (
    ApiKey,
    BearerToken,
    Connection,
    Credentials,
    ExternalConfiguration,
)

_DEFAULTS = CloudOptions()
_KEY = {"IBMCLOUD_API_KEY": "k"}

_SECRET = "a URL with a user or a password in it is not used"


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK looks for a credentials file in the working folder."""
    monkeypatch.chdir(tmp_path)


def credentials(environ: Mapping[str, str], options: CloudOptions = _DEFAULTS) -> Credentials:
    return Settings(environ).connection(options, 1).credentials


def a_key_file(folder: Path, content: str | bytes) -> CloudOptions:
    path = folder / "key"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return CloudOptions(api_key_file=path)


_ALL = {
    "IBMCLOUD_API_KEY": "key-1",
    "IC_API_KEY": "key-2",
    "IBMCLOUD_IAM_TOKEN": "token-1",
    "IC_IAM_TOKEN": "token-2",
    "VPC_APIKEY": "key-3",
}


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (0, ApiKey("key-1")),
        (1, ApiKey("key-2")),
        (2, BearerToken("token-1")),
        (3, BearerToken("token-2")),
        (4, ExternalConfiguration()),
    ],
)
def test_the_first_credentials_found_win(missing: int, expected: Credentials) -> None:
    assert credentials(dict(list(_ALL.items())[missing:])) == expected


def test_the_credentials_of_a_context_beat_everything_else(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[contexts.prod]\napi_key_env = "PROD_KEY"\n')
    settings = Settings({**_ALL, "PROD_KEY": "key-0", "VPCMETACTL_CONFIG": str(file)})
    said = replace(a_key_file(tmp_path, "key-4"), contexts=("prod",))

    [options] = settings.select(said)

    assert settings.connection(options, 1).credentials == ApiKey("key-0")


def test_a_key_file_beats_everything_in_the_environment(tmp_path: Path) -> None:
    assert credentials(_ALL, a_key_file(tmp_path, "from-file")) == ApiKey("from-file")


@pytest.mark.parametrize("name", list(_ALL))
def test_an_empty_variable_says_nothing(name: str) -> None:
    blank = "" if name == "VPC_APIKEY" else "  "

    with pytest.raises(ConfigurationError, match="there are no credentials") as caught:
        credentials({name: blank})

    assert "IBMCLOUD_API_KEY" in (caught.value.hint or "")
    assert "vpcmetactl demo" in (caught.value.hint or "")


@pytest.mark.parametrize("text", ["Bearer abc.def", "abc.def", " Bearer  abc.def\n"])
def test_a_token_may_come_with_the_word_bearer(text: str) -> None:
    assert credentials({"IBMCLOUD_IAM_TOKEN": text}) == BearerToken("abc.def")


@pytest.mark.parametrize("name", ["VPC_APIKEY", "VPC_AUTH_TYPE", "VPC_AUTHTYPE", "VCAP_SERVICES"])
def test_the_sdks_own_variables_are_left_to_the_sdk(name: str) -> None:
    assert credentials({name: "x"}) == ExternalConfiguration()


@pytest.mark.parametrize("name", ["VPC_ID", "VPC_NAME", "VPC_URL"])
def test_other_variables_that_begin_alike_are_no_credentials(name: str) -> None:
    with pytest.raises(ConfigurationError):
        credentials({name: "x"})


def test_a_credentials_file_of_the_sdk_is_left_to_the_sdk(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    file = home / "ibm-credentials.env"
    file.write_text("VPC_APIKEY=k")

    assert credentials({"HOME": str(home)}) == ExternalConfiguration()
    assert credentials({"IBM_CREDENTIALS_FILE": str(file)}) == ExternalConfiguration()
    with pytest.raises(ConfigurationError):
        credentials({"HOME": str(tmp_path)})


def test_a_credentials_file_in_the_working_folder_is_left_to_the_sdk(tmp_path: Path) -> None:
    (tmp_path / "ibm-credentials.env").write_text("VPC_APIKEY=k")

    assert credentials({}) == ExternalConfiguration()


@pytest.mark.parametrize(
    "content",
    [
        "the-key",
        "the-key\n",
        "\r\n the-key \r\n",
        b"\xef\xbb\xbfthe-key",
        '{"name": "mine", "apikey": "the-key"}',
        b'\xef\xbb\xbf{\n "apikey": "the-key"\n}\n',
    ],
)
def test_a_key_file_holds_the_bare_key_or_what_ibm_cloud_lets_one_download(
    tmp_path: Path, content: str | bytes
) -> None:
    assert credentials({}, a_key_file(tmp_path, content)) == ApiKey("the-key")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no API key"),
        ("two words", "holds no API key"),
        ("a\nb", "holds no API key"),
        ("{}", "holds no API key"),
        ('{"apikey": ""}', "holds no API key"),
        ('{"apikey": 7}', "holds no API key"),
        ('{"apikey": "sec ret"}', "holds no API key"),
        ('{"apikey": "secret"', "is not JSON"),
        (b"\xff\xfe", "is not text"),
    ],
)
def test_a_key_file_that_holds_no_key_is_refused_without_telling_what_it_holds(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    options = a_key_file(tmp_path, content)

    with pytest.raises(InvalidInputError) as caught:
        credentials(_KEY, options)

    assert str(caught.value) == f"--api-key-file {options.api_key_file}: {words}"


def test_a_key_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="No such file or directory"):
        credentials(_KEY, CloudOptions(api_key_file=tmp_path / "none"))


@pytest.mark.parametrize("secret", [ApiKey("secret"), BearerToken("secret")])
def test_credentials_do_not_show_in_their_repr(secret: Credentials) -> None:
    assert "secret" not in repr(secret)


# Endpoints.


def test_ibms_public_endpoints_are_the_default() -> None:
    assert Settings(_KEY).connection(CloudOptions(timeout=9, max_rps=2.0), 5) == Connection(
        credentials=ApiKey("k"),
        vpc_url="https://{region}.iaas.cloud.ibm.com/v1",
        iam_url="https://iam.cloud.ibm.com",
        timeout=9,
        max_rps=2.0,
        max_connections=5,
    )


def test_ibms_private_endpoints_can_be_chosen() -> None:
    connection = Settings(_KEY).connection(CloudOptions(endpoints="private"), 1)

    assert connection.vpc_url == "https://{region}.private.iaas.cloud.ibm.com/v1"
    assert connection.iam_url == "https://private.iam.cloud.ibm.com"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/vpc/{region}/v1",
        "http://localhost/{region}",
        "http://[::1]:80/{region}",
        "https://vpc.example/{region}",
    ],
)
def test_the_environment_may_point_to_loopback_and_elsewhere_by_https(url: str) -> None:
    settings = Settings({**_KEY, "VPCMETACTL_VPC_URL": f"{url}/"})

    assert settings.connection(_DEFAULTS, 1).vpc_url == url
    assert settings.overridden_endpoints(CloudOptions()) == {"VPCMETACTL_VPC_URL": url}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://vpc.example/{region}", "would send credentials in the clear"),
        ("http://127.0.0.1.example/{region}", "would send credentials in the clear"),
        ("http://{region}.localhost/v1", "would send credentials in the clear"),
        ("ftp://vpc.example/{region}", "is not a URL"),
        ("vpc.example/{region}", "is not a URL"),
        ("https:///{region}", "is not a URL"),
        ("http://[::1/{region}", "is not a URL"),
        ("https://vpc.example/v1", "does not say where the region goes"),
        ("https://user:secret@vpc.example/{region}", _SECRET),
        ("ftp://user:secret@vpc.example/{region}", _SECRET),
        ("https://{region}@vpc.example/", _SECRET),
        ("user:secret@vpc.example/{region}", _SECRET),
    ],
)
def test_an_endpoint_that_may_not_be_used_is_refused(url: str, words: str) -> None:
    settings = Settings({**_KEY, "VPCMETACTL_VPC_URL": url})

    with pytest.raises(InvalidInputError, match=words) as caught:
        settings.connection(_DEFAULTS, 1)
    with pytest.raises(InvalidInputError, match=words):
        settings.overridden_endpoints(CloudOptions())  # which is printed

    assert str(caught.value).startswith("VPCMETACTL_VPC_URL")
    assert "secret" not in str(caught.value)


def test_an_iam_endpoint_needs_no_region_and_no_less_care() -> None:
    url = "http://127.0.0.1/iam"
    assert Settings({**_KEY, "VPCMETACTL_IAM_URL": url}).connection(_DEFAULTS, 1).iam_url == url
    with pytest.raises(InvalidInputError, match=r"VPCMETACTL_IAM_URL: .* in the clear"):
        Settings({**_KEY, "VPCMETACTL_IAM_URL": "http://iam.example"}).connection(_DEFAULTS, 1)


def test_the_state_is_where_the_option_says_or_in_the_users_state_folder(tmp_path: Path) -> None:
    settings = Settings({})

    assert settings.state_path(CloudOptions(state=tmp_path / "s")) == tmp_path / "s"
    default = settings.state_path(_DEFAULTS)
    assert (default.parent.name, default.name) == ("vpcmetactl", "state.sqlite")
