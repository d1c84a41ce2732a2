"""Calls the services in a server as something that runs on it would, without a socket."""

from collections.abc import Mapping
from typing import Any

from werkzeug.test import Client, TestResponse

from tests.emulator.caller import NOTHING, body_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance
from vpcmetactl.emulator.world import World

TODAY = "2026-11-21"
TOKEN = "/identity/v1/token"
FLAVOR = {"Metadata-Flavor": "ibm"}


def the_server(world: World, name: str) -> Instance | BareMetalServer:
    """The one server of this name."""
    (server,) = world.find_servers(name)
    assert isinstance(server, Instance | BareMetalServer)
    return server


def the_instance(world: World, name: str) -> Instance:
    server = the_server(world, name)
    assert isinstance(server, Instance)
    return server


class Inside:
    """Something that runs on one server, and speaks the protocol the service is set to."""

    def __init__(self, app: Emulator, server: Instance | BareMetalServer) -> None:
        self.app = app
        self.server = server
        self.client = Client(app)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | None] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
        protocol: str | None = None,
        **more: Any,  # noqa: ANN401 - what werkzeug's client takes
    ) -> TestResponse:
        """One call with today's version, unless `query` says None for it."""
        sent = {k: v for k, v in {"version": TODAY, **query}.items() if v is not None}
        return self.client.open(
            f"/guest/{self.server.id}{path}",
            method=method,
            query_string=sent,
            headers=dict(headers),
            base_url=f"{protocol or self.server.metadata_service.protocol}://localhost",
            **more,
        )

    def token(self, expires_in: int = 300) -> str:
        """A new identity token."""
        answer = self.call("PUT", TOKEN, headers=FLAVOR, json={"expires_in": expires_in})
        assert answer.status_code == 200, answer.text
        return str(body_of(answer)["access_token"])

    def ask(self, path: str, **query: str | None) -> TestResponse:
        """GET with a new identity token."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        return self.call("GET", f"/metadata/v1{path}", query=query, headers=headers)

    def find(self, path: str, **query: str | None) -> dict[str, Any]:
        """What a GET that must succeed answers."""
        answer = self.ask(path, **query)
        assert answer.status_code == 200, answer.text
        return body_of(answer)
