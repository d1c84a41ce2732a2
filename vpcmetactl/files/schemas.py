"""The JSON Schemas of our files, made from the shapes that are read and written."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from vpcmetactl.files import policy_shapes, proofs, sealing
from vpcmetactl.files.plans import PlanFile
from vpcmetactl.files.policy_shapes import PolicyFile, WaiversFile
from vpcmetactl.files.proofs import Proof
from vpcmetactl.files.runs import RunsFile
from vpcmetactl.files.snapshots import lines

_FILES: Mapping[str, tuple[type[msgspec.Struct], int]] = {
    "plan": (PlanFile, sealing.VERSION),
    "runs": (RunsFile, sealing.VERSION),
    "proof": (Proof, proofs.VERSION),
    "policy": (PolicyFile, policy_shapes.VERSION),
    "waivers": (WaiversFile, policy_shapes.VERSION),
}


def schema_texts() -> Mapping[str, str]:
    """Return the text of each schema file by its name."""
    texts = {name: _schema_text(name, shape, version) for name, (shape, version) in _FILES.items()}
    texts["snapshot"] = _lines_schema_text("snapshot", lines.Line, lines.VERSION)
    return {f"{name}.schema.json": text for name, text in texts.items()}


def write_schemas(folder: Path) -> None:
    """Write the schema files anew."""
    for name, text in schema_texts().items():
        folder.joinpath(name).write_text(text, "utf-8", newline="\n")


def _schema_text(name: str, shape: type[msgspec.Struct], version: int) -> str:
    (reference,), definitions = msgspec.json.schema_components([shape])
    whole = definitions.pop(reference["$ref"].rpartition("/")[2])
    return _text(name, version, whole, definitions)


def _lines_schema_text(name: str, line: Any, version: int) -> str:  # noqa: ANN401 - a union
    """Return the schema of each line of a file, which may be one of several shapes."""
    (choice,), definitions = msgspec.json.schema_components([line])
    about = f"One line of a {name}."
    return _text(name, version, {"description": about, **choice}, definitions)


def _text(name: str, version: int, whole: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:vpcmetactl:file:{name}:{version}",
        **whole,
        "title": f"vpcmetactl-{name}",
        "$defs": dict(sorted(definitions.items())),
    }
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    # What Python's `$` needs said, a schema's `$` means by itself.
    return text.replace(r"$(?!\\n)", "$")


if __name__ == "__main__":
    write_schemas(Path(__file__).parent)
