"""``snapshot``: a fleet as it was, in a file."""

from typing import TYPE_CHECKING, Any

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.options import (
    exit_code_option,
    output_options,
    reading_options,
    restart_rule_option,
    selection_options,
)

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode


@click.group()
def snapshot() -> None:
    """Save a fleet in a file, and tell two such files apart.

    Every reading command takes the file with --source instead of the cloud.
    """


@snapshot.command()
@click.argument("file", type=click.Path(dir_okay=False))
@selection_options
@click.option(
    "--content",
    metavar="WHAT,...",
    default="servers,profiles,templates",
    show_default=True,
    help="What to save; servers always are.",
)
@restart_rule_option
@reading_options
@pass_app
def save(app: "App", /, **given: Any) -> "ExitCode":
    """Save servers with their restart verdicts, trusted profiles and templates.

    The same fleet gives the same bytes; .gz behind the name compresses them. There
    are no secrets in it: no user data, password or token.

    \b
    vpcmetactl snapshot save fleet.jsonl.gz
    vpcmetactl audit run --source fleet.jsonl.gz
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.snapshot import save_snapshot  # noqa: PLC0415 - once parsed

    return save_snapshot(app, given)


@snapshot.command()
@click.argument("before", type=click.Path(dir_okay=False))
@click.argument("after", type=click.Path(dir_okay=False))
@output_options
@exit_code_option
@pass_app
def diff(app: "App", /, **given: Any) -> "ExitCode":
    """Tell what appeared, is gone, or changed, by field.

    What one of the two could not read is not called gone or new.

    \b
    vpcmetactl snapshot diff monday.jsonl.gz tuesday.jsonl.gz
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.snapshot import diff_snapshots  # noqa: PLC0415 - once parsed

    return diff_snapshots(app, given)
