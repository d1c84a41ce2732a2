"""Calls the IAM Identity API of an emulator without a socket."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from werkzeug.test import Client, TestResponse

from tests.emulator.caller import NOTHING, body_of
from vpcmetactl.emulator.app import Emulator


class TrustCaller:
    """A client of the account's own. `headers` go with every call and may be changed."""

    def __init__(self, app: Emulator) -> None:
        self.app = app
        self.client = Client(app)
        self.account = app.world.account_id
        self.headers = {"Authorization": f"Bearer {app.world.iam.issue_token().text}"}

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, Any] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
    ) -> TestResponse:
        more: dict[str, Any] = {} if body is None else {"json": body}
        return self.client.open(
            f"/iam/v1{path}",
            method=method,
            query_string={name: str(value) for name, value in query.items()},
            headers={**self.headers, **headers},
            **more,
        )

    def get(self, path: str, **query: object) -> TestResponse:
        return self.call("GET", path, query=query)

    def find(self, path: str, **query: object) -> dict[str, Any]:
        """What a GET that must succeed answers."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return body_of(answer)

    def make(self, path: str, body: object) -> dict[str, Any]:
        """What a POST that must succeed answers."""
        answer = self.call("POST", path, body)
        assert answer.status_code in {200, 201}, answer.text
        return body_of(answer)

    def list(self, **query: object) -> TestResponse:
        return self.get("/profiles", account_id=self.account, **query)

    def pages(self, **query: object) -> Iterator[dict[str, Any]]:
        """Every page of a listing, by its `next`."""
        page = self.find("/profiles", account_id=self.account, **query)
        yield page
        while "next" in page:
            address = urlsplit(page["next"])
            assert (address.netloc, address.path) == ("iam.cloud.ibm.com", "/v1/profiles")
            page = self.find("/profiles", **dict(parse_qsl(address.query)))
            yield page

    def path_of(self, name: str) -> str:
        """The path of the profile of this name."""
        return f"/profiles/{self.app.world.trust.profile(name).id}"

    def crn_of(self, name: str) -> str:
        """The CRN of the server of this name."""
        (server,) = self.app.world.find_servers(name)
        return server.crn

    def new_profile(self, name: str = "new") -> str:
        """The path of a profile made just now."""
        body = self.make("/profiles", {"name": name, "account_id": self.account})
        return f"/profiles/{body['id']}"


def refusal_of(answer: TestResponse) -> tuple[int, str]:
    """The status and the code of an error in the API's envelope."""
    body = body_of(answer)
    assert body.keys() == {"status_code", "errors", "trace"}
    assert body["status_code"] == answer.status_code
    assert body["trace"] == answer.headers["Transaction-Id"]
    (error,) = body["errors"]
    assert error.keys() >= {"code", "message_code", "message"}
    return answer.status_code, error["code"]


def quoted(text: str) -> str:
    """A text as a part of a path."""
    return quote(text, safe="")
