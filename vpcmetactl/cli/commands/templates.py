"""``templates``: what the next servers of instance groups will be like."""

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

_FILE = click.Path(dir_okay=False)


@click.group(cls=Group)
def templates() -> None:
    """See which instance templates will make servers that break the policy.

    A template cannot be changed: make a new one, and give it to the groups.
    """


@templates.command("list")
@click.option("--region", "-r", multiple=True, help="Only this region; may be repeated.")
@click.option("--policy", type=_FILE, help="Judge by this policy, a TOML file.")
@output_options
@exit_code_option
@source_option
@reading_options
@pass_app
def list_(app: "App", /, **given: Any) -> "ExitCode":
    """List instance templates, the groups that use them, and what they will make.

    \b
    vpcmetactl templates list
    vpcmetactl templates list --policy policy.toml -o json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.templates import list_templates  # noqa: PLC0415 - once parsed

    return list_templates(app, given)


@templates.command()
@click.argument("template")
@click.option("--region", "-r", multiple=True, help="Look in this region only.")
@click.option("--enabled/--disabled", default=None, help="Whether the service shall be on.")
@click.option("--protocol", type=click.Choice(["http", "https"]), help="What it shall speak.")
@click.option(
    "--response-hop-limit",
    type=click.IntRange(1, 64),
    metavar="1..64",
    help="How many network hops an answer may travel.",
)
@click.option("--new-name", metavar="NAME", help="What the new template is to be called.")
@click.option(
    "--body-out", required=True, type=_FILE, help="Write the body into this file, user data too."
)
@cloud_options
@pass_app
def replace(app: "App", /, **given: Any) -> "ExitCode":
    """Write the body of a template that is like another, but for its service.

    It is what POST /v1/instance/templates takes. The file can be read by you alone,
    for the user data in it may hold secrets. Nothing is changed.

    \b
    vpcmetactl templates replace web --protocol https --body-out web.json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.templates import replace_template  # noqa: PLC0415 - once parsed

    return replace_template(app, given)
