"""``links``: links of trusted profiles to servers."""

from typing import TYPE_CHECKING, Any

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Group
from vpcmetactl.cli.options import (
    change_options,
    cloud_options,
    exit_code_option,
    no_state_option,
    outcome_options,
    output_options,
    plan_options,
    profile_option,
    reading_options,
    restart_rule_option,
    selection_options,
    source_option,
)

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode

_OF_PROFILE = click.option(
    "--profile", required=True, metavar="ID|NAME", help="The trusted profile."
)


@click.group(cls=Group)
def links() -> None:
    """See, make and take away links of trusted profiles to servers."""


@links.command("list")
@selection_options
@profile_option
@output_options
@exit_code_option
@restart_rule_option
@source_option
@reading_options
@no_state_option
@pass_app
def list_(app: "App", /, **given: Any) -> "ExitCode":
    """List links: of the chosen servers, or all that there are.

    A server that you cannot see is not_visible, and not therefore gone.

    \b
    vpcmetactl links list
    vpcmetactl links list --profile backup-writer -o csv
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.links import list_links  # noqa: PLC0415 - once parsed

    return list_links(app, given)


@links.command()
@selection_options
@_OF_PROFILE
@click.option("--link-name", metavar="NAME", help="What the links are to be called.")
@click.option("--cross-account", is_flag=True, help="Link servers of other accounts, too.")
@change_options
@outcome_options
@exit_code_option
@cloud_options
@pass_app
def create(app: "App", /, **given: Any) -> "ExitCode":
    """Link servers to a trusted profile, which gives them its rights.

    \b
    vpcmetactl links create --profile backup-writer --name 'db-*' --dry-run
    vpcmetactl links create --profile backup-writer db-3 --yes
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.links import create_links  # noqa: PLC0415 - once parsed

    return create_links(app, given)


@links.command()
@selection_options
@_OF_PROFILE
@change_options
@outcome_options
@exit_code_option
@cloud_options
@pass_app
def delete(app: "App", /, **given: Any) -> "ExitCode":
    """Take away the links of servers to a trusted profile.

    What a claim rule or an identity lets in stays let in: see access list.

    \b
    vpcmetactl links delete --profile backup-writer db-3
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.links import delete_links  # noqa: PLC0415 - once parsed

    return delete_links(app, given)


@links.command()
@profile_option
@click.option(
    "--assert-full-visibility",
    is_flag=True,
    help="You vouch that the credentials see every server of the account.",
)
@plan_options
@outcome_options
@exit_code_option
@cloud_options
@pass_app
def prune(app: "App", /, **given: Any) -> "ExitCode":
    """Take away links whose server is gone.

    Only where a GET of the server says 404, the link is older than an hour, and
    its CRN is of this account. The platform answers 404 for what one may not see,
    too: nothing is taken away without --assert-full-visibility.

    \b
    vpcmetactl links prune --dry-run
    vpcmetactl links prune --assert-full-visibility
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.links import prune_links  # noqa: PLC0415 - once parsed

    return prune_links(app, given)
