"""Writing what was said into a cassette, scrubbed, in vcrpy's format."""

import json
from collections.abc import Sequence
from pathlib import Path

from vcr.request import Request
from vcr.serialize import serialize

from tests.live.scrubbing import Scrubber
from tests.live.wire import Exchange
from tests.support.cassettes import LegibleYaml

FOLDER = Path(__file__).parents[2] / "cassettes" / "live"
_REASONS = {200: "OK", 201: "Created", 204: "No Content"}


def written(exchanges: Sequence[Exchange]) -> str:
    """Return a cassette of these exchanges, without anything of the account's."""
    scrubber = Scrubber()
    requests, responses = [], []
    for one in exchanges:
        headers = {"Accept": "application/json"}
        if one.if_match is not None:
            headers["If-Match"] = scrubber.etag(one.if_match)
        body = None if one.body is None else json.dumps(scrubber.document(one.body))
        requests.append(Request(one.method, scrubber.address(one.url), body, headers))
        answer = one.answer
        responses.append(
            {
                "status": {"code": answer.status, "message": _REASONS.get(answer.status, "")},
                "headers": {name: [value] for name, value in scrubber.headers(answer.headers)},
                "body": {"string": scrubber.body(answer.body)},
            }
        )
    text: str = serialize({"requests": requests, "responses": responses}, LegibleYaml)
    return text


def record(exchanges: Sequence[Exchange], name: str, folder: Path = FOLDER) -> Path:
    """Write a cassette, in place of an earlier one of the same name; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(written(exchanges), encoding="utf-8")
    return path
