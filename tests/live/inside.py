"""What the metadata service says inside a server. Nothing is changed, and no token is kept."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.live.assumption import Finding, UntestedError, fails, holds, judged, untested
from vpcmetactl.guest.checks import _NO_DEFAULT
from vpcmetactl.guest.claims import claims_of, object_of, profile_of
from vpcmetactl.guest.endpoints import ENDPOINTS, Endpoint
from vpcmetactl.guest.exchange import Answer, exchange
from vpcmetactl.guest.failures import GuestError
from vpcmetactl.guest.service import NEW_VERSION

OLD_PATH, NEW_PATH = "/instance_identity/v1/token", "/identity/v1/token"
IAM_PATH = "/identity/v1/iam_tokens"
# The shortest that a token can live, and until it certainly has expired.
_SHORTEST = 5
_EXPIRED = 8.0
_SECONDS = 4.0


@dataclass
class Inside:
    """A server's own view: the service at whichever of these endpoints answers."""

    endpoints: tuple[Endpoint, ...] = ENDPOINTS
    wait: Callable[[float], None] = time.sleep  # noqa: TID251 - replaced in tests
    _working: Endpoint | None = None

    @property
    def working(self) -> Endpoint:
        """The endpoint that answers; raises UntestedError where none does."""
        if self._working is None:
            self._working = next(filter(self._answers, self.endpoints), None)
        if self._working is None:
            raise UntestedError("no endpoint of the metadata service answers on this machine")
        return self._working

    def _answers(self, endpoint: Endpoint) -> bool:
        try:
            return self.ask(endpoint, "PUT", NEW_PATH, {"expires_in": 60}).status < 500
        except GuestError:
            return False

    def ask(
        self,
        endpoint: Endpoint,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        token: str | None = None,
    ) -> Answer:
        """Send a request; raises GuestError where there is no answer."""
        headers = {"Accept": "application/json", "Metadata-Flavor": "ibm", "Connection": "close"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return exchange(
            endpoint,
            method,
            path,
            query={"version": NEW_VERSION},
            headers=headers,
            body=None if body is None else json.dumps(body).encode(),
            deadline=time.monotonic() + _SECONDS,
        )

    def token(self, expires_in: int = 60) -> str:
        """Return an identity token; raises UntestedError where there is none."""
        answer = self.ask(self.working, "PUT", NEW_PATH, {"expires_in": expires_in})
        found = (object_of(answer.body) or {}).get("access_token")
        if answer.status != 200 or not isinstance(found, str):
            raise UntestedError(f"no identity token: {answer.status} {code_of(answer)}")
        return found


def code_of(answer: Answer) -> str:
    """Return what an error is called."""
    errors = (object_of(answer.body) or {}).get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return str(first.get("code", "no code")) if isinstance(first, dict) else "no code"


def one_protocol(inside: Inside) -> Finding:
    """A33: the other protocol does not answer."""
    working = inside.working
    others = [one for one in inside.endpoints if one.protocol != working.protocol]
    silent = []
    for other in others or [one for one in inside.endpoints if one != working]:
        try:
            answer = inside.ask(other, "PUT", NEW_PATH, {"expires_in": 60})
        except GuestError as error:
            silent.append(error.code)
        else:
            return fails(f"{other.protocol} answered with {answer.status}, too")
    if not silent:
        raise UntestedError("no endpoint of the other protocol is known")
    return holds(", ".join(dict.fromkeys(silent)))


def other_version(inside: Inside) -> Finding:
    """A34: the old path with the new version is a 404; the new path works."""
    inside.token()
    answer = inside.ask(inside.working, "PUT", OLD_PATH, {"expires_in": 60})
    return judged(answer.status == 404, f"{answer.status} {code_of(answer)}")


def expired(inside: Inside) -> Finding:
    """A35: an expired token is a 401 unauthenticated."""
    token = inside.token(_SHORTEST)
    inside.wait(_EXPIRED)
    answer = inside.ask(inside.working, "POST", IAM_PATH, None, token)
    told = f"{answer.status} {code_of(answer)}"
    return judged(told == "401 unauthenticated", told)


def no_default_profile(inside: Inside) -> Finding:
    """A36: a server without a default profile is refused with one of a few codes."""
    answer = inside.ask(inside.working, "POST", IAM_PATH, None, inside.token())
    if answer.status == 200:
        raise UntestedError("this server has a default profile")
    code = code_of(answer)
    return judged(code in _NO_DEFAULT, f"{answer.status} {code}")


def profile_claim(inside: Inside) -> Finding:
    """A37: an IAM token names its profile in a claim that is looked at."""
    answer = inside.ask(inside.working, "POST", IAM_PATH, None, inside.token())
    found = (object_of(answer.body) or {}).get("access_token")
    if answer.status != 200 or not isinstance(found, str):
        raise UntestedError("this server has no default profile, or may not use it")
    is_told = profile_of(claims_of(found)) is not None
    return judged(is_told, "told" if is_told else "not told")


GUEST_CHECKS: Mapping[str, Callable[[Inside], Finding]] = {
    "A33": one_protocol,
    "A34": other_version,
    "A35": expired,
    "A36": no_default_profile,
    "A37": profile_claim,
}


def run_inside(inside: Inside) -> Mapping[str, Finding]:
    """Make every check."""
    return {check: _checked(test, inside) for check, test in GUEST_CHECKS.items()}


def _checked(test: Callable[[Inside], Finding], inside: Inside) -> Finding:
    try:
        return test(inside)
    except UntestedError as error:
        return untested(str(error))
    except GuestError as error:
        return untested(f"no answer: {error.code}")
