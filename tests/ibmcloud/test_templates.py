"""What is asked about instance templates and groups, and what the answers become."""

from typing import Any

import pytest

from tests.support.gateways import a_connection, a_gateway
from tests.support.scripted_server import Answer, ScriptedServer, Step
from vpcmetactl.domain.errors import (
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    VpcmetactlError,
)
from vpcmetactl.domain.servers import MetadataService
from vpcmetactl.domain.trust import DefaultProfile
from vpcmetactl.ibmcloud.gateway import CloudGateway

VERSION = {"version": "2025-08-26", "generation": "2"}
TEMPLATE = {
    "id": "0717-t",
    "name": "worker",
    "crn": "crn:v1:bluemix:public:is:us-south-1:a/acct::instance-template:0717-t",
    "zone": {"name": "us-south-1"},
    "profile": {"name": "bx2-2x8"},
    "vpc": {"id": "r006-v"},
    "user_data": 5,
}
GROUP = {"id": "r006-g", "name": "workers", "instance_template": {"id": "0717-t"}}


def test_templates_are_asked_for_without_paging_parameters() -> None:
    answer = Answer(body={"templates": [TEMPLATE], "total_count": 1, "limit": 50})
    with ScriptedServer([answer]) as server, a_gateway(a_connection(server.url)) as gateway:
        [found] = gateway.list_templates("us-south")
    assert (found.id, found.name, found.account_id) == ("0717-t", "worker", "acct")
    assert (found.metadata_service, found.default_trusted_profile) == (None, None)
    assert [(one.method, one.path, dict(one.query)) for one in server.requests] == [
        ("GET", "/vpc/us-south/v1/instance/templates", VERSION)
    ]


def test_a_next_page_that_is_there_all_the_same_is_read() -> None:
    answers = [
        Answer(body={"templates": [TEMPLATE], "next": {"href": "https://x/y?limit=1&start=s2"}}),
        Answer(body={"templates": [{"id": "0717-u"}]}),
    ]
    with ScriptedServer(answers) as server, a_gateway(a_connection(server.url)) as gateway:
        found = gateway.list_templates("us-south")
    assert [one.id for one in found] == ["0717-t", "0717-u"]
    assert dict(server.requests[1].query) == {**VERSION, "start": "s2"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, MetadataService()),
        ({"protocol": "https", "new": 1}, MetadataService(protocol="https")),
        (
            {"enabled": True, "response_hop_limit": 2},
            MetadataService(enabled=True, response_hop_limit=2),
        ),
    ],
)
def test_the_service_may_be_said_in_parts(said: object, expected: MetadataService) -> None:
    body = {"templates": [{**TEMPLATE, "metadata_service": said}]}
    with ScriptedServer([Answer(body=body)]) as server, a_gateway(a_connection(server.url)) as it:
        [found] = it.list_templates("us-south")
    assert found.metadata_service == expected


def test_a_default_profile_may_be_told_by_its_crn() -> None:
    default = {"target": {"crn": "crn:p"}}
    body = {"templates": [{**TEMPLATE, "default_trusted_profile": default}]}
    with ScriptedServer([Answer(body=body)]) as server, a_gateway(a_connection(server.url)) as it:
        [found] = it.list_templates("us-south")
    assert found.default_trusted_profile == DefaultProfile(None, "crn:p", None)


def test_groups_are_read_page_by_page() -> None:
    second = {**GROUP, "id": "r006-h", "membership_count": 3}
    answers = [
        Answer(body={"instance_groups": [GROUP], "next": {"href": "https://x?start=s2"}}),
        Answer(body={"instance_groups": [second]}),
    ]
    with ScriptedServer(answers) as server, a_gateway(a_connection(server.url)) as gateway:
        found = gateway.list_groups("us-south")
    assert {key: [group.id for group in groups] for key, groups in found.items()} == {
        "0717-t": ["r006-g", "r006-h"]
    }
    assert [dict(one.query) for one in server.requests] == [
        {**VERSION, "limit": "100"},
        {**VERSION, "limit": "100", "start": "s2"},
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"templates": [{"name": "no id"}]},
        {"templates": [{**TEMPLATE, "metadata_service": {"enabled": "yes"}}]},
        {"templates": [{**TEMPLATE, "metadata_service": True}]},
        {"templates": [], "next": {"href": "https://x"}},
    ],
)
def test_what_is_not_as_documented_is_never_taken_for_what_is_absent(body: object) -> None:
    error = _failure([Answer(body=body)], "list_templates", "us-south")
    assert isinstance(error, MalformedResponseError)


@pytest.mark.parametrize(
    "group", [{"id": "g"}, {"id": "g", "instance_template": {}}, {"instance_template": GROUP}]
)
def test_a_group_must_name_itself_and_its_template(group: object) -> None:
    error = _failure([Answer(body={"instance_groups": [group]})], "list_groups", "us-south")
    assert isinstance(error, MalformedResponseError)


def test_pages_that_go_round_in_a_circle_end() -> None:
    page = Answer(body={"templates": [], "next": {"href": "https://x?start=s"}})
    error = _failure([page, page, page], "list_templates", "us-south")
    assert isinstance(error, MalformedResponseError)


@pytest.mark.parametrize(
    ("method", "words", "action"),
    [
        ("list_templates", "list instance templates", "is.instance.instance-template.read"),
        ("list_groups", "list instance groups", "is.instance-group.instance-group.read"),
    ],
)
def test_a_refusal_names_the_action(method: str, words: str, action: str) -> None:
    refused = Answer(403, {"errors": [{"code": "not_authorized", "message": "No."}]})
    error = _failure([refused], method, "us-south")
    assert isinstance(error, PermissionDeniedError)
    assert f"cannot {words} in us-south" in str(error)
    assert action in (error.hint or "")


def test_a_whole_template_is_handed_on_as_it_is() -> None:
    body = {**TEMPLATE, "user_data": "secret", "new_thing": {"a": [1, 2.5, None]}}
    with ScriptedServer([Answer(body=body)]) as server, a_gateway(a_connection(server.url)) as it:
        assert it.get_template_body("us-south", "0717-t") == body


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(404, {"errors": [{"code": "not_found", "message": "No."}]}), NotFoundError),
        (Answer(body={**TEMPLATE, "id": "0717-other"}), MalformedResponseError),
        (Answer(body={}), MalformedResponseError),
        (Answer(body=[]), MalformedResponseError),
    ],
)
def test_another_template_than_was_asked_for_is_refused(
    answer: Answer, error: type[VpcmetactlError]
) -> None:
    found = _failure([answer], "get_template_body", "us-south", "0717-t")
    assert isinstance(found, error)
    assert "secret" not in str(found)


def _failure(answers: list[Step], method: str, *arguments: str) -> VpcmetactlError:
    with ScriptedServer(answers) as server, a_gateway(a_connection(server.url)) as gateway:
        read: Any = getattr(CloudGateway, method)
        with pytest.raises(VpcmetactlError) as caught:
            read(gateway, *arguments)
    return caught.value
