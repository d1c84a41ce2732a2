"""How an answer is to travel: what the app asks of the server that holds the socket."""

from dataclasses import dataclass

from vpcmetactl.emulator.faults import Damage

ENVIRON_KEY = "vpcmetactl.emulator.delivery"
"""Where a server puts a Delivery into the WSGI environment, for the app to fill in."""


@dataclass(slots=True)
class Delivery:
    """Seconds to wait before the answer is sent, and what happens to it on its way."""

    latency: float = 0.0
    damage: Damage | None = None
