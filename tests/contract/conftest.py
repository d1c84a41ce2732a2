from collections.abc import Iterator

import pytest

from tests.contract.clouds import Subject, in_memory, over_http

IMPLEMENTATIONS = {"in memory": in_memory, "over HTTP": over_http}


@pytest.fixture(params=IMPLEMENTATIONS)
def demo(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The emulator's demo fleet: four regions, both kinds."""
    with IMPLEMENTATIONS[request.param]("demo") as subject:
        yield subject


@pytest.fixture(params=IMPLEMENTATIONS, scope="module")
def crowd(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """More servers than fit on two pages; only to be read."""
    with IMPLEMENTATIONS[request.param]("large:250") as subject:
        yield subject


@pytest.fixture(params=IMPLEMENTATIONS)
def trusted(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The emulator's trusted fleet: every way of a server to become a trusted profile."""
    with IMPLEMENTATIONS[request.param]("trusted-fleet") as subject:
        yield subject


@pytest.fixture(params=IMPLEMENTATIONS)
def mixed(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The emulator's mixed fleet: with instance templates that say much or nothing."""
    with IMPLEMENTATIONS[request.param]("mixed-fleet") as subject:
        yield subject
