"""The part of Lucene's query syntax that is emulated.

    query  = "*" | any
    any    = clause {"OR" clause} | clause {"AND" clause}
    clause = "(" any ")" | field ":" value | field ":" "(" value {"OR" value} ")"
    value  = word | "quoted text"

Operators are in capitals. Everything else of Lucene's syntax, fields that are not told of here, and
AND beside OR without parentheses, where Lucene does not do what one expects, are refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from vpcmetactl.emulator.search.state import Resource

Predicate = Callable[[Resource], bool]

FIELDS: dict[str, Callable[[Resource], str | tuple[str, ...]]] = {
    "account_id": lambda resource: resource.account_id,
    "crn": lambda resource: resource.crn,
    "family": lambda resource: resource.family,
    "name": lambda resource: resource.name,
    "region": lambda resource: resource.region,
    "resource_group_id": lambda resource: resource.resource_group_id,
    "resource_id": lambda resource: resource.resource_id,
    "service_name": lambda resource: resource.service_name,
    "tags": lambda resource: resource.tags,
    "type": lambda resource: resource.type,
}
"""What can be asked of a resource, and told of it."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<mark>[()])
      | (?P<field>[A-Za-z_.]+):
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<word>[A-Za-z0-9_.][A-Za-z0-9_.-]*)
    )""",
    re.VERBOSE,
)
_OPERATORS = ("AND", "OR")


class QuerySyntaxError(ValueError):
    """A query that is not Lucene's."""


class NotEmulatedError(ValueError):
    """A query that may be Lucene's, and not one that is emulated."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def parse_query(text: str) -> Predicate:
    """Return whether a resource matches a query; raises one of the errors above."""
    if text.strip() == "*":
        return lambda _: True
    parser = _Parser(_tokens(text))
    predicate = parser.any()
    if (rest := parser.peek()) is not None:
        raise QuerySyntaxError(f"{rest.text!r} is out of place")
    return predicate


def _tokens(text: str) -> list[_Token]:
    tokens, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            left = text[position:].lstrip()
            if left.startswith('"'):
                raise QuerySyntaxError("a quotation mark is not closed")
            raise NotEmulatedError(f"{left[0]!r} is not emulated here")
        kind = match.lastgroup
        if kind == "word" and match[kind] == "NOT":
            raise NotEmulatedError("NOT is not emulated")
        is_operator = kind == "word" and match[kind] in _OPERATORS
        tokens.append(_Token("operator" if is_operator else kind, match[kind]))
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._position = 0

    def peek(self) -> _Token | None:
        """Return the next token, None at the end."""
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def any(self) -> Predicate:
        """Read clauses that one operator joins."""
        clauses, operators = [self._clause()], set()
        while (token := self.peek()) is not None and token != _Token("mark", ")"):
            if token.kind != "operator":
                raise NotEmulatedError(f"nothing joins {token.text!r} to what is before it")
            self._position += 1
            operators.add(token.text)
            clauses.append(self._clause())
        if len(operators) > 1:
            raise NotEmulatedError("AND beside OR needs parentheses")
        if operators == {"OR"}:
            return lambda resource: any(clause(resource) for clause in clauses)
        return lambda resource: all(clause(resource) for clause in clauses)

    def _clause(self) -> Predicate:
        token = self._next()
        if token == _Token("mark", "("):
            inside = self.any()
            self._close()
            return inside
        if token.kind in {"word", "quoted"}:
            raise NotEmulatedError(f"{token.text!r} is not asked of a field")
        if token.kind != "field":
            raise QuerySyntaxError(f"{token.text!r} is out of place")
        if token.text not in FIELDS:
            raise NotEmulatedError(f"the field {token.text!r} is not emulated")
        return _compared(token.text, self._values())

    def _values(self) -> list[str]:
        token = self._next()
        if token != _Token("mark", "("):
            return [self._value(token)]
        values = [self._value(self._next())]
        while (token := self._next()) != _Token("mark", ")"):
            if token != _Token("operator", "OR"):
                raise NotEmulatedError("only OR is emulated between the values of a field")
            values.append(self._value(self._next()))
        return values

    def _value(self, token: _Token) -> str:
        if token.kind == "quoted":
            return re.sub(r"\\(.)", r"\1", token.text)
        if token.kind != "word":
            raise QuerySyntaxError(f"{token.text!r} is no value")
        return token.text

    def _close(self) -> None:
        if self._next() != _Token("mark", ")"):
            raise QuerySyntaxError("a parenthesis is not closed")

    def _next(self) -> _Token:
        token = self.peek()
        if token is None:
            raise QuerySyntaxError("it breaks off")
        self._position += 1
        return token


def _compared(field: str, values: list[str]) -> Predicate:
    """Compare whole values. Only tags are known not to be case-sensitive."""
    read = FIELDS[field]
    if field == "tags":
        wanted = {value.lower() for value in values}
        return lambda resource: not wanted.isdisjoint(read(resource))
    exact = set(values)
    return lambda resource: read(resource) in exact
