"""``snapshot``: a fleet as it was, in a file."""

from typing import TYPE_CHECKING, Any

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Group
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


@click.group(cls=Group)
def snapshot() -> None:
    """Save fleets in files, merge them, and tell them apart.

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


@snapshot.command()
@click.argument(
    "shards", nargs=-1, required=True, metavar="SHARD...", type=click.Path(dir_okay=False)
)
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(dir_okay=False),
    help="Write the result to this file; .gz behind its name compresses it.",
)
@click.option(
    "--expect",
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="Refuse to merge any other number of shards; names the missing ones by their numbers.",
)
@click.option(
    "--prefer",
    type=click.Choice(["newest"]),
    help="Take what was read twice, and differs, from the later reading, instead of refusing it.",
)
@pass_app
def merge(app: "App", /, **given: Any) -> "ExitCode":
    """Put snapshots together: of many accounts, or of parts of one.

    The same files in any order give the same bytes. What one of them could not read
    stays missing: exit code 4. Two that say different things of the same are refused.

    \b
    vpcmetactl snapshot merge shard-*.jsonl.gz -o fleet.jsonl.gz --expect 200
    vpcmetactl audit run --source fleet.jsonl.gz
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.snapshot import merge_snapshots  # noqa: PLC0415 - once parsed

    return merge_snapshots(app, given)
