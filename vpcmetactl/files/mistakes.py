"""Mistakes in files that people write, each told with its place and what may have been meant."""

import re
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import msgspec

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.policy import Severity, UnknownMeans
from vpcmetactl.domain.restarts import RestartRule
from vpcmetactl.domain.servers import Protocol
from vpcmetactl.domain.suggestions import nearest

StructT = TypeVar("StructT", bound=msgspec.Struct)

# More mistakes than this are counted.
_MOST_TOLD = 20
_LONGEST_WORD = 60

_POLICY_HINT = "docs/reference/policy.md has every key and what it takes"
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number with a point",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "date": "a date such as 2027-01-31",
    "datetime": "a date with a time",
    "time": "a time",
}
_CHOICES: Mapping[str, Collection[str]] = {
    "severity": list(Severity),
    "unknown": list(UnknownMeans),
    "protocol": list(Protocol),
    "kind": ["instance", "bare-metal"],
    "verdicts": ["needed", "unknown"],
    "format_version": ["1"],
    "endpoints": ["public", "private"],
    "restart_rule": list(RestartRule),
}
_PLACED = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)
_EXPECTED = re.compile(r"Expected `(?P<wanted>[^`]+)`(?P<bound>[^,]*)(?:, got `(?P<got>\w+)`)?")
_MISSING = re.compile(r"Object missing required field `(?P<field>\w+)`")
_INVALID = re.compile(r"Invalid enum value (?P<value>.*)", re.DOTALL)


class Mistakes:
    """Collects the mistakes of one file, so that all of them are told at once."""

    def __init__(self, name: str, hint: str = _POLICY_HINT) -> None:
        self.name = name
        self._hint = hint
        self._found: list[str] = []

    def add(self, place: str, what: str) -> None:
        """Remember a mistake; ``place`` is a key's path, or nothing for the file as a whole."""
        self._found.append(f"{place}: {what}" if place else what)

    def check(self) -> None:
        """Raise InvalidInputError where there were any, naming each."""
        if not self._found:
            return
        told = "; ".join(self._found[:_MOST_TOLD])
        more = len(self._found) - _MOST_TOLD
        raise InvalidInputError(
            f"{self.name}: {told}" + (f"; and {more} more" if more > 0 else ""),
            hint=self._hint,
        )

    def convert(self, raw: object, shape: type[StructT], place: str) -> StructT | None:
        """Return what a table says; ``None`` where it has mistakes, which are remembered."""
        if not isinstance(raw, dict):
            self.add(place, f"must be a table, not {_type_of(raw)}")
            return None
        before = len(self._found)
        known = self._known(raw, shape, place)
        try:
            converted = msgspec.convert(known, shape)
        except msgspec.ValidationError as error:
            self._explain(str(error), place)
            return None
        return converted if len(self._found) == before else None

    def _known(
        self, raw: Mapping[str, Any], shape: type[msgspec.Struct], place: str
    ) -> Mapping[str, Any]:
        """Return the keys that the shape has, and remember the others as mistakes."""
        known = shape.__struct_fields__
        for key in raw:
            if key not in known:
                self.add(place, f"there is no key {shown(key)}{meant(key, known)}")
        return {key: raw[key] for key in raw if key in known}

    def _explain(self, error: str, place: str) -> None:
        parts = _PLACED.fullmatch(error)
        what, path = (parts["what"], parts["path"] or "") if parts else (error, "")
        dot = "." if path and place and not path.startswith("[") else ""
        self.add(f"{place}{dot}{path}", _in_words(what, path))


def meant(word: str, known: Collection[str]) -> str:
    """Return a suggestion to put behind a mistake, or all there is to choose from."""
    if near := nearest(word, known):
        return f" (did you mean {' or '.join(near)}?)"
    return f" (it may be {', '.join(known)})"


def shown(word: object) -> str:
    """Return what was written, short and in quotes."""
    text = str(word)
    return repr(text if len(text) <= _LONGEST_WORD else f"{text[:_LONGEST_WORD]}…")


def _in_words(what: str, path: str) -> str:
    if missing := _MISSING.fullmatch(what):
        return f"needs {missing['field']}"
    if invalid := _INVALID.fullmatch(what):
        key = re.sub(r"\[\d+\]$", "", path).rpartition(".")[2]
        value = invalid["value"].strip("'")
        return f"{shown(value)} is none of its values{meant(value, _CHOICES[key])}"
    if expected := _EXPECTED.fullmatch(what):
        return _expected_in_words(expected)
    return f"must be {_WORDS['date']}" if "date" in what else what


def _expected_in_words(expected: re.Match[str]) -> str:
    if "length >= 1" in expected["bound"]:
        return "must not be empty"
    if "regex" in expected["bound"]:
        return "is not of the right form"
    wanted = " or ".join(_WORDS.get(word, word) for word in expected["wanted"].split(" | "))
    got = f", not {_WORDS.get(expected['got'], expected['got'])}" if expected["got"] else ""
    return f"must be {wanted}{expected['bound']}{got}"


def _type_of(raw: object) -> str:
    names = {"str": "str", "int": "int", "float": "float", "bool": "bool", "list": "array"}
    name = type(raw).__name__
    return _WORDS.get(names.get(name, name), name)
