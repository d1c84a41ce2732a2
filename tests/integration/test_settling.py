"""Whatever goes wrong at whatever moment: applied, failed, or unknown until ``runs resume``.

``test_change_faults.py`` has the faults of sending one by one. Here every fault meets every
moment of a change, always and not just once, and the run is gone on with when it has passed.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.integration.cloud import EmulatedCloud, Ran, served
from tests.integration.runs import outcomes, patches, results, run_ids, saved
from vpcmetactl.journal import opening

FAULTS = (
    *("429", "429-retry-after=9", "500", "502", "503", "503-retry-after=9", "504"),
    *("html", "garbage", "reset", "lost", "truncate", "stall", "dribble"),
    *("redirect", "400", "401", "403", "404", "409", "412", "expired"),
)
# The change takes effect, and its answer does not arrive.
DONE = ("lost", "truncate", "stall", "dribble")
# The server is not there, or not as it was read: nobody's failure.
REFUSING = {"read": ("404",), "patch": ("404", "412"), "read-back": ()}
# Which requests for the server of the plan go wrong; it is read, changed and read back.
MOMENTS = {"read": "get_instance", "patch": "update_instance", "read-back": "get_instance"}
ONE = ("metadata", "enable", "web-1", "-r", "us-south")


class Ending(NamedTuple):
    """How an apply ends: exit code, what is told, what is true, and what resuming makes of it."""

    exit_code: int
    result: str
    enabled: bool
    resumed: str | None


APPLIED = Ending(0, "applied", enabled=True, resumed=None)
REFUSED = Ending(5, "refused", enabled=False, resumed=None)
FAILED = Ending(6, "failed", enabled=False, resumed="applied")
UNKNOWN = Ending(6, "unknown", enabled=True, resumed="applied")


def expected(fault: str, moment: str) -> Ending:
    if moment == "patch" and fault in DONE:
        return APPLIED
    if moment == "read-back":
        return UNKNOWN
    return REFUSED if fault in REFUSING[moment] else FAILED


def apply(cloud: EmulatedCloud, plan: Path, *words: str) -> Ran:
    return cloud.run("plan", "apply", str(plan), "--yes", "-o", "json", "--timeout", "0.6", *words)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmulatedCloud, Path]]:
    """One cloud and one plan for all of the matrix: it is put back before each change."""
    folder = tmp_path_factory.mktemp("settling")
    with served(folder / "state" / "state.sqlite") as cloud:
        yield cloud, saved(cloud, folder / "plan.json", *ONE)


@contextmanager
def struck(cloud: EmulatedCloud, fault: str, moment: str) -> Iterator[None]:
    """Let every request of a moment meet a fault, until the block ends."""
    operation = MOMENTS[moment]
    if moment == "read-back":
        # The first read is the comparison's; whatever is read after it meets the fault.
        cloud.fail(*(f"{operation}:{fault}:@{number}" for number in range(2, 40)))
    else:
        cloud.fail(f"{operation}:{fault}")
    yield
    cloud.fail()


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_at_every_moment_ends_in_what_is_known_or_can_be_settled(
    shared: tuple[EmulatedCloud, Path], fault: str, moment: str
) -> None:
    cloud, plan = shared
    cloud.emulator.reset()
    want = expected(fault, moment)

    with struck(cloud, fault, moment):
        ran = apply(cloud, plan)
        sent = patches(cloud)

    assert (ran.exit_code, *results(ran)) == (want.exit_code, want.result)
    assert cloud.is_enabled("web-1") == want.enabled
    run_id = run_ids(cloud)[0]
    assert outcomes(cloud, run_id) == {want.result: 1}
    assert cloud.rows("SELECT * FROM changes WHERE outcome IS NULL") == []
    assert "Traceback" not in ran.stderr

    resumed = cloud.run("runs", "resume", run_id, "-o", "json")

    assert (resumed.exit_code, [*results(resumed)]) == (0, [want.resumed] if want.resumed else [])
    assert outcomes(cloud, run_id) == {want.resumed or want.result: 1}
    assert cloud.is_enabled("web-1") == (want is not REFUSED)
    if want.enabled:  # what took effect is never sent again
        assert patches(cloud).total() == 0
        assert sent.total() >= 1


# A disk that is full from one moment on.


class FullDisk(sqlite3.Connection):
    """Finds no space from the first statement on that begins with ``moment``."""

    moment: str | None = None
    _is_full = False

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as SQLite's own
        self._fill(sql)
        return super().execute(sql, *values)

    def executemany(self, sql: str, values: Any, /) -> sqlite3.Cursor:  # noqa: ANN401 - as SQLite's own
        self._fill(sql)
        return super().executemany(sql, values)

    def _fill(self, sql: str) -> None:
        self._is_full |= self.moment is not None and sql.lstrip().startswith(self.moment)
        if self._is_full and sql.lstrip().startswith(("INSERT", "UPDATE")):
            # What is written need not be what meets the end of the disk; here it is.
            super().execute("PRAGMA max_page_count = 1")
            super().execute("CREATE TABLE filling AS SELECT zeroblob(1000000) AS stuff")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FullDisk]]:
    """Let the state of this process lie on a disk that fills when a test says so."""

    def connect(path: Path, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            factory=FullDisk,
        )

    monkeypatch.setattr(opening, "_connect", connect)
    yield FullDisk
    FullDisk.moment = None


class Full(NamedTuple):
    """When the disk is full, and what comes of it; ``left`` is what the journal says then."""

    moment: str
    exit_code: int
    told: str | None
    sent: int
    left: str | None = None
    resumed: str | None = None


@pytest.mark.parametrize(
    "full",
    [
        Full("INSERT OR IGNORE INTO runs", 1, None, 0),
        Full("INSERT INTO plan_items", 1, None, 0),
        Full("INSERT INTO changes", 1, "not_attempted", 0, "not_attempted", "applied"),
        Full("INSERT INTO observations", 6, "applied", 1, "open", "applied"),
        Full("UPDATE changes", 6, "applied", 1, "open", "applied"),
        Full("UPDATE runs", 6, "applied", 1, "applied"),
    ],
)
def test_a_disk_that_is_full_stops_the_run_which_is_gone_on_with_later(
    cloud: EmulatedCloud,
    tmp_path: Path,
    disk: type[FullDisk],
    full: Full,
) -> None:
    plan = saved(cloud, tmp_path / "plan.json", *ONE)
    disk.moment = full.moment

    ran = apply(cloud, plan)

    disk.moment = None
    assert (ran.exit_code, [*results(ran)]) == (
        full.exit_code,
        [full.told] if full.told else [],
    )
    assert "no space left to write the state file" in ran.stderr
    assert patches(cloud).total() == full.sent
    assert cloud.rows("PRAGMA integrity_check") == [("ok",)]
    if full.left is None:
        assert run_ids(cloud) == []
        return
    (run_id,) = run_ids(cloud)
    assert outcomes(cloud, run_id) == {full.left: 1}

    again = cloud.run("runs", "resume", run_id, "-o", "json")

    assert (again.exit_code, [*results(again)]) == (
        0,
        [full.resumed] if full.resumed else [],
    )
    assert outcomes(cloud, run_id) == {"applied": 1}
    assert cloud.is_enabled("web-1")
    assert patches(cloud).total() == 1


@pytest.mark.parametrize("fault", ["503", "lost", "stall", "403", "412", "none"])
def test_a_full_disk_and_a_fault_at_once_are_settled_like_either(
    cloud: EmulatedCloud, tmp_path: Path, disk: type[FullDisk], fault: str
) -> None:
    plan = saved(cloud, tmp_path / "plan.json", *ONE)
    cloud.fail(*([] if fault == "none" else [f"update_instance:{fault}"]))
    disk.moment = "UPDATE changes"

    ran = apply(cloud, plan)

    disk.moment = None
    cloud.fail()
    assert ran.exit_code == 6
    (run_id,) = run_ids(cloud)
    assert outcomes(cloud, run_id) == {"open": 1}

    again = cloud.run("runs", "resume", run_id, "-o", "json")

    assert (again.exit_code, results(again)) == (0, {"applied": 1})
    assert cloud.is_enabled("web-1")
    assert patches(cloud).total() == (0 if fault in {*DONE, "none"} else 1)
