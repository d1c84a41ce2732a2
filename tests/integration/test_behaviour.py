"""What a whole command does: which calls it makes, what it finds, what it remembers."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.integration.cloud import EmulatedCloud, finish, served, wait_until
from vpcmetactl.emulator.vpc.resources import Instance
from vpcmetactl.emulator.vpc.statuses import Power


@pytest.fixture
def large(tmp_path: Path) -> Iterator[EmulatedCloud]:
    """450 instances in us-south, which make five pages, and 120 in each of three more regions."""
    with served(tmp_path / "state.sqlite", "large:450+3x120") as cloud:
        yield cloud


@pytest.mark.parametrize("seed", [1, 2])
def test_every_page_is_listed_once_although_requests_fail_at_random(
    tmp_path: Path, seed: int
) -> None:
    scenario = "large:1200+3x150,vpcs=4"
    with served(tmp_path / "state.sqlite", scenario, seed=seed) as cloud:
        names = ("list_instances", "list_bare_metal_servers", "list_vpcs", "list_regions")
        cloud.fail(*(f"{name}:{status}:4%" for name in names for status in ("429", "500")))

        ran = cloud.run("servers", "list", "-o", "ids", "--no-state")

    everything = [server.id for server in cloud.emulator.world.servers()]
    assert ran.exit_code == 0
    assert Counter(ran.stdout.split()) == Counter(everything)


def test_a_server_named_by_crn_is_changed_with_no_call_to_spare(cloud: EmulatedCloud) -> None:
    crn = cloud.crn("web-1")

    ran = cloud.run("metadata", "enable", crn, "--protocol", "https", "--yes")

    assert ran.exit_code == 0
    assert cloud.asked == [
        "create_token",
        "get_instance",  # to plan
        "get_volume",  # to know what its allowed_use permits
        "get_instance",  # to compare
        "update_instance",
        "get_instance",  # to verify
    ]
    (patch,) = [r for r in cloud.emulator.requests if r.operation == "update_instance"]
    assert msgspec.json.decode(patch.body) == {
        "metadata_service": {"enabled": True, "protocol": "https"}
    }
    assert patch.region == "us-south"
    assert sorted(patch.query.split("&")) == ["generation=2", "version=2025-08-26"]


def test_a_bare_metal_server_named_by_crn_is_asked_for_as_such(cloud: EmulatedCloud) -> None:
    ran = cloud.run("metadata", "disable", cloud.crn("metal-2"), "--yes")

    assert ran.exit_code == 0
    read, change = "get_bare_metal_server", "update_bare_metal_server"
    assert cloud.asked == ["create_token", read, "list_profiles", read, change, read]


def test_a_dry_run_changes_nothing_and_writes_no_run_down(cloud: EmulatedCloud) -> None:
    crn = cloud.crn("web-1")

    ran = cloud.run("metadata", "enable", crn, "--dry-run", "-o", "json")
    found = cloud.run("metadata", "enable", crn, "--dry-run", "--exit-code")

    (item,) = ran.envelope.items
    assert (ran.exit_code, found.exit_code, item["decision"]) == (0, 3, "change")
    assert item["changes"] == [{"field": "enabled", "before": False, "after": True}]
    assert cloud.asked == ["create_token", "get_instance", "get_volume"] * 2
    assert cloud.rows("SELECT count(*) FROM runs") == [(0,)]


def test_what_is_already_so_is_read_once_and_not_sent(cloud: EmulatedCloud) -> None:
    ran = cloud.run("metadata", "enable", cloud.crn("web-2"), "--yes")

    assert ran.exit_code == 0
    assert cloud.asked == ["create_token", "get_instance"]


def test_only_the_regions_and_kinds_that_are_meant_are_asked(cloud: EmulatedCloud) -> None:
    cloud.run("servers", "list", "-r", "eu-de", "--kind", "bare-metal")

    assert [(r.operation, r.region) for r in cloud.emulator.requests] == [
        ("create_token", None),
        ("list_bare_metal_servers", "eu-de"),
    ]


def test_what_the_api_can_filter_is_filtered_there(cloud: EmulatedCloud) -> None:
    options = ["--kind", "instance", "-r", "us-south", "--vpc", "prod", "--name", "web-2"]

    ran = cloud.run("servers", "list", *options, "-o", "json")

    _, listing = cloud.emulator.requests
    assert ran.envelope.names == ["web-2"]
    assert {"name=web-2", "vpc.name=prod"} <= set(listing.query.split("&"))


def power(cloud: EmulatedCloud, name: str, status: str) -> None:
    """Bring a server to a status, as somebody else would."""
    server = cloud.server(name)
    assert isinstance(server, Instance)
    server.power = Power(status)


def test_a_restart_is_advised_until_a_stop_is_seen(cloud: EmulatedCloud) -> None:
    def verdict() -> tuple[str, str, str]:
        ran = cloud.run("servers", "show", "web-1", "-r", "us-south", "-o", "json")
        (item,) = ran.envelope.items
        return item["restart"]["verdict"], item["restart"]["confidence"], item["status"]

    at_first = verdict()
    cloud.run("metadata", "enable", "web-1", "-r", "us-south", "--yes")
    enabled = verdict()
    power(cloud, "web-1", "stopped")
    stopped = verdict()
    power(cloud, "web-1", "running")
    started = verdict()

    assert at_first == ("not_needed", "certain", "running")
    assert enabled == ("needed", "presumed", "running")
    assert stopped[0] == "not_needed"
    assert started == ("not_needed", "presumed", "running")


def test_two_commands_share_one_state_at_the_same_time(cloud: EmulatedCloud) -> None:
    commands = [
        ("metadata", "enable", "--name", "legacy-[12]", "--yes"),
        ("metadata", "enable", "--name", "legacy-[34]", "--yes"),
        ("metadata", "enable", "--name", "web-1", "--yes"),
        ("servers", "list"),
        ("audit", "run", "--fail-on", "none"),
    ]
    processes = [cloud.start(*words, "-q") for words in commands]

    ended = [finish(process) for process in processes]

    assert [(ran.exit_code, ran.stderr) for ran in ended] == [(0, "")] * 5
    assert cloud.rows("SELECT outcome, count(*) FROM changes GROUP BY 1") == [("applied", 5)]
    assert cloud.rows("PRAGMA integrity_check") == [("ok",)]


def test_two_runs_at_once_never_change_one_server_at_the_same_time(cloud: EmulatedCloud) -> None:
    cloud.emulator.latency = 0.2
    words = ("metadata", "enable", "web-1", "-r", "us-south", "--kind", "instance", "--yes")
    processes = [cloud.start(*words, "-q", "-o", "json") for _ in range(2)]

    ended = [finish(process) for process in processes]

    results = sorted(ran.envelope.items[0]["result"] for ran in ended)
    assert results in (["already_so", "applied"], ["applied", "refused"])
    assert cloud.asked.count("update_instance") == 1
    assert cloud.rows("SELECT count(*) FROM changes WHERE outcome IS NULL") == [(0,)]


def test_lines_of_json_come_before_the_last_page_is_asked_for(large: EmulatedCloud) -> None:
    large.emulator.latency = 0.3
    process = large.start("servers", "list", "-r", "us-south", "--kind", "instance", "-o", "jsonl")
    assert process.stdout is not None

    first = process.stdout.readline()
    asked = large.asked.count("list_instances")
    rest = process.stdout.readlines()

    assert (finish(process).exit_code, len(rest)) == (0, 449)
    assert msgspec.json.decode(first)["kind"] == "instance"
    assert asked < 5


def test_a_change_in_between_is_drift_and_is_refused(cloud: EmulatedCloud) -> None:
    crn = cloud.crn("web-1")
    cloud.emulator.latency = 0.2

    def meddle() -> None:
        """Change the server when it has been read for the plan, and not yet to compare."""
        wait_until(lambda: cloud.asked == ["create_token", "get_instance"])
        world = cloud.emulator.world
        world.change_metadata_service(cloud.server("web-1"), protocol="https")

    meddler = threading.Thread(target=meddle, daemon=True)
    meddler.start()
    ran = cloud.run("metadata", "enable", crn, "--protocol", "https", "--yes", "-o", "json")
    meddler.join()

    (item,) = ran.envelope.items
    assert (ran.exit_code, item["result"]) == (5, "refused")
    assert item["message"] == "is no longer as it was planned from"
    assert "update_instance" not in cloud.asked
    assert cloud.rows("SELECT outcome FROM changes") == [("refused",)]


def test_a_token_lives_through_a_long_listing(large: EmulatedCloud) -> None:
    large.emulator.world.token_lifetime = timedelta(seconds=2)
    large.emulator.latency = 0.1

    ran = large.run("servers", "list", "--max-workers", "1", "-o", "ids")

    assert (ran.exit_code, len(ran.stdout.split())) == (0, 810)
    assert large.asked.count("create_token") > 1


@pytest.mark.parametrize(
    ("minutes", "warning"),
    [
        (60, ""),
        (5.5, "warning: the IAM token expires in 5 minutes, and cannot be renewed\n"),
        (1, "warning: the IAM token expires in a minute or less, and cannot be renewed\n"),
    ],
)
def test_a_brought_token_that_will_not_last_is_told(
    cloud: EmulatedCloud, minutes: float, warning: str
) -> None:
    account = cloud.emulator.world.iam
    account.token_lifetime = timedelta(minutes=minutes)
    token = f"Bearer {account.issue_token().text}"

    ran = cloud.run("servers", "list", IBMCLOUD_API_KEY=None, IBMCLOUD_IAM_TOKEN=token)

    notes = "".join(f"{line}\n" for line in ran.stderr.splitlines() if "VPCMETACTL" not in line)
    assert (ran.exit_code, notes) == (0, warning)
    assert "create_token" not in cloud.asked


@pytest.mark.parametrize("command", ["servers list", "audit run --fail-on none"])
def test_a_reading_command_needs_no_state(cloud: EmulatedCloud, command: str) -> None:
    ran = cloud.run(*command.split(), "--no-state")

    assert ran.exit_code == 0
    assert not cloud.state.exists()


def test_an_audit_tells_findings_and_what_it_could_not_read(cloud: EmulatedCloud) -> None:
    findings = cloud.run("audit", "run", "-o", "json")
    cloud.fail("list_instances@jp-tok:403")
    both = cloud.run("audit", "run", "-o", "json")
    neither = cloud.run("audit", "run", "--fail-on", "none", "-o", "json")

    assert (findings.exit_code, both.exit_code, neither.exit_code) == (3, 3, 4)
    assert [part.region for part in both.envelope.scope.incomplete] == ["jp-tok"]
    assert "incomplete: the instances of jp-tok could not be read" in both.stderr
