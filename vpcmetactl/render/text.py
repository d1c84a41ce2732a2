"""Text for terminals and files: made harmless, measured, shortened, wrapped.

Whatever comes from the cloud or from a user passes ``printable`` on its way out: a name must not
move the cursor, break a line, or turn the direction of the text around it.
"""

import re
from collections.abc import Sequence

from vpcmetactl.render.documents import Style

ELLIPSIS = "…"
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@")
# JSON escapes the controls below U+0020 by nature; these act on a terminal just as well.
_JSON_UNPRINTABLE = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_MARKDOWN = re.compile(r"[\\`*|<>\[\]~&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def printable(text: str) -> str:
    r"""Return the text with every character that does not print as an escape such as ``\x1b``.

    That covers controls, line ends, bidirectional and zero-width marks, lone surrogates and
    spaces other than the space.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def printable_json(text: str) -> str:
    """Return JSON text with every character that does not print escaped as JSON does."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _JSON_UNPRINTABLE.sub(_json_escape, text)


def _json_escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def defused(text: str) -> str:
    """Return a CSV cell that no spreadsheet takes for a formula: ``'`` goes before its sign."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def markdown_escaped(text: str) -> str:
    """Return text that Markdown and HTML leave as it is."""
    return _MARKDOWN.sub(lambda match: f"\\{match.group()}", text)


def styled(text: str, style: Style | None, *, color: bool) -> str:
    """Return the text between the escape sequences of a style, if colour is wanted."""
    return f"\x1b[{style.value}m{text}\x1b[0m" if color and style and text else text


def display_width(text: str) -> int:
    """Return how many columns of a terminal a printable text takes, as tables are drawn."""
    if text.isascii():
        return len(text)
    # The same measure as tabulate's, or what is fitted here would not fit there.
    from wcwidth import wcswidth  # noqa: PLC0415 - few names need it

    return max(wcswidth(text), 0)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return the text with spaces to fill a width."""
    blanks = " " * (width - display_width(text))
    return blanks + text if right else text + blanks


def shortened(text: str, width: int) -> str:
    """Return the text, its end replaced by an ellipsis where it is wider than ``width``."""
    if display_width(text) <= width:
        return text
    head, _ = _split(text, width - 1)
    return head + ELLIPSIS


def wrapped(text: str, width: int) -> Sequence[str]:
    """Return the text in lines no wider than ``width``, broken at spaces where possible."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if display_width(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        while display_width(line) > width:
            head, line = _split(line, width)
            # A letter of two columns in a width of one: go on rather than never end.
            head, line = (head, line) if head else (line[0], line[1:])
            lines.append(head)
    return [*lines, line]


def _split(text: str, width: int) -> tuple[str, str]:
    """Cut where the width is reached."""
    # What follows a character may change its width: the text grows by one until it is too wide.
    for index in range(len(text)):
        if display_width(text[: index + 1]) > width:
            return text[:index], text[index:]
    return text, ""
