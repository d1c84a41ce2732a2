"""The JSON Schemas that describe every document, and what can be read off them.

Reads the schema files with the standard library alone: option values are checked against them
before anything else is loaded. ``python -m vpcmetactl.render.schemas`` writes the files anew.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class SchemaField:
    """One field of a document.

    ``path`` is dotted; what lies in a list has ``[]`` in it. ``types`` are JSON's, ``null`` among
    them where it may be; ``values`` are the only ones there can be, where that is so.
    """

    path: str
    types: tuple[str, ...]
    description: str
    values: tuple[str, ...] = ()

    @property
    def is_object(self) -> bool:
        """Whether it has fields of its own."""
        return "object" in self.types

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return "array" in self.types

    @property
    def in_list(self) -> bool:
        """Whether it lies in a list, so that an item may have it several times or never."""
        return "[]" in self.path


def kinds() -> tuple[str, ...]:
    """Return the kinds of document there are."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


@cache
def load_schema(kind: str) -> Mapping[str, Any]:
    """Return the JSON Schema of the documents of a kind."""
    schema: Mapping[str, Any] = json.loads(_FOLDER.joinpath(f"{kind}.json").read_text("utf-8"))
    return schema


@cache
def schema_fields(kind: str) -> Mapping[str, SchemaField]:
    """Return every field of an item of a kind, by its path, in the order of the document."""
    schema = load_schema(kind)
    item = schema["properties"]["items"]["items"]
    return {field.path: field for field in _walk(schema, item, "")}


def column_keys(kind: str) -> tuple[str, ...]:
    """Return the paths that a column can show: every field that is neither object nor in a list."""
    return tuple(
        field.path
        for field in schema_fields(kind).values()
        if not field.is_object and not field.in_list
    )


def sort_paths(kind: str) -> tuple[str, ...]:
    """Return the paths that items can be sorted by: the columns that are no lists."""
    fields = schema_fields(kind)
    return tuple(path for path in column_keys(kind) if not fields[path].is_list)


def _walk(schema: Mapping[str, Any], node: Mapping[str, Any], path: str) -> Iterator[SchemaField]:
    """Yield the fields of the object that ``node`` describes, depth first."""
    _, definition = _resolved(schema, node)
    for name, prop in definition.get("properties", {}).items():
        here = f"{path}{name}"
        types, inner = _resolved(schema, prop)
        yield SchemaField(here, types, prop.get("description", ""), tuple(inner.get("enum", ())))
        if "object" in types:
            yield from _walk(schema, inner, f"{here}.")
        elif "items" in inner:
            yield from _walk(schema, inner["items"], f"{here}[].")


def _resolved(
    schema: Mapping[str, Any], node: Mapping[str, Any]
) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """Return the JSON types a node allows, and the definition of what is not ``null``."""
    if "$ref" in node:
        return _resolved(schema, schema["$defs"][node["$ref"].rpartition("/")[2]])
    if "anyOf" not in node:
        return _types(node), node
    branches = [_resolved(schema, branch) for branch in node["anyOf"]]
    types = dict.fromkeys(name for names, _ in branches for name in names)
    solid = [definition for names, definition in branches if names != ("null",)]
    return tuple(types), solid[0]


def _types(node: Mapping[str, Any]) -> tuple[str, ...]:
    if "type" in node:
        types = node["type"]
        return (types,) if isinstance(types, str) else tuple(types)
    return ("string",) if "enum" in node else ()


def schema_markdown(kind: str, part: str = "items") -> str:
    """Return a Markdown table of the fields of a document's part.

    ``part`` is ``items`` for the fields of an item, ``summary`` for those of the summary, or
    ``envelope`` for those around both, which all kinds share.
    """
    rows = [
        f"| `{field.path}` | {_type_words(field)} | {field.description} |"
        for field in (_part(kind, part))
    ]
    return "\n".join(["| field | type | meaning |", "| --- | --- | --- |", *rows]) + "\n"


def _part(kind: str, part: str) -> Sequence[SchemaField]:
    schema = load_schema(kind)
    if part == "items":
        return tuple(schema_fields(kind).values())
    if part == "summary":
        return tuple(_walk(schema, schema["properties"]["summary"], ""))
    inner = ("items[].", "summary.")
    return [field for field in _walk(schema, schema, "") if not field.path.startswith(inner)]


def _type_words(field: SchemaField) -> str:
    if field.values:
        words = [f"`{value}`" for value in field.values]
        words += ["null"] if "null" in field.types else []
    else:
        words = ["list" if name == "array" else name for name in field.types]
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
