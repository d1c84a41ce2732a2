"""The one place where errors become messages and exit codes.

The console script, ``python -m vpcmetactl`` and the tests' runner all pass through the root
group's ``invoke``.
"""

import os
import signal
import sys
from types import FrameType
from typing import Any

import click

from vpcmetactl.cli.handing import current_app
from vpcmetactl.cli.lazy import LazyGroup


class Terminated(BaseException):
    """SIGTERM has come."""


class GuardedGroup(LazyGroup):
    """The root group: whatever happens below it ends in an exit code, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and translate whatever comes out of it."""
        _raise_on_sigterm()
        try:
            ctx.exit(super().invoke(ctx) or 0)
        except (click.ClickException, click.exceptions.Exit):
            raise  # click's own: usage errors, and the exit that was just asked for
        except BrokenPipeError:
            _silence_stdout()
            ctx.exit(0)
        except (KeyboardInterrupt, click.Abort):
            ctx.exit(_told(ctx, "interrupted", signal.SIGINT))
        except Terminated:
            ctx.exit(_told(ctx, "terminated", signal.SIGTERM))
        except Exception as error:  # noqa: BLE001 - nothing else may reach a user
            ctx.exit(_explained(ctx, error))


def _told(ctx: click.Context, word: str, number: signal.Signals) -> int:
    current_app(ctx).terminal.say(word)
    return 128 + number


def _explained(ctx: click.Context, error: Exception) -> int:
    """Report an error and return its exit code; what is not ours is a bug, and tests see it."""
    from vpcmetactl.domain.errors import ExitCode, VpcmetactlError  # noqa: PLC0415 - only now

    app = current_app(ctx)
    if isinstance(error, VpcmetactlError):
        app.terminal.report(error)
        return error.exit_code
    if app.raise_unexpected:
        raise error
    app.terminal.report_unexpected(error)
    return ExitCode.ERROR


def _raise_on_sigterm() -> None:
    def handle(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        raise Terminated

    try:
        signal.signal(signal.SIGTERM, handle)
    except ValueError:
        return  # not the main thread: the caller sees to signals


def _silence_stdout() -> None:
    """Keep the interpreter from complaining when it flushes a stdout that is closed."""
    try:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)
    except (OSError, ValueError):
        return  # there is no file behind stdout: nothing will be flushed
