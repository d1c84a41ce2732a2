"""Rounds of ``kill -9`` while servers are down, and what must hold after the run is resumed.

One round is one run of restarts in a process of its own, killed when it has stopped some servers
and has not started them; the rest of it runs in this process. Rounds may be spread over processes,
not over threads.
"""

import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.integration.cloud import EmulatedCloud, finish, wait_until
from tests.integration.restarts import (
    actions,
    asked_actions,
    fleet_served,
    statuses,
    verdicts,
)
from vpcmetactl.emulator.fleet import HTTP, OFF, Fleet
from vpcmetactl.emulator.vpc.resources import Instance, MetadataService
from vpcmetactl.emulator.world import World

NEEDED = 6
APPLY = ("--yes", "--canary", "1", "--max-workers", "3", "-q")
RESUME = ("--canary", "0", "--max-workers", "8", "-q")
# The API is slow enough for a kill to come between a request and its answer.
LATENCY, PACE = 0.004, 0.05
# A server is down for about so long.
DOWN_SECONDS = 14 * PACE
_LEFT_ALONE = ("never-1", "never-2", "always-1", "sleeper", "member", "scratch", "metal")


@dataclass(frozen=True)
class Killed:
    """What one round found: how many servers were down at the kill, and in how many ways.

    ``done`` those that had been restarted.
    """

    down: int
    done: int
    stopping: int
    stopped: int
    starting: int


def populate(world: World) -> None:
    """Add six servers that will need a restart, and one of each kind that is to be left alone."""
    fleet = Fleet(world)
    vpc, lab = fleet.vpc("us-south", "prod"), fleet.vpc("us-east", "lab")
    group = fleet.instance_group(vpc, "workers", fleet.instance_template(vpc, "worker"))
    for number in range(NEEDED):
        fleet.instance((vpc, lab)[number % 2], f"db-{number}", OFF)
    fleet.instance(vpc, "never-1", OFF)
    fleet.instance(lab, "never-2", OFF)
    fleet.instance(vpc, "always-1", HTTP)
    fleet.instance(vpc, "sleeper", OFF, status="stopped")
    fleet.instance(vpc, "member", OFF, instance_group=group)
    fleet.instance(vpc, "scratch", OFF, profile="bx2d-4x16")
    fleet.bare_metal_server(vpc, "metal", OFF)


@contextmanager
def gallows(folder: Path) -> Iterator["Gallows"]:
    """Serve the fleet, let it be seen before and after the service was enabled, and save a plan."""
    with fleet_served(folder / "state" / "state.sqlite", populate, pace=PACE) as cloud:
        assert cloud.run("servers", "list").exit_code == 0
        enable(cloud)
        plan, kept = folder / "plan.json", folder / "kept.sqlite"
        ran = cloud.run("restarts", "run", "--all", "--plan-out", str(plan))
        assert ran.exit_code == 5, ran.stderr  # a member of a group and instance storage
        (state,) = cloud.state.parent.glob("*.sqlite")
        shutil.copyfile(state, kept)
        cloud.emulator.latency = LATENCY
        yield Gallows(cloud, plan, kept)


def enable(cloud: EmulatedCloud) -> None:
    """Enable the service as somebody else would, on all but two servers."""
    for server in cloud.emulator.world.servers():
        if not str(server.name).startswith("never"):
            cloud.emulator.world.change_metadata_service(server, enabled=True)


@dataclass(frozen=True)
class Gallows:
    """A fleet that is put back before each round, and a plan for it."""

    cloud: EmulatedCloud
    plan: Path
    kept: Path

    def round(self, dice: random.Random) -> Killed:
        """Apply, kill while servers are down, resume, and check everything."""
        self._prepare()
        before = statuses(self.cloud)
        killed = self._apply_and_kill(dice)
        down = self._asked_and_not_up()
        run_id = self._check_that_they_are_told(down)
        resumed = self.cloud.run("runs", "resume", run_id, *RESUME)
        assert resumed.exit_code == 0, resumed.stdout + resumed.stderr
        self._check_fleet(before)
        return killed

    def _prepare(self) -> None:
        self.cloud.emulator.reset()
        for path in self.cloud.state.parent.glob("*"):
            path.unlink()
        shutil.copyfile(self.kept, self.cloud.state)
        enable(self.cloud)

    def _apply_and_kill(self, dice: random.Random) -> Killed:
        """Kill at any moment of the time for which the server is down whose stop is the n-th."""
        number, after = dice.randint(1, NEEDED), dice.uniform(0, DOWN_SECONDS)
        process = self.cloud.start("plan", "apply", str(self.plan), *APPLY)
        wait_until(lambda: self._stops() >= number or process.poll() is not None, 30)
        with suppress(subprocess.TimeoutExpired):
            process.wait(after)
        wait_until(lambda: bool(self._asked_and_not_up()) or process.poll() is not None)
        process.kill()
        ran = finish(process)
        assert ran.exit_code == -signal.SIGKILL, ran.stderr
        return self._look()

    def _look(self) -> Killed:
        now = statuses(self.cloud)
        down = self._asked_and_not_up()
        found = [now[name] for name in down]
        done = [
            server
            for server in self.cloud.emulator.world.servers()
            if isinstance(server, Instance) and server.activated(self.cloud.emulator.world.now())
        ]
        return Killed(
            down=len(down),
            done=len(done) - 1,  # one was created with the service
            stopping=found.count("stopping"),
            stopped=found.count("stopped"),
            starting=found.count("starting"),
        )

    def _stops(self) -> int:
        return sum(what == "stop" for _, what, _ in asked_actions(self.cloud))

    def _asked_and_not_up(self) -> set[str]:
        now = statuses(self.cloud)
        asked = {name for name, what, _ in asked_actions(self.cloud) if what == "stop"}
        return {name for name in asked if now[name] != "running"}

    def _check_that_they_are_told(self, down: set[str]) -> str:
        """The next command names them, or counts those that it does not name; return the run."""
        listed = self.cloud.run("runs", "list", "-o", "ids")
        told = self.cloud.run("servers", "list", "--name", "never-*")
        (run_id,) = listed.stdout.split()
        assert told.exit_code == 0
        assert f"vpcmetactl runs resume {run_id}" in told.stderr
        named = sum(f"{name} (" in told.stderr for name in down)
        assert named == len(down) or (named and "more" in told.stderr), told.stderr
        return run_id

    def _check_fleet(self, before: dict[str, str]) -> None:
        """What ran runs, what was down is down; and all was stopped once that needed it."""
        assert statuses(self.cloud) == before
        for server in self.cloud.emulator.world.servers():
            service = server.metadata_service
            assert isinstance(service, MetadataService)
            assert service.enabled != str(server.name).startswith("never")
        once = actions(self.cloud, 201)
        assert not {name for name, _ in actions(self.cloud)} & set(_LEFT_ALONE)
        assert once == {(f"db-{n}", what): 1 for n in range(NEEDED) for what in ("stop", "start")}
        found = verdicts(self.cloud)
        needed = {name for name, one in found.items() if one["verdict"] == "needed"}
        assert needed == {"member", "scratch"}
        told = self.cloud.run("servers", "list", "--name", "never-*")
        assert "still stopped" not in told.stderr
