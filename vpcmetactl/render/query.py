"""JMESPath expressions over documents, with errors that point to their place."""

from typing import Any

import jmespath
import jmespath.exceptions
import jmespath.parser

from vpcmetactl.domain.errors import InvalidInputError


class Query:
    """A JMESPath expression that compiled; ``option`` names where it came from, for errors."""

    def __init__(self, expression: str, option: str = "--query") -> None:
        self._expression = expression
        self._option = option
        try:
            self._parsed = jmespath.compile(expression)
        except jmespath.exceptions.JMESPathError as error:
            raise _refusal(expression, option, error) from None

    def search(self, document: object) -> Any:  # noqa: ANN401 - whatever the expression makes
        """Return what the expression selects from plain values.

        Raises InvalidInputError where a function is unknown or given the wrong type.
        """
        try:
            return self._parsed.search(document)
        except jmespath.exceptions.JMESPathError as error:
            raise _refusal(self._expression, self._option, error) from None


def _refusal(
    expression: str, option: str, error: jmespath.exceptions.JMESPathError
) -> InvalidInputError:
    if isinstance(error, jmespath.exceptions.IncompleteExpressionError):
        what = "the expression ends too early"
    elif isinstance(error, jmespath.exceptions.LexerError):
        what = f"{error.token_value!r} at column {error.lexer_position + 1} is not understood"
    elif isinstance(error, jmespath.exceptions.ParseError):
        what = f"{error.token_value!r} at column {error.lex_position + 1} is not expected there"
    elif isinstance(error, jmespath.exceptions.EmptyExpressionError):
        what = "the expression is empty"
    else:
        what = str(error).removesuffix(".")
    return InvalidInputError(
        f"{option} {expression!r}: {what}",
        hint="the language is JMESPath, https://jmespath.org/specification.html",
    )
