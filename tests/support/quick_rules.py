"""Routes of the emulator, compiled once for all the emulators of a session.

Every emulator has a router of its own, and werkzeug compiles for every rule of it two functions
that build URLs, which nobody here calls. That took four fifths of what it takes to make an
emulator, and the tests make thousands.
"""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

_Builder = Callable[..., tuple[str, str]]


def keep_rules() -> None:
    """Have what werkzeug compiles for a rule kept for the next rule that says the same."""
    compiled = Rule._compile_builder  # noqa: SLF001 - werkzeug has no option for it
    kept: dict[tuple[Any, ...], _Builder] = {}

    def compile_builder(rule: Rule, append_unknown: bool = True) -> _Builder:  # noqa: FBT001, FBT002 - as werkzeug has it
        # All that goes into a builder whose converters are werkzeug's own.
        defaults = tuple(sorted((rule.defaults or {}).items()))
        said = (rule.rule, tuple(rule._trace), defaults, append_unknown)  # noqa: SLF001
        if said not in kept:
            kept[said] = compiled(rule, append_unknown)
        return kept[said]

    Rule._compile_builder = compile_builder  # type: ignore[assignment, method-assign]  # noqa: SLF001
