"""HTML made of escaped text: whatever is no ``Markup`` is escaped on its way in."""

from html import escape

from vpcmetactl.render.text import printable


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


NEW_LINE = Markup("\n")


def tag(name: str, /, *parts: str, **attributes: object) -> Markup:
    """Return an element; parts that are no ``Markup`` are text.

    Of attributes, ``True`` is written without a value, ``None`` and ``False`` are not written; an
    underscore stands for ``-``, and one at the end is for words that Python keeps for itself.
    """
    said = "".join(
        f" {_attribute(key)}" if value is True else f' {_attribute(key)}="{text(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(f"<{name}{said}>{joined(*parts)}</{name}>")


def joined(*parts: str) -> Markup:
    """Return the parts one behind the other."""
    return Markup("".join(part if isinstance(part, Markup) else text(part) for part in parts))


def text(value: str) -> Markup:
    """Return plain text as HTML."""
    return Markup(escape(printable(value)))


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
