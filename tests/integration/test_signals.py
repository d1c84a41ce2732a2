"""Ctrl-C, SIGTERM, kill -9 and closed pipes, as processes meet them."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cloud import (
    EmulatedCloud,
    finish,
    process_environment,
    served,
    start,
    wait_until,
)

INTERRUPTED = [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
# Every one of these is disabled and running.
LEGACY = ("metadata", "enable", "--name", "legacy-[1-4]", "-r", "au-syd", "--kind", "instance")


def has_asked(cloud: EmulatedCloud, operation: str, times: int = 1) -> bool:
    return cloud.asked.count(operation) >= times


@pytest.mark.parametrize(("number", "exit_code", "word"), INTERRUPTED)
@pytest.mark.parametrize("operation", ["create_token", "list_regions", "list_instances"])
def test_a_listing_ends_at_once(
    cloud: EmulatedCloud, number: signal.Signals, exit_code: int, word: str, operation: str
) -> None:
    cloud.fail(f"{operation}:stall")
    process = cloud.start("servers", "list", "-q")
    wait_until(lambda: has_asked(cloud, operation))

    process.send_signal(number)
    ran = finish(process)

    assert (ran.exit_code, ran.stdout, ran.stderr) == (exit_code, "", f"{word}\n")
    assert ran.seconds < 2


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_change_under_way_is_finished_and_no_other_is_begun(
    cloud: EmulatedCloud, number: signal.Signals, exit_code: int
) -> None:
    cloud.emulator.latency = 0.3
    process = cloud.start(*LEGACY, "--yes", "-q", "-o", "jsonl")
    wait_until(lambda: has_asked(cloud, "update_instance"))

    process.send_signal(number)
    ran = finish(process)

    assert ran.exit_code == exit_code
    assert [line.count('"applied"') for line in ran.stdout.splitlines()] == [1, 0, 0, 0]
    assert ran.stdout.count('"not_attempted"') == 3
    assert ran.stderr == "stopping: changes under way are finished; once more to leave at once\n"
    assert cloud.asked.count("update_instance") == 1
    assert cloud.rows("SELECT outcome FROM changes") == [("applied",)]
    assert cloud.rows("SELECT finished_at FROM runs") == [(None,)]  # it can be resumed


def test_the_second_signal_leaves_at_once_and_the_next_run_finishes(cloud: EmulatedCloud) -> None:
    cloud.fail("update_instance:stall:1")
    process = cloud.start(*LEGACY, "--yes", "-q")
    assert process.stderr is not None
    wait_until(lambda: has_asked(cloud, "update_instance"))

    process.send_signal(signal.SIGINT)
    stopping = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    ran = finish(process)

    assert stopping.startswith("stopping: ")
    assert (ran.exit_code, ran.stdout, ran.stderr) == (130, "", "")
    assert ran.seconds < 2
    assert cloud.rows("SELECT outcome FROM changes") == [(None,)]

    again = cloud.run(*LEGACY, "--yes")

    assert again.exit_code == 0
    assert all(cloud.is_enabled(f"legacy-{number}") for number in range(1, 5))


@pytest.mark.parametrize("changes", [0, 1, 2, 4])
def test_kill_9_loses_no_change(cloud: EmulatedCloud, changes: int) -> None:
    cloud.emulator.latency = 0.02
    process = cloud.start(*LEGACY, "--yes", "--max-workers", "2")
    if changes:
        wait_until(lambda: has_asked(cloud, "update_instance", changes))
    else:
        wait_until(lambda: has_asked(cloud, "get_instance"))
    process.kill()
    finish(process)

    changed = {
        request.path.rpartition("/")[2]
        for request in cloud.emulator.requests
        if request.operation == "update_instance"
    }
    assert cloud.rows("PRAGMA integrity_check") == [("ok",)]
    assert changed <= {str(row[0]) for row in cloud.rows("SELECT server_id FROM changes")}

    again = cloud.run(*LEGACY, "--yes", "-o", "json")

    results = {str(item["result"]) for item in again.envelope.items}
    assert (again.exit_code, results <= {"applied", "already_so"}) == (0, True)
    assert all(cloud.is_enabled(f"legacy-{number}") for number in range(1, 5))


@pytest.mark.parametrize("form", ["jsonl", "table", "json"])
def test_a_closed_stdout_ends_the_program_quietly(tmp_path: Path, form: str) -> None:
    with served(tmp_path / "state.sqlite", "large:2000") as cloud:
        process = cloud.start("servers", "list", "-q", "-o", form)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()

        assert (process.wait(10), said) == (0, "")
        process.stderr.close()


def test_changes_are_finished_where_nobody_reads_of_them(cloud: EmulatedCloud) -> None:
    process = cloud.start(*LEGACY, "--yes", "-q", "-o", "jsonl")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()

    assert (process.wait(10), said) == (0, "")
    process.stderr.close()
    assert cloud.rows("SELECT outcome, count(*) FROM changes") == [("applied", 4)]


def test_changes_are_finished_where_nobody_reads_what_is_said_of_them(
    cloud: EmulatedCloud,
) -> None:
    cloud.fail("update_instance:503:2")
    process = cloud.start(*LEGACY, "--yes", "-v", "-o", "jsonl")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stderr.close()
    told = process.stdout.read()

    assert (process.wait(10), told.count('"applied"')) == (0, 4)
    process.stdout.close()
    assert cloud.rows("SELECT outcome, count(*) FROM changes") == [("applied", 4)]


def test_ctrl_c_that_ends_the_reader_of_stderr_too_finishes_the_change_under_way(
    cloud: EmulatedCloud,
) -> None:
    cloud.emulator.latency = 0.3
    process = cloud.start(*LEGACY, "--yes", "-q", "-o", "jsonl")
    assert process.stdout is not None
    assert process.stderr is not None
    wait_until(lambda: has_asked(cloud, "update_instance"))

    process.stderr.close()
    process.send_signal(signal.SIGINT)
    told = process.stdout.read()

    assert (process.wait(10), told.count('"applied"')) == (130, 1)
    process.stdout.close()
    assert cloud.rows("SELECT outcome FROM changes") == [("applied",)]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (("servers", "list"), 1, "error: stdout cannot be written to: "),
        (("servers", "list", "-o", "jsonl"), 1, "error: stdout cannot be written to: "),
        (("--help",), 1, "error: stdout cannot be written to: "),
        ((*LEGACY, "--yes"), 6, "error: the changes were made, and what became of them cannot be"),
    ],
)
def test_a_stdout_that_is_full_is_an_error(
    cloud: EmulatedCloud, words: tuple[str, ...], exit_code: int, message: str
) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "vpcmetactl", *words],
            env=process_environment(cloud.environment),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert ran.returncode == exit_code
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr


@pytest.mark.parametrize(("closed", "exit_code"), [("<&-", 0), (">&-", 0), ("2>&-", 0)])
def test_streams_that_were_closed_before_do_no_harm(
    cloud: EmulatedCloud, closed: str, exit_code: int
) -> None:
    ran = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m vpcmetactl servers list {closed}', sys.executable],
        env=process_environment(cloud.environment),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == exit_code
    assert "error" not in ran.stderr


class Conversation:
    """A command at a terminal, which is asked and answers."""

    def __init__(self, cloud: EmulatedCloud, *words: str) -> None:
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vpcmetactl", *words],
            env=process_environment({**cloud.environment, "TERM": "dumb"}),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.said = ""

    def wait_for(self, words: str) -> None:
        while words not in self.said and self._listen():
            pass
        assert words in self.said

    def answer(self, words: bytes) -> int:
        """Type something, and return the exit code."""
        os.write(self.ours, words)
        while self._listen():
            pass
        os.close(self.ours)
        return self.process.wait(10)

    def _listen(self) -> bool:
        try:
            heard = os.read(self.ours, 4096)
        except OSError:
            return False  # the other end is closed
        self.said += heard.decode()
        return bool(heard)


@pytest.mark.parametrize(
    ("answer", "exit_code", "enabled"),
    [
        (b"y\n", 0, True),
        (b"Yes\n", 0, True),
        (b"n\n", 5, False),
        (b"\n", 5, False),
        (b"\x04", 5, False),
    ],
)
def test_a_change_is_made_only_after_yes(
    cloud: EmulatedCloud, answer: bytes, exit_code: int, *, enabled: bool
) -> None:
    asked = Conversation(cloud, "metadata", "enable", "web-1", "-r", "us-south")
    asked.wait_for("Change 1 server? [y/N] ")

    code = asked.answer(answer)

    assert (code, cloud.is_enabled("web-1")) == (exit_code, enabled)
    assert ("error: declined: nothing was changed" in asked.said) == (not enabled)
    assert has_asked(cloud, "update_instance") == enabled


def test_ctrl_c_at_the_question_changes_nothing(cloud: EmulatedCloud) -> None:
    asked = Conversation(cloud, "metadata", "enable", "web-1", "-r", "us-south")
    asked.wait_for("Change 1 server? [y/N] ")

    asked.process.send_signal(signal.SIGINT)
    code = asked.answer(b"")

    assert (code, cloud.is_enabled("web-1")) == (130, False)
    assert "Traceback" not in asked.said


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("step", ["servers list", "metadata enable"])
def test_the_tour_ends_where_it_is_interrupted(
    number: signal.Signals, exit_code: int, step: str
) -> None:
    process = start({}, "demo")
    assert process.stdout is not None
    while f"$ vpcmetactl {step}" not in process.stdout.readline():
        pass

    process.send_signal(number)
    rest = process.stdout.read()
    ran = finish(process)

    assert ran.exit_code == exit_code
    assert "Next, on the same emulator" not in rest
    assert "Traceback" not in ran.stderr


def test_the_tour_shows_what_it_promises() -> None:
    ran = finish(start({}, "demo"))

    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.count("$ vpcmetactl ") == 9
    assert ran.stdout.count("(exit code 3)") == 1
    assert "Restart advised for web-1." in ran.stdout
    assert "applied  web-1   us-south  stop and start" in ran.stdout
    assert "The metadata service answers over https." in ran.stdout
    assert "ok  iam token: given for profile backup-writer" in ran.stdout
    assert "Next, on the same emulator" in ran.stdout
