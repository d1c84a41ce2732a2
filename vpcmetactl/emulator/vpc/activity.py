"""What was done to servers and by whom, as events of the form Activity Tracker gives them.

Fields and their formats follow IBM's description of activity tracking events, names of actions its
list of VPC events. What neither tells is decided here: `is.instance.action.create` comes with the
request, `is.instance.instance.stop` and `.start` when the instance has stopped or runs, or failed
to; those of bare metal come with the request. Whether an update tells old and new values is a
switch, off unless turned on; the form it gives them in is invented. Requests that never came to a
server (no such server, a malformed body, a fault) leave no event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import msgspec

from vpcmetactl.emulator.identifiers import derived_uuid
from vpcmetactl.emulator.vpc.recorded import RecordedServer
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance

AnyServer = Instance | BareMetalServer | RecordedServer

KINDS = ("instance", "bare-metal-server")
"""The kinds of servers, as CRNs and events call them."""


@dataclass(frozen=True, slots=True)
class Initiator:
    """Who did something. A service of the platform has no address."""

    id: str
    name: str
    credential: str
    type_uri: str = "service/security/account/user"
    agent: str = ""
    address: str = "127.0.0.1"

    def body(self) -> dict[str, Any]:
        """Return the initiator as an event has it."""
        return {
            "id": self.id,
            "name": self.name,
            "authnId": self.id,
            "authnName": self.name,
            "typeURI": self.type_uri,
            "credential": {"type": self.credential},
            "host": {"address": self.address, "addressType": "IPv4", "agent": self.agent},
        }


SOMEBODY = Initiator("IBMid-5500000001", "somebody.else@example.com", "user", agent="console")
"""Whoever acts on servers past this program: a colleague, a script, the console."""

PLATFORM = Initiator("", "IBM", "token", "service/security/clientid", address="")
"""The platform itself, as when an instance group replaces a member."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One event, as yet without its JSON. `code` is an HTTP status; below 400 it succeeded."""

    number: int
    at: datetime
    action: str
    code: int
    crn: str
    name: str
    initiator: Initiator
    reason: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return the event. Its id comes from its number: it is the same in every export."""
        service, _, verb = self.action.rpartition(".")
        part, _, kind = service.rpartition(".")
        failed = self.code >= HTTPStatus.BAD_REQUEST
        outcome = "failure" if failed else "success"
        identifier = derived_uuid(self.crn, f"event {self.number}")
        sentence = f"{part}: {verb} {kind} {self.name}{' failure' if failed else ''}"
        return {
            "action": self.action,
            "correlationId": identifier,
            "dataEvent": False,
            "eventTime": _event_time(self.at),
            "eventType": "activity",
            "id": identifier,
            "initiator": self.initiator.body(),
            "logSourceCRN": ":".join(self.crn.split(":")[:7]) + ":::",
            "message": sentence,
            "observer": {"name": "ActivityTracker"},
            "outcome": outcome,
            "reason": {
                "reasonCode": self.code,
                "reasonType": HTTPStatus(self.code).phrase,
                **({"reasonForFailure": self.reason} if failed else {}),
            },
            "requestData": dict(self.request),
            "responseData": {},
            "saveServiceCopy": True,
            "severity": "warning" if failed or verb == "update" else "normal",
            "target": {"id": self.crn, "name": self.name, "typeURI": f"{part}/{kind}"},
            "typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event",
        }


class ActivityLog:
    """Every event so far. Writers hold the world's lock. `tells_values` concerns updates."""

    def __init__(self) -> None:
        self.tells_values = False
        self._count = 0
        self._events: list[Activity] = []

    def add(
        self,
        server: AnyServer,
        verb: str,
        at: datetime,
        by: Initiator,
        *,
        code: int = 200,
        reason: str = "",
        request: Mapping[str, Any] | None = None,
    ) -> None:
        """Remember that something was done, or refused. `verb` is an action's last part, or two.

        A recorded server without a CRN leaves no event: there would be no telling whose it is.
        """
        kind = crn_type(server.crn)
        if kind is None:
            return
        subject = f"is.{kind}" if "." in verb else f"is.{kind}.{kind}"
        action = f"{subject}.{verb}"
        self._count += 1
        self._events.append(
            Activity(
                self._count, at, action, code, server.crn, server.name, by, reason, request or {}
            )
        )

    def clear(self) -> None:
        """Forget every event."""
        self._events = []

    def bodies(self) -> list[dict[str, Any]]:
        """Return the events in order of time."""
        return [event.body() for event in sorted(self._events, key=lambda event: event.at)]

    def lines(self) -> bytes:
        """Return the events in order of time, each on a line of its own."""
        return b"".join(msgspec.json.encode(body) + b"\n" for body in self.bodies())


def crn_type(crn: str) -> str | None:
    """Return what kind of server a CRN names; None if it is not the CRN of a server."""
    parts = crn.split(":")
    return parts[8] if len(parts) > 9 and parts[8] in KINDS else None  # noqa: PLR2004 - ten parts


def _event_time(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 10_000:02d}+0000"
