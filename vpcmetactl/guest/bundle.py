"""The probe as a single file, for servers on which nothing is installed but a Python.

What is joined are the modules that `program` needs, as they stand: without their imports of each
other, and with all others at the top.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Union

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PACKAGE = "vpcmetactl.guest"
_FOLDER = Path(__file__).parent
_MAIN = "program"
_WIDTH = 88

_HEADER = '''\
#!/usr/bin/env python3
"""Asks the metadata service of the IBM Cloud VPC server that this runs on what it gives.

Needs Python 3.6 or newer and nothing else. Written by `vpcmetactl guest script`, version
{version}; the version on your desk may write a newer one.

    python3 probe.py                          what answers, for people
    python3 probe.py -o json > proof.json     for: vpcmetactl restarts import-events proof.json
    python3 probe.py --help                   the rest

Ends with 0 where the service works, 3 where it does not, 1 where that could not be tested.
No token is printed, or in the proof.

SPDX-License-Identifier: Apache-2.0
"""
'''
_FOOTER = """

if __name__ == "__main__":
    raise SystemExit(main())
"""

_Import = Union[ast.Import, ast.ImportFrom]
# All that may stand at the top of a module of the guest.
_PLAIN = (
    ast.Import,
    ast.ImportFrom,
    ast.Assign,
    ast.AnnAssign,
    ast.FunctionDef,
    ast.ClassDef,
    ast.Expr,
)


class _Module(NamedTuple):
    """A module of the package, taken apart."""

    name: str
    title: str
    needs: Sequence[str]
    imports: Sequence[_Import]
    names: Sequence[str]
    body: str


def bundled(version: str) -> str:
    """Return the text of the file, the same each time for the same version.

    Raises ValueError where the modules cannot be joined: two define the same name, or one imports
    in a way that is not provided for.
    """
    modules = _in_order(_MAIN)
    _check_names(modules)
    header = _HEADER.format(version=version)
    version_line = f'__version__ = "{version}"\n'
    parts = [header, _imports(modules), version_line]
    parts += [f"\n# {one.name}: {one.title}\n{one.body}" for one in modules]
    return "\n".join(parts) + _FOOTER


def _in_order(main: str) -> list[_Module]:
    """Return a module with all that it needs, each behind what it needs itself."""
    found: dict[str, _Module] = {}

    def take(name: str, within: tuple[str, ...]) -> None:
        if name in within:
            raise ValueError("{} needs itself".format(" -> ".join([*within, name])))
        if name not in found:
            module = _taken_apart(name)
            for needed in module.needs:
                take(needed, (*within, name))
            found[name] = module

    take(main, ())
    return list(found.values())


def _taken_apart(name: str) -> _Module:
    text = (_FOLDER / (name + ".py")).read_text("utf-8")
    tree = ast.parse(text)
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    ours = [node for node in imports if _is_ours(node)]
    _check_plain(name, tree, ours)
    return _Module(
        name=name,
        title=(ast.get_docstring(tree) or "").partition("\n")[0],
        needs=[_needed(node) for node in ours if _needed(node)],
        imports=[node for node in imports if node not in ours],
        names=list(_names(tree)),
        body=_without(text, [*imports, *_docstring(tree)]),
    )


def _is_ours(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return bool(node.level) or (node.module or "").split(".")[0] == "vpcmetactl"
    return isinstance(node, ast.Import) and any(
        alias.name.split(".")[0] == "vpcmetactl" for alias in node.names
    )


def _needed(node: _Import) -> str:
    """Return the module of the package that an import is from; nothing where it is the version."""
    module = getattr(node, "module", None) or ""
    return module.rpartition(".")[2] if module.startswith(_PACKAGE + ".") else ""


def _check_plain(name: str, tree: ast.Module, ours: Sequence[_Import]) -> None:
    """Raise ValueError for what may define anything, and for imports that cannot be taken out."""
    others = [node for node in tree.body if not isinstance(node, _PLAIN)]
    if others:
        raise ValueError(f"{name}: cannot be bundled: {ast.unparse(others[0])}")
    for node in ast.walk(tree):
        if not _is_ours(node):
            continue
        plain = isinstance(node, ast.ImportFrom) and not any(one.asname for one in node.names)
        known = isinstance(node, ast.ImportFrom) and (
            _needed(node) or (node.module, node.names[0].name) == ("vpcmetactl", "__version__")
        )
        if node not in ours or not plain or not known:
            raise ValueError(f"{name}: cannot be bundled: {ast.unparse(node)}")


def _docstring(tree: ast.Module) -> list[ast.stmt]:
    return tree.body[:1] if ast.get_docstring(tree) is not None else []


def _names(tree: ast.Module) -> Iterator[str]:
    """Give what a module defines at its top."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def _without(text: str, nodes: Sequence[ast.stmt]) -> str:
    """Return a text without the lines of some statements, and without the gaps they leave."""
    gone = {line for node in nodes for line in range(node.lineno, (node.end_lineno or 0) + 1)}
    lines = text.splitlines(keepends=True)
    kept = "".join(line for number, line in enumerate(lines, 1) if number not in gone)
    return re.sub(r"\n{4,}", "\n\n\n", kept.strip("\n")) + "\n"


def _check_names(modules: Sequence[_Module]) -> None:
    """Raise ValueError where a name would mean two things in the joined file."""
    meanings: defaultdict[str, set[str]] = defaultdict(set)
    meanings["__version__"].add("the version")
    for module in modules:
        for name in module.names:
            meanings[name].add(module.name)
        for node in module.imports:
            for alias in node.names:
                origin = "{}.{}".format(getattr(node, "module", ""), alias.name)
                meanings[alias.asname or alias.name].add(origin)
    twice = sorted(name for name, origins in meanings.items() if len(origins) > 1)
    if twice:
        raise ValueError("defined in several modules of the guest: {}".format(", ".join(twice)))


def _imports(modules: Sequence[_Module]) -> str:
    """Return every import once, in order: modules, then names from modules."""
    whole: set[str] = set()
    members: defaultdict[str, set[str]] = defaultdict(set)
    for node in (node for module in modules for node in module.imports):
        words = [_alias(alias) for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            members[node.module or ""].update(words)
        else:
            whole.update(words)
    lines = [f"import {word}" for word in sorted(whole)]
    lines += [_import_from(module, sorted(words)) for module, words in sorted(members.items())]
    return "\n".join(lines) + "\n"


def _alias(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _import_from(module: str, words: Sequence[str]) -> str:
    line = "from {} import {}".format(module, ", ".join(words))
    if len(line) <= _WIDTH:
        return line
    return "from {} import (\n{})".format(module, "".join(f"    {w},\n" for w in words))
