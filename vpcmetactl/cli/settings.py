"""What comes from the environment: credentials, endpoints, paths. The only reader of it.

Credentials never come from the command line, where every process can see them.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from vpcmetactl.domain.errors import ConfigurationError, InvalidInputError
from vpcmetactl.domain.restarts import RestartRule
from vpcmetactl.ibmcloud.connection import (
    ApiKey,
    BearerToken,
    Connection,
    Credentials,
    ExternalConfiguration,
)
from vpcmetactl.usecases.ports import Caller, Realm

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_VPC_URLS = {
    "public": "https://{region}.iaas.cloud.ibm.com/v1",
    "private": "https://{region}.private.iaas.cloud.ibm.com/v1",
}
_IAM_URLS = {"public": "https://iam.cloud.ibm.com", "private": "https://private.iam.cloud.ibm.com"}
_API_KEYS = ("IBMCLOUD_API_KEY", "IC_API_KEY")
_TOKENS = ("IBMCLOUD_IAM_TOKEN", "IC_IAM_TOKEN")
# By these the SDK's external configuration of service vpc starts; others (VPC_ID, …) are not its.
_SDK_VARIABLES = (
    "VPC_APIKEY",
    "VPC_AUTH_TYPE",
    "VPC_AUTHTYPE",
    "VPC_BEARER_TOKEN",
    "VCAP_SERVICES",
)
_NO_CREDENTIALS = (
    "set IBMCLOUD_API_KEY to an API key of your account, or give --api-key-file FILE; "
    "to look around without an account run: vpcmetactl demo"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudOptions:
    """How to reach the cloud and judge what is found, as the command line says it."""

    api_key_file: Path | None = None
    endpoints: str = "public"
    ca_bundle: Path | None = None
    timeout: float = 60.0
    max_workers: int | None = None
    max_rps: float | None = None
    account: str | None = None
    state: Path | None = None
    no_state: bool = False
    restart_rule: RestartRule = RestartRule.FAQ
    source: Path | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment, read on demand; given whole in tests."""

    environ: Mapping[str, str]

    def connection(self, options: CloudOptions, max_connections: int) -> Connection:
        """Return how to reach the cloud.

        Raises ConfigurationError where there are no credentials, and InvalidInputError for a file
        that cannot be read or a URL that may not be used.
        """
        return Connection(
            credentials=self._credentials(options),
            vpc_url=self.vpc_url(options),
            iam_url=self._url("VPCMETACTL_IAM_URL", _IAM_URLS[options.endpoints]),
            timeout=options.timeout,
            max_rps=options.max_rps,
            max_connections=max_connections,
            ca_bundle=options.ca_bundle,
        )

    def vpc_url(self, options: CloudOptions) -> str:
        """Return the URL of the VPC API, with ``{region}`` in it."""
        return self._url("VPCMETACTL_VPC_URL", _VPC_URLS[options.endpoints])

    def realm(self, options: CloudOptions, caller: Caller) -> Realm:
        """Return whose state and plans are meant: of which account, at which endpoints."""
        return Realm(
            iam_host=self._url("VPCMETACTL_IAM_URL", _IAM_URLS[options.endpoints]),
            vpc_endpoint=self.vpc_url(options),
            account_id=caller.account_id or "",
        )

    def overridden_endpoints(self) -> Mapping[str, str]:
        """Return the endpoints that the environment points elsewhere, for a line on stderr.

        Raises InvalidInputError for one that may not be used: it could have a password in it.
        """
        names = ("VPCMETACTL_VPC_URL", "VPCMETACTL_IAM_URL")
        return {name: self._url(name, "") for name in names if self.environ.get(name, "").strip()}

    def state_path(self, options: CloudOptions) -> Path:
        """Return where the state file is: the option, or a file in the user's state folder."""
        if options.state is not None:
            return options.state.expanduser()
        # Imported here: only commands that open the state need to know the folder.
        from platformdirs import user_state_path  # noqa: PLC0415

        return user_state_path("vpcmetactl", appauthor=False) / "state.sqlite"

    def _credentials(self, options: CloudOptions) -> Credentials:
        if options.api_key_file is not None:
            return ApiKey(_read_key(options.api_key_file))
        for name in _API_KEYS:
            if value := self.environ.get(name, "").strip():
                return ApiKey(value)
        for name in _TOKENS:
            if value := self.environ.get(name, "").strip():
                return BearerToken(value.removeprefix("Bearer ").strip())
        if self._has_external_configuration():
            return ExternalConfiguration()
        raise ConfigurationError("there are no credentials", hint=_NO_CREDENTIALS)

    def _has_external_configuration(self) -> bool:
        """Whether the SDK's own configuration of service ``vpc`` could hold credentials."""
        if any(self.environ.get(name) for name in _SDK_VARIABLES):
            return True
        named = self.environ.get("IBM_CREDENTIALS_FILE")
        home = self.environ.get("HOME")
        places = [Path(named)] if named else []
        places += [Path("ibm-credentials.env")]
        places += [Path(home) / "ibm-credentials.env"] if home else []
        return any(place.is_file() for place in places)

    def _url(self, name: str, default: str) -> str:
        url = self.environ.get(name, "").strip() or default
        # First of all, and anywhere in it: what follows quotes the URL.
        if "@" in url:
            raise InvalidInputError(
                f"{name}: a URL with a user or a password in it is not used",
                hint="credentials come from IBMCLOUD_API_KEY or --api-key-file",
            )
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise InvalidInputError(f"{name} is not a URL: {error}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInputError(f"{name}: {url!r} is not a URL")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise InvalidInputError(
                f"{name}: {url!r} would send credentials in the clear",
                hint="only https is used, except to this machine itself",
            )
        if name == "VPCMETACTL_VPC_URL" and "{region}" not in url:
            raise InvalidInputError(
                f"{name}: {url!r} does not say where the region goes",
                hint="write {region} in its place, as in https://{region}.iaas.cloud.ibm.com/v1",
            )
        return url.rstrip("/")


def process_environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ  # noqa: TID251 - this is the place


def _read_key(path: Path) -> str:
    """Read an API key: the bare key, or the JSON file that IBM Cloud lets one download."""
    try:
        text = path.expanduser().read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not text"
        raise InvalidInputError(f"--api-key-file {path}: {reason}") from None
    key = _key_in_json(path, text) if text.startswith("{") else text
    if not key or any(c.isspace() for c in key):
        raise InvalidInputError(f"--api-key-file {path}: holds no API key")
    return key


def _key_in_json(path: Path, text: str) -> str:
    import json  # noqa: PLC0415 - rarely needed

    try:
        found = json.loads(text).get("apikey", "")
    except (ValueError, AttributeError):
        raise InvalidInputError(f"--api-key-file {path}: is not JSON") from None
    return found if isinstance(found, str) else ""
