"""Which paths a server has with which version, and what a version may be."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.caller import error_of
from tests.emulator.guest.inside import FLAVOR, TODAY, TOKEN, Inside, the_server
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import EPOCH, ManualClock
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.world import World

OLD_TOKEN = "/instance_identity/v1/token"
PAIRS = {
    TOKEN: ("PUT", OLD_TOKEN),
    "/identity/v1/iam_tokens": ("POST", "/instance_identity/v1/iam_token"),
    "/identity/v1/certificates": ("POST", "/instance_identity/v1/certificates"),
}


@pytest.fixture
def inside(app: Emulator) -> Inside:
    return Inside(app, the_server(app.world, "web-2"))


@pytest.fixture
def metal(app: Emulator) -> Inside:
    return Inside(app, the_server(app.world, "metal-2"))


def status(inside: Inside, path: str, version: str, method: str = "PUT") -> int:
    headers = {**FLAVOR, "Authorization": f"Bearer {inside.token()}"}
    answer = inside.call(method, path, query={"version": version}, headers=headers)
    return answer.status_code


@pytest.mark.parametrize(
    ("version", "code"),
    [
        (None, "missing_value"),
        ("", "invalid_value"),
        ("today", "invalid_value"),
        ("2026-1-1", "invalid_value"),
        ("2026-02-30", "invalid_value"),
        ("٢٠٢٦-01-01", "invalid_value"),
        ("2022-02-28", "invalid_value"),
        ("2026-11-22", "invalid_value"),
    ],
)
def test_a_version_is_a_date_from_the_first_release_to_today(
    inside: Inside, version: str | None, code: str
) -> None:
    for path in (TOKEN, "/metadata/v1/instance"):
        method = "PUT" if path == TOKEN else "GET"
        answer = inside.call(method, path, query={"version": version}, headers=FLAVOR)
        assert error_of(answer) == (400, [(code, "version")])


@pytest.mark.parametrize("version", ["2022-03-01", "2025-08-25", "2025-08-26", TODAY])
def test_the_first_and_the_last_version_are_versions(inside: Inside, version: str) -> None:
    assert status(inside, TOKEN, version) == 200


@given(day=st.dates(date(2022, 3, 1), EPOCH.date()))
def test_the_old_paths_end_with_a_version_and_the_new_ones_have_every(day: date) -> None:
    inside = Inside(_APP, the_server(_APP.world, "web-2"))
    assert status(inside, TOKEN, f"{day}") == 200
    assert status(inside, OLD_TOKEN, f"{day}") == (200 if day <= date(2025, 8, 25) else 404)


_APP = Emulator(build_world("demo", clock=ManualClock()))


@pytest.mark.parametrize("new", PAIRS)
def test_each_identity_operation_has_both_paths(inside: Inside, new: str) -> None:
    method, old = PAIRS[new]
    for path, version, there in (
        (new, "2022-03-01", True),
        (new, "2025-08-26", True),
        (old, "2025-08-25", True),
        (old, "2025-08-26", False),
    ):
        inside.app.clear_requests()
        assert (status(inside, path, version, method) != 404) == there
        (record,) = inside.app.requests[1:]
        assert record.operation is not None
        assert record.operation.startswith("create_")


@pytest.mark.parametrize("new", PAIRS)
def test_bare_metal_has_the_new_paths_only(metal: Inside, new: str) -> None:
    method, old = PAIRS[new]
    for version in ("2022-03-01", "2025-08-25", "2025-08-26", TODAY):
        assert status(metal, new, version, method) != 404
        assert status(metal, old, version, method) == 404


def test_bare_metal_has_no_metadata(metal: Inside) -> None:
    for path in ("/instance", "/instance/initialization", "/keys"):
        assert error_of(metal.ask(path)) == (404, [("not_found", None)])


def test_software_attachments_came_with_a_version(inside: Inside) -> None:
    path = "/instance/software_attachments"
    assert inside.ask(path, version="2026-06-22").status_code == 404
    assert inside.find(path, version="2026-06-23") == {"software_attachments": []}
    assert inside.find("/instance", version="2026-06-22")["software_attachments"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", TOKEN),
        ("PUT", "/identity/v1/tokens"),
        ("POST", "/identity/v1/iam_token"),
        ("GET", "/metadata/v1"),
        ("GET", "/metadata/v1/instances"),
        ("GET", "/metadata/v1/instance/disks"),
        ("POST", "/metadata/v1/keys"),
        ("GET", "/"),
    ],
)
def test_any_other_path_or_method_is_not_found(inside: Inside, method: str, path: str) -> None:
    answer = inside.call(method, path, headers=FLAVOR)
    assert error_of(answer) == (404, [("not_found", None)])
    assert inside.app.requests[-1].operation is None


def test_parameters_that_nobody_knows_are_refused(inside: Inside) -> None:
    for path in ("/keys", "/placement_groups"):
        answer = inside.call("GET", f"/metadata/v1{path}", query={"colour": "red"})
        assert error_of(answer) == (400, [("unknown_field", "colour")])
    assert error_of(inside.ask("/keys", limit="1")) == (400, [("unknown_field", "limit")])
    twice = Inside(inside.app, inside.server)
    url = f"/guest/{twice.server.id}{TOKEN}?version={TODAY}&version=2022-03-01"
    assert error_of(twice.client.put(url)) == (400, [("invalid_value", "version")])


def test_what_ibms_examples_send_besides_is_let_through(inside: Inside) -> None:
    assert inside.ask("/keys", generation="2", maturity="beta").status_code == 200


def test_the_day_begins_at_midnight_utc(world: World, clock: ManualClock) -> None:
    inside = Inside(Emulator(world), the_server(world, "web-2"))
    tomorrow = (EPOCH + timedelta(days=1)).date()
    query = {"version": f"{tomorrow}"}
    clock.advance(timedelta(hours=11, minutes=59, seconds=59))
    assert inside.call("PUT", TOKEN, query=query, headers=FLAVOR).status_code == 400
    clock.advance(timedelta(seconds=1))
    assert inside.call("PUT", TOKEN, query=query, headers=FLAVOR).status_code == 200


def test_a_server_nobody_knows_has_no_path_at_all(inside: Inside) -> None:
    answer = inside.client.put(f"/guest/none{TOKEN}?version={TODAY}", headers=FLAVOR)
    assert error_of(answer) == (404, [("not_found", "server_id")])
    assert "The emulator has no server of this id" in answer.text
