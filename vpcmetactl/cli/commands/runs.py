"""``runs``: the journal of every change that this program made."""

from typing import TYPE_CHECKING, Any

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Group
from vpcmetactl.cli.options import (
    apply_options,
    check_trust_option,
    cloud_options,
    consent_options,
    dry_run_option,
    exit_code_option,
    identity_loss_option,
    outcome_options,
    output_options,
    restart_rule_option,
    wait_option,
    wave_options,
)

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode

_RUN = click.argument("run")


@click.group(cls=Group)
def runs() -> None:
    """Show, resume and roll back the changes that this program made."""


@runs.command("list")
@output_options
@exit_code_option
@cloud_options
@pass_app
def list_(app: "App", /, **given: Any) -> "ExitCode":
    """List the runs of this account and endpoint, newest first.

    \b
    vpcmetactl runs list
    vpcmetactl runs list -o json --query "items[?state=='interrupted'].id"
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.runs import list_runs  # noqa: PLC0415 - once parsed

    return list_runs(app, given)


@runs.command()
@_RUN
@output_options
@cloud_options
@pass_app
def show(app: "App", /, **given: Any) -> "ExitCode":
    """Show a run: what was intended, done, refused, failed, unknown.

    \b
    vpcmetactl runs show 20261121T120000Z-4f2a
    vpcmetactl runs show 20261121T120000Z-4f2a -o json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.runs import show_run  # noqa: PLC0415 - once parsed

    return show_run(app, given)


@runs.command()
@_RUN
@wave_options
@wait_option
@outcome_options
@restart_rule_option
@cloud_options
@pass_app
def resume(app: "App", /, **given: Any) -> "ExitCode":
    """Finish a run that was cut off; what is done is not repeated.

    Servers that it stopped and did not start are started first of all. It was
    confirmed when it began, and is not confirmed again.

    \b
    vpcmetactl runs resume 20261121T120000Z-4f2a
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.runs import resume  # noqa: PLC0415 - once parsed

    return resume(app, given)


@runs.command()
@_RUN
@identity_loss_option
@check_trust_option
@dry_run_option
@consent_options
@apply_options
@outcome_options
@exit_code_option
@restart_rule_option
@cloud_options
@pass_app
def rollback(app: "App", /, **given: Any) -> "ExitCode":
    """Give servers back the values that a run took from them.

    Only where nobody changed them since; the rest is told.

    \b
    vpcmetactl runs rollback 20261121T120000Z-4f2a --dry-run
    vpcmetactl runs rollback 20261121T120000Z-4f2a --yes
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.runs import roll_back  # noqa: PLC0415 - once parsed

    return roll_back(app, given)


@runs.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False), help="The file to write them into."
)
@cloud_options
@pass_app
def export(app: "App", /, **given: Any) -> "ExitCode":
    """Write runs into a file, all unless some are named, to carry the journal away.

    \b
    vpcmetactl runs export --out runs.json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.runs import export_runs  # noqa: PLC0415 - once parsed

    return export_runs(app, given)


@runs.command("import")
@click.argument("file", type=click.Path(dir_okay=False))
@cloud_options
@pass_app
def import_(app: "App", /, **given: Any) -> "ExitCode":
    """Take exported runs into the journal; what is there already changes nothing.

    \b
    vpcmetactl runs import runs.json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.runs import import_runs  # noqa: PLC0415 - once parsed

    return import_runs(app, given)
