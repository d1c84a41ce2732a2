"""``completion``: what makes a shell complete commands, options and their values."""

from typing import TYPE_CHECKING

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Command

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@pass_app
def completion(app: "App", /, shell: str) -> "ExitCode":
    """Print the script that makes a shell complete what is typed.

    Put the line into ~/.bashrc or ~/.zshrc; bash has to be 4.4 or newer.

    \b
    eval "$(vpcmetactl completion bash)"
    vpcmetactl completion fish > ~/.config/fish/completions/vpcmetactl.fish
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.completion import print_script  # noqa: PLC0415 - once parsed

    return print_script(app, shell)
