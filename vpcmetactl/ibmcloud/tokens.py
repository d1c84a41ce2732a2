"""One token for all workers: requested once, renewed in time, and a refusal told to everybody.

The SDK's token manager makes a second thread wait a minute after a refusal, and asks twice at every
call where the local clock is ahead. So it is only asked for tokens here, one request at a time; how
long a token lives is counted from its own claims on our monotonic clock.
"""

import copy
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
    while one is on its way waits for that one, and shares its fate. A refusal is final.
    """

    def __init__(self, request: Callable[[], Token], clock: Clock) -> None:
        self._request = request
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._renew_at: float | None = None
        self._refusal: AuthenticationError | None = None
        self._flight: Future[Token] | None = None

    def get(self, deadline: Deadline | None = None) -> Token:
        """Return a token that is not about to expire, requesting one where need be."""
        return self._obtain(lambda _: not self._is_used_up(), deadline)

    def renew(self, rejected: str, deadline: Deadline | None = None) -> Token:
        """Return a token that came after ``rejected``, which an API did not accept."""
        return self._obtain(lambda token: token.value != rejected, deadline)

    def _obtain(self, is_good: Callable[[Token], bool], deadline: Deadline | None) -> Token:
        with self._lock:
            if self._refusal is not None:
                raise copy.copy(self._refusal)
            if self._token is not None and is_good(self._token):
                return self._token
            flight, is_ours = self._flight, self._flight is None
            if flight is None:
                flight = self._flight = Future()
        if is_ours:
            self._fly(flight)
        return _land(flight, deadline)

    def _is_used_up(self) -> bool:
        return self._renew_at is not None and self._clock.monotonic() >= self._renew_at

    def _fly(self, flight: Future[Token]) -> None:
        """Make the request, and tell everybody who waits how it went."""
        try:
            token = self._request()
        except BaseException as error:  # noqa: BLE001 - whatever it is, those who wait must know
            with self._lock:
                self._flight = None
                if isinstance(error, AuthenticationError):
                    self._refusal = error
            flight.set_exception(error)
        else:
            with self._lock:
                self._flight = None
                self._token = token
                self._renew_at = self._renewal_of(token)
            flight.set_result(token)

    def _renewal_of(self, token: Token) -> float | None:
        if token.lifetime is None:
            return None
        return self._clock.monotonic() + token.lifetime * _USED_UP


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
