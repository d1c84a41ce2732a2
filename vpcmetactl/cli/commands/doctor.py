"""``doctor``: what stands between a user and the cloud."""

from typing import TYPE_CHECKING, Any

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Command
from vpcmetactl.cli.options import cloud_options, no_state_option, output_options

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode


@click.command(cls=Command)
@click.option("--region", "-r", multiple=True, help="Only this region; may be repeated.")
@output_options
@cloud_options
@no_state_option
@pass_app
def doctor(app: "App", /, **given: Any) -> "ExitCode":
    """See who you are, what can be reached, and what you may read.

    Looks at the configuration, the state file, clock, DNS, TLS and proxies, the
    token and its account, every region and every kind of read. Changes nothing:
    what changes need is named and not tried.

    \b
    vpcmetactl doctor
    vpcmetactl doctor --context prod -r eu-de -o json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.doctor import examine  # noqa: PLC0415 - once parsed

    return examine(app, given)
