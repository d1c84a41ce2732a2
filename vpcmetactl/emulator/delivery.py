"""How an answer is to travel: what the app asks of the server that holds the socket."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from werkzeug.wrappers import Response

from vpcmetactl.emulator.routing import Call, Refusal

ENVIRON_KEY = "vpcmetactl.emulator.delivery"
"""Where a server puts a Delivery into the WSGI environment, for the app to fill in."""


class Damage(Enum):
    """What happens to an answer on its way, by the server that holds the socket."""

    RESET = "reset"
    LOST = "lost"
    TRUNCATE = "truncate"
    STALL = "stall"
    DRIBBLE = "dribble"


Unanswered = Literal["silence", "reset"]
"""Nothing until the client leaves, or the connection reset at once."""


@dataclass(slots=True)
class Delivery:
    """Seconds to wait before the answer is sent, and what happens to it on its way.

    `unanswered`: none is sent at all.
    """

    latency: float = 0.0
    damage: Damage | None = None
    unanswered: Unanswered | None = None


class NoAnswer(Refusal):
    """A request that nobody answers. In the request log its status is 0."""

    def __init__(self, how: Unanswered = "silence") -> None:
        super().__init__(how)
        self.how = how

    def response(self, call: Call[Any]) -> Response:
        """Have the server say nothing. Without a server, something has to be answered."""
        delivery = call.request.environ.get(ENVIRON_KEY)
        if not isinstance(delivery, Delivery):
            return needs_a_server()
        delivery.unanswered = self.how
        return Response(status=0)


def needs_a_server() -> Response:
    """Answer where something is to happen in transit, and there is nothing in between."""
    text = (
        "Faults in transit, and requests without an answer, need EmulatorServer: "
        "this application was called without it.\n"
    )
    return Response(text, status=501, content_type="text/plain; charset=utf-8")
