"""Errors that the platform was seen to give, through our reading of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.recorded.recordings import FOLDER, document, needs_recordings
from tests.support.clock import ManualClock
from tests.support.gateways import a_connection, a_gateway
from tests.support.scripted_server import Answer, ScriptedServer
from vpcmetactl.domain.errors import BadRequestError, PermissionDeniedError, VpcmetactlError
from vpcmetactl.domain.selection import ApiFilters
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.ibmcloud.wire.complaints import Complaint, complaint_from_wire
from vpcmetactl.usecases.ports import PageQuery

pytestmark = needs_recordings


def quoted() -> list[dict[str, Any]]:
    path = FOLDER / "errors/quoted_in_threads.json"
    found: list[dict[str, Any]] = json.loads(path.read_bytes()) if path.is_file() else []
    return [entry for entry in found if entry["kind"] == "raw wire body"]


def error_of(answer: Answer) -> VpcmetactlError:
    """What comes of an answer to a listing of us-east's instances."""
    query = PageQuery("us-east", ServerKind.INSTANCE, ApiFilters())
    with (
        ScriptedServer([answer]) as server,
        a_gateway(a_connection(server.url), ManualClock()) as gateway,
        pytest.raises(VpcmetactlError) as caught,
    ):
        gateway.list_page(query)
    return caught.value


def test_the_recorded_refusal_is_told_with_message_code_field_and_trace() -> None:
    recorded = document("errors/GET__v1_instances__400__01.json")["response"]
    headers = {name: values[0] for name, values in recorded["headers"].items()}
    error = error_of(Answer(400, recorded["body_raw"].encode(), headers))
    (complaint,) = recorded["body"]["errors"]
    assert type(error) is BadRequestError
    assert (error.status, error.region, error.trace) == (400, "us-east", recorded["body"]["trace"])
    assert str(error) == (
        f"cannot list instances in us-east: {complaint['message'].rstrip('.')} "
        "(HTTP 400, invalid_version, field version)"
    )


def test_a_quoted_refusal_of_rights_is_told_with_its_trace_and_the_right_that_is_needed() -> None:
    (entry,) = [e for e in quoted() if e["body"]["errors"][0]["code"] == "not_authorized"]
    error = error_of(Answer(403, entry["body"]))
    assert type(error) is PermissionDeniedError
    assert error.trace == entry["body"]["trace"]
    assert str(error) == (
        "cannot list instances in us-east: The request is not authorized (HTTP 403, not_authorized)"
    )
    assert error.hint is not None
    assert "is.instance.instance.list" in error.hint


@pytest.mark.parametrize("entry", quoted(), ids=lambda entry: entry["body"]["errors"][0]["code"])
def test_a_quoted_body_gives_code_message_and_trace(entry: dict[str, Any]) -> None:
    (error,) = entry["body"]["errors"]
    assert complaint_from_wire(json.dumps(entry["body"]).encode(), {}) == Complaint(
        code=error["code"],
        message=error["message"],
        target=error.get("target", {}).get("name"),
        trace=entry["body"]["trace"],
    )


def test_there_are_error_bodies_to_look_at() -> None:
    assert Path(FOLDER / "errors").is_dir()
    assert len(quoted()) == 2
