"""Resources as the bytes of their JSON, remembered until they change.

A page of a hundred instances is 0.7 MB; joining remembered bytes keeps a large fleet cheap to list.
"""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from vpcmetactl.emulator.vpc.bodies import bare_metal_server_body, instance_body
from vpcmetactl.emulator.vpc.recorded import RecordedServer
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance

if TYPE_CHECKING:
    from vpcmetactl.emulator.vpc.statuses import Step

REMEMBERED = 20_000
"""Bodies kept: 140 MB at most. Those beyond are encoded anew each time."""


class Bodies:
    """Encodes servers. Safe to use from many threads: at worst two encode the same body."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, Step, bytes]] = {}

    def encode(self, server: Instance | BareMetalServer | RecordedServer, now: datetime) -> bytes:
        """Return the JSON of a server as it is at a moment."""
        if isinstance(server, RecordedServer):
            return server.encoded(now)
        revision, step = server.revision, server.power.step(now)
        kept = self._kept.get(server.id)
        if kept is not None and kept[0] == revision and kept[1] == step:
            return kept[2]
        encoded = _encode(server, now)
        if kept is not None or len(self._kept) < REMEMBERED:
            self._kept[server.id] = (revision, step, encoded)
        return encoded


def _encode(server: Instance | BareMetalServer, now: datetime) -> bytes:
    if isinstance(server, Instance):
        return msgspec.json.encode(instance_body(server, now))
    return msgspec.json.encode(bare_metal_server_body(server, now))
