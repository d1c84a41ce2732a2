"""``config``: the configuration file, with the accounts to work in by name."""

from typing import TYPE_CHECKING, Any

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Group
from vpcmetactl.cli.options import output_options

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode


@click.group(cls=Group)
def config() -> None:
    """See and begin the configuration file.

    It names accounts, so that --context NAME works in one of them. It holds no
    secrets: a context says where its key is, in a file, in a variable, or as a
    trusted profile of the server that this runs on.
    """


@config.command()
@output_options
@pass_app
def show(app: "App", /, **given: Any) -> "ExitCode":
    """Show the contexts, where their credentials come from, and their endpoints.

    \b
    vpcmetactl config show
    vpcmetactl config show -o json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.config import show_contexts  # noqa: PLC0415 - once parsed

    return show_contexts(app, given)


@config.command()
@pass_app
def path(app: "App", /) -> "ExitCode":
    """Print where the configuration file is, whether it is there or not.

    \b
    vpcmetactl config path
    $EDITOR "$(vpcmetactl config path)"
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.config import print_path  # noqa: PLC0415 - once parsed

    return print_path(app)


@config.command()
@pass_app
def init(app: "App", /) -> "ExitCode":
    """Write a commented template where no configuration file is yet.

    \b
    vpcmetactl config init
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.config import write_template  # noqa: PLC0415 - once parsed

    return write_template(app)
