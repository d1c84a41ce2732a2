"""Ctrl-C, SIGTERM and a terminal that is gone, while changes are made.

The first finishes what is under way. A lost connection sends SIGHUP, often more than once: it never
ends the process at once. Where it is ignored, as under nohup, it stays so.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from vpcmetactl.cli.terminal import Terminal
from vpcmetactl.domain.errors import ExitCode

_CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,
}

_STOPPING = "stopping: changes under way are finished; once more to leave at once"
_STOPPING_RESTARTS = (
    "stopping: servers that were stopped are started first; once more to leave at once, "
    "and leave them stopped"
)


@dataclass(slots=True)
class Stop:
    """Whether to start nothing more, and the exit code that tells why."""

    exit_code: ExitCode = ExitCode.OK

    def requested(self) -> bool:
        """Return whether a signal has come."""
        return self.exit_code is not ExitCode.OK


@contextmanager
def graceful_stop(terminal: Terminal, *, restarts: bool = False) -> Iterator[Stop]:
    """Turn the first signal into a request to stop; a second SIGINT or SIGTERM ends the process.

    ``restarts`` says that servers may be down when it comes.
    """
    told = _STOPPING_RESTARTS if restarts else _STOPPING
    stop = Stop()

    def handle(signum: int, frame: FrameType | None) -> None:
        del frame
        code = _CODES[signal.Signals(signum)]
        if stop.requested():
            if signum == signal.SIGHUP:
                return
            os._exit(code)
        stop.exit_code = code
        # The signal may have come in the middle of a write to the same stream.
        with suppress(RuntimeError):
            terminal.say(told)

    try:
        before = {
            number: signal.signal(number, handle)
            for number in _CODES
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
        }
    except ValueError:
        yield stop  # not the main thread: signals do not come here
        return
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
