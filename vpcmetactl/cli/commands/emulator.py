"""``emulator``: the embedded emulator of IBM Cloud's APIs."""

from typing import TYPE_CHECKING, Any

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Group, completed

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode


_SCENARIOS = ("empty", "demo", "tour", "mixed-fleet", "trusted-fleet", "restarts")


def _complete_scenario(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    del ctx, param
    return completed(_SCENARIOS, incomplete)


@click.group(cls=Group)
def emulator() -> None:
    """Serve the embedded emulator of IBM Cloud's APIs."""


@emulator.command()
@click.option(
    "--scenario",
    default="demo",
    shell_complete=_complete_scenario,
    show_default=True,
    help="empty, demo, tour, mixed-fleet, trusted-fleet, restarts, large:N or trusted:P+S.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="On loopback; 0 takes any that is free.",
)
@click.option(
    "--guest-https-port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="For https to metadata services; on loopback, 0 takes any that is free.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Makes ids and tokens.")
@click.option(
    "--load",
    "loads",
    multiple=True,
    type=click.Path(),
    help="Serve the recorded bodies in this file, as they are.",
)
@click.option("--latency", metavar="50ms", help="Wait before every answer.")
@click.option("--rate-limit", metavar="20/s", help="Answer 429 beyond, in each region.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="OPERATION:FAULT[:HOW-OFTEN]",
    help="Fail on demand, as in list_instances:429:2%.",
)
@click.option(
    "--restart-rule",
    type=click.Choice(["faq", "none"]),
    help="Whether enabling may need a stop and start: as the FAQ has it, or never.",
)
@click.option(
    "--pace",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Stretch what stops and starts take; 0 is at once.",
)
@click.option(
    "--trouble",
    "troubles",
    multiple=True,
    metavar="SERVERS:TROUBLE[:HOW-OFTEN]",
    help="Make stops and starts go wrong, as in gpu-*:cannot_start_capacity:1.",
)
@click.option(
    "--service-disabled",
    type=click.Choice(["no_answer", "forbidden"]),
    default="no_answer",
    show_default=True,
    help="What a server gets at its metadata address while its service is disabled.",
)
@click.option(
    "--wrong-protocol",
    type=click.Choice(["no_answer", "refused"]),
    default="no_answer",
    show_default=True,
    help="What it gets by the protocol that its service is not set to.",
)
@pass_app
def serve(app: "App", /, **given: Any) -> "ExitCode":
    """Serve on loopback until Ctrl-C; print what another terminal must export.

    \b
    vpcmetactl emulator serve --scenario mixed-fleet --port 8080
    vpcmetactl emulator serve --latency 50ms --fault 'list_instances:429:2%'
    vpcmetactl emulator serve --scenario restarts --trouble 'gpu:start-fails'
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.emulator import serve_emulator  # noqa: PLC0415 - once parsed

    return serve_emulator(app, given)
