"""From a command's parameters to the values that the rest of the program speaks of.

Each function takes its own out of what was given, so that what is left is the command's.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vpcmetactl.cli.context import App
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.domain.applying import DEFAULTS, ApplyOptions, FailureBudget
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.identifiers import ServerRef
from vpcmetactl.domain.restarts import AssessedServer, RestartRule
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.tags import parse_tag

Predicate = Callable[[AssessedServer], bool]
Given = dict[str, Any]

_KINDS = {
    "instance": ServerKind.INSTANCE,
    "bare-metal": ServerKind.BARE_METAL_SERVER,
    "bare_metal_server": ServerKind.BARE_METAL_SERVER,
}
_CLOUD = (
    "api_key_file",
    "account",
    "endpoints",
    "ca_bundle",
    "timeout",
    "max_workers",
    "max_rps",
    "state",
    "no_state",
    "source",
)
_CHOOSING = (
    "region",
    "kind",
    "vpc",
    "resource_group",
    "zone",
    "name",
    "status",
    "tag",
    "instance_group",
)
_APPLY = ("canary", "max_failures", "soak", "max_targets", "expect_count", "wait")
_PATHS = ("api_key_file", "ca_bundle", "state", "source")


def take_app(app: App, given: Given, *, check_contexts: bool = True) -> tuple[App, CloudOptions]:
    """Take how to reach the cloud, and how loud to be."""
    terminal = replace(
        app.terminal,
        quiet=given.pop("quiet") or app.terminal.quiet,
        verbose=given.pop("verbose") or app.terminal.verbose,
    )
    words = {name: given.pop(name) for name in _CLOUD if name in given}
    paths = {name: Path(words.pop(name)) for name in _PATHS if words.get(name)}
    said = given.pop("restart_rule", None)
    rule = RestartRule(said) if said else None
    contexts = tuple(given.pop("context", ()))
    options = CloudOptions(**{**words, **paths}, restart_rule=rule, contexts=contexts)
    if contexts and options.source is not None:
        raise InvalidInputError(
            "--context and --source: a snapshot is read without any credentials",
            hint="choose an account of the snapshot with --account",
        )
    if check_contexts:
        # What is wrong with a context is told before anything is opened.
        app.settings.select(options)
    return replace(app, terminal=terminal), options


@dataclass(frozen=True, slots=True)
class Choice:
    """The servers that a command is about; ``words`` are the user's own for them."""

    selector: ServerSelector
    where: str | None = None
    ignore_not_found: bool = False
    words: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the user chose nothing."""
        return self.selector.is_empty and self.where is None

    def predicate(
        self, warn: Callable[[str], None] | None = None, *, with_tags: bool = False
    ) -> Predicate | None:
        """Compile ``--where``; ``warn`` is given by commands that change something.

        ``with_tags``: the tags of servers are read even where they are not chosen by them.

        Raises InvalidInputError for an expression that cannot be right.
        """
        if self.where is None:
            return None
        # Imported here: most commands are given no expression.
        from vpcmetactl.cli.where import server_predicate  # noqa: PLC0415

        with_tags = with_tags or bool(self.selector.tags)
        return server_predicate(self.where, warn=warn, with_tags=with_tags)


def take_choice(given: Given) -> Choice:
    """Take the selection.

    Raises InvalidInputError for an empty or broken name, for what no tag can be, and for a file
    that is not text.
    """
    said = tuple(_said(given))
    words = [*given.pop("servers"), *_lines(given.pop("from_file"))]
    selector = ServerSelector(
        refs=tuple(dict.fromkeys(ServerRef.parse(word) for word in words)),
        regions=given.pop("region"),
        kinds=tuple(dict.fromkeys(_KINDS[word] for word in given.pop("kind"))),
        vpcs=given.pop("vpc"),
        resource_groups=given.pop("resource_group"),
        zones=given.pop("zone"),
        names=given.pop("name"),
        statuses=given.pop("status"),
        tags=tuple(dict.fromkeys(map(parse_tag, given.pop("tag")))),
        instance_groups=given.pop("instance_group"),
    )
    return Choice(selector, given.pop("where"), given.pop("ignore_not_found"), said)


def _said(given: Given) -> Iterator[str]:
    """Tell the selection in the words of the command line, for whoever reads the plan later."""
    if given.get("all_servers"):
        yield "--all"
    yield from given["servers"]
    for name in _CHOOSING:
        for value in given[name]:
            yield f"--{name.replace('_', '-')} {value}"
    if given["where"] is not None:
        yield f"--where {given['where']}"
    if given["from_file"] is not None:
        yield f"--from-file {_name(given['from_file'])}"


def take_apply_options(
    given: Given, max_workers: int | None, saved: ApplyOptions = DEFAULTS
) -> ApplyOptions:
    """Take how to apply a plan; what is not given stays as it was saved.

    Raises InvalidInputError for a number of failures that is none.
    """
    flags = {name: given.pop(name, None) for name in _APPLY}
    flags["max_workers"] = max_workers
    if flags["max_failures"] is not None:
        flags["max_failures"] = FailureBudget.parse(flags["max_failures"])
    return replace(saved, **{name: flag for name, flag in flags.items() if flag is not None})


def _lines(file: Any) -> list[str]:
    if file is None:
        return []
    try:
        lines = [line.split("#", 1)[0].strip() for line in file]
    except UnicodeDecodeError:
        raise InvalidInputError(f"--from-file {_name(file)}: is not UTF-8 text") from None
    words = [line for line in lines if line]
    if not words:
        raise InvalidInputError(f"--from-file {_name(file)}: names no server")
    return words


def _name(file: Any) -> str:
    """Name a file as the user did; stdin has a name of its own, or none."""
    name = getattr(file, "name", "-")
    return "-" if name == "<stdin>" else str(name)
