"""Clouds to talk to: an emulator for each test, on a port of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cloud import EmulatedCloud, served


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[EmulatedCloud]:
    """The scenario ``demo``, with a state file of its own that is not there yet."""
    with served(tmp_path / "state" / "state.sqlite") as emulated:
        yield emulated
