"""Records the cassettes anew: ``make record``.

Every scenario is run against an emulator of its own: seeded, its clock standing still, on a free
port. All are recorded twice, and nothing is written unless both recordings are the same.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.replay.scenarios import Scenario, scenarios
from tests.support.cassettes import FOLDER, recording
from tests.support.program import Ran, run
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.demo import SECURE_ONLY
from vpcmetactl.emulator.faults import parse_fault
from vpcmetactl.emulator.fleet import HTTP, HTTPS, OFF, Fleet, hops
from vpcmetactl.emulator.server import EmulatorServer
from vpcmetactl.emulator.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

SEED = 1
_REGIONS = ("us-south", "eu-de")


def main() -> int:
    """Record twice, compare, and replace the cassettes."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first, second = record_all(Path(one)), record_all(Path(other))
    differing = sorted(name for name in first if first[name] != second[name])
    if differing:
        sys.stderr.write(f"two recordings differ: {', '.join(differing)}\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.yaml"):
        path.unlink()
    for name, content in first.items():
        (FOLDER / name).write_bytes(content)
    sys.stderr.write(f"recorded {len(first)} cassettes\n")
    return 0


def record_all(folder: Path) -> dict[str, bytes]:
    """Record every scenario into an empty folder, and return the files by name."""
    for scenario in scenarios():
        record(scenario, folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def record(scenario: Scenario, folder: Path) -> Ran:
    """Record one scenario into a folder, and return what the program printed meanwhile."""
    with emulated(scenario) as environ, recording(folder / f"{scenario.name}.yaml"):
        return run(scenario.arguments, environ)


@contextmanager
def emulated(scenario: Scenario) -> Iterator[dict[str, str]]:
    """Serve the account of the cassettes, and give the environment that points there."""
    clock = ManualClock()
    world = cassette_world(clock)
    emulator = Emulator(world, faults=[parse_fault(text) for text in scenario.faults])
    app: WSGIApplication = emulator
    if scenario.page:
        app = _short_pages(app, scenario.page)
    if scenario.pace:
        app = _passing_time(app, clock, timedelta(seconds=scenario.pace))
    with EmulatorServer(app) as server, tempfile.TemporaryDirectory() as folder:
        yield {
            "VPCMETACTL_VPC_URL": f"{server.url}/vpc/{{region}}/v1",
            "VPCMETACTL_IAM_URL": f"{server.url}/iam",
            "VPCMETACTL_SEARCH_URL": f"{server.url}/search",
            "VPCMETACTL_STATE": str(Path(folder) / "state.sqlite"),
            "IBMCLOUD_API_KEY": scenario.api_key or world.api_key,
        }


def cassette_world(clock: ManualClock | None = None) -> World:
    """Return the emulated account that all cassettes are recorded from."""
    world = World(seed=SEED, clock=clock or ManualClock(), scenario="cassettes")
    world.populate(_populate)
    return world


def _populate(world: World) -> None:
    """Add a few servers of their own: the tour's fleet may change without new cassettes."""
    for name in [name for name in world.regions if name not in _REGIONS]:
        del world.regions[name]
    fleet = Fleet(world)
    prod = fleet.vpc("us-south", "prod", "production")
    fleet.instance(prod, "web-1", OFF, tags=("env:prod", "team:shop"))
    fleet.instance(prod, "web-2", hops(HTTP, 2), zone=2)
    fleet.instance(prod, "db-1", HTTPS, profile="mx2-2x16", allowed_use=SECURE_ONLY)
    fleet.instance(prod, "mainframe-1", OFF, profile="bz2-2x8", zone=3)
    fleet.bare_metal_server(prod, "metal-1", HTTPS, tags=("env:prod",))
    web = fleet.instance(fleet.vpc("eu-de", "prod", "production"), "web-eu-1", HTTP)
    made = fleet.minutes_ago(60 * 24 * 400)
    profile = world.trust.add_profile("backup-writer", "Writes backups", created_at=made)
    fleet.link(profile, web, "nightly backup")


def _short_pages(app: "WSGIApplication", size: int) -> "WSGIApplication":
    """Give fewer items than were asked for, as an API may."""

    def shortened(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        query = environ["QUERY_STRING"].replace("limit=100", f"limit={size}")
        return app({**environ, "QUERY_STRING": query}, start_response)

    return shortened


def _passing_time(app: "WSGIApplication", clock: ManualClock, by: timedelta) -> "WSGIApplication":
    """Let so much of the emulator's time pass before each request."""

    def passing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        clock.advance(by)
        return app(environ, start_response)

    return passing


if __name__ == "__main__":
    sys.exit(main())
