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
        except (jmespath.exceptions.JMESPathError, RecursionError) as error:
            raise self._refusal(error) from None

    def search(self, document: object) -> Any:  # noqa: ANN401 - whatever the expression makes
        """Return what the expression selects from plain values.

        Raises InvalidInputError where a function is unknown or given what it cannot take.
        """
        try:
            return self._parsed.search(document)
        except (jmespath.exceptions.JMESPathError, RecursionError) as error:
            raise self._refusal(error) from None

    def _refusal(self, error: Exception) -> InvalidInputError:
        return InvalidInputError(
            f"{self._option} {self._expression!r}: {_what(error)}",
            hint="the language is JMESPath: https://jmespath.org/specification.html",
        )


def _what(error: Exception) -> str:
    match error:
        case jmespath.exceptions.EmptyExpressionError():
            return "the expression is empty"
        case jmespath.exceptions.ArityError():
            return str(error)
        case jmespath.exceptions.ParseError() if error.token_value in (None, ""):
            return "it ends too early"
        case jmespath.exceptions.ParseError():
            # Columns count from 1, as editors do.
            return f"{error.token_value!r} at column {error.lex_position + 1} is not expected there"
        case RecursionError():
            return "it is nested too deep"
        case _:
            return str(error)
