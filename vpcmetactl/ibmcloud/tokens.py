"""One token for all workers: requested once, renewed in time, and a refusal told to everybody.

The SDK's token manager makes a second thread wait a minute after a refusal, and asks twice at every
call where the local clock is ahead. So it is only asked for tokens here, one request at a time; how
long a token lives is counted from its own claims on our monotonic clock.
"""

import copy
import math
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt

from vpcmetactl.domain.errors import AuthenticationError, UnavailableError, VpcmetactlError
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.usecases.ports import Caller, Clock

# As the SDK does: renewed when a fifth of its life is left.
_USED_UP = 0.8
# Seconds until an early renewal that failed is tried again.
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and what its claims say; nobody has verified them."""

    value: str
    caller: Caller
    # Seconds that it lives from the moment it is issued; None where it does not say.
    lifetime: float | None

    def __repr__(self) -> str:
        return f"Token(<redacted>, {self.caller})"


def read_token(value: str) -> Token:
    """Read a token's claims.

    Raises ``jwt.PyJWTError`` for what is no token.
    """
    claims = jwt.decode(value, options={"verify_signature": False})
    issued, expires = _number(claims.get("iat")), _number(claims.get("exp"))
    account = claims.get("account")
    return Token(
        value=value,
        caller=Caller(
            account_id=_text(account.get("bss")) if isinstance(account, Mapping) else None,
            iam_id=_text(claims.get("iam_id")),
            expires_at=_moment(expires),
        ),
        lifetime=None if issued is None or expires is None else expires - issued,
    )


def _moment(seconds: float | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError):
        return None


def _number(claim: object) -> float | None:
    return float(claim) if isinstance(claim, int | float) else None


def _text(claim: object) -> str | None:
    return claim if isinstance(claim, str) else None


class Tokens:
    """The token in use. Every method may be called from any thread.

    ``request`` gets a new token from IAM, with its own retries and deadline. Whoever needs a token
    while one is on its way waits for that one, and shares its fate. A refusal is final:
    IAM is not asked again.
    """

    def __init__(self, request: Callable[[], Token], clock: Clock) -> None:
        self._request = request
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._renew_at = math.inf
        self._ends_at = math.inf
        self._refusal: AuthenticationError | None = None
        self._flight: Future[Token] | None = None

    def get(self, deadline: Deadline | None = None) -> Token:
        """Return a token that is good by now.

        One that is about to expire is renewed in the background, and is used as long as it lives,
        whatever becomes of that: a renewal that was refused is told when it has expired.
        """
        with self._lock:
            now = self._clock.monotonic()
            if self._token is not None and now < self._ends_at:
                if now >= self._renew_at and self._flight is None and self._refusal is None:
                    self._flight = Future()
                    threading.Thread(target=self._fly, args=[self._flight], daemon=True).start()
                return self._token
        return self._obtain(deadline)

    def renew(self, rejected: str, deadline: Deadline | None = None) -> Token:
        """Return a token that came after ``rejected``, which an API did not accept."""
        with self._lock:
            if self._token is not None and self._token.value == rejected:
                # Whatever it says of itself, its life is over.
                self._ends_at = -math.inf
        return self._obtain(deadline)

    def _obtain(self, deadline: Deadline | None) -> Token:
        with self._lock:
            if self._token is not None and self._clock.monotonic() < self._ends_at:
                return self._token
            if self._refusal is not None:
                raise copy.copy(self._refusal)
            flight, is_ours = self._flight, self._flight is None
            if flight is None:
                flight = self._flight = Future()
        if is_ours:
            self._fly(flight)
        return _land(flight, deadline)

    def _fly(self, flight: Future[Token]) -> None:
        """Make the request, and tell everybody who waits how it went."""
        try:
            token = self._request()
        except BaseException as error:  # noqa: BLE001 - whatever it is, those who wait must know
            with self._lock:
                self._flight = None
                self._renew_at = self._clock.monotonic() + _PATIENCE
                if isinstance(error, AuthenticationError):
                    self._refusal = error
            flight.set_exception(error)
        else:
            now = self._clock.monotonic()
            lifetime = math.inf if token.lifetime is None else token.lifetime
            with self._lock:
                self._flight = None
                self._token = token
                self._renew_at = now + lifetime * _USED_UP
                self._ends_at = now + lifetime
            flight.set_result(token)


def _land(flight: Future[Token], deadline: Deadline | None) -> Token:
    try:
        return flight.result(None if deadline is None else deadline.remaining)
    except FutureTimeoutError:
        raise UnavailableError(
            "no IAM token came in time", hint="try again, or raise --timeout"
        ) from None
    except VpcmetactlError as error:
        # Each thread raises its own: a traceback belongs to one.
        raise copy.copy(error) from error
