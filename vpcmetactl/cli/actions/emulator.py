"""What ``emulator`` does."""

import threading
from pathlib import Path

from vpcmetactl.cli.context import App
from vpcmetactl.cli.emulation import (
    EmulatorOptions,
    export_lines,
    guest_lines,
    running_emulator,
)
from vpcmetactl.cli.parameters import Given
from vpcmetactl.domain.errors import ExitCode


def serve_emulator(app: App, given: Given) -> ExitCode:
    """Serve until Ctrl-C, which is how it is meant to end."""
    loads = [Path(name) for name in given.pop("loads")]
    with running_emulator(EmulatorOptions(**given, loads=loads)) as running:
        app.terminal.stdout.write(export_lines(running.environment) + guest_lines(running))
        app.terminal.stdout.flush()
        app.terminal.note("paste these lines into another terminal; Ctrl-C ends the emulator")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            app.terminal.note("the emulator has ended")
    return ExitCode.OK
