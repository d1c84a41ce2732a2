"""Whether an ``allowed_use`` expression of a boot volume permits a state.

The expressions are Common Expression Language (cel-spec, ``doc/langdef.md``) without functions and
macros, over a few variables (platform notes 1.8). Here comparisons, boolean operators, parentheses
and literals are evaluated. Whatever else is met gives ``CannotTell``, never a guess: the platform
decides, and it may know more.
"""

import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

Value = bool | int | str

# What an expression may name, by type (the API's description of ``VolumeAllowedUse``).
VARIABLES: Mapping[str, type] = {
    "enable_secure_boot": bool,
    "gpu.count": int,
    "gpu.manufacturer": str,
    "gpu.memory": int,
    "gpu.model": str,
    "metadata_service.enabled": bool,
    "metadata_service.protocol": str,
    "vcpu.count": int,
}


@dataclass(frozen=True, slots=True)
class CannotTell:
    """Why an expression has no value here."""

    reason: str


def evaluate(expression: str, variables: Mapping[str, Value]) -> bool | CannotTell:
    """Return what an expression comes to; a variable that is not given is not known.

    As in CEL, what has no value is of no account beside an operand that decides: ``false && x`` is
    false and ``true || x`` is true, in either order.
    """
    try:
        value = _Evaluation(_tokens(expression), variables).run()
    except _UnreadableError as error:
        return CannotTell(str(error))
    if isinstance(value, bool | CannotTell):
        return value
    return CannotTell(f"it gives {_kind(value)}, neither true nor false")


def mentions(expression: str, fields: Collection[str]) -> bool:
    """Whether a change of these fields of the metadata service could matter to an expression.

    It could wherever the expression cannot be read.
    """
    try:
        names = {token.text for token in _tokens(expression) if token.kind == "name"}
    except _UnreadableError:
        return True
    return "metadata_service" in names and not names.isdisjoint(fields)


class _UnreadableError(Exception):
    """An expression of which no part can be given a value."""


# How deep parentheses may be within each other.
_DEEPEST = 50
_INT64 = range(-(2**63), 2**63)
_MOST_DIGITS = 20
_RESERVED = frozenset(
    {
        *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import"),
        *("in", "let", "loop", "namespace", "null", "package", "return", "true", "var", "void"),
        "while",
    }
)
_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\n\r\f]+|//[^\n]*)
  | (?P<string>"(?:\\.|[^"\\\r\n])*"|'(?:\\.|[^'\\\r\n])*')
  | (?P<number>0x[0-9a-fA-F]+|[0-9]+)(?![\w.])
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)(?!["'])
  | (?P<symbol>&&|\|\||[=!<>]=|[<>!().-])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


_END = _Token("end", "its end")


def _tokens(expression: str) -> Sequence[_Token]:
    """Divide an expression into its tokens, without space and comments."""
    tokens = []
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None or match.lastgroup is None:
            raise _UnreadableError(f"{expression[position : position + 12]!r} is not understood")
        if match.lastgroup != "space":
            tokens.append(_Token(match.lastgroup, match[0]))
        position = match.end()
    return tokens


_Result = Value | CannotTell


@dataclass(slots=True)
class _Evaluation:
    """Reads an expression by CEL's grammar, and gives each part its value as it goes."""

    tokens: Sequence[_Token]
    variables: Mapping[str, Value]
    _position: int = 0
    _depth: int = 0

    def run(self) -> _Result:
        value = self.disjunction()
        if self._next is not _END:
            raise _UnreadableError(f"{self._next.text} is not understood where it stands")
        return value

    def disjunction(self) -> _Result:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _UnreadableError("it is nested too deeply")
        operands = [self._conjunction()]
        while self._take("||"):
            operands.append(self._conjunction())
        self._depth -= 1
        return _decided(operands, by=True, what="||")

    def _conjunction(self) -> _Result:
        operands = [self._relation()]
        while self._take("&&"):
            operands.append(self._relation())
        return _decided(operands, by=False, what="&&")

    def _relation(self) -> _Result:
        value = self._unary()
        while self._next.text in _COMPARISONS and self._next.kind == "symbol":
            symbol = self._advance().text
            value = _compared(symbol, value, self._unary())
        return value

    def _unary(self) -> _Result:
        negations = 0
        while self._take("!"):
            negations += 1
        value = self._primary(may_be_negative=not negations)
        if not negations or isinstance(value, CannotTell):
            return value
        if not isinstance(value, bool):
            return CannotTell(f"! is applied to {_kind(value)}")
        return value ^ bool(negations % 2)

    def _primary(self, *, may_be_negative: bool) -> _Result:
        if self._take("("):
            value = self.disjunction()
            self._demand(")")
        elif may_be_negative and self._take("-"):
            value = _integer(self._number(), sign=-1)
        elif self._next.kind == "number":
            value = _integer(self._number(), sign=1)
        elif self._next.kind == "string":
            value = _string(self._advance().text)
        else:
            value = self._named()
        if self._next in (_Token("symbol", "."), _Token("symbol", "(")):
            raise _UnreadableError("functions and selections from values are not evaluated")
        return value

    def _named(self) -> _Result:
        name = self._name()
        if name in ("true", "false"):
            return name == "true"
        if name in _RESERVED:
            raise _UnreadableError(f"{name} is not evaluated")
        parts = [name]
        while self._take("."):
            parts.append(self._name())
        return _variable(".".join(parts), self.variables)

    def _name(self) -> str:
        if self._next.kind != "name":
            raise _UnreadableError(f"{self._next.text} is not understood where it stands")
        return self._advance().text

    def _number(self) -> str:
        if self._next.kind != "number":
            raise _UnreadableError("arithmetic is not evaluated")
        return self._advance().text

    @property
    def _next(self) -> _Token:
        return self.tokens[self._position] if self._position < len(self.tokens) else _END

    def _advance(self) -> _Token:
        self._position += 1
        return self.tokens[self._position - 1]

    def _take(self, symbol: str) -> bool:
        found = self._next == _Token("symbol", symbol)
        self._position += found
        return found

    def _demand(self, symbol: str) -> None:
        if not self._take(symbol):
            raise _UnreadableError(f"{self._next.text} stands where {symbol} is expected")


_COMPARISONS: Mapping[str, Callable[[Value, Value], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _compared(symbol: str, left: _Result, right: _Result) -> _Result:
    if isinstance(left, CannotTell):
        return left
    if isinstance(right, CannotTell):
        return right
    if type(left) is not type(right):
        return CannotTell(f"{_kind(left)} is compared with {_kind(right)}")
    return _COMPARISONS[symbol](left, right)


def _decided(operands: Sequence[_Result], *, by: bool, what: str) -> _Result:
    """Join operands: one that is ``by`` decides, whatever the others are."""
    if len(operands) == 1:
        return operands[0]
    if any(operand is by for operand in operands):
        return by
    for operand in operands:
        if isinstance(operand, CannotTell):
            return operand
        if not isinstance(operand, bool):
            return CannotTell(f"{what} is applied to {_kind(operand)}")
    return not by


def _variable(name: str, variables: Mapping[str, Value]) -> _Result:
    kind = VARIABLES.get(name)
    if kind is None:
        return CannotTell(f"{name} is not a variable that is documented")
    if name not in variables:
        return CannotTell(f"{name} is not known here")
    value = variables[name]
    if type(value) is not kind:
        return CannotTell(f"{name} is {_kind(value)}, which is not what is documented")
    return value


def _kind(value: Value) -> str:
    return {bool: "a boolean", int: "an integer", str: "a string"}[type(value)]


def _integer(text: str, *, sign: int) -> _Result:
    digits = text.removeprefix("0x").lstrip("0") or "0"
    base = 16 if text.startswith("0x") else 10
    if len(digits) > _MOST_DIGITS or sign * int(digits, base) not in _INT64:
        return CannotTell("an integer is out of range")
    return sign * int(digits, base)


_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})"
    r"|([0-3][0-7]{2})|(.?))",
    re.DOTALL,
)
_SIMPLE = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))


def _string(literal: str) -> str:
    return _ESCAPE.sub(_unescaped, literal[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    simple, *codes, octal, other = match.groups()
    if simple is not None:
        return _SIMPLE.get(simple, simple)
    code = next((int(digits, 16) for digits in codes if digits), None)
    if code is None and octal:
        code = int(octal, 8)
    if code is None or other or not _is_character(code):
        raise _UnreadableError(f"{match[0]} is no character")
    return chr(code)


def _is_character(code: int) -> bool:
    return code in range(0xD800) or code in range(0xE000, 0x110000)
