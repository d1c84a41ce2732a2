"""The one JSON envelope, for results and for failures.

Imports the standard library alone: a usage error must not wait for an encoder.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.render.documents import Scope, Status, Trailer, Unread, Write
from vpcmetactl.render.options import Format

FORMAT_VERSION = 1


def envelope(
    kind: str, trailer: Trailer, status: Status, items: Sequence[object], summary: object
) -> dict[str, object]:
    """Return the envelope, its own parts as plain values, ``items`` and ``summary`` as given."""
    return {
        "format_version": FORMAT_VERSION,
        "kind": kind,
        "generated_at": _timestamp(trailer.generated_at),
        "status": status.value,
        "exit_code": int(trailer.exit_code),
        "scope": _scope(trailer.scope),
        "items": items,
        "summary": summary,
        "errors": [_error(error) for error in trailer.errors],
    }


def render_failure(format_: Format, kind: str, trailer: Trailer, write: Write) -> None:
    """Write what a command that failed before its first item owes to stdout.

    That is the envelope without items and with ``summary`` ``null`` for JSON, and nothing for
    every other format: the errors themselves go to stderr.
    """
    if format_ is Format.JSON:
        failure = envelope(kind, trailer, Status.ERROR, [], None)
        write(json.dumps(failure, indent=2) + "\n")


def _scope(scope: Scope) -> dict[str, object]:
    return {
        "accounts": list(scope.accounts),
        "regions": list(scope.regions),
        "excluded": list(scope.excluded),
        "incomplete": [_unread(unread) for unread in scope.incomplete],
        "endpoint": scope.endpoint,
        "snapshot": scope.snapshot,
        "taken_at": None if scope.taken_at is None else _timestamp(scope.taken_at),
    }


def _unread(unread: Unread) -> dict[str, object]:
    return {
        "account_id": unread.account_id,
        "region": unread.region,
        "kind": unread.kind,
        "content": unread.content,
        "code": unread.error.code,
        "message": encodable(str(unread.error)),
        "trace": unread.error.trace,
        "hint": _hint(unread.error),
    }


def _error(error: VpcmetactlError) -> dict[str, object]:
    return {
        "code": error.code,
        "message": encodable(str(error)),
        "hint": _hint(error),
        "region": error.region,
        "http_status": error.status,
        "trace": error.trace,
    }


def encodable(text: str) -> str:
    """Return the text without lone surrogates, which arguments may hold and UTF-8 cannot."""
    return text.encode(errors="replace").decode()


def _hint(error: VpcmetactlError) -> str | None:
    return None if error.hint is None else encodable(error.hint)


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
