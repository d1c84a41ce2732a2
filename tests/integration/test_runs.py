"""Runs as the journal keeps them: shown, gone on with, taken back, carried away."""

import json
import re
import threading
from pathlib import Path

import pytest

from tests.integration.cloud import EmulatedCloud, Process, Ran, finish, wait_until
from tests.integration.runs import (
    CHANGES,
    HTTPS,
    LEGACY,
    outcomes,
    patches,
    results,
    run_ids,
    saved,
    services,
    shown,
)

APPLY = ("--yes", "--canary", "2", "--max-failures", "5%", "--max-workers", "16")


def enabled(cloud: EmulatedCloud) -> str:
    """Enable four servers, and return the run."""
    assert cloud.run(*LEGACY, "--yes", "--protocol", "https").exit_code == 0
    cloud.emulator.clear_requests()
    return run_ids(cloud)[0]


def test_the_session_of_an_operator(cloud: EmulatedCloud, tmp_path: Path) -> None:
    before, plan = services(cloud), tmp_path / "plan.json"
    saved(cloud, plan, *HTTPS)

    cloud.emulator.latency = 0.02
    process = cloud.start("plan", "apply", str(plan), *APPLY)
    wait_until(lambda: patches(cloud).total() >= 8)
    process.kill()
    finish(process)
    cloud.emulator.latency = 0.0

    (run_id,) = run_ids(cloud)
    listed = cloud.run("runs", "list").stdout
    assert "interrupted" in listed
    assert run_id in listed
    cut_off = outcomes(cloud, run_id)
    assert (cut_off.total(), cut_off["applied"] < CHANGES) == (CHANGES, True)
    made = {
        item["server"]["id"]
        for item in shown(cloud, run_id)["items"]
        if item["outcome"] == "applied"
    }
    sent = patches(cloud)

    resumed = cloud.run("runs", "resume", run_id, "-o", "json")

    assert (resumed.exit_code, set(results(resumed))) == (0, {"applied"})
    assert outcomes(cloud, run_id) == {"applied": CHANGES}
    assert {name: count for name, count in patches(cloud).items() if name in made} == {
        name: sent[name] for name in made
    }
    assert cloud.run(*HTTPS, "--dry-run", "-o", "json").envelope.summary["change"] == 0
    after = services(cloud)

    dry = cloud.run("runs", "rollback", run_id, "--dry-run", "-o", "json").envelope
    assert [item["decision"] for item in dry.items] == ["change"] * CHANGES
    assert services(cloud) == after
    rolled_back = cloud.run("runs", "rollback", run_id, "--yes", "-o", "json")

    assert (rolled_back.exit_code, results(rolled_back)) == (0, {"applied": CHANGES})
    assert services(cloud) == before
    newest = run_ids(cloud)[0]
    assert shown(cloud, newest)["rollback_of"] == run_id


def test_a_list_of_servers_is_enabled_from_a_pipe(cloud: EmulatedCloud) -> None:
    ids = cloud.run("servers", "list", "--name", "legacy-[1-4]", "-o", "ids").stdout

    ran = cloud.feed(f"# legacy\r\n{ids}\n{ids}", "metadata", "enable", "--from-file", "-", "--yes")

    assert ran.exit_code == 0
    assert all(cloud.is_enabled(f"legacy-{number}") for number in range(1, 5))
    assert patches(cloud).total() == 4


def test_a_plan_from_a_pipe_says_so(cloud: EmulatedCloud, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"

    cloud.feed("web-1\n", "metadata", "enable", "--from-file", "-", "--plan-out", str(plan))

    assert json.loads(plan.read_text())["selection"] == ["--from-file -"]


def test_a_run_is_an_audit_record(cloud: EmulatedCloud) -> None:
    run = shown(cloud, enabled(cloud))

    assert run["state"] == "finished"
    assert run["actor"].startswith("IBMid-")
    assert run["account_id"] == cloud.emulator.world.account_id
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", run["started_at"])
    item = run["items"][0]
    assert item["server"]["name"] == "legacy-1"
    assert (item["before"]["enabled"], item["after"]["enabled"]) == (False, True)
    (attempt,) = item["attempts"]
    assert attempt["intent_at"] <= attempt["outcome_at"]
    assert attempt["found"] == item["after"]


def test_a_failure_is_recorded_with_its_trace(cloud: EmulatedCloud) -> None:
    cloud.fail("update_instance:403")

    cloud.run(*LEGACY, "--yes")

    first, *rest = shown(cloud, run_ids(cloud)[0])["items"]
    error = first["attempts"][0]["error"]
    assert (first["outcome"], error["code"]) == ("failed", "forbidden")
    assert re.fullmatch(r"[0-9a-f-]{36}", error["trace"])
    assert {item["outcome"] for item in rest} == {"not_attempted"}


def test_every_apply_ends_with_the_command_that_undoes_it(
    cloud: EmulatedCloud, tmp_path: Path
) -> None:
    plan = saved(cloud, tmp_path / "plan.json")
    endings = []
    for words in (
        (*LEGACY, "--yes"),
        ("metadata", "disable", *LEGACY[2:], "--yes"),
        ("plan", "apply", str(plan), "--yes"),
    ):
        ran = cloud.run(*words)
        endings.append(ran.stdout.strip().splitlines()[-1])

    assert endings == [
        f"To undo it  vpcmetactl runs rollback {run_id}" for run_id in reversed(run_ids(cloud))
    ]


def test_an_apply_that_failed_says_how_to_go_on(cloud: EmulatedCloud) -> None:
    cloud.fail("update_instance:403:@2")

    ran = cloud.run(*LEGACY, "--yes")

    (run_id,) = run_ids(cloud)
    assert ran.exit_code == 6
    assert f"vpcmetactl runs resume {run_id}" in ran.stdout
    assert f"vpcmetactl runs rollback {run_id}" in ran.stdout


# Going on.


def test_what_failed_is_attempted_again_and_what_was_applied_is_left_alone(
    cloud: EmulatedCloud,
) -> None:
    cloud.fail("update_instance:403:@2")
    assert cloud.run(*LEGACY, "--yes", "--max-workers", "1").exit_code == 6
    (run_id,) = run_ids(cloud)
    before = patches(cloud)
    cloud.fail()

    ran = cloud.run("runs", "resume", run_id, "-o", "json")

    assert (ran.exit_code, results(ran)) == (0, {"applied": 3})
    assert cloud.server("legacy-1").id in before
    assert cloud.server("legacy-1").id not in patches(cloud)
    assert outcomes(cloud, run_id) == {"applied": 4}


def test_a_run_that_was_refused_by_drift_stays_so(cloud: EmulatedCloud, tmp_path: Path) -> None:
    plan = saved(cloud, tmp_path / "plan.json", *LEGACY, "--protocol", "https")
    cloud.emulator.world.change_metadata_service(cloud.server("legacy-1"), enabled=True)
    assert cloud.run("plan", "apply", str(plan), "--yes").exit_code == 5
    (run_id,) = run_ids(cloud)
    cloud.emulator.clear_requests()

    ran = cloud.run("runs", "resume", run_id)

    assert (ran.exit_code, cloud.asked) == (0, ["create_token"])
    assert outcomes(cloud, run_id) == {"applied": 3, "refused": 1}


def test_a_run_that_still_goes_on_cannot_be_resumed(cloud: EmulatedCloud) -> None:
    cloud.fail("update_instance:stall:1")
    process = cloud.start(*LEGACY, "--yes", "-q")
    wait_until(lambda: "update_instance" in cloud.asked)
    (run_id,) = run_ids(cloud)

    ran = cloud.run("runs", "resume", run_id)
    process.kill()
    finish(process)

    assert ran.exit_code == 5
    assert f"run {run_id} still goes on" in ran.stderr


@pytest.mark.parametrize("command", ["show", "resume", "rollback"])
def test_a_run_that_is_not_there_is_an_error_that_names_those_that_are(
    cloud: EmulatedCloud, command: str
) -> None:
    run_id = enabled(cloud)

    ran = cloud.run(
        "runs", command, "20200101T000000Z-0000", *(["--yes"] * (command == "rollback"))
    )

    assert ran.exit_code == 1
    assert "error: there is no run '20200101T000000Z-0000'" in ran.stderr
    assert run_id in ran.stderr


# Taking back.


def test_a_run_partly_applied_and_partly_drifted_is_taken_back_where_it_may(
    cloud: EmulatedCloud,
) -> None:
    before = services(cloud)
    cloud.fail("update_instance:403:@4")
    ran = cloud.run(*LEGACY, "--yes", "--protocol", "https", "--max-workers", "1")
    assert ran.exit_code == 6  # three applied, one failed
    cloud.fail()
    (run_id,) = run_ids(cloud)
    world = cloud.emulator.world
    world.change_metadata_service(cloud.server("legacy-2"), protocol="http")
    drifted = cloud.server("legacy-2").id

    dry = cloud.run("runs", "rollback", run_id, "--dry-run", "-o", "json")
    ran = cloud.run("runs", "rollback", run_id, "--yes", "-o", "json")

    decisions = {item["server"]["name"]: item for item in dry.envelope.items}
    assert dry.exit_code == 5
    assert sorted(decisions) == ["legacy-1", "legacy-2", "legacy-3"]
    assert (decisions["legacy-2"]["decision"], decisions["legacy-2"]["reason"]) == (
        "refuse",
        "drifted",
    )
    assert (ran.exit_code, results(ran)) == (5, {"applied": 2, "refused": 1})
    now = services(cloud)
    assert now.pop(drifted) != before.pop(drifted)
    assert now == before


def test_a_server_that_is_gone_is_named_and_the_rest_is_taken_back(cloud: EmulatedCloud) -> None:
    run_id = enabled(cloud)
    cloud.emulator.world.delete(cloud.server("legacy-3"))

    ran = cloud.run("runs", "rollback", run_id, "--yes", "-o", "json")

    assert (ran.exit_code, results(ran)) == (5, {"applied": 3, "refused": 1})
    (gone,) = [item for item in ran.envelope.items if item["result"] == "refused"]
    assert (gone["server"]["name"], gone["reason"]) == ("legacy-3", "gone")


def test_a_rollback_is_a_run_that_can_be_taken_back(cloud: EmulatedCloud) -> None:
    run_id = enabled(cloud)
    changed = services(cloud)
    cloud.run("runs", "rollback", run_id, "--yes")
    rollback = run_ids(cloud)[0]

    ran = cloud.run("runs", "rollback", rollback, "--yes", "-o", "json")

    assert (ran.exit_code, results(ran)) == (0, {"applied": 4})
    assert services(cloud) == changed


def test_what_was_taken_back_is_taken_back_once(cloud: EmulatedCloud) -> None:
    run_id = enabled(cloud)
    cloud.run("runs", "rollback", run_id, "--yes")
    cloud.emulator.clear_requests()

    again = cloud.run("runs", "rollback", run_id, "--yes", "-o", "json")

    assert (again.exit_code, results(again)) == (0, {"already_so": 4})
    assert patches(cloud).total() == 0


def test_taking_back_passes_the_preflight(cloud: EmulatedCloud) -> None:
    cloud.run("metadata", "disable", "web-3", "-r", "us-south", "--yes")
    cloud.run("metadata", "set", "db-3", "-r", "us-south", "--protocol", "https", "--yes")
    (run_id, _) = run_ids(cloud)

    ran = cloud.run("runs", "rollback", run_id, "--dry-run", "-o", "json")

    (item,) = ran.envelope.items
    assert [note["code"] for note in item["notes"]] == ["weakens"]


# Carrying the journal away.


def test_a_run_is_taken_back_where_it_was_imported(cloud: EmulatedCloud, tmp_path: Path) -> None:
    before = services(cloud)
    run_id = enabled(cloud)
    file, elsewhere = tmp_path / "runs.json", str(tmp_path / "elsewhere" / "state.sqlite")

    exported = cloud.run("runs", "export", "--out", str(file))
    imported = [cloud.run("runs", "import", str(file), "--state", elsewhere) for _ in range(2)]
    ran = cloud.run("runs", "rollback", run_id, "--yes", "-o", "json", "--state", elsewhere)

    assert [exported.exit_code, *(one.exit_code for one in imported)] == [0, 0, 0]
    assert (ran.exit_code, results(ran)) == (0, {"applied": 4})
    assert services(cloud) == before
    # The journal that it came from knows nothing of it.
    assert run_ids(cloud) == [run_id]


def test_an_interrupted_run_is_gone_on_with_where_it_was_imported(
    cloud: EmulatedCloud, tmp_path: Path
) -> None:
    cloud.fail("update_instance:403:@2")
    cloud.run(*LEGACY, "--yes", "--max-workers", "1")
    cloud.fail()
    (run_id,) = run_ids(cloud)
    file, elsewhere = tmp_path / "runs.json", str(tmp_path / "elsewhere" / "state.sqlite")

    cloud.run("runs", "export", run_id, "--out", str(file))
    cloud.run("runs", "import", str(file), "--state", elsewhere)
    ran = cloud.run("runs", "resume", run_id, "-o", "json", "--state", elsewhere)

    assert (ran.exit_code, results(ran)) == (0, {"applied": 3})
    assert all(cloud.is_enabled(f"legacy-{number}") for number in range(1, 5))


# Two at once.


@pytest.mark.parametrize("latency", [0.0, 0.01])
def test_two_processes_that_apply_one_plan_make_each_change_once(
    cloud: EmulatedCloud, tmp_path: Path, latency: float
) -> None:
    plan = saved(cloud, tmp_path / "plan.json", *HTTPS)
    cloud.emulator.latency = latency
    words = ("plan", "apply", str(plan), "--yes", "--canary", "0", "-q", "-o", "json")

    processes = [cloud.start(*words) for _ in range(2)]
    ended = _finish_all(processes)

    found = [results(ran) for ran in ended]
    made = {request.path for request in cloud.emulator.requests if request.method == "PATCH"}
    answers = [
        request.path
        for request in cloud.emulator.requests
        if request.method == "PATCH" and request.status == 200
    ]
    assert sorted(answers) == sorted(made)
    assert len(made) == CHANGES
    assert sum(one["applied"] for one in found) == CHANGES
    assert sum(one["failed"] + one["unknown"] + one["not_attempted"] for one in found) == 0
    # What the other was just changing is refused, and no more than that.
    assert {ran.exit_code for ran in ended} <= {0, 5}
    assert cloud.rows("PRAGMA integrity_check") == [("ok",)]
    assert len(run_ids(cloud)) == 2
    assert cloud.run(*HTTPS, "--dry-run", "-o", "json").envelope.summary["change"] == 0


def _finish_all(processes: list[Process]) -> list[Ran]:
    """Read every process's output at the same time: none waits for a full pipe."""
    ended: dict[int, Ran] = {}

    def wait(number: int) -> None:
        ended[number] = finish(processes[number])

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(len(processes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [ended[number] for number in sorted(ended)]
