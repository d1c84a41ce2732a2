"""The table about the configuration file, read off its shape."""

import re
from typing import Any

import msgspec

from docs._generate.markdown import table
from vpcmetactl.files.configuration import ContextTable

_SHAPES = msgspec.json.schema(ContextTable)["$defs"]


def keys() -> str:
    """Return a table of the keys of a context."""
    schema = _SHAPES["ContextTable"]
    return table(
        ("key", "takes", "means"),
        (
            (f"`{name}`", _takes(prop), prop["description"])
            for name, prop in schema["properties"].items()
        ),
    )


def _takes(prop: dict[str, Any]) -> str:
    if "$ref" in prop:
        prop = _SHAPES[prop["$ref"].rpartition("/")[2]] | prop
    if "enum" in prop:
        return " or ".join(f"`{value}`" for value in prop["enum"])
    if "anyOf" in prop:
        return "text or `true`"
    return "a list of regions" if prop["type"] == "array" else _kind_of(prop["description"])


def _kind_of(description: str) -> str:
    if re.search(r"\bfile\b", description):
        return "a path"
    return "a URL" if re.search(r"\baddress\b|http", description) else "text"
