"""The kit as it is run: what it prints, how it ends, what it asks before it changes anything."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from tests.live import __main__ as kit
from tests.live import rules
from tests.live.assumption import Finding, How, Outcome
from tests.live.assumptions import ASSUMPTIONS
from tests.live.cloud import Stage, stage
from tests.live.consent import the_program
from tests.live.running import report
from tests.support.clock import ManualClock
from tests.support.program import run as run_program
from vpcmetactl.emulator.clock import ManualClock as EmulatorClock


class Keyboard(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


class Waiting(ManualClock):
    """Our time and the emulator's: waiting lets both pass."""

    def __init__(self, cloud: Stage) -> None:
        super().__init__()
        self._world = cloud.world

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        assert isinstance(self._world.clock, EmulatorClock)
        self._world.clock.advance(timedelta(seconds=seconds))


class Result:
    """What a run printed, and its exit code."""

    def __init__(self, code: int, around: kit.Surroundings) -> None:
        assert isinstance(around.stdout, io.StringIO)
        assert isinstance(around.stderr, io.StringIO)
        self.code, self.stdout, self.stderr = (
            code,
            around.stdout.getvalue(),
            around.stderr.getvalue(),
        )


@pytest.fixture(scope="module")
def shared() -> Iterator[Stage]:
    with stage() as one:
        yield one


@pytest.fixture
def cloud(shared: Stage) -> Iterator[Stage]:
    yield shared
    shared.broken()


def verify(
    cloud: Stage, *words: str, typed: str | None = None, folder: Path = Path("nowhere")
) -> Result:
    """Run the kit against a cloud; ``typed`` is what somebody answers."""

    def program(arguments: Sequence[str]) -> tuple[int, str]:
        ran = run_program(arguments, cloud.environ)
        return ran.exit_code, ran.stdout

    stdin = io.StringIO() if typed is None else Keyboard(f"{typed}\n")
    around = kit.Surroundings(
        cloud.environ, Waiting(cloud), program, stdin, io.StringIO(), io.StringIO(), folder
    )
    return Result(kit.run(words, around), around)


def patches(cloud: Stage) -> list[str]:
    return [one.method for one in cloud.emulator.requests if one.method == "PATCH"]


def test_each_assumption_is_printed_with_its_evidence(cloud: Stage) -> None:
    ran = verify(cloud)
    assert (ran.code, ran.stderr) == (0, "")
    assert re.findall(r"^(A\d\d)  holds ", ran.stdout, re.MULTILINE) == [
        one.id for one in ASSUMPTIONS if one.how is How.READ
    ]
    assert "25 hold, 0 do not hold, 0 could not be tested.\n" in ran.stdout
    assert "A26 to A32: with --allow-changes SERVER.\n" in ran.stdout
    assert "A38 to A52: by hand, see docs/explanation/assumptions.md.\n" in ran.stdout


def test_nothing_that_is_printed_names_anything_of_the_account(cloud: Stage) -> None:
    cloud.broken(rule=rules.strange_claim)
    ran = verify(cloud)
    world = cloud.world
    own = {world.account_id, world.api_key, "canary-tag", "canary-claim"}
    own |= {text for one in world.servers() for text in (one.id, one.crn)}
    own |= {one.id for one in world.trust.profiles.values()}
    assert [text for text in own if text in ran.stdout + ran.stderr] == []
    names = [re.escape(one.name) for one in world.servers()]
    assert re.findall(rf"\b({'|'.join(names)})\b", ran.stdout) == []


def test_what_does_not_hold_is_told_with_what_follows_and_exit_code_3(cloud: Stage) -> None:
    cloud.broken(rule=rules.no_etag)
    ran = verify(cloud)
    assert ran.code == 3
    assert re.search(
        r"^A04  does not hold .* has an ETag\.\n +no ETag\n +so: The patch goes without If-Match",
        ran.stdout,
        re.MULTILINE,
    )


def test_what_could_not_be_tested_is_exit_code_4(cloud: Stage) -> None:
    ran = verify(cloud, "--region", "br-sao")
    assert ran.code == 4
    assert "there are no instances in the regions read" in ran.stdout


def test_another_account_than_the_one_meant_is_refused_before_anything_is_asked(
    cloud: Stage,
) -> None:
    cloud.emulator.clear_requests()
    ran = verify(cloud, "--account", "f" * 32)
    assert (ran.code, ran.stdout) == (5, "")
    assert "not of " + "f" * 32 in ran.stderr
    assert [one.operation for one in cloud.emulator.requests] == ["create_token"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--region", "Atlantis!"], 2, "'Atlantis!' is not the name of a region"),
        (["--allow-changes", "toggle-1"], 2, "give its CRN, or one --region"),
        (["--allow-changes", "crn:no"], 2, "is not the CRN of a server"),
        (["--context", "nowhere"], 2, "--context nowhere"),
        (["--api-key-file", "no-such-file"], 2, "--api-key-file no-such-file"),
        (["--guest", "--guest-url", "ftp://x"], 2, "--guest-url: the address"),
        (["-r", "jp-tok", "--allow-changes", "nobody"], 1, "no servers of that id or name"),
        (["-r", "us-south", "--allow-changes", "web-1"], 5, "web-1 is trusted, or may be, by "),
        (["-r", "jp-tok", "--allow-changes", "toggle-1"], 5, "nobody can be asked"),
    ],
)
def test_a_run_that_cannot_be_made_says_why(
    cloud: Stage, words: Sequence[str], code: int, told: str
) -> None:
    cloud.emulator.clear_requests()
    ran = verify(cloud, *words)
    assert (ran.code, patches(cloud)) == (code, [])
    assert told in ran.stderr
    assert "hint: " in ran.stderr or "--api-key-file" in words


def test_a_refused_key_is_told_without_it(cloud: Stage) -> None:
    environ = {**cloud.environ, "IBMCLOUD_API_KEY": "canary-key-0123456789"}
    around = kit.Surroundings(
        environ, ManualClock(), lambda _: (0, ""), io.StringIO(), io.StringIO(), io.StringIO()
    )
    ran = Result(kit.run([], around), around)
    assert ran.code == 1
    assert ran.stderr.startswith("error: cannot get an IAM token")
    assert "canary" not in ran.stderr


def test_a_toggle_is_planned_shown_and_made_once_the_name_is_typed(
    cloud: Stage, tmp_path: Path
) -> None:
    cloud.emulator.clear_requests()
    crn = cloud.server("toggle-1").crn
    ran = verify(cloud, "--allow-changes", crn, "--record", typed="toggle-1", folder=tmp_path)
    # Another setting than the protocol, of a server whose service is on.
    assert ran.code == 4
    assert "response_hop_limit: 1 -> 2, and back to 1" in ran.stderr
    server_id = cloud.server("toggle-1").id
    undo = f"vpcmetactl metadata set {server_id} --region jp-tok --response-hop-limit 1\n"
    assert undo in ran.stderr
    assert len(patches(cloud)) == 3
    assert "30 hold, 0 do not hold, 2 could not be tested.\n" in ran.stdout
    assert cloud.setting("toggle-1", "response_hop_limit") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["changing.yaml", "reading.yaml"]
    assert "PATCH" in (tmp_path / "changing.yaml").read_text("utf-8")
    assert run_program([*undo.split()[1:], "--dry-run"], cloud.environ).exit_code == 0


@pytest.mark.parametrize("typed", ["", "yes", "toggle-off"])
def test_another_answer_changes_nothing_and_keeps_what_was_read(cloud: Stage, typed: str) -> None:
    cloud.emulator.clear_requests()
    ran = verify(cloud, "-r", "jp-tok", "--allow-changes", "toggle-1", typed=typed)
    assert (ran.code, patches(cloud)) == (5, [])
    assert "A04  holds" in ran.stdout
    assert "the name was not typed" in ran.stderr


def test_a_folder_that_cannot_be_written_is_told(cloud: Stage, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    ran = verify(cloud, "-r", "jp-tok", "--record", folder=taken)
    assert ran.code == 2
    assert f"--record: {taken} cannot be written" in ran.stderr


def test_a_trusted_server_is_changed_only_where_that_is_said(cloud: Stage) -> None:
    words = ["-r", "us-south", "--allow-changes", "web-1", "--change", "protocol", "--yes"]
    assert verify(cloud, *words).code == 5
    ran = verify(cloud, *words, "--allow-trusted")
    assert "A28  holds" in ran.stdout
    assert cloud.setting("web-1", "protocol") == "http"


def test_where_trust_cannot_be_told_nothing_is_changed(cloud: Stage) -> None:
    cloud.broken(fault="list_links:403")
    ran = verify(cloud, "-r", "jp-tok", "--allow-changes", "toggle-1", "--yes")
    assert ran.code == 5
    assert "it could not be told which trusted profiles trust toggle-1" in ran.stderr


def test_inside_a_server_nothing_else_is_tested(cloud: Stage) -> None:
    cloud.world.guest.absence.wrong_protocol = "refused"
    urls = [f"{cloud.url}/guest/{cloud.server(name).id}" for name in ("toggle-1", "web-2")]
    ran = verify(cloud, "--guest", "--guest-url", urls[0], "--guest-url", urls[1])
    assert re.findall(r"^(A\d\d)  (holds|could)", ran.stdout, re.MULTILINE) == [
        ("A33", "holds"),
        ("A34", "holds"),
        ("A35", "holds"),
        ("A36", "holds"),
        ("A37", "could"),
    ]


def test_the_command_of_the_how_to_runs(cloud: Stage) -> None:
    root = Path(kit.__file__).parents[2]
    command = [sys.executable, "-m", "tests.live", "--region", "jp-tok"]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=root, env=dict(cloud.environ)
    )
    assert (ran.returncode, ran.stderr) == (4, "")
    assert "A04  holds" in ran.stdout
    assert the_program(cloud.environ)(["--version"])[0] == 0


def test_the_table_is_in_order_and_whole() -> None:
    assert [one.id for one in ASSUMPTIONS] == [
        f"A{number:02d}" for number in range(1, len(ASSUMPTIONS) + 1)
    ]
    for one in ASSUMPTIONS:
        assert re.fullmatch(r"platform notes [1-7]\.\d", one.source), one.id
        for text in (one.claim, one.if_wrong):
            assert text.endswith("."), one.id
        assert (one.how is How.BY_HAND) == bool(one.by_hand), one.id
        named = re.match(r"`([\w/]+\.py)`", one.relies)
        if named:
            assert (Path(kit.__file__).parents[2] / "vpcmetactl" / named[1]).is_file(), one.relies


def test_a_report_speaks_of_what_was_tested_only() -> None:
    text = report({"A01": Finding(Outcome.HOLDS, "seen")})
    assert text.count("\nA") == 4
    assert json.dumps(text).count("seen") == 1
