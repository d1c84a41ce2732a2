"""What is sent to Global Search about user tags, and what the answers become."""

import json
from collections.abc import Callable, Sequence

import pytest

from tests.ibmcloud.test_faults import PASSING
from tests.support.builders import ACCOUNT
from tests.support.clock import ManualClock
from tests.support.gateways import API_KEY, a_connection, a_gateway
from tests.support.scripted_server import (
    Answer,
    Cut,
    Literal,
    Request,
    Reset,
    ScriptedServer,
    Stall,
    Step,
)
from vpcmetactl.domain.errors import (
    AuthenticationError,
    BadRequestError,
    MalformedResponseError,
    PermissionDeniedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.identifiers import Crn
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.tags import TaggedServer
from vpcmetactl.ibmcloud.gateway import CloudGateway

BOTH = tuple(ServerKind)
WEB = f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::instance:0717_1"
METAL = f"crn:v1:bluemix:public:is:eu-de-2:a/{ACCOUNT}::bare-metal-server:02b7-2"
GROUP = f"crn:v1:bluemix:public:is:us-south:a/{ACCOUNT}::instance-group:r006-3"
WEB_ITEM = {"crn": WEB, "tags": ["Env:Prod", "team:a"], "name": "web-1"}
METAL_ITEM = {"crn": METAL, "tags": ["env:prod"]}
TAGGED_WEB = TaggedServer(Crn.parse(WEB), ("env:prod", "team:a"))
TAGGED_METAL = TaggedServer(Crn.parse(METAL), ("env:prod",))

Call = Callable[[CloudGateway], Sequence[TaggedServer]]


def page(*items: object, cursor: str | None = None) -> Answer:
    body: dict[str, object] = {"items": list(items), "limit": 1000}
    return Answer(body=body if cursor is None else {**body, "search_cursor": cursor})


END = page()
LOST: list[Step] = [
    Reset(),
    Literal(b""),
    Cut(page(METAL_ITEM)),
    Answer(502),
    Answer(200, b"<html>"),
]


def by_tag(gateway: CloudGateway) -> Sequence[TaggedServer]:
    return gateway.search_tags(ACCOUNT, BOTH, ("env:prod", "team data"))


def of_all(gateway: CloudGateway) -> Sequence[TaggedServer]:
    return gateway.search_tags(None, (ServerKind.INSTANCE,))


def ask(steps: Sequence[Step], call: Call) -> tuple[list[Request], Sequence[TaggedServer]]:
    with (
        ScriptedServer(steps) as server,
        a_gateway(a_connection(server.url), ManualClock()) as gateway,
    ):
        found = call(gateway)
    return server.requests, found


def failure(steps: Sequence[Step], call: Call = by_tag) -> VpcmetactlError:
    with pytest.raises(VpcmetactlError) as caught:
        ask(steps, call)
    return caught.value


def test_one_query_asks_for_all_tags_and_both_kinds_and_for_nothing_but_crns_and_tags() -> None:
    [request], _ = ask([page(WEB_ITEM)], by_tag)

    assert (request.method, request.path) == ("POST", "/search/v3/resources/search")
    assert request.query == {"account_id": ACCOUNT, "limit": "1000"}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"].startswith("Bearer ")
    assert json.loads(request.body) == {
        "query": 'family:is AND (type:"instance" OR type:"bare-metal-server") '
        'AND (tags:"env:prod" OR tags:"team data")',
        "fields": ["crn", "tags"],
    }


def test_without_tags_every_server_of_the_kinds_is_asked_for() -> None:
    [request], found = ask([page(WEB_ITEM, {"crn": METAL})], of_all)

    assert request.query == {"limit": "1000"}
    assert json.loads(request.body)["query"] == 'family:is AND (type:"instance")'
    assert list(found) == [TAGGED_WEB, TaggedServer(Crn.parse(METAL), ())]


def test_pages_are_followed_to_an_empty_one_by_the_cursor_alone() -> None:
    steps = [page(WEB_ITEM, cursor="a+/="), page(METAL_ITEM, cursor="b"), page(cursor="c")]
    requests, found = ask(steps, by_tag)

    assert list(found) == [TAGGED_WEB, TAGGED_METAL]
    assert [json.loads(request.body).get("search_cursor") for request in requests] == [
        None,
        "a+/=",
        "b",
    ]
    assert all(json.loads(one.body).keys() == {"search_cursor"} for one in requests[1:])
    assert {request.query["account_id"] for request in requests} == {ACCOUNT}


def test_a_page_without_a_cursor_is_the_last_and_a_short_one_is_not() -> None:
    requests, found = ask([page(WEB_ITEM, cursor="a"), page(METAL_ITEM)], by_tag)

    assert (len(requests), list(found)) == (2, [TAGGED_WEB, TAGGED_METAL])


def test_a_cursor_may_stay_the_same_while_the_pages_move_on() -> None:
    requests, found = ask([page(WEB_ITEM, cursor="a"), page(METAL_ITEM, cursor="a"), END], by_tag)

    assert (len(requests), list(found)) == (3, [TAGGED_WEB, TAGGED_METAL])


def test_a_server_on_two_pages_is_told_once() -> None:
    _, found = ask([page(WEB_ITEM, cursor="a"), page(WEB_ITEM, METAL_ITEM)], by_tag)

    assert list(found) == [TAGGED_WEB, TAGGED_METAL]


def test_what_is_found_and_is_no_server_is_left_out() -> None:
    group = {"crn": GROUP, "tags": ["env:prod"]}
    requests, found = ask([page(group, cursor="a"), page(WEB_ITEM)], by_tag)

    assert (len(requests), list(found)) == (2, [TAGGED_WEB])


def test_pages_that_lead_back_are_malformed() -> None:
    error = failure([page(WEB_ITEM, cursor="a")])

    assert isinstance(error, MalformedResponseError)
    assert "lead back to one that was read" in str(error)


@pytest.mark.parametrize(
    "item",
    [
        {"crn": WEB},
        {"crn": WEB, "tags": None},
        {"crn": WEB, "tags": "env:prod"},
        {"crn": WEB, "tags": [1]},
        {"crn": "crn:v1:nothing", "tags": ["env:prod"]},
        {"crn": None, "tags": ["env:prod"]},
        {"tags": ["env:prod"]},
        "web-1",
    ],
    ids=repr,
)
def test_what_keeps_a_selection_from_being_decided_is_never_passed_over(item: object) -> None:
    error = failure([page(item, METAL_ITEM)])

    assert isinstance(error, MalformedResponseError)
    assert str(error).startswith("cannot find the servers tagged env:prod or team data: ")


@pytest.mark.parametrize("body", [{}, {"items": None}, {"items": {}}, []], ids=repr)
def test_a_page_that_is_none_is_malformed(body: object) -> None:
    assert isinstance(failure([Answer(body=body)]), MalformedResponseError)


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_survived_on_the_first_page(fault: str) -> None:
    requests, found = ask([PASSING[fault], PASSING[fault], page(WEB_ITEM)], by_tag)

    assert (len(requests), list(found)) == (3, [TAGGED_WEB])


@pytest.mark.parametrize("lost", LOST, ids=repr)
def test_a_later_page_that_got_lost_begins_the_search_anew(lost: Step) -> None:
    # A live cursor would have moved on, and what was on the page would be missing.
    first = page(WEB_ITEM, cursor="a")
    requests, found = ask([first, lost, first, page(METAL_ITEM)], by_tag)

    assert list(found) == [TAGGED_WEB, TAGGED_METAL]
    assert ["query" in json.loads(request.body) for request in requests] == [
        True,
        False,
        True,
        False,
    ]


def test_a_search_that_keeps_breaking_off_is_given_up() -> None:
    first = page(WEB_ITEM, cursor="a")
    error = failure([first, Answer(500), first, Answer(500), first, Answer(500)])

    assert isinstance(error, UnavailableError)
    assert error.status == 500


def test_a_later_page_that_was_turned_away_at_the_door_is_asked_for_again() -> None:
    steps = [page(WEB_ITEM, cursor="a"), Answer(429), Answer(401), page(METAL_ITEM)]
    requests, found = ask(steps, by_tag)

    assert list(found) == [TAGGED_WEB, TAGGED_METAL]
    assert [json.loads(request.body).get("search_cursor") for request in requests] == [
        None,
        "a",
        "a",
        "a",
    ]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, BadRequestError),
    ],
)
def test_a_refusal_is_told_whatever_envelope_it_comes_in(
    status: int, kind: type[VpcmetactlError]
) -> None:
    # None is documented.
    body = {"errors": [{"code": "x", "message": "Not so."}], "trace": "t-1"}
    error = failure([Answer(status, body)])

    assert type(error) is kind
    assert str(error).startswith(
        f"cannot find the servers tagged env:prod or team data: Not so (HTTP {status}, x"
    )
    assert (error.trace, error.status, error.region) == ("t-1", status, None)
    assert type(failure([Answer(status, b"<html>")])) is kind


def test_a_missing_right_is_told_with_what_shows_a_server_its_reader() -> None:
    error = failure([Answer(403)], of_all)

    assert str(error).startswith("cannot read the tags of servers: ")
    assert (error.hint or "").startswith(
        "the IAM action is.instance.instance.read is needed to see the tags of an instance, and "
        "is.bare-metal-server.bare-metal-server.read those of a bare metal server; "
    )


def test_an_answer_that_stalls_is_bounded_as_every_other() -> None:
    with (
        ScriptedServer([Stall(page(WEB_ITEM))]) as server,
        a_gateway(a_connection(server.url, timeout=0.3)) as gateway,
        pytest.raises(UnavailableError),
    ):
        by_tag(gateway)
    assert "timeout" not in server.requests[0].query


def test_the_key_stays_out_of_what_is_told() -> None:
    body = {"errors": [{"code": "x", "message": f"No such key: {API_KEY}"}]}

    assert API_KEY not in str(failure([Answer(400, body)]))
