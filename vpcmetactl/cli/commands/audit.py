"""``audit``: judging servers against a policy."""

from typing import TYPE_CHECKING, Any

import click

from vpcmetactl.cli.handing import pass_app
from vpcmetactl.cli.help import Group, completed
from vpcmetactl.cli.options import (
    no_state_option,
    option,
    output_options,
    reading_options,
    report_options,
    restart_rule_option,
    selection_options,
)

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App
    from vpcmetactl.domain.errors import ExitCode


_FILE = click.Path(dir_okay=False)


def _complete_check(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    del ctx, param
    from vpcmetactl.domain.checks import CHECKS  # noqa: PLC0415 - for shells alone

    return completed([check.id for check in CHECKS], incomplete.upper())


@click.group(cls=Group)
def audit() -> None:
    """Judge servers against a policy."""


@audit.command()
@selection_options
@click.option("--policy", type=_FILE, help="Judge by this policy, a TOML file.")
@click.option(
    "--waivers", type=_FILE, multiple=True, help="Take waivers from this file; may be repeated."
)
@click.option(
    "--check-policy", is_flag=True, help="Only check the policy and the waivers; ask nobody."
)
@click.option(
    "--source",
    type=_FILE,
    help="Judge a snapshot, or a Terraform plan or state in JSON, instead of the cloud.",
)
@click.option(
    "--templates", is_flag=True, help="Judge instance templates, too: what scale-outs will make."
)
@click.option("--baseline", type=_FILE, help="Compare with this earlier snapshot.")
@click.option("--fail-on-new", is_flag=True, help="Let only findings fail that are new since then.")
@option(
    "--unknown",
    type=click.Choice(["pass", "warn", "fail"]),
    help="What it means that something cannot be judged; else the policy says it.",
)
@click.option("--as-of", metavar="DATE", help="Judge waivers as of this day, instead of today.")
@option(
    "--require",
    type=click.Choice(["enabled", "disabled"]),
    help="The state in which the service must be.",
)
@option(
    "--max-response-hop-limit",
    type=click.IntRange(1, 64),
    metavar="1..64",
    help="The highest hop limit allowed; without it none is too high.",
)
@option(
    "--fail-on",
    type=click.Choice(["none", "info", "low", "medium", "high", "critical"]),
    default="medium",
    show_default=True,
    help="Exit with 3 where a finding is at least this severe.",
)
@report_options
@restart_rule_option
@reading_options
@no_state_option
@pass_app
def run(app: "App", /, **given: Any) -> "ExitCode":
    """Hold every server to the checks, and report what fails.

    \b
    vpcmetactl audit run --policy policy.toml --fail-on high -o sarif=out.sarif
    vpcmetactl audit run --source new.jsonl --baseline old.jsonl --fail-on-new
    vpcmetactl audit run --source plan.json
    vpcmetactl audit run --require disabled --vpc sandbox -o json=report.json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.audit import run_audit  # noqa: PLC0415 - once parsed

    return run_audit(app, given)


@audit.command()
@output_options
@pass_app
def checks(app: "App", /, **given: Any) -> "ExitCode":
    """List the built-in checks.

    \b
    vpcmetactl audit checks
    vpcmetactl audit checks -o json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.audit import list_checks  # noqa: PLC0415 - once parsed

    return list_checks(app, given)


@audit.command()
@click.argument("check", shell_complete=_complete_check)
@output_options
@pass_app
def explain(app: "App", /, **given: Any) -> "ExitCode":
    """Explain a check: why it is there, what to do, and where IBM says so.

    \b
    vpcmetactl audit explain VPCMETA001
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.audit import explain_check  # noqa: PLC0415 - once parsed

    return explain_check(app, given)
