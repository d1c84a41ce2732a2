"""``restarts``: which servers need a stop and start, why we think so, and doing it."""

from typing import TYPE_CHECKING, Any

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Group
from vpcmetactl.cli.options import (
    all_option,
    change_options,
    cloud_options,
    exit_code_option,
    no_state_option,
    outcome_options,
    output_options,
    reading_options,
    restart_rule_option,
    selection_options,
    source_option,
    wait_option,
)

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode


@click.group(cls=Group)
def restarts() -> None:
    """See which servers need a stop and start, and do it safely.

    IBM contradicts itself: its FAQ asks for one stop and start after the service
    is first enabled on an instance created without it; its release notes of
    9 August 2022 say that this is no longer so. The API cannot tell. So a verdict
    is advice, as good as its evidence.
    """


@restarts.command("list")
@selection_options
@click.option(
    "--verdict",
    metavar="VERDICT,...",
    help="Show these verdicts: needed, unknown, not_needed.  [default: needed,unknown]",
)
@output_options
@exit_code_option
@restart_rule_option
@source_option
@reading_options
@no_state_option
@pass_app
def list_(app: "App", /, **given: Any) -> "ExitCode":
    """List servers of which a restart is needed, or may be, and on what evidence.

    \b
    vpcmetactl restarts list
    vpcmetactl restarts list --verdict needed -o ids
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.restarts import list_restarts  # noqa: PLC0415 - once parsed

    return list_restarts(app, given)


@restarts.command("import-events")
@click.argument("files", nargs=-1, required=True, metavar="FILE|-...")
@outcome_options
@cloud_options
@pass_app
def import_events(app: "App", /, **given: Any) -> "ExitCode":
    """Take evidence from files: Activity Tracker events, or proofs of guest probes.

    JSON lines or a JSON array, also gzipped. Importing twice changes nothing.

    \b
    vpcmetactl restarts import-events activity.jsonl
    vpcmetactl restarts import-events proof.json
    zcat *.gz | vpcmetactl restarts import-events -
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.restarts import import_events  # noqa: PLC0415 - once parsed

    return import_events(app, given)


@restarts.command()
@selection_options
@all_option
@click.option(
    "--at",
    metavar="TIME",
    help="When it was restarted, such as 2026-11-21T14:30Z; without, that nothing is left to do.",
)
@click.option("--note", help="Why one may rely on it, such as the number of a change.")
@outcome_options
@restart_rule_option
@cloud_options
@pass_app
def ack(app: "App", /, **given: Any) -> "ExitCode":
    """Say that servers were restarted, or that the service works on them.

    Changes nothing in the cloud: it is written down as evidence, and believed.

    \b
    vpcmetactl restarts ack db-3 --note 'restarted in change 4711'
    vpcmetactl restarts ack --vpc prod --at 2026-11-21T14:30Z
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.restarts import acknowledge  # noqa: PLC0415 - once parsed

    return acknowledge(app, given)


@restarts.command()
@selection_options
@click.option(
    "--verdict",
    metavar="VERDICT,...",
    help="Restart servers of these verdicts: needed, unknown.  [default: needed]",
)
@click.option(
    "--one-per",
    metavar="JMESPATH",
    help="Never two servers with the same value down at a time, such as vpc.id.",
)
@click.option(
    "--allow-instance-storage-loss",
    is_flag=True,
    help="Restart servers with instance storage, too: its data is erased.",
)
@click.option(
    "--stop-type",
    type=click.Choice(["soft", "hard"]),
    default="soft",
    show_default=True,
    help="How to stop bare metal servers; a soft stop may never complete.",
)
@wait_option
@change_options
@outcome_options
@exit_code_option
@restart_rule_option
@cloud_options
@pass_app
def run(app: "App", /, **given: Any) -> "ExitCode":
    """Stop and start servers whose verdict is needed, one at a time.

    Each is stopped, started, and waited for until it runs and is well. What is
    stopped already is left so, and members of instance groups are refused.

    \b
    vpcmetactl restarts run --all --dry-run
    vpcmetactl restarts run --all --one-per vpc.id --max-workers 4
    vpcmetactl restarts run db-3 --verdict needed,unknown
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.restarts import run_restarts  # noqa: PLC0415 - once parsed

    return run_restarts(app, given)
