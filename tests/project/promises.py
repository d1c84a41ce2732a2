"""Reads the table of what users are promised: ``promises.txt``, each with the tests that hold it.

A promise is a line ``id: sentence``; below it, indented, stand its tests as
``folder/module.py::name``, from ``tests/``, or ``not kept:`` and what it would take.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = Path(__file__).with_name("promises.txt")
_PROMISE = re.compile(r"([a-z0-9-]+): ([A-Z0-9A-Za-z].*\.)")
_NOT_KEPT = "not kept: "


@dataclass(frozen=True)
class Promise:
    """Something users rely on. Either tests hold it, or ``not_kept`` says what is missing."""

    id: str
    says: str
    tests: Sequence[str]
    not_kept: str = ""


def read_promises(text: str) -> Sequence[Promise]:
    """Return the promises of a table in its order; raises ValueError for a line that is neither."""
    found: list[tuple[str, str, list[str]]] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("  ") and found:
            found[-1][2].append(line.strip())
        elif match := _PROMISE.fullmatch(line):
            found.append((match[1], match[2], []))
        else:
            raise ValueError(f"neither a promise nor a test: {line!r}")
    return [_promise(*one) for one in found]


def _promise(name: str, says: str, lines: Sequence[str]) -> Promise:
    missing = [line.removeprefix(_NOT_KEPT) for line in lines if line.startswith(_NOT_KEPT)]
    tests = [line for line in lines if not line.startswith(_NOT_KEPT)]
    return Promise(name, says, tests, " ".join(missing))


def faults(promises: Sequence[Promise]) -> Iterator[str]:
    """Tell what is wrong: ids that are there twice, promises without tests, tests that are not."""
    seen = set()
    for promise in promises:
        if promise.id in seen:
            yield f"{promise.id}: is there twice"
        seen.add(promise.id)
        if bool(promise.tests) == bool(promise.not_kept):
            yield f"{promise.id}: needs tests, or the reason why it is not kept"
        for test in promise.tests:
            if not _is_there(test):
                yield f"{promise.id}: there is no test {test}"


def _is_there(test: str) -> bool:
    module, _, name = test.partition("::")
    return name.startswith("test_") and name in _tests_of(TESTS / module)


@cache
def _tests_of(path: Path) -> frozenset[str]:
    """Return the tests of a module that are run: those that are always skipped hold nothing."""
    if not path.is_file() or not path.name.startswith("test_"):
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and not any(_is_skip(decorator) for decorator in node.decorator_list)
    )


def _is_skip(decorator: ast.expr) -> bool:
    return re.search(r"\bmark\.(skip|xfail)\b", ast.unparse(decorator)) is not None
