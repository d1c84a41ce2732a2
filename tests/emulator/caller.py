"""Calls an emulator without a socket, as a client with a token would."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from werkzeug.test import Client, TestResponse

from vpcmetactl.emulator.app import Emulator

VERSION = {"version": "2026-10-06", "generation": "2"}
MERGE_PATCH = "application/merge-patch+json"
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Caller:
    """A client of one region. `headers` go with every call and may be changed."""

    def __init__(self, app: Emulator, region: str = "us-south") -> None:
        self.app = app
        self.region = region
        self.client = Client(app)
        self.headers = {"Authorization": f"Bearer {app.world.iam.issue_token().text}"}

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | None] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
        json: object = None,
        data: str | bytes | None = None,
        content_type: str | None = None,
    ) -> TestResponse:
        """One call with a version, unless `query` says None for it, and the token."""
        sent = {name: text for name, text in {**VERSION, **query}.items() if text is not None}
        body: dict[str, Any] = {"data": data} if json is None else {"json": json}
        return self.client.open(
            f"/vpc/{self.region}/v1{path}",
            method=method,
            query_string=sent,
            headers={**self.headers, **headers},
            content_type=content_type,
            **body,
        )

    def get(self, path: str, **query: object) -> TestResponse:
        return self.call("GET", path, query={name: str(value) for name, value in query.items()})

    def find(self, path: str, **query: object) -> dict[str, Any]:
        """What a GET that must succeed answers."""
        response = self.get(path, **query)
        assert response.status_code == 200, response.text
        return body_of(response)

    def patch(self, path: str, body: object, **headers: str) -> TestResponse:
        return self.call("PATCH", path, json=body, content_type=MERGE_PATCH, headers=headers)

    def post(self, path: str, body: object = None) -> TestResponse:
        return self.call("POST", path, json=body)

    def path_of(self, name: str) -> str:
        """The path of the one server of this region with this name."""
        region = self.app.world.regions[self.region]
        found = [f"/instances/{server.id}" for server in region.instances if server.name == name]
        metal = [server for server in region.bare_metal_servers if server.name == name]
        (path,) = found + [f"/bare_metal_servers/{server.id}" for server in metal]
        return path


def body_of(response: TestResponse) -> dict[str, Any]:
    """The JSON object that was answered."""
    body: dict[str, Any] = response.get_json()
    assert isinstance(body, dict)
    return body


def error_of(response: TestResponse) -> tuple[int, list[tuple[str, str | None]]]:
    """The status, and the code and target of each error."""
    errors = body_of(response)["errors"]
    return response.status_code, [(e["code"], e.get("target", {}).get("name")) for e in errors]
