"""``servers``: the inventory."""

from typing import TYPE_CHECKING, Any

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Group
from vpcmetactl.cli.options import (
    check_trust_option,
    cloud_options,
    exit_code_option,
    no_state_option,
    output_options,
    reading_options,
    restart_rule_option,
    selection_options,
    source_option,
)

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode


@click.group(cls=Group)
def servers() -> None:
    """List and show instances and bare metal servers."""


@servers.command("list")
@selection_options
@click.option(
    "--with",
    "with_",
    multiple=True,
    type=click.Choice(["profiles", "tags"]),
    help="Also read the trusted profiles that trust each server, or its user tags; may be "
    "repeated.",
)
@output_options
@exit_code_option
@restart_rule_option
@source_option
@reading_options
@no_state_option
@pass_app
def list_(app: "App", /, **given: Any) -> "ExitCode":
    """List servers with their metadata service, of all regions unless told otherwise.

    \b
    vpcmetactl servers list --kind instance -r us-south
    vpcmetactl servers list --where 'metadata_service.enabled' -o json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.servers import list_servers  # noqa: PLC0415 - once parsed

    return list_servers(app, given)


@servers.command()
@click.argument("server")
@click.option("--region", "-r", multiple=True, help="Look in this region only.")
@check_trust_option
@output_options
@restart_rule_option
@source_option
@cloud_options
@no_state_option
@pass_app
def show(app: "App", /, **given: Any) -> "ExitCode":
    """Show everything that is known of one server, by name, id or CRN.

    \b
    vpcmetactl servers show web-1
    vpcmetactl servers show web-1 -r us-south -o json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.servers import show_server  # noqa: PLC0415 - once parsed

    return show_server(app, given)
