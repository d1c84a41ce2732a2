"""What the calls of the emulator's control are made of."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.faults import Fault, FaultPlan
from vpcmetactl.emulator.request_log import RequestRecord
from vpcmetactl.emulator.routing import Call, Refusal
from vpcmetactl.emulator.world import World


class Controlled(Protocol):
    """What there is to control: an Emulator."""

    world: World
    latency: float
    faults: FaultPlan

    @property
    def requests(self) -> list[RequestRecord]:
        """What was asked so far."""
        ...

    def clear_requests(self) -> None:
        """Forget what was asked."""
        ...

    def set_faults(self, faults: Sequence[Fault]) -> None:
        """Replace all faults."""
        ...

    def reset(self) -> None:
        """Go back to the beginning."""
        ...


ControlCall = Call[Controlled]
Handlers = dict[tuple[str, str], Callable[[ControlCall], Response]]
"""What answers which method and path."""


class ControlRefusal(Refusal):
    """A control call that cannot be done."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def response(self, call: Call[Any]) -> Response:
        """Return the reason as JSON."""
        return answer({"error": self.message, "path": call.request.path}, self.status)


def answer(body: object, status: int = 200) -> Response:
    """Return an answer of JSON."""
    return Response(msgspec.json.encode(body), status=status, content_type="application/json")


def json_object(call: ControlCall) -> dict[str, Any]:
    """Return the JSON object that was sent."""
    try:
        return msgspec.json.decode(call.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ControlRefusal(400, "The body is not a JSON object.") from None
