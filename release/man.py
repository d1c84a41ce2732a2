"""The man pages: every command's own ``--help``, set by roff.

``python -m release.man`` writes them to ``dist/man``. They are dated by ``SOURCE_DATE_EPOCH``, or
today, and otherwise the same each time.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from docs._generate.commands import FoundCommand, groups_and_commands
from docs._generate.tables import exit_codes
from vpcmetactl import __version__

FOLDER = Path(__file__).parents[1] / "dist" / "man"
_SPECIAL = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"}
# click's mark for lines that are not to be wrapped.
_AS_THEY_ARE = "\b"


class ManFormatter(click.HelpFormatter):
    """Takes what click writes into help, and makes roff of it."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the synopsis, and begin the description."""
        del prefix
        self.write(f".SH SYNOPSIS\n.B {roff(prog)}\n{roff(args)}\n.SH DESCRIPTION\n")

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Begin a section, and leave it as the next begins."""
        self.write(f".SH {roff(name.upper())}\n")
        yield

    def write_paragraph(self) -> None:
        """Write nothing: every text begins with a paragraph of its own."""

    def write_text(self, text: str) -> None:
        """Write paragraphs, those of examples line by line."""
        for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
            lines = paragraph.split("\n")
            if lines[0].strip() == _AS_THEY_ARE:
                set_ = "\n".join([".nf", *map(roff, lines[1:]), ".fi"])
            else:
                set_ = roff(" ".join(line.strip() for line in lines))
            self.write(f".PP\n{set_}\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write terms with what each means."""
        del col_max, col_spacing
        for term, meaning in rows:
            self.write(f".TP\n.B {roff(term)}\n{roff(meaning)}\n")


def roff(text: str) -> str:
    """Return a text that roff sets as it is: nothing in it is a request or an escape."""
    set_ = "".join(
        _SPECIAL.get(char, char if char.isascii() else f"\\[u{ord(char):04X}]") for char in text
    )
    return re.sub(r"^(?=[.\s])", r"\\&", set_, flags=re.MULTILINE)


def pages() -> Iterator[tuple[str, str]]:
    """Yield each page's file name and text: one of the program, one of each group and command."""
    found = list(groups_and_commands())
    for one in found:
        yield f"{_title(one)}.1", _page(one, found)


def _title(found: FoundCommand) -> str:
    return "-".join(found.words)


def _page(found: FoundCommand, everything: Sequence[FoundCommand]) -> str:
    formatter = ManFormatter()
    summary = found.command.get_short_help_str(limit=200).rstrip(".")
    formatter.write(
        f'.TH "{roff(_title(found).upper())}" 1 "{_date()}" "vpcmetactl {__version__}" ""\n'
        f".SH NAME\n{roff(_title(found))} \\- {roff(summary)}\n"
    )
    found.command.format_help(found.context, formatter)
    _write_variables(found, formatter)
    if len(found.words) == 1:
        with formatter.section("Exit status"):
            formatter.write_dl(_exit_codes())
    _write_relatives(found, everything, formatter)
    return formatter.getvalue()


def _date() -> str:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")  # noqa: TID251 - of the build, no setting of ours
    when = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)  # noqa: TID251
    return when.date().isoformat()


def _write_variables(found: FoundCommand, formatter: ManFormatter) -> None:
    rows = [
        (option.envvar, f"The same as {max(option.opts, key=len)}.")
        for option in found.options
        if isinstance(option.envvar, str)
    ]
    if rows:
        with formatter.section("Environment"):
            formatter.write_dl(rows)


def _exit_codes() -> Sequence[tuple[str, str]]:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", exit_codes(), re.MULTILINE)
    return [(code, meaning.replace("`", "")) for code, meaning in rows]


def _write_relatives(
    found: FoundCommand, everything: Sequence[FoundCommand], formatter: ManFormatter
) -> None:
    parent = found.words[:-1]
    children = [other for other in everything if other.words[:-1] == found.words]
    siblings = [other for other in everything if parent and other.words[:-1] == parent]
    above = [other for other in everything if other.words == parent]
    titles = [_title(one) for one in (*above, *(children or siblings)) if one is not found]
    with formatter.section("See also"):
        formatter.write(
            ".ad l\n.nh\n" + ",\n".join(f"\\fB{roff(title)}\\fP(1)" for title in titles) + "\n"
        )


def main() -> None:
    """Write every page, and take away those of commands that are no more."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    texts = dict(pages())
    for old in FOLDER.glob("*.1"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        FOLDER.joinpath(name).write_text(text, "ascii")
    print(f"{len(texts)} pages in {FOLDER.relative_to(FOLDER.parents[1])}")


if __name__ == "__main__":
    main()
