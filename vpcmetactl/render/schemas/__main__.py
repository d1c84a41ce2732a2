"""Writes the schema files anew."""

from pathlib import Path

from vpcmetactl.render.schemas.build import built_schemas, schema_text


def main() -> None:
    """Write one file for each kind, beside this one."""
    folder = Path(__file__).parent
    for kind, schema in built_schemas().items():
        folder.joinpath(f"{kind}.json").write_text(schema_text(schema), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
