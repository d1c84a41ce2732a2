import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal.run_logs import IMPLEMENTATIONS, Subject
from tests.journal.scenes import REALM
from tests.support.clock import ManualClock
from vpcmetactl.journal.state import SqliteJournal, open_journal

_NOBODY = 65534


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the state file will be; neither it nor its folder is there yet."""
    return tmp_path / "vpcmetactl" / "state.sqlite"


@pytest.fixture
def journal(state: Path, clock: ManualClock) -> Iterator[SqliteJournal]:
    with open_journal(state, REALM, clock) as opened:
        yield opened


@pytest.fixture
def ordinary_folder() -> Iterator[Path]:
    """A folder of an ordinary user, and the test runs as one: root may write anything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid() != 0:
            yield folder
            folder.chmod(0o700)
            return
        os.chown(folder, _NOBODY, -1)
        os.seteuid(_NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(0)


@pytest.fixture(params=IMPLEMENTATIONS)
def subject(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[Subject]:
    """A journal in a file, then one in memory."""
    opened = IMPLEMENTATIONS[request.param](tmp_path, clock)
    yield opened
    opened.close()


@pytest.fixture(params=IMPLEMENTATIONS)
def elsewhere(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[Subject]:
    """The journal of another machine."""
    opened = IMPLEMENTATIONS[request.param](tmp_path / "elsewhere", clock)
    yield opened
    opened.close()
