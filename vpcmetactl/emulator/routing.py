"""What a service of the emulator is made of: routes, a guard before them, refusals after."""

import re
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

from werkzeug.wrappers import Request, Response

S = TypeVar("S")
"""What a service's operations read and change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[S]):
    """One request on its way through a service, with the state that service is about.

    `body` is what was sent, read whole. `trace` names the request in error bodies and is seeded;
    `request_id` is the client's own X-Request-Id, else the trace.
    """

    state: S
    request: Request
    route: "Route[S]"
    arguments: dict[str, str]
    body: bytes
    trace: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Route(Generic[S]):
    """One operation: its id as IBM's SDK calls it, and what is emulated of it.

    `parameters` are the query parameters it takes besides `version` and `generation`. `aliases`
    are other paths it has, as the platform had them before, or as IBM also prints them.
    """

    operation: str
    method: str
    path: str
    handler: Callable[[Call[S]], Response]
    notes: str
    parameters: frozenset[str] = field(default=frozenset())
    aliases: tuple[str, ...] = ()


class Refusal(Exception):  # noqa: N818 - an answer, not a defect of the emulator
    """An error that is an answer in the form its service gives errors."""

    @abstractmethod
    def response(self, call: Call[Any]) -> Response:
        """Return the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Generic[S]):
    """One API of the platform, below `prefix`, and the state it serves.

    `reach` raises a Refusal for requests that never get as far as this API, whatever their path:
    no fault strikes them. `guard` raises one for requests that no operation should see. `refusal`
    makes the error this API gives for an HTTP status, for injected faults. `fallback` answers what
    no route does.
    """

    name: str
    prefix: str
    state: S
    routes: tuple[Route[S], ...]
    guard: Callable[[Call[S]], None]
    refusal: Callable[[int], Refusal]
    fallback: Callable[[Call[S]], Response]
    reach: Callable[[Call[S]], None] = lambda _call: None


def gateway_headers(call: Call[Any], **more: str) -> dict[str, str]:
    """Return the headers the platform's gateway puts on every answer of the VPC API."""
    return {
        "Cache-Control": "max-age=0, no-cache, no-store, must-revalidate",
        "Expires": "-1",
        "Pragma": "no-cache",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "X-Request-Id": call.request_id,
        "X-Xss-Protection": "1; mode=block",
        **more,
    }


def version_date(text: str) -> date | None:
    """Return the date that a `version` says, or None where it says none."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def page_not_found(call: Call[Any]) -> Response:
    """Answer as the platform does for a path it does not have: 404 with a page of HTML."""
    page = (
        "<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>"
        "<h1>404 Not Found</h1><p>Neither the platform nor its emulator has this path.</p>"
        "</body></html>\n"
    )
    return Response(page, status=404, headers=gateway_headers(call), content_type="text/html")
