"""Evaluates `allowed_use` expressions: the part of CEL that the platform documents for them.

Platform notes, section 1.8: comparisons, booleans, parentheses, literals and a fixed list of
variables; no functions and no macros. As CEL has it, an operand of `&&` or `||` that decides does
so whatever the others are, even where one has no value.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

Value = bool | int | str
Variables = Mapping[str, Value]
Expression = Callable[[Variables], Value]


class ExpressionError(ValueError):
    """An expression that cannot be parsed, or not be evaluated with these variables."""


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>-?\d+)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
      | (?P<operator>&&|\|\||==|!=|<=|>=|[<>!()])
    )""",
    re.VERBOSE | re.ASCII,
)

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ESCAPES = {**dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True)), **{c: c for c in "\\?\"'`"}}

# Bounds that keep the recursion shallow; real expressions have a tenth of either.
_MAX_LENGTH = 1024
_MAX_NESTING = 50


def evaluate(expression: str, variables: Variables) -> bool:
    """Tell whether an expression holds; ExpressionError if it cannot be told."""
    result = _parsed(expression)(variables)
    return _boolean(result)


@lru_cache(maxsize=256)
def _parsed(expression: str) -> Expression:
    parser = _Parser(_tokens(expression))
    parsed = parser.disjunction()
    parser.end()
    return parsed


def _tokens(expression: str) -> list[str]:
    if len(expression) > _MAX_LENGTH:
        raise ExpressionError("the expression is too long")
    if expression.count("(") + expression.count("!") > _MAX_NESTING:
        raise ExpressionError("the expression is nested too deeply")
    tokens, position, text = [], 0, expression.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"unexpected {text[position:].lstrip()[:1]!r} in {expression!r}")
        tokens.append(match.group().strip())
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent over the tokens, one method for each level of binding."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._position = 0

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._position += 1
        return token

    def end(self) -> None:
        """Expect that nothing follows."""
        if self._peek():
            raise ExpressionError(f"unexpected {self._peek()!r}")

    def disjunction(self) -> Expression:
        """Parse `a || b`."""
        operands = [self.conjunction()]
        while self._peek() == "||":
            self._take()
            operands.append(self.conjunction())
        return _joined(operands, decisive=True)

    def conjunction(self) -> Expression:
        """Parse `a && b`."""
        operands = [self.comparison()]
        while self._peek() == "&&":
            self._take()
            operands.append(self.comparison())
        return _joined(operands, decisive=False)

    def comparison(self) -> Expression:
        """Parse `a == b` and its like."""
        left = self.operand()
        while self._peek() in _COMPARISONS:
            symbol = self._take()
            left = _compared(left, symbol, self.operand())
        return left

    def operand(self) -> Expression:
        """Parse a literal, a variable, a negation or something in parentheses."""
        symbol = self._take()
        if symbol == "!":
            negated = self.operand()
            return lambda variables: not _boolean(negated(variables))
        if symbol == "(":
            inner = self.disjunction()
            if self._take() != ")":
                raise ExpressionError("a parenthesis is not closed")
            return inner
        return _atom(symbol, called=self._peek() == "(")


def _atom(symbol: str, *, called: bool) -> Expression:
    if called:
        raise ExpressionError(f"functions are not supported: {symbol}")
    if symbol in {"true", "false"}:
        return _constant(symbol == "true")
    if symbol[:1] in {'"', "'"}:
        return _constant(re.sub(r"\\(.)", _escaped, symbol[1:-1]))
    if re.fullmatch(r"-?\d+", symbol):
        return _constant(int(symbol))
    if symbol and (symbol[0].isalpha() or symbol[0] == "_"):
        return lambda variables: _variable(symbol, variables)
    raise ExpressionError(f"a value is expected, not {repr(symbol) if symbol else 'the end'}")


def _escaped(match: re.Match[str]) -> str:
    if match[1] not in _ESCAPES:
        raise ExpressionError(f"the escape {match[0]} is not supported")
    return _ESCAPES[match[1]]


def _constant(value: Value) -> Expression:
    return lambda _variables: value


def _variable(name: str, variables: Variables) -> Value:
    if name not in variables:
        raise ExpressionError(f"there is no variable {name!r}")
    return variables[name]


def _boolean(value: Value) -> bool:
    if not isinstance(value, bool):
        raise ExpressionError(f"{value!r} is neither true nor false")
    return value


def _joined(operands: Sequence[Expression], *, decisive: bool) -> Expression:
    if len(operands) == 1:
        return operands[0]

    def join(variables: Variables) -> bool:
        errors = []
        for operand in operands:
            try:
                if _boolean(operand(variables)) is decisive:
                    return decisive
            except ExpressionError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return not decisive

    return join


def _compared(left: Expression, symbol: str, right: Expression) -> Expression:
    def compare(variables: Variables) -> bool:
        one, other = left(variables), right(variables)
        if type(one) is not type(other):
            raise ExpressionError(f"{one!r} and {other!r} cannot be compared")
        return _COMPARISONS[symbol](one, other)

    return compare
