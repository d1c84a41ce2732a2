"""Tables about policy files, read off their schema and the policy in the program."""

from collections.abc import Iterator, Mapping
from typing import Any

from docs._generate.markdown import table
from docs._generate.plans import load_file_schema
from vpcmetactl.files.policies import default_policy_text


def keys(part: str | None = None) -> str:
    """Return a table of the keys of a policy file, or of one kind of table in it."""
    schema = load_file_schema("policy")
    node = schema if part is None else schema["$defs"][part]
    required = node["required"]
    return table(
        ("key", "takes", "means"),
        (
            (
                f"`{name}`",
                f"{_takes(schema, prop)}{'; required' if name in required else ''}",
                prop.get("description") or schema["$defs"][_reference(prop)]["description"],
            )
            for name, prop in node["properties"].items()
        ),
    )


def default_policy() -> str:
    """Return the text of the default policy."""
    return f"```toml\n{default_policy_text()}```\n"


def _takes(schema: Mapping[str, Any], prop: Mapping[str, Any]) -> str:
    return " or ".join(dict.fromkeys(_words(schema, prop)))


def _words(schema: Mapping[str, Any], prop: Mapping[str, Any]) -> Iterator[str]:
    for branch in prop.get("anyOf", (prop,)):
        node = schema["$defs"][_reference(branch)] if "$ref" in branch else branch
        if "enum" in node:
            yield ", ".join(f"`{value}`" for value in node["enum"])
        elif node.get("format") == "date":
            yield "a date"
        elif "maximum" in node:
            yield f"{node['minimum']} to {node['maximum']}"
        else:
            yield _TYPES[node["type"]] if node.get("items") is None else _of(node["items"])


_TYPES = {"string": "text", "boolean": "true or false", "object": "a table", "array": "a list"}


def _of(items: Mapping[str, Any]) -> str:
    return "tables" if "$ref" in items else "a list of such"


def _reference(node: Mapping[str, Any]) -> str:
    return str(node["$ref"]).rpartition("/")[2]
