"""From credentials to tokens: the SDK's own authenticators, speaking through our transport."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, assert_never

import jwt
import msgspec
import requests
from ibm_cloud_sdk_core import (
    ApiException,
    get_authenticator_from_environment,
    read_external_sources,
)
from ibm_cloud_sdk_core.authenticators import (
    Authenticator,
    BearerTokenAuthenticator,
    IAMAuthenticator,
    VPCInstanceAuthenticator,
)
from ibm_cloud_sdk_core.token_managers.iam_request_based_token_manager import (
    IAMRequestBasedTokenManager,
)
from ibm_cloud_sdk_core.token_managers.jwt_token_manager import JWTTokenManager
from ibm_cloud_sdk_core.token_managers.vpc_instance_token_manager import VPCInstanceTokenManager

from vpcmetactl.domain.errors import AuthenticationError, ConfigurationError
from vpcmetactl.ibmcloud import operations
from vpcmetactl.ibmcloud.connection import (
    ApiKey,
    BearerToken,
    Connection,
    ExternalConfiguration,
    InstanceIdentity,
)
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.ibmcloud.pacing import Pace
from vpcmetactl.ibmcloud.redaction import Secrets
from vpcmetactl.ibmcloud.retries import Retries
from vpcmetactl.ibmcloud.tokens import Token, read_token
from vpcmetactl.ibmcloud.transport import host_of, settings_for
from vpcmetactl.ibmcloud.wire.tolerant import NotAsDocumentedError

_SERVICE = "vpc"
# Any of these says that somebody meant to configure the SDK. The SDK itself takes every variable
# that starts with VPC for its own, VPCMETACTL_… included, and then looks for a container's token.
_MEANT = ("APIKEY", "AUTH_TYPE", "AUTHTYPE", "BEARER_TOKEN", "CR_TOKEN_FILENAME")
_SUPPORTED = ("iam", "iamassume", "bearertoken", "container", "vpc")
_SECRET = ("APIKEY", "BEARER_TOKEN", "CLIENT_SECRET", "PASSWORD")
_NO_CREDENTIALS_HINT = (
    "set IBMCLOUD_API_KEY or IBMCLOUD_IAM_TOKEN, or give --api-key-file or --context; "
    "`vpcmetactl demo` needs none"
)


class CallerAuthenticator(Authenticator):  # type: ignore[misc] # the SDK is untyped
    """Puts the token in use on a request; the operation has made sure that there is one."""

    def __init__(self, token: Callable[[], Token]) -> None:
        self._token = token

    def authentication_type(self) -> str:
        """Name the SDK's type that this comes closest to."""
        return str(Authenticator.AUTHTYPE_BEARERTOKEN)

    def validate(self) -> None:
        """Nothing to validate: there is no configuration."""

    def authenticate(self, req: Mapping[str, Any]) -> None:
        """Add the Authorization header."""
        req["headers"]["Authorization"] = f"Bearer {self._token().value}"


def token_source(
    connection: Connection, session: requests.Session, retries: Retries, secrets: Secrets
) -> Callable[[], Token]:
    """Return what gets a new token each time it is called.

    Raises ConfigurationError for credentials that cannot be used at all. What is returned raises
    AuthenticationError for a refusal.
    """
    try:
        authenticator = _sdk_authenticator(connection, secrets)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            f"the credentials cannot be used: {secrets.hide(str(error))}",
            hint="an API key is a single word, without quotes or braces around it",
        ) from None
    if isinstance(authenticator, BearerTokenAuthenticator):
        return BroughtToken(authenticator.bearer_token, secrets)
    return RequestedTokens(authenticator.token_manager, session, retries, secrets)


def _sdk_authenticator(connection: Connection, secrets: Secrets) -> Authenticator:
    match connection.credentials:
        case ApiKey(value):
            key = value.strip()
            if not key:
                raise ConfigurationError("the API key is empty", hint=_NO_CREDENTIALS_HINT)
            secrets.add(key)
            return IAMAuthenticator(key, url=connection.iam_url)
        case BearerToken(value):
            # As `ibmcloud iam oauth-tokens` prints it.
            token = value.strip().removeprefix("Bearer ").strip()
            secrets.add(token)
            return BearerTokenAuthenticator(token)
        case InstanceIdentity():
            return _of_this_server(connection.credentials)
        case ExternalConfiguration():
            return _from_external_configuration(connection, secrets)
        case other:
            assert_never(other)


def _of_this_server(identity: InstanceIdentity) -> Authenticator:
    """Ask by the version whose paths bare metal has, too (platform notes 5.2)."""
    word = identity.profile
    kind = "crn" if word and word.startswith("crn:") else "name"
    kind = "id" if word and word.startswith("Profile-") else kind
    which = {f"iam_profile_{kind}": word} if word else {}
    version = VPCInstanceTokenManager.METADATA_SERVICE_VERSION_V2
    return VPCInstanceAuthenticator(**which, url=identity.url, service_version=version)


def _from_external_configuration(connection: Connection, secrets: Secrets) -> Authenticator:
    found = read_external_sources(_SERVICE)
    for name in _SECRET:
        secrets.add(found.get(name) or "")
    if not any(found.get(name) for name in _MEANT):
        raise ConfigurationError("no credentials were found", hint=_NO_CREDENTIALS_HINT)
    _refuse_what_weakens(found)
    authenticator = get_authenticator_from_environment(_SERVICE)
    if authenticator is None:
        raise ConfigurationError("VPC_AUTH_TYPE iam needs VPC_APIKEY", hint=_NO_CREDENTIALS_HINT)
    for manager in _managers(authenticator):
        if isinstance(manager, IAMRequestBasedTokenManager) and not found.get("AUTH_URL"):
            manager.url = connection.iam_url
    return authenticator


def _refuse_what_weakens(found: Mapping[str, str]) -> None:
    """Refuse what would silently redirect us, or turn TLS verification off."""
    kind = found.get("AUTH_TYPE") or found.get("AUTHTYPE") or "iam"
    if kind.lower() not in _SUPPORTED:
        raise ConfigurationError(
            f"VPC_AUTH_TYPE {kind} cannot be used with IBM Cloud VPC",
            hint="iam, iamAssume, bearerToken, container and vpc can",
        )
    if found.get("URL"):
        raise ConfigurationError(
            "VPC_URL is set in the SDK's configuration, and would send every region to one place",
            hint="unset it; VPCMETACTL_VPC_URL is a template with {region}",
        )
    for name in ("DISABLE_SSL", "AUTH_DISABLE_SSL"):
        if (found.get(name) or "").lower() == "true":
            raise ConfigurationError(
                f"VPC_{name} is set in the SDK's configuration; TLS is always verified",
                hint="unset it; give the authority of a proxy that opens TLS with --ca-bundle",
            )


def _managers(authenticator: Authenticator) -> Iterator[JWTTokenManager]:
    """Name every token manager at work: assuming a profile takes two."""
    manager = getattr(authenticator, "token_manager", None)
    while manager is not None:
        yield manager
        manager = getattr(manager, "iam_delegate", None)


class BroughtToken:
    """A token that the user brought: good once, for there is nothing to get another with."""

    def __init__(self, value: str, secrets: Secrets) -> None:
        self._value = value
        self._secrets = secrets
        self._told: Token | None = None

    def __call__(self) -> Token:
        """Return the token; raises AuthenticationError for no token, and the second time."""
        if self._told is not None:
            expires = self._told.caller.expires_at
            when = f"; it says that it expires at {expires:%Y-%m-%d %H:%M:%SZ}" if expires else ""
            raise AuthenticationError(
                f"the IAM token was not accepted{when}",
                hint="get a new one with `ibmcloud iam oauth-tokens`, or use an API key",
                status=401,
            )
        try:
            self._told = replace(read_token(self._value), lifetime=None)
        except jwt.PyJWTError:
            raise AuthenticationError(
                "the IAM token given is malformed: it is no JSON web token",
                hint="give what `ibmcloud iam oauth-tokens` prints, without line breaks",
            ) from None
        return self._told


class RequestedTokens:
    """Tokens that one of the SDK's token managers requests.

    Only its ``request_token`` is used; ``Tokens`` does the rest. One call at a time.
    """

    def __init__(
        self,
        manager: JWTTokenManager,
        session: requests.Session,
        retries: Retries,
        secrets: Secrets,
    ) -> None:
        self._manager = manager
        self._session = session
        self._retries = retries
        self._secrets = secrets
        host = host_of(manager.url)
        is_local = isinstance(manager, VPCInstanceTokenManager)
        get_token = operations.get_token_of_this_server if is_local else operations.get_token
        self._operation = get_token(host)
        self._pace = Pace()
        self._deadline: Deadline | None = None

    def __call__(self) -> Token:
        """Request a token, with retries."""
        return self._retries.run(self._operation, self._pace, self._attempt)

    def _attempt(self, deadline: Deadline) -> Token:
        self._deadline = deadline
        for manager in (self._manager, getattr(self._manager, "iam_delegate", None)):
            if manager is not None:
                # The seam through which all of the SDK's managers speak HTTP: in its own way each
                # request would open a session that obeys ~/.netrc and knows no deadline.
                manager._request = self._send  # noqa: SLF001
                # After a refusal the SDK would wait for a minute.
                manager.request_time = 0
        answer = self._request_token()
        for name in ("access_token", "refresh_token"):
            self._secrets.add(str(answer.get(name) or ""))
        try:
            return read_token(answer[self._manager.token_name])
        except (KeyError, jwt.PyJWTError):
            raise NotAsDocumentedError("no access token") from None

    def _request_token(self) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._manager.request_token()
        except Exception as error:
            # What the SDK raises where a container's token cannot be read.
            if type(error) is Exception:
                text = self._secrets.hide(str(error))
                raise AuthenticationError(
                    f"cannot {self._operation.text}: {text}",
                    hint="check the SDK's configuration, VPC_CR_TOKEN_FILENAME above all",
                ) from error
            raise
        return answer

    def _send(
        self,
        method: str,
        url: str,
        *,
        auth_tuple: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | str | None = None,
        **_: object,
    ) -> dict[str, Any]:
        timeout: Any = self._deadline  # as our transport understands it
        response = self._session.request(
            method,
            url,
            headers=headers,
            params=params,
            data=data,
            auth=auth_tuple,
            timeout=timeout,
            allow_redirects=False,
            **settings_for(url),
        )
        if not response.ok:
            raise ApiException(response.status_code, http_response=response)
        return msgspec.json.decode(response.content, type=dict[str, Any])
