"""The one place where errors become messages and exit codes.

The console script, ``python -m vpcmetactl`` and the tests' runner all pass through the root
group's ``invoke``.
"""

import errno
import signal
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

import click

from vpcmetactl.cli.handing import current_app
from vpcmetactl.cli.lazy import LazyGroup

# What writing to a disk or a terminal that is no longer there ends with.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)


class Terminated(BaseException):
    """SIGTERM has come."""


class GuardedGroup(LazyGroup):
    """The root group: whatever happens below it ends in an exit code, never in a traceback."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the whole command line; help that cannot be written is told as other errors are."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            _settle_stdout()
            click.echo(f"error: stdout cannot be written to: {error.strerror}", err=True)
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and translate whatever comes out of it."""
        before = _heed_signals()
        try:
            ctx.exit(super().invoke(ctx) or 0)
        except (click.ClickException, click.exceptions.Exit):
            raise  # click's own: usage errors, and the exit that was just asked for
        except BrokenPipeError:
            _settle_stdout()
            ctx.exit(0)
        except (KeyboardInterrupt, click.Abort):
            ctx.exit(_told(ctx, "interrupted", signal.SIGINT))
        except Terminated:
            ctx.exit(_told(ctx, "terminated", signal.SIGTERM))
        except Exception as error:  # noqa: BLE001 - nothing else may reach a user
            ctx.exit(_explained(ctx, error))
        finally:
            for number, handler in before.items():
                if signal.getsignal(number) is _unwind:
                    signal.signal(number, handler)


def _told(ctx: click.Context, word: str, number: signal.Signals) -> int:
    current_app(ctx).terminal.say(word)
    return 128 + number


def _explained(ctx: click.Context, error: Exception) -> int:
    """Report an error and return its exit code; what is not ours is a bug, and tests see it."""
    from vpcmetactl.domain.errors import (  # noqa: PLC0415 - only now
        ExitCode,
        OutputError,
        VpcmetactlError,
    )

    app = current_app(ctx)
    if isinstance(error, VpcmetactlError):
        if isinstance(error, OutputError):
            _settle_stdout()
        app.terminal.report(error)
        return error.exit_code
    if app.raise_unexpected:
        raise error
    app.terminal.report_unexpected(error)
    return ExitCode.ERROR


def _heed_signals() -> Mapping[signal.Signals, Any]:
    """Let the first SIGINT or SIGTERM unwind the program; return the handlers there were."""
    before: dict[signal.Signals, Any] = {}
    try:
        before[signal.SIGTERM] = signal.signal(signal.SIGTERM, _unwind)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            before[signal.SIGINT] = signal.signal(signal.SIGINT, _unwind)
    except ValueError:
        pass  # not the main thread: the caller sees to signals
    return before


def _unwind(signum: int, frame: FrameType | None) -> None:
    """Raise what the signal means, and leave the next one to the system, which ends us at once.

    Raised once more on the way out, it could come between taking a lock and giving it back, and
    what then waits for that lock would never end.
    """
    del frame
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    raise Terminated if signum == signal.SIGTERM else KeyboardInterrupt


def _settle_stdout() -> None:
    from vpcmetactl.cli.terminal import settle_stdout  # noqa: PLC0415 - only now

    settle_stdout()
