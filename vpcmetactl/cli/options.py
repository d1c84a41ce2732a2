"""Options that many commands share, each defined once, and what they are read into."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import click

from vpcmetactl.cli.context import App
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.identifiers import ServerRef
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.domain.servers import ServerKind

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]

_FILE = click.Path(path_type=Path, dir_okay=False)


def environment_name(option: str) -> str:
    """Return the variable that gives an option its value: VPCMETACTL_MAX_RPS for --max-rps."""
    return f"VPCMETACTL_{option.lstrip('-').replace('-', '_').upper()}"


class _Option(click.Option):
    """An option that may also come from the environment: the App's, not the process's."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return what the environment says, or ``None`` where it says nothing."""
        app = ctx.find_object(App)
        if app is None or not isinstance(self.envvar, str):
            return None
        return app.settings.environ.get(self.envvar) or None


def option(name: str, *names: str, **attributes: Any) -> Callable[[Command], Command]:
    """Define an option that may also come from the environment."""
    return click.option(
        name, *names, cls=_Option, envvar=environment_name(name), show_envvar=False, **attributes
    )


def _all(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


class KindType(click.ParamType[ServerKind]):
    """``instance`` or ``bare-metal``; the API's ``bare_metal_server`` too."""

    name = "kind"
    _WORDS: ClassVar = {
        "instance": ServerKind.INSTANCE,
        "bare-metal": ServerKind.BARE_METAL_SERVER,
        "bare_metal_server": ServerKind.BARE_METAL_SERVER,
    }

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Show the choices in the help."""
        del param, ctx
        return "[instance|bare-metal]"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> ServerKind:
        """Read a kind."""
        if isinstance(value, ServerKind):
            return value
        try:
            return self._WORDS[value.lower()]
        except KeyError:
            self.fail(f"{value!r} is neither instance nor bare-metal", param, ctx)


class SecondsType(click.ParamType[float]):
    """A positive number of seconds."""

    name = "seconds"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Read a number, with or without an s behind it."""
        try:
            seconds = float(str(value).removesuffix("s"))
        except ValueError:
            seconds = -1.0
        if not 0 < seconds < float("inf"):
            self.fail(f"{value!r} is no positive number of seconds", param, ctx)
        return seconds


def cloud_options(command: Command) -> Command:
    """Add the options that say how to reach the cloud; ``read_cloud_options`` collects them."""
    return _all(
        option("--api-key-file", type=_FILE, help="Read the API key from this file."),
        option("--account", metavar="ID", help="Refuse to go on in any other account."),
        option(
            "--endpoints",
            type=click.Choice(["public", "private"]),
            default="public",
            show_default=True,
            help="Which of IBM's endpoints to use.",
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
            "--max-workers", type=click.IntRange(1, 256), help="Calls in flight at the same time."
        ),
        option(
            "--max-rps",
            type=click.FloatRange(min=0, min_open=True),
            help="Requests a second to each region, at most.",
        ),
        option(
            "--state", type=_FILE, help="The state file, instead of the one in your state folder."
        ),
        option("--quiet", "-q", is_flag=True, help="Print no notes and no progress."),
        option("--verbose", "-v", is_flag=True, help="Print every request that is repeated."),
    )(command)


CLOUD_PARAMETERS = (
    "api_key_file",
    "account",
    "endpoints",
    "ca_bundle",
    "timeout",
    "max_workers",
    "max_rps",
    "state",
    "no_state",
)


def read_cloud_options(given: dict[str, Any]) -> CloudOptions:
    """Take the cloud options out of a command's parameters."""
    return CloudOptions(**{name: given.pop(name) for name in CLOUD_PARAMETERS if name in given})


no_state_option = option("--no-state", is_flag=True, help="Neither read nor write the state file.")


def selection_options(command: Command) -> Command:
    """Add the arguments and options that choose servers; ``read_selector`` collects them."""
    return _all(
        click.argument("servers", nargs=-1, metavar="[SERVER]..."),
        click.option("--region", "-r", multiple=True, help="Only this region."),
        click.option("--kind", multiple=True, type=KindType(), help="Only this kind."),
        click.option("--vpc", multiple=True, metavar="ID|CRN|NAME", help="Only in this VPC."),
        click.option(
            "--resource-group", multiple=True, metavar="ID|NAME", help="Only in this group."
        ),
        click.option("--zone", multiple=True, help="Only in this zone."),
        click.option("--name", multiple=True, metavar="GLOB", help="Only names like this."),
        click.option("--status", multiple=True, help="Only in this status."),
        click.option(
            "--where", metavar="JMESPATH", help="Only where this holds of the item's JSON."
        ),
        click.option(
            "--from-file",
            type=click.File("r", encoding="utf-8-sig", errors="strict"),
            metavar="FILE|-",
            help="Only the ids, CRNs or names in this file, one a line.",
        ),
        click.option(
            "--ignore-not-found", is_flag=True, help="Pass over named servers that are not there."
        ),
    )(command)


def read_selector(given: dict[str, Any]) -> ServerSelector:
    """Take the selection out of a command's parameters, but for ``where``.

    Raises InvalidInputError for an empty or broken name and for a file that is not text.
    """
    words = [*given.pop("servers"), *_lines(given.pop("from_file"))]
    refs = tuple(dict.fromkeys(ServerRef.parse(word) for word in words))
    return ServerSelector(
        refs=refs,
        regions=given.pop("region"),
        kinds=given.pop("kind"),
        vpcs=given.pop("vpc"),
        resource_groups=given.pop("resource_group"),
        zones=given.pop("zone"),
        names=given.pop("name"),
        statuses=given.pop("status"),
    )


def _lines(file: Any) -> list[str]:
    if file is None:
        return []
    try:
        lines = [line.split("#", 1)[0].strip() for line in file]
    except UnicodeDecodeError:
        raise InvalidInputError(f"--from-file {file.name}: is not UTF-8 text") from None
    words = [line for line in lines if line]
    if not words:
        raise InvalidInputError(f"--from-file {file.name}: names no server")
    return words


def output_options(command: Command) -> Command:
    """Add the options that shape the result; ``output.read_output`` collects them."""
    return _all(
        option(
            "--output",
            "-o",
            multiple=True,
            metavar="FORMAT[=FILE]",
            help="table, wide, json, jsonl, csv, markdown or ids; with =FILE into a file.",
        ),
        option("--query", metavar="JMESPATH", help="Shape the JSON."),
        option("--sort", metavar="FIELD,...", help="Sort by these; -FIELD the other way round."),
        option("--columns", metavar="FIELD,...", help="Show these columns."),
        option("--limit", type=click.IntRange(1), help="Show no more items than this."),
    )(command)


exit_code_option = option(
    "--exit-code", is_flag=True, help="Exit with 3 where the result is not empty."
)


def change_options(command: Command) -> Command:
    """Add the options of commands that change servers."""
    return _all(
        click.option("--all", "all_servers", is_flag=True, help="Every server is meant."),
        click.option(
            "--dry-run", "-n", is_flag=True, help="Print what would be done, and change nothing."
        ),
        click.option(
            "--allow-incomplete",
            is_flag=True,
            help="Go on where a region could not be read.",
        ),
        click.option("--yes", "-y", is_flag=True, help="Change without asking."),
        option("--no-input", is_flag=True, help="Never ask."),
    )(command)
