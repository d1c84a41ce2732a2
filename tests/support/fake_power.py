"""The statuses of servers in memory, which walk by a clock or by how often they are read."""

from collections import defaultdict
from dataclasses import dataclass, field

from vpcmetactl.domain.errors import ConflictError
from vpcmetactl.domain.plans import StopType
from vpcmetactl.domain.servers import Server, ServerKind, StatusReason
from vpcmetactl.usecases.ports import Clock


@dataclass(frozen=True)
class State:
    """What power changes of a server."""

    status: str
    status_reasons: tuple[StatusReason, ...] = ()


@dataclass
class Power:
    """How long servers take to stop and to start, and which of them do not.

    ``stop_takes`` and ``start_takes`` are seconds of ``clock``; without one, the number of times
    that a server is read until it is there. ``failing_starts`` holds status reason codes by server
    id, one for each start that ends in ``stopped`` with that reason; ``hanging_stops`` the ids of
    servers that take a stop, or a soft one, and go on running.
    """

    clock: Clock | None = None
    stop_takes: float = 2
    start_takes: float = 2
    failing_starts: dict[str, list[str]] = field(default_factory=dict)
    hanging_stops: set[str] = field(default_factory=set)
    _walks: dict[str, tuple[float, State]] = field(default_factory=dict)
    _reads: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def stop(self, server: Server, stop_type: StopType | None) -> State:
        """Begin a stop, and return what holds at once."""
        _require(server, "running", "stop")
        if server.id in self.hanging_stops and stop_type is not StopType.HARD:
            return State("running")
        self._walks[server.id] = (self._now(server.id) + self.stop_takes, State("stopped"))
        # Bare metal has no status "stopping": it runs until it is stopped.
        return State("stopping" if server.kind is ServerKind.INSTANCE else "running")

    def start(self, server: Server) -> State:
        """Begin a start, and return what holds at once."""
        _require(server, "stopped", "start")
        end = State("running")
        if codes := self.failing_starts.get(server.id):
            end = State("stopped", (StatusReason(codes.pop(0), "It could not be started."),))
        self._walks[server.id] = (self._now(server.id) + self.start_takes, end)
        return State("starting")

    def read(self, server_id: str) -> State | None:
        """Return what a reader is the first to find; ``None`` where nothing new has happened."""
        self._reads[server_id] += 1
        return self.present(server_id)

    def present(self, server_id: str) -> State | None:
        """Return what has come about since anybody asked, without this counting as a reading."""
        due, end = self._walks.get(server_id, (None, None))
        if due is None or self._now(server_id) < due:
            return None
        del self._walks[server_id]
        return end

    def _now(self, server_id: str) -> float:
        return self._reads[server_id] if self.clock is None else self.clock.monotonic()


def _require(server: Server, status: str, action: str) -> None:
    if server.status != status:
        raise ConflictError(
            f"cannot {action} {server.kind.words} {server.id}: it is {server.status}",
            region=server.region,
            status=409,
        )
