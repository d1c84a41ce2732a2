"""``metadata``: turning the service on and off, and setting its protocol and hop limit."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Group
from vpcmetactl.cli.options import (
    change_options,
    check_trust_option,
    cloud_options,
    exit_code_option,
    identity_loss_option,
    outcome_options,
    restart_rule_option,
    selection_options,
    terraform_option,
)

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode

protocol_option = click.option(
    "--protocol", type=click.Choice(["http", "https"]), help="What the service speaks."
)
hop_limit_option = click.option(
    "--response-hop-limit",
    type=click.IntRange(1, 64),
    metavar="1..64",
    help="How many network hops an answer may travel; instances only.",
)
container_host_option = click.option(
    "--container-host-tag",
    "container_hosts",
    multiple=True,
    metavar="KEY:VALUE",
    help="Warn where servers with this user tag are left a hop limit of 1; may be repeated.",
)


@click.group(cls=Group)
def metadata() -> None:
    """Turn the metadata service on and off, and set it."""


def _changing(command: "Callable[Concatenate[App, ...], ExitCode]") -> Callable[..., Any]:
    """Add what every command here takes."""
    decorated: Callable[..., Any] = pass_app(command)
    for decorator in (
        cloud_options,
        restart_rule_option,
        exit_code_option,
        outcome_options,
        terraform_option,
        container_host_option,
        check_trust_option,
        change_options,
        selection_options,
    ):
        decorated = decorator(decorated)
    return decorated


@metadata.command()
@protocol_option
@hop_limit_option
@_changing
def enable(app: "App", /, **given: Any) -> "ExitCode":
    """Enable the service. Without --protocol the present protocol stays.

    \b
    vpcmetactl metadata enable web-1 --protocol https --dry-run
    vpcmetactl metadata enable --name 'web-*' --protocol https
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.metadata import enable_metadata  # noqa: PLC0415 - once parsed

    return enable_metadata(app, given)


@metadata.command()
@identity_loss_option
@_changing
def disable(app: "App", /, **given: Any) -> "ExitCode":
    """Disable the service. Its protocol and hop limit stay.

    \b
    vpcmetactl metadata disable --vpc sandbox --dry-run
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.metadata import disable_metadata  # noqa: PLC0415 - once parsed

    return disable_metadata(app, given)


@metadata.command("set")
@protocol_option
@hop_limit_option
@_changing
def set_(app: "App", /, **given: Any) -> "ExitCode":
    """Set protocol and hop limit. Never turns the service on or off.

    \b
    vpcmetactl metadata set --all --protocol https --dry-run
    vpcmetactl metadata set web-1 --response-hop-limit 2
    vpcmetactl metadata set --all --protocol https --terraform-state a.tfstate
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.metadata import set_metadata  # noqa: PLC0415 - once parsed

    return set_metadata(app, given)
