"""``emulator``: the embedded VPC and IAM emulator."""

import threading
from pathlib import Path
from typing import Any

import click

from vpcmetactl.cli.context import App, pass_app
from vpcmetactl.cli.emulation import EmulatorOptions, export_lines, running_emulator
from vpcmetactl.domain.errors import ExitCode


@click.group()
def emulator() -> None:
    """Serve the embedded VPC and IAM emulator."""


@emulator.command()
@click.option(
    "--scenario", default="demo", show_default=True, help="empty, demo, mixed-fleet or large:N."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Makes ids and tokens.")
@click.option(
    "--load",
    "loads",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Serve the recorded bodies in this file, as they are.",
)
@click.option("--latency", metavar="50ms", help="Wait before every answer.")
@click.option("--rate-limit", metavar="20/s", help="Answer 429 beyond, in each region.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="OPERATION:FAULT[:HOW-OFTEN]",
    help="Fail on demand, as in list_instances:429:2%.",
)
@pass_app
def serve(app: App, /, **given: Any) -> ExitCode:
    """Serve on loopback until Ctrl-C; print what another terminal must export.

    \b
    vpcmetactl emulator serve --scenario mixed-fleet --port 8080
    vpcmetactl emulator serve --latency 50ms --fault 'list_instances:429:2%'
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    with running_emulator(EmulatorOptions(**given)) as environment:
        app.terminal.stdout.write(export_lines(environment))
        app.terminal.stdout.flush()
        app.terminal.note("paste these lines into another terminal; Ctrl-C ends the emulator")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            app.terminal.note("the emulator has ended")
    return ExitCode.OK
