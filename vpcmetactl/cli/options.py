"""Options that many commands share, each defined once.

Imports click and nothing else: a usage error must cost no more than parsing. What the options
are read into stands in ``parameters``.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from vpcmetactl.cli.handing import current_app
from vpcmetactl.cli.help import completed

Command = TypeVar("Command", bound=Callable[..., Any])

# A str, made a Path later: pathlib is not cheap to import.
_FILE = click.Path(dir_okay=False)


def environment_name(option: str) -> str:
    """Return the variable that gives an option its value: VPCMETACTL_MAX_RPS for --max-rps."""
    return f"VPCMETACTL_{option.lstrip('-').replace('-', '_').upper()}"


class _Option(click.Option):
    """An option that may also come from the environment: the App's, where there is one."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return what the environment says, or ``None`` where it says nothing."""
        app = ctx.find_root().obj
        if app is None:
            return super().resolve_envvar_value(ctx)
        value: str | None = app.settings.environ.get(self.envvar)
        return value or None

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return what an error names: the variable too, where the value came from there."""
        hint = super().get_error_hint(ctx)
        source = ctx and self.name and ctx.get_parameter_source(self.name)
        return f"{hint} ({self.envvar})" if source is ParameterSource.ENVIRONMENT else hint


def option(name: str, *names: str, **attributes: Any) -> Callable[[Command], Command]:
    """Define an option that may also come from the environment."""
    return click.option(name, *names, cls=_Option, envvar=environment_name(name), **attributes)


def _all(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


_DAY = 86_400


class SecondsType(click.ParamType[float]):
    """A positive number of seconds, a day at most."""

    name = "seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a number, with or without an s behind it."""
        try:
            seconds = float(str(value).removesuffix("s"))
        except ValueError:
            seconds = -1.0
        if not 0 < seconds <= _DAY:
            self.fail(f"{value!r} is no number of seconds above 0 and up to {_DAY}", param, ctx)
        return seconds


def _complete_region(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    del ctx, param
    from vpcmetactl.domain.identifiers import BUILT_IN_REGIONS  # noqa: PLC0415 - for shells alone

    return completed(BUILT_IN_REGIONS, incomplete)


def _complete_context(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    del param
    from vpcmetactl.domain.errors import VpcmetactlError  # noqa: PLC0415 - for shells alone

    try:
        return completed(list(current_app(ctx).settings.contexts), incomplete)
    except VpcmetactlError:
        return []


selection_options = _all(
    click.argument("servers", nargs=-1, metavar="[SERVER]..."),
    click.option(
        "--region",
        "-r",
        multiple=True,
        shell_complete=_complete_region,
        help="Only this region; may be repeated.",
    ),
    click.option(
        "--kind",
        multiple=True,
        type=click.Choice(["instance", "bare-metal", "bare_metal_server"]),
        metavar="[instance|bare-metal]",
        help="Only this kind; may be repeated.",
    ),
    click.option(
        "--vpc", multiple=True, metavar="ID|CRN|NAME", help="Only in this VPC; may be repeated."
    ),
    click.option(
        "--resource-group",
        multiple=True,
        metavar="ID|NAME",
        help="Only in this group; may be repeated.",
    ),
    click.option("--zone", multiple=True, help="Only in this zone; may be repeated."),
    click.option(
        "--name", multiple=True, metavar="GLOB", help="Only names like this; may be repeated."
    ),
    click.option("--status", multiple=True, help="Only in this status; may be repeated."),
    click.option(
        "--tag",
        multiple=True,
        metavar="KEY:VALUE",
        help="Only with this user tag, as Global Search knows it a while later; may be repeated.",
    ),
    click.option(
        "--instance-group",
        multiple=True,
        metavar="ID|CRN|NAME",
        help="Only members of this instance group; may be repeated.",
    ),
    click.option("--where", metavar="JMESPATH", help="Only where this holds of the item's JSON."),
    click.option(
        "--from-file",
        type=click.File("r", encoding="utf-8-sig", errors="strict"),
        metavar="FILE|-",
        help="Only the ids, CRNs or names in this file, one a line.",
    ),
    click.option(
        "--ignore-not-found", is_flag=True, help="Pass over named servers that are not there."
    ),
)


def _output_option(formats: str) -> Callable[[Command], Command]:
    return option(
        "--output",
        "-o",
        multiple=True,
        metavar="FORMAT[=FILE]",
        help=f"{formats}; with =FILE into a file.",
    )


_shaping_options = _all(
    option("--query", metavar="JMESPATH", help="Shape the JSON."),
    option("--sort", metavar="FIELD,...", help="Sort by these; -FIELD the other way round."),
    option("--columns", metavar="FIELD,...", help="Show these columns."),
)

_limit_option = option(
    "--limit", type=click.IntRange(1), metavar="N", help="Show no more items than this."
)

# Of a change, too. --limit is not among them: it would be taken to limit what is changed.
outcome_options = _all(
    _output_option("table, wide, json, jsonl, csv, markdown or ids"), _shaping_options
)

output_options = _all(outcome_options, _limit_option)

# Of an audit, which has formats of its own.
report_options = _all(
    _output_option(
        "table, wide, json, jsonl, csv, markdown, ids, sarif, junit, github, html or prometheus"
    ),
    _shaping_options,
    _limit_option,
)

_cloud_options = _all(
    option("--api-key-file", type=_FILE, help="Read the API key from this file."),
    option("--account", metavar="ID", help="Refuse to go on in any other account."),
    option(
        "--endpoints",
        type=click.Choice(["public", "private"]),
        help="Which of IBM's endpoints to use.  [default: public]",
    ),
    option("--ca-bundle", type=_FILE, help="Trust the certificates in this file."),
    option(
        "--timeout",
        type=SecondsType(),
        default=60.0,
        show_default=True,
        help="Bounds each API operation with its retries.",
    ),
    option(
        "--max-workers",
        type=click.IntRange(1, 256),
        metavar="N",
        help="Calls in flight at the same time; 32 to read, 8 to change, unless given.",
    ),
    option(
        "--max-rps",
        type=click.FloatRange(min=0, min_open=True),
        metavar="N",
        help="Requests a second to each region, at most.",
    ),
    option("--state", type=_FILE, help="The state file, instead of the one in your state folder."),
    option("--quiet", "-q", is_flag=True, help="Print no notes and no progress."),
    option("--verbose", "-v", is_flag=True, help="Print every request that is repeated."),
)


def _contexts(
    ctx: click.Context, param: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Pass over those of the environment where a snapshot is read: it takes no credentials."""
    del param
    is_usual = ctx.get_parameter_source("context") is ParameterSource.ENVIRONMENT
    return () if is_usual and ctx.params.get("source") else names


def _one_context(
    ctx: click.Context, param: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuse several: click would keep the last, and change what nobody may have meant."""
    names = _contexts(ctx, param, names)
    if len(names) > 1:
        told = " and ".join(names)
        raise click.BadParameter(f"this command takes one context, not {told}", ctx, param)
    return names


cloud_options = _all(
    option(
        "--context",
        multiple=True,
        callback=_one_context,
        metavar="NAME",
        shell_complete=_complete_context,
        help="The context of the configuration file to work in.",
    ),
    _cloud_options,
)

# Of commands that read, and can read several accounts at once.
reading_options = _all(
    option(
        "--context",
        multiple=True,
        callback=_contexts,
        metavar="NAME",
        shell_complete=_complete_context,
        help="Read this context of the configuration file; may be repeated.",
    ),
    _cloud_options,
)

restart_rule_option = option(
    "--restart-rule",
    type=click.Choice(["faq", "none"]),
    help="Which of IBM's two statements about restarts to go by.  [default: faq]",
)

source_option = click.option(
    "--source",
    type=_FILE,
    metavar="SNAPSHOT",
    help="Read from this snapshot instead of the cloud.",
)

no_state_option = option("--no-state", is_flag=True, help="Neither read nor write the state file.")

exit_code_option = option(
    "--exit-code", is_flag=True, help="Exit with 3 where the result is not empty."
)

wave_options = _all(
    option(
        "--canary",
        type=click.IntRange(0),
        metavar="N",
        help="Change so many first, then waves that double; 0 is one wave.  [default: 1]",
    ),
    option(
        "--max-failures",
        metavar="N|P%",
        help="Start nothing more once more than these have failed.  [default: 0]",
    ),
    option("--soak", type=SecondsType(), help="Wait so long between waves."),
)

apply_options = _all(
    wave_options,
    option(
        "--max-targets", type=click.IntRange(0), metavar="N", help="Refuse to change more servers."
    ),
    option(
        "--expect-count",
        type=click.IntRange(0),
        metavar="N",
        help="Refuse to change any other number of servers.",
    ),
)

wait_option = option(
    "--wait",
    type=SecondsType(),
    help="How long a server may take to stop, to start, and to get well.  [default: 900]",
)

consent_options = _all(
    click.option("--yes", "-y", is_flag=True, help="Change without asking."),
    option("--no-input", is_flag=True, help="Never ask."),
)

dry_run_option = click.option(
    "--dry-run", "-n", is_flag=True, help="Print what would be done, and change nothing."
)

plan_options = _all(
    dry_run_option,
    click.option(
        "--plan-out",
        type=_FILE,
        help="Save the plan in this file, to be reviewed and applied later; change nothing.",
    ),
    option(
        "--plan-life",
        type=click.FloatRange(min=0, max=8760, min_open=True),
        default=24.0,
        show_default="24",
        metavar="HOURS",
        help="How long a saved plan may be applied.",
    ),
    click.option(
        "--allow-incomplete", is_flag=True, help="Go on where a region could not be read."
    ),
    consent_options,
    apply_options,
)

all_option = click.option("--all", "all_servers", is_flag=True, help="Every server is meant.")

change_options = _all(all_option, plan_options)

profile_option = click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="ID|NAME",
    help="Only this trusted profile; may be repeated.",
)

check_trust_option = option(
    "--check-trust",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Whether to read who trusts a server: where it matters, and it must be readable, or not.",
)

terraform_option = click.option(
    "--terraform-state",
    "terraform_states",
    multiple=True,
    type=_FILE,
    help="Warn of servers that this state or plan manages; may be repeated.",
)

identity_loss_option = click.option(
    "--allow-identity-loss",
    is_flag=True,
    help="Disable the service on servers that trusted profiles trust, too.",
)
