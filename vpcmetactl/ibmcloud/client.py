"""The SDK's clients: of the VPC API, one for all regions and threads, and of other services."""

import copy
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec, module_from_spec
from logging import NullHandler, getLogger
from typing import TYPE_CHECKING, Any

import requests

from vpcmetactl.ibmcloud.connection import Connection
from vpcmetactl.ibmcloud.credentials import CallerAuthenticator
from vpcmetactl.ibmcloud.pacing import Pace
from vpcmetactl.ibmcloud.transport import host_of, settings_for

if TYPE_CHECKING:
    from ibm_platform_services.global_search_v2 import GlobalSearchV2
    from ibm_platform_services.iam_identity_v1 import IamIdentityV1
    from ibm_vpc import VpcV1

# The VPC API's version date. The SDK's default moves with each release; ours moves when somebody
# has read the change log. This is the date on which bare metal servers got their metadata service;
# nothing that we read has changed since (platform notes 1.2, 1.4). Dates in the future are refused,
# so it is also well behind any clock.
API_VERSION = "2025-08-26"

# These log requests, and tracebacks of TLS errors, at levels that reach stderr by default.
_LOGGERS = ("ibm-cloud-sdk-core", "ibm_vpc", "ibm_platform_services", "requests", "urllib3")


@dataclass(frozen=True, slots=True)
class ApiClient:
    """The SDK's client of one host, with the settings of each call and the host's pace."""

    api: Any
    host: str
    settings: Mapping[str, Any]
    pace: Pace


class VpcClients:
    """A client for each region, made when it is first asked for. Safe to use from any thread."""

    def __init__(
        self,
        connection: Connection,
        session: requests.Session,
        authenticator: CallerAuthenticator,
    ) -> None:
        self._connection = connection
        self._api = _new_api(session, authenticator)
        self._regions: dict[str, ApiClient] = {}
        self._lock = threading.Lock()

    def region(self, name: str) -> ApiClient:
        """Return the client of a region; raises InvalidInputError for what cannot be one."""
        known = self._regions.get(name)
        if known is not None:
            return known
        url = self._connection.vpc_url_of(name)
        with self._lock:
            return self._regions.setdefault(name, self._new_region(url))

    def _new_region(self, url: str) -> ApiClient:
        # Constructing one costs 17 ms, most of it for a CA bundle that we do not use.
        api = copy.copy(self._api)
        return _client_of(api, url, self._connection)


class ServiceClient:
    """The client of a service without regions; ``make`` is called when it is first asked for.

    Safe to use from any thread.
    """

    def __init__(self, make: Callable[[], ApiClient]) -> None:
        self._make = make
        self._client: ApiClient | None = None
        self._lock = threading.Lock()

    def get(self) -> ApiClient:
        """Return the client."""
        with self._lock:
            if self._client is None:
                self._client = self._make()
            return self._client


class Clients:
    """The clients of every API, as one caller. The SDK of the VPC API is imported for it."""

    def __init__(
        self,
        connection: Connection,
        session: requests.Session,
        authenticator: CallerAuthenticator,
    ) -> None:
        def service(url: str, load: Callable[[], type[Any]]) -> ServiceClient:
            def make() -> ApiClient:
                api = load()(authenticator=authenticator)
                _speak_through(session, api)
                return _client_of(api, url, connection)

            return ServiceClient(make)

        self.vpc = VpcClients(connection, session, authenticator)
        self.iam = service(connection.iam_url, _load_iam_identity)
        self.search = service(connection.search_url, _load_global_search)


def _client_of(api: Any, url: str, connection: Connection) -> ApiClient:  # noqa: ANN401 - untyped
    api.set_service_url(url)
    settings = {"stream": True, "allow_redirects": False, **settings_for(url)}
    return ApiClient(api, host_of(url), settings, Pace(connection.max_rps))


def _speak_through(session: requests.Session, api: Any) -> None:  # noqa: ANN401 - untyped
    """Replace the session that the SDK has just made by ours."""
    api.get_http_client().close()
    api.set_http_client(session)


def _new_api(session: requests.Session, authenticator: CallerAuthenticator) -> "VpcV1":
    # Imported here and not above: the token is requested in the meantime.
    from ibm_vpc import VpcV1  # noqa: PLC0415

    api = VpcV1(version=API_VERSION, authenticator=authenticator)
    _speak_through(session, api)
    return api


def _load_iam_identity() -> "type[IamIdentityV1]":
    """Import the SDK of IAM Identity."""
    _skip_package()
    from ibm_platform_services.iam_identity_v1 import IamIdentityV1  # noqa: PLC0415 - as above

    return IamIdentityV1  # type: ignore[no-any-return] # the SDK is untyped


def _load_global_search() -> "type[GlobalSearchV2]":
    """Import the SDK of Global Search."""
    _skip_package()
    from ibm_platform_services.global_search_v2 import GlobalSearchV2  # noqa: PLC0415 - as above

    return GlobalSearchV2  # type: ignore[no-any-return] # the SDK is untyped


def _skip_package() -> None:
    """Let one service of the SDK be imported alone.

    Their package imports all nineteen, which takes four times as long: so the package is not run.
    """
    name = "ibm_platform_services"
    spec = find_spec(name)
    if spec is not None and name not in sys.modules:
        sys.modules[name] = module_from_spec(spec)


def silence_loggers() -> None:
    """Keep the libraries from logging: what they log may hold secrets, and nobody asked for it.

    The SDK would also print every request, were its logger enabled for debugging.
    """
    for name in _LOGGERS:
        logger = getLogger(name)
        logger.addHandler(NullHandler())
        logger.propagate = False
    getLogger("ibm-cloud-sdk-core").setLevel("WARNING")
