"""Somebody in a server, who gives commands of ``guest``."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.guest.fake_service import FakeService, serving
from tests.support.app import a_terminal, an_app, use
from tests.support.program import Ran
from vpcmetactl.render.schemas.reading import load_schema

NOBODY = "http://127.0.0.1:9"


@contextmanager
def a_guest(service: FakeService | None = None) -> Iterator["Guest"]:
    """Give a user in a server."""
    told = service or FakeService()
    with serving(told) as url:
        yield Guest(told, url)


class Guest:
    """Gives commands in a server, each to the same service."""

    def __init__(self, service: FakeService, url: str) -> None:
        self.service = service
        self.url = url

    def do(self, command: str, *words: str | Path, environ: Mapping[str, str] | None = None) -> Ran:
        """Give a command of ``guest``."""
        return guest(command, "--url", self.url, *words, environ=environ)


def guest(*words: str | Path, environ: Mapping[str, str] | None = None) -> Ran:
    """Give a command of ``guest`` with this environment alone."""
    app = an_app(environ=environ, terminal=a_terminal(environ))
    return use(app, "guest", *map(str, words))


def check_envelope(document: Any, kind: str) -> None:  # noqa: ANN401 - JSON
    """Hold a document against the schema that all have in common."""
    schema = json.loads(json.dumps(load_schema("servers")))
    schema["properties"] |= {"kind": {"const": kind}, "items": {"type": "array"}, "summary": {}}
    Draft202012Validator(schema).validate(document)
