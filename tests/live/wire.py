"""Plain requests to IBM Cloud, of which the raw answers are kept: few, in time, one at a time.

Token, session, proxies and certificates are the program's own; nothing of an answer is decoded for
us, because it is the answer that is on trial.
"""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from urllib3.exceptions import HTTPError

from tests.live.assumption import UntestedError
from tests.support.observer import RecordingObserver
from vpcmetactl.ibmcloud.client import API_VERSION, silence_loggers
from vpcmetactl.ibmcloud.connection import ApiKey, Connection
from vpcmetactl.ibmcloud.credentials import token_source
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.ibmcloud.redaction import Secrets
from vpcmetactl.ibmcloud.retries import Retries
from vpcmetactl.ibmcloud.tokens import read_token
from vpcmetactl.ibmcloud.transport import RedirectAnswerError, open_session, settings_for
from vpcmetactl.usecases.ports import Caller, Clock

# Of one run: enough for every check, in an account with servers in any region.
MOST_REQUESTS = 60
MOST_SECONDS = 600.0
_EACH = 30.0
# What IBM calls an error; anything else may be somebody's own words.
_CODE = re.compile(r"[A-Za-z0-9_.]{1,60}")
_PASSING = frozenset({429, 500, 502, 503, 504})
_LONGEST_WAIT = 20.0
_WAIT = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came; ``document`` is its JSON object, empty where it is none."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    document: dict[str, Any] = field(repr=False)

    @property
    def code(self) -> str:
        """What an error is called, as far as the body tells."""
        errors = self.document.get("errors")
        first = errors[0] if isinstance(errors, list) and errors else {}
        found = first.get("code") or first.get("message_code") if isinstance(first, dict) else None
        is_code = isinstance(found, str) and _CODE.fullmatch(found)
        return str(found) if is_code else "no code"

    def items(self, name: str) -> list[dict[str, Any]]:
        """Return the objects of a list; raises UntestedError for an answer that is none."""
        self.expect(200, f"the list of {name}")
        found = self.document.get(name)
        if not isinstance(found, list):
            raise UntestedError(f"the answer has no list {name}")
        return [item for item in found if isinstance(item, dict)]

    def expect(self, status: int, what: str) -> "Answer":
        """Return this answer; raises UntestedError where it has another status."""
        if self.status != status:
            raise UntestedError(f"{what} was answered with {self.status} {self.code}")
        return self


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as it is at IBM, whatever address was asked instead, and its answer."""

    method: str
    url: str
    body: Any
    if_match: str | None
    answer: Answer


class Wire:
    """Asks the APIs, and remembers what was said. ``close`` ends its connections.

    Raises UntestedError where there is no answer, or where the run has used up what it may.
    ``caller`` is whom the token belongs to; AuthenticationError where there is none.
    """

    def __init__(
        self, connection: Connection, clock: Clock, most_requests: int = MOST_REQUESTS
    ) -> None:
        silence_loggers()
        self._connection = connection
        self._clock = clock
        self._most = most_requests
        self._deadline = Deadline.after(clock, MOST_SECONDS)
        self._session = open_session(connection)
        self.exchanges: list[Exchange] = []
        secrets = Secrets()
        chance = random.Random()  # noqa: S311 - jitter, no cryptography
        retries = Retries(clock, RecordingObserver(), chance, secrets, _EACH)
        try:
            token = token_source(connection, self._session, retries, secrets)()
        except BaseException:
            self._session.close()
            raise
        self._token = token.value
        # A token that was brought is not renewed, whatever it says of its life.
        self.token_lifetime = read_token(token.value).lifetime
        self.caller: Caller = token.caller

    def close(self) -> None:
        """Close every connection."""
        self._session.close()

    def allow(self, more: int) -> None:
        """Let this run make so many requests more, and take as long as they may take."""
        self._most = len(self.exchanges) + more
        self._deadline = Deadline.after(self._clock, MOST_SECONDS)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._clock.wait(seconds)

    def vpc(
        self,
        region: str,
        path: str,
        *,
        method: str = "GET",
        patch: Mapping[str, Any] | None = None,
        if_match: str | None = None,
        token: str | None = None,
        **query: str | int,
    ) -> Answer:
        """Ask the VPC API of a region."""
        url = self._connection.vpc_url_of(region) + path
        query = {"version": API_VERSION, "generation": 2, **query}
        headers = {"If-Match": if_match} if if_match else {}
        if patch is not None:
            headers["Content-Type"] = "application/merge-patch+json"
        there = f"https://{region}.iaas.cloud.ibm.com/v1{path}"
        return self._ask(method, url, there, query=query, headers=headers, body=patch, token=token)

    def iam(
        self, path: str, headers: Mapping[str, str] | None = None, **query: str | int
    ) -> Answer:
        """Ask the IAM Identity API."""
        url = self._connection.iam_url + path
        return self._ask(
            "GET", url, f"https://iam.cloud.ibm.com{path}", query=query, headers=headers or {}
        )

    def key_details(self) -> Answer:
        """Ask IAM whose the API key is."""
        if not isinstance(self._connection.credentials, ApiKey):
            raise UntestedError("the credentials are no API key")
        key = self._connection.credentials.value.strip()
        return self.iam("/v1/apikeys/details", {"IAM-Apikey": key})

    def search(self, asked: Mapping[str, Any], **query: str | int) -> Answer:
        """Ask Global Search; it is asked by POST, and changes nothing."""
        path = "/v3/resources/search"
        there = f"https://api.global-search-tagging.cloud.ibm.com{path}"
        headers = {"Content-Type": "application/json"}
        url = self._connection.search_url + path
        return self._ask("POST", url, there, query=query, headers=headers, body=asked)

    def _ask(
        self,
        method: str,
        url: str,
        there: str,
        *,
        query: Mapping[str, str | int],
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        token: str | None = None,
    ) -> Answer:
        """Send a request, a reading one a second time where its failure may pass."""
        request = requests.Request(
            method,
            url,
            params=dict(query),
            data=None if body is None else json.dumps(body),
            headers={
                "Accept": "application/json",
                "Authorization": f"Bearer {token or self._token}",
                **headers,
            },
        )
        answer = self._once(request, there, body)
        if answer.status in _PASSING and method != "PATCH":
            said = answer.headers.get("retry-after", "")
            self.wait(min(float(said) if said.isdecimal() else _WAIT, _LONGEST_WAIT))
            answer = self._once(request, there, body)
        return answer

    def _once(self, request: requests.Request, there: str, body: Any) -> Answer:  # noqa: ANN401
        if len(self.exchanges) >= self._most:
            raise UntestedError(f"the run has made the {self._most} requests that it may make")
        if self._deadline.passed:
            raise UntestedError(f"the run has taken the {MOST_SECONDS:.0f} s that it may take")
        prepared = self._session.prepare_request(request)
        host = urlsplit(there).hostname
        deadline = Deadline.after(self._clock, min(_EACH, self._deadline.remaining))
        try:
            response = self._session.send(
                prepared,
                timeout=deadline,  # type: ignore[arg-type] # our session's
                **settings_for(str(request.url)),
            )
            content = response.raw.read()
        except (requests.RequestException, HTTPError, OSError) as error:
            raise UntestedError(f"no answer from {host}: {type(error).__name__}") from None
        except RedirectAnswerError as error:
            raise UntestedError(f"{host} answered with a redirect, {error.status}") from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        answer = Answer(response.status_code, headers, content, _object_in(content))
        at_ibm = f"{there}?{urlencode(request.params)}" if request.params else there
        self.exchanges.append(
            Exchange(
                str(request.method),
                at_ibm,
                body,
                if_match=request.headers.get("If-Match"),
                answer=answer,
            )
        )
        return answer


def _object_in(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
