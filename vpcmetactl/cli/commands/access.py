"""``access``: who can become what."""

from typing import TYPE_CHECKING, Any

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Group
from vpcmetactl.cli.options import (
    exit_code_option,
    no_state_option,
    output_options,
    profile_option,
    reading_options,
    restart_rule_option,
    selection_options,
    source_option,
)

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode


@click.group(cls=Group)
def access() -> None:
    """See which servers can become which trusted profile."""


@access.command("list")
@selection_options
@profile_option
@click.option(
    "--default-profiles",
    is_flag=True,
    help="Also ask, a call for each server, which profile it was given when it was made.",
)
@output_options
@exit_code_option
@restart_rule_option
@source_option
@reading_options
@no_state_option
@pass_app
def list_(app: "App", /, **given: Any) -> "ExitCode":
    """List every server with every trusted profile that it can become.

    Through a link, a claim rule, or an identity that names it. What cannot be told
    is said to be so. Profiles of other accounts cannot be seen from here.

    \b
    vpcmetactl access list
    vpcmetactl access list --profile admin -o json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.access import list_access  # noqa: PLC0415 - once parsed

    return list_access(app, given)
