import pytest

from tests.emulator.caller import Caller
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.world import World


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def world(clock: ManualClock) -> World:
    return build_world("demo", clock=clock)


@pytest.fixture
def app(world: World) -> Emulator:
    return Emulator(world)


@pytest.fixture
def caller(app: Emulator) -> Caller:
    return Caller(app)


@pytest.fixture
def frankfurt(app: Emulator) -> Caller:
    return Caller(app, "eu-de")


@pytest.fixture
def fleet(clock: ManualClock) -> Caller:
    return Caller(Emulator(build_world("mixed-fleet", clock=clock)))
