"""``demo``: the tour, on the embedded emulator."""

from typing import TYPE_CHECKING

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Command

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode


@click.command(cls=Command)
@pass_app
def demo(app: "App", /) -> "ExitCode":
    """Run a tour on the embedded emulator; no account, no network.

    \b
    vpcmetactl demo
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.demo import run_demo  # noqa: PLC0415 - once parsed

    return run_demo(app)
