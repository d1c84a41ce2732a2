"""IBM's own SDK of Global Search, unchanged, against the emulator; its models hold every answer."""

from collections.abc import Iterator
from typing import Any

import pytest
from ibm_cloud_sdk_core import ApiException
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_platform_services import global_search_v2 as sdk

from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.server import EmulatorServer
from vpcmetactl.emulator.world import World


@pytest.fixture(params=["demo", "mixed-fleet"])
def world(request: pytest.FixtureRequest) -> World:
    return build_world(request.param, clock=ManualClock())


@pytest.fixture
def client(world: World) -> Iterator[sdk.GlobalSearchV2]:
    world.token_lifetime *= 24 * 365 * 10
    with EmulatorServer(Emulator(world)) as server:
        authenticator = IAMAuthenticator(world.api_key, url=f"{server.url}/iam")
        client = sdk.GlobalSearchV2(authenticator=authenticator)
        client.set_service_url(f"{server.url}/search")
        yield client


def strict(body: dict[str, Any]) -> sdk.ScanResult:
    """A page that its model takes and knows everything of."""
    page = sdk.ScanResult.from_dict(body)
    assert page.to_dict() == body
    return page


def pages(client: sdk.GlobalSearchV2, **first: Any) -> Iterator[sdk.ScanResult]:  # noqa: ANN401 - as the SDK takes it
    """Every page of a search, as IBM's documentation says to go on."""
    page = strict(client.search(**first).get_result())
    while page.items:
        yield page
        more = client.search(search_cursor=page.search_cursor, limit=first["limit"])
        page = strict(more.get_result())


def test_every_page_passes_the_models(world: World, client: sdk.GlobalSearchV2) -> None:
    found = [
        item
        for page in pages(client, query="*", fields=["*"], limit=25, account_id=world.account_id)
        for item in page.items
    ]

    assert [item.crn for item in found] == sorted(server.crn for server in world.servers())
    assert all(isinstance(item.tags, list) for item in found)
    assert {item.type for item in found} == {"instance", "bare-metal-server"}
    assert {(item.family, item.service_name) for item in found} == {("is", "is")}


def test_a_query_by_tag_gives_the_fields_asked_for(client: sdk.GlobalSearchV2) -> None:
    query = 'family:is AND type:instance AND tags:"env:prod"'
    items = [
        item.to_dict()
        for page in pages(client, query=query, fields=["name", "tags"], limit=10)
        for item in page.items
    ]

    assert items
    assert all(item.keys() == {"crn", "name", "tags"} for item in items)
    assert all("env:prod" in item["tags"] for item in items)


def test_a_refusal_reaches_the_sdk_with_its_message(client: sdk.GlobalSearchV2) -> None:
    with pytest.raises(ApiException) as caught:
        client.search(query="name:(")

    assert caught.value.status_code == 400
    assert str(caught.value.message).startswith("The query cannot be parsed")
