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

from vpcmetactl.cli.lazy import LazyGroup


class Terminated(BaseException):
    """SIGTERM has come."""


class GuardedGroup(LazyGroup):
    """The root group: whatever happens below it ends in an exit code, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and translate whatever comes out of it."""
        # Only here: --help and --version need no App, and must not pay for it.
        from vpcmetactl.cli.bootstrap import default_app  # noqa: PLC0415
        from vpcmetactl.domain.errors import ExitCode, VpcmetactlError  # noqa: PLC0415

        if ctx.obj is None:
            ctx.obj = default_app()
        app = ctx.obj
        _raise_on_sigterm()
        try:
            ctx.exit(super().invoke(ctx) or ExitCode.OK)
        except VpcmetactlError as error:
            app.terminal.report(error)
            ctx.exit(error.exit_code)
        except BrokenPipeError:
            _silence_stdout()
            ctx.exit(ExitCode.OK)
        except (KeyboardInterrupt, click.Abort):
            app.terminal.say("interrupted")
            ctx.exit(ExitCode.INTERRUPTED)
        except Terminated:
            app.terminal.say("terminated")
            ctx.exit(ExitCode.TERMINATED)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except Exception as error:
            if app.raise_unexpected:
                raise
            app.terminal.report_unexpected(error)
            ctx.exit(ExitCode.ERROR)


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
