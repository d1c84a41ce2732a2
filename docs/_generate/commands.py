"""The command line, walked: every command with its help, every option with its variable."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from docs._generate.markdown import table
from vpcmetactl.cli.main import cli

# What click leaves of a terminal of 80 columns.
_WIDTH = 78


@dataclass(frozen=True, slots=True)
class FoundCommand:
    """A command that does something, with the words that call it."""

    words: tuple[str, ...]
    command: click.Command
    context: click.Context

    @property
    def line(self) -> str:
        """The words as a user types them."""
        return " ".join(self.words)

    @property
    def help(self) -> str:
        """What ``--help`` prints on a terminal of 80 columns."""
        return self.command.get_help(self.context)

    @property
    def options(self) -> Sequence[click.Option]:
        """Its options, ``--help`` left out."""
        return [param for param in self.command.params if isinstance(param, click.Option)]


def groups_and_commands() -> Iterator[FoundCommand]:
    """Yield the root, every group and every command, depth first."""
    root = click.Context(cli, info_name="vpcmetactl", terminal_width=_WIDTH, **cli.context_settings)
    yield from _walk(("vpcmetactl",), cli, root)


def commands() -> Iterator[FoundCommand]:
    """Yield every command that is no group."""
    return (found for found in groups_and_commands() if not isinstance(found.command, click.Group))


def _walk(
    words: tuple[str, ...], command: click.Command, context: click.Context
) -> Iterator[FoundCommand]:
    yield FoundCommand(words, command, context)
    if not isinstance(command, click.Group):
        return
    # Groups are lazy: their ``commands`` are empty.
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None, name  # noqa: S101 - a name that was just listed
        yield from _walk((*words, name), inner, click.Context(inner, context, name))


def command_reference() -> str:
    """Return a section for every command: its help, word for word."""
    return "\n".join(
        f"## {found.line}\n\n```text\n{found.help}\n```\n" for found in groups_and_commands()
    )


def variables() -> Mapping[str, tuple[str, Sequence[str]]]:
    """Return each variable that gives an option its value: the option, and who takes it."""
    takers: dict[str, tuple[str, list[str]]] = {}
    for found in commands():
        for option in found.options:
            if isinstance(option.envvar, str):
                name = _longest(option)
                takers.setdefault(option.envvar, (name, []))[1].append(" ".join(found.words[1:]))
    return takers


def variable_table() -> str:
    """Return a table of the variables, with the commands that look at each."""
    return table(
        ("variable", "option", "for"),
        (
            (f"`{variable}`", f"`{option}`", _takers(takers))
            for variable, (option, takers) in variables().items()
        ),
    )


def _takers(takers: Sequence[str]) -> str:
    """Name commands; those with an account, and those of a group, together if none is missing."""
    with_account = variables()["VPCMETACTL_ACCOUNT"][1]
    if set(with_account) <= set(takers):
        others = [f"`{taker}`" for taker in takers if taker not in with_account]
        return ", ".join(["all commands with an account", *others])
    return ", ".join(_grouped(takers))


def _grouped(takers: Sequence[str]) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for found in commands():
        groups.setdefault(found.words[1], []).append(" ".join(found.words[1:]))
    for name, members in groups.items():
        taking = [member for member in members if member in takers]
        if len(taking) == len(members) > 1:
            yield f"all of `{name}`"
        else:
            yield from (f"`{member}`" for member in taking)


def only_on_the_command_line() -> str:
    """Return the options of commands on servers that no variable can give, in one line."""
    given = {
        _longest(option)
        for found in commands()
        for option in found.options
        if option.envvar is None and found.words[1] != "emulator"
    }
    return ", ".join(f"`{name}`" for name in sorted(given)) + ".\n"


def _longest(option: click.Option) -> str:
    return max(option.opts, key=len)
