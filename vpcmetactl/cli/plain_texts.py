"""What others answer, as text: redacted, in rows, or in the envelope of all commands.

For ``guest``, which needs no tables and no encoder; ``plain_output`` says where it goes.
"""

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

from vpcmetactl.domain.errors import ExitCode, VpcmetactlError

_REDACTED = "<redacted>"
_SECRETS = frozenset(
    {"user_data", "password", "encrypted_password", "access_token", "refresh_token", "token"}
)


def redacted(value: Any) -> Any:
    """Return a JSON value without user data, passwords and tokens, at whatever depth they are."""
    if isinstance(value, dict):
        return {
            name: _REDACTED if name.lower() in _SECRETS and held else redacted(held)
            for name, held in value.items()
        }
    return [redacted(one) for one in value] if isinstance(value, list) else value


def table_of(rows: Iterable[tuple[str, str]]) -> str:
    """Return rows of a label and a text, the texts below each other; they steer no terminal."""
    from vpcmetactl.cli.terminal import printable  # noqa: PLC0415 - dear, and a probe needs none

    told = [(printable(label), printable(" ".join(text.splitlines()))) for label, text in rows]
    width = max((len(label) for label, _ in told), default=0)
    return "".join(f"{label:{width}}  {text}".rstrip() + "\n" for label, text in told)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Give each part of a JSON value that has no parts itself, with its path: ``keys[0].id``."""
    if isinstance(value, dict) and value:
        for name, held in value.items():
            yield from leaves(held, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for place, held in enumerate(value):
            yield from leaves(held, f"{path}[{place}]")
    else:
        yield path, value if isinstance(value, str) else json.dumps(value)


def document_of(kind: str, item: object, error: VpcmetactlError | None = None) -> str:
    """Return the JSON document of all commands, with one item; with none where there is an error.

    ``generated_at`` is by the machine's own clock.
    """
    from datetime import UTC, datetime  # noqa: PLC0415 - text needs none of these

    from vpcmetactl.render.documents import Trailer  # noqa: PLC0415
    from vpcmetactl.render.envelope import envelope  # noqa: PLC0415
    from vpcmetactl.render.text import printable_json  # noqa: PLC0415

    trailer = Trailer(
        generated_at=datetime.fromtimestamp(time.time(), UTC),
        exit_code=error.exit_code if error else ExitCode.OK,
        errors=[error] if error else [],
    )
    items, summary = ([], None) if error else ([item], {"total": 1})
    document = envelope(kind, trailer, trailer.status, items, summary)
    return printable_json(json.dumps(document, indent=2)) + "\n"
