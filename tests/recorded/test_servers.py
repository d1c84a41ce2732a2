"""Every recorded server lists, shows and audits, and what it does not say is not made up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recorded.recordings import (
    Body,
    Recorded,
    RecordedCloud,
    files,
    needs_recordings,
    servers_in,
    serving,
)

pytestmark = needs_recordings

FORMATS = ("table", "wide", "jsonl", "csv", "markdown", "ids")


@pytest.fixture(params=files(), ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    recording: Path = request.param
    return recording


@pytest.fixture
def cloud(path: Path, tmp_path: Path) -> Iterator[RecordedCloud]:
    with serving([path], tmp_path) as served:
        yield served


def regions(path: Path) -> list[str]:
    """The words that keep a command from asking regions of which nothing was recorded."""
    return [f"--region={name}" for name in sorted({server.region for server in servers_in(path)})]


def expected_item(server: Recorded) -> Body:
    """What is to be shown of a server, read from its recording field by field."""
    body = server.body
    instance = server.kind == "instance"
    processor = body["vcpu"] if instance else body["cpu"]
    return {
        "kind": server.kind,
        "id": body["id"],
        "crn": body["crn"],
        "name": body["name"],
        "account_id": account_of(body["crn"]),
        "region": server.region,
        "zone": body["zone"]["name"],
        "status": body["status"],
        "vpc": named(body["vpc"]),
        "resource_group": named(body["resource_group"]),
        "profile": body["profile"]["name"],
        "architecture": processor["architecture"],
        "instance_group": named(body.get("instance_group_membership", {}).get("instance_group")),
        "created_at": body["created_at"],
        "metadata_service": service_of(server),
        "support": "supported",
        "lifecycle_state": body.get("lifecycle_state"),
        "health_state": body.get("health_state"),
        "status_reasons": parts(body.get("status_reasons"), "code", "message"),
        "availability_class": body.get("availability", {}).get("class"),
        "boot_volume": named(body["boot_volume_attachment"]["volume"]) if instance else None,
        "disks": parts(body.get("disks"), "id", "name", "size"),
        "profiles": None,
        "tags": None,
    }


def shown(server: Recorded) -> Body:
    """What is to be shown of one server: who trusts it, too, and that is nobody."""
    return {**expected_item(server), "profiles": []}


def account_of(crn: str) -> str | None:
    """The account in a CRN; masked ones name none."""
    return crn.split(":")[6].removeprefix("a/") if crn.count(":") > 5 else None


def named(reference: Body | None) -> Body | None:
    return None if reference is None else {"id": reference["id"], "name": reference.get("name")}


def service_of(server: Recorded) -> Body | None:
    """A part that was not reported is null; a service that was not reported is null as a whole."""
    if server.service is None:
        return None
    return {
        name: server.service.get(name) for name in ("enabled", "protocol", "response_hop_limit")
    }


def parts(items: list[Body] | None, *fields: str) -> list[Body] | None:
    """Null where a list is documented stays null, and an empty list an empty list."""
    if items is None:
        return None
    return [{field: item.get(field) for field in fields} for item in items]


def without_verdict(item: Body) -> Body:
    return {name: value for name, value in item.items() if name != "restart"}


def by_id(items: list[Body]) -> list[Body]:
    return sorted(items, key=lambda item: str(item["id"]))


def test_a_list_shows_and_counts_every_server_as_recorded(path: Path, cloud: RecordedCloud) -> None:
    ran = cloud.run("servers", "list", *regions(path))
    assert (ran.exit_code, ran.answer["status"]) == (0, "complete")
    recorded = [expected_item(server) for server in servers_in(path)]
    assert by_id([without_verdict(item) for item in ran.answer["items"]]) == by_id(recorded)
    services = [server.service for server in servers_in(path)]
    summary = [ran.answer["summary"][name] for name in ("enabled", "disabled", "not_reported")]
    assert summary == [
        sum(1 for service in services if service and service["enabled"] is True),
        sum(1 for service in services if service and service["enabled"] is False),
        sum(1 for service in services if service is None),
    ]


def test_a_server_is_shown_by_its_id(path: Path, cloud: RecordedCloud) -> None:
    for server in servers_in(path):
        ran = cloud.run("servers", "show", server.body["id"], "-r", server.region)
        assert ran.exit_code == 0, ran.stderr
        assert [without_verdict(item) for item in ran.answer["items"]] == [shown(server)]


def test_a_server_is_shown_by_its_name(path: Path, cloud: RecordedCloud) -> None:
    server = servers_in(path)[0]
    ran = cloud.run("servers", "show", server.body["name"], "-r", server.region)
    assert ran.exit_code == 0, ran.stderr
    assert [without_verdict(item) for item in ran.answer["items"]] == [shown(server)]


def test_an_audit_passes_and_fails_only_what_was_reported(path: Path, cloud: RecordedCloud) -> None:
    services = [server.service for server in servers_in(path)]
    off = sum(1 for service in services if service and not service["enabled"])
    on = sum(1 for service in services if service and service["enabled"])
    absent = sum(1 for service in services if service is None)
    ran = cloud.run("audit", "run", "--require", "enabled", *regions(path))
    counts = {
        check["id"]: [check[name] for name in ("failed", "passed", "unknown", "not_applicable")]
        for check in ran.answer["summary"]["checks"]
    }
    assert ran.exit_code == (3 if off or on else 0)
    assert counts == {
        # Every service that was recorded as enabled speaks http.
        "VPCMETA001": [on, off, absent, 0],
        "VPCMETA003": [off, on, absent, 0],
    }


def test_a_condition_on_false_selects_no_server_that_says_nothing(
    path: Path, cloud: RecordedCloud
) -> None:
    def ids(where: str) -> list[str]:
        words = ("--where", where, "--query", "items[].id")
        ran = cloud.run("servers", "list", *words, *regions(path))
        assert ran.exit_code == 0, ran.stderr
        return sorted(ran.answer)

    recorded = servers_in(path)
    assert ids("metadata_service.enabled == `false`") == sorted(
        server.body["id"] for server in recorded if server.service and not server.service["enabled"]
    )
    assert ids("metadata_service == `null`") == sorted(
        server.body["id"] for server in recorded if server.service is None
    )


@pytest.mark.parametrize("output", FORMATS)
def test_every_format_takes_every_recorded_server(output: str, tmp_path: Path) -> None:
    with serving(files(), tmp_path) as cloud:
        ran = cloud.print(output, "servers", "list")
    assert (ran.exit_code, "error" in ran.stderr) == (0, False)
    # The same server was recorded more than once.
    ids = {server.body["id"] for path in files() for server in servers_in(path)}
    if output in ("jsonl", "csv", "ids"):
        assert [server_id for server_id in sorted(ids) if server_id not in ran.stdout] == []


def test_the_recordings_hold_what_these_tests_are_about() -> None:
    recorded = [server for path in files() for server in servers_in(path)]
    assert len({server.body["id"] for server in recorded}) >= 20
    assert {server.kind for server in recorded} == {"instance", "bare_metal_server"}
    assert {server.service is None for server in recorded} == {True, False}
    assert any(server.body["disks"] is None for server in recorded)
    assert any("status_reasons" not in server.body for server in recorded)
    assert any(server.body["created_at"].endswith(".000Z") for server in recorded)
    assert any("." not in server.body["created_at"] for server in recorded)
    assert any("_" in server.body["id"] for server in recorded)
    assert any(":" in server.body["id"] for server in recorded)
