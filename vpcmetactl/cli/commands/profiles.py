"""``profiles``: trusted profiles and what makes them trust somebody."""

from typing import TYPE_CHECKING, Any

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Group
from vpcmetactl.cli.options import (
    cloud_options,
    exit_code_option,
    output_options,
    reading_options,
    source_option,
)

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode


@click.group(cls=Group)
def profiles() -> None:
    """See trusted profiles and what makes them trust somebody.

    A server gets IAM rights without stored keys where a trusted profile trusts
    it: by a link, by a claim rule, or by an identity that names it.
    """


@profiles.command("list")
@output_options
@exit_code_option
@source_option
@reading_options
@pass_app
def list_(app: "App", /, **given: Any) -> "ExitCode":
    """List the account's trusted profiles with their links, rules and identities.

    \b
    vpcmetactl profiles list
    vpcmetactl profiles list -o json --query 'items[].name'
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.profiles import list_profiles  # noqa: PLC0415 - once parsed

    return list_profiles(app, given)


@profiles.command()
@click.argument("profile")
@output_options
@source_option
@cloud_options
@pass_app
def show(app: "App", /, **given: Any) -> "ExitCode":
    """Show one trusted profile, by name, id, CRN or IAM id.

    \b
    vpcmetactl profiles show backup-writer
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.profiles import show_profile  # noqa: PLC0415 - once parsed

    return show_profile(app, given)
