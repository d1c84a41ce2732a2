"""Every command line in the documentation is one that the program understands."""

import re
import shlex
from contextlib import suppress
from pathlib import Path

import click
import pytest

from docs._generate.commands import commands
from tests.support.pages import ROOT, code_spans, command_lines, pages, text_of
from vpcmetactl.cli.main import cli
from vpcmetactl.emulator.faults import parse_fault

LINES = sorted({line for page in pages() for line in command_lines(text_of(page))})
_ENDS = {"|", ";", "&&", ">", "2>", "#"}

# Options of other programs, as pages name them.
_OTHERS = {"--help", "--version", "--vpc-cri"}


def parsed(line: str) -> click.Context:
    """Parse a line as the program does, and run nothing; a file to read is stdin."""
    words = shlex.split(line)[1:]
    ends = [index for index, word in enumerate(words) if word in _ENDS]
    words = words[: ends[0]] if ends else words
    # The one placeholder that is no name.
    words = ["1" if word == "LIMIT" else word for word in words]
    for index, word in enumerate(words[:-1]):
        if word == "--from-file":
            words[index + 1] = "-"
    command: click.Command = cli
    # With the root's settings: a command keeps the help option that its first context gave it.
    context = click.Context(cli, info_name="vpcmetactl", **cli.context_settings)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        inner = command.get_command(context, name)
        assert inner is not None, f"there is no command {name!r}"
        command = inner
        context = click.Context(command, context, name)
    return command.make_context(command.name, words, parent=context.parent)


@pytest.mark.parametrize("line", LINES)
def test_a_command_line_is_understood(line: str) -> None:
    with suppress(click.exceptions.Exit):  # --help, --version
        context = parsed(line)
        for text in context.params.get("faults", ()):
            parse_fault(text)


def test_a_line_that_is_wrong_would_be_found() -> None:
    with pytest.raises(AssertionError):
        parsed("vpcmetactl servers lst")
    with pytest.raises(click.UsageError):
        parsed("vpcmetactl servers list --no-such-option")
    with pytest.raises(click.UsageError):
        parsed("vpcmetactl metadata enable --protocol ftp")


def test_many_lines_are_looked_at() -> None:
    assert len(LINES) > 40


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_option_that_is_named_exists(page: Path) -> None:
    known = {opt for found in commands() for option in found.options for opt in option.opts}
    spans = [
        span for span in code_spans(text_of(page)) if not span.startswith(("make ", "python "))
    ]
    named = {word for span in spans for word in re.findall(r"(?<![\w-])--[a-z][a-z-]+", span)}

    assert named - known - _OTHERS == set()


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_named_exists(page: Path) -> None:
    names = {found.words[1:] for found in commands()}
    groups = {words[0] for words in names}
    named = {
        tuple(span.split()[:2])
        for span in code_spans(text_of(page))
        if re.fullmatch(r"[a-z]+ [a-z]+", span) and span.split()[0] in groups
    }

    assert named - names == set()
