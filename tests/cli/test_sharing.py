"""Several processes: each test runs a program of its own, for this one has threads."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.builders import OFF, ON, ON_HTTPS, an_instance
from tests.support.gate import a_policy
from tests.support.snapshots import a_fleet
from vpcmetactl.domain.errors import PermissionDeniedError
from vpcmetactl.domain.snapshots import Content, Gap
from vpcmetactl.files.snapshots.merging import merge_snapshots

_BEGIN = """
import json, os, signal, sys
from vpcmetactl.cli.sharing import share_out
HERE = os.getpid()
"""


def ran(script: str) -> Any:  # noqa: ANN401 - JSON
    """Run a script, which prints JSON and nothing else, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", _BEGIN + script], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_each_process_does_its_share_and_what_is_the_same_stays_the_same() -> None:
    found = ran("""
class Thing:
    def __init__(self, word="other"):
        self.word, self.cannot_be_copied = word, word == "same" and (lambda: None)
same = [Thing("same")]
def work(places):
    print("not heard", file=sys.stderr)
    return os.getpid(), list(places), same[0], Thing()
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
results = share_out(range(7), work, same, 3)
print(json.dumps([
    [pid == HERE, places, thing is same[0], other.word] for pid, places, thing, other in results
]))
""")
    assert found == [
        [True, [0, 3, 6], True, "other"],
        [False, [1, 4], True, "other"],
        [False, [2, 5], True, "other"],
    ]


@pytest.mark.parametrize(
    "trouble", ["os.kill(os.getpid(), signal.SIGKILL)", "1 / 0", "return lambda: None"]
)
def test_what_goes_wrong_in_another_process_is_done_here(trouble: str) -> None:
    found = ran(f"""
def work(places):
    if os.getpid() != HERE:
        {trouble}
    return list(places)
print(json.dumps(share_out(range(4), work, [], 2)))
""")
    assert found == [[0, 2], [1, 3]]


def test_an_error_is_raised_here_and_no_process_is_left() -> None:
    found = ran("""
import multiprocessing, time
def work(places):
    if os.getpid() != HERE:
        signal.pause()
    raise KeyboardInterrupt
try:
    share_out(range(4), work, [], 3)
except KeyboardInterrupt:
    print(json.dumps(len(multiprocessing.active_children())))
""")
    assert found == 0


# An audit.

_AUDIT = """
import sys
from vpcmetactl.cli import judging, sharing
from vpcmetactl.__main__ import main
ways = int(sys.argv.pop(1))
judging._LARGE = 0
sharing.processes = lambda: ways
main()
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a snapshot of five accounts, of one of which a region could not be read."""
    folder = tmp_path_factory.mktemp("shards")
    gap = Gap(
        content=Content.SERVERS,
        region="eu-de",
        kind=None,
        error=PermissionDeniedError("not authorized", hint="ask for it", status=403),
    )
    paths = []
    for number in range(5):
        servers = [
            an_instance(f"{name}-{number}", metadata_service=service)
            for name, service in {"web": ON, "legacy": ON, "db": ON_HTTPS, "off": OFF}.items()
        ]
        gaps = (gap,) if number == 3 else ()
        path = folder / f"{number}.jsonl.gz"
        a_fleet(*servers, account_id=f"account-{number}", gaps=gaps).write(path)
        paths.append(path)
    merge_snapshots(paths, folder / "fleet.jsonl.gz", "0.9.0")
    return folder / "fleet.jsonl.gz"


def audited(ways: int, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run an audit in so many processes."""
    given = ("audit", "run", "--as-of", "2026-11-21", *map(str, words))
    return subprocess.run(
        [sys.executable, "-c", _AUDIT, str(ways), *given],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
    )


def test_an_audit_in_several_processes_finds_what_one_finds(fleet: Path, tmp_path: Path) -> None:
    policy = a_policy(tmp_path)
    words = ("--source", fleet, "--policy", policy, "-o", "json")
    alone, shared = audited(1, *words), audited(3, *words)
    assert (alone.returncode, alone.stderr) == (shared.returncode, shared.stderr)
    one, other = json.loads(alone.stdout), json.loads(shared.stdout)
    del one["generated_at"], other["generated_at"]
    assert other == one
    assert (len(one["items"]), one["status"], alone.returncode) == (27, "incomplete", 3)
    assert len(one["scope"]["accounts"]) == 5


@pytest.mark.parametrize("number", [2, 3])
def test_lines_that_were_edited_are_told_whichever_process_reads_them(
    fleet: Path, tmp_path: Path, number: int
) -> None:
    edited = tmp_path / "fleet.jsonl"
    edited.write_bytes(gzip.decompress(fleet.read_bytes()).replace(b"web-%d" % number, b"web-9"))
    alone, shared = (audited(ways, "--source", edited, "-o", "ids") for ways in (1, 2))
    assert (shared.returncode, shared.stdout, shared.stderr) == (2, "", alone.stderr)
    assert f"{edited}, line {2 + 4 * number}: the lines from here to" in shared.stderr
