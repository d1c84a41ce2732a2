"""What comes from the environment: credentials, endpoints, paths. The only reader of it.

Credentials never come from the command line, where every process can see them.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from vpcmetactl.domain.contexts import ContextSummary
from vpcmetactl.domain.errors import ConfigurationError, InvalidInputError, VpcmetactlError
from vpcmetactl.domain.restarts import RestartRule
from vpcmetactl.domain.suggestions import did_you_mean
from vpcmetactl.ibmcloud.connection import (
    ApiKey,
    BearerToken,
    Connection,
    Credentials,
    ExternalConfiguration,
    InstanceIdentity,
)
from vpcmetactl.usecases.ports import Caller, Realm

if TYPE_CHECKING:
    from vpcmetactl.files.configuration import Context

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_METADATA_HOSTS = {*_LOOPBACK, "169.254.169.254", "api.metadata.cloud.ibm.com"}
_VPC_URLS = {
    "public": "https://{region}.iaas.cloud.ibm.com/v1",
    "private": "https://{region}.private.iaas.cloud.ibm.com/v1",
}
_IAM_URLS = {"public": "https://iam.cloud.ibm.com", "private": "https://private.iam.cloud.ibm.com"}
# Its private addresses are regional (platform notes 3.1). One stands for all: the search is global.
_SEARCH_URLS = {
    "public": "https://api.global-search-tagging.cloud.ibm.com",
    "private": "https://api.private.us-south.global-search-tagging.cloud.ibm.com",
}
# A host that can be reached at all is reached sooner.
_LOOK_SECONDS = 10.0
# What points an endpoint elsewhere, by what a context calls it.
_ENDPOINTS = {
    "vpc_url": "VPCMETACTL_VPC_URL",
    "iam_url": "VPCMETACTL_IAM_URL",
    "search_url": "VPCMETACTL_SEARCH_URL",
}
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
    "set IBMCLOUD_API_KEY to an API key of your account, or give --api-key-file FILE "
    "or --context NAME; to look around without an account run: vpcmetactl demo"
)

_KEY_FILE = "name a file that holds the bare API key, or the JSON file that IBM Cloud gives"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudOptions:
    """How to reach the cloud and judge what is found, as the command line says it.

    ``contexts`` are names of the configuration file; ``Settings.select`` makes one ``context`` of
    each, which then takes part in everything that is not said otherwise.
    """

    contexts: tuple[str, ...] = ()
    context: "Context | None" = None
    api_key_file: Path | None = None
    endpoints: str | None = None
    ca_bundle: Path | None = None
    timeout: float = 60.0
    max_workers: int | None = None
    max_rps: float | None = None
    account: str | None = None
    state: Path | None = None
    no_state: bool = False
    restart_rule: RestartRule | None = None
    source: Path | None = None

    @property
    def named_endpoints(self) -> str:
        """Which of IBM's endpoints are meant."""
        said = self.context.endpoints if self.context else None
        return self.endpoints or said or "public"

    @property
    def named_rule(self) -> RestartRule:
        """Which of IBM's two statements about restarts is gone by."""
        said = self.context.restart_rule if self.context else None
        return self.restart_rule or said or RestartRule.FAQ

    @property
    def named_ca_bundle(self) -> Path | None:
        """Which certificates are to be trusted beside the usual ones."""
        return self.ca_bundle or (self.context.ca_bundle if self.context else None)


@dataclass(frozen=True)
class Settings:
    """The environment and the configuration file, read on demand; given whole in tests."""

    environ: Mapping[str, str]

    @property
    def configuration_path(self) -> Path:
        """Where the configuration file is: as VPCMETACTL_CONFIG says, or in the user's folder."""
        if named := self.environ.get("VPCMETACTL_CONFIG", "").strip():
            return Path(named).expanduser()
        from platformdirs import user_config_path  # noqa: PLC0415 - only who asks for contexts

        return user_config_path("vpcmetactl", appauthor=False) / "config.toml"

    @cached_property
    def contexts(self) -> "Mapping[str, Context]":
        """The contexts that the configuration file defines; none where there is no file.

        Raises InvalidInputError for a file with mistakes, or one that is named and not there.
        """
        from vpcmetactl.files.configuration import read_configuration  # noqa: PLC0415 - as above

        path = self.configuration_path
        if not path.exists() and not self.environ.get("VPCMETACTL_CONFIG", "").strip():
            return {}
        return read_configuration(path)

    def select(self, options: CloudOptions) -> Sequence[CloudOptions]:
        """Return the options of each context that is named, or the options where none is.

        Raises InvalidInputError for a context that is not defined or named twice.
        """
        if not options.contexts:
            return [options]
        for name in options.contexts:
            if name not in self.contexts:
                path = self.configuration_path
                hint = "vpcmetactl config init writes a template"
                if path.exists():
                    hint = f"write a table [contexts.{name}] into it"
                raise InvalidInputError(
                    f"--context {name}: {path} defines no such context",
                    hint=did_you_mean(name, self.contexts, "contexts") if self.contexts else hint,
                )
            if options.contexts.count(name) > 1:
                raise InvalidInputError(f"--context {name} is given twice", hint="name it once")
        return [replace(options, context=self.contexts[name]) for name in options.contexts]

    def describe_contexts(self) -> Sequence[ContextSummary]:
        """Return every context without its secrets; raises as ``contexts`` does."""
        return [self._describe(context) for context in self.contexts.values()]

    def _describe(self, context: "Context") -> ContextSummary:
        options = CloudOptions(context=context)
        try:
            self._credentials(options)
            problem = None
        except VpcmetactlError as error:
            problem = str(error)
        return ContextSummary(
            name=context.name,
            account_id=context.account_id,
            credentials=context.credentials_words,
            problem=problem,
            regions=context.regions,
            exclude_regions=context.exclude_regions,
            vpc_url=self.vpc_url(options),
            iam_url=self.iam_url(options),
            search_url=self.search_url(options),
        )

    def connection(self, options: CloudOptions, max_connections: int) -> Connection:
        """Return how to reach the cloud.

        Raises ConfigurationError where there are no credentials, and InvalidInputError for a file
        that cannot be read or a URL that may not be used.
        """
        return Connection(
            credentials=self._credentials(options),
            vpc_url=self.vpc_url(options),
            iam_url=self.iam_url(options),
            search_url=self.search_url(options),
            timeout=options.timeout,
            max_rps=options.max_rps,
            max_connections=max_connections,
            ca_bundle=options.named_ca_bundle,
        )

    def anonymous_connection(self, options: CloudOptions) -> Connection:
        """Return how to reach hosts without credentials."""
        return Connection(
            credentials=ExternalConfiguration(),
            vpc_url=self.vpc_url(options),
            iam_url=self.iam_url(options),
            search_url=self.search_url(options),
            timeout=min(options.timeout, _LOOK_SECONDS),
            ca_bundle=options.named_ca_bundle,
        )

    def credentials_words(self, options: CloudOptions) -> str:
        """Say where the credentials come from; raises as ``connection`` does."""
        self._credentials(options)
        context = options.context
        if context is not None and self._of_context(context) is not None:
            return context.credentials_words
        if options.api_key_file is not None:
            return f"the API key in {options.api_key_file}"
        for name in (*_API_KEYS, *_TOKENS):
            if self.environ.get(name, "").strip():
                return f"the {'API key' if name in _API_KEYS else 'IAM token'} in ${name}"
        return "the SDK's external configuration of service vpc"

    def vpc_url(self, options: CloudOptions) -> str:
        """Return the URL of the VPC API, with ``{region}`` in it."""
        return self._endpoint("vpc_url", options, _VPC_URLS)

    def iam_url(self, options: CloudOptions) -> str:
        """Return the URL of IAM."""
        return self._endpoint("iam_url", options, _IAM_URLS)

    def search_url(self, options: CloudOptions) -> str:
        """Return the URL of Global Search."""
        return self._endpoint("search_url", options, _SEARCH_URLS)

    def _endpoint(self, key: str, options: CloudOptions, usual: Mapping[str, str]) -> str:
        """Return a URL: the context's own, else the environment's, else the usual one."""
        said = getattr(options.context, key, None) if options.context else None
        if said:
            place = f"contexts.{options.context.name}.{key}" if options.context else key
            return _checked_url(place, said, with_region=key == "vpc_url")
        return self._url(_ENDPOINTS[key], usual.get(options.named_endpoints, ""))

    def realm(self, options: CloudOptions, caller: Caller) -> Realm:
        """Return whose state and plans are meant: of which account, at which endpoints."""
        return Realm(
            iam_host=self.iam_url(options),
            vpc_endpoint=self.vpc_url(options),
            account_id=caller.account_id or "",
        )

    def overridden_endpoints(self, options: CloudOptions) -> Mapping[str, str]:
        """Return the endpoints that something points elsewhere, for lines on stderr.

        Raises InvalidInputError for one that may not be used: it could have a password in it.
        """
        told = {}
        for key, variable in _ENDPOINTS.items():
            name = variable
            if options.context is not None and getattr(options.context, key):
                name = f"the context's {key}"
            elif not self.environ.get(name, "").strip():
                continue
            told[name] = self._endpoint(key, options, {})
        return told

    def state_path(self, options: CloudOptions) -> Path:
        """Return where the state file is: the option, or a file in the user's state folder."""
        if options.state is not None:
            return options.state.expanduser()
        # Imported here: only commands that open the state need to know the folder.
        from platformdirs import user_state_path  # noqa: PLC0415

        return user_state_path("vpcmetactl", appauthor=False) / "state.sqlite"

    def _credentials(self, options: CloudOptions) -> Credentials:
        if options.context is not None and (found := self._of_context(options.context)):
            return found
        if options.api_key_file is not None:
            return ApiKey(_read_key(options.api_key_file, "--api-key-file"))
        for name in _API_KEYS:
            if value := self.environ.get(name, "").strip():
                return ApiKey(value)
        for name in _TOKENS:
            if value := self.environ.get(name, "").strip():
                return BearerToken(value.removeprefix("Bearer ").strip())
        if self._has_external_configuration():
            return ExternalConfiguration()
        raise ConfigurationError("there are no credentials", hint=_NO_CREDENTIALS)

    def _of_context(self, context: "Context") -> Credentials | None:
        place = f"context {context.name}"
        if context.api_key_file is not None:
            return ApiKey(_read_key(context.api_key_file, f"{place}: api_key_file"))
        if context.trusted_profile is not None:
            url = context.metadata_url and _checked_local_url(
                f"contexts.{context.name}.metadata_url", context.metadata_url
            )
            return InstanceIdentity(context.trusted_profile or None, url or None)
        name = context.api_key_env or context.iam_token_env
        if name is None:
            return None
        value = self.environ.get(name, "").strip()
        if not value:
            raise ConfigurationError(
                f"{place}: the variable {name}, which is to hold its credentials, is not set",
                hint=f"export {name}=..., or name another source in {self.configuration_path}",
            )
        if context.api_key_env:
            return ApiKey(value)
        return BearerToken(value.removeprefix("Bearer ").strip())

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
        return _checked_url(name, url, with_region=name == "VPCMETACTL_VPC_URL")


def _checked_url(name: str, url: str, *, with_region: bool) -> str:
    """Return a URL without a slash at its end; raises InvalidInputError for one not to be used."""
    parts = _parts(name, url)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise InvalidInputError(
            f"{name}: {url!r} would send credentials in the clear",
            hint="only https is used, except to this machine itself",
        )
    if with_region and "{region}" not in url:
        raise InvalidInputError(
            f"{name}: {url!r} does not say where the region goes",
            hint="write {region} in its place, as in https://{region}.iaas.cloud.ibm.com/v1",
        )
    return url.rstrip("/")


def _checked_local_url(name: str, url: str) -> str:
    """Return the URL of a metadata service, which plain HTTP may reach: it stays on the host."""
    parts = _parts(name, url)
    if parts.scheme == "http" and parts.hostname not in _METADATA_HOSTS:
        raise InvalidInputError(
            f"{name}: {url!r} is no address of a metadata service",
            hint="it is at http://169.254.169.254 or http(s)://api.metadata.cloud.ibm.com",
        )
    return url.rstrip("/")


def _parts(name: str, url: str) -> SplitResult:
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
    return parts


def process_environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ  # noqa: TID251 - this is the place


def _read_key(path: Path, said: str) -> str:
    """Read an API key: the bare key, or the JSON file that IBM Cloud lets one download."""
    try:
        text = path.expanduser().read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not text"
        raise InvalidInputError(f"{said} {path}: {reason}", hint=_KEY_FILE) from None
    key = _key_in_json(path, text, said) if text.startswith("{") else text
    if not key or any(c.isspace() for c in key):
        raise InvalidInputError(f"{said} {path}: holds no API key", hint=_KEY_FILE)
    return key


def _key_in_json(path: Path, text: str, said: str) -> str:
    import json  # noqa: PLC0415 - rarely needed

    try:
        found = json.loads(text).get("apikey", "")
    except (ValueError, AttributeError):
        raise InvalidInputError(f"{said} {path}: is not JSON", hint=_KEY_FILE) from None
    return found if isinstance(found, str) else ""
