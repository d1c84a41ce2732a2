"""One account of IAM: its key, and its tokens, which expire and can all be expired at once."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Protocol

import jwt
from jwt.types import Options

from vpcmetactl.emulator.clock import Clock
from vpcmetactl.emulator.iam.trusted import TrustedProfile
from vpcmetactl.emulator.identifiers import Identifiers
from vpcmetactl.emulator.permissions import actions_of

APIKEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
CR_TOKEN_GRANT = "urn:ibm:params:oauth:grant-type:cr-token"  # noqa: S105 - the name of a grant

API_KEY = "emulator-api-key"
"""The API key every emulator takes."""

LIFETIME = timedelta(hours=1)
"""How long a token lives unless told otherwise: the platform's maximum."""


# The machine's clock, which PyJWT would compare with, need not be the emulator's.
_SIGNATURE_ONLY: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}


class TokenState(Enum):
    """What a token presented to an API is worth."""

    VALID = auto()
    EXPIRED = auto()
    INVALID = auto()


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token as it was issued. Without a profile it speaks for the owner of the API key."""

    text: str
    issued_at: datetime
    expires_at: datetime
    profile: TrustedProfile | None = None


class CannotBecomeError(Exception):
    """A compute resource that does not become the profile it asks for; the message says why."""


class ComputeResources(Protocol):
    """What can prove that it is itself, and become a trusted profile."""

    def become(self, cr_token: str, kind: str, profile: str) -> AccessToken:
        """Return a token of the profile of this id, CRN or name; `kind` says which of them.

        Raises CannotBecomeError.
        """
        ...


class Account:
    """One account with its API key and the tokens issued for it. Safe for many threads.

    The same seed and the same requests give the same tokens. `compute_resources` are those that
    may ask for tokens of profiles, once there are any.
    """

    def __init__(self, ids: Identifiers, clock: Clock) -> None:
        self.account_id = ids.hex("account")
        self.api_key = API_KEY
        self.api_key_id = f"ApiKey-{ids.uuid('api key')}"
        self.iam_id = f"IBMid-{ids.hex('iam id')[:10].upper()}"
        self.token_lifetime = LIFETIME
        self.compute_resources: ComputeResources | None = None
        self._ids = ids
        self._clock = clock
        self._secret = ids.secret("token signing key")
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget every token; the next one is again the first."""
        with self._lock:
            self._issued = 0
            self._live: dict[str, AccessToken] = {}

    def issue_token(self, profile: TrustedProfile | None = None) -> AccessToken:
        """Issue a token that lives for `token_lifetime` from now, for a profile if one is given."""
        issued_at = self._clock.now().replace(microsecond=0)
        expires_at = issued_at + self.token_lifetime
        with self._lock:
            self._issued += 1
            claims = {
                **(self._owner() if profile is None else _becoming(profile)),
                "jti": self._ids.uuid(f"token {self._issued}"),
                "account": {"valid": True, "bss": self.account_id, "frozen": True},
                "iat": int(issued_at.timestamp()),
                "exp": int(expires_at.timestamp()),
                "iss": "https://iam.cloud.ibm.com/identity",
                "scope": "ibm openid",
                "client_id": "default",
                "acr": 1,
            }
            text = jwt.encode(claims, self._secret, "HS256", headers={"kid": "emulator"})
            token = AccessToken(text, issued_at, expires_at, profile)
            self._live[text] = token
        return token

    def check_token(self, text: str) -> TokenState:
        """Tell what a token is worth now. Tokens this account did not issue are invalid."""
        token = self._live.get(text)
        if token is not None:
            return TokenState.VALID if self._clock.now() < token.expires_at else TokenState.EXPIRED
        try:
            jwt.decode(text, self._secret, ["HS256"], options=_SIGNATURE_ONLY)
        except jwt.InvalidTokenError:
            return TokenState.INVALID
        return TokenState.EXPIRED

    def expire_tokens(self) -> int:
        """Expire every token issued so far, and return how many that were."""
        with self._lock:
            count, self._live = len(self._live), {}
        return count

    def lacking(self, text: str, operation: str) -> str | None:
        """Return an action that an operation needs and the holder of a valid token lacks.

        None if there is nothing in the way. What a profile may do is asked when it is done, not
        when its token is issued.
        """
        token = self._live.get(text)
        if token is None or token.profile is None:
            return None
        return min(actions_of(operation) - token.profile.rights, default=None)

    def _owner(self) -> dict[str, Any]:
        return {
            "iam_id": self.iam_id,
            "id": self.iam_id,
            "realmid": "IBMid",
            "identifier": self.iam_id.removeprefix("IBMid-"),
            "sub": "operator@emulator.example",
            "grant_type": APIKEY_GRANT,
            "amr": ["pwd"],
        }


def _becoming(profile: TrustedProfile) -> dict[str, Any]:
    """The claims of who a token of a profile speaks for; other than `iam_id`, they are guesses."""
    return {
        "iam_id": profile.iam_id,
        "id": profile.iam_id,
        "realmid": "iam",
        "identifier": profile.id,
        "name": profile.name,
        "sub": profile.id,
        "sub_type": "Profile",
        "grant_type": CR_TOKEN_GRANT,
        "amr": ["cr-token"],
    }
