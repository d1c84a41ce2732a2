from datetime import timedelta
from typing import Any

import pytest

from tests.emulator.caller import MERGE_PATCH, Caller, body_of, error_of
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.demo import SECURE_ONLY
from vpcmetactl.emulator.vpc.resources import Instance

MINUTE = timedelta(minutes=1)
ON = {"metadata_service": {"enabled": True}}


def test_any_part_of_the_metadata_service_may_be_sent_alone(caller: Caller) -> None:
    path = caller.path_of("web-1")
    before = caller.find(path)
    seen = [
        body_of(caller.patch(path, {"metadata_service": part}))["metadata_service"]
        for part in ({"enabled": True}, {"protocol": "https"}, {"response_hop_limit": 64})
    ]
    assert seen == [
        {"enabled": True, "protocol": "http", "response_hop_limit": 1},
        {"enabled": True, "protocol": "https", "response_hop_limit": 1},
        {"enabled": True, "protocol": "https", "response_hop_limit": 64},
    ]
    assert caller.find(path) == {**before, "metadata_service": seen[-1]}


def test_an_empty_patch_changes_nothing(caller: Caller) -> None:
    path = caller.path_of("web-1")
    before = caller.get(path)
    patches: tuple[dict[str, object], ...] = ({}, {"metadata_service": {}})
    for patch in patches:
        answer = caller.patch(path, patch)
        assert (answer.status_code, answer.data) == (200, before.data)


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a hop limit of 65": (
        {"metadata_service": {"response_hop_limit": 65}},
        "validation_max_value",
        "metadata_service.response_hop_limit",
    ),
    "a hop limit of 0": (
        {"metadata_service": {"response_hop_limit": 0}},
        "validation_min_value",
        "metadata_service.response_hop_limit",
    ),
    "a hop limit in words": (
        {"metadata_service": {"response_hop_limit": "two"}},
        "validation_invalid_field_type",
        "metadata_service.response_hop_limit",
    ),
    "a hop limit of true": (
        {"metadata_service": {"response_hop_limit": True}},
        "validation_invalid_field_type",
        "metadata_service.response_hop_limit",
    ),
    "a hop limit with a fraction": (
        {"metadata_service": {"response_hop_limit": 1.5}},
        "validation_invalid_field_type",
        "metadata_service.response_hop_limit",
    ),
    "the protocol ftp": (
        {"metadata_service": {"protocol": "ftp"}},
        "validation_enum",
        "metadata_service.protocol",
    ),
    "the protocol HTTPS": (
        {"metadata_service": {"protocol": "HTTPS"}},
        "validation_enum",
        "metadata_service.protocol",
    ),
    "a protocol that is a number": (
        {"metadata_service": {"protocol": 1}},
        "validation_invalid_field_type",
        "metadata_service.protocol",
    ),
    "enabled as a string": (
        {"metadata_service": {"enabled": "true"}},
        "validation_invalid_field_type",
        "metadata_service.enabled",
    ),
    "enabled as null": (
        {"metadata_service": {"enabled": None}},
        "validation_invalid_field_type",
        "metadata_service.enabled",
    ),
    "a metadata service of null": (
        {"metadata_service": None},
        "validation_invalid_field_type",
        "metadata_service",
    ),
    "an unknown part": (
        {"metadata_service": {"hops": 1}},
        "unknown_field",
        "metadata_service.hops",
    ),
    "an unknown field": ({"metadata": True}, "unknown_field", "metadata"),
    "a name in capitals": ({"name": "Web"}, "validation_pattern", "name"),
    "a name that ends with a hyphen": ({"name": "web-"}, "validation_pattern", "name"),
    "a name with a line break": ({"name": "web\n"}, "validation_pattern", "name"),
    "a name of 64 characters": ({"name": "x" * 64}, "validation_max_length", "name"),
    "a name that is a number": ({"name": 1}, "validation_invalid_field_type", "name"),
    "a name another one has": ({"name": "web-2"}, "validation_unique_failed", "name"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_patch_is_refused_with_its_field_named_and_changes_nothing(
    caller: Caller, case: str
) -> None:
    patch, code, field = REFUSED[case]
    path = caller.path_of("web-1")
    before = caller.get(path)
    assert error_of(caller.patch(path, patch)) == (400, [(code, field)])
    assert caller.get(path).data == before.data


def test_every_fault_of_a_patch_is_reported_at_once(caller: Caller) -> None:
    patch = {"metadata_service": {"enabled": 1, "protocol": "ftp", "response_hop_limit": 99}}
    assert error_of(caller.patch(caller.path_of("web-1"), patch)) == (
        400,
        [
            ("validation_invalid_field_type", "metadata_service.enabled"),
            ("validation_enum", "metadata_service.protocol"),
            ("validation_max_value", "metadata_service.response_hop_limit"),
        ],
    )


def test_bare_metal_has_no_hop_limit(caller: Caller) -> None:
    patch = {"metadata_service": {"response_hop_limit": 1}}
    answer = caller.patch(caller.path_of("metal-1"), patch)
    assert error_of(answer) == (400, [("unknown_field", "metadata_service.response_hop_limit")])


def test_bare_metal_takes_the_other_parts_and_a_name(caller: Caller) -> None:
    path = caller.path_of("metal-1")
    patch = {"metadata_service": {"enabled": False, "protocol": "http"}, "name": "iron"}
    body = body_of(caller.patch(path, patch))
    assert (body["name"], body["metadata_service"]) == (
        "iron",
        {"enabled": False, "protocol": "http"},
    )
    assert caller.find(path) == body


@pytest.mark.parametrize(
    ("server", "field"), [("web-1", "profile"), ("metal-1", "bandwidth"), ("web-1", "vcpu")]
)
def test_a_documented_field_that_is_not_emulated_says_so(
    caller: Caller, server: str, field: str
) -> None:
    answer = caller.patch(caller.path_of(server), {field: {}, **ON})
    assert error_of(answer) == (501, [("not_emulated", field)])


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", None])
def test_a_patch_must_be_a_merge_patch(caller: Caller, content_type: str | None) -> None:
    path = caller.path_of("web-1")
    answer = caller.call("PATCH", path, data=b"{}", content_type=content_type)
    assert error_of(answer) == (415, [("unsupported_media_type", "Content-Type")])


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"name":"\xff"}', b'"text"'])
def test_a_body_that_is_no_object_is_refused(caller: Caller, body: bytes) -> None:
    path = caller.path_of("web-1")
    answer = caller.call("PATCH", path, data=body, content_type=MERGE_PATCH)
    assert error_of(answer) == (400, [("invalid_request", None)])


def test_allowed_use_forbids_what_the_boot_volume_says(caller: Caller) -> None:
    path = caller.path_of("db-1")
    for patch in ({"enabled": False}, {"protocol": "http"}):
        answer = caller.patch(path, {"metadata_service": patch})
        assert error_of(answer) == (400, [("bad_field", "metadata_service")])
        assert SECURE_ONLY in body_of(answer)["errors"][0]["message"]
    allowed = caller.patch(path, {"metadata_service": {"response_hop_limit": 3}})
    assert allowed.status_code == 200
    assert caller.patch(path, {"name": "database-1"}).status_code == 200


def test_the_volume_shows_the_expression_that_forbids(caller: Caller) -> None:
    instance = caller.find(caller.path_of("db-1"))
    volume = caller.find(f"/volumes/{instance['boot_volume_attachment']['volume']['id']}")
    assert volume["allowed_use"]["instance"] == SECURE_ONLY
    free = caller.find(caller.path_of("web-1"))["boot_volume_attachment"]["volume"]["id"]
    assert caller.find(f"/volumes/{free}")["allowed_use"]["instance"] == "true"


def test_s390x_cannot_have_the_service(caller: Caller) -> None:
    answer = caller.patch(caller.path_of("mainframe-1"), ON)
    assert error_of(answer) == (400, [("bad_field", "metadata_service.enabled")])


def test_a_server_that_is_being_deleted_takes_no_change(caller: Caller) -> None:
    caller.region = "au-syd"
    assert error_of(caller.patch(caller.path_of("leaving"), ON)) == (409, [("invalid_state", None)])


@pytest.mark.parametrize("server", ["web-5", "gpu-train-1"])
def test_a_stopped_server_can_be_changed(caller: Caller, server: str) -> None:
    assert caller.patch(caller.path_of(server), ON).status_code == 200


def test_the_etag_is_weak_and_changes_with_the_instance(caller: Caller) -> None:
    path = caller.path_of("web-1")
    first = caller.get(path).headers["ETag"]
    assert first.startswith('W/"')
    assert caller.get(path).headers["ETag"] == first
    changed = caller.patch(path, ON).headers["ETag"]
    assert changed != first
    assert caller.get(path).headers["ETag"] == changed


def test_if_match_lets_only_the_current_etag_pass(caller: Caller) -> None:
    path = caller.path_of("web-1")
    old = caller.get(path).headers["ETag"]
    headers = {"If-Match": old}
    assert caller.patch(path, ON, **headers).status_code == 200
    stale = caller.patch(path, {"metadata_service": {"protocol": "https"}}, **headers)
    assert error_of(stale) == (412, [("precondition_failed", "If-Match")])
    assert caller.find(path)["metadata_service"]["protocol"] == "http"
    current = caller.get(path).headers["ETag"]
    for fresh in (current, f'"other", {current}', "*"):
        assert caller.patch(path, {}, **{"If-Match": fresh}).status_code == 200


def test_bare_metal_has_no_etag_and_does_not_look_at_if_match(caller: Caller) -> None:
    path = caller.path_of("metal-1")
    assert "ETag" not in caller.get(path).headers
    answer = caller.patch(path, ON, **{"If-Match": 'W/"stale"'})
    assert (answer.status_code, "ETag" in answer.headers) == (200, False)


def test_who_does_not_exist_cannot_be_changed(caller: Caller) -> None:
    for path in ("/instances/0717_none", "/bare_metal_servers/0717-none"):
        assert error_of(caller.patch(path, ON)) == (404, [("not_found", "id")])


def test_a_server_of_another_region_does_not_exist_here(caller: Caller, frankfurt: Caller) -> None:
    assert error_of(frankfurt.get(caller.path_of("web-1"))) == (404, [("not_found", "id")])


def test_first_enabling_one_created_without_the_service_is_remembered(
    caller: Caller, clock: ManualClock
) -> None:
    (server,) = caller.app.world.find_servers("web-1")
    assert isinstance(server, Instance)
    path, needs_restart = caller.path_of("web-1"), caller.app.world.needs_restart
    assert not needs_restart(server)
    caller.patch(path, ON)
    assert needs_restart(server)
    for action in ("stop", "start"):
        caller.post(f"{path}/actions", {"type": action})
        clock.advance(MINUTE)
    assert not needs_restart(server)
    caller.patch(path, {"metadata_service": {"enabled": False}})
    caller.patch(path, ON)
    assert not needs_restart(server)
