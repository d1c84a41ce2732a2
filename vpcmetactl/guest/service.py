"""The metadata and identity services, as a server sees them (platform notes 5.2 to 5.4)."""

import json
import os
import re
import time
from typing import Any, Dict, NamedTuple, Optional, Tuple

from vpcmetactl.guest.claims import claims_of, object_of
from vpcmetactl.guest.endpoints import Endpoint
from vpcmetactl.guest.exchange import Answer, exchange
from vpcmetactl.guest.failures import GuestError
from vpcmetactl.guest.moments import seconds_of, seconds_of_date
from vpcmetactl.guest.texts import told, word_of

NEW_VERSION = "2025-08-26"
OLD_VERSION = "2022-03-01"
SHORTEST_TOKEN, LONGEST_TOKEN = 5, 3600

RESOURCES = {
    "instance": "/metadata/v1/instance",
    "initialization": "/metadata/v1/instance/initialization",
    "keys": "/metadata/v1/keys",
    "placement_groups": "/metadata/v1/placement_groups",
    "network_interfaces": "/metadata/v1/instance/network_interfaces",
    "network_attachments": "/metadata/v1/instance/network_attachments",
    "volume_attachments": "/metadata/v1/instance/volume_attachments",
}

_PATHS = {
    "token": ("/identity/v1/token", "/instance_identity/v1/token"),
    "iam": ("/identity/v1/iam_tokens", "/instance_identity/v1/iam_token"),
    "certificate": ("/identity/v1/certificates", "/instance_identity/v1/certificates"),
}
_TOKEN = re.compile(r"[!-~]+")
_PEM = re.compile(
    r"-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\s*"
)
# Platform notes 5.4.
_DOCUMENTED = {
    "invalid_request": "invalid_request",
    "invalid_value": "invalid_value",
    "missing_field": "missing_field",
    "missing_value": "missing_value",
    "not_found": "not_found",
    "profile_not_linked": "profile_not_linked",
    "service_error": "service_error",
    "unauthenticated": "token_expired",
    "unauthorized": "not_enabled",
    "unknown_field": "unknown_field",
}
_BY_STATUS = {401: "token_expired", 403: "not_enabled", 404: "not_found"}


class IdentityToken(NamedTuple):
    """A token that says which server this is.

    ``expires_in`` is in seconds. ``claims`` are not verified. ``nonce_matches`` is ``None`` where
    the service took no nonce or the claims show none, else true: a token with another nonce is
    never returned. ``clock_skew`` is this server's clock minus the service's, in seconds.
    """

    text: str
    created_at: Optional[str]
    expires_at: Optional[str]
    expires_in: Optional[int]
    claims: Dict[str, Any]
    nonce_matches: Optional[bool]
    clock_skew: Optional[float] = None

    def __repr__(self) -> str:
        """Return no token."""
        return f"IdentityToken(expires_at={self.expires_at!r})"


class IamToken(NamedTuple):
    """A token that gives the rights of a trusted profile; ``claims`` are not verified."""

    text: str
    expires_at: Optional[str]
    expires_in: Optional[int]
    claims: Dict[str, Any]

    def __repr__(self) -> str:
        """Return no token."""
        return f"IamToken(expires_at={self.expires_at!r})"


class Certificates(NamedTuple):
    """A certificate of this server's identity: the chain in PEM form, its own first."""

    chain: Tuple[str, ...]
    id: Optional[str]
    created_at: Optional[str]
    expires_at: Optional[str]


class MetadataClient:
    """Asks the service at one endpoint; ``timeout`` bounds each method, in seconds.

    Every method raises GuestError. ``version`` is the API version in use: the old paths are tried
    once, where the new ones are not found before anything else has worked.
    """

    def __init__(
        self, endpoint: Endpoint, timeout: float = 5.0, ca_bundle: Optional[str] = None
    ) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self.version = NEW_VERSION
        self._ca_bundle = ca_bundle
        self._settled = False

    def identity_token(self, expires_in: int = 300, nonce: Optional[str] = None) -> IdentityToken:
        """Ask for a token of 5 to 3600 seconds, with this nonce or a random one.

        A service from before 23 June 2026 may know no nonce: then it is asked without.
        """
        if not SHORTEST_TOKEN <= expires_in <= LONGEST_TOKEN:
            raise GuestError(
                "invalid_value",
                f"no token lives {expires_in} s: {SHORTEST_TOKEN} to {LONGEST_TOKEN} s can be had",
            )
        deadline = time.monotonic() + self.timeout
        sent = nonce or os.urandom(16).hex()
        lasting = {"expires_in": expires_in}
        try:
            answer, held = self._identity("token", "PUT", dict(lasting, nonce=sent), deadline)
        except GuestError as error:
            if error.code != "unknown_field":
                raise
            sent = ""
            answer, held = self._identity("token", "PUT", lasting, deadline)
        midway = time.time() - answer.seconds / 2
        text, claims = _token_in(held)
        shown = claims.get("nonce") if sent else None
        if shown not in (None, sent):
            raise GuestError(
                "nonce_mismatch", f"{self.endpoint.url} gave a token made for another request"
            )
        return IdentityToken(
            text,
            _moment_in(held, "created_at"),
            _moment_in(held, "expires_at"),
            _seconds_in(held),
            claims,
            None if shown is None else True,
            _skew(midway, held, answer),
        )

    def iam_token(self, token: IdentityToken, profile: Optional[str] = None) -> IamToken:
        """Exchange an identity token for an IAM token of a profile, named by id, CRN or name.

        Without one, for the server's default profile.
        """
        wanted = None if profile is None else {"trusted_profile": _profile_named(profile)}
        held = self._identity("iam", "POST", wanted, time.monotonic() + self.timeout, token)[1]
        text, claims = _token_in(held)
        return IamToken(text, _moment_in(held, "expires_at"), _seconds_in(held), claims)

    def metadata(self, token: IdentityToken, resource: str) -> Dict[str, Any]:
        """Return one of RESOURCES as the service holds it; bare metal servers have none."""
        deadline = time.monotonic() + self.timeout
        return self._send("GET", RESOURCES[resource], None, deadline, token)[1]

    def certificate(
        self, token: IdentityToken, csr_pem: str, expires_in: int = 3600
    ) -> Certificates:
        """Have a request in PEM form signed; its subject may hold C, ST, L, O and OU only."""
        body = {"csr": csr_pem, "expires_in": expires_in}
        deadline = time.monotonic() + self.timeout
        held = self._identity("certificate", "POST", body, deadline, token)[1]
        chain = held.get("certificates")
        if not isinstance(chain, list) or not chain or not all(map(_is_pem, chain)):
            raise GuestError("bad_answer", "the service gave no certificates in PEM form")
        return Certificates(
            tuple(chain),
            word_of(held.get("id")),
            _moment_in(held, "created_at"),
            _moment_in(held, "expires_at"),
        )

    def _identity(
        self,
        kind: str,
        method: str,
        body: Optional[Dict[str, Any]],
        deadline: float,
        token: Optional[IdentityToken] = None,
    ) -> Tuple[Answer, Dict[str, Any]]:
        new, old = _PATHS[kind]
        try:
            path = new if self.version == NEW_VERSION else old
            result = self._send(method, path, body, deadline, token)
        except GuestError as error:
            if error.code != "not_found" or self._settled or self.version != NEW_VERSION:
                raise
            self.version = OLD_VERSION
            try:
                result = self._send(method, old, body, deadline, token)
            except GuestError:
                self.version = NEW_VERSION
                raise
        self._settled = True
        return result

    def _send(
        self,
        method: str,
        path: str,
        body: Optional[Dict[str, Any]],
        deadline: float,
        token: Optional[IdentityToken],
    ) -> Tuple[Answer, Dict[str, Any]]:
        headers = {
            "Accept": "application/json",
            "Connection": "close",
            "Metadata-Flavor": "ibm",
            "User-Agent": "vpcmetactl-guest",
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = "Bearer " + token.text
        answer = exchange(
            self.endpoint,
            method,
            path,
            query={"version": self.version},
            headers=headers,
            body=None if body is None else json.dumps(body).encode("ascii"),
            deadline=deadline,
            ca_bundle=self._ca_bundle,
        )
        return answer, _object_in(answer, self.endpoint)


def _object_in(answer: Answer, endpoint: Endpoint) -> Dict[str, Any]:
    held = object_of(answer.body)
    if 200 <= answer.status < 300 and held is not None:  # noqa: PLR2004 - success
        return held
    errors = held.get("errors") if held is not None else None
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        raise _refusal(answer.status, errors[0], held or {})
    raise GuestError(
        "not_found" if answer.status == 404 else "bad_answer",  # noqa: PLR2004 - the status
        f"{endpoint.url} answered {answer.status} with {_kind_of(answer)}, as the service does not",
    )


def _kind_of(answer: Answer) -> str:
    if 300 <= answer.status < 400:  # noqa: PLR2004 - a redirect
        return "a redirect (never followed)"
    return told(answer.headers.get("content-type", "nothing of a named type"))


def _refusal(status: int, error: Dict[str, Any], held: Dict[str, Any]) -> GuestError:
    given = word_of(error.get("code")) or ""
    default = "service_error" if status >= 500 else "invalid_request"  # noqa: PLR2004 - its own
    code = _DOCUMENTED.get(given) or _BY_STATUS.get(status, default)
    said = error.get("message")
    message = f"the service answered {status} {given}".rstrip()
    if isinstance(said, str) and said.strip():
        message += ": " + told(said)
    trace = word_of(held.get("trace"))
    return GuestError(code, message + (f" (trace {trace})" if trace else ""))


def _token_in(held: Dict[str, Any]) -> Tuple[str, Dict[str, Any]]:
    text = held.get("access_token")
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        raise GuestError("bad_answer", "the service answered without an access_token")
    return text, claims_of(text)


def _moment_in(held: Dict[str, Any], name: str) -> Optional[str]:
    moment = held.get(name)
    return moment if seconds_of(moment) is not None else None


def _seconds_in(held: Dict[str, Any]) -> Optional[int]:
    seconds = held.get("expires_in")
    return seconds if isinstance(seconds, int) and not isinstance(seconds, bool) else None


def _skew(now: float, held: Dict[str, Any], answer: Answer) -> Optional[float]:
    theirs = seconds_of(held.get("created_at"))
    if theirs is None:
        theirs = seconds_of_date(answer.headers.get("date"))
    return None if theirs is None else now - theirs


def _profile_named(profile: str) -> Dict[str, str]:
    if profile.startswith("crn:"):
        return {"crn": profile}
    return {"id" if profile.startswith("Profile-") else "name": profile}


def _is_pem(text: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    return isinstance(text, str) and _PEM.fullmatch(text) is not None
