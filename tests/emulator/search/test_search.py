"""The emulated Global Search: who is let in, what is found, page by page, and how late."""

import json
from datetime import timedelta

import pytest
from werkzeug.test import Client

from tests.emulator.caller import Caller, body_of
from tests.emulator.search.caller import SearchCaller, refusal_of
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.faults import parse_fault
from vpcmetactl.emulator.fleet import Fleet
from vpcmetactl.emulator.loading import load_recorded
from vpcmetactl.emulator.search.handlers import NOT_EMULATED
from vpcmetactl.emulator.world import World


@pytest.fixture
def search(app: Emulator) -> SearchCaller:
    return SearchCaller(app)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer rubbish"])
def test_every_search_needs_a_token_of_the_account(search: SearchCaller, header: str) -> None:
    search.headers["Authorization"] = header
    assert refusal_of(search.call({})) == (401, "unauthorized")


def test_tokens_end_as_for_the_other_apis(search: SearchCaller, clock: ManualClock) -> None:
    clock.advance(timedelta(hours=1))
    assert refusal_of(search.call({})) == (401, "unauthorized")


def test_by_default_ten_are_told_with_five_fields(search: SearchCaller) -> None:
    page = search.page({})

    assert (len(page["items"]), page["limit"]) == (10, 10)
    assert all(
        item.keys() == {"account_id", "name", "type", "family", "crn"} for item in page["items"]
    )
    assert {item["account_id"] for item in page["items"]} == {search.app.world.account_id}


def test_the_fields_asked_for_are_told_and_the_crn_always(search: SearchCaller) -> None:
    [item] = search.page({"query": "name:web-1", "fields": ["tags", "region"]})["items"]
    assert item == {
        "crn": search.app.world.find_servers("web-1")[0].crn,
        "tags": ["env:prod"],
        "region": "us-south-1",
    }
    [everything] = search.page({"query": "name:web-1", "fields": ["*"]})["items"]
    assert {"crn", "tags", "resource_group_id", "service_name"} <= everything.keys()


def test_servers_are_found_by_tag_in_every_region_and_of_both_kinds(search: SearchCaller) -> None:
    found = search.names(
        'family:is AND (type:instance OR type:"bare-metal-server") AND (tags:"env:prod")'
    )

    assert {"web-1", "db-eu-1", "metal-1", "container-host-1"} <= found
    assert {"queue-1", "scratch"}.isdisjoint(found)
    assert search.names('tags:"ENV:LAB"') == {"gpu-train-1", "cache-1", "mainframe-1", "scratch"}
    assert search.tags("db-1") == ["env:prod", "team:data"]
    assert search.tags("legacy-1") == []


@pytest.mark.parametrize("limit", [1, 7, 42, 1000])
def test_pages_hold_everything_once_in_order_and_end_with_an_empty_one(
    search: SearchCaller, limit: int
) -> None:
    *pages, last = search.pages("*", limit=limit)
    crns = [item["crn"] for page in pages for item in page["items"]]

    assert (last, [len(page["items"]) for page in pages[:-1]]) == (
        {"items": [], "limit": limit},
        [limit] * (len(pages) - 1),
    )
    assert crns == sorted({server.crn for server in search.app.world.servers()})


def test_a_page_may_be_asked_for_again_and_the_query_beside_a_cursor_is_ignored(
    search: SearchCaller,
) -> None:
    cursor = search.page({"query": 'tags:"env:prod"', "fields": ["name"]}, limit=3)["search_cursor"]
    once = search.page({"search_cursor": cursor}, limit=3)

    assert search.page({"search_cursor": cursor, "query": "name:queue-1"}, limit=3) == once
    assert len(once["items"]) == 3


@pytest.mark.parametrize("cursor", ["", "rubbish", "e30=", "é"])
def test_a_cursor_that_was_not_given_is_refused(search: SearchCaller, cursor: str) -> None:
    assert refusal_of(search.call({"search_cursor": cursor})) == (400, "bad_request")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": 0}, 400),
        ({"limit": 1001}, 400),
        ({"limit": "ten"}, 400),
        ({"limit": -1}, 400),
        ({"timeout": "soon"}, 400),
        ({"offset": 10}, 400),
        ({"account_id": "0" * 32}, 403),
        *(({name: "x"}, 501) for name in sorted(NOT_EMULATED)),
    ],
)
def test_parameters_are_checked(
    search: SearchCaller, query: dict[str, object], status: int
) -> None:
    assert refusal_of(search.call({}, query=query))[0] == status


def test_a_parameter_that_is_given_twice_is_refused(search: SearchCaller) -> None:
    url = "/search/v3/resources/search?limit=1&limit=2"
    answer = Client(search.app).post(url, headers=search.headers, json={})
    assert refusal_of(answer)[0] == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"query": "name:("}, 400),
        ({"query": 1}, 400),
        ({"querry": "*"}, 400),
        ({"fields": "crn"}, 400),
        ([], 400),
        ({"query": "web*"}, 501),
        ({"fields": ["doc.ip"]}, 501),
    ],
)
def test_what_is_asked_is_checked(search: SearchCaller, body: object, status: int) -> None:
    assert refusal_of(search.call(body))[0] == status


def test_a_body_is_json_in_utf_8(search: SearchCaller) -> None:
    url = "/search/v3/resources/search"
    form = search.client.post(url, headers=search.headers, data={"query": "*"})
    assert refusal_of(form) == (415, "unsupported_media_type")
    bytes_ = search.client.post(
        url, headers=search.headers, data=b"\xff", content_type="application/json"
    )
    assert refusal_of(bytes_) == (400, "bad_request")


@pytest.mark.parametrize("path", ["/v2/resources/search", "/v3/resources", "/v3/tags"])
def test_what_is_not_emulated_is_refused_loudly(search: SearchCaller, path: str) -> None:
    answer = search.call({}, path=path)
    assert refusal_of(answer) == (501, "not_emulated")
    assert f"POST {path}" in answer.text


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 429, 500, 502, 503, 504])
def test_faults_come_in_the_envelope_of_the_api(search: SearchCaller, status: int) -> None:
    search.app.set_faults([parse_fault(f"search:{status}")])
    assert refusal_of(search.call({}))[0] == status


def test_answers_name_the_request(search: SearchCaller) -> None:
    given = search.call({}, headers={"X-Request-Id": "mine", "X-Correlation-Id": "ours"})
    assert given.headers["X-Request-Id"] == "mine"
    assert given.headers["X-Correlation-Id"] == "ours"
    refused = search.call({"query": "("})
    assert refused.headers["X-Request-Id"] == body_of(refused)["trace"]


def test_a_tag_is_known_at_once_unless_the_index_lags(
    search: SearchCaller, world: World, clock: ManualClock
) -> None:
    crn = world.find_servers("queue-1")[0].crn
    world.search.tag(crn, "Env:Prod", "blue")
    assert search.tags("queue-1") == ["blue", "env:prod"]

    world.search.lag = timedelta(seconds=30)
    world.search.tag(crn, "green")
    assert search.tags("queue-1") == ["blue", "env:prod"]
    clock.advance(timedelta(seconds=30))
    assert search.tags("queue-1") == ["green"]


def test_tags_and_the_lag_are_steered_over_http(search: SearchCaller, clock: ManualClock) -> None:
    (server,) = search.app.world.find_servers("queue-1")
    path = f"/_emulator/servers/{server.id}"
    assert search.client.put("/_emulator/settings", json={"search_lag": 5}).status_code == 200

    search.client.post(path, json={"tags": ["Blue"]})
    search.client.post(path, json={"tags": [], "after": 10})

    seen = []
    for _ in range(4):
        seen.append(search.tags("queue-1"))
        clock.advance(timedelta(seconds=5))
    assert seen == [[], ["blue"], ["blue"], []]


def test_a_deleted_server_is_found_while_the_index_lags(
    search: SearchCaller, world: World, clock: ManualClock, caller: Caller
) -> None:
    world.search.lag = timedelta(minutes=2)
    web = world.find_servers("web-1")[0]
    world.delete(web)

    assert caller.get(f"/instances/{web.id}").status_code == 404
    assert "web-1" in search.names('tags:"env:prod"')
    clock.advance(timedelta(minutes=2))
    assert "web-1" not in search.names('tags:"env:prod"')


def test_a_server_that_is_in_no_listing_is_found(search: SearchCaller, world: World) -> None:
    hidden = world.find_servers("web-2")[0]
    world.regions["us-south"].instances.hide(hidden.id)

    assert "web-2" in search.names('tags:"env:prod"')


@pytest.mark.parametrize(
    ("rights", "types"),
    [
        ((), set()),
        (("is.instance.instance.read",), {"instance"}),
        (("is.bare-metal-server.bare-metal-server.read",), {"bare-metal-server"}),
        (("viewer",), {"instance", "bare-metal-server"}),
    ],
    ids=["none", "instances", "bare metal", "both"],
)
def test_a_profile_finds_what_it_may_read_and_nothing_else(
    search: SearchCaller, world: World, rights: tuple[str, ...], types: set[str]
) -> None:
    profile = world.trust.add_profile("searcher", roles=rights)
    search.headers["Authorization"] = f"Bearer {world.iam.issue_token(profile).text}"

    page = search.page({"query": 'tags:"env:prod"'}, limit=1000)

    assert {item["type"] for item in page["items"]} == types


def test_a_reset_brings_back_the_tags_of_the_scenario(search: SearchCaller, world: World) -> None:
    world.search.tag(world.find_servers("web-1")[0].crn)
    assert search.tags("web-1") == []

    search.app.reset()

    assert SearchCaller(search.app).tags("web-1") == ["env:prod"]


def test_servers_may_be_tagged_as_they_are_made(world: World, search: SearchCaller) -> None:
    fleet = Fleet(world)
    server = fleet.instance(fleet.vpc("eu-gb", "new"), "tagged", tags=("Team:Data",))

    assert search.tags("tagged") == ["team:data"]
    assert search.names(f'crn:"{server.crn}"') == {"tagged"}


def test_a_recorded_server_is_known_if_it_has_a_crn(world: World, search: SearchCaller) -> None:
    crn = f"crn:v1:bluemix:public:is:us-south-1:a/{world.account_id}::instance:0717_a"
    zone = {"name": "us-south-1"}
    recorded = [
        {"id": "0717_a", "name": "with", "crn": crn, "zone": zone},
        {"id": "0717_b", "name": "without", "zone": zone},
    ]
    load_recorded(world, json.dumps({"instances": recorded}).encode(), "a file")

    assert search.names(f'crn:"{crn}"') == {"with"}
    assert "without" not in search.names("*")
