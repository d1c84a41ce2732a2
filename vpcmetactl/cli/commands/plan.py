"""``plan``: plans that were saved to be reviewed."""

from typing import TYPE_CHECKING, Any

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Group
from vpcmetactl.cli.options import (
    apply_options,
    cloud_options,
    consent_options,
    exit_code_option,
    outcome_options,
    output_options,
    restart_rule_option,
    wait_option,
)

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode

_PLAN = click.argument("file", type=click.Path(dir_okay=False))


@click.group(cls=Group)
def plan() -> None:
    """Review, apply and invert plans saved with --plan-out."""


@plan.command()
@_PLAN
@output_options
@exit_code_option
@pass_app
def show(app: "App", /, **given: Any) -> "ExitCode":
    """Show a saved plan; no account is needed.

    \b
    vpcmetactl plan show plan.json
    vpcmetactl plan show plan.json -o markdown
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.plan import show_plan  # noqa: PLC0415 - once parsed

    return show_plan(app, given)


@plan.command()
@_PLAN
@click.option(
    "--expect-digest", metavar="DIGEST", help="Refuse any plan but the one of this digest."
)
@consent_options
@apply_options
@wait_option
@outcome_options
@restart_rule_option
@cloud_options
@pass_app
def apply(app: "App", /, **given: Any) -> "ExitCode":
    """Apply a saved plan: each server is read, compared, changed and read back.

    \b
    vpcmetactl plan apply plan.json
    vpcmetactl plan apply plan.json --yes --canary 2 --max-failures 5%
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.plan import apply_plan  # noqa: PLC0415 - once parsed

    return apply_plan(app, given)


@plan.command()
@_PLAN
@click.option(
    "--plan-out",
    required=True,
    type=click.Path(dir_okay=False),
    help="Save the inverted plan in this file.",
)
@output_options
@exit_code_option
@pass_app
def invert(app: "App", /, **given: Any) -> "ExitCode":
    """Make the plan that takes a saved plan back; needs neither account nor journal.

    \b
    vpcmetactl plan invert plan.json --plan-out undo.json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.plan import invert_plan  # noqa: PLC0415 - once parsed

    return invert_plan(app, given)
