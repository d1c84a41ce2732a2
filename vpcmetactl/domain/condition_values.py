"""What the condition of a claim rule compares with: JSON in a string (platform notes 4.2)."""

import re

_STRING = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
# IBM compares numbers as text and does not say how it writes them. There is one way only for a
# whole number that every JSON reader keeps exactly.
_SCALAR = re.compile(rf"{_STRING}|0|-?[1-9][0-9]{{0,14}}|true|false")
_SPACE = r"[ \t\n\r]*"
_LIST = re.compile(
    rf"\[{_SPACE}(?:(?:{_SCALAR.pattern})"
    rf"(?:{_SPACE},{_SPACE}(?:{_SCALAR.pattern}))*{_SPACE})?\]"
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def read_value(text: str) -> str | tuple[str, ...] | None:
    """Return the text, or the texts of a list, that a condition compares with.

    Booleans and numbers become text, as IBM says. ``None`` where the value is no JSON, such as a
    word without quotes, or holds what has no documented meaning: ``null``, objects, lists in lists,
    numbers that can be written in several ways.
    """
    value = text.strip(" \t\n\r")
    try:
        if _SCALAR.fullmatch(value):
            return _scalar(value)
        if _LIST.fullmatch(value):
            return tuple(_scalar(found[0]) for found in _SCALAR.finditer(value))
    except UnicodeError:
        return None
    return None


def _scalar(literal: str) -> str:
    if not literal.startswith('"'):
        return literal
    characters = _ESCAPE.sub(_unescaped, literal[1:-1])
    # Joins the halves of characters beyond the first 65,536; half a character is an error.
    return characters.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _unescaped(match: re.Match[str]) -> str:
    code, simple = match.groups()
    return chr(int(code, 16)) if code else _ESCAPED.get(simple, simple)
