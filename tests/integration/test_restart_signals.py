"""Ctrl-C, SIGTERM and kill -9 while servers are down."""

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cloud import EmulatedCloud, finish, wait_until
from tests.integration.killing_restarts import NEEDED, gallows
from tests.integration.restarts import (
    RUN,
    actions,
    asked_actions,
    enable_watched,
    fleet_served,
    statuses,
)

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
# A stop takes most of a second.
SLOW = 0.1
ROUNDS = 5
STOPPING = (
    "stopping: servers that were stopped are started first; once more to leave at once, "
    "and leave them stopped\n"
)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[EmulatedCloud]:
    with fleet_served(tmp_path / "state.sqlite", pace=SLOW) as emulated:
        enable_watched(emulated)
        yield emulated


def stops(cloud: EmulatedCloud) -> int:
    return sum(what == "stop" for _, what, _ in asked_actions(cloud))


@pytest.mark.parametrize(("number", "exit_code"), SIGNALS)
@pytest.mark.parametrize("workers", [1, 3])
def test_every_server_that_was_stopped_is_started_before_the_program_leaves(
    cloud: EmulatedCloud, number: signal.Signals, exit_code: int, workers: int
) -> None:
    how = ("--canary", "0", "--max-workers", str(workers), "-q", "-o", "jsonl")
    process = cloud.start(*RUN, *how)
    wait_until(lambda: stops(cloud) >= workers, 30)

    process.send_signal(number)
    ran = finish(process)

    assert (ran.exit_code, ran.stderr) == (exit_code, STOPPING)
    assert ran.stdout.count('"applied"') == workers
    assert ran.stdout.count('"not_attempted"') == 5 - workers
    assert set(statuses(cloud).values()) == {"running"}
    assert stops(cloud) == workers
    later = cloud.run("servers", "list")
    assert "still stopped" not in later.stderr


def test_the_wait_between_waves_is_given_up(cloud: EmulatedCloud) -> None:
    process = cloud.start(*RUN, "--soak", "600", "-q", "-o", "jsonl")
    assert process.stdout is not None
    assert '"applied"' in process.stdout.readline()

    process.send_signal(signal.SIGINT)
    ran = finish(process)

    assert (ran.exit_code, stops(cloud)) == (130, 1)
    assert ran.seconds < 5


@pytest.mark.parametrize(("number", "exit_code"), SIGNALS)
def test_the_second_signal_leaves_at_once_and_the_next_command_tells(
    cloud: EmulatedCloud, number: signal.Signals, exit_code: int
) -> None:
    process = cloud.start(*RUN, "-q")
    assert process.stderr is not None
    wait_until(lambda: stops(cloud) >= 1, 30)

    process.send_signal(number)
    said = process.stderr.readline()
    process.send_signal(number)
    ran = finish(process)
    told = cloud.run("servers", "list")
    (run_id,) = cloud.run("runs", "list", "-o", "ids").stdout.split()
    resumed = cloud.run("runs", "resume", run_id, "--canary", "0", "--max-workers", "5")

    assert (said, ran.exit_code, ran.stdout, ran.stderr) == (STOPPING, exit_code, "", "")
    assert "db-1 (us-south) is perhaps still stopped" in told.stderr
    assert f"vpcmetactl runs resume {run_id}" in told.stderr
    assert resumed.exit_code == 0
    assert set(statuses(cloud).values()) == {"running"}
    assert actions(cloud, 201)["db-1", "stop"] == 1


def test_an_interrupted_run_says_how_to_go_on(cloud: EmulatedCloud) -> None:
    process = cloud.start(*RUN, "-q")
    wait_until(lambda: stops(cloud) >= 1, 30)

    process.send_signal(signal.SIGINT)
    ran = finish(process)
    (run_id,) = cloud.run("runs", "list", "-o", "ids").stdout.split()
    resumed = cloud.run("runs", "resume", run_id, "--canary", "0", "--max-workers", "5")

    assert f"vpcmetactl runs resume {run_id}" in ran.stdout
    assert resumed.exit_code == 0
    assert actions(cloud, 201) == {
        (name, what): 1 for name in statuses(cloud) for what in ("stop", "start")
    }


def test_what_was_killed_while_servers_were_down_is_brought_up_by_resuming(tmp_path: Path) -> None:
    dice = random.Random(9)  # noqa: S311 - moments, no secrets
    with gallows(tmp_path) as gallery:
        rounds = [gallery.round(dice) for _ in range(ROUNDS)]

    assert all(0 < killed.down <= NEEDED for killed in rounds)
