"""Calls the Global Search of an emulator without a socket."""

from collections.abc import Iterator, Mapping
from typing import Any

from werkzeug.test import Client, TestResponse

from tests.emulator.caller import NOTHING, body_of
from vpcmetactl.emulator.app import Emulator


class SearchCaller:
    """A client of the account's own. `headers` go with every call and may be changed."""

    def __init__(self, app: Emulator) -> None:
        self.app = app
        self.client = Client(app)
        self.headers = {"Authorization": f"Bearer {app.world.iam.issue_token().text}"}

    def call(
        self,
        body: object,
        *,
        query: Mapping[str, object] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
        path: str = "/v3/resources/search",
    ) -> TestResponse:
        return self.client.post(
            f"/search{path}",
            query_string={name: str(value) for name, value in query.items()},
            headers={**self.headers, **headers},
            json=body,
        )

    def page(self, body: object, **query: object) -> dict[str, Any]:
        """What a search that must succeed answers."""
        answer = self.call(body, query=query)
        assert answer.status_code == 200, answer.text
        return body_of(answer)

    def pages(self, text: str, **query: object) -> Iterator[dict[str, Any]]:
        """Every page of a search, to the empty one."""
        page = self.page({"query": text, "fields": ["crn", "name", "tags"]}, **query)
        yield page
        while "search_cursor" in page:
            page = self.page({"search_cursor": page["search_cursor"]}, **query)
            yield page

    def names(self, text: str) -> set[str]:
        """The names of what a search finds."""
        return {item["name"] for page in self.pages(text, limit=1000) for item in page["items"]}

    def tags(self, name: str) -> list[str]:
        """The tags of the one resource of this name."""
        (page, _) = self.pages(f"name:{name}")
        (item,) = page["items"]
        tags: list[str] = item["tags"]
        return tags


def refusal_of(answer: TestResponse) -> tuple[int, str]:
    """The status and the code of an error in the API's envelope."""
    body = body_of(answer)
    assert body.keys() == {"errors", "status_code", "trace"}
    assert body["status_code"] == answer.status_code
    (error,) = body["errors"]
    assert error.keys() == {"code", "message"}
    return answer.status_code, error["code"]
