"""One account of IAM: its key, and its tokens, which expire and can all be expired at once."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

import jwt
from jwt.types import Options

from vpcmetactl.emulator.clock import Clock
from vpcmetactl.emulator.identifiers import Identifiers

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
    """A token as it was issued."""

    text: str
    issued_at: datetime
    expires_at: datetime


class Account:
    """One account with its API key and the tokens issued for it. Safe for many threads.

    The same seed and the same requests give the same tokens.
    """

    def __init__(self, ids: Identifiers, clock: Clock) -> None:
        self.account_id = ids.hex("account")
        self.api_key = API_KEY
        self.api_key_id = f"ApiKey-{ids.uuid('api key')}"
        self.iam_id = f"IBMid-{ids.hex('iam id')[:10].upper()}"
        self.token_lifetime = LIFETIME
        self._ids = ids
        self._clock = clock
        self._secret = ids.secret("token signing key")
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget every token; the next one is again the first."""
        with self._lock:
            self._issued = 0
            self._live: dict[str, datetime] = {}

    def issue_token(self) -> AccessToken:
        """Issue a token that lives for `token_lifetime` from now."""
        issued_at = self._clock.now().replace(microsecond=0)
        expires_at = issued_at + self.token_lifetime
        with self._lock:
            self._issued += 1
            claims = self._claims(issued_at, expires_at)
            text = jwt.encode(claims, self._secret, "HS256", headers={"kid": "emulator"})
            self._live[text] = expires_at
        return AccessToken(text, issued_at, expires_at)

    def check_token(self, text: str) -> TokenState:
        """Tell what a token is worth now. Tokens this account did not issue are invalid."""
        expires_at = self._live.get(text)
        if expires_at is not None:
            return TokenState.VALID if self._clock.now() < expires_at else TokenState.EXPIRED
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

    def _claims(self, issued_at: datetime, expires_at: datetime) -> dict[str, Any]:
        return {
            "iam_id": self.iam_id,
            "id": self.iam_id,
            "realmid": "IBMid",
            "jti": self._ids.uuid(f"token {self._issued}"),
            "identifier": self.iam_id.removeprefix("IBMid-"),
            "sub": "operator@emulator.example",
            "account": {"valid": True, "bss": self.account_id, "frozen": True},
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
            "iss": "https://iam.cloud.ibm.com/identity",
            "grant_type": "urn:ibm:params:oauth:grant-type:apikey",
            "scope": "ibm openid",
            "client_id": "default",
            "acr": 1,
            "amr": ["pwd"],
        }
